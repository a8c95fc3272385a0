//! Rows of other systems, through the inputs of a pack.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use recoup::{CaseInput, Engine, Problem};

use crate::errors::record_error;
use crate::shape::Shape;

/// The inputs of a pack, by name.
pub(crate) struct Inputs(BTreeMap<String, Foreign>);

/// An input, and what its rows hold.
pub(crate) struct Foreign {
    pub(crate) input: CaseInput,
    pub(crate) shape: Shape,
}

impl Inputs {
    pub(crate) fn of(engine: &Engine) -> Inputs {
        let inputs = engine.inputs().filter_map(|name| {
            let input = engine.input(name).ok()?;
            let shape = Shape::of_input(&input);
            Some((name.to_owned(), Foreign { input, shape }))
        });
        Inputs(inputs.collect())
    }

    /// The input of a name.
    ///
    /// # Errors
    /// `RecordError` where the pack has no such.
    pub(crate) fn get(&self, py: Python<'_>, engine: &Engine, name: &str) -> PyResult<&Foreign> {
        self.0.get(name).ok_or_else(|| {
            let message = engine.input(name).map_or_else(|error| error.to_string(), |_| String::new());
            record_error(py, &[Problem { path: "input".to_owned(), message, help: None }])
        })
    }
}
