//! JSON Schemas of a pack's cases and decisions.

use serde_json::{Map, Value as Json, json};

use super::course_schema;
use crate::check::CheckedPack;
use crate::check::tables::Family;
use crate::value::{Absence, Bound, Field, RecordType, Type};

/// A number with decimals, which a decision writes as text.
const NUMBER: &str = "^-?[0-9]+(\\.[0-9]+)?$";
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The JSON Schema of a case.
pub(crate) fn case_schema(pack: &CheckedPack) -> Json {
    let mut schema = record(&pack.record);
    if let Json::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), json!(DIALECT));
        map.insert("title".to_owned(), json!(format!("a case for {}", pack.header.name)));
    }
    schema
}

/// The JSON Schema of a decision.
pub(crate) fn decision_schema(pack: &CheckedPack) -> Json {
    let mut segmentation = Map::new();
    let mut scores = Map::new();
    let mut results = Map::new();
    for table in &pack.tables {
        let outputs = || -> Map<String, Json> {
            table
                .outputs
                .iter()
                .map(|output| {
                    let (base, maybe_none) = table.hit.result(&output.field.base, output.field.maybe_none());
                    (output.field.name.to_string(), result(value(&base, None), maybe_none))
                })
                .collect()
        };
        let name = table.id.rsplit('/').next().unwrap_or("").to_owned();
        match table.family {
            Family::Segmentation => segmentation = outputs(),
            Family::Table | Family::RuleList => {
                results.insert(name, closed(outputs()));
            }
            Family::Score => {
                let points = table.outputs.first().map_or(json!({}), |output| value(&output.field.base, None));
                let part = closed(Map::from_iter([
                    ("id".to_owned(), json!({"type": "string"})),
                    ("points".to_owned(), result(points.clone(), false)),
                ]));
                let score = closed(Map::from_iter([
                    ("value".to_owned(), result(points, false)),
                    ("parts".to_owned(), json!({"type": "array", "items": part})),
                ]));
                scores.insert(name, score);
            }
            Family::Escalations => {}
        }
    }
    let text = json!({"type": "string"});
    let nullable = json!({"type": ["string", "null"]});
    let escalation = closed(Map::from_iter([
        ("id".to_owned(), text.clone()),
        ("level".to_owned(), result(json!({"type": "integer"}), true)),
        ("assign_to".to_owned(), result(text.clone(), true)),
        ("due_in".to_owned(), result(text.clone(), true)),
        (
            "due_on".to_owned(),
            result(json!({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}), true),
        ),
        ("because".to_owned(), nullable.clone()),
        ("source".to_owned(), nullable),
    ]));
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let key = pack.record.key_index().and_then(|index| pack.record.fields.get(index));
    // A pack without workflows says them only of a case whose state it was given.
    let of_course = course_schema::keys(pack);
    let has_course = pack.state.is_some() || !pack.experiments.is_empty();
    let (always, sometimes) = if has_course { (of_course, Vec::new()) } else { (Vec::new(), of_course) };
    let keys = [
        ("key".to_owned(), key.map_or(json!({}), |field| value(&field.base, None))),
        ("as_of".to_owned(), json!({"type": "string", "format": "date-time"})),
        ("today".to_owned(), json!({"type": "string", "format": "date"})),
        (
            "pack".to_owned(),
            closed(Map::from_iter(["name", "version", "digest"].map(|key| (key.to_owned(), text.clone())))),
        ),
        (
            "engine".to_owned(),
            closed(Map::from_iter(["version", "time_zone_data"].map(|key| (key.to_owned(), text.clone())))),
        ),
        ("segmentation".to_owned(), closed(segmentation)),
        ("scores".to_owned(), closed(scores)),
        ("escalations".to_owned(), json!({"type": "array", "items": escalation})),
        ("results".to_owned(), closed(results)),
        ("fired".to_owned(), texts.clone()),
        (
            "unknowns".to_owned(),
            json!({"type": "array", "items": closed(Map::from_iter([("at".to_owned(), text.clone()), ("facts".to_owned(), texts)]))}),
        ),
        (
            "errors".to_owned(),
            json!({"type": "array", "items": closed(Map::from_iter(["at", "code", "message"].map(|key| (key.to_owned(), text.clone()))))}),
        ),
    ];
    let next = ("next_review_at".to_owned(), json!({"type": ["string", "null"], "format": "date-time"}));
    let mut schema = closed(keys.into_iter().chain(always).chain(followed(pack)).chain([next]).collect());
    if let Json::Object(map) = &mut schema {
        if let Some(Json::Object(properties)) = map.get_mut("properties") {
            properties.extend(sometimes);
        }
        map.insert("$schema".to_owned(), json!(DIALECT));
        map.insert("title".to_owned(), json!(format!("a decision of {}", pack.header.name)));
    }
    schema
}

/// What a decision says of incentives, a settlement and experiments, where the pack has them.
fn followed(pack: &CheckedPack) -> Vec<(String, Json)> {
    let mut properties = Vec::new();
    if pack.incentives.is_some() {
        properties.push(("incentives".to_owned(), incentives()));
    }
    if pack.settlement.is_some() {
        properties.push(("settlement".to_owned(), result(settlement(), false)));
    }
    if !pack.experiments.is_empty() {
        let arms = pack.experiments.iter().map(|experiment| {
            let names = experiment.arms.iter().map(|(arm, _)| json!(&**arm)).chain([Json::Null]);
            (experiment.name.to_string(), json!({"enum": names.collect::<Vec<Json>>()}))
        });
        properties.push(("arms".to_owned(), closed(arms.collect())));
    }
    properties
}

