//! JSON text into raw data, with `jiter`: numbers keep their digits, and a key that stands twice is a problem.

use std::collections::HashSet;

use jiter::{Jiter, JiterError, Peek};

use super::Raw;

/// How deep a record may nest.
const DEPTH: usize = 32;
/// How many keys one object may have.
const KEYS: usize = 10_000;
/// Up to so many keys are compared one by one.
const FEW: usize = 16;

/// The value that a JSON text says.
///
/// # Errors
/// What is wrong with the text, with its place.
pub(crate) fn parse(text: &str) -> Result<Raw, String> {
    let mut parser = Jiter::new(text.as_bytes());
    let mut reader = Reader { duplicate: None };
    let peek = parser.peek().map_err(|error| shown(error.into(), &parser))?;
    let raw = reader.value(&mut parser, peek, 0).map_err(|wrong| shown(wrong, &parser))?;
    parser.finish().map_err(|error| shown(error.into(), &parser))?;
    reader.whole(raw)
}

/// The items of a JSON array, or the one value that the text is. A key that stands twice is a problem of its item.
///
/// # Errors
/// What is wrong with the text as a whole, with its place.
pub(crate) fn parse_items(text: &str) -> Result<Vec<Result<Raw, String>>, String> {
    let mut parser = Jiter::new(text.as_bytes());
    let mut reader = Reader { duplicate: None };
    let mut items = Vec::new();
    let peek = parser.peek().map_err(|error| shown(error.into(), &parser))?;
    if peek != Peek::Array {
        return parse(text).map(|raw| vec![Ok(raw)]);
    }
    let mut next = parser.known_array().map_err(|error| shown(error.into(), &parser))?;
    while let Some(peek) = next {
        let raw = reader.value(&mut parser, peek, 0).map_err(|wrong| shown(wrong, &parser))?;
        items.push(reader.whole(raw));
        next = parser.array_step().map_err(|error| shown(error.into(), &parser))?;
    }
    parser.finish().map_err(|error| shown(error.into(), &parser))?;
    Ok(items)
}

fn shown(wrong: Wrong, parser: &Jiter<'_>) -> String {
    match wrong {
        Wrong::Json(error) => {
            let place = error.get_position(parser);
            format!("this is not JSON: {} at line {} column {}", error.error_type, place.line, place.column)
        }
        Wrong::Deep => format!("this record nests deeper than {DEPTH}"),
        Wrong::Wide => format!("this record has more than {KEYS} keys in one place"),
    }
}

enum Wrong {
    Json(JiterError),
    Deep,
    Wide,
}

impl From<JiterError> for Wrong {
    fn from(error: JiterError) -> Wrong {
        Wrong::Json(error)
    }
}

struct Reader {
    duplicate: Option<String>,
}

impl Reader {
    /// A value that was read to its end, unless a key in it stood twice.
    fn whole(&mut self, raw: Raw) -> Result<Raw, String> {
        match self.duplicate.take() {
            Some(key) => Err(format!("the key `{key}` stands twice in one record")),
            None => Ok(raw),
        }
    }

    fn value(&mut self, parser: &mut Jiter<'_>, peek: Peek, depth: usize) -> Result<Raw, Wrong> {
        if depth > DEPTH {
            return Err(Wrong::Deep);
        }
        Ok(match peek {
            Peek::Null => {
                parser.known_null()?;
                Raw::Absent
            }
            Peek::True | Peek::False => Raw::Boolean(parser.known_bool(peek)?),
            Peek::String => Raw::Text(parser.known_str()?.to_owned()),
            Peek::Array => {
                let mut items = Vec::new();
                let mut next = parser.known_array()?;
                while let Some(peek) = next {
                    items.push(self.value(parser, peek, depth + 1)?);
                    next = parser.array_step()?;
                }
                Raw::List(items)
            }
            Peek::Object => {
                let mut entries: Vec<(String, Raw)> = Vec::new();
                let mut seen: HashSet<String> = HashSet::new();
                let mut next = parser.known_object()?.map(str::to_owned);
                while let Some(key) = next {
                    let peek = parser.peek()?;
                    let value = self.value(parser, peek, depth + 1)?;
                    if entries.len() >= KEYS {
                        return Err(Wrong::Wide);
                    }
                    let is_known = if seen.is_empty() {
                        entries.iter().any(|(known, _)| *known == key)
                    } else {
                        seen.contains(&key)
                    };
                    if entries.len() >= FEW {
                        if seen.is_empty() {
                            seen.extend(entries.iter().map(|(known, _)| known.clone()));
                        }
                        seen.insert(key.clone());
                    }
                    if is_known {
                        self.duplicate.get_or_insert(key);
                    } else {
                        entries.push((key, value));
                    }
                    next = parser.next_key()?.map(str::to_owned);
                }
                Raw::map(entries)
            }
            _ => {
                let bytes = parser.known_number_bytes(peek)?;
                Raw::Number(String::from_utf8_lossy(bytes).into_owned())
            }
        })
    }
}
