//! Names: which characters they have, which are taken, and what each stands for.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::calls::Placed;
use crate::diagnostic::{Candidates, Code, Finding, Findings};
use crate::language::functions::Needs;
use crate::language::functions::declared::DeclaredFunction;
use crate::language::parse::Parser;
use crate::language::{Expr, ExprKind, Name, Scope, SlotId};
use crate::source::Span;
use crate::value::{Absence, Range, RecordType, Type};

/// Whether this may be the id of a row, rule, pack or calendar, or a value of a choice.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Reports an id with characters that it may not have.
pub(crate) fn report_id(text: &str, span: Span, findings: &mut Findings) -> bool {
    if is_id(text) {
        return true;
    }
    findings.push(
        Finding::error(Code::InvalidName, span, format!("`{text}` is not an id"))
            .help("ids are letters, digits, `_` and `-`"),
    );
    false
}

/// Reports a name that expressions could not read.
pub(crate) fn report_name(name: &str, span: Span, parser: &Parser, findings: &mut Findings) -> bool {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_plain {
        let lower: String =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        findings.push(Finding::error(Code::InvalidName, span, format!("`{name}` cannot be read by expressions")).help(
            format!(
                "names are small letters, digits and `_`, and begin with a letter, such as `{}`",
                lower.trim_matches('_')
            ),
        ));
        return false;
    }
    if !parser.can_name(name) {
        findings.push(
            Finding::error(
                Code::ReservedName,
                span,
                format!("`{name}` is a word that the expression language keeps for itself"),
            )
            .help(format!("choose another name, such as `{name}_value`")),
        );
        return false;
    }
    true
}

/// A name and where it was given.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: Name,
    pub(crate) what: &'static str,
    pub(crate) span: Span,
}

/// All names that expressions of a pack may read, and the slots behind them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: IndexMap<String, Known>,
    /// The places of the names behind slots.
    by_slot: HashMap<SlotId, usize>,
    /// The names, for suggestions: nobody asks in a pack that is right.
    candidates: OnceCell<Candidates>,
    functions: IndexMap<Arc<str>, Arc<DeclaredFunction>>,
    /// The record of the case.
    case: Option<Arc<RecordType>>,
    /// Functions that were refused.
    refused: Vec<Arc<str>>,
    /// Whether functions may be missing for a plugin that was refused.
    lacks_plugin: bool,
    /// Those that something calls.
    called: RefCell<IndexSet<Arc<str>>>,
    /// Calls of them, but for those in facts.
    pub(super) placed: Placed,
    /// Whether a fact is being checked: its calls stay in it.
    in_facts: bool,
    rates: IndexSet<String>,
    has_calendar: bool,
    has_place: bool,
    /// By slot of a field.
    ranges: Vec<Range>,
    /// By slot of a field.
    absences: Vec<Absence>,
    /// In a pack with workflows: the steps, and the slots of those that expressions ask about.
    steps: Option<Vec<(Arc<str>, Option<SlotId>)>>,
}

impl Names {
    /// Adds a name; one that is taken is reported.
    pub(crate) fn add(&mut self, name: &str, what: &'static str, span: Span, value: Name, findings: &mut Findings) {
        if let Some(first) = self.known.get(name) {
            findings.push(
                Finding::error(
                    Code::DuplicateName,
                    span,
                    format!("the {what} `{name}` has the name of a {}", first.what),
                )
                .also(first.span, format!("the {}", first.what))
                .help(match first.what {
                    "part of the state" => "choose another name: this one says where the case stands in its workflow",
                    _ => "rename one: expressions could not tell them apart",
                }),
            );
            return;
        }
        let place = self.known.len();
        match &value {
            Name::Value { slot, .. } => {
                self.by_slot.insert(*slot, place);
            }
            Name::Group(outputs) => self.by_slot.extend(outputs.iter().map(|(_, slot, ..)| (*slot, place))),
        }
        self.known.insert(name.to_owned(), Known { name: value, what, span });
        self.candidates.take();
    }

    /// Says the type of a name that was added before its type was known.
    pub(crate) fn set_type(&mut self, name: &str, new_base: Type, new_maybe_none: bool) {
        if let Some(Known { name: Name::Value { base, maybe_none, .. }, .. }) = self.known.get_mut(name) {
            *base = new_base;
            *maybe_none = new_maybe_none;
        }
    }

