//! Tables: columns, rows that take apart what the columns may be, and cells of every form.

use std::sync::Arc;

use chrono::NaiveDate;

use super::fields::yaml;
use super::outputs::Output;
use super::scope::{Name, Writer};
use super::values::{self, cell};
use crate::check::tables::HitPolicy;
use crate::value::ops::{self, Comparison};
use crate::value::{DurationUnit, Type, Value};

/// A grid under construction.
struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    fn yaml(&self, indent: &str) -> String {
        let line = |cells: &[String]| format!("{indent}| {} |\n", cells.join(" | "));
        let rule: Vec<String> = self.header.iter().map(|_| "---".to_owned()).collect();
        let mut text = line(&self.header);
        text.push_str(&line(&rule));
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }
}

impl Writer {
    /// A table as YAML below its name, without the name; its outputs are added to the scope behind `prefix`.
    pub(super) fn table(&mut self, prefix: &str, days: &[NaiveDate]) -> String {
        let is_segmentation = prefix.is_empty();
        let indent = if is_segmentation { "  " } else { "    " };
        let hit = self.hit_policy(is_segmentation);
        let outputs = self.outputs(hit);
        let count = match self.random.below(100) {
            0..93 => 1 + self.random.below(12),
            93..98 => 70 + self.random.below(60),
            _ => 129 + self.random.below(172),
        };
        let columns = self.columns(count);
        let skips = self.random.chance(10);
        let has_dates = self.random.chance(25);
        let mut grid = Grid { header: vec!["row".to_owned()], rows: Vec::new() };
        grid.header.extend(columns.iter().map(|column| column.path.clone()));
        if has_dates {
            grid.header.extend(["valid_from".to_owned(), "valid_until".to_owned()]);
        }
        grid.header.extend(outputs.iter().map(|output| format!("then {}", output.field.name)));
        let pieces = self.pieces(&columns, count);
        // Nothing but the pieces, so that a case meets one row.
        let count = match &pieces {
            Some(pieces) if self.random.chance(if hit == HitPolicy::Unique { 85 } else { 30 }) => {
                pieces.len().min(count)
            }
            _ => count,
        };
        // Rows that take the cases apart, rows that agree in all they do not ask, and anything.
        let density = *self.random.pick(&[10, 30, 60, 85]);
        let has_same_outputs = hit == HitPolicy::Any && self.random.chance(60);
        let mut given: Vec<String> = Vec::new();
        self.is_in_grid = true;
        for index in 0..count {
            let mut row = vec![format!("r{index}")];
            for (position, column) in columns.iter().enumerate() {
                let piece = pieces.as_ref().filter(|_| position == 0).and_then(|pieces| pieces.get(index));
                row.push(match piece {
                    Some(piece) => piece.clone(),
                    None if self.random.chance(density) => self.cell(column),
                    None => String::new(),
                });
            }
            if has_dates {
                row.extend(self.dates(days).map(|date| date.map_or(String::new(), |date| date.to_string())));
            }
            if !has_same_outputs || given.is_empty() || self.random.chance(10) {
                given = outputs.iter().map(|output| self.given(output)).collect();
            }
            row.extend(given.iter().cloned());
            grid.rows.push(row);
        }
        if hit.is_single() && self.random.chance(55) {
            let blanks = columns.len() + if has_dates { 2 } else { 0 };
            let mut row = vec!["otherwise".to_owned()];
            row.extend(std::iter::repeat_n(String::new(), blanks));
            row.extend(outputs.iter().map(|output| self.given(output)));
            grid.rows.push(row);
        }
        self.is_in_grid = false;
        let mut text = format!("{indent}hit: {}\n", hit.name());
        if skips {
            text.push_str(&format!("{indent}on_unknown: skip\n"));
        }
        text.push_str(&self.outputs_yaml(&outputs, indent));
        text.push_str(&format!("{indent}grid: |\n{}", grid.yaml(&format!("{indent}  "))));
        self.add_outputs(prefix, hit, &outputs);
        text
    }

    pub(super) fn outputs_yaml(&self, outputs: &[Output], indent: &str) -> String {
        let mut text = format!("{indent}outputs:\n");
        for output in outputs {
            text.push_str(&format!("{indent}  {}: {}\n", output.field.name, yaml(&output.field)));
        }
        text
    }

