//! What follows from an evaluation for the host: whether a contact may be made.
//!
//! Takes the slots of a case that was decided, and runs the pack's routines over them: for each attempt anew. Rules are
//! run by `eval`; only the loops stand here. Reads no clock.

pub(crate) mod contact;

pub use contact::Verdict;

#[cfg(test)]
mod differential;
