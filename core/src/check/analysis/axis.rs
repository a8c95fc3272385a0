//! A column cut into pieces that no row of the table tells apart.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::boxes::Pieces;
use crate::check::pack::CheckedPack;
use crate::check::tables::{Annotations, CellTest, CheckedTable};
use crate::language::ExprKind;
use crate::value::ops::{self, Comparison};
use crate::value::show::Show;
use crate::value::{Bound, Duration, Type, Value};

/// A column and its pieces.
pub(super) struct Axis {
    pub(super) name: String,
    pub(super) pieces: Vec<Piece>,
    base: Type,
    /// The distance between neighbouring values; nothing where values lie as close as one likes.
    step: Option<Decimal>,
    /// Whether this is the day of the decision, which dated rows depend on.
    pub(super) is_today: bool,
}

/// A piece of a column's values.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    None,
    Value(Value),
    /// Any text that no row names.
    Other,
    /// Between two bounds, both left out; with equal bounds the one value.
    Between {
        low: Option<Decimal>,
        high: Option<Decimal>,
        sample: Decimal,
    },
    Point(Decimal),
    /// Not known.
    Unknown,
}

/// How a cell fares on a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    Yes,
    No,
    /// Unknown: what comes of the row depends on `on_unknown`.
    Doubt,
}

impl Axis {
    /// The axes of a table's columns, and one of days where rows are dated.
    pub(super) fn of_table(table: &CheckedTable, pack: &CheckedPack) -> Vec<Axis> {
        let mut axes: Vec<Axis> =
            (0..table.columns.len()).filter_map(|column| Axis::of_column(table, column, pack)).collect();
        let dates: BTreeSet<Decimal> = table
            .rows
            .iter()
            .flat_map(|row| [row.annotations.valid_from, row.annotations.valid_until])
            .flatten()
            .map(days)
            .collect();
        if !dates.is_empty() {
            let pieces = ordered(&dates, Some(Decimal::ONE), (None, None));
            axes.push(Axis {
                name: "today".to_owned(),
                pieces,
                base: Type::Date,
                step: Some(Decimal::ONE),
                is_today: true,
            });
        }
        axes
    }

    fn of_column(table: &CheckedTable, column: usize, pack: &CheckedPack) -> Option<Axis> {
        let checked = table.columns.get(column)?;
        let subject = &checked.subject;
        let field = match subject.kind {
            ExprKind::Slot(slot) => pack.record.fields.get(slot.0 as usize),
            _ => None,
        };
        let tests: Vec<&CellTest> = table
            .rows
            .iter()
            .flat_map(|row| &row.conditions)
            .filter_map(|condition| condition.cell.as_ref())
            .filter(|(at, _)| *at == column)
            .map(|(_, test)| test)
            .collect();
        let mut step = match &subject.base {
            Type::Integer | Type::Date | Type::Timestamp | Type::Duration(_) => Some(Decimal::ONE),
            Type::Money if field.is_some() => Some(Decimal::new(1, pack.header.currency_decimals)),
            Type::Decimal => field.and_then(|field| field.decimals).map(|decimals| Decimal::new(1, decimals)),
            _ => None,
        };
        let mut pieces = match &subject.base {
            Type::Choice(words) => words.iter().map(|word| Piece::Value(Value::Text(word.clone()))).collect(),
            Type::Boolean => vec![Piece::Value(Value::Boolean(true)), Piece::Value(Value::Boolean(false))],
            base if base.is_ordered() && *base != Type::Any => {
                let cuts: BTreeSet<Decimal> = tests.iter().flat_map(|test| bounds(test)).filter_map(measure).collect();
                let limit = |bound: Option<Bound>| match bound {
                    Some(Bound::Number(number)) => Some(number),
                    Some(Bound::Date(date)) => Some(days(date)),
                    None => None,
                };
                let domain = field.map_or((None, None), |field| (limit(field.range.min), limit(field.range.max)));
                ordered(&cuts, step, domain)
            }
            _ => {
                step = None;
                let mut named: Vec<Value> = Vec::new();
                for value in tests.iter().flat_map(|test| bounds(test)).filter(|value| !value.is_none()) {
                    if !named.contains(value) {
                        named.push(value.clone());
                    }
                }
                named.into_iter().map(Piece::Value).chain([Piece::Other]).collect()
            }
        };
        if subject.maybe_none {
            pieces.push(Piece::None);
        }
        // Any value may be given as unknown, or follow from one that is.
        pieces.push(Piece::Unknown);
        Some(Axis { name: checked.name.clone(), pieces, base: subject.base.clone(), step, is_today: false })
    }

