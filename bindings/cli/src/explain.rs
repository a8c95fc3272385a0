//! `recoup explain`: why one case is decided as it is.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use recoup::{CaseRow, Engine};

use crate::cases::{CasesArguments, problems_lines, row_name};
use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{escaped, print, print_raw, tell};

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
    let row = find(arguments, &engine, as_of)?;
    match engine.decide(&row, as_of) {
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

/// The first row with the key; `recoup run` refuses any further one.
fn find(arguments: &Arguments, engine: &Engine, as_of: DateTime<Utc>) -> Result<CaseRow, Stop> {
    let id = arguments.id.as_str();
    let mut alike = Alike::to(id);
    let mut count = 0;
    for row in arguments.cases.open(engine)? {
        let row = row.map_err(|error| Stop::CouldNotRun(error.to_string()))?;
        count += 1;
        // A key that an input computes is known only when the case is decided.
        let key = row.key().or_else(|| Some(engine.decide(&row, as_of).ok()?.decision.key()));
        match key {
            Some(key) if key == id => return Ok(row),
            Some(key) => alike.add(key),
            None => {}
        }
    }
    let cases = arguments.cases.cases.display();
    let mut message = format!("none of the {count} cases of `{cases}` has the key `{}`", escaped(id));
    if !alike.keys.is_empty() {
        let keys: Vec<String> = alike.keys.iter().map(|(_, key)| format!("`{}`", escaped(key))).collect();
        message.push_str(&format!("; alike are {}", keys.join(", ")));
    }
    Err(Stop::CouldNotRun(message))
}

/// The keys most like one that is not there: those that begin and end as it does.
struct Alike<'a> {
    id: &'a str,
    keys: Vec<(usize, String)>,
}

impl Alike<'_> {
    const MOST: usize = 3;

    fn to(id: &str) -> Alike<'_> {
        Alike { id, keys: Vec::new() }
    }

    fn add(&mut self, key: String) {
        let same = |(a, b): &(char, char)| a.eq_ignore_ascii_case(b);
        let length = self.id.chars().count().max(key.chars().count());
        let before = self.id.chars().zip(key.chars()).take_while(same).count();
        let after = self.id.chars().rev().zip(key.chars().rev()).take_while(same).count();
        let common = (before + after).min(length);
        let missing = length - common;
        if common > missing {
            self.keys.push((missing, key));
            // Stable: of keys that are equally like it, those that come first in the file stay.
            self.keys.sort_by_key(|(missing, _)| *missing);
            self.keys.truncate(Self::MOST);
        }
    }
}
