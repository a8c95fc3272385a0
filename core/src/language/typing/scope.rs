//! The names that an expression may read, and what each stands for.

use std::sync::Arc;

use crate::language::expr::{Expr, SlotId};
use crate::language::functions::declared::DeclaredFunction;
use crate::value::{Absence, Range, RecordType, Type};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    /// A field, a fact, or a result with a name of its own.
    Value { slot: SlotId, base: Type, maybe_none: bool, decides: bool },
    /// A table or rule list: its outputs are read as `table.output`.
    Group(Vec<(Arc<str>, SlotId, Type, bool)>),
}

/// The names that an expression may read, and what else there is beside them: nothing, unless it is said.
pub(crate) trait Scope {
    /// What a name stands for.
    fn name(&self, name: &str) -> Option<Name>;
    /// The name that a misspelt one may mean, of the scope's own or of some more.
    fn nearest(&self, wrong: &str, more: &[&str]) -> Option<String>;
    /// The name that expressions read a slot by.
    fn called(&self, slot: SlotId) -> Option<String>;
    /// The number of a rate.
    fn rate(&self, _name: &str) -> Option<usize> {
        None
    }
    /// The names of all rates.
    fn rates(&self) -> Vec<String> {
        Vec::new()
    }
    /// The function of this name that the pack declares.
    fn function(&self, _name: &str) -> Option<Arc<DeclaredFunction>> {
        None
    }
    /// Whether the pack declares a function of this name that was refused: its calls are not wrong besides.
    fn is_refused(&self, _function: &str) -> bool {
        false
    }
    /// The names of all functions that the pack declares.
    fn functions(&self) -> Vec<Arc<str>> {
        Vec::new()
    }
    /// Whether such functions may be called here.
    fn may_call(&self) -> bool {
        false
    }
    /// The call of such a function, or what goes over a list with one, as it is read here: where it stands in a slot of
    /// its own, that slot.
    fn placed(&self, call: Expr) -> Expr {
        call
    }
    /// The record of the case.
    fn case(&self) -> Option<Arc<RecordType>> {
        None
    }
    /// Whether the pack has a calendar.
    fn has_calendar(&self) -> bool {
        false
    }
    /// Whether a field of the case holds the debtor's zones.
    fn has_place(&self) -> bool {
        false
    }
    /// The values that a slot can have.
    fn range(&self, _slot: SlotId) -> Option<Range> {
        None
    }
    /// What the absence of a field means; nothing for slots that are no fields.
    fn absence(&self, _slot: SlotId) -> Option<Absence> {
        None
    }
    /// The slot that says whether a step of the case's stage is done.
    fn done(&self, _step: &str) -> Option<SlotId> {
        None
    }
    /// The names of all steps; nothing in a pack without workflows.
    fn steps(&self) -> Option<Vec<String>> {
        None
    }
    /// What is said of a name that is not there, and what to do, where a scope knows better than the typer.
    fn missing(&self, _name: &str) -> Option<(String, String)> {
        None
    }
}
