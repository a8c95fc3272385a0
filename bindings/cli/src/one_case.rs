//! One case of a file, for the commands that look at one.

use clap::ValueEnum;
use recoup::{Decided, Engine, RecordError};

use crate::cases::{CasesArguments, decide, find, problems_lines, row_name};
use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{print, print_raw, tell};

/// Which case, and how the answer is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct OneCaseArguments {
    #[command(flatten)]
    pack: PackArguments,
    #[command(flatten)]
    cases: CasesArguments,
    /// The key of the case
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: String,
    /// How the answer is shown
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

/// What is said of a case: for people, for programs, and as an exit status.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: String,
    pub(crate) status: Status,
}

impl OneCaseArguments {
    /// Decides the case and prints what `answer` makes of it, or the problems of what was given.
    pub(crate) fn carry_out(
        &self,
        answer: impl FnOnce(&Engine, &Decided) -> Result<Answer, RecordError>,
    ) -> Result<Status, Stop> {
        let engine = self.pack.load_to_use()?;
        let as_of = self.cases.as_of();
        let row = find(&self.cases, &self.id, &engine, as_of)?;
        let states = self.cases.states()?;
        match decide(&engine, &row, &states, as_of).and_then(|decided| answer(&engine, &decided)) {
            Ok(answer) => {
                match self.format {
                    Format::Text => print(&answer.text)?,
                    Format::Json => print_raw(&format!("{}\n", answer.json))?,
                }
                Ok(answer.status)
            }
            Err(error) => {
                let row = row_name(row.number(), row.key().as_deref());
                tell(&format!("{row} is refused:\n{}", problems_lines(&error.problems)));
                Ok(Status::Findings)
            }
        }
    }
}
