//! Source files and places in them.
//!
//! Takes the text of files; gives ids, byte spans, and lines and columns on demand. Never reads a file.

/// Names one source file of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SourceId(u32);

/// A half-open range of bytes in one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) source: SourceId,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The place before this span's first byte.
    pub(crate) fn start_of(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The smallest span that holds both; `self` where they lie in different files.
    pub(crate) fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One file: its path as the pack's author knows it, and its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    line_starts: Vec<u32>,
    /// How many columns there are before each `BLOCK` bytes; empty where no line is as long as one.
    blocks: Vec<u32>,
}

/// A file of one line may hold thousands of findings: their columns are counted from the last of these on.
const BLOCK: usize = 1_024;

/// All files of one load, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    files: Vec<Source>,
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineColumn {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Sources {
    /// Adds a file and returns its id.
    pub(crate) fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        let text = text.into();
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| clamp(at + 1)));
        let id = SourceId(clamp(self.files.len()));
        let is_long = |start: &u32| text.get(*start as usize..).is_some_and(|rest| rest.len() > BLOCK);
        let has_long_line =
            line_starts.windows(2).any(|line| matches!(line, [start, next] if next - start > BLOCK as u32))
                || line_starts.last().is_some_and(is_long);
        let blocks = if has_long_line { blocks(&text) } else { Vec::new() };
        self.files.push(Source { path: path.into(), text, line_starts, blocks });
        id
    }

    /// The file with this id. Ids come from `add` alone, so a foreign one is answered with the first file.
    pub(crate) fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// The paths and the texts of all files.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|source| (source.path.as_str(), source.text.as_str()))
    }

    /// The path of the file that a span lies in.
    pub(crate) fn path(&self, span: Span) -> &str {
        self.get(span.source).map_or("", |source| source.path.as_str())
    }

    /// The text that a span covers; empty where it does not fit its file.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|source| source.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// The line and column of a span's first byte.
    pub(crate) fn line_column(&self, span: Span) -> LineColumn {
        let Some(source) = self.get(span.source) else { return LineColumn { line: 1, column: 1 } };
        let line = source.line_starts.partition_point(|start| *start <= span.start).max(1);
        let line_start = source.line_starts.get(line - 1).copied().unwrap_or(0) as usize;
        let before = source.text.get(line_start..span.start as usize).unwrap_or("");
        let columns = match before.len() {
            0..=BLOCK => count_columns(before),
            _ => source.columns_before(span.start as usize).saturating_sub(source.columns_before(line_start)),
        };
        LineColumn { line: clamp(line), column: clamp(columns + 1) }
    }

    /// The text of the lines from one to another, both included and counted from 1, and the byte at which it begins.
    pub(crate) fn lines(&self, id: SourceId, first: u32, last: u32) -> (&str, usize) {
        let Some(source) = self.get(id) else { return ("", 0) };
        let start_of = |line: u32| source.line_starts.get(line as usize).map_or(source.text.len(), |at| *at as usize);
        let (start, end) = (start_of(first.saturating_sub(1)), start_of(last));
        (source.text.get(start..end.max(start)).unwrap_or(""), start)
    }

    /// `path:line:column` of a span's first byte.
    pub(crate) fn place(&self, span: Span) -> String {
        let LineColumn { line, column } = self.line_column(span);
        format!("{}:{line}:{column}", self.path(span))
    }

    /// A span over a whole file's first line, for findings about the file itself.
    pub(crate) fn head(&self, id: SourceId) -> Span {
        Span { source: id, start: 0, end: 0 }
    }

    /// A span from byte offsets.
    pub(crate) fn span(&self, source: SourceId, start: usize, end: usize) -> Span {
        Span { source, start: clamp(start), end: clamp(end) }
    }
}

impl Source {
    /// How many columns all lines have before a byte at which a character begins.
    fn columns_before(&self, at: usize) -> usize {
        let block = at / BLOCK;
        let counted = self.blocks.get(block).map_or(0, |count| *count as usize);
        let from = (block * BLOCK..at).find(|from| self.text.is_char_boundary(*from)).unwrap_or(at);
        counted + count_columns(self.text.get(from..at).unwrap_or(""))
    }
}

/// Every character takes a column, but a byte-order mark.
fn count_columns(text: &str) -> usize {
    text.chars().filter(|c| *c != '\u{feff}').count()
}

/// The columns of the characters that begin before each block of a text.
fn blocks(text: &str) -> Vec<u32> {
    let mut blocks = Vec::with_capacity(text.len() / BLOCK + 1);
    let mut columns = 0;
    for (at, c) in text.char_indices() {
        while blocks.len() * BLOCK <= at {
            blocks.push(clamp(columns));
        }
        columns += usize::from(c != '\u{feff}');
    }
    while blocks.len() * BLOCK <= text.len() {
        blocks.push(clamp(columns));
    }
    blocks
}

/// Offsets fit 32 bits because files are limited to far less (see `load`).
pub(crate) fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// How many characters may stand in a file between two that follow each other in a snippet.
const LOOKAHEAD: usize = 1_024;

/// A piece of text out of a source file, whose every byte knows its place: an expression, a cell, a literal.
#[derive(Clone, Debug)]
pub(crate) struct Snippet {
    pub(crate) text: String,
    span: Span,
    /// Offset in the file of each byte of `text`; empty where the text stands in the file as it is.
    offsets: Vec<u32>,
}

