//! Text grids, in the form that Markdown shows as a table, into rows of cells that keep their places.

use super::node::{Node, NodeKind, Scalar, Style};
use crate::diagnostic::{Code, Finding, Findings};
use crate::source::{Snippet, Span};

/// A header and rows, all of the same length.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) header: Vec<Snippet>,
    pub(crate) rows: Vec<Vec<Snippet>>,
}

impl Grid {
    /// The grid in a block of text; what is wrong with it is reported, and good rows are kept.
    pub(crate) fn parse(node: &Node, findings: &mut Findings) -> Option<Grid> {
        let NodeKind::Scalar(scalar) = &node.kind else {
            findings.push(
                Finding::error(
                    Code::WrongKind,
                    node.span,
                    format!("`grid` is a block of text, but this is {}", node.word()),
                )
                .help("write `grid: |` and the table indented below it"),
            );
            return None;
        };
        let mut lines = lines_of(scalar);
        let Some(first) = lines.next() else {
            findings.push(
                Finding::error(Code::GridSyntax, node.span, "this grid is empty")
                    .help("write its header and rows below `grid: |`"),
            );
            return None;
        };
        let header = cells(&first, findings)?;
        let Some(rule) = lines.next() else {
            findings.push(
                Finding::error(Code::GridSyntax, first.whole(), "this grid has a header and nothing else")
                    .help("add a line like `|---|---|`, and rows below it"),
            );
            return None;
        };
        let is_rule = |line: &Snippet| line.text.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
        let mut pending = None;
        if !is_rule(&rule) {
            findings.push(
                Finding::error(Code::GridSyntax, rule.whole(), "the second line of a grid is its rule")
                    .help("put a line like `|---|---|` below the header"),
            );
            pending = Some(rule);
        } else if let Some(rule_cells) = cells(&rule, findings)
            && rule_cells.len() != header.len()
        {
            findings.push(count_mismatch(&rule, rule_cells.len(), header.len(), first.whole()));
        }
        let mut rows = Vec::new();
        for line in pending.into_iter().chain(lines) {
            let Some(row) = cells(&line, findings) else { continue };
            if row.len() != header.len() {
                findings.push(count_mismatch(&line, row.len(), header.len(), first.whole()));
                continue;
            }
            rows.push(row);
        }
        Some(Grid { header, rows })
    }
}

fn lines_of(scalar: &Scalar) -> impl Iterator<Item = Snippet> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in scalar.snippet.text.split_inclusive('\n') {
        let snippet = scalar.snippet.trimmed_slice(start, start + line.len());
        if !snippet.text.is_empty() {
            lines.push(snippet);
        }
        start += line.len();
    }
    lines.into_iter()
}

/// The cells between the bars of a line. `\|` is not a bar but an error, so that a cell never holds one.
fn cells(line: &Snippet, findings: &mut Findings) -> Option<Vec<Snippet>> {
    let text = &line.text;
    if !text.starts_with('|') || !text.ends_with('|') || text.len() < 2 {
        findings.push(
            Finding::error(Code::GridSyntax, line.whole(), "a line of a grid begins and ends with `|`")
                .help("put a `|` at both ends of the line"),
        );
        return None;
    }
    let mut cells = Vec::new();
    let mut start = 1;
    for (at, _) in text.char_indices().skip(1).filter(|(_, c)| *c == '|') {
        cells.push(line.trimmed_slice(start, at));
        start = at + 1;
    }
    Some(cells)
}

fn count_mismatch(line: &Snippet, found: usize, wanted: usize, header: Span) -> Finding {
    Finding::error(Code::GridSyntax, line.whole(), format!("this line has {found} cells, the header has {wanted}"))
        .also(header, "the header")
        .help(if found > wanted {
            "a `|` inside a cell splits it: give the expression a name as a fact and use that"
        } else {
            "add the missing cells; an empty cell is `|  |`"
        })
}

/// The cell as a node.
pub(crate) fn cell_node(cell: Snippet) -> Node {
    Node::scalar(cell, Style::Cell)
}
