//! Functions that a pack declares: what they take and give, what runs them, and what calls of them came to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use super::{Context, printed};
use crate::language::{Body, Expr};
use crate::source::Span;
use crate::value::{ErrorCode, EvaluationError, Field, Outcome, Type};

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
    /// The plugin that it is of, and where the pack names it.
    pub(crate) plugin: Option<(Arc<str>, Span)>,
    /// Whether it may give something else on another day, its arguments being the same.
    pub(crate) reads_today: bool,
    /// Whether the host supplies it.
    pub(crate) is_host: bool,
    /// Whether it gives the same for the same arguments.
    pub(crate) is_pure: bool,
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
    /// Ends a call: keeps what it printed.
    pub(crate) fn settle(&self, is_private: bool) {
        printed::settle(&self.name, is_private);
    }

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

/// What calls came to that were made for one case behind its facts: each is made once, and never again for an explanation.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    made: Mutex<Vec<Made>>,
    /// Whether no call is made any more.
    are_closed: bool,
}

#[derive(Clone, Debug)]
struct Made {
    /// Its address: scripts of different rules may have one name.
    function: usize,
    arguments: Vec<Outcome>,
    today: NaiveDate,
    outcome: Outcome,
}

fn address(function: &DeclaredFunction) -> usize {
    std::ptr::from_ref(function).addr()
}

/// The most calls that are kept for one case. Those beyond are made again where they are asked for again.
const KEPT: usize = 1_000;

impl Calls {
    /// The calls that were made so far; what else is asked for is not called.
    pub(crate) fn closed(&self) -> Calls {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Calls { made: Mutex::new(made), are_closed: true }
    }

    /// Forgets all calls.
    pub(crate) fn clear(&mut self) {
        self.made.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What a function gives: what it gave before, or gives now.
    pub(crate) fn call(&self, function: &DeclaredFunction, arguments: &[Outcome], context: &Context<'_>) -> Outcome {
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_this = |made: &&Made| {
            made.function == address(function) && made.today == context.today && made.arguments == arguments
        };
        if let Some(made) = lock().iter().find(is_this) {
            return made.outcome.clone();
        }
        if self.are_closed {
            let message = format!("`{}` was not called when the case was decided", function.name);
            return Err(EvaluationError::new(ErrorCode::ScriptFailed, message).into());
        }
        // The lock is not held while the function runs: it may come back here.
        let outcome = (function.run)(arguments, context);
        let mut made = lock();
        if made.len() < KEPT {
            let arguments = arguments.to_vec();
            let (function, today) = (address(function), context.today);
            made.push(Made { function, arguments, today, outcome: outcome.clone() });
        }
        outcome
    }
}

impl Clone for Calls {
    fn clone(&self) -> Calls {
        Calls { are_closed: self.are_closed, ..self.closed() }
    }
}
