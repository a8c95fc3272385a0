//! `recoup explain`: why one case is decided as it is.

use clap::ValueEnum;

use crate::cases::{CasesArguments, decide, find, problems_lines, row_name};
use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{print, print_raw, tell};

/// What `recoup explain` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    #[command(flatten)]
    cases: CasesArguments,
    /// The key of the case
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: String,
    /// How the explanation is shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Prints the explanation, or the problems of the record.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let engine = arguments.pack.load_to_use()?;
    let as_of = arguments.cases.as_of();
    let row = find(&arguments.cases, &arguments.id, &engine, as_of)?;
    match decide(&engine, &row, &arguments.cases.states()?, as_of) {
        Ok(decided) => {
            let explanation = decided.explain();
            match arguments.format {
                Format::Text => print(&explanation.to_text())?,
                Format::Json => print_raw(&format!("{}\n", explanation.to_json()))?,
            }
            Ok(Status::Good)
        }
        Err(error) => {
            let row = row_name(row.number(), row.key().as_deref());
            tell(&format!("{row} is refused:\n{}", problems_lines(&error.problems)));
            Ok(Status::Findings)
        }
    }
}
