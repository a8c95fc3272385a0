//! The names of a record's fields, for objects that are read by their attributes.

use serde_json::Value as Json;

/// The fields of a record, each with those of the records in it. A value that is no record has none.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) fields: Vec<(String, Shape)>,
}

impl Shape {
    /// The shape of what a JSON Schema describes: of the items where it is a list.
    pub(crate) fn of(schema: &Json) -> Shape {
        if let Some(option) = schema.get("anyOf").and_then(|options| options.get(0)) {
            return Shape::of(option);
        }
        if let Some(items) = schema.get("items") {
            return Shape::of(items);
        }
        let properties = schema.get("properties").and_then(Json::as_object);
        let fields = properties.into_iter().flatten();
        Shape { fields: fields.map(|(name, schema)| (name.clone(), Shape::of(schema))).collect() }
    }

    /// The shape of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&Shape> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }
}
