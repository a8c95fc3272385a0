//! The bytes of a CSV file, cut into rows, and rows into cells.
//!
//! Rows end at `\n` and `\r` outside quotes, and empty lines are no rows: as the `csv` crate has it, with which tests
//! compare. A quote opens where a cell begins. One that is never closed, or not for long, is told, so that it does not
//! swallow rows unseen. Nothing is said of what cells mean, nor whether they are text.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memchr_iter, memchr3};

/// The longest cell in quotes, in bytes.
const QUOTED_BYTES: usize = 16 * 1024 * 1024;
/// So many bytes are read at once. The room grows with rows that are longer.
const BUFFER: usize = 256 * 1024;

/// The rows of a file, one after the other.
pub(super) struct CsvRows<R> {
    reader: R,
    delimiter: u8,
    buffer: Vec<u8>,
    /// What of the buffer was read from the file, and is not yet given out.
    start: usize,
    end: usize,
    is_at_end: bool,
    /// The line of the first byte that is not given out.
    line: u64,
}

/// A row as it stands in the file.
#[derive(Debug)]
pub(super) struct CsvRow<'a> {
    pub(super) bytes: &'a [u8],
    /// The line in which it begins.
    pub(super) line: u64,
    pub(super) quotes: Quotes,
}

/// What a row has of quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    Some,
    /// The line of one that is never closed.
    Open(u64),
}

/// Where a row ends.
enum RowEnd {
    Plain(usize),
    Quoted(usize),
    /// Beyond what was read.
    Beyond,
    /// A quote opens here and is not closed.
    Open(usize),
    TooLong(usize),
}

impl<R: Read> CsvRows<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> CsvRows<R> {
        CsvRows { reader, delimiter, buffer: Vec::new(), start: 0, end: 0, is_at_end: false, line: 1 }
    }

    /// The next row; nothing at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<CsvRow<'_>>> {
        // The end of a long row is looked for again only when twice as much of it was read.
        let mut seen = 0;
        let (length, quotes) = loop {
            self.pass_line_ends();
            let rest = self.buffer.get(self.start..self.end).unwrap_or(&[]);
            if rest.is_empty() && self.is_at_end {
                return Ok(None);
            }
            if !rest.is_empty() && (self.is_at_end || rest.len() / 2 >= seen) {
                match row_end(rest, self.delimiter, self.is_at_end) {
                    RowEnd::Plain(length) => break (length, Quotes::None),
                    RowEnd::Quoted(length) => break (length, Quotes::Some),
                    RowEnd::Open(at) if self.is_at_end => {
                        break (rest.len(), Quotes::Open(self.line + line_ends(rest.get(..at).unwrap_or(&[]))));
                    }
                    RowEnd::Beyond | RowEnd::Open(_) => seen = rest.len(),
                    RowEnd::TooLong(at) => {
                        let line = self.line + line_ends(rest.get(..at).unwrap_or(&[]));
                        self.start = self.end;
                        self.is_at_end = true;
                        let message =
                            format!("the quote that opens in line {line} is not closed within {QUOTED_BYTES} bytes");
                        return Err(io::Error::new(ErrorKind::InvalidData, message));
                    }
                }
            }
            self.read_on()?;
        };
        let line = self.line;
        let bytes = self.buffer.get(self.start..self.start + length).unwrap_or(&[]);
        self.start += length;
        if quotes != Quotes::None {
            self.line += line_ends(bytes);
        }
        Ok(Some(CsvRow { bytes, line, quotes }))
    }

    /// Passes over the end of the last row, and over empty lines.
    fn pass_line_ends(&mut self) {
        let rest = self.buffer.get(self.start..self.end).unwrap_or(&[]);
        for byte in rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line += u64::from(*byte == b'\n');
            self.start += 1;
        }
    }

    fn read_on(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(BUFFER.max(self.buffer.len() * 2), 0);
        }
        loop {
            match self.reader.read(self.buffer.get_mut(self.end..).unwrap_or(&mut [])) {
                Ok(count) => {
                    self.end += count;
                    self.is_at_end = count == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.start = self.end;
                    self.is_at_end = true;
                    return Err(error);
                }
            }
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).map(|_| 1_u64).sum()
}

/// The end of the row with which these bytes begin.
fn row_end(bytes: &[u8], delimiter: u8, is_at_end: bool) -> RowEnd {
    match memchr3(b'\n', b'\r', b'"', bytes) {
        Some(at) if bytes.get(at) != Some(&b'"') => RowEnd::Plain(at),
        Some(_) => quoted_row_end(bytes, delimiter, is_at_end),
        None if is_at_end => RowEnd::Plain(bytes.len()),
        None => RowEnd::Beyond,
    }
}

