//! The expression language: Rhai's syntax, our types and our meaning.
//!
//! Takes the text of an expression and the names it may read; gives a typed [`Expr`], or findings at the place inside
//! the text. `meaning` says what an expression comes to.

pub(crate) mod ast;
pub(crate) mod body;
#[cfg(test)]
mod differential;
pub(crate) mod expr;
pub(crate) mod functions;
pub(crate) mod meaning;
pub(crate) mod parse;
pub(crate) mod typing;

pub(crate) use ast::{Ast, AstKind};
pub(crate) use body::Body;
pub(crate) use expr::{Expr, ExprKind, ListMethod, LocalId, SlotId};
pub(crate) use functions::Function;
pub use functions::{FunctionReference, function_reference};
pub(crate) use typing::{Name, Scope, Typer};
