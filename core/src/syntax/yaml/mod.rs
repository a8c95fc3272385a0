//! YAML text into nodes, with `serde-saphyr`: the only file that knows it.
//!
//! Plain scalars keep their source text (`1.50` stays `1.50`), keys and values their places. Limits on depth, nodes and
//! aliases are the parser's own budgets. YAML's ways of cutting an expression (a tag, a comment, a comma in a flow map)
//! are noted on the scalar, for `check` to report where the scalar is an expression.

mod errors;

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

use crate::diagnostic::{Code, Finding, Findings};
use crate::source::{Snippet, SourceId, Sources, Span};
use crate::syntax::balance::unbalanced;
use crate::syntax::node::{Cut, Entry, Map, Node, NodeKind, Scalar, Style};

/// How deep lists and maps may nest.
pub(crate) const DEPTH: usize = 48;
/// How many keys, items and values one file may have, aliases counted as often as they are used.
pub(crate) const NODES: usize = 2_000_000;
/// How many aliases one file may use.
pub(crate) const ALIASES: usize = 1_000;

/// The document of one file; nothing where it cannot be read, which is reported.
pub(crate) fn parse(source: SourceId, sources: &Sources, findings: &mut Findings) -> Option<Node> {
    let text = &sources.get(source)?.text;
    let head = sources.head(source);
    if text
        .trim_start_matches('\u{feff}')
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        findings.push(
            Finding::error(Code::EmptyFile, head, "this rule file says nothing")
                .help("write rules into it, or remove the file"),
        );
        return None;
    }
    let budget = serde_yaml::budget! {
        max_depth: DEPTH,
        max_nodes: NODES,
        max_events: NODES * 2,
        max_aliases: ALIASES,
    };
    let options = serde_yaml::options! {
        budget: budget,
        strict_booleans: true,
        with_snippet: false,
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::LastWins,
        merge_keys: serde_yaml::options::MergeKeyPolicy::AsOrdinary,
    };
    match serde_yaml::from_str_with_options::<Raw>(text, options) {
        Ok(raw) => Some(Builder { text, source, sources, findings }.node(raw, Around::Block)),
        Err(error) => {
            findings.push(errors::syntax_error(&error, text, source, sources));
            None
        }
    }
}

/// A node as serde hands it over.
struct Raw(Spanned<Content>);

enum Content {
    Null,
    Text(String),
    Other,
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    // Numbers and booleans: their text is read from the source, so that no digit is lost.
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Content, E> {
        Err(E::custom("binary values are not part of the format"))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        if entries.len() > NODES {
            return Err(A::Error::custom("too many keys"));
        }
        Ok(Content::Map(entries))
    }
}

/// Whether a node stands inside `{ }` or `[ ]`.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Block,
    Flow,
}

struct Builder<'a> {
    text: &'a str,
    source: SourceId,
    sources: &'a Sources,
    findings: &'a mut Findings,
}

