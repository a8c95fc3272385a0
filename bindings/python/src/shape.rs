//! The names of a record's fields, for objects that are read by their attributes, and of the columns of foreign rows.

use recoup::CaseInput;
use serde_json::Value as Json;

/// The fields of a record, each with those of the records in it. A value that is no record has none.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) fields: Vec<(String, Shape)>,
    /// Whether a float is taken here, by its shortest digits: an input rounds it.
    pub(crate) takes_floats: bool,
    /// Whether an instant is taken without a zone: an input says in which it is.
    pub(crate) takes_local_times: bool,
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
        Shape { fields: fields.map(|(name, schema)| (name.clone(), Shape::of(schema))).collect(), ..Shape::default() }
    }

    /// The shape of the rows that an input reads.
    pub(crate) fn of_input(input: &CaseInput) -> Shape {
        let fields = input.columns().into_iter().map(|column| {
            let (takes_floats, takes_local_times) = (column.takes_floats, column.takes_local_times);
            (column.name.to_owned(), Shape { fields: Vec::new(), takes_floats, takes_local_times })
        });
        Shape { fields: fields.collect(), ..Shape::default() }
    }

    /// The shape of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&Shape> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, shape)| shape)
    }
}
