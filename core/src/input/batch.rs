//! Many rows at once, as the file has them: cut apart by one thread, read by any.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::csv_rows::{CellRoom, Quotes};
use super::files::{CsvLayout, RawKind, RawRow};
use super::{CaseReader, CaseRow, CaseSource};
use crate::error::Error;
use crate::eval::{Fields, Pack};

/// A batch ends with the row with which it has so many bytes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Rows of case data that stand together in a file, not yet read.
///
/// Owned, so that another thread can read them: see [`Evaluator::read_into`](crate::Evaluator::read_into).
#[derive(Debug)]
pub struct CaseBatch {
    source: Arc<CaseSource>,
    layout: Option<Arc<CsvLayout>>,
    bytes: Vec<u8>,
    rows: Vec<RawRow>,
}

impl CaseReader {
    /// The next rows, at most so many; nothing at the end of the file.
    ///
    /// # Errors
    /// Where the file can be read no further. The rows before that come first.
    pub fn next_batch(&mut self, limit: usize) -> Result<Option<CaseBatch>, Error> {
        let mut batch = CaseBatch { source: self.source.clone(), layout: None, bytes: Vec::new(), rows: Vec::new() };
        Ok(self.next_batch_into(limit, &mut batch)?.then_some(batch))
    }

    /// As [`CaseReader::next_batch`], into the room of a batch that is no longer needed. False at the end of the file.
    ///
    /// # Errors
    /// Where the file can be read no further. The rows before that come first.
    pub fn next_batch_into(&mut self, limit: usize, batch: &mut CaseBatch) -> Result<bool, Error> {
        batch.source = self.source.clone();
        batch.layout = self.rows.layout().cloned();
        batch.bytes.clear();
        batch.rows.clear();
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        while batch.rows.len() < limit.max(1) && batch.bytes.len() < BATCH_BYTES {
            match self.rows.next(&mut batch.bytes) {
                None => break,
                Some(Ok(row)) => batch.rows.push(row),
                Some(Err(error)) if batch.rows.is_empty() => return Err(error),
                Some(Err(error)) => {
                    self.broken = Some(error);
                    break;
                }
            }
        }
        Ok(!batch.rows.is_empty())
    }
}

impl CaseBatch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of a row, as [`CaseRow::number`] has it.
    pub fn number(&self, index: usize) -> Option<u64> {
        self.rows.get(index).map(|row| row.number)
    }

    /// A row by itself, such as for its key where it is refused.
    pub fn row(&self, index: usize) -> Option<CaseRow> {
        let row = self.rows.get(index)?;
        let content = row.content(&self.bytes, self.layout.as_deref());
        Some(CaseRow { number: row.number, content, source: self.source.clone() })
    }

    /// Reads a row into the fields of a record; nothing where the slow way has to, and the fields are then of no use.
    pub(crate) fn read(
        &self,
        index: usize,
        pack: Pack<'_>,
        as_of: DateTime<Utc>,
        room: &mut CellRoom,
        fields: &mut Fields,
    ) -> Option<()> {
        let (row, layout) = (self.rows.get(index)?, self.layout.as_deref()?);
        let bytes = self.bytes.get(row.start..row.end)?;
        let has_quotes = match row.kind {
            RawKind::Csv(Quotes::None) => false,
            RawKind::Csv(Quotes::Some) => true,
            _ => return None,
        };
        // The instructions were made for the pack with which the file was opened.
        if !Arc::ptr_eq(&self.source.record, &pack.checked.record) || std::str::from_utf8(bytes).is_err() {
            return None;
        }
        let cells = room.split(bytes, layout.delimiter, has_quotes);
        if cells.len() != layout.header.len() {
            return None;
        }
        layout.fast.read(&cells, &self.source, &layout.header, pack, as_of, fields)
    }
}
