//! Rules that are scripts: what stands in place of a row, a rule or a whole table.
//!
//! Takes the text of a script; gives the call of its function over the names that its parameters have: a field, a fact, a
//! result; `account` is the whole case, of which it reads parts by these names. What it gives is a map of outputs, or none where it does not apply.

use std::cell::OnceCell;
use std::sync::Arc;

use super::tables::{CheckedCondition, Written};
use crate::calendar::Calendar;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::declared::{DeclaredFunction, Parameter};
use crate::language::{Expr, ExprKind, Name, Scope};
use crate::script::{Script, ScriptFunction, ScriptLimits, Scripts};
use crate::source::{Snippet, Span};
use crate::syntax::Node;
use crate::value::ops::Comparison;
use crate::value::{Absence, Field, RecordType, Type, Value};

/// The parameter that takes the whole case.
const WHOLE: &str = "account";

/// The interpreter of a pack, made for the first script.
pub(crate) struct Scripting {
    scripts: OnceCell<Scripts>,
    limits: ScriptLimits,
    calendar: Option<Arc<Calendar>>,
}

/// A script in place of a rule, before names and types are known.
pub(crate) struct RawScript {
    script: Arc<Script>,
    name: String,
    parameters: Vec<(String, Span)>,
    pub(super) span: Span,
}

impl Scripting {
    pub(crate) fn new(limits: ScriptLimits, calendar: Option<&Calendar>) -> Scripting {
        Scripting { scripts: OnceCell::new(), limits, calendar: calendar.cloned().map(Arc::new) }
    }

    /// Whether a script was read.
    pub(crate) fn is_used(&self) -> bool {
        self.scripts.get().is_some()
    }

    /// The interpreter.
    pub(super) fn scripts(&self) -> &Scripts {
        self.scripts.get_or_init(|| Scripts::new(self.limits))
    }

    /// What runs a function of a script.
    pub(super) fn run(
        &self,
        script: &Arc<Script>,
        name: &str,
        parameters: &Arc<[Parameter]>,
        gives: &Field,
    ) -> crate::language::functions::declared::Run {
        self.scripts().run(ScriptFunction {
            script: script.clone(),
            name: Arc::from(name),
            parameters: parameters.clone(),
            gives: gives.clone(),
            calendar: self.calendar.clone(),
        })
    }

    /// The script of a rule with this id, whose function has its name; nothing where it cannot be used.
    pub(super) fn of_rule(&self, node: &Node, id: &str, findings: &mut Findings) -> Option<RawScript> {
        let scalar = node.as_scalar("`script`", findings)?;
        if is_file(node) {
            // One that is not there was reported; of one that is there the text stands here.
            return None;
        }
        let script = self.scripts().read(&scalar.snippet, findings)?;
        let name = id.replace(['-', '.'], "_");
        let Some(parameters) = script.parameter_names(&name) else {
            let near = did_you_mean(&name, script.functions().map(|(name, _)| name));
            let message = format!("the script has no function `{name}`");
            let help = near.unwrap_or_else(|| format!("write `fn {name}({WHOLE}) {{ .. }}`"));
            findings.push(Finding::error(Code::UnknownFunction, node.span, message).help(help));
            return None;
        };
        let parameters = placed(&scalar.snippet, &name, parameters);
        Some(RawScript { script: Arc::new(script), name, parameters, span: node.span })
    }
}

/// Whether a node names the file of a script.
pub(super) fn is_file(node: &Node) -> bool {
    node.text().is_some_and(|text| text.ends_with(".rhai") && !text.contains('\n'))
}

/// The parameters of a function with the places where the script names them.
fn placed(snippet: &Snippet, name: &str, parameters: Vec<String>) -> Vec<(String, Span)> {
    let text = snippet.text.as_str();
    let head = text.match_indices(name).find(|(at, _)| {
        let before = text.get(..*at).unwrap_or("").trim_end();
        let behind = text.get(at + name.len()..).unwrap_or("").trim_start();
        before.ends_with("fn") && behind.starts_with('(')
    });
    let mut at = head.map_or(text.len(), |(at, name)| at + name.len());
    let mut places = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let found = text.get(at..).and_then(|rest| rest.find(parameter.as_str()));
        let span = match found {
            Some(offset) => snippet.span(at + offset, at + offset + parameter.len()),
            None => snippet.whole(),
        };
        at += found.map_or(0, |offset| offset + parameter.len());
        places.push((parameter, span));
    }
    places
}

impl RawScript {
    /// The names that it reads.
    pub(super) fn names(&self) -> Vec<(String, Span)> {
        let mut names = self.parameters.clone();
        for (_, span) in self.parameters.iter().filter(|(name, _)| name == WHOLE) {
            names.extend(self.script.parts_read(&self.name, WHOLE).into_iter().flatten().map(|part| (part, *span)));
        }
        names
    }

