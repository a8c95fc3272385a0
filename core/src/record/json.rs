//! JSON text into raw data, with `jiter`: numbers keep their digits, and a key that stands twice is a problem.

use jiter::{Jiter, JiterError, Peek};

use super::Raw;

/// How deep a record may nest.
const DEPTH: usize = 32;

/// The value that a JSON text says.
///
/// # Errors
/// What is wrong with the text, with its place.
pub(crate) fn parse(text: &str) -> Result<Raw, String> {
    let mut parser = Jiter::new(text.as_bytes());
    let mut reader = Reader { duplicate: None };
    let found = match parser.peek() {
        Ok(peek) => reader.value(&mut parser, peek, 0),
        Err(error) => Err(Wrong::Json(error)),
    };
    let done = found.and_then(|raw| parser.finish().map(|()| raw).map_err(Wrong::Json));
    match done {
        Ok(raw) => match reader.duplicate {
            Some(key) => Err(format!("the key `{key}` stands twice in one record")),
            None => Ok(raw),
        },
        Err(Wrong::Json(error)) => {
            let place = error.get_position(&parser);
            Err(format!("this is not JSON: {} at line {} column {}", error.error_type, place.line, place.column))
        }
        Err(Wrong::Deep) => Err(format!("this record nests deeper than {DEPTH}")),
    }
}

enum Wrong {
    Json(JiterError),
    Deep,
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
                let mut next = parser.known_object()?.map(str::to_owned);
                while let Some(key) = next {
                    let peek = parser.peek()?;
                    let value = self.value(parser, peek, depth + 1)?;
                    if entries.iter().any(|(known, _)| *known == key) {
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
