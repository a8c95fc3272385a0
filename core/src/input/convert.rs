//! Rows into records: columns renamed, texts mapped, dates and numbers of other forms read, formulas computed.

use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use rust_decimal::Decimal;

use super::CaseSource;
use super::csv_rows::CsvCells;
use crate::check::inputs::{CheckedInput, ColumnSource, FormulaSource, InputField, Part};
use crate::diagnostic::did_you_mean;
use crate::eval;
use crate::record::{Problem, Raw, RecordReader, Surroundings, json};
use crate::value::show::Show;
use crate::value::{Absence, Failure, Field, RecordType, Type, Value};

/// The content of a row.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// Cells of a CSV file, in the order of its header.
    Cells { header: Arc<[String]>, cells: Vec<String> },
    /// Named values of a JSON object.
    Named(Vec<(String, Raw)>),
}

impl Row {
    /// The value of a column; nothing where the row has no such column.
    fn get(&self, column: &str) -> Option<Raw> {
        match self {
            Row::Cells { header, cells } => {
                let index = header.iter().position(|name| name == column)?;
                cells.get(index).map(|cell| if cell.is_empty() { Raw::Absent } else { Raw::Plain(cell.clone()) })
            }
            Row::Named(entries) => entries.iter().find(|(name, _)| name == column).map(|(_, raw)| raw.clone()),
        }
    }

