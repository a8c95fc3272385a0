//! recoup as a module of Python.
//!
//! ```text
//! engine     Engine: load, evaluate, judge, test, reload
//! many       Decisions: many cases, one after the other
//! batch      Table: tables of Arrow in, decided tables out
//! states     what hosts tell a state
//! decision   Decision: results, explanation
//! fill       dicts of Python -> the fields of a case, where they are plainly given
//! foreign    rows of other systems, through the inputs of a pack
//! record     other objects of Python -> JSON text of a case, without a float
//! room       what deciding needs, used again
//! results    results by their names -> objects of Python, without the JSON of the decision
//! kinds      JSON of a decision -> objects of Python
//! functions  callables of Python as functions of the host
//! errors     findings and problems -> exceptions
//! values     numbers, days and instants; the classes of Python that all use
//! ```
//!
//! Takes objects of Python, gives objects of Python. Holds no rule logic. The interpreter is let go while the engine works.

mod batch;
mod decision;
mod engine;
mod errors;
mod fill;
mod foreign;
mod functions;
mod kinds;
mod many;
mod record;
mod results;
mod room;
mod shape;
mod states;
mod values;

#[pyo3::pymodule(name = "_recoup")]
mod module {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::batch::Table;
    #[pymodule_export]
    use crate::decision::_restore;
    #[pymodule_export]
    use crate::decision::Decision;
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::many::Decisions;
    #[pymodule_export]
    use crate::states::{approve, hold, record, release, revision};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Runs the `recoup` command; gives its exit status.
    #[pyfunction]
    fn _command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| recoup_cli::exit_status(arguments))
    }
}
