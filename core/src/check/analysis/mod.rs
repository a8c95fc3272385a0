//! What can be proved of a table: gaps, overlaps, rows that never decide, each with a case that shows it; of contact
//! policies, that one applies to every case; and stages that no case comes to or leaves.
//!
//! Each column is cut into the pieces between which no row can tell apart; rows are boxes of pieces. Columns are taken
//! as independent of each other: where facts exclude a combination, a finding about it can be disregarded.

mod axis;
mod boxes;
mod contact;
mod stages;

use super::pack::CheckedPack;
use super::tables::{CellTest, CheckedRow, CheckedTable, Column, HitPolicy};
use crate::diagnostic::{Code, Finding, Findings};
use crate::value::ops::{self, Comparison};
use crate::value::show::Show;
use axis::{Axis, Take};
use boxes::{Box, Pieces, subtract};

/// How many boxes are looked at before a question counts as undecided.
const BOXES: usize = 4_000;
/// The most rows between which overlaps are looked for.
const ROWS: usize = 1_000;
/// How many findings of a kind a table shows.
const SHOWN: usize = 5;

/// Reports what can be proved of a pack's tables. It only adds warnings and notes: whether a pack can be used does not
/// depend on it.
pub(crate) fn analyse(pack: &CheckedPack, findings: &mut Findings) {
    let before = findings.len();
    for table in &pack.tables {
        analyse_table(table, pack, findings);
    }
    contact::analyse(pack, findings);
    for workflow in pack.workflows.iter().filter(|workflow| workflow.is_sound) {
        stages::analyse(workflow, findings);
    }
    // INVARIANT: what makes a pack unusable is never skipped with the analysis.
    debug_assert!(!findings.has_errors_since(before), "the analysis reports no errors");
}

/// Says that a pack was not analysed, so that silence is not taken for a proof.
pub(crate) fn skip_analysis(pack: &CheckedPack, findings: &mut Findings) {
    let message = "the analysis was skipped: gaps, overlaps and rows that never decide were not looked for";
    findings.push(Finding::note(Code::AnalysisLimit, pack.head, message));
}

/// Reports what can be proved of a table with a grid; nothing where a part of it was refused.
fn analyse_table(table: &CheckedTable, pack: &CheckedPack, findings: &mut Findings) {
    let is_refused = |column: &Column| column.subject.base == crate::value::Type::Any;
    if !table.is_sound || table.columns.iter().any(is_refused) || table.columns.is_empty() || table.rows.is_empty() {
        return;
    }
    if table.rows.len() > ROWS {
        let message =
            format!("this table has {} rows; gaps and overlaps are looked for up to {ROWS}", table.rows.len());
        findings.push(Finding::note(Code::AnalysisLimit, table.span, message));
        return;
    }
    let axes = Axis::of_table(table, pack);
    let show = Show { currency_decimals: pack.header.currency_decimals };
    let analysis = Analysis { table, axes, show, rows: Vec::new() };
    analysis.run(findings);
}

/// A row as a box.
struct RowBox<'a> {
    row: &'a CheckedRow,
    pieces: Box,
    /// What it keeps from later rows: its pieces, and those for which it is unknown whether it matches.
    blocks: Box,
    /// Whether the box is exact: a row with a computed cell may take less than its box.
    is_exact: bool,
}

struct Analysis<'a> {
    table: &'a CheckedTable,
    axes: Vec<Axis>,
    show: Show,
    rows: Vec<RowBox<'a>>,
}

impl<'a> Analysis<'a> {
    fn run(mut self, findings: &mut Findings) {
        self.rows = self.table.rows.iter().map(|row| self.row_box(row)).collect();
        if let Some(opaque) = self.rows.iter().find(|row| !row.is_exact)
            && self.table.hit != HitPolicy::First
        {
            findings.push(Finding::note(
                Code::AnalysisLimit,
                opaque.row.span,
                "whether this row leaves gaps or overlaps cannot be decided: a cell compares with something computed",
            ));
        }
        match self.table.hit {
            HitPolicy::Unique | HitPolicy::Any => {
                self.overlaps(findings);
                self.impossible(findings);
            }
            HitPolicy::First => self.unreachable(findings),
            _ => self.impossible(findings),
        }
        if self.table.hit.is_single() {
            self.gaps(findings);
        }
    }

