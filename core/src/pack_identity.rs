//! Which pack it was: what decisions and states say of the pack that made them.

/// Which pack made a decision.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PackIdentity {
    /// The pack's name.
    pub name: String,
    /// The pack's version, as its header says it.
    pub version: String,
    /// SHA-256 over all that affects the pack's meaning, in hexadecimal digits.
    pub digest: String,
}