    fn columns(&self) -> Vec<&str> {
        match self {
            Row::Cells { header, .. } => header.iter().map(String::as_str).collect(),
            Row::Named(entries) => entries.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }
}

/// The cells of a line of CSV; a message where they are not what the header says.
pub(super) fn cells(found: &CsvCells<'_>, header: &Arc<[String]>) -> Result<Row, String> {
    if found.len() != header.len() {
        return Err(format!("this line has {} columns, the header has {}", found.len(), header.len()));
    }
    let mut cells = Vec::with_capacity(found.len());
    for (cell, column) in found.iter().zip(header.iter()) {
        match std::str::from_utf8(cell) {
            Ok(text) => cells.push(text.to_owned()),
            Err(_) => return Err(format!("the column `{column}` is not UTF-8 text")),
        }
    }
    Ok(Row::Cells { header: header.clone(), cells })
}

/// The columns that a file must have.
pub(super) fn required_columns(input: &CheckedInput, record: &RecordType) -> Vec<String> {
    let mut wanted = Vec::new();
    for (source, field) in input.fields.iter().zip(&record.fields) {
        match source {
            InputField::Column(source) if source.is_required || matches!(field.absence, Absence::Refused) => {
                wanted.push(source.column.clone());
            }
            InputField::Column(_) => {}
            InputField::Formula(formula) => wanted.extend(formula.columns.iter().map(|column| column.name.to_string())),
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted
}

/// The text of a row's key.
pub(super) fn key(row: &Row, source: &CaseSource) -> Option<String> {
    let index = source.record.key_index()?;
    match source.input.fields.get(index)? {
        InputField::Column(column) => match taken(column, row.get(&column.column)?).ok()? {
            Raw::Plain(text) | Raw::Text(text) | Raw::Number(text) => Some(text),
            _ => None,
        },
        InputField::Formula(_) => None,
    }
}

/// What a row says of one field, whatever it says of the others; nothing where that cannot be told.
pub(super) fn field(row: &Row, source: &CaseSource, index: usize) -> Option<Raw> {
    let field = source.record.fields.get(index)?;
    match source.input.fields.get(index)? {
        InputField::Column(source) => column(source, field, row.get(&source.column)).ok(),
        InputField::Formula(_) => None,
    }
}

/// The record of a row.
pub(super) fn record(row: &Row, source: &CaseSource, as_of: DateTime<Utc>) -> Result<Raw, Vec<Problem>> {
    let mut problems = Vec::new();
    let is_plain = source.input.name.is_empty();
    let mut entries: Vec<(String, Raw)> = Vec::with_capacity(source.record.fields.len());
    if is_plain && let Row::Named(named) = row {
        return Ok(Raw::Map(named.clone()));
    }
    if let Row::Named(_) = row
        && !source.input.ignores_unknown_columns
    {
        let known = crate::check::inputs::columns(&source.input);
        for column in row.columns() {
            if !known.iter().any(|name| **name == *column) && !source.input.ignore.iter().any(|name| name == column) {
                let help = did_you_mean(column, known.iter().map(|name| &**name));
                problems.push(Problem::new(column, format!("nothing reads the column `{column}`"), help));
            }
        }
    }
    for (field_source, field) in source.input.fields.iter().zip(&source.record.fields) {
        let raw = match field_source {
            InputField::Column(source) => column(source, field, row.get(&source.column)),
            InputField::Formula(computed) => formula(computed, field, row, source, as_of),
        };
        match raw {
            Ok(Raw::Absent) => {}
            Ok(raw) => entries.push((field.name.to_string(), raw)),
            Err(mut found) => {
                for problem in &mut found {
                    if problem.path.is_empty() {
                        problem.path = field.name.to_string();
                    }
                }
                problems.append(&mut found);
            }
        }
    }
    if problems.is_empty() { Ok(Raw::Map(entries)) } else { Err(problems) }
}

fn problem(message: String, help: &str) -> Vec<Problem> {
    let help = (!help.is_empty()).then(|| help.to_owned());
    vec![Problem::new("", message, help)]
}

/// What a field is given by the value of its column; nothing where the row has no such column.
pub(super) fn column(source: &ColumnSource, field: &Field, raw: Option<Raw>) -> Result<Raw, Vec<Problem>> {
    match taken(source, raw.unwrap_or(Raw::Absent))? {
        Raw::Absent if source.values.is_none() => Ok(Raw::Absent),
        raw => column_value(source, field, raw),
    }
}

/// What of a column's value is meant: its part, and nothing where a text stands for an empty cell.
fn taken(source: &ColumnSource, raw: Raw) -> Result<Raw, Vec<Problem>> {
    let mut taken = unless_empty(source, raw);
    for step in &source.part {
        let inside = match (taken, step) {
            (Raw::Absent, _) => return Ok(Raw::Absent),
            (Raw::Unknown, _) => return Ok(Raw::Unknown),
            (Raw::List(items), Part::Item(place)) => items.into_iter().nth(*place),
            (Raw::Map(entries), Part::Key(key)) => {
                entries.into_iter().find(|(name, _)| name == key).map(|(_, raw)| raw)
            }
            (other, Part::Item(place)) => {
                let message = format!("this is {}, so it has no item {place}", other.word());
                return Err(problem(message, "`part` of the input is for lists and records of JSON rows"));
            }
            (other, Part::Key(key)) => {
                let message = format!("this is {}, so it has no `{key}`", other.word());
                return Err(problem(message, "`part` of the input is for lists and records of JSON rows"));
            }
        };
        taken = unless_empty(source, inside.unwrap_or(Raw::Absent));
    }
    Ok(taken)
}

fn unless_empty(source: &ColumnSource, raw: Raw) -> Raw {
    let stands_for_nothing = |text: &str| source.empty.iter().any(|empty| empty == text);
    let is_empty = match &raw {
        Raw::Plain(text) | Raw::Text(text) | Raw::Number(text) => stands_for_nothing(text),
        Raw::Boolean(true) => stands_for_nothing("true"),
        Raw::Boolean(false) => stands_for_nothing("false"),
        _ => false,
    };
    if is_empty { Raw::Absent } else { raw }
}

fn column_value(source: &ColumnSource, field: &Field, raw: Raw) -> Result<Raw, Vec<Problem>> {
    let text = match &raw {
        Raw::Plain(text) | Raw::Text(text) | Raw::Number(text) => text.as_str(),
        Raw::Boolean(true) => "true",
        Raw::Boolean(false) => "false",
        Raw::Absent => "",
        _ => return Ok(raw),
    };
    let shown = |text: &str| if field.private { "this value".to_owned() } else { format!("`{text}`") };
    if let Some(values) = &source.values {
        return match values.iter().find(|(written, _)| written == text) {
            Some((_, value)) => Ok(value.clone()),
            None if raw == Raw::Absent => Ok(raw),
            None => {
                let help = did_you_mean(text, values.iter().map(|(written, _)| written.as_str())).unwrap_or_default();
                Err(problem(format!("{} is not one of the values that the input maps", shown(text)), &help))
            }
        };
    }
    if matches!(field.base, Type::List(_) | Type::Record(_)) {
        return match &raw {
            Raw::Plain(text) => {
                json::parse(text).map_err(|message| problem(message, "a list in a cell is written as JSON"))
            }
            _ => Ok(raw),
        };
    }
    let is_typed = !matches!(field.base, Type::Text) && !matches!(raw, Raw::Boolean(_));
    if !is_typed {
        return Ok(raw);
    }
    // Blanks alone are no absence: they are refused as what they are.
    if !text.is_empty() && text.trim().is_empty() || matches!(&raw, Raw::Text(text) if text.is_empty()) {
        return Ok(Raw::Text(text.to_owned()));
    }
    let text = text.trim();
    if let Some(format) = &source.format {
        return dated(text, format, source, field).map_err(|message| problem(message, ""));
    }
    if let Some(zone) = source.zone
        && crate::value::text::timestamp(text).is_err()
    {
        let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        return match naive {
            Some(naive) => placed(naive, zone, &shown(text))
                .map(Raw::Plain)
                .map_err(|message| problem(message, "give the offset in the data")),
            None => Err(problem(format!("{} is not a time", shown(text)), "write it as `2026-09-07 18:00:00`")),
        };
    }
    if !field.base.is_number() {
        return Ok(if matches!(raw, Raw::Number(_)) { raw } else { Raw::Plain(text.to_owned()) });
    }
    let mut number = text.to_owned();
    if let Some(grouping) = source.grouping
        && number.contains(grouping)
    {
        if !is_grouped(&number, grouping, source.decimal_mark.unwrap_or('.')) {
            return Err(problem(
                format!("{} is not grouped by `{grouping}` in thousands", shown(text)),
                "check which character separates decimals: `decimal_mark:`",
            ));
        }
        number.retain(|c| c != grouping);
    }
    if let Some(mark) = source.decimal_mark {
        if mark != '.' && number.contains('.') {
            return Err(problem(
                format!("{} holds a point, but the decimal mark is `{mark}`", shown(text)),
                "say `grouping: \".\"` if points separate thousands",
            ));
        }
        number = number.replace(mark, ".");
    }
    if source.rounds_floats {
        let decimals =
            if field.base == Type::Integer { 0 } else { field.decimals.unwrap_or(crate::value::number::DECIMALS) };
        return match foreign(&number) {
            Some(value) => Ok(Raw::Plain(field.rounding.round(value, decimals).to_string())),
            None => Err(problem(format!("{} is not a number", shown(text)), "")),
        };
    }
    Ok(Raw::Plain(number))
}

/// Whether groups of three digits, and nothing else, are separated before the decimal mark.
fn is_grouped(text: &str, grouping: char, mark: char) -> bool {
    let (whole, fraction) = text.split_once(mark).unwrap_or((text, ""));
    let mut groups = whole.trim_start_matches('-').split(grouping);
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    !fraction.contains(grouping)
        && groups.next().is_some_and(|first| is_digits(first) && first.len() <= 3)
        && groups.all(|group| is_digits(group) && group.len() == 3)
}

/// A number as other programs print floats: with an exponent, with digits beyond the last that counts.
fn foreign(text: &str) -> Option<Decimal> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !digits(whole.trim_start_matches('-')) || !digits(fraction) || !digits(exponent.trim_start_matches(['+', '-'])) {
        return None;
    }
    let number =
        if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok()? } else { text.parse::<Decimal>().ok()? };
    Some(number.normalize())
}

/// A date or instant in a declared form, as the form that records have.
fn dated(text: &str, format: &str, source: &ColumnSource, field: &Field) -> Result<Raw, String> {
    let shown = if field.private { "this value".to_owned() } else { format!("`{text}`") };
    let wrong = || format!("{shown} is not written as `{format}`");
    if field.base == Type::Date {
        let date = NaiveDate::parse_from_str(text, format)
            .or_else(|_| NaiveDateTime::parse_from_str(text, format).map(|moment| moment.date()))
            .map_err(|_| wrong())?;
        return Ok(Raw::Plain(date.format("%Y-%m-%d").to_string()));
    }
    if let Ok(instant) = DateTime::parse_from_str(text, format) {
        return Ok(Raw::Plain(instant.to_rfc3339()));
    }
    let naive = NaiveDateTime::parse_from_str(text, format).map_err(|_| wrong())?;
    let zone = source.zone.ok_or_else(|| format!("{shown} has no time zone: say `zone:` in the input"))?;
    placed(naive, zone, &shown).map(Raw::Plain)
}

/// A naive time in its zone. One that the clocks skip, or show twice, is not guessed at.
fn placed(naive: NaiveDateTime, zone: chrono_tz::Tz, shown: &str) -> Result<String, String> {
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(instant) => {
            Ok(instant.with_timezone(&Utc).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
        }
        LocalResult::Ambiguous(..) => Err(format!("{shown} happens twice in {zone}, when the clocks are set back")),
        LocalResult::None => Err(format!("{shown} does not happen in {zone}: the clocks are set forward")),
    }
}

/// What a field is given by a formula over columns of the row.
pub(super) fn formula(
    source: &FormulaSource,
    field: &Field,
    row: &Row,
    cases: &CaseSource,
    as_of: DateTime<Utc>,
) -> Result<Raw, Vec<Problem>> {
    // What fills a private field is private itself.
    let private_columns =
        source.columns.iter().map(|column| Field { private: column.private || field.private, ..column.clone() });
    let columns =
        RecordType { name: Arc::from("row"), fields: private_columns.collect(), ignores_unknown_fields: false };
    let entries = source
        .columns
        .iter()
        .filter_map(|column| row.get(&column.name).map(|raw| (column.name.to_string(), raw)))
        .collect();
    let today = crate::calendar::date_at(as_of, cases.zone);
    let surroundings = Surroundings { as_of, today, currency: None };
    let slots = RecordReader::read(&columns, &Raw::Map(entries), surroundings)?;
    let private: Vec<bool> = columns.fields.iter().map(|column| column.private).collect();
    match eval::formula(&source.expr, &slots, &private, as_of, cases.zone, cases.currency_decimals) {
        Ok(Value::None) => Ok(Raw::Absent),
        Ok(Value::Money(number) | Value::Decimal(number)) => {
            let decimals = field.decimals.unwrap_or(crate::value::number::DECIMALS);
            Ok(Raw::Plain(field.rounding.round(number, decimals).to_string()))
        }
        Ok(value) => Ok(Raw::Plain(Show { currency_decimals: 0 }.text(&value))),
        Err(Failure::Unknown(_)) => Ok(Raw::Unknown),
        Err(Failure::Error(error)) => Err(problem(format!("its formula failed: {}", error.message), "")),
    }
}