    /// The results, as later rules read them.
    pub(super) fn add_outputs(&mut self, prefix: &str, hit: HitPolicy, outputs: &[Output]) {
        for output in outputs {
            let (base, maybe_none) = hit.result(&output.field.base, output.field.maybe_none());
            let path = match prefix {
                "" => output.field.name.to_string(),
                prefix => format!("{prefix}.{}", output.field.name),
            };
            self.add(Name { path, base, maybe_none, range: Default::default(), origin: None });
        }
    }

    pub(super) fn hit_policy(&mut self, is_segmentation: bool) -> HitPolicy {
        if is_segmentation && self.random.chance(60) {
            return HitPolicy::First;
        }
        self.random.pick(&HitPolicy::NAMED).1
    }

    /// From when and until when a row counts: mostly near the days of the decisions.
    pub(super) fn dates(&mut self, days: &[NaiveDate]) -> [Option<NaiveDate>; 2] {
        let mut near = || values::moved(*self.random.pick(days), self.random.between(-2, 2));
        let (a, b) = (near(), near());
        match self.random.below(10) {
            0..4 => [None, None],
            4..6 => [Some(a), None],
            6..8 => [None, Some(a)],
            _ => [Some(a.min(b)), Some(a.max(b))],
        }
    }

    /// What a grid asks: mostly fields and facts of types that have cells, each once.
    fn columns(&mut self, rows: usize) -> Vec<Name> {
        let most = if rows > 60 { 3 } else { 1 + self.random.weighted(&[3, 5, 5, 2, 1]) };
        let wanted = if self.random.chance(4) { 0 } else { most };
        let mut columns: Vec<Name> = Vec::new();
        for _ in 0..wanted * 3 {
            let many = self.random.chance(8);
            let name = match self.random.below(100) {
                0..3 => Some(self.special_column()),
                // The first fields stand in many tables.
                3..30 => {
                    let few = self.scope.len().min(5);
                    self.scope.get(self.random.below(few)).cloned()
                }
                _ => self.named_that(|name| many || !matches!(name.base, Type::List(_) | Type::Record(_))),
            };
            let Some(mut name) = name else { continue };
            if name.base == Type::Integer && self.random.chance(3) {
                name.path.push_str(".days");
                (name.base, name.origin, name.range) = (Type::Duration(DurationUnit::Days), None, Default::default());
            }
            if !columns.iter().any(|column| column.path == name.path) {
                columns.push(name);
            }
            if columns.len() == wanted {
                break;
            }
        }
        columns
    }

    fn special_column(&mut self) -> Name {
        let (path, base) = match self.random.chance(50) {
            true => ("today", Type::Date),
            false => ("as_of", Type::Timestamp),
        };
        Name { path: path.to_owned(), base, maybe_none: false, range: Default::default(), origin: None }
    }

    /// Cells that take a column apart, one a row, so that each case meets one of them; sometimes.
    fn pieces(&mut self, columns: &[Name], rows: usize) -> Option<Vec<String>> {
        let column = columns.first()?;
        if !self.random.chance(if rows > 60 { 90 } else { 60 }) {
            return None;
        }
        match &column.base {
            Type::Choice(words) => {
                let cells = words.chunks(words.len().div_ceil(rows)).map(|chunk| chunk.join(", ")).collect();
                Some(cells)
            }
            Type::Boolean => Some(vec!["true".to_owned(), "false".to_owned()]),
            base if base.is_ordered() => {
                let mut borders = self.borders_of(column, rows.saturating_sub(1));
                borders.sort_by(|a, b| ops::order(a, b).unwrap_or(std::cmp::Ordering::Equal));
                borders.dedup_by(|a, b| ops::compare(Comparison::Equal, a, b));
                for border in &borders {
                    self.remember(column.origin.as_ref(), border);
                }
                let cells: Vec<String> = borders.iter().map(|border| cell(border, base)).collect();
                let (first, last) = (cells.first()?, cells.last()?);
                let mut pieces = Vec::new();
                if !self.never_below(column, borders.first()?) {
                    pieces.push(format!("< {first}"));
                }
                pieces.extend(cells.windows(2).map(|pair| format!("{} to under {}", pair[0], pair[1])));
                pieces.push(format!(">= {last}"));
                Some(pieces)
            }
            _ => None,
        }
    }

