//! Whether the columns of a table fit a record: all that can be said before any row is read.
//!
//! What is wrong is told of all columns at once, by their names.

use std::collections::HashSet;

use arrow_schema::{DataType, Field as ArrowField, Schema};

use crate::diagnostic::{did_you_mean, nearest};
use crate::record::Problem;
use crate::value::{Absence, RecordType, Type};

/// All problems of a table's columns. `beside` are those that are no fields of the record.
pub(super) fn problems(record: &RecordType, schema: &Schema, beside: &[&str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let columns = schema.fields().iter().filter(|column| !beside.contains(&column.name().as_str()));
    let mut seen = HashSet::new();
    let columns: Vec<&ArrowField> = columns
        .map(|column| &**column)
        .inspect(|column| {
            if !seen.insert(column.name().as_str()) {
                let help = "give each column a name of its own".to_owned();
                problems.push(Problem::new(column.name().clone(), "two columns have this name", Some(help)));
            }
        })
        .collect();
    fields(record, &columns, "", &mut problems);
    problems
}

fn fields(record: &RecordType, columns: &[&ArrowField], prefix: &str, problems: &mut Vec<Problem>) {
    let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    let thing = if prefix.is_empty() { "column" } else { "part" };
    for column in columns {
        let name = column.name().as_str();
        match record.index_of(name).and_then(|index| record.fields.get(index)) {
            Some(field) => of_type(&field.base, column.data_type(), &path(name), problems),
            None if record.ignores_unknown_fields => {}
            None => {
                let names = || record.fields.iter().map(|field| &*field.name);
                let help = nearest(name, names()).map(|near| format!("did you mean `{near}`?"));
                let help = help.or_else(|| did_you_mean(name, names()).filter(|_| record.fields.len() <= 8));
                let message = format!("there is no field `{name}` for this {thing}");
                let help = help.unwrap_or_else(|| format!("rename it, or leave the {thing} out"));
                problems.push(Problem::new(path(name), message, Some(help)));
            }
        }
    }
    for field in &record.fields {
        if matches!(field.absence, Absence::Refused) && !columns.iter().any(|column| *column.name() == *field.name) {
            let others = columns.iter().map(|column| column.name().as_str());
            let unknown = others.filter(|name| record.index_of(name).is_none());
            let near = nearest(&field.name, unknown).map(|near| format!("is it `{near}`?"));
            let help = "give it; if it may be missing, the record declares `absent:`".to_owned();
            let message = format!("this {thing} is missing");
            problems.push(Problem::new(path(&field.name), message, Some(near.unwrap_or(help))));
        }
    }
}

/// What is wrong with values of an Arrow type for a field.
fn of_type(base: &Type, data: &DataType, path: &str, problems: &mut Vec<Problem>) {
    if matches!(data, DataType::Null) || *base == Type::Any {
        return;
    }
    match (base, data) {
        (base, DataType::Dictionary(_, values)) if !matches!(base, Type::List(_) | Type::Record(_)) => {
            return of_type(base, values, path, problems);
        }
        (
            Type::List(item),
            DataType::List(column) | DataType::LargeList(column) | DataType::FixedSizeList(column, _),
        ) => {
            return of_type(&item.base, column.data_type(), &format!("{path}[]"), problems);
        }
        (Type::Record(record), DataType::Struct(columns)) => {
            let columns: Vec<&ArrowField> = columns.iter().map(|column| &**column).collect();
            return fields(record, &columns, path, problems);
        }
        _ => {}
    }
    let fits = match base {
        Type::List(_) | Type::Record(_) => false,
        _ if is_text(data) => true,
        Type::Text | Type::Choice(_) | Type::Zone | Type::Duration(_) => false,
        Type::Boolean => *data == DataType::Boolean,
        Type::Integer | Type::Decimal | Type::Money | Type::Percent => data.is_integer() || data.is_decimal(),
        Type::Date => {
            matches!(data, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None))
        }
        Type::Timestamp => matches!(data, DataType::Timestamp(_, Some(_))),
        Type::Any => true,
    };
    if !fits {
        let (message, help) = unfit(base, data);
        problems.push(Problem::new(path, message, Some(help)));
    }
}

/// Whether a column holds texts.
pub(super) fn is_text(data: &DataType) -> bool {
    matches!(data, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn unfit(base: &Type, data: &DataType) -> (String, String) {
    let word = base.word();
    let name = data.to_string().to_lowercase();
    match (base, data) {
        (base, data) if base.is_number() && data.is_floating() => {
            let wanted = match base {
                Type::Integer => "an integer type (a column of integers with gaps has become floats)",
                Type::Money => "a decimal type with the decimals of the currency, such as `decimal128(12, 2)`",
                _ => "a decimal type, such as `decimal128(12, 3)`",
            };
            (
                format!("a {word} belongs here, but a float does not hold the numbers that were written"),
                format!("cast the column to {wanted}"),
            )
        }
        (Type::Timestamp, DataType::Timestamp(_, None)) => (
            "these instants have no time zone".to_owned(),
            "say in which zone they are: give the column a time zone, such as `timestamp[us, UTC]`".to_owned(),
        ),
        (Type::Timestamp, DataType::Date32 | DataType::Date64) => (
            "an instant belongs here, but these are days".to_owned(),
            "give the column a time of day and a time zone".to_owned(),
        ),
        (Type::Date, DataType::Timestamp(..)) => (
            "a date belongs here, but these are instants: their day depends on the place".to_owned(),
            "cast the column to dates in the zone that is meant".to_owned(),
        ),
        (Type::Text, data) if data.is_integer() => {
            (format!("a {word} belongs here, but this is {name}"), "cast the column to text".to_owned())
        }
        (Type::List(_), _) => (
            format!("a list belongs here, but this is {name}"),
            "give a column of lists, of structs where items have fields".to_owned(),
        ),
        (Type::Record(_), _) => {
            (format!("a record belongs here, but this is {name}"), "give a struct with its fields".to_owned())
        }
        _ => (format!("a {word} belongs here, but this is {name}"), format!("cast the column to {}", wanted(base))),
    }
}

/// An Arrow type that fits.
fn wanted(base: &Type) -> &'static str {
    match base {
        Type::Boolean => "booleans",
        Type::Integer => "integers",
        Type::Decimal | Type::Money | Type::Percent => "decimals",
        Type::Date => "`date32`",
        Type::Timestamp => "`timestamp[us, UTC]`",
        _ => "text",
    }
}