    /// What the pack has beside names.
    pub(crate) fn set_surroundings(&mut self, rates: IndexSet<String>, has_calendar: bool, has_place: bool) {
        self.rates = rates;
        self.has_calendar = has_calendar;
        self.has_place = has_place;
    }

    /// Says that functions may be missing for a plugin that was refused.
    pub(super) fn set_lacks_plugin(&mut self) {
        self.lacks_plugin = true;
    }

    /// The functions that the pack declares, and the names of those that were refused.
    pub(crate) fn set_functions(
        &mut self,
        functions: IndexMap<Arc<str>, Arc<DeclaredFunction>>,
        refused: Vec<Arc<str>>,
    ) {
        (self.functions, self.refused) = (functions, refused);
    }

    /// Whether something calls a function.
    pub(super) fn is_called(&self, function: &str) -> bool {
        self.called.borrow().contains(function)
    }

    /// Says whether facts are being checked.
    pub(super) fn set_in_facts(&mut self, in_facts: bool) {
        self.in_facts = in_facts;
    }

    /// The record of the case, whose fields have the first slots.
    pub(crate) fn set_case(&mut self, case: &Arc<RecordType>) {
        self.case = Some(case.clone());
        let fields = &case.fields;
        self.ranges = fields.iter().map(|field| field.range.clone()).collect();
        self.absences = fields.iter().map(|field| field.absence.clone()).collect();
    }

    /// The steps of a pack with workflows, each with the slot that says whether it is done, where it has one.
    pub(crate) fn set_steps(&mut self, steps: Vec<(Arc<str>, Option<SlotId>)>) {
        self.steps = Some(steps);
    }

    /// A plain value.
    pub(crate) fn value(slot: SlotId, base: Type, maybe_none: bool) -> Name {
        Name::Value { slot, base, maybe_none, decides: true }
    }

    /// The outputs of a table.
    pub(crate) fn group(outputs: impl IntoIterator<Item = (Arc<str>, SlotId, Type, bool)>) -> Name {
        Name::Group(outputs.into_iter().collect())
    }
}

impl Scope for Names {
    fn name(&self, name: &str) -> Option<Name> {
        self.known.get(name).map(|known| known.name.clone())
    }

    fn nearest(&self, wrong: &str, more: &[&str]) -> Option<String> {
        let candidates = self.candidates.get_or_init(|| self.known.keys().map(String::as_str).collect());
        candidates.nearest(wrong, more.iter().copied()).map(str::to_owned)
    }

    fn called(&self, slot: SlotId) -> Option<String> {
        let Some(place) = self.by_slot.get(&slot) else { return self.placed.called(slot) };
        let (name, known) = self.known.get_index(*place)?;
        match &known.name {
            Name::Value { .. } => Some(name.clone()),
            Name::Group(outputs) => {
                outputs.iter().find(|(_, own, ..)| *own == slot).map(|(output, ..)| format!("{name}.{output}"))
            }
        }
    }

    fn function(&self, name: &str) -> Option<Arc<DeclaredFunction>> {
        let function = self.functions.get(name)?;
        // Only calls ask.
        self.called.borrow_mut().insert(function.name.clone());
        Some(function.clone())
    }

    fn is_refused(&self, function: &str) -> bool {
        let may_be_of_plugin =
            || self.lacks_plugin && !crate::language::functions::names().any(|known| known == function);
        self.refused.iter().any(|refused| **refused == *function) || may_be_of_plugin()
    }

    fn functions(&self) -> Vec<Arc<str>> {
        self.functions.keys().cloned().collect()
    }

    fn may_call(&self) -> bool {
        true
    }

    fn placed(&self, call: Expr) -> Expr {
        if self.in_facts { call } else { self.placed.place(call, |slot| self.called(slot)) }
    }

    fn rate(&self, name: &str) -> Option<usize> {
        self.rates.get_index_of(name)
    }

    fn rates(&self) -> Vec<String> {
        self.rates.iter().cloned().collect()
    }

    fn case(&self) -> Option<Arc<RecordType>> {
        self.case.clone()
    }

    fn has_calendar(&self) -> bool {
        self.has_calendar
    }