fn object(properties: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    closed(properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect())
}

fn list_of(items: Json) -> Json {
    json!({"type": "array", "items": items})
}

fn text() -> Json {
    json!({"type": "string"})
}

fn number() -> Json {
    json!({"type": "string", "pattern": NUMBER})
}

fn nullable_text() -> Json {
    json!({"type": ["string", "null"]})
}

fn nullable_date() -> Json {
    json!({"type": ["string", "null"], "format": "date"})
}

fn incentives() -> Json {
    let offer = object([
        ("id", text()),
        ("kind", text()),
        ("percent", json!({"type": ["string", "null"], "pattern": NUMBER})),
        ("amount", number()),
        ("capped", json!({"type": "boolean"})),
        ("valid_until", nullable_date()),
        ("not_with", list_of(text())),
        ("because", nullable_text()),
        ("source", nullable_text()),
    ]);
    object([("offers", list_of(offer)), ("withheld", list_of(object([("id", text()), ("why", text())])))])
}

fn settlement() -> Json {
    let limit = object([
        ("instalments", json!({"type": "integer"})),
        ("percent", number()),
        ("amount", number()),
        ("role", nullable_text()),
    ]);
    object([
        ("of", number()),
        ("none_because", json!({"type": ["array", "null"], "items": {"type": "string"}})),
        ("limits", list_of(limit)),
        ("valid_until", nullable_date()),
        ("first_by", nullable_date()),
    ])
}

/// An object that has exactly these properties.
pub(super) fn closed(properties: Map<String, Json>) -> Json {
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A result: its value, unknown, or an error.
pub(super) fn result(value: Json, maybe_none: bool) -> Json {
    let mut options = vec![
        value,
        json!({"type": "object", "properties": {"unknown": {"type": "array", "items": {"type": "string"}}}, "required": ["unknown"], "additionalProperties": false}),
        json!({"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"], "additionalProperties": false}),
    ];
    if maybe_none {
        options.push(json!({"type": "null"}));
    }
    json!({ "anyOf": options })
}

fn record(record: &RecordType) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &record.fields {
        properties.insert(field.name.to_string(), property(field));
        if matches!(field.absence, Absence::Refused) {
            required.push(field.name.to_string());
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": record.ignores_unknown_fields})
}

fn property(field: &Field) -> Json {
    let mut schema = value(&field.base, Some(field));
    if !field.key {
        let mut options = vec![
            schema,
            json!({"type": "object", "properties": {"unknown": {"const": true}}, "required": ["unknown"], "additionalProperties": false}),
        ];
        if !matches!(field.absence, Absence::Refused) {
            options.push(json!({"type": "null"}));
        }
        schema = json!({ "anyOf": options });
    }
    if let (Some(about), Json::Object(map)) = (&field.about, &mut schema) {
        map.insert("description".to_owned(), json!(about));
    }
    schema
}

/// A value as records may write it: numbers with decimals as numbers or as text.
fn value(base: &Type, field: Option<&Field>) -> Json {
    let bound = |bound: Option<Bound>| match bound {
        Some(Bound::Number(number)) => number.to_string().parse::<serde_json::Number>().ok(),
        _ => None,
    };
    let range = field.map(|field| (bound(field.range.min), bound(field.range.max)));
    let with = |mut schema: Json, min: &str, max: &str| {
        if let (Some((low, high)), Json::Object(map)) = (&range, &mut schema) {
            map.extend(low.clone().map(|low| (min.to_owned(), Json::Number(low))));
            map.extend(high.clone().map(|high| (max.to_owned(), Json::Number(high))));
        }
        schema
    };
    match base {
        Type::Text => with(json!({"type": "string"}), "minLength", "maxLength"),
        Type::Choice(words) => json!({"enum": words.iter().map(|word| &**word).collect::<Vec<&str>>()}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::Integer if field.is_some() => {
            json!({"anyOf": [with(json!({"type": "integer"}), "minimum", "maximum"), {"type": "string", "pattern": "^-?[0-9]+$"}]})
        }
        Type::Integer => json!({"type": "integer"}),
        Type::Decimal | Type::Money | Type::Percent if field.is_some() => {
            json!({"anyOf": [with(json!({"type": "number"}), "minimum", "maximum"), {"type": "string", "pattern": NUMBER}]})
        }
        Type::Decimal | Type::Money | Type::Percent => json!({"type": "string", "pattern": NUMBER}),
        Type::Date => json!({"type": "string", "format": "date"}),
        Type::Timestamp => json!({"type": "string", "format": "date-time"}),
        Type::Duration(_) | Type::Zone => json!({"type": "string"}),
        Type::List(item) => {
            let mut items = value(&item.base, None);
            if item.maybe_none {
                items = json!({"anyOf": [items, {"type": "null"}]});
            }
            if field.is_none() {
                items = result(items, item.maybe_none);
            }
            with(json!({"type": "array", "items": items}), "minItems", "maxItems")
        }
        Type::Record(inner) => record(inner),
        Type::Any => json!({}),
    }
}
