//! `recoup schema`: the JSON Schema of what a pack takes or gives.

use clap::ValueEnum;

use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::print_raw;

/// What `recoup schema` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    /// Of what
    #[arg(value_enum, default_value_t = Document::Case)]
    document: Document,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Document {
    /// A case, as the pack takes it
    Case,
    /// A decision, as the pack gives it
    Decision,
}

/// Prints the schema.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let engine = arguments.pack.load_to_use()?;
    let schema = match arguments.document {
        Document::Case => engine.case_schema(),
        Document::Decision => engine.decision_schema(),
    };
    print_raw(&format!("{schema}\n"))?;
    Ok(Status::Good)
}