    fn has_place(&self) -> bool {
        self.has_place
    }

    fn range(&self, slot: SlotId) -> Option<Range> {
        self.ranges.get(slot.0 as usize).cloned()
    }

    fn absence(&self, slot: SlotId) -> Option<Absence> {
        self.absences.get(slot.0 as usize).cloned()
    }

    fn done(&self, step: &str) -> Option<SlotId> {
        self.steps.as_ref()?.iter().find(|(known, _)| **known == *step)?.1
    }

    fn steps(&self) -> Option<Vec<String>> {
        self.steps.as_ref().map(|steps| steps.iter().map(|(step, _)| step.to_string()).collect())
    }
}

/// The names of a pack, and beside them a record that only some sections read: `attempt` or `offer`.
#[derive(Clone)]
pub(crate) struct WithRecord<'a> {
    names: &'a Names,
    record: &'static str,
    group: Name,
    has_place: bool,
}

impl<'a> WithRecord<'a> {
    /// The names of a pack and one record more.
    pub(crate) fn new(names: &'a Names, record: &'static str, group: Name) -> WithRecord<'a> {
        WithRecord { names, record, group, has_place: names.has_place() }
    }

    /// The same names where the section says the debtor's place itself.
    pub(crate) fn with_place(&self) -> WithRecord<'a> {
        WithRecord { names: self.names, record: self.record, group: self.group.clone(), has_place: true }
    }
}

impl Scope for WithRecord<'_> {
    fn name(&self, name: &str) -> Option<Name> {
        if name == self.record { Some(self.group.clone()) } else { self.names.name(name) }
    }

    fn nearest(&self, wrong: &str, more: &[&str]) -> Option<String> {
        let more: Vec<&str> = more.iter().copied().chain([self.record]).collect();
        self.names.nearest(wrong, &more)
    }

    fn called(&self, slot: SlotId) -> Option<String> {
        let Name::Group(items) = &self.group else { return self.names.called(slot) };
        let own = items.iter().find(|(_, own, ..)| *own == slot);
        own.map(|(item, ..)| format!("{}.{item}", self.record)).or_else(|| self.names.called(slot))
    }

    fn function(&self, name: &str) -> Option<Arc<DeclaredFunction>> {
        self.names.function(name)
    }

    fn is_refused(&self, function: &str) -> bool {
        self.names.is_refused(function)
    }

    fn functions(&self) -> Vec<Arc<str>> {
        self.names.functions()
    }

    fn may_call(&self) -> bool {
        true
    }

    fn placed(&self, call: Expr) -> Expr {
        let Name::Group(items) = &self.group else { return call };
        let mut moves = false;
        call.walk(&mut |part| {
            moves |= match &part.kind {
                ExprKind::Slot(slot) => items.iter().any(|(_, own, ..)| own == slot),
                ExprKind::LocalToday | ExprKind::LocalTime => true,
                ExprKind::Call { function, .. } => function.needs == Needs::Place,
                _ => false,
            };
        });
        if moves { call } else { self.names.placed(call) }
    }

    fn rate(&self, name: &str) -> Option<usize> {
        self.names.rate(name)
    }

    fn rates(&self) -> Vec<String> {
        self.names.rates()
    }

    fn case(&self) -> Option<Arc<RecordType>> {
        self.names.case()
    }

    fn has_calendar(&self) -> bool {
        self.names.has_calendar()
    }

    fn has_place(&self) -> bool {
        self.has_place
    }

    fn range(&self, slot: SlotId) -> Option<Range> {
        self.names.range(slot)
    }

    fn absence(&self, slot: SlotId) -> Option<Absence> {
        self.names.absence(slot)
    }

    fn done(&self, step: &str) -> Option<SlotId> {
        self.names.done(step)
    }

    fn steps(&self) -> Option<Vec<String>> {
        self.names.steps()
    }
}

/// Reports the name of a record that cannot be declared.
pub(crate) fn report_record_name(name: &str, span: Span, findings: &mut Findings) {
    if matches!(name, "offer" | "attempt") {
        findings.push(
            Finding::error(Code::ReservedName, span, format!("the record `{name}` is built in"))
                .help("choose another name"),
        );
    } else {
        report_id(name, span, findings);
    }
}