    /// Whether a piece lies before the first or after the last date of dated rows: nothing is said of those days.
    pub(super) fn is_beyond(&self, piece: usize) -> bool {
        self.is_today
            && matches!(
                self.pieces.get(piece),
                Some(Piece::Between { low: None, .. } | Piece::Between { high: None, .. })
            )
    }

    /// How the values of a piece fare in a test.
    pub(super) fn take(&self, piece: usize, test: &CellTest) -> Take {
        let takes = match (self.pieces.get(piece), test) {
            (None, _) => false,
            (Some(Piece::Unknown), CellTest::IsUnknown) => true,
            (Some(Piece::Unknown), CellTest::IsKnown) => false,
            (Some(Piece::Unknown), _) => return Take::Doubt,
            (Some(piece), test) => self.passes(piece, test),
        };
        if takes { Take::Yes } else { Take::No }
    }

    /// Whether known values, or none, pass a test.
    fn passes(&self, piece: &Piece, test: &CellTest) -> bool {
        let value = self.value(piece);
        let is = |other: &Value| value.as_ref().is_some_and(|value| ops::compare(Comparison::Equal, value, other));
        let compares =
            |operator, other: &Value| value.as_ref().is_some_and(|value| ops::compare(operator, value, other));
        match test {
            CellTest::OneOf(values) => values.iter().any(is),
            CellTest::NoneOf(values) => !values.iter().any(is),
            CellTest::Compare(operator, other) => compares(*operator, other),
            CellTest::Range { low, high, is_inclusive } => {
                let below = if *is_inclusive { Comparison::LessOrEqual } else { Comparison::Less };
                compares(Comparison::GreaterOrEqual, low) && compares(below, high)
            }
            CellTest::IsUnknown => false,
            CellTest::IsKnown | CellTest::Computed => true,
        }
    }

    /// Whether a row holds on the days of a piece.
    pub(super) fn is_in_force(&self, piece: usize, annotations: &Annotations) -> bool {
        let day = match self.pieces.get(piece) {
            Some(Piece::Point(day) | Piece::Between { sample: day, .. }) => *day,
            _ => return true,
        };
        annotations.valid_from.is_none_or(|from| day >= days(from))
            && annotations.valid_until.is_none_or(|until| day <= days(until))
    }

    /// A value of a piece; nothing for the texts that no row names.
    fn value(&self, piece: &Piece) -> Option<Value> {
        match piece {
            Piece::None => Some(Value::None),
            Piece::Value(value) => Some(value.clone()),
            Piece::Other | Piece::Unknown => None,
            Piece::Between { sample: number, .. } | Piece::Point(number) => self.typed(*number),
        }
    }

    fn typed(&self, number: Decimal) -> Option<Value> {
        let whole = || i64::try_from(number).ok();
        match &self.base {
            Type::Integer => whole().map(Value::Integer),
            Type::Money => Some(Value::Money(number)),
            Type::Percent => Some(Value::Percent(number)),
            Type::Date => date(number).map(Value::Date),
            Type::Timestamp => chrono::DateTime::from_timestamp(whole()?, 0).map(Value::Timestamp),
            Type::Duration(unit) => whole().map(|count| Value::Duration(Duration::of(*unit, count))),
            _ => Some(Value::Decimal(number)),
        }
    }

    /// A value of a piece, for people.
    pub(super) fn shown(&self, piece: &Piece, show: Show) -> String {
        match (self.value(piece), piece) {
            (Some(value), _) => show.text(&value),
            (None, Piece::Unknown) => "unknown".to_owned(),
            (None, _) => "something else".to_owned(),
        }
    }

    /// The cell that takes these pieces, or the first run of them.
    pub(super) fn cell(&self, pieces: &Pieces, show: Show) -> String {
        if pieces.is_full() {
            return String::new();
        }
        let chosen: Vec<&Piece> =
            self.pieces.iter().enumerate().filter(|(index, _)| pieces.has(*index)).map(|(_, piece)| piece).collect();
        if chosen.iter().any(|piece| matches!(piece, Piece::Between { .. } | Piece::Point(_))) {
            return self.run(pieces, show);
        }
        if chosen.iter().any(|piece| matches!(piece, Piece::Other)) {
            let others: Vec<String> = self
                .pieces
                .iter()
                .enumerate()
                .filter(|(index, piece)| !pieces.has(*index) && matches!(piece, Piece::Value(_)))
                .map(|(_, piece)| self.shown(piece, show))
                .collect();
            return format!("not {}", others.join(", "));
        }
        // `unknown` stands alone in a cell: with others, it takes a row of its own.
        let known: Vec<&&Piece> = chosen.iter().filter(|piece| !matches!(piece, Piece::Unknown)).collect();
        if known.is_empty() {
            return "unknown".to_owned();
        }
        known.iter().map(|piece| self.shown(piece, show)).collect::<Vec<_>>().join(", ")
    }

