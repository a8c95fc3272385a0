//! What a row or rule says about itself: reasons, sources, dates.

use super::read::{RawRow, TableReader};
use crate::check::literals;
use crate::diagnostic::{Code, Finding};
use crate::syntax::Map;

/// The keys and columns of annotations.
pub(super) const ANNOTATIONS: [&str; 5] = ["because", "source", "status", "valid_from", "valid_until"];

/// Whether a column holds annotations.
pub(super) fn is_annotation(name: &str) -> bool {
    ANNOTATIONS.contains(&name)
}

impl TableReader<'_> {
    /// Reads the annotations of a row or rule.
    pub(super) fn annotate(&mut self, row: &mut RawRow, map: &Map) {
        let mut text = |key: &str, what: &str| {
            let text = map.get(key)?.as_text(what, self.findings)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        row.annotations.because = text("because", "`because`");
        row.annotations.source = text("source", "`source`");
        row.annotations.status = text("status", "`status`");
        let mut date = |key: &str, what: &str| {
            let node = map.get(key).filter(|node| node.text() != Some(""))?;
            literals::date(node, what, self.findings)
        };
        row.annotations.valid_from = date("valid_from", "`valid_from`");
        row.annotations.valid_until = date("valid_until", "`valid_until`");
        if let (Some(from), Some(until)) = (row.annotations.valid_from, row.annotations.valid_until)
            && until < from
        {
            self.findings.push(
                Finding::error(
                    Code::OutsideDomain,
                    row.span,
                    format!("this is valid from {from}, but only until {until}"),
                )
                .help("swap the dates"),
            );
        }
    }
}
