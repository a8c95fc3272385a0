//! Functions that a pack declares: what they take and give, and the script that they are.

use std::sync::Arc;

use indexmap::IndexMap;

use super::facts::CheckedFact;
use super::header::Header;
use super::names::report_name;
use super::pack::section;
use super::records::Records;
use crate::calendar::Calendar;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::ExprKind;
use crate::language::functions;
use crate::language::functions::declared::{DeclaredFunction, Parameter};
use crate::language::parse::Parser;
use crate::script::{Script, ScriptFunction, ScriptLimits, Scripts};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::{Absence, Field, RecordType, Type};

/// The functions of a pack, by name.
pub(crate) type Functions = IndexMap<Arc<str>, Arc<DeclaredFunction>>;

/// Reads `functions`: those that can be called, and the names of those that were refused.
pub(crate) fn read(
    root: &Map,
    header: &Header,
    record: &RecordType,
    calendar: Option<&Calendar>,
    parser: &Parser,
    findings: &mut Findings,
) -> (Functions, Vec<Arc<str>>) {
    let (mut functions, mut refused) = (Functions::new(), Vec::new());
    // An interpreter is made only for packs that have scripts.
    let mut scripts = None;
    for entry in section(root, "functions") {
        let scripts = scripts.get_or_insert_with(|| Scripts::new(ScriptLimits::default()));
        let calendar = calendar.cloned().map(Arc::new);
        let mut reader = FunctionReader { header, record, parser, scripts, calendar, findings };
        match reader.function(entry) {
            Some(function) => {
                functions.insert(function.name.clone(), Arc::new(function));
            }
            None => refused.push(Arc::from(entry.key.as_str())),
        }
    }
    (functions, refused)
}

/// How many calls of a function stand in facts.
pub(crate) fn calls(name: &str, facts: &[CheckedFact]) -> usize {
    let mut count = 0;
    for fact in facts {
        fact.expr.walk(&mut |expr| {
            count += usize::from(matches!(&expr.kind, ExprKind::Declared { function, .. } if *function.name == *name));
        });
    }
    count
}

/// Functions that nothing calls.
pub(crate) fn report_uncalled(functions: &Functions, facts: &[CheckedFact], findings: &mut Findings) {
    for function in functions.values().filter(|function| calls(&function.name, facts) == 0) {
        let message = format!("no fact calls the function `{}`", function.name);
        findings.push(Finding::warning(Code::UncalledFunction, function.span, message).help("call it, or remove it"));
    }
}

struct FunctionReader<'a> {
    header: &'a Header,
    record: &'a RecordType,
    parser: &'a Parser,
    scripts: &'a Scripts,
    calendar: Option<Arc<Calendar>>,
    findings: &'a mut Findings,
}

