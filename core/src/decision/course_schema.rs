//! The JSON Schema of what a decision says of a workflow.

use serde_json::{Map, Value as Json, json};

use crate::check::CheckedPack;

/// The keys of a decision that say where the case stands, what is to be done, and what its next state is.
pub(super) fn keys(pack: &CheckedPack) -> Vec<(String, Json)> {
    let (text, number) = (json!({"type": "string"}), json!({"type": "integer"}));
    let nullable = json!({"type": ["string", "null"]});
    let (date, boolean) = (json!({"type": "string", "format": "date"}), json!({"type": "boolean"}));
    let (nullable_date, nullable_instant) = (
        json!({"type": ["string", "null"], "format": "date"}),
        json!({"type": ["string", "null"], "format": "date-time"}),
    );
    let move_to = closed([("rule", &text), ("to", &text)]);
    let stage = closed([
        ("workflow", &text),
        ("from", &nullable),
        ("to", &text),
        ("title", &nullable),
        ("goal", &nullable),
        ("since", &date),
        ("due_on", &nullable_date),
        ("overdue", &boolean),
        ("steps", &list(&move_to)),
        ("needs_migration", &boolean),
    ]);
    let verdict = json!({"enum": ["allow", "deny", "review"]});
    let reason = closed([
        ("rule", &text),
        ("verdict", &verdict),
        ("because", &nullable),
        ("source", &nullable),
        ("unknown", &list(&text)),
        ("error", &nullable),
    ]);
    let contact = closed([
        ("channel", &nullable),
        ("verdict", &verdict),
        ("has_policy", &boolean),
        ("reasons", &list(&reason)),
        ("next_allowed_at", &nullable_instant),
        ("never_because", &nullable),
    ]);
    let template = closed([
        ("name", &text),
        ("language", &nullable),
        ("values", &json!({"type": "object"})),
        ("must_contain", &list(&text)),
    ]);
    let actions: Vec<&str> = pack.actions.iter().map(|action| &*action.name).collect();
    let action = closed([
        ("id", &text),
        ("action", &json!({"enum": actions})),
        ("step", &text),
        ("entry", &number),
        ("occurrence", &number),
        ("due", &date),
        ("status", &json!({"enum": ["ready", "blocked", "needs_review"]})),
        ("channel", &nullable),
        ("template", &json!({"anyOf": [template, {"type": "null"}]})),
        ("params", &json!({"type": "object"})),
        ("contact", &list(&contact)),
        ("not_before", &nullable_instant),
        ("hold", &nullable),
        ("approved_by", &nullable),
        ("because", &nullable),
        ("source", &nullable),
    ]);
    // A host passes the state back as it is.
    let state = json!({"type": ["object", "null"]});
    let actions = if pack.actions.is_empty() { json!({"type": "array", "maxItems": 0}) } else { list(&action) };
    vec![
        ("stage".to_owned(), super::schema::result(stage, true)),
        ("actions".to_owned(), actions),
        ("state".to_owned(), state),
    ]
}

fn list(items: &Json) -> Json {
    json!({"type": "array", "items": items})
}

fn closed<const N: usize>(properties: [(&str, &Json); N]) -> Json {
    super::schema::closed(Map::from_iter(properties.map(|(key, schema)| (key.to_owned(), schema.clone()))))
}
