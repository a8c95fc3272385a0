//! Files into rows, as they come.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::CaseSource;
use super::convert::Row;
use crate::check::inputs::{Format, columns};
use crate::diagnostic::did_you_mean;
use crate::error::Error;
use crate::record::{Raw, json};

/// The longest line of NDJSON, in bytes.
const LINE_BYTES: u64 = 16 * 1024 * 1024;
/// The largest JSON file, in bytes: it is read at once, where CSV and NDJSON are read row by row.
const JSON_BYTES: u64 = 1024 * 1024 * 1024;

/// The rows of a file.
pub(super) enum Rows {
    Csv { reader: csv::Reader<QuoteWatch>, header: Arc<[String]> },
    Ndjson { reader: BufReader<File>, line: u64, path: String },
    Json { items: std::vec::IntoIter<Result<Raw, String>>, number: u64 },
}

type Numbered = (u64, Result<Row, String>);

impl Rows {
    /// Opens a file.
    pub(super) fn open(path: &Path, format: Format, source: &CaseSource) -> Result<Rows, Error> {
        let shown = path.display();
        let unreadable = |error: std::io::Error| Error::new(format!("cannot read the cases `{shown}`: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Error::new(format!("cannot read the cases `{shown}`: it is a folder")));
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        // A byte-order mark, which spreadsheets write, is no part of the first column's name.
        if reader.fill_buf().map_err(unreadable)?.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        match format {
            Format::Csv => Rows::csv(reader, source, &shown.to_string()),
            Format::Ndjson => Ok(Rows::Ndjson { reader, line: 0, path: shown.to_string() }),
            Format::Json => {
                let mut text = String::new();
                let read = reader.take(JSON_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
                if read as u64 > JSON_BYTES {
                    return Err(Error::new(format!(
                        "`{shown}` has more than {JSON_BYTES} bytes, the limit of a JSON file: write NDJSON, one case a line"
                    )));
                }
                let items = json::parse_items(&text).map_err(|message| Error::new(format!("`{shown}`: {message}")))?;
                Ok(Rows::Json { items: items.into_iter(), number: 0 })
            }
        }
    }

    fn csv(reader: BufReader<File>, source: &CaseSource, path: &str) -> Result<Rows, Error> {
        let input = &source.input;
        let delimiter = input.delimiter.unwrap_or(',');
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .from_reader(QuoteWatch::new(reader, delimiter));
        let header: Vec<String> = reader
            .headers()
            .map_err(|error| Error::new(format!("cannot read the header of `{path}`: {error}")))?
            .iter()
            .map(|name| name.trim().to_owned())
            .collect();
        if header.iter().all(String::is_empty) {
            return Err(Error::new(format!("`{path}` has no header: its first line names the columns")));
        }
        if let [only] = header.as_slice() {
            for (other, name) in [(';', "semicolons"), (',', "commas"), ('\t', "tabs")] {
                if other != delimiter && only.contains(other) {
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
        for wanted in super::convert::required_columns(input, &source.record) {
            if !header.iter().any(|name| **name == *wanted) {
                let help = did_you_mean(&wanted, header.iter().map(String::as_str))
                    .map(|help| format!(" ({help})"))
                    .unwrap_or_default();
                problems.push(format!("there is no column `{wanted}`{help}"));
            }
        }
        if !problems.is_empty() {
            return Err(Error::new(format!("the columns of `{path}` do not fit:\n  {}", problems.join("\n  "))));
        }
        Ok(Rows::Csv { reader, header: header.into() })
    }

    /// The next row with its number.
    pub(super) fn next(&mut self) -> Option<Result<Numbered, Error>> {
        match self {
            Rows::Csv { reader, header } => {
                let mut record = csv::ByteRecord::new();
                match reader.read_byte_record(&mut record) {
                    Ok(false) => None,
                    Ok(true) => {
                        let line = record.position().map_or(0, csv::Position::line);
                        let row = match reader.get_ref().never_closed() {
                            Some(since) => Err(format!(
                                "a quote that opens in line {since} is never closed: all that follows was read as one cell"
                            )),
                            None => csv_row(&record, header),
                        };
                        Some(Ok((line, row)))
                    }
                    Err(error) => Some(Err(Error::new(format!("cannot read on: {error}")))),
                }
            }
            Rows::Ndjson { reader, line, path } => loop {
                let mut bytes = Vec::new();
                let read = match reader.by_ref().take(LINE_BYTES + 1).read_until(b'\n', &mut bytes) {
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
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let row = match String::from_utf8(bytes) {
                    Ok(text) => json::parse(text.trim_end()).and_then(row_of),
                    Err(error) => {
                        Err(format!("this line is not UTF-8 text (byte {})", error.utf8_error().valid_up_to()))
                    }
                };
                return Some(Ok((*line, row)));
            },
            Rows::Json { items, number } => {
                let item = items.next()?;
                *number += 1;
                Some(Ok((*number, item.and_then(row_of))))
            }
        }
    }
}

/// Watches the quotes of a CSV file as it is read, so that one that is never closed does not swallow rows unseen.
pub(super) struct QuoteWatch {
    inner: BufReader<File>,
    delimiter: u8,
    line: u64,
    /// The line of the quote that is open, and how many bytes came since.
    open: Option<(u64, u64)>,
    at_start: bool,
    is_at_end: bool,
}

impl QuoteWatch {
    fn new(inner: BufReader<File>, delimiter: char) -> QuoteWatch {
        QuoteWatch {
            inner,
            delimiter: u8::try_from(delimiter).unwrap_or(b','),
            line: 1,
            open: None,
            at_start: true,
            is_at_end: false,
        }
    }

    /// The line of a quote that is still open at the end of the file: it stands in the last record.
    fn never_closed(&self) -> Option<u64> {
        self.open.filter(|_| self.is_at_end).map(|(line, _)| line)
    }

    fn watch(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        for byte in bytes {
            if let Some((line, count)) = self.open {
                // A doubled quote closes and opens again at once.
                self.open = if *byte == b'"' { None } else { Some((line, count + 1)) };
                self.at_start = *byte == b'"';
                if count > LINE_BYTES {
                    let message =
                        format!("the quote that opens in line {line} is not closed within {LINE_BYTES} bytes");
                    return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
                }
            } else {
                if *byte == b'"' && self.at_start {
                    self.open = Some((self.line, 0));
                }
                self.at_start = *byte == self.delimiter || matches!(*byte, b'\n' | b'\r');
            }
            self.line += u64::from(*byte == b'\n');
        }
        Ok(())
    }
}

impl Read for QuoteWatch {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = buffer.get(..count).unwrap_or(&[]).to_vec();
        self.is_at_end = count == 0;
        self.watch(&bytes)?;
        Ok(count)
    }
}

fn row_of(raw: Raw) -> Result<Row, String> {
    match raw {
        Raw::Map(entries) => Ok(Row::Named(entries)),
        other => Err(format!("a record is a map of fields, but this is {}", other.word())),
    }
}

fn csv_row(record: &csv::ByteRecord, header: &Arc<[String]>) -> Result<Row, String> {
    if record.len() != header.len() {
        return Err(format!("this line has {} columns, the header has {}", record.len(), header.len()));
    }
    let mut cells = Vec::with_capacity(record.len());
    for (cell, column) in record.iter().zip(header.iter()) {
        match std::str::from_utf8(cell) {
            Ok(text) => cells.push(text.to_owned()),
            Err(_) => return Err(format!("the column `{column}` is not UTF-8 text")),
        }
    }
    Ok(Row::Cells { header: header.clone(), cells })
}
