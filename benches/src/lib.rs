//! The workloads of the benchmarks, and what every engine that is timed on them must answer.
//!
//! ```text
//! data/policy.json -> policy -> pack     -> engine (recoup)
//!                        |   -> naive    the answers of generated policies
//! data/cases.ndjson -> cases -> baseline the answers of the policy, in hand-written Rust
//!                        |
//!                     generate           larger policies, tables and portfolios, from a seed
//!                     workload -> contenders -> timing
//! ```
//!
//! Only `timing` and `contenders` read a clock. Criterion reads its own.

pub mod baseline;
pub mod cases;
pub mod contenders;
pub mod course;
pub mod engine;
pub mod generate;
pub mod naive;
pub mod pack;
pub mod policy;
pub mod timing;
pub mod workload;

/// A benchmark that cannot go on stops with a message.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// What a step of a benchmark comes to.
pub type Result<T, E = Error> = std::result::Result<T, E>;
