//! An embeddable rules engine for debt collections.
//!
//! A rule pack is a folder of YAML files that read like policy; the engine decides cases with it and says why.
//!
//! ```text
//! files -> load -> syntax -> check -> families -> plan -> eval -> decision (+ explanation) -> host
//! ```
//!
//! Start with [`Engine::load`], then [`Engine::evaluate`] for one case, or [`Engine::read_cases`] and
//! [`Engine::decide`] for a portfolio.
#![deny(missing_docs)]

#[cfg(test)]
mod agreement;
#[cfg(feature = "arrow")]
mod arrow;
mod calendar;
mod check;
mod conduct;
#[cfg(test)]
mod corpus;
mod decision;
mod diagnostic;
mod engine;
mod error;
mod eval;
mod explain;
mod families;
pub mod finance;
#[cfg(test)]
mod generated;
pub mod host;
mod input;
mod language;
#[cfg(test)]
mod laws;
mod load;
mod load_options;
mod pack_identity;
mod plan;
mod record;
mod script;
mod source;
mod state;
mod syntax;
mod testing;
#[cfg(test)]
mod trials;
mod value;

/// The README, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(feature = "arrow")]
pub use arrow::{ArrowEvaluator, ArrowOptions, DecidedTable, TableError};
pub use conduct::{ActionStatus, Verdict};
pub use decision::{
    AcceleratorPay, Action, Answer, ChannelReport, CollectorPay, ContactReason, CounterOffer, Decision, FailedResult,
    HeldGate, Incentive, IncentiveReport, NamedResult, OfferReport, OfferVerdict, PlannedInstalment, PoolShare,
    RefusedMember, ResultValue, SettlementLimit, SettlementReport, StageMove, StageReport, TeamPay, TeamPool,
    TemplateReport, TierPay, UnknownResult, Withheld, WithheldIncentive,
};
pub use diagnostic::{Code, Colour, Diagnostic, Diagnostics, Place, Severity};
pub use engine::{
    Batch, ContactCheck, Decided, DecisionWriter, Engine, Evaluation, Evaluator, LoadError, Metric, MetricSample,
    Metrics, OfferCheck, Record, RecordError,
};
pub use error::Error;
pub use eval::Vectors;
pub use explain::Explanation;
pub use input::{
    CaseBatch, CaseFiller, CaseInput, CaseReader, CaseRow, CollectorReader, CollectorRow, Given, InputColumn,
    ListFiller, PartFiller,
};
pub use language::{FunctionReference, function_reference};
pub use load_options::LoadOptions;
pub use pack_identity::PackIdentity;
pub use record::{Attempt, Offer, Problem};
pub use script::ScriptLimits;
pub use state::{Approval, Done, Hold, Moved, State, StateError};
pub use testing::{Coverage, TestReport, TestResult};
pub use value::ErrorCode;
