//! Functions that a pack declares: what they take and give, and the script that they are.

use std::sync::Arc;

use indexmap::IndexMap;

use super::assemble::PLUGIN;
use super::header::Header;
use super::names::{Names, report_name};
use super::pack::section;
use super::records::Records;
use super::scripting::{Scripting, is_file};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::host::{Supplied, Wanted};
use crate::language::functions;
use crate::language::functions::declared::{DeclaredFunction, Parameter};
use crate::language::parse::Parser;
use crate::script::Script;
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
    scripting: &Scripting,
    supplied: &Supplied,
    parser: &Parser,
    findings: &mut Findings,
) -> (Functions, Vec<Arc<str>>) {
    let (mut functions, mut refused) = (Functions::new(), Vec::new());
    for entry in section(root, "functions") {
        let mut reader = FunctionReader { header, record, parser, scripting, supplied, findings };
        match reader.function(entry) {
            Some(function) => {
                functions.insert(function.name.clone(), Arc::new(function));
            }
            None => refused.push(Arc::from(entry.key.as_str())),
        }
    }
    (functions, refused)
}

/// Functions that nothing calls.
pub(crate) fn report_uncalled(functions: &Functions, names: &Names, findings: &mut Findings) {
    let mut plugins: IndexMap<&(Arc<str>, Span), bool> = IndexMap::new();
    for function in functions.values() {
        if let Some(plugin) = &function.plugin {
            *plugins.entry(plugin).or_default() |= names.is_called(&function.name);
        }
    }
    for ((plugin, span), _) in plugins.into_iter().filter(|(_, is_used)| !is_used) {
        let message = format!("nothing calls a function of the plugin `{plugin}`");
        let help = "call one, or take it out of `plugins`";
        findings.push(Finding::warning(Code::UnusedPlugin, *span, message).help(help));
    }
    // A pack need not call all functions of a plugin.
    let own = functions.values().filter(|function| function.plugin.is_none());
    for function in own.filter(|function| !names.is_called(&function.name)) {
        let message = format!("nothing calls the function `{}`", function.name);
        findings.push(Finding::warning(Code::UncalledFunction, function.span, message).help("call it, or remove it"));
    }
}

struct FunctionReader<'a> {
    header: &'a Header,
    record: &'a RecordType,
    parser: &'a Parser,
    scripting: &'a Scripting,
    supplied: &'a Supplied,
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
        let host = reader.optional("host", self.findings);
        let written = reader.optional("script", self.findings);
        let absent = reader.optional("absent", self.findings);
        let pure = reader.optional("pure", self.findings);
        let plugin = reader.optional_or_null(PLUGIN).and_then(|node| Some((Arc::from(node.text()?), node.span)));
        reader.finish(self.findings);
        let parameters = of.and_then(|node| self.parameters(node));
        let gives = gives.and_then(|node| self.field("gives", node.span, node));
        let is_host = host.is_some_and(|node| node.as_boolean("`host`", self.findings) == Some(true));
        if written.is_some() == is_host {
            let message = format!("{what} is a `script`, or the host supplies it");
            let help = "write one of `script: |`, `script: FILE.rhai` and `host: true`";
            self.findings.push(Finding::error(Code::MissingKey, entry.key_span, message).help(help));
            return None;
        }
        for (key, node) in [("absent", absent), ("pure", pure)] {
            if let Some(node) = node.filter(|_| !is_host) {
                let message = format!("`{key}` is said of functions that the host supplies");
                let help = "a script is pure, and says with `gives: {type: .., absent: none}` that it may give none";
                self.findings.push(Finding::error(Code::UnknownKey, node.span, message).help(help));
            }
        }
        let is_pure = pure.is_none_or(|node| node.as_boolean("`pure`", self.findings) != Some(false));
        let (name, span): (Arc<str>, Span) = (Arc::from(entry.key.as_str()), entry.key_span);
        if is_host {
            let (parameters, mut gives) = (parameters?, gives?);
            if let Some(absence) = absent.and_then(|node| self.absence(node)) {
                gives.absence = absence;
            }
            let wanted = Wanted { name: &name, parameters: &parameters, gives: &gives, span };
            let run = self.supplied.run(&wanted, self.findings).filter(|_| is_good)?;
            let (reads_today, is_host) = (false, true);
            return Some(DeclaredFunction {
                name,
                about,
                parameters,
                gives,
                span,
                plugin,
                reads_today,
                is_host,
                is_pure,
                run,
                native: None,
            });
        }
        // A file that is not there was reported; of one that is there the text stands here.
        let script = written.filter(|node| !is_file(node)).and_then(|node| self.script(node));
        let (parameters, gives, script) = (parameters?, gives?, script?);
        let place = written.map_or(span, |node| node.span);
        if !self.has_function(&script, &entry.key, &parameters, place) || !is_good {
            return None;
        }
        let (reads_today, is_host) = (script.reads_today(), false);
        let native = script.native(&name, &parameters, &gives);
        let run = self.scripting.run(&Arc::new(script), &name, &parameters, &gives);
        Some(DeclaredFunction {
            name,
            about,
            parameters,
            gives,
            span,
            plugin,
            reads_today,
            is_host,
            is_pure,
            run,
            native,
        })
    }

    /// What it means that a host gives none.
    fn absence(&mut self, node: &Node) -> Option<Absence> {
        match node.text() {
            Some("none") => Some(Absence::None),
            Some("unknown") => Some(Absence::Unknown),
            _ => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, "`absent` is `none` or `unknown`")
                        .help("write one of them"),
                );
                None
            }
        }
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
            if let Some(node) = reader.optional("absent", self.findings) {
                absence = self.absence(node).unwrap_or(absence);
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
        self.scripting.scripts().read(&scalar.snippet, self.findings)
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