    fn never_below(&self, column: &Name, border: &Value) -> bool {
        crate::value::text::never_holds(Comparison::Less, border, &column.range).is_some()
    }

    /// Values at which a column is cut: borders, and steps from one of them where many are wanted.
    fn borders_of(&mut self, column: &Name, count: usize) -> Vec<Value> {
        let mut borders: Vec<Value> = (0..count.clamp(1, 6)).map(|_| self.threshold(column)).collect();
        let start = borders.first().cloned().unwrap_or(Value::None);
        for step in borders.len()..count {
            let step = i64::try_from(step).expect("small") * 7;
            let next = match &start {
                Value::Integer(value) => Value::Integer(value.saturating_add(step)),
                Value::Date(date) => Value::Date(values::moved(*date, step)),
                Value::Timestamp(instant) => Value::Timestamp(values::later(*instant, step * 3_600)),
                Value::Money(value) => {
                    ops::arithmetic(ops::Arithmetic::Add, &Value::Money(*value), &Value::Money(step.into()), None)
                        .unwrap_or(start.clone())
                }
                Value::Decimal(value) => {
                    ops::arithmetic(ops::Arithmetic::Add, &Value::Decimal(*value), &Value::Integer(step), None)
                        .unwrap_or(start.clone())
                }
                other => other.clone(),
            };
            if crate::value::text::within(&next, &column.range).is_ok() {
                borders.push(next);
            }
        }
        borders
    }

    /// A cell of any form that the column's type has.
    pub(super) fn cell(&mut self, column: &Name) -> String {
        match self.random.below(100) {
            0..4 => return "unknown".to_owned(),
            4..8 => return "known".to_owned(),
            8..18 if column.maybe_none => return "none".to_owned(),
            _ => {}
        }
        match &column.base {
            Type::List(_) | Type::Record(_) | Type::Any => "known".to_owned(),
            Type::Choice(words) => {
                let some: Vec<Arc<str>> =
                    (0..1 + self.random.below(3)).map(|_| self.random.pick(words).clone()).collect();
                self.among(some.join(", "), column)
            }
            Type::Boolean => {
                let word = self.random.chance(50).to_string();
                self.among(word, column)
            }
            base if base.is_ordered() => match self.random.below(10) {
                0..2 => self.values_cell(column),
                2..5 => self.range_cell(column),
                _ => self.compare_cell(column),
            },
            _ => self.values_cell(column),
        }
    }

    fn among(&mut self, values: String, column: &Name) -> String {
        match self.random.below(10) {
            0..3 => format!("not {values}"),
            3 if column.maybe_none => format!("{values}, none"),
            _ => values,
        }
    }

    fn values_cell(&mut self, column: &Name) -> String {
        let count = 1 + self.random.below(3);
        let values: Vec<String> = (0..count).map(|_| cell(&self.threshold(column), &column.base)).collect();
        self.among(values.join(", "), column)
    }

    fn range_cell(&mut self, column: &Name) -> String {
        let (a, b) = (self.threshold(column), self.threshold(column));
        let (low, high) = if ops::compare(Comparison::Less, &a, &b) { (a, b) } else { (b, a) };
        let is_one = ops::compare(Comparison::Equal, &low, &high);
        let under = if !is_one && self.random.chance(50) { "under " } else { "" };
        if self.random.chance(10)
            && let Some(other) = self.named(&column.base)
        {
            return format!("{} to {under}{}", cell(&low, &column.base), other.path);
        }
        format!("{} to {under}{}", cell(&low, &column.base), cell(&high, &column.base))
    }

    fn compare_cell(&mut self, column: &Name) -> String {
        let (symbol, operator) = *self.random.pick(&[
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ]);
        if self.random.chance(22) {
            let depth = self.random.below(3);
            let other = self.expr(&column.base, depth);
            if other.literal.is_none() && !other.text.contains('"') {
                // Ten characters with two dashes are read as a date.
                let looks_like_date = other.text.len() == 10 && other.text.matches('-').count() == 2;
                let text = if looks_like_date { format!("({})", other.text) } else { other.text };
                return format!("{symbol} {text}");
            }
        }
        let value = self.threshold(column);
        if crate::value::text::never_holds(operator, &value, &column.range).is_some() {
            return cell(&value, &column.base);
        }
        format!("{symbol} {}", cell(&value, &column.base))
    }
}