impl Builder<'_> {
    fn node(&mut self, raw: Raw, around: Around) -> Node {
        let (span, is_alias) = self.span(&raw);
        match raw.0.value {
            Content::Null if self.tag(span).is_some() => {
                self.scalar(Some(String::new()), span, is_alias, &raw.0.defined)
            }
            Content::Null if self.raw_text(span).is_empty() || is_null(self.raw_text(span)) => {
                Node { span, kind: NodeKind::Null }
            }
            Content::Null | Content::Other => self.scalar(None, span, is_alias, &raw.0.defined),
            Content::Text(text) => self.scalar(Some(text), span, is_alias, &raw.0.defined),
            Content::List(items) => {
                self.refuse_tag(span);
                let inside = if self.raw_text(span).starts_with('[') { Around::Flow } else { around };
                let mut items: Vec<Node> = items.into_iter().map(|item| self.node(item, inside)).collect();
                if inside == Around::Flow {
                    mark_cut_items(&mut items);
                }
                let span = items.last().map_or(span, |last| if is_alias { span } else { span.to(last.span) });
                Node { span, kind: NodeKind::List(items) }
            }
            Content::Map(entries) => {
                self.refuse_tag(span);
                self.map(entries, span, is_alias, around)
            }
        }
    }

    fn map(&mut self, entries: Vec<(Raw, Raw)>, span: Span, is_alias: bool, around: Around) -> Node {
        let inside = if self.raw_text(span).starts_with('{') { Around::Flow } else { around };
        let mut map = Map::default();
        let mut seen: HashMap<String, Span> = HashMap::new();
        for (key, value) in entries {
            let (key_span, _) = self.span(&key);
            let key_text = match key.0.value {
                Content::Text(text) => text,
                Content::Null | Content::Other => self.raw_text(key_span).to_owned(),
                Content::List(_) | Content::Map(_) => {
                    self.findings.push(
                        Finding::error(
                            Code::WrongKind,
                            key_span,
                            "a key is a single word, but this is a list or a map",
                        )
                        .help("quote it if it is a text that begins with `[` or `{`"),
                    );
                    continue;
                }
            };
            if key_text == "<<" {
                self.findings.push(
                    Finding::error(Code::MergeKey, key_span, "YAML's merge key `<<` is not part of the format")
                        .help("write the keys out, or use `extends` and overlays"),
                );
                map.is_damaged = true;
                continue;
            }
            let mut value = self.node(value, inside);
            // `{when: a in [1, 2], 5}` ends the value at the comma and leaves a key without a value.
            if inside == Around::Flow && matches!(value.kind, NodeKind::Null) && value.span.start == value.span.end {
                let before = map.entries.last_mut().map(|entry: &mut Entry| &mut entry.value.kind);
                if let Some(NodeKind::Scalar(scalar)) = before
                    && scalar.style == Style::Plain
                    && scalar.cut.is_none()
                {
                    scalar.cut = Some(Cut::Comma(key_text));
                    continue;
                }
            }
            if let Some(first) = seen.get(&key_text) {
                self.findings.push(
                    Finding::error(Code::DuplicateKey, key_span, format!("the key `{key_text}` stands here twice"))
                        .also(*first, "first here")
                        .help("remove one, or rename it"),
                );
                continue;
            }
            seen.insert(key_text.clone(), key_span);
            if is_alias {
                value.span = span;
            }
            map.entries.push(Entry { key: key_text, key_span: if is_alias { span } else { key_span }, value });
        }
        let end = map.entries.last().map_or(span, |entry| span.to(entry.value.span));
        Node { span: if is_alias { span } else { end }, kind: NodeKind::Map(map) }
    }

    /// A scalar whose text is `text`, or the source's own where the parser took it for a number or a boolean.
    fn scalar(&mut self, text: Option<String>, span: Span, is_alias: bool, defined: &Location) -> Node {
        let place = if is_alias { self.location_span(defined) } else { span };
        let raw = self.raw_text(place);
        let style = match raw.bytes().next() {
            Some(b'"' | b'\'') => Style::Quoted,
            _ if self.is_block(place) => Style::Block,
            _ => Style::Plain,
        };
        let text = text.unwrap_or_else(|| raw.to_owned());
        let mut snippet = Snippet::aligned(&text, raw, place);
        if style == Style::Block {
            snippet = Snippet::aligned(text.trim_end_matches('\n'), raw, place);
        }
        let cut = self.cut(place, style);
        let span = if is_alias { span } else { snippet.span(0, snippet.text.len()) };
        let span = if style == Style::Quoted && !is_alias { place } else { span };
        Node { span, kind: NodeKind::Scalar(Scalar { snippet, style, cut }) }
    }

    /// Whether the scalar's header in the line before is `|` or `>`.
    fn is_block(&self, span: Span) -> bool {
        let before = self.text.get(..span.start as usize).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        if !before[line_start..].trim().is_empty() || line_start == 0 {
            return false;
        }
        let header =
            before[..line_start - 1].rsplit('\n').find(|line| !line.trim().is_empty()).unwrap_or("").trim_end();
        let header = header.split(" #").next().unwrap_or("").trim_end();
        let header = header.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
        header.ends_with('|') || header.ends_with('>')
    }

    /// The tag before a node: `!` and what is written to it, in the same line or in one before.
    fn tag(&self, span: Span) -> Option<(String, Span)> {
        let before = self.text.get(..span.start as usize).unwrap_or("").trim_end();
        let line = before.rsplit('\n').next().unwrap_or("");
        let start = line.rfind([' ', '{', '[', ',']).map_or(0, |at| at + 1);
        let (head, word) = (line.get(..start).unwrap_or("").trim_end(), line.get(start..).unwrap_or(""));
        let stands_before_a_value = head.is_empty() || head.ends_with([':', '-', '[', '{', ',', '?']);
        let is_comment = head.starts_with('#') || head.contains(" #");
        let end = before.len();
        (word.starts_with('!') && stands_before_a_value && !is_comment)
            .then(|| (word.to_owned(), self.sources.span(self.source, end - word.len(), end)))
    }

    /// What YAML took away before a scalar, or behind a plain one in its line.
    fn cut(&self, span: Span, style: Style) -> Option<Cut> {
        if let Some((tag, place)) = self.tag(span) {
            return Some(Cut::Tag(tag, place));
        }
        if style != Style::Plain {
            return None;
        }
        let after = self.text.get(span.end as usize..).unwrap_or("").lines().next().unwrap_or("");
        let comment = after.trim_start();
        (comment.starts_with('#') && comment.len() < after.len()).then(|| Cut::Comment(comment.to_owned()))
    }

    /// Lists and maps with a tag: YAML would pass it over.
    fn refuse_tag(&mut self, span: Span) {
        if let Some((tag, place)) = self.tag(span) {
            self.findings.push(
                Finding::error(Code::CutExpression, place, format!("YAML takes `{tag}` for a tag"))
                    .help("remove it, or quote the value that begins with `!`"),
            );
        }
    }

    fn raw_text(&self, span: Span) -> &str {
        self.sources.text(span)
    }

    /// The place where a node stands, and whether an alias put it there.
    fn span(&self, raw: &Raw) -> (Span, bool) {
        let is_alias = raw.0.referenced != raw.0.defined;
        (self.location_span(&raw.0.referenced), is_alias)
    }

    fn location_span(&self, location: &Location) -> Span {
        location_span(location, self.text, self.source, self.sources)
    }
}

