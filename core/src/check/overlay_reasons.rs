//! Why an overlay changes, replaces or removes a contact rule: it must say so.

use crate::diagnostic::{Code, Finding, Findings};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};

/// What `remove` names: an item, and why it goes.
pub(super) struct Removal<'a> {
    pub(super) path: &'a str,
    pub(super) span: Span,
    pub(super) because: Option<&'a str>,
}

/// Reports a change or replacement of a contact rule or policy that has no reason.
pub(super) fn require(operation: &str, item: &Entry, findings: &mut Findings) {
    let Some(id) = Id::of(&item.key) else { return };
    let finding = |message: String| Finding::error(Code::MissingKey, item.key_span, message);
    match (id, &item.value.kind) {
        (Id::All, _) => findings.push(
            finding(format!("contact policies are {} one by one", done(operation)))
                .help("name the policy or rule, such as `contact/POLICY/RULE`"),
        ),
        (Id::One, NodeKind::Map(map)) if says_why(map) => {}
        (Id::One, NodeKind::Map(_)) => findings.push(
            finding(format!("`{}` is {} without a reason", item.key, done(operation))).help("add `because: WHY`"),
        ),
        (Id::One, _) | (Id::Part, _) => {
            let owner = owner(&item.key);
            findings.push(
                finding(format!("a part of `{owner}` is {} without a reason", done(operation)))
                    .help(format!("use `change:` with `{owner}: {{KEY: VALUE, because: WHY}}`")),
            );
        }
    }
}

/// What an item of `remove` names: an id, or a map with the id and the reason. Contact rules need one.
pub(super) fn removal<'a>(item: &'a Node, findings: &mut Findings) -> Option<Removal<'a>> {
    let removal = match &item.kind {
        NodeKind::Map(_) => {
            let mut reader = MapReader::new(item, "a removal", findings)?;
            let id = reader.required("id", findings);
            let because = reader.text("because", findings);
            reader.finish(findings);
            let id = id?;
            Removal { path: id.as_text("a qualified id", findings)?, span: id.span, because }
        }
        _ => Removal { path: item.as_text("a qualified id", findings)?, span: item.span, because: None },
    };
    if Id::of(removal.path).is_some() && removal.because.is_none_or(|because| because.trim().is_empty()) {
        findings.push(
            Finding::error(Code::MissingKey, removal.span, format!("`{}` is removed without a reason", removal.path))
                .help(format!("write `{{id: {}, because: WHY}}`", removal.path)),
        );
    }
    Some(removal)
}

/// What a qualified id of contact policies names.
enum Id {
    /// All policies.
    All,
    /// A policy or a rule.
    One,
    /// Something inside a rule.
    Part,
}

impl Id {
    fn of(path: &str) -> Option<Id> {
        let mut parts = path.split('/');
        if parts.next() != Some("contact") {
            return None;
        }
        Some(match parts.count() {
            0 => Id::All,
            1 | 2 => Id::One,
            _ => Id::Part,
        })
    }
}

/// The policy or rule that holds a part.
fn owner(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let kept = parts.len().saturating_sub(1).clamp(2, 3);
    parts.into_iter().take(kept).collect::<Vec<_>>().join("/")
}

fn says_why(map: &Map) -> bool {
    map.get("because").and_then(Node::text).is_some_and(|because| !because.trim().is_empty())
}

fn done(operation: &str) -> &'static str {
    if operation == "change" { "changed" } else { "replaced" }
}