    /// Its call, which gives values of a type, or none. Nothing where a parameter has no name of the pack.
    pub(super) fn call(
        &self,
        gives: Field,
        scope: &dyn Scope,
        scripting: &Scripting,
        findings: &mut Findings,
    ) -> Option<Expr> {
        let mut arguments = Vec::with_capacity(self.parameters.len());
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, span) in &self.parameters {
            let Some(argument) = self.argument(name, *span, scope, findings) else { continue };
            parameters.push(Parameter {
                name: Arc::from(name.as_str()),
                base: argument.base.clone(),
                takes_none: true,
                takes_unknown: false,
            });
            arguments.push(argument);
        }
        if arguments.len() < self.parameters.len() {
            return None;
        }
        let parameters: Arc<[Parameter]> = parameters.into();
        let run = scripting.run(&self.script, &self.name, &parameters, &gives);
        let (base, maybe_none) = (gives.base.clone(), gives.maybe_none());
        let function = DeclaredFunction {
            name: Arc::from(self.name.as_str()),
            about: None,
            parameters,
            gives,
            span: self.span,
            reads_today: self.script.reads_today(),
            plugin: None,
            is_host: false,
            is_pure: true,
            run,
            native: None,
        };
        let kind = ExprKind::Declared { function: Arc::new(function), arguments };
        Some(scope.placed(Expr { kind, base, maybe_none, span: self.span }))
    }

    /// The record of the case: the fields, facts and results that the script reads of it, or all fields where that cannot
    /// be told. What may not decide is not handed over.
    fn account(&self, span: Span, scope: &dyn Scope, findings: &mut Findings) -> Option<Expr> {
        let case = scope.case()?;
        let names = match self.script.parts_read(&self.name, WHOLE) {
            Some(read) => read,
            None => {
                let decide = case.fields.iter().filter(|field| field.decides);
                decide.map(|field| field.name.to_string()).collect()
            }
        };
        let mut parts = Vec::with_capacity(names.len());
        let mut is_good = true;
        for name in &names {
            let part = match scope.name(name) {
                Some(Name::Value { .. }) => self.argument(name, span, scope, findings),
                Some(Name::Group(_)) => {
                    let message = format!("`{WHOLE}.{name}` is a table with outputs, and no part of the case");
                    let help = format!("take it as a parameter: `fn {}({WHOLE}, {name})`", self.name);
                    findings.push(Finding::error(Code::UnknownField, span, message).help(help));
                    None
                }
                None => {
                    let near = scope.nearest(name, &[]).map(|near| format!("did you mean `{near}`?"));
                    let message = format!("the case has no field, fact or result `{name}`");
                    findings.push(Finding::error(Code::UnknownField, span, message).maybe_help(near));
                    None
                }
            };
            is_good &= part.is_some();
            parts.extend(part.map(|part| {
                let absence = if part.maybe_none { Absence::None } else { Absence::Refused };
                (Field { absence, ..Field::new(name, part.base.clone(), span) }, part)
            }));
        }
        is_good.then(|| record(WHOLE, parts.into_iter(), span))
    }

    fn argument(&self, name: &str, span: Span, scope: &dyn Scope, findings: &mut Findings) -> Option<Expr> {
        match scope.name(name) {
            Some(Name::Value { slot, base, maybe_none, decides }) => {
                if !decides {
                    let message = format!("`{name}` is carried, but may not decide");
                    findings.push(
                        Finding::error(Code::FieldMayNotDecide, span, message)
                            .help("remove it from the script; the record declares it `decides: false`"),
                    );
                }
                Some(Expr { kind: ExprKind::Slot(slot), base, maybe_none, span })
            }
            Some(Name::Group(outputs)) => {
                let part = |(name, slot, base, maybe_none): (Arc<str>, _, Type, bool)| {
                    let absence = if maybe_none { Absence::None } else { Absence::Refused };
                    let field = Field { absence, ..Field::new(&name, base.clone(), span) };
                    (field, Expr { kind: ExprKind::Slot(slot), base, maybe_none, span })
                };
                Some(record(name, outputs.into_iter().map(part), span))
            }
            None if name == WHOLE => self.account(span, scope, findings),
            None => {
                let help = match scope.nearest(name, &[WHOLE]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("a parameter has the name of a field, a fact or a result; `{WHOLE}` is the whole case")
                    }
                };
                let message = format!("nothing is named `{name}`");
                findings.push(Finding::error(Code::UnknownName, span, message).help(help));
                None
            }
        }
    }
}

fn record(name: &str, parts: impl Iterator<Item = (Field, Expr)>, span: Span) -> Expr {
    let (fields, parts): (Vec<Field>, Vec<Expr>) = parts.unzip();
    let of = RecordType { name: Arc::from(name), fields, ignores_unknown_fields: false };
    Expr { kind: ExprKind::Record(parts), base: Type::Record(Arc::new(of)), maybe_none: false, span }
}

/// The outputs that a script gives: a record of them, or none where it does not apply.
pub(super) fn outputs(fields: &[Field], span: Span) -> Field {
    let of = RecordType { name: Arc::from("outputs"), fields: fields.to_vec(), ignores_unknown_fields: false };
    Field { absence: Absence::None, ..Field::new("outputs", Type::Record(Arc::new(of)), span) }
}

/// That a script gives something.
pub(super) fn applies(call: &Expr) -> CheckedCondition {
    let none = Expr::literal(Value::None, Type::Any, call.span);
    let kind = ExprKind::Compare(Comparison::NotEqual, Box::new(call.clone()), Box::new(none));
    CheckedCondition { expr: Expr::boolean(kind, call.span), written: Written::Script, cell: None }
}

/// One of the outputs that a script gives.
pub(super) fn output(call: &Expr, name: &str) -> Option<Expr> {
    let Type::Record(of) = &call.base else { return None };
    let index = of.index_of(name)?;
    let field = of.fields.get(index)?;
    let kind = ExprKind::Member { of: Box::new(call.clone()), index };
    Some(Expr { kind, base: field.base.clone(), maybe_none: field.maybe_none(), span: call.span })
}
