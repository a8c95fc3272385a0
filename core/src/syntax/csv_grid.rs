//! Grids in CSV files: values by the `csv` crate, the place of each cell by a walk over the same bytes.

use super::grid::Grid;
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::{Snippet, SourceId, Sources};

/// The grid of a CSV file.
pub(crate) fn parse(source: SourceId, delimiter: char, sources: &Sources, findings: &mut Findings) -> Option<Grid> {
    let file = sources.get(source)?;
    let start = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = file.text.get(start..).unwrap_or("");
    if text.trim().is_empty() {
        findings.push(
            Finding::error(Code::EmptyFile, sources.head(source), "this grid is empty")
                .help("write a line of column names into it, and rows below"),
        );
        return None;
    }
    let first_line = text.lines().next().unwrap_or("");
    for (other, name) in [(';', "semicolons"), (',', "commas"), ('\t', "tabs")] {
        if other != delimiter && !first_line.contains(delimiter) && first_line.contains(other) {
            let span = sources.span(source, start, start + first_line.len());
            let shown = if other == '\t' { "\\t".to_owned() } else { other.to_string() };
            findings.push(
                Finding::error(Code::GridSyntax, span, format!("the cells of this file are separated by {name}"))
                    .help(format!("say `delimiter: \"{shown}\"` beside `file:`, or save the file with `{delimiter}`")),
            );
            return None;
        }
    }
    let Ok(delimiter_byte) = u8::try_from(delimiter) else { return None };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_byte)
        .from_reader(text.as_bytes());
    let mut header: Option<Vec<Snippet>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                findings.push(Finding::error(Code::GridSyntax, sources.head(source), error.to_string()));
                return None;
            }
        };
        let at = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        let (spans, is_closed) = field_spans(text, at, delimiter, record.len());
        if !is_closed {
            let open = spans.last().map_or(at, |(from, _)| from.saturating_sub(1));
            let span = sources.span(source, start + open, start + open + 1);
            findings.push(
                Finding::error(Code::GridSyntax, span, "this quote is never closed").help("close it with another `\"`"),
            );
            return None;
        }
        let cells: Vec<Snippet> = record
            .iter()
            .zip(&spans)
            .map(|(value, (from, to))| {
                let span = sources.span(source, start + from, start + to);
                Snippet::aligned(value, text.get(*from..*to).unwrap_or(""), span).trimmed()
            })
            .collect();
        if cells.iter().all(|cell| cell.text.is_empty()) {
            continue;
        }
        match &header {
            None => header = Some(cells),
            Some(names) if names.len() != cells.len() => {
                let whole = cells
                    .first()
                    .zip(cells.last())
                    .map_or(sources.head(source), |(first, last)| first.whole().to(last.whole()));
                let message = format!("this line has {} cells, the header has {}", cells.len(), names.len());
                findings.push(Finding::error(Code::GridSyntax, whole, message).help(format!(
                    "quote a cell that holds `{delimiter}`, and give every cell of the line, empty ones too"
                )));
            }
            Some(_) => rows.push(cells),
        }
    }
    header.map(|header| Grid { header, rows })
}

/// Where the fields of a record that begins at `at` stand, inside their quotes; and whether all quotes are closed.
fn field_spans(text: &str, at: usize, delimiter: char, count: usize) -> (Vec<(usize, usize)>, bool) {
    let mut is_closed = true;
    let mut spans = Vec::with_capacity(count);
    let mut from = at + text.get(at..).unwrap_or("").chars().take_while(|c| matches!(c, '\n' | '\r')).count();
    while spans.len() < count {
        let rest = text.get(from..).unwrap_or("");
        let (value_start, value_end, end) = if rest.starts_with('"') {
            let mut close = 1;
            loop {
                match rest.get(close..).unwrap_or("").find('"') {
                    Some(found) if rest.get(close + found + 1..).unwrap_or("").starts_with('"') => close += found + 2,
                    Some(found) => {
                        close += found;
                        break;
                    }
                    None => {
                        is_closed = false;
                        close = rest.len();
                        break;
                    }
                }
            }
            let behind =
                rest.get(close..).unwrap_or("").find([delimiter, '\n']).map_or(rest.len(), |found| close + found);
            (1, close, behind)
        } else {
            let end = rest.find([delimiter, '\n', '\r']).unwrap_or(rest.len());
            (0, end, end)
        };
        spans.push((from + value_start, from + value_end.max(value_start)));
        from += end + delimiter.len_utf8();
    }
    (spans, is_closed)
}
