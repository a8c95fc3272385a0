//! Diagnostics as text for a terminal (with carets), as one-liners, and as JSON.

use std::collections::BTreeMap;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::SourceId;

/// Lines longer than this are shown without their text: a caret in a page-wide line helps nobody.
const LONGEST_LINE: usize = 400;
/// Lines that the renderer gets before and behind the places; it folds them away.
const AROUND: u32 = 2;

impl Diagnostics {
    /// Text for a terminal: message, source lines with carets, help. `colour` adds ANSI colours.
    pub fn render_text(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let mut text = String::new();
        for diagnostic in &self.list {
            let report = self.report(diagnostic);
            text.push_str(&renderer.render(&report));
            text.push_str("\n\n");
        }
        text
    }

    /// One line a finding: `path:line:column: error[code]: message; help`.
    pub fn render_short(&self) -> String {
        let mut text = String::new();
        for diagnostic in &self.list {
            if let Some(place) = diagnostic.places.first() {
                text.push_str(&format!("{}:{}:{}: ", place.path, place.line, place.column));
            }
            text.push_str(&format!(
                "{}[{}]: {}",
                diagnostic.severity.word(),
                diagnostic.code.slug(),
                diagnostic.message
            ));
            if let Some(help) = &diagnostic.help {
                text.push_str(&format!("; help: {help}"));
            }
            text.push('\n');
        }
        text
    }

    /// A JSON array of findings: code, severity, message, places, help.
    pub fn to_json(&self) -> Value {
        Value::Array(self.list.iter().map(diagnostic_json).collect())
    }

    fn report<'a>(&'a self, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let mut group = level.primary_title(&diagnostic.message).id(diagnostic.code.slug()).elements([] as [Snippet<
            '_,
            annotate_snippets::Annotation<'_>,
        >;
            0]);
        let mut by_file: BTreeMap<(usize, SourceId), Vec<(usize, &super::Place)>> = BTreeMap::new();
        let mut order: Vec<SourceId> = Vec::new();
        for (index, place) in diagnostic.places.iter().enumerate() {
            let position = order.iter().position(|id| *id == place.span.source).unwrap_or_else(|| {
                order.push(place.span.source);
                order.len() - 1
            });
            by_file.entry((position, place.span.source)).or_default().push((index, place));
        }
        for ((_, id), places) in by_file {
            let Some(source) = self.sources.get(id) else { continue };
            let showable = places.iter().all(|(_, place)| {
                let (line, _) = self.sources.lines(id, place.line, place.line);
                line.trim_end_matches(['\r', '\n']).len() <= LONGEST_LINE
            });
            if source.text.is_empty() || !showable {
                let place = places[0].1;
                group = group.element(
                    annotate_snippets::Origin::path(&source.path)
                        .line(place.line as usize)
                        .char_column(place.column as usize),
                );
                continue;
            }
            // The renderer reads all that it is given, at each finding: only the lines around the places are.
            let first = places.iter().map(|(_, place)| place.line).min().unwrap_or(1).saturating_sub(AROUND).max(1);
            let last = places.iter().map(|(_, place)| place.end_line).max().unwrap_or(1).saturating_add(AROUND);
            let (shown, from) = self.sources.lines(id, first, last);
            // A byte-order mark takes no column: it is not shown, and places move to the left.
            let (shown, from) = match shown.strip_prefix('\u{feff}').filter(|_| from == 0) {
                Some(behind) => (behind, shown.len() - behind.len()),
                None => (shown, from),
            };
            let annotations = places.into_iter().map(|(index, place)| {
                let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let start = (place.span.start as usize).saturating_sub(from).min(shown.len());
                let end = (place.span.end as usize).saturating_sub(from).clamp(start, shown.len());
                let annotation = kind.span(start..end);
                if place.text.is_empty() { annotation } else { annotation.label(&place.text) }
            });
            group = group
                .element(Snippet::source(shown).line_start(first as usize).path(&source.path).annotations(annotations));
        }
        let mut report = vec![group];
        if let Some(help) = &diagnostic.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help)));
        }
        report
    }
}

/// Whether text for a terminal carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    let places: Vec<Value> = diagnostic
        .places
        .iter()
        .map(|place| {
            json!({
                "path": place.path,
                "line": place.line,
                "column": place.column,
                "end_line": place.end_line,
                "end_column": place.end_column,
                "text": place.text,
            })
        })
        .collect();
    json!({
        "code": diagnostic.code.slug(),
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "places": places,
        "help": diagnostic.help,
    })
}
