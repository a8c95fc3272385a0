//! Case data of hosts: CSV, NDJSON and JSON files, and rows in memory, through a pack's inputs.
//!
//! Takes a file or a row; gives [`CaseRow`]s, which become records. A row that cannot be read is a row with a problem, and the
//! rest goes on. Reads files; decides nothing.

mod batch;
mod collectors;
mod convert;
mod csv_rows;
#[cfg(test)]
mod differential;
mod digits;
mod fast;
mod files;
mod foreign;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use batch::CaseBatch;
pub use collectors::{CollectorReader, CollectorRow};
use convert::Row;
pub(crate) use csv_rows::CellRoom;
use files::{RawKind, Rows};
pub use foreign::{CaseInput, InputColumn};

use crate::check::inputs::{CheckedInput, Format};
use crate::error::Error;
use crate::eval::Pack;
use crate::record::{Problem, Raw};
use crate::value::RecordType;

/// What rows are read for.
#[derive(Debug)]
pub(crate) struct CaseSource {
    /// What the rows are, in messages: `cases`.
    pub(crate) what: &'static str,
    pub(crate) input: CheckedInput,
    pub(crate) record: Arc<RecordType>,
    pub(crate) zone: Tz,
    pub(crate) currency_decimals: u32,
}

/// The cases of a file, one after the other, in the file's order.
pub struct CaseReader {
    rows: Rows,
    source: Arc<CaseSource>,
    /// Why the file can be read no further, where the rows before it were given out in a batch.
    broken: Option<Error>,
    /// The bytes of one row.
    bytes: Vec<u8>,
}

/// A row of case data, read but not yet checked against the record.
#[derive(Debug)]
pub struct CaseRow {
    number: u64,
    content: Result<Row, String>,
    source: Arc<CaseSource>,
}

impl CaseReader {
    pub(crate) fn open(path: &Path, source: CaseSource, pack: Pack<'_>) -> Result<CaseReader, Error> {
        let shown = path.display();
        let format = source.input.format.or_else(|| Format::of_path(&path.to_string_lossy())).ok_or_else(|| {
            Error::new(format!("cannot tell the format of `{shown}`: its name ends neither in .csv, .ndjson nor .json; an input can say `format:`"))
        })?;
        let rows = Rows::open(path, format, &source, pack)?;
        Ok(CaseReader { rows, source: Arc::new(source), broken: None, bytes: Vec::new() })
    }
}

impl Iterator for CaseReader {
    type Item = Result<CaseRow, Error>;

    /// The next row; an error where the file itself can be read no further.
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.broken.take() {
            return Some(Err(error));
        }
        self.bytes.clear();
        let row = match self.rows.next(&mut self.bytes)? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let content = match row.kind {
            RawKind::Item(content) => content,
            _ => row.content(&self.bytes, self.rows.layout().map(AsRef::as_ref)),
        };
        Some(Ok(CaseRow { number: row.number, content, source: self.source.clone() }))
    }
}

impl CaseRow {
    /// The row's number: lines of CSV and NDJSON counted from 1, items of JSON counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The text in the column of the key, where the row has one.
    pub fn key(&self) -> Option<String> {
        let row = self.content.as_ref().ok()?;
        convert::key(row, &self.source)
    }

    /// What the row says of one field, the others left aside; nothing where that cannot be told.
    pub(crate) fn field(&self, index: usize) -> Option<Raw> {
        convert::field(self.content.as_ref().ok()?, &self.source, index)
    }

    /// The record that the row says, by the names of the pack.
    pub(crate) fn record(&self, as_of: DateTime<Utc>) -> Result<Raw, Vec<Problem>> {
        match &self.content {
            Ok(row) => convert::record(row, &self.source, as_of),
            Err(message) => Err(vec![Problem::new("", message.clone(), None)]),
        }
    }
}
