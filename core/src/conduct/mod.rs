//! What follows from an evaluation for the host: the stages that a case goes through, the actions that are due, and
//! whether a contact may be made.
//!
//! Takes the slots of a case that was decided, and runs the pack's routines over them: for each stage and each attempt
//! anew. Rules are run by `eval`; only the loops stand here. Reads no clock.

pub(crate) mod action;
pub(crate) mod cadence;
pub(crate) mod contact;
pub(crate) mod incentives;
pub(crate) mod metrics;
pub(crate) mod pay;
pub(crate) mod pool;
pub(crate) mod review;
pub(crate) mod settlement;
pub(crate) mod standing;
pub(crate) mod team;
pub(crate) mod workflow;

pub use action::ActionStatus;
pub use contact::Verdict;

#[cfg(test)]
pub(crate) mod differential;
