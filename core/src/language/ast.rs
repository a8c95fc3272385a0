//! An expression as it was written, before names and types are known.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::source::Span;
use crate::value::ops::{Arithmetic, Comparison};

/// A piece of an expression and its place.
#[derive(Clone, Debug)]
pub(crate) struct Ast {
    pub(crate) kind: AstKind,
    pub(crate) span: Span,
}

/// The kinds of pieces.
#[derive(Clone, Debug)]
pub(crate) enum AstKind {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    Date(NaiveDate),
    Name(String),
    /// `of.name`
    Member {
        of: Box<Ast>,
        name: String,
        name_span: Span,
    },
    /// `name(arguments)`, or `first.name(others)`
    Call {
        name: String,
        name_span: Span,
        arguments: Vec<Ast>,
    },
    /// `|parameter| body`
    Closure {
        parameter: String,
        body: Box<Ast>,
    },
    List(Vec<Ast>),
    Range {
        low: Box<Ast>,
        high: Box<Ast>,
        is_inclusive: bool,
    },
    Not(Box<Ast>),
    Negate(Box<Ast>),
    And(Vec<Ast>),
    Or(Vec<Ast>),
    Coalesce(Vec<Ast>),
    Compare(Comparison, Box<Ast>, Box<Ast>),
    Arithmetic(Arithmetic, Box<Ast>, Box<Ast>),
    In {
        item: Box<Ast>,
        of: Box<Ast>,
    },
    If {
        condition: Box<Ast>,
        then: Box<Ast>,
        otherwise: Box<Ast>,
    },
}

impl Ast {
    /// Every name that is read from outside: closures' parameters are left out. `table.output` counts as `table`.
    pub(crate) fn names(&self, names: &mut Vec<(String, Span)>) {
        self.collect(&mut Vec::new(), names);
    }

    fn collect<'a>(&'a self, bound: &mut Vec<&'a str>, names: &mut Vec<(String, Span)>) {
        match &self.kind {
            AstKind::Name(name) => {
                if !bound.contains(&name.as_str()) {
                    names.push((name.clone(), self.span));
                }
            }
            AstKind::Closure { parameter, body } => {
                bound.push(parameter);
                body.collect(bound, names);
                bound.pop();
            }
            _ => {
                for child in self.children() {
                    child.collect(bound, names);
                }
            }
        }
    }

    /// How many pieces it is made of, with itself.
    pub(crate) fn size(&self) -> usize {
        self.children().iter().fold(1, |size, child| size.saturating_add(child.size()))
    }

    fn children(&self) -> Vec<&Ast> {
        match &self.kind {
            AstKind::Boolean(_)
            | AstKind::Integer(_)
            | AstKind::Decimal(_)
            | AstKind::Text(_)
            | AstKind::Date(_)
            | AstKind::Name(_) => Vec::new(),
            AstKind::Member { of: inner, .. }
            | AstKind::Closure { body: inner, .. }
            | AstKind::Not(inner)
            | AstKind::Negate(inner) => vec![inner],
            AstKind::Call { arguments: items, .. }
            | AstKind::List(items)
            | AstKind::And(items)
            | AstKind::Or(items)
            | AstKind::Coalesce(items) => items.iter().collect(),
            AstKind::Range { low: a, high: b, .. }
            | AstKind::Compare(_, a, b)
            | AstKind::Arithmetic(_, a, b)
            | AstKind::In { item: a, of: b } => vec![a, b],
            AstKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
        }
    }

    /// The pieces right inside.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Ast> {
        match &mut self.kind {
            AstKind::Boolean(_)
            | AstKind::Integer(_)
            | AstKind::Decimal(_)
            | AstKind::Text(_)
            | AstKind::Date(_)
            | AstKind::Name(_) => Vec::new(),
            AstKind::Member { of: inner, .. }
            | AstKind::Closure { body: inner, .. }
            | AstKind::Not(inner)
            | AstKind::Negate(inner) => vec![inner],
            AstKind::Call { arguments: items, .. }
            | AstKind::List(items)
            | AstKind::And(items)
            | AstKind::Or(items)
            | AstKind::Coalesce(items) => items.iter_mut().collect(),
            AstKind::Range { low: a, high: b, .. }
            | AstKind::Compare(_, a, b)
            | AstKind::Arithmetic(_, a, b)
            | AstKind::In { item: a, of: b } => vec![a, b],
            AstKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
        }
    }
}
