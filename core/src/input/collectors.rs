//! Records of collectors: the rows of a file whose record is not the case.

use chrono::{DateTime, Utc};

use super::{CaseReader, CaseRow};
use crate::error::Error;
use crate::record::{Problem, Raw};

/// The records of collectors in a file, one after the other, in the file's order.
pub struct CollectorReader(CaseReader);

/// A record of a collector, read but not yet checked.
#[derive(Debug)]
pub struct CollectorRow(CaseRow);

impl CollectorReader {
    pub(crate) fn new(rows: CaseReader) -> CollectorReader {
        CollectorReader(rows)
    }
}

impl Iterator for CollectorReader {
    type Item = Result<CollectorRow, Error>;

    /// The next row; an error where the file itself can be read no further.
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(CollectorRow))
    }
}

impl CollectorRow {
    /// The row's number: lines of CSV and NDJSON counted from 1, items of JSON counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number()
    }

    /// The text in the column of the key, where the row has one.
    pub fn key(&self) -> Option<String> {
        self.0.key()
    }

    /// What the row says of one field, the others left aside; nothing where that cannot be told.
    pub(crate) fn field(&self, index: usize) -> Option<Raw> {
        self.0.field(index)
    }

    pub(crate) fn record(&self, as_of: DateTime<Utc>) -> Result<Raw, Vec<Problem>> {
        self.0.record(as_of)
    }
}
