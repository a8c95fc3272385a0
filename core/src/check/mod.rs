//! Documents into a checked pack: names and types bound, every problem reported.
//!
//! Takes the files of a pack and its bases; gives a [`CheckedPack`], in which every expression has a type and every
//! name a slot. Looks at no case.

pub(crate) mod actions;
mod analysis;
mod arms;
pub(crate) mod assemble;
mod calls;
pub(crate) mod contact;
pub(crate) mod cooldowns;
mod dated;
pub(crate) mod experiments;
mod expressions;
pub(crate) mod facts;
mod follows;
mod functions;
pub(crate) mod header;
pub(crate) mod incentives;
pub(crate) mod inputs;
mod literals;
pub(crate) mod metrics;
mod names;
mod order;
mod overlay;
mod overlay_reasons;
mod pack;
pub(crate) mod pay_plan;
mod records;
mod rule_head;
pub(crate) mod samples;
pub(crate) mod scripting;
pub(crate) mod settlement;
pub(crate) mod tables;
pub(crate) mod team_pool;
pub(crate) mod workflows;

pub(crate) use analysis::{analyse, skip_analysis};
pub(crate) use arms::plain as plain_id;
pub(crate) use assemble::assemble;
pub(crate) use pack::check;
pub(crate) use pack::{CheckedPack, Item, SlotInfo};
