//! The generic document: scalars, lists and maps with places, and a reader of maps that misses no key.

use std::borrow::Cow;

use super::balance::unbalanced;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::source::{Snippet, Span};

/// A piece of a document.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// Nothing was written, or `null`, or `~`.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Map),
}

/// A single value: its text as the author means it, and where each character stands.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) snippet: Snippet,
    pub(crate) style: Style,
    /// What stands in the same line before and behind it, where YAML may have cut it: a tag, a comment.
    pub(crate) cut: Option<Cut>,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
    /// A cell of a grid.
    Cell,
}

/// Text that YAML took away from a scalar.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// `!` at the front made it a tag, which stands there.
    Tag(String, Span),
    /// ` #` made the rest a comment.
    Comment(String),
    /// A `,` in a flow map or list ended it; the next entry has no value.
    Comma(String),
}

/// A map, in the order in which it was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
    /// Whether keys were lost to a mistake that was reported.
    pub(crate) is_damaged: bool,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Map {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

impl Node {
    /// A scalar node.
    pub(crate) fn scalar(snippet: Snippet, style: Style) -> Node {
        Node { span: snippet.whole(), kind: NodeKind::Scalar(Scalar { snippet, style, cut: None }) }
    }

    /// The word for what this is, for messages.
    pub(crate) fn word(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Scalar(_) => "a single value",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(&scalar.snippet.text),
            _ => None,
        }
    }

    /// The entries of a map; reports anything else.
    pub(crate) fn as_map(&self, what: &str, findings: &mut Findings) -> Option<&Map> {
        match &self.kind {
            NodeKind::Map(map) => Some(map),
            _ => {
                findings.push(self.wrong_kind("a map", what));
                None
            }
        }
    }

    /// The items of a list; reports anything else.
    pub(crate) fn as_list(&self, what: &str, findings: &mut Findings) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(list) => Some(list),
            _ => {
                findings.push(self.wrong_kind("a list", what));
                None
            }
        }
    }

    /// The scalar; reports anything else.
    pub(crate) fn as_scalar(&self, what: &str, findings: &mut Findings) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => {
                findings.push(self.wrong_kind("a single value", what));
                None
            }
        }
    }

    /// The text of a scalar that YAML did not cut; reports anything else.
    pub(crate) fn as_text(&self, what: &str, findings: &mut Findings) -> Option<&str> {
        let scalar = self.as_scalar(what, findings)?;
        // A comment behind a plain text is a comment; behind an expression it may be a lost tail.
        if !matches!(scalar.cut, Some(Cut::Comment(_))) {
            scalar.report_cut(self.span, findings);
        }
        Some(&scalar.snippet.text)
    }

    /// A boolean; reports anything else.
    pub(crate) fn as_boolean(&self, what: &str, findings: &mut Findings) -> Option<bool> {
        match self.as_text(what, findings)? {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                let message = format!("{what} is `{other}`, not true or false");
                findings.push(Finding::error(Code::InvalidValue, self.span, message).help("write `true` or `false`"));
                None
            }
        }
    }

    /// One scalar or a list of scalars; reports anything else.
    pub(crate) fn one_or_many(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(list) => list,
            _ => std::slice::from_ref(self),
        }
    }

    fn wrong_kind(&self, wanted: &str, what: &str) -> Finding {
        Finding::error(Code::WrongKind, self.span, format!("{what} is {wanted}, but this is {}", self.word()))
            .maybe_help(match (&self.kind, wanted) {
                (NodeKind::Null, _) => Some("give it a value, or remove the key".to_owned()),
                (NodeKind::Map(map), "a single value")
                    if map.entries.len() == 1
                        && map.entries.iter().all(|entry| matches!(entry.value.kind, NodeKind::Null)) =>
                {
                    Some("remove the braces".to_owned())
                }
                (NodeKind::Map(map), "a single value") if matches!(what, "`when`" | "`unless`") => {
                    map.entries.first().map(|entry| {
                        let value = entry.value.text().unwrap_or("..");
                        let is_word = value.starts_with(char::is_alphabetic) && !matches!(value, "true" | "false");
                        let quote = if is_word { "\"" } else { "" };
                        format!("write a condition, such as `{} == {quote}{value}{quote}`", entry.key)
                    })
                }
                (NodeKind::Map(map), "a single value") if !map.entries.is_empty() => {
                    Some("quote it if it is one value that holds `{` or `: `".to_owned())
                }
                (NodeKind::List(_), "a single value") => {
                    Some("quote it if it is one value that begins with `[`".to_owned())
                }
                (NodeKind::Scalar(_), "a list") => Some("write one item a line, each after `- `".to_owned()),
                (NodeKind::Map(_), "a list") => Some("begin each item with `- `".to_owned()),
                (NodeKind::List(_), "a map") => Some("write `name: value` a line, without `- `".to_owned()),
                (NodeKind::Scalar(_), "a map") => Some("write `name: value`, one a line".to_owned()),
                _ => None,
            })
    }
}

