//! Files into rows, as they come.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::CaseSource;
use super::convert::{self, Row};
use super::csv_rows::{CellRoom, CsvRows, Quotes};
use super::fast::FastReader;
use crate::check::inputs::{CheckedInput, Format, columns};
use crate::diagnostic::did_you_mean;
use crate::error::Error;
use crate::eval::Pack;
use crate::record::{Raw, json};

/// The longest line of NDJSON, in bytes.
const LINE_BYTES: u64 = 16 * 1024 * 1024;
/// The largest JSON file, in bytes: it is read at once, where CSV and NDJSON are read row by row.
const JSON_BYTES: u64 = 1024 * 1024 * 1024;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The rows of a file.
pub(super) enum Rows {
    Csv { rows: CsvRows<BufReader<File>>, layout: Arc<CsvLayout> },
    Ndjson { reader: BufReader<File>, line: u64, path: String },
    Json { items: std::vec::IntoIter<Result<Raw, String>>, number: u64 },
}

/// What all rows of a CSV file share.
#[derive(Debug)]
pub(super) struct CsvLayout {
    pub(super) header: Arc<[String]>,
    pub(super) delimiter: u8,
    pub(super) fast: FastReader,
}

/// A row as the file has it. Its bytes stand among those of other rows.
#[derive(Debug)]
pub(super) struct RawRow {
    pub(super) number: u64,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: RawKind,
}

/// What the bytes of a row are.
#[derive(Debug)]
pub(super) enum RawKind {
    Csv(Quotes),
    Json,
    /// There are none: an item of a JSON file was read with the file.
    Item(Result<Row, String>),
}