/// `[max(a, 5) > 3, b]` ends the first item at its first comma: it takes back what follows until it is whole.
fn mark_cut_items(items: &mut Vec<Node>) {
    let mut at = 0;
    while at + 1 < items.len() {
        let mut whole = items.get(at).and_then(Node::text).unwrap_or("").to_owned();
        let mut rest: Vec<String> = Vec::new();
        let is_plain = matches!(items.get(at).map(|item| &item.kind),
            Some(NodeKind::Scalar(scalar)) if scalar.style == Style::Plain);
        // A few are enough for any call, and keep a long list of unbalanced texts cheap.
        for next in items.iter().skip(at + 1).take(if is_plain { 16 } else { 0 }) {
            let (true, Some(text)) = (unbalanced(&whole).is_some(), next.text()) else { break };
            whole = format!("{whole}, {text}");
            rest.push(text.to_owned());
        }
        if unbalanced(&whole).is_none()
            && !rest.is_empty()
            && let Some(Node { kind: NodeKind::Scalar(scalar), .. }) = items.get_mut(at)
            && scalar.cut.is_none()
        {
            scalar.cut = Some(Cut::Comma(rest.join(", ")));
            items.drain(at + 1..=at + rest.len());
        }
        at += 1;
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "~" | "null" | "Null" | "NULL")
}

fn location_span(location: &Location, text: &str, source: SourceId, sources: &Sources) -> Span {
    let span = location.span();
    if let (Some(start), Some(len)) = (span.byte_offset(), span.byte_len()) {
        let (start, len) = (usize::try_from(start).unwrap_or(0), usize::try_from(len).unwrap_or(0));
        // A parser's offsets may not count a byte-order mark; a file with one starts with it.
        return sources.span(source, start.min(text.len()), (start + len).min(text.len()));
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let line_start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(line_start..).unwrap_or("");
    let offset = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let start = line_start + offset;
    let end = text.get(start..).and_then(|rest| rest.chars().next()).map_or(start, |c| start + c.len_utf8());
    sources.span(source, start, end)
}