impl Scalar {
    /// Reports text that YAML took away, with the quoted rewrite.
    pub(crate) fn report_cut(&self, span: Span, findings: &mut Findings) -> bool {
        let Some(cut) = &self.cut else { return false };
        let text = &self.snippet.text;
        let mut place = span;
        let (message, whole) = match cut {
            Cut::Tag(tag, from) => {
                place = from.to(span);
                ("YAML took the leading `!` for a tag".to_owned(), format!("{tag} {text}").trim_end().to_owned())
            }
            Cut::Comment(rest) => {
                ("YAML took ` #` and what follows for a comment".to_owned(), format!("{text} {rest}"))
            }
            Cut::Comma(rest) => ("YAML cut this at the comma".to_owned(), format!("{text}, {rest}")),
        };
        let is_comment = matches!(cut, Cut::Comment(_));
        let help = if is_comment && unbalanced(text).is_some() && unbalanced(&whole).is_some() {
            "close the bracket before the comment; quote the value only if `#` belongs to it".to_owned()
        } else {
            format!("quote it: {}", quoted(&whole))
        };
        findings.push(Finding::error(Code::CutExpression, place, message).help(help));
        true
    }
}

/// The text in the quotes that need no escapes.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{}\"", text.replace('"', "\\\"")) } else { format!("'{text}'") }
}

/// A value that a required key may have.
fn example(key: &str) -> Option<&'static str> {
    Some(match key {
        "pack" => "NAME",
        "version" => "1.0.0",
        "format" => "1",
        "currency" => "USD",
        "time_zone" => "America/New_York",
        "fields" => "{case_id: {type: text, key: true}}",
        "type" => "text",
        "record" => "case",
        "weekend" => "[sat, sun]",
        "valid_from" => "2025-01-01",
        "valid_until" => "2028-12-31",
        "from" => "{2026-01-01: 5.25}",
        "outputs" => "{floor: percent}",
        "list" => "[{id: NAME, when: CONDITION, give: {OUTPUT: VALUE}}]",
        "id" => "NAME",
        "initial" | "to" => "STAGE",
        "do" => "ACTION",
        "stages" => "{NAME: {next: [{to: STAGE, when: CONDITION}]}}",
        "give" => "{OUTPUT: VALUE}",
        "rules" => "[{id: NAME, channels: [call], hours: 08:00 to under 21:00}]",
        "count" | "after" => "LIST",
        "at_most" => "7",
        "in" | "for" => "7 days",
        "channel" => "call",
        "points" => "10",
        "unit" => "FIELD",
        "over" => "collector",
        "base" | "team" | "split_by" => "FIELD",
        "tiers" => "{mode: marginal, steps: {0: 0, 30000: 4}}",
        "mode" => "marginal",
        "steps" => "{0: 0, 30000: 4}",
        "above" => "50000.00",
        "percent" => "1",
        "times" => "0.5",
        "salt" => "NAME-2026",
        "weight" => "50",
        "name" => "what the test shows",
        "as_of" => "2026-09-08T12:00:00-04:00",
        "given" => "SAMPLE",
        "expect" => "{fired: [RULE]}",
        _ => return None,
    })
}

/// Reads the keys of one map, one by one; what nobody asked for is reported at the end.
pub(crate) struct MapReader<'a> {
    map: &'a Map,
    span: Span,
    what: String,
    /// Where the map's name stands, if it has one.
    name: Option<Span>,
    asked: Vec<Cow<'static, str>>,
}