impl FunctionReader<'_> {
    fn function(&mut self, entry: &Entry) -> Option<DeclaredFunction> {
        let is_good = report_name(&entry.key, entry.key_span, self.parser, self.findings);
        if functions::names().any(|known| known == entry.key) {
            let message = format!("`{}` is a function of the language", entry.key);
            self.findings.push(Finding::error(Code::ReservedName, entry.key_span, message).help("choose another name"));
            return None;
        }
        let what = format!("the function `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let about = reader.text("about", self.findings).map(str::to_owned);
        let of = reader.required("of", self.findings);
        let gives = reader.required("gives", self.findings);
        let written = reader.required("script", self.findings);
        reader.finish(self.findings);
        let parameters = of.and_then(|node| self.parameters(node));
        let gives = gives.and_then(|node| self.field("gives", node.span, node));
        // A file that is not there was reported; of one that is there the text stands here.
        let is_missing = |node: &&Node| node.text().is_some_and(|text| text.ends_with(".rhai") && !text.contains('\n'));
        let script = written.filter(|node| !is_missing(node)).and_then(|node| self.script(node));
        let (parameters, gives, script) = (parameters?, gives?, script?);
        let span = written.map_or(entry.key_span, |node| node.span);
        if !self.has_function(&script, &entry.key, &parameters, span) || !is_good {
            return None;
        }
        let name: Arc<str> = Arc::from(entry.key.as_str());
        let native = script.native(&name, &parameters, &gives);
        let run = self.scripts.run(ScriptFunction {
            script: Arc::new(script),
            name: name.clone(),
            parameters: parameters.clone(),
            gives: gives.clone(),
            calendar: self.calendar.clone(),
        });
        Some(DeclaredFunction { name, about, parameters, gives, span: entry.key_span, run, native })
    }

    fn parameters(&mut self, node: &Node) -> Option<Arc<[Parameter]>> {
        let map = node.as_map("`of`", self.findings)?;
        let mut parameters = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let Some(field) = self.field(&entry.key, entry.key_span, &entry.value) else {
                parameters.push(None);
                continue;
            };
            if matches!(field.absence, Absence::Default(_)) {
                let message = format!("the parameter `{}` has a default", entry.key);
                self.findings.push(
                    Finding::error(Code::UnknownKey, entry.value.span, message).help("pass the value in each call"),
                );
            }
            parameters.push(Some(Parameter {
                name: Arc::from(entry.key.as_str()),
                takes_none: field.maybe_none(),
                takes_unknown: matches!(field.absence, Absence::Unknown),
                base: field.base,
            }));
        }
        parameters.into_iter().collect()
    }

    /// What a parameter or a result is: as a field says it, but that a decimal need not say its decimals; or
    /// `case.FIELD`, the type of a field of the case.
    fn field(&mut self, name: &str, name_span: Span, node: &Node) -> Option<Field> {
        let named = match &node.kind {
            NodeKind::Map(map) => map.get("type"),
            _ => Some(node),
        };
        if let Some(like) = named.and_then(Node::text).and_then(|text| text.strip_prefix("case.")) {
            return self.field_like(name, name_span, node, like);
        }
        let mut records = Records { header: self.header, parser: self.parser, findings: self.findings };
        if node.text() == Some(Type::Decimal.word()) {
            return Some(Field { base: Type::Decimal, ..records.refused(name, name_span) });
        }
        records.field(name, name_span, node)
    }

    /// One of the type that a field of the case has.
    fn field_like(&mut self, name: &str, name_span: Span, node: &Node, like: &str) -> Option<Field> {
        let mut absence = Absence::Refused;
        if let NodeKind::Map(_) = &node.kind {
            let mut reader = MapReader::new(node, &format!("the parameter `{name}`"), self.findings)?;
            reader.required("type", self.findings);
            match reader.optional("absent", self.findings).map(|node| (node.text(), node.span)) {
                Some((Some("none"), _)) => absence = Absence::None,
                Some((Some("unknown"), _)) => absence = Absence::Unknown,
                Some((_, span)) => self.findings.push(
                    Finding::error(Code::InvalidValue, span, "`absent` is `none` or `unknown`")
                        .help("write one of them"),
                ),
                None => {}
            }
            reader.finish(self.findings);
        }
        let Some(field) = self.record.fields.iter().find(|field| *field.name == *like) else {
            let help = did_you_mean(like, self.record.fields.iter().map(|field| &*field.name));
            let message = format!("the case has no field `{like}`");
            self.findings.push(Finding::error(Code::UnknownField, node.span, message).maybe_help(help));
            return None;
        };
        Some(Field { absence, decimals: field.decimals, ..Field::new(name, field.base.clone(), name_span) })
    }

    fn script(&mut self, node: &Node) -> Option<Script> {
        let scalar = node.as_scalar("`script`", self.findings)?;
        self.scripts.read(&scalar.snippet, self.findings)
    }

    /// Whether the script has the function, with as many parameters.
    fn has_function(&mut self, script: &Script, name: &str, parameters: &[Parameter], span: Span) -> bool {
        let written: Vec<&str> = parameters.iter().map(|parameter| &*parameter.name).collect();
        let written = format!("fn {name}({})", written.join(", "));
        match script.parameters_of(name) {
            Some(count) if count == parameters.len() => true,
            Some(count) => {
                let has = if count == 1 { "1 parameter".to_owned() } else { format!("{count} parameters") };
                let message = format!("the script's function `{name}` has {has}, but `of` says {}", parameters.len());
                self.findings
                    .push(Finding::error(Code::WrongArguments, span, message).help(format!("write `{written}`")));
                false
            }
            None => {
                let near = did_you_mean(name, script.functions().map(|(name, _)| name));
                let message = format!("the script has no function `{name}`");
                self.findings.push(
                    Finding::error(Code::UnknownFunction, span, message)
                        .help(near.unwrap_or_else(|| format!("write `{written} {{ .. }}`"))),
                );
                false
            }
        }
    }
}