    /// The first run of neighbouring pieces of an ordered column, as a cell.
    fn run(&self, pieces: &Pieces, show: Show) -> String {
        let start = (0..self.pieces.len()).find(|index| pieces.has(*index)).unwrap_or(0);
        let end = (start..self.pieces.len())
            .take_while(|index| {
                pieces.has(*index) && !matches!(self.pieces.get(*index), Some(Piece::None | Piece::Unknown))
            })
            .last()
            .unwrap_or(start);
        let text = |number: Decimal| self.typed(number).map(|value| show.text(&value)).unwrap_or_default();
        // Bounds: the number, and whether it is taken itself.
        let low = match self.pieces.get(start) {
            Some(Piece::Point(number)) => Some((*number, true)),
            Some(Piece::Between { low: Some(low), .. }) => match self.step {
                Some(step) => Some((*low + step, true)),
                None => Some((*low, false)),
            },
            _ => None,
        };
        let high = match self.pieces.get(end) {
            Some(Piece::Point(number)) => Some((*number, true)),
            Some(Piece::Between { high: Some(high), .. }) => match self.step {
                Some(step) if step == Decimal::ONE => Some((*high - step, true)),
                _ => Some((*high, false)),
            },
            _ => None,
        };
        match (low, high) {
            (Some((low, true)), Some((high, true))) if low == high => text(low),
            (Some((low, _)), Some((high, true))) => format!("{} to {}", text(low), text(high)),
            (Some((low, _)), Some((high, false))) => format!("{} to under {}", text(low), text(high)),
            (Some((low, is_taken)), None) => format!("{} {}", if is_taken { ">=" } else { ">" }, text(low)),
            (None, Some((high, is_taken))) => format!("{} {}", if is_taken { "<=" } else { "<" }, text(high)),
            (None, None) => String::new(),
        }
    }
}

/// The values that a test compares with.
fn bounds(test: &CellTest) -> Vec<&Value> {
    match test {
        CellTest::OneOf(values) | CellTest::NoneOf(values) => values.iter().collect(),
        CellTest::Compare(_, value) => vec![value],
        CellTest::Range { low, high, .. } => vec![low, high],
        CellTest::IsUnknown | CellTest::IsKnown | CellTest::Computed => Vec::new(),
    }
}

/// A value with an order as a number.
fn measure(value: &Value) -> Option<Decimal> {
    match value {
        Value::Integer(value) => Some((*value).into()),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => Some(*value),
        Value::Date(value) => Some(days(*value)),
        Value::Timestamp(value) => Some(value.timestamp().into()),
        Value::Duration(value) => Some(value.count().into()),
        _ => None,
    }
}

fn days(date: NaiveDate) -> Decimal {
    chrono::Datelike::num_days_from_ce(&date).into()
}

fn date(days: Decimal) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?)
}

/// The points and the stretches between them, within the domain; stretches without a value are left out.
fn ordered(cuts: &BTreeSet<Decimal>, step: Option<Decimal>, domain: (Option<Decimal>, Option<Decimal>)) -> Vec<Piece> {
    let (least, most) = domain;
    let mut points: Vec<Decimal> = cuts
        .iter()
        .copied()
        .chain(least)
        .chain(most)
        .filter(|cut| least.is_none_or(|least| *cut >= least) && most.is_none_or(|most| *cut <= most))
        .collect();
    points.sort();
    points.dedup();
    let between = |low: Option<Decimal>, high: Option<Decimal>| -> Option<Piece> {
        let near = step.unwrap_or(Decimal::ONE);
        let sample = match (low, high, step) {
            (Some(low), Some(high), Some(step)) => Some(low + step).filter(|sample| *sample < high)?,
            (Some(low), Some(high), None) => (low + high) / Decimal::TWO,
            (Some(low), None, _) => low + near,
            (None, Some(high), _) => high - near,
            (None, None, _) => Decimal::ZERO,
        };
        Some(Piece::Between { low, high, sample })
    };
    let mut pieces = Vec::new();
    if least.is_none() {
        pieces.extend(between(None, points.first().copied()));
    }
    for (index, point) in points.iter().enumerate() {
        pieces.push(Piece::Point(*point));
        if let Some(next) = points.get(index + 1) {
            pieces.extend(between(Some(*point), Some(*next)));
        } else if most.is_none() {
            pieces.extend(between(Some(*point), None));
        }
    }
    pieces
}