impl<'a> MapReader<'a> {
    /// A reader of `node`, which must be a map. `what` names it in messages.
    pub(crate) fn new(node: &'a Node, what: &str, findings: &mut Findings) -> Option<Self> {
        let map = node.as_map(what, findings)?;
        Some(MapReader { map, span: node.span, what: what.to_owned(), name: None, asked: Vec::new() })
    }

    /// The reader of a map that has a name, at which missing keys are reported.
    pub(crate) fn named(self, name: Span) -> Self {
        MapReader { name: Some(name), ..self }
    }

    /// The value of a key that may be missing. A key without a value counts as missing a value, and is reported.
    pub(crate) fn optional(&mut self, key: &'static str, findings: &mut Findings) -> Option<&'a Node> {
        self.asked.push(Cow::Borrowed(key));
        self.valued(key, findings)
    }

    /// The same for a key that the pack declares.
    pub(crate) fn declared(&mut self, key: &str, findings: &mut Findings) -> Option<&'a Node> {
        self.asked.push(Cow::Owned(key.to_owned()));
        self.valued(key, findings)
    }

    fn valued(&self, key: &str, findings: &mut Findings) -> Option<&'a Node> {
        let node = self.map.get(key)?;
        if matches!(node.kind, NodeKind::Null) {
            let message = format!("`{key}` of {} has no value", self.what);
            findings.push(
                Finding::error(Code::WrongKind, self.key_span(key), message).help("give it a value, or remove the key"),
            );
            return None;
        }
        Some(node)
    }

    /// The value of a key that may stand there empty.
    pub(crate) fn optional_or_null(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(Cow::Borrowed(key));
        self.map.get(key)
    }

    /// The value of a key that must be there.
    pub(crate) fn required(&mut self, key: &'static str, findings: &mut Findings) -> Option<&'a Node> {
        if self.map.get(key).is_none() {
            self.asked.push(Cow::Borrowed(key));
            if self.map.is_damaged {
                return None;
            }
            let message = format!("{} needs `{key}`", self.what);
            let finding = Finding::error(Code::MissingKey, self.head(), message);
            let near = self
                .map
                .entries
                .iter()
                .map(|entry| entry.key.as_str())
                .find(|found| crate::diagnostic::nearest(found, [key]).is_some());
            let help = match near {
                Some(near) => Some(format!("did you mean `{key}` by `{near}`?")),
                None => example(key).map(|value| format!("add `{key}: {value}`")),
            };
            findings.push(finding.maybe_help(help));
            return None;
        }
        self.optional(key, findings)
    }

    /// The place of a key, or of the map's beginning where the key is not there.
    pub(crate) fn key_span(&self, key: &str) -> Span {
        self.map.entries.iter().find(|entry| entry.key == key).map_or(self.head(), |entry| entry.key_span)
    }

    /// The place of the map's name, or of its first key.
    pub(crate) fn head(&self) -> Span {
        if let Some(name) = self.name {
            return name;
        }
        self.map.entries.first().map_or(self.span, |entry| entry.key_span)
    }

    /// The text of an optional scalar.
    pub(crate) fn text(&mut self, key: &'static str, findings: &mut Findings) -> Option<&'a str> {
        let what = format!("`{key}` of {}", self.what);
        self.optional(key, findings)?.as_text(&what, findings)
    }

    /// An optional boolean.
    pub(crate) fn boolean(&mut self, key: &'static str, findings: &mut Findings) -> Option<bool> {
        let what = format!("`{key}` of {}", self.what);
        self.optional(key, findings)?.as_boolean(&what, findings)
    }

    /// Whether a key stands there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some()
    }

    /// Whether there are keys that nobody asked for yet: a misspelt one explains a missing one.
    pub(crate) fn has_stray(&self) -> bool {
        self.map.entries.iter().any(|entry| !self.asked.iter().any(|asked| *asked == entry.key))
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(self, findings: &mut Findings) {
        for entry in &self.map.entries {
            if self.asked.iter().any(|asked| *asked == entry.key) {
                continue;
            }
            let message = format!("{} has no key `{}`", self.what, entry.key);
            // Keys that the engine adds to documents are not for people.
            let known = self.asked.iter().map(|asked| &**asked).filter(|asked| !asked.starts_with('@'));
            findings.push(
                Finding::error(Code::UnknownKey, entry.key_span, message).maybe_help(did_you_mean(&entry.key, known)),
            );
        }
    }
}
