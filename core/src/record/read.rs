//! Raw data against a record's declaration.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Problem, Raw};
use crate::diagnostic::{did_you_mean, nearest};
use crate::value::{Absence, Failure, Field, Outcome, RecordType, Type, Value, text};

/// The most problems that one record reports.
const PROBLEMS: usize = 100;

/// What a record must agree with beside its declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) today: NaiveDate,
    /// The pack's currency; nothing where rows are no cases.
    pub(crate) currency: Option<&'a str>,
}

/// Reads one record and collects its problems.
pub(crate) struct RecordReader<'a> {
    surroundings: Surroundings<'a>,
    problems: Vec<Problem>,
    /// The case's field that is being read: unknown items are unknown by its name.
    field: Arc<str>,
}

impl<'a> RecordReader<'a> {
    /// The values of a record's fields, in their order.
    ///
    /// # Errors
    /// All problems of the record.
    pub(crate) fn read(
        record: &RecordType,
        raw: &Raw,
        surroundings: Surroundings<'a>,
    ) -> Result<Vec<Outcome>, Vec<Problem>> {
        let mut reader = RecordReader { surroundings, problems: Vec::new(), field: Arc::from("") };
        let Raw::Map(entries) = raw else {
            return Err(vec![Problem {
                path: String::new(),
                message: format!("a record is a map of fields, but this is {}", raw.word()),
                help: None,
            }]);
        };
        let values = reader.fields(record, entries, "", false);
        if reader.problems.is_empty() { Ok(values) } else { Err(reader.problems) }
    }

    /// The value of one of a record's fields; nothing where it has a problem.
    pub(crate) fn read_field(field: &Field, raw: &Raw, surroundings: Surroundings<'a>) -> Option<Outcome> {
        let mut reader = RecordReader { surroundings, problems: Vec::new(), field: field.name.clone() };
        let outcome = reader.field(field, raw, field.name.to_string(), false);
        reader.problems.is_empty().then_some(outcome)
    }

    fn fields(&mut self, record: &RecordType, entries: &[(String, Raw)], prefix: &str, private: bool) -> Vec<Outcome> {
        let is_top = prefix.is_empty();
        for (key, _) in entries {
            if record.index_of(key).is_none() && !record.ignores_unknown_fields {
                let names = || record.fields.iter().map(|field| &*field.name);
                let help = nearest(key, names()).map(|near| format!("did you mean `{near}`?"));
                let help = help.or_else(|| did_you_mean(key, names()).filter(|_| record.fields.len() <= 8));
                self.problem(join(prefix, key), format!("there is no field `{key}`"), help);
            }
        }
        record
            .fields
            .iter()
            .map(|field| {
                if is_top {
                    self.field = field.name.clone();
                }
                let raw = entries.iter().find(|(key, _)| **key == *field.name).map_or(&Raw::Absent, |(_, raw)| raw);
                self.field(field, raw, join(prefix, &field.name), private)
            })
            .collect()
    }

    fn field(&mut self, field: &Field, raw: &Raw, path: String, around: bool) -> Outcome {
        let private = around || field.private;
        let value = match raw {
            Raw::Absent => return self.absent(field, path),
            Raw::Plain(text) if text.is_empty() && field.base != Type::Text => return self.absent(field, path),
            Raw::Unknown if field.key => {
                self.problem(path, "the key of a record cannot be unknown".to_owned(), None);
                return Err(Failure::unknown(&self.field));
            }
            Raw::Unknown => return Err(Failure::unknown(&self.field)),
            _ => self.value(&field.base, field.decimals, private, raw, &path),
        };
        let Some(value) = value else { return Err(Failure::unknown(&self.field)) };
        if let Err(problem) = text::within(&value, &field.range) {
            let message = if private { "this value is out of range".to_owned() } else { problem.message };
            self.problem(path.clone(), message, None);
        }
        if field.key && matches!(&value, Value::Text(key) if key.trim().is_empty()) {
            self.problem(path.clone(), "the key of a record is not empty".to_owned(), None);
        }
        if field.time {
            let is_future = match &value {
                Value::Timestamp(instant) => *instant > self.surroundings.as_of,
                Value::Date(date) => *date > self.surroundings.today,
                _ => false,
            };
            if is_future {
                let as_of = self.surroundings.as_of.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
                self.problem(
                    path.clone(),
                    format!("this lies after `as_of` ({as_of}), but history cannot"),
                    Some("check the date, or decide as of a later instant".to_owned()),
                );
            }
        }
        if &*field.name == "currency"
            && path == "currency"
            && let Value::Text(currency) = &value
            && let Some(wanted) = self.surroundings.currency
            && **currency != *wanted
        {
            self.problem(
                path,
                format!("the case is in {currency}, the pack in {wanted}"),
                Some("decide it with a pack of its currency".to_owned()),
            );
        }
        Ok(value)
    }

