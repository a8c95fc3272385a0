//! What a function of a script does, where that is no more than values, names for them, and choices between them.

/// The steps of a function, over expressions of some kind.
#[derive(Clone, Debug)]
pub(crate) enum Body<T> {
    /// What the function gives.
    Value(T),
    /// Values that must be had before all else, whether they are read or not: what stands behind `let`, and the
    /// arguments of calls.
    Strict { first: Vec<T>, then: Box<Body<T>> },
    /// One of two ways to go on.
    If { condition: T, then: Box<Body<T>>, otherwise: Box<Body<T>> },
}