    fn row_box(&self, row: &'a CheckedRow) -> RowBox<'a> {
        let mut pieces: Box = self.axes.iter().map(|axis| Pieces::all(axis.pieces.len())).collect();
        let mut blocks = pieces.clone();
        let mut is_exact = true;
        for condition in &row.conditions {
            let Some((column, test)) = &condition.cell else {
                is_exact = false;
                continue;
            };
            is_exact &= !matches!(test, CellTest::Computed);
            if let (Some(axis), Some(slot), Some(blocked)) =
                (self.axes.get(*column), pieces.get_mut(*column), blocks.get_mut(*column))
            {
                slot.keep(|piece| axis.take(piece, test) == Take::Yes);
                blocked.keep(|piece| match axis.take(piece, test) {
                    Take::Yes => true,
                    Take::No => false,
                    Take::Doubt => !row.skips_unknown,
                });
            }
        }
        for boxes in [&mut pieces, &mut blocks] {
            if let Some((axis, slot)) = self.axes.iter().zip(boxes).find(|(axis, _)| axis.is_today) {
                slot.keep(|piece| axis.is_in_force(piece, &row.annotations));
            }
        }
        RowBox { row, pieces, blocks, is_exact }
    }

    /// Rows that no case can meet.
    fn impossible(&self, findings: &mut Findings) {
        for row in &self.rows {
            if row.pieces.iter().any(Pieces::is_empty) {
                findings.push(
                    Finding::warning(
                        Code::UnreachableRow,
                        row.row.span,
                        format!("no case can match `{}`", self.id(row.row)),
                    )
                    .help("check its cells against the values that the columns can have"),
                );
            }
        }
    }

    fn overlaps(&self, findings: &mut Findings) {
        let mut found = 0;
        for (index, second) in self.rows.iter().enumerate() {
            for first in self.rows.iter().take(index) {
                if !first.is_exact || !second.is_exact {
                    continue;
                }
                if self.table.hit == HitPolicy::Any && !self.differ(first.row, second.row) {
                    continue;
                }
                if first.pieces.iter().zip(&second.pieces).any(|(a, b)| a.is_apart_from(b)) {
                    continue;
                }
                found += 1;
                if found > SHOWN {
                    continue;
                }
                let common: Box = first.pieces.iter().zip(&second.pieces).map(|(a, b)| a.and(b)).collect();
                let what = if self.table.hit == HitPolicy::Any { "differ and take" } else { "take" };
                findings.push(
                    Finding::warning(
                        Code::Overlap,
                        second.row.span,
                        format!(
                            "`{}` and `{}` both {what} {}",
                            self.id(first.row),
                            self.id(second.row),
                            self.witness(&common)
                        ),
                    )
                    .also(first.row.span, "the other row")
                    .help(format!("narrow one of them: with `hit: {}` such a case is an error", self.table.hit.name())),
                );
            }
        }
        if found > SHOWN {
            findings.push(Finding::note(
                Code::AnalysisLimit,
                self.table.span,
                format!("{} more pairs of rows overlap in this table", found - SHOWN),
            ));
        }
    }

    /// Whether the outputs of two rows are known to differ.
    fn differ(&self, a: &CheckedRow, b: &CheckedRow) -> bool {
        a.outputs.iter().zip(&b.outputs).any(|(a, b)| match (a.literal_value(), b.literal_value()) {
            (Some(a), Some(b)) => !ops::compare(Comparison::Equal, a, b),
            _ => false,
        })
    }

    /// Rows of a first-hit table that earlier ones leave nothing.
    fn unreachable(&self, findings: &mut Findings) {
        self.impossible(findings);
        for (index, row) in self.rows.iter().enumerate() {
            if row.pieces.iter().any(Pieces::is_empty) {
                continue;
            }
            let earlier: Vec<&RowBox<'_>> = self.rows.iter().take(index).filter(|earlier| earlier.is_exact).collect();
            let Some(left) = self.left(vec![row.pieces.clone()], &earlier) else {
                self.undecided("rows that never decide", BOXES, "combinations", findings);
                return;
            };
            if !left.is_empty() {
                continue;
            }
            let whole = earlier
                .iter()
                .find(|earlier| row.pieces.iter().zip(&earlier.blocks).all(|(mine, theirs)| mine.is_within(theirs)));
            let mut finding = Finding::warning(
                Code::UnreachableRow,
                row.row.span,
                match whole {
                    Some(first) => format!(
                        "`{}` never decides: `{}` takes all of its cases first",
                        self.id(row.row),
                        self.id(first.row)
                    ),
                    None => format!("`{}` never decides: the rows before it take all of its cases", self.id(row.row)),
                },
            )
            .help("move it up, narrow the rows before it, or remove it");
            if let Some(first) = whole {
                finding = finding.also(first.row.span, "this row takes them");
            }
            findings.push(finding);
        }
    }

    /// Cases that no row takes; where there are none, an `otherwise` row has nothing to do.
    fn gaps(&self, findings: &mut Findings) {
        let covering: Vec<&RowBox<'_>> = self.rows.iter().filter(|row| row.is_exact).collect();
        let mut everything: Box = self.axes.iter().map(|axis| Pieces::all(axis.pieces.len())).collect();
        if self.table.otherwise.is_none() {
            for (axis, pieces) in self.axes.iter().zip(&mut everything) {
                pieces.keep(|piece| !axis.is_beyond(piece));
            }
        }
        let Some(left) = self.left(vec![everything], &covering) else {
            if self.table.otherwise.is_none() {
                self.undecided("gaps", BOXES, "combinations", findings);
            }
            return;
        };
        if let Some(otherwise) = &self.table.otherwise {
            if left.is_empty() {
                findings.push(
                    Finding::warning(
                        Code::UnreachableRow,
                        otherwise.span,
                        "`otherwise` never decides: the other rows take every case",
                    )
                    .help("remove it, or narrow a row"),
                );
            }
            return;
        }
        if let Some(opaque) = self.rows.iter().find(|row| !row.is_exact) {
            // Rows with computed cells may fill what seems to be a gap. Of other tables it was said already.
            if self.table.hit == HitPolicy::First && !left.is_empty() {
                findings.push(Finding::note(
                    Code::AnalysisLimit,
                    opaque.row.span,
                    "whether this table has gaps cannot be decided: a cell of this row compares with something computed",
                ));
            }
            return;
        }
        for gap in left.iter().take(SHOWN) {
            let cells: Vec<String> = self
                .axes
                .iter()
                .zip(gap)
                .filter(|(axis, _)| !axis.is_today)
                .map(|(axis, pieces)| axis.cell(pieces, self.show))
                .collect();
            findings.push(
                Finding::warning(Code::Gap, self.table.span, format!("no row takes {}", self.witness(gap)))
                    .help(format!("add an `otherwise` row, or a row with the cells `| {} |`", cells.join(" | "))),
            );
        }
        if left.len() > SHOWN {
            let message =
                format!("{} more combinations of cells are taken by no row of this table", left.len() - SHOWN);
            findings.push(Finding::note(Code::AnalysisLimit, self.table.span, message));
        }
    }

    /// What rows leave of some boxes; nothing where too many boxes come about.
    fn left(&self, mut boxes: Vec<Box>, rows: &[&RowBox<'_>]) -> Option<Vec<Box>> {
        for row in rows {
            let mut rest = Vec::with_capacity(boxes.len());
            for whole in boxes {
                subtract(whole, &row.blocks, &mut rest);
            }
            boxes = rest;
            if boxes.len() > BOXES {
                return None;
            }
        }
        Some(boxes)
    }

    fn undecided(&self, what: &str, limit: usize, unit: &str, findings: &mut Findings) {
        findings.push(Finding::note(
            Code::AnalysisLimit,
            self.table.span,
            format!("whether this table has {what} was not decided: it needs more than {limit} {unit}"),
        ));
    }

    /// A case out of a box.
    fn witness(&self, pieces: &Box) -> String {
        let parts: Vec<String> = self
            .axes
            .iter()
            .zip(pieces)
            .filter_map(|(axis, pieces)| {
                let value = axis.pieces.get(pieces.first()?)?;
                Some(format!("{} {}", axis.name, axis.shown(value, self.show)))
            })
            .collect();
        parts.join(", ")
    }

    fn id<'r>(&self, row: &'r CheckedRow) -> &'r str {
        row.id.rsplit('/').next().unwrap_or("")
    }
}
