//! A checked expression: every name a slot, every operator typed, every literal of its neighbour's type.

use std::sync::Arc;

use super::functions::Function;
use super::functions::declared::DeclaredFunction;
use crate::source::Span;
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{Type, Value};

/// A place for one value of a case: a field, a fact, or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId(pub(crate) u32);

/// The item that a list method looks at; counted from the outermost method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalId(pub(crate) u32);

/// An expression with its type and place.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) base: Type,
    pub(crate) maybe_none: bool,
    pub(crate) span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Literal(Value),
    /// The literal `unknown`.
    Unknown,
    /// What was refused, and reported: a pack with it is never evaluated.
    Refused,
    Slot(SlotId),
    Local(LocalId),
    /// A record of these parts, each as it came out.
    Record(Vec<Expr>),
    /// A field of a record.
    Member {
        of: Box<Expr>,
        index: usize,
    },
    AsOf,
    Today,
    LocalToday,
    /// The time of day at the debtor's place, since midnight by the clock on the wall.
    LocalTime,
    /// An integer as a decimal.
    Widen(Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Coalesce(Vec<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    List(Vec<Expr>),
    InList {
        item: Box<Expr>,
        list: Box<Expr>,
    },
    InRange {
        item: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        is_inclusive: bool,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Known(Box<Expr>),
    /// The value, or none where it is unknown or fails. No expression can be written so: experiments keep from the rules
    /// of a pack why a case takes no part.
    OrNone(Box<Expr>),
    Call {
        function: &'static Function,
        arguments: Vec<Expr>,
    },
    /// The least or the most of several values.
    Extreme {
        is_most: bool,
        items: Vec<Expr>,
    },
    /// A rate's value on a date.
    Rate {
        rate: usize,
        date: Box<Expr>,
    },
    /// Interest over what a rate is on each day.
    InterestOver {
        rate: usize,
        arguments: Vec<Expr>,
    },
    /// A function that the pack declares.
    Declared {
        function: Arc<DeclaredFunction>,
        arguments: Vec<Expr>,
    },
    /// A method of a list; `body` is what its closure computes for each item, kept in `local`.
    Method {
        method: ListMethod,
        list: Box<Expr>,
        local: LocalId,
        body: Option<Box<Expr>>,
    },
}

/// The methods of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListMethod {
    Count,
    IsEmpty,
    Any,
    All,
    Filter,
    Map,
    Sum,
    Min,
    Max,
}

impl Expr {
    /// A literal.
    pub(crate) fn literal(value: Value, base: Type, span: Span) -> Expr {
        let maybe_none = value.is_none();
        Expr { kind: ExprKind::Literal(value), base, maybe_none, span }
    }

    /// A condition that is never none.
    pub(crate) fn boolean(kind: ExprKind, span: Span) -> Expr {
        Expr { kind, base: Type::Boolean, maybe_none: false, span }
    }

    /// The value of a literal.
    pub(crate) fn literal_value(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` on this expression and on every one inside.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Expr)) {
        visit(self);
        match &self.kind {
            ExprKind::Literal(_)
            | ExprKind::Unknown
            | ExprKind::Refused
            | ExprKind::Slot(_)
            | ExprKind::Local(_)
            | ExprKind::AsOf
            | ExprKind::Today
            | ExprKind::LocalToday
            | ExprKind::LocalTime => {}
            ExprKind::Member { of: inner, .. }
            | ExprKind::Widen(inner)
            | ExprKind::Not(inner)
            | ExprKind::Negate(inner)
            | ExprKind::Known(inner)
            | ExprKind::OrNone(inner)
            | ExprKind::Rate { date: inner, .. } => inner.walk(visit),
            ExprKind::And(items)
            | ExprKind::Or(items)
            | ExprKind::Coalesce(items)
            | ExprKind::List(items)
            | ExprKind::Record(items)
            | ExprKind::Extreme { items, .. }
            | ExprKind::InterestOver { arguments: items, .. }
            | ExprKind::Declared { arguments: items, .. }
            | ExprKind::Call { arguments: items, .. } => items.iter().for_each(|item| item.walk(visit)),
            ExprKind::Compare(_, a, b) | ExprKind::Arithmetic(_, a, b) | ExprKind::InList { item: a, list: b } => {
                a.walk(visit);
                b.walk(visit);
            }
            ExprKind::InRange { item, low, high, .. } => {
                item.walk(visit);
                low.walk(visit);
                high.walk(visit);
            }
            ExprKind::If { condition, then, otherwise } => {
                condition.walk(visit);
                then.walk(visit);
                otherwise.walk(visit);
            }
            ExprKind::Method { list, body, .. } => {
                list.walk(visit);
                if let Some(body) = body {
                    body.walk(visit);
                }
            }
        }
    }

    /// Whether it reads no item of a list that goes on around it.
    pub(crate) fn is_closed(&self) -> bool {
        let mut bound = Vec::new();
        let mut read = Vec::new();
        self.walk(&mut |expr| match &expr.kind {
            ExprKind::Local(local) => read.push(*local),
            ExprKind::Method { local, .. } => bound.push(*local),
            _ => {}
        });
        // Items are counted from the outermost method, so that one that is bound here is bound nowhere around.
        read.iter().all(|local| bound.contains(local))
    }

    /// Whether a function that the pack declares is called in it.
    pub(crate) fn has_call(&self) -> bool {
        let mut has_call = false;
        self.walk(&mut |expr| has_call |= matches!(expr.kind, ExprKind::Declared { .. }));
        has_call
    }

    /// The slots that the expression reads, in the order of reading, each once.
    pub(crate) fn slots(&self) -> Vec<SlotId> {
        let mut slots = Vec::new();
        self.walk(&mut |expr| {
            if let ExprKind::Slot(slot) = expr.kind
                && !slots.contains(&slot)
            {
                slots.push(slot);
            }
        });
        slots
    }
}