impl Snippet {
    /// Text that stands in the file byte for byte from the span's start.
    pub(crate) fn verbatim(text: &str, span: Span) -> Self {
        Snippet { text: text.to_owned(), span, offsets: Vec::new() }
    }

    /// Text that was read out of `raw` (the file's text of `span`) by unfolding lines or removing quotes.
    /// Blank runs are matched with blank runs, every other character with its next occurrence.
    pub(crate) fn aligned(text: &str, raw: &str, span: Span) -> Self {
        if raw.starts_with(text) {
            return Snippet::verbatim(text, span);
        }
        let mut offsets = Vec::with_capacity(text.len());
        let mut at = 0;
        for c in text.chars() {
            let rest = raw.get(at..).unwrap_or("");
            let skip = if rest.starts_with(c) {
                0
            } else if c.is_whitespace() {
                rest.find(char::is_whitespace).unwrap_or(0)
            } else {
                // Indentation, quotes and escapes are short: a character that was escaped is not looked for to the end.
                rest.char_indices().take(LOOKAHEAD).find(|(_, other)| *other == c).map_or(0, |(at, _)| at)
            };
            let here = at + skip;
            // A character that was escaped is shorter than its text: all its bytes have its place.
            let stands_there = raw.get(here..).is_some_and(|rest| rest.starts_with(c));
            let place = |byte: usize| clamp(span.start as usize + here + if stands_there { byte } else { 0 });
            offsets.extend((0..c.len_utf8()).map(place));
            let width = if stands_there || !c.is_whitespace() {
                c.len_utf8()
            } else {
                // A folded line break became one blank: step over all of it.
                let blank = raw.get(here..).unwrap_or("");
                if c == ' ' { blank.len() - blank.trim_start().len() } else { 1 }
            };
            at = (here + width).min(raw.len());
        }
        Snippet { text: text.to_owned(), span, offsets }
    }

    /// The place of the whole snippet.
    pub(crate) fn whole(&self) -> Span {
        self.span
    }

    /// The place of a range of bytes of the snippet's text.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        if self.offsets.is_empty() {
            let base = self.span.start as usize;
            return Span { source: self.span.source, start: clamp(base + start), end: clamp(base + end.max(start)) };
        }
        let first = self.offsets.get(start).copied().unwrap_or(self.span.end);
        let last = end.checked_sub(1).and_then(|last| self.offsets.get(last)).copied().unwrap_or(first);
        Span { source: self.span.source, start: first, end: (last + 1).max(first) }
    }

    /// The part of this snippet between two bytes of its text.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Snippet {
        let mut offsets = self.offsets.get(start..end.min(self.offsets.len())).unwrap_or(&[]);
        // A line of a block and its cells stand in the file as they are.
        if offsets.first().is_some_and(|first| offsets.iter().zip(*first..).all(|(offset, at)| *offset == at)) {
            offsets = &[];
        }
        Snippet {
            text: self.text.get(start..end).unwrap_or("").to_owned(),
            span: self.span(start, end),
            offsets: offsets.to_vec(),
        }
    }

    /// The part of this snippet between two bytes of its text, without blanks at both ends.
    pub(crate) fn trimmed_slice(&self, start: usize, end: usize) -> Snippet {
        let text = self.text.get(start..end).unwrap_or("");
        let blank = text.len() - text.trim_start().len();
        if blank == text.len() {
            // The place of nothing is the end of the blanks, not what comes after them.
            return self.slice(start, end).slice(blank, blank);
        }
        self.slice(start + blank, start + blank + text.trim().len())
    }

    /// The snippet without blanks at both ends.
    pub(crate) fn trimmed(&self) -> Snippet {
        self.trimmed_slice(0, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{LineColumn, Sources};

    #[test]
    fn columns_are_counted_the_same_in_short_and_long_lines() {
        for unit in ["a", "é", "aé€😀", "\u{feff}b"] {
            for long in [1, 300, 1_023, 1_024, 1_025, 2_500] {
                let line = unit.repeat(long);
                let text = format!("{unit}\n{line}\n{line}");
                let mut sources = Sources::default();
                let id = sources.add("file", text.as_str());
                let (mut expected, mut places) = (LineColumn { line: 1, column: 1 }, 0);
                for (at, c) in text.char_indices() {
                    assert_eq!(sources.line_column(sources.span(id, at, at)), expected, "{unit} {long} {at}");
                    places += 1;
                    match c {
                        '\n' => expected = LineColumn { line: expected.line + 1, column: 1 },
                        '\u{feff}' => {}
                        _ => expected.column += 1,
                    }
                }
                assert_eq!(sources.line_column(sources.span(id, text.len(), text.len())), expected);
                assert!(places > long);
            }
        }
    }

    #[test]
    fn lines_are_found_by_number() {
        let mut sources = Sources::default();
        let id = sources.add("file", "a\nbb\n\nc");
        assert_eq!(sources.lines(id, 1, 1), ("a\n", 0));
        assert_eq!(sources.lines(id, 2, 3), ("bb\n\n", 2));
        assert_eq!(sources.lines(id, 4, 9), ("c", 6));
        assert_eq!(sources.lines(id, 9, 9), ("", 7));
    }
}