    fn absent(&mut self, field: &Field, path: String) -> Outcome {
        match &field.absence {
            Absence::None => Ok(Value::None),
            Absence::Unknown => Err(Failure::unknown(&self.field)),
            Absence::Default(value) => Ok(value.clone()),
            Absence::Refused => {
                self.problem(
                    path,
                    "this field is missing".to_owned(),
                    Some("give it a value; if it may be missing, the record declares `absent:`".to_owned()),
                );
                Err(Failure::unknown(&self.field))
            }
        }
    }

    fn value(&mut self, base: &Type, decimals: Option<u32>, private: bool, raw: &Raw, path: &str) -> Option<Value> {
        let text = match (base, raw) {
            // The field's type was refused: nothing can be said of its values.
            (Type::Any, _) => return Some(Value::None),
            (Type::List(item), Raw::List(items)) => {
                let values: Vec<Outcome> = items
                    .iter()
                    .enumerate()
                    .map(|(index, raw)| {
                        let path = format!("{path}[{index}]");
                        let rules = &item.rules;
                        match raw {
                            Raw::Unknown => Err(Failure::unknown(&self.field)),
                            Raw::Absent if item.maybe_none => Ok(Value::None),
                            Raw::Absent if rules.absence_is_unknown => Err(Failure::unknown(&self.field)),
                            Raw::Absent => {
                                self.problem(path, "this item is missing".to_owned(), None);
                                Ok(Value::None)
                            }
                            raw => {
                                let private = private || rules.private;
                                let value = self.value(&item.base, rules.decimals, private, raw, &path);
                                if let Some(Err(problem)) =
                                    value.as_ref().map(|value| text::within(value, &rules.range))
                                {
                                    let message =
                                        if private { "this value is out of range".to_owned() } else { problem.message };
                                    self.problem(path, message, None);
                                }
                                value.ok_or_else(|| Failure::unknown(&self.field))
                            }
                        }
                    })
                    .collect();
                return Some(Value::List(values.into()));
            }
            (Type::Record(record), Raw::Map(entries)) => {
                let values = self.fields(record, entries, path, private);
                return Some(Value::Record(values.into()));
            }
            (Type::List(_) | Type::Record(_), raw) => {
                self.problem(
                    path.to_owned(),
                    format!("a {} belongs here, but this is {}", base.word(), raw.word()),
                    None,
                );
                return None;
            }
            (Type::Boolean, Raw::Boolean(value)) => return Some(Value::Boolean(*value)),
            (_, Raw::Plain(text) | Raw::Text(text)) => text,
            (base, Raw::Number(text)) if base.is_number() => text,
            (base, raw) => {
                let shown = match raw {
                    Raw::Number(text) if !private => format!("the number `{text}`"),
                    Raw::Boolean(value) if !private => format!("`{value}`"),
                    raw => raw.word().to_owned(),
                };
                let help = (*base == Type::Text).then(|| "put it in quotes".to_owned());
                self.problem(path.to_owned(), format!("a {} belongs here, but this is {shown}", base.word()), help);
                return None;
            }
        };
        match text::read(text, base, decimals) {
            Ok(value) => Some(value),
            Err(problem) if private => {
                self.problem(path.to_owned(), format!("this is not a {} as it must be written", base.word()), None);
                drop(problem);
                None
            }
            Err(problem) => {
                self.problem(path.to_owned(), problem.message, problem.help);
                None
            }
        }
    }

    fn problem(&mut self, path: String, message: String, help: Option<String>) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(Problem::new(path, message, help));
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
