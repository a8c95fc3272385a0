//! What a row or rule says about itself: reasons, sources, dates.

use super::Annotations;
use super::read::{RawRow, TableReader};
use crate::check::literals;
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::Span;
use crate::syntax::Map;

/// The keys and columns of annotations.
pub(crate) const ANNOTATIONS: [&str; 5] = ["because", "source", "status", "valid_from", "valid_until"];

/// Whether a column holds annotations.
pub(super) fn is_annotation(name: &str) -> bool {
    ANNOTATIONS.contains(&name)
}

impl TableReader<'_> {
    /// Reads the annotations of a row or rule.
    pub(super) fn annotate(&mut self, row: &mut RawRow, map: &Map) {
        row.annotations = annotations(map, row.span, self.findings);
    }
}

/// What a row, rule or step that stands at `span` says about itself.
pub(crate) fn annotations(map: &Map, span: Span, findings: &mut Findings) -> Annotations {
    let mut text = |key: &str, what: &str| {
        let text = map.get(key)?.as_text(what, findings)?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let because = text("because", "`because`");
    let source = text("source", "`source`");
    let status = text("status", "`status`");
    let mut date = |key: &str, what: &str| {
        let node = map.get(key).filter(|node| node.text() != Some(""))?;
        literals::date(node, what, findings)
    };
    let valid_from = date("valid_from", "`valid_from`");
    let valid_until = date("valid_until", "`valid_until`");
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until < from
    {
        findings.push(
            Finding::error(Code::OutsideDomain, span, format!("this is valid from {from}, but only until {until}"))
                .help("swap the dates"),
        );
    }
    Annotations { because, source, status, valid_from, valid_until }
}