impl Rows {
    /// Opens a file.
    pub(super) fn open(path: &Path, format: Format, source: &CaseSource, pack: Pack<'_>) -> Result<Rows, Error> {
        let (shown, what) = (path.display(), source.what);
        let unreadable = |error: std::io::Error| Error::new(format!("cannot read the {what} `{shown}`: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Error::new(format!("cannot read the {what} `{shown}`: it is a folder")));
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        // A byte-order mark, which spreadsheets write, is no part of the first column's name.
        if reader.fill_buf().map_err(unreadable)?.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        match format {
            Format::Csv => Rows::csv(reader, source, pack, &shown.to_string()),
            Format::Ndjson => Ok(Rows::Ndjson { reader, line: 0, path: shown.to_string() }),
            Format::Json => {
                let mut text = String::new();
                let read = reader.take(JSON_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
                if read as u64 > JSON_BYTES {
                    return Err(Error::new(format!(
                        "`{shown}` has more than {JSON_BYTES} bytes, the limit of a JSON file: write NDJSON, one record a line"
                    )));
                }
                let items = json::parse_items(&text).map_err(|message| Error::new(format!("`{shown}`: {message}")))?;
                Ok(Rows::Json { items: items.into_iter(), number: 0 })
            }
        }
    }

    fn csv(reader: BufReader<File>, source: &CaseSource, pack: Pack<'_>, path: &str) -> Result<Rows, Error> {
        let delimiter = source.input.delimiter.unwrap_or(',');
        let delimiter = match u8::try_from(delimiter) {
            Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => byte,
            _ => return Err(Error::new("a quote or the end of a line cannot be the `delimiter` of an input")),
        };
        let mut rows = CsvRows::new(reader, delimiter);
        let header = header(&mut rows, delimiter)
            .map_err(|message| Error::new(format!("cannot read the header of `{path}`: {message}")))?;
        if header.iter().all(String::is_empty) {
            return Err(Error::new(format!("`{path}` has no header: its first line names the columns")));
        }
        let problems = problems_of_header(&header, source, delimiter, path)?;
        if !problems.is_empty() {
            return Err(Error::new(format!("the columns of `{path}` do not fit:\n  {}", problems.join("\n  "))));
        }
        let header: Arc<[String]> = header.into();
        let fast = FastReader::new(source, &header, pack);
        Ok(Rows::Csv { rows, layout: Arc::new(CsvLayout { header, delimiter, fast }) })
    }

    /// What the rows share where they are CSV.
    pub(super) fn layout(&self) -> Option<&Arc<CsvLayout>> {
        match self {
            Rows::Csv { layout, .. } => Some(layout),
            _ => None,
        }
    }

    /// The next row, whose bytes are added to those that stand there.
    pub(super) fn next(&mut self, bytes: &mut Vec<u8>) -> Option<Result<RawRow, Error>> {
        let start = bytes.len();
        match self {
            Rows::Csv { rows, .. } => match rows.next() {
                Ok(None) => None,
                Ok(Some(row)) => {
                    bytes.extend_from_slice(row.bytes);
                    Some(Ok(RawRow { number: row.line, start, end: bytes.len(), kind: RawKind::Csv(row.quotes) }))
                }
                Err(error) => Some(Err(Error::new(format!("cannot read on: {error}")))),
            },
            Rows::Ndjson { reader, line, path } => loop {
                let read = match reader.by_ref().take(LINE_BYTES + 1).read_until(b'\n', bytes) {
                    Ok(read) => read,
                    Err(error) => return Some(Err(Error::new(format!("cannot read on in `{path}`: {error}")))),
                };
                if read == 0 {
                    return None;
                }
                *line += 1;
                if read as u64 > LINE_BYTES {
                    return Some(Err(Error::new(format!("line {line} of `{path}` is longer than {LINE_BYTES} bytes"))));
                }
                if bytes.iter().skip(start).all(u8::is_ascii_whitespace) {
                    bytes.truncate(start);
                    continue;
                }
                return Some(Ok(RawRow { number: *line, start, end: bytes.len(), kind: RawKind::Json }));
            },
            Rows::Json { items, number } => {
                let item = items.next()?;
                *number += 1;
                Some(Ok(RawRow { number: *number, start, end: start, kind: RawKind::Item(item.and_then(row_of)) }))
            }
        }
    }
}

fn header(rows: &mut CsvRows<BufReader<File>>, delimiter: u8) -> Result<Vec<String>, String> {
    let Some(row) = rows.next().map_err(|error| error.to_string())? else { return Ok(Vec::new()) };
    if let Quotes::Open(line) = row.quotes {
        return Err(format!("a quote that opens in line {line} is never closed"));
    }
    let mut room = CellRoom::default();
    let cells = room.split(row.bytes, delimiter, row.quotes == Quotes::Some);
    let names = cells.iter().enumerate().map(|(index, cell)| match std::str::from_utf8(cell) {
        Ok(name) if index == 0 => Ok(name.trim_start_matches(BYTE_ORDER_MARK).trim().to_owned()),
        Ok(name) => Ok(name.trim().to_owned()),
        Err(_) => Err(format!("the name of column {} is not UTF-8 text", index + 1)),
    });
    names.collect()
}

/// What does not fit; an error where the delimiter is another.
fn problems_of_header(header: &[String], source: &CaseSource, delimiter: u8, path: &str) -> Result<Vec<String>, Error> {
    let input: &CheckedInput = &source.input;
    if let [only] = header {
        for (other, name) in [(';', "semicolons"), (',', "commas"), ('\t', "tabs")] {
            if other != char::from(delimiter) && only.contains(other) {
                let shown = if other == '\t' { "tab".to_owned() } else { other.to_string() };
                return Err(Error::new(format!(
                    "the columns of `{path}` are separated by {name}: say `delimiter: \"{shown}\"` in an input of the pack, and name it with `--input`"
                )));
            }
        }
    }
    let mut problems = Vec::new();
    let known = columns(input);
    for (index, name) in header.iter().enumerate() {
        if header.iter().take(index).any(|first| first == name) {
            problems.push(format!("the column `{name}` stands there twice"));
        } else if !known.iter().any(|column| **column == **name)
            && !input.ignore.contains(name)
            && !input.ignores_unknown_columns
        {
            let near = crate::diagnostic::nearest(name, known.iter().map(|column| &**column));
            let help = near.map_or_else(
                || "map it in an input, or list it under `ignore`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            problems.push(format!("nothing reads the column `{name}` ({help})"));
        }
    }
    for wanted in convert::required_columns(input, &source.record) {
        if !header.iter().any(|name| **name == *wanted) {
            let help = did_you_mean(&wanted, header.iter().map(String::as_str))
                .map(|help| format!(" ({help})"))
                .unwrap_or_default();
            problems.push(format!("there is no column `{wanted}`{help}"));
        }
    }
    Ok(problems)
}

impl RawRow {
    /// What the row says, by the names of its columns. `bytes` are those among which its own stand.
    pub(super) fn content(&self, bytes: &[u8], layout: Option<&CsvLayout>) -> Result<Row, String> {
        let bytes = bytes.get(self.start..self.end).unwrap_or(&[]);
        match (&self.kind, layout) {
            (RawKind::Csv(Quotes::Open(since)), _) => Err(format!(
                "a quote that opens in line {since} is never closed: all that follows was read as one cell"
            )),
            (RawKind::Csv(quotes), Some(layout)) => {
                let mut room = CellRoom::default();
                convert::cells(&room.split(bytes, layout.delimiter, *quotes == Quotes::Some), &layout.header)
            }
            (RawKind::Item(row), _) => row.clone(),
            (RawKind::Json | RawKind::Csv(_), _) => match std::str::from_utf8(bytes) {
                Ok(text) => json::parse(text.trim_end()).and_then(row_of),
                Err(error) => Err(format!("this line is not UTF-8 text (byte {})", error.valid_up_to())),
            },
        }
    }
}

/// The columns of a row of JSON.
pub(super) fn row_of(raw: Raw) -> Result<Row, String> {
    match raw {
        Raw::Map(entries) => Ok(Row::Named(entries)),
        other => Err(format!("a record is a map of fields, but this is {}", other.word())),
    }
}
