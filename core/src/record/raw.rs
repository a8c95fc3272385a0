//! Data as a host gave it, before types are known.

use crate::syntax::{Node, NodeKind, Style};

/// A value as it was written. Numbers keep their text, so that no digit passes through a float.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// Not there, null, or an empty cell.
    Absent,
    /// `{unknown: true}`
    Unknown,
    Boolean(bool),
    Number(String),
    Text(String),
    /// Text of no type of its own: a cell of a CSV file, a plain scalar of YAML.
    Plain(String),
    List(Vec<Raw>),
    Map(Vec<(String, Raw)>),
}

impl Raw {
    /// What this is, for messages.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Raw::Absent => "nothing",
            Raw::Unknown => "unknown",
            Raw::Boolean(_) => "a boolean",
            Raw::Number(_) => "a number",
            Raw::Text(_) | Raw::Plain(_) => "a text",
            Raw::List(_) => "a list",
            Raw::Map(_) => "a record",
        }
    }

    /// The data of a sample in a rule file.
    pub(crate) fn from_node(node: &Node) -> Raw {
        match &node.kind {
            NodeKind::Null => Raw::Absent,
            NodeKind::Scalar(scalar) => match scalar.style {
                Style::Plain => Raw::Plain(scalar.snippet.text.clone()),
                _ => Raw::Text(scalar.snippet.text.clone()),
            },
            NodeKind::List(items) => Raw::List(items.iter().map(Raw::from_node).collect()),
            NodeKind::Map(map) => {
                Raw::map(map.entries.iter().map(|entry| (entry.key.clone(), Raw::from_node(&entry.value))).collect())
            }
        }
    }

    /// A map, or the explicit unknown where it is `{unknown: true}`.
    pub(crate) fn map(entries: Vec<(String, Raw)>) -> Raw {
        if let [(key, value)] = entries.as_slice()
            && key == "unknown"
            && (*value == Raw::Boolean(true) || *value == Raw::Plain("true".to_owned()))
        {
            return Raw::Unknown;
        }
        Raw::Map(entries)
    }
}
