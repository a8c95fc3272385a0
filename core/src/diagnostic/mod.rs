//! Findings about a pack, as data.
//!
//! A [`Diagnostic`] has a stable code, a severity, a message, labelled places and help. Every stage adds to a
//! [`Findings`]; renderers turn them into text. Never decides whether to go on: that is the stage's matter.

mod codes;
mod nearest;
mod render;

pub use codes::Code;
pub(crate) use nearest::{Candidates, did_you_mean, nearest};
pub use render::Colour;

use std::collections::BTreeSet;

use crate::source::{Sources, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pack cannot be used.
    Error,
    /// The pack can be used, but hardly means this.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word that renderers print.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A place with a remark. The first label of a diagnostic is the place of the finding itself.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// One finding, on its way through the stages.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) help: Option<String>,
}

impl Finding {
    /// An error at a place.
    pub(crate) fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Finding::new(Severity::Error, code, span, message.into())
    }

    /// A warning at a place.
    pub(crate) fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Finding::new(Severity::Warning, code, span, message.into())
    }

    /// A note at a place.
    pub(crate) fn note(code: Code, span: Span, message: impl Into<String>) -> Self {
        Finding::new(Severity::Note, code, span, message.into())
    }

    fn new(severity: Severity, code: Code, span: Span, message: String) -> Self {
        let labels = vec![Label { span, text: String::new() }];
        Finding { code, severity, message, labels, help: None }
    }

    /// Says what to write instead.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to write instead, where there is something to say.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        if help.is_some() {
            self.help = help;
        }
        self
    }

    /// A remark at the place of the finding.
    pub(crate) fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// Another place that is involved.
    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

/// The findings of a load, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// Where errors have their place: a pack of many mistakes asks for each table.
    errors: BTreeSet<Span>,
}

impl Findings {
    /// Adds findings that were made aside.
    pub(crate) fn append(&mut self, aside: Findings) {
        aside.list.into_iter().for_each(|finding| self.push(finding));
    }

    /// Adds a finding.
    pub(crate) fn push(&mut self, finding: Finding) {
        if finding.severity == Severity::Error {
            self.errors.extend(finding.labels.first().map(|label| label.span));
        }
        self.list.push(finding);
    }

    /// Says what to write instead at the last finding.
    pub(crate) fn help_last(&mut self, help: String) {
        if let Some(last) = self.list.last_mut() {
            last.help = Some(help);
        }
    }

    /// Whether any finding makes the pack unusable.
    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// How many findings there are; with `has_errors_since`, whether a step added errors.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether an error was added after the list had this length.
    pub(crate) fn has_errors_since(&self, len: usize) -> bool {
        self.list.iter().skip(len).any(|finding| finding.severity == Severity::Error)
    }

    /// Whether an error has its place inside a span.
    pub(crate) fn has_errors_in(&self, span: Span) -> bool {
        let first = Span { end: 0, ..span };
        let last = Span { start: span.end.max(span.start), end: u32::MAX, ..span };
        self.errors.range(first..=last).any(|error| error.end <= span.end)
    }

    /// Resolves places, and sorts by severity, then file, line and column.
    pub(crate) fn finish(self, sources: &Sources) -> Diagnostics {
        let mut list: Vec<Diagnostic> = self.list.iter().map(|finding| Diagnostic::resolve(finding, sources)).collect();
        list.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        list.dedup();
        Diagnostics { list, sources: sources.clone() }
    }
}

/// A place in a file, for people and editors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path, as `PACK/path/in/pack.yaml`.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1, in characters.
    pub column: u32,
    /// The line in which the place ends.
    pub end_line: u32,
    /// The column after the place's last character.
    pub end_column: u32,
    /// A remark about this place; empty where the message says it all.
    pub text: String,
    pub(crate) span: Span,
}

/// A finding about a pack.
///
/// Plain data: a host may show it, count it, or match on its [`code`](Diagnostic::code), which stays stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `unknown-name`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The places involved; the first is the finding's own.
    pub places: Vec<Place>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    fn resolve(finding: &Finding, sources: &Sources) -> Self {
        let places = finding
            .labels
            .iter()
            .map(|label| {
                let start = sources.line_column(label.span);
                let end = sources.line_column(Span { start: label.span.end, ..label.span });
                Place {
                    path: sources.path(label.span).to_owned(),
                    line: start.line,
                    column: start.column,
                    end_line: end.line,
                    end_column: end.column,
                    text: label.text.clone(),
                    span: label.span,
                }
            })
            .collect();
        Diagnostic {
            code: finding.code,
            severity: finding.severity,
            message: finding.message.clone(),
            places,
            help: finding.help.clone(),
        }
    }

    fn sort_key(&self) -> (Severity, Option<&Place>, Code, &str) {
        (self.severity, self.places.first(), self.code, &self.message)
    }
}

/// All findings of one load, with the texts that renderers show.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    sources: Sources,
}

impl Diagnostics {
    /// The findings, errors first, then by file, line and column.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Whether any finding makes the pack unusable.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }
}