fn quoted_row_end(bytes: &[u8], delimiter: u8, is_at_end: bool) -> RowEnd {
    let from = |at: usize| bytes.get(at..).unwrap_or(&[]);
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let open = at;
            at += 1;
            loop {
                let Some(quote) = memchr(b'"', from(at)) else {
                    let is_long = bytes.len() - open > QUOTED_BYTES;
                    return if is_long { RowEnd::TooLong(open) } else { RowEnd::Open(open) };
                };
                at += quote + 1;
                match bytes.get(at) {
                    // A doubled quote stands for one.
                    Some(b'"') => at += 1,
                    None if !is_at_end => return RowEnd::Beyond,
                    _ => break,
                }
            }
            if at - open > QUOTED_BYTES {
                return RowEnd::TooLong(open);
            }
        }
        match memchr3(delimiter, b'\n', b'\r', from(at)) {
            Some(found) if bytes.get(at + found) == Some(&delimiter) => at += found + 1,
            Some(found) => return RowEnd::Quoted(at + found),
            None if is_at_end => return RowEnd::Quoted(bytes.len()),
            None => return RowEnd::Beyond,
        }
    }
}

/// Room for the cells of a row, used again for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct CellRoom {
    ends: Vec<usize>,
    /// The cells of a row with quotes, without them.
    text: Vec<u8>,
}

/// The cells of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct CsvCells<'a> {
    text: &'a [u8],
    ends: &'a [usize],
    /// How many bytes lie between two cells.
    gap: usize,
}

impl CellRoom {
    /// The cells of a row that has its quotes closed.
    pub(super) fn split<'a>(&'a mut self, row: &'a [u8], delimiter: u8, has_quotes: bool) -> CsvCells<'a> {
        self.ends.clear();
        if has_quotes {
            self.split_quoted(row, delimiter);
            return CsvCells { text: &self.text, ends: &self.ends, gap: 0 };
        }
        let mut offset = 0;
        for block in row.chunks(64) {
            let mut found = places(block, delimiter);
            while found != 0 {
                self.ends.push(offset + found.trailing_zeros() as usize);
                found &= found - 1;
            }
            offset += block.len();
        }
        self.ends.push(row.len());
        CsvCells { text: row, ends: &self.ends, gap: 1 }
    }

    fn split_quoted(&mut self, row: &[u8], delimiter: u8) {
        self.text.clear();
        let mut rest = row;
        loop {
            if let Some(mut quoted) = rest.strip_prefix(b"\"") {
                loop {
                    let quote = memchr(b'"', quoted).unwrap_or(quoted.len());
                    let (inside, after) = quoted.split_at(quote);
                    self.text.extend_from_slice(inside);
                    rest = after.get(1..).unwrap_or(&[]);
                    let Some(more) = rest.strip_prefix(b"\"") else { break };
                    self.text.push(b'"');
                    quoted = more;
                }
            }
            let end = memchr(delimiter, rest);
            let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.text.extend_from_slice(plain);
            self.ends.push(self.text.len());
            if end.is_none() {
                return;
            }
            rest = after.get(1..).unwrap_or(&[]);
        }
    }
}

/// Where a byte stands among the 64 of a block, as bits.
fn places(block: &[u8], byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let pattern = u64::from_ne_bytes([byte; 8]);
    let mut found = 0;
    let (words, rest) = block.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let differs = u64::from_le_bytes(*word) ^ pattern;
        // The highest bit of each byte that is zero, and so the same.
        let same = !(((differs & LOW) + LOW) | differs | LOW);
        // Those bits moved together: no two of the products meet.
        found |= ((same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (index * 8);
    }
    for (index, known) in rest.iter().enumerate() {
        found |= u64::from(*known == byte) << (words.len() * 8 + index);
    }
    found
}

impl<'a> CsvCells<'a> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell of a column.
    #[inline]
    pub(super) fn get(&self, column: usize) -> Option<&'a [u8]> {
        let (up_to, start) = self.place(column)?;
        up_to.get(start..)
    }

    /// The row up to the end of a cell, and where the cell begins in it.
    #[inline]
    pub(super) fn place(&self, column: usize) -> Option<(&'a [u8], usize)> {
        let end = *self.ends.get(column)?;
        let start = match column.checked_sub(1) {
            Some(before) => self.ends.get(before)? + self.gap,
            None => 0,
        };
        Some((self.text.get(..end)?, start))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let cells = *self;
        (0..cells.len()).filter_map(move |column| cells.get(column))
    }
}
