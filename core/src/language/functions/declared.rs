//! Functions that a pack declares: what they take and give, and what runs them.

use std::fmt;
use std::sync::Arc;

use super::Context;
use crate::language::{Body, Expr};
use crate::source::Span;
use crate::value::{Field, Outcome, Type};

/// What runs a function: its arguments in their order, and what a function may know beside them.
pub(crate) type Run = Arc<dyn Fn(&[Outcome], &Context<'_>) -> Outcome + Send + Sync>;

/// A function that a pack declares.
pub(crate) struct DeclaredFunction {
    pub(crate) name: Arc<str>,
    pub(crate) about: Option<String>,
    pub(crate) parameters: Arc<[Parameter]>,
    /// What it gives: the type, whether that may be none, and how it is stored.
    pub(crate) gives: Field,
    pub(crate) span: Span,
    pub(crate) run: Run,
    /// What it does as expressions, whose slots are its parameters; nothing where only its script can say it. What comes
    /// of them is what `run` gives, wherever they come to a value.
    pub(crate) native: Option<Body<Expr>>,
}

/// A parameter of such a function.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Arc<str>,
    pub(crate) base: Type,
    /// Whether it takes none; else none makes the call none.
    pub(crate) takes_none: bool,
    /// Whether it takes what is not known; else that makes the call unknown.
    pub(crate) takes_unknown: bool,
}

impl DeclaredFunction {
    /// `name(type, type)`, for messages.
    pub(crate) fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(|parameter| parameter.base.to_string()).collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

impl fmt::Debug for DeclaredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature())
    }
}
