//! The cases that a command is about, and the instant at which they are decided.

use std::path::PathBuf;
use std::time::SystemTime;

use chrono::{DateTime, Datelike, Duration, DurationRound, Utc};
use recoup::{CaseReader, CaseRow, Decided, Engine, Problem, RecordError};

use crate::states::States;
use crate::status::Stop;
use crate::terminal::escaped;

/// Which cases, and when.
#[derive(Debug, clap::Args)]
pub(crate) struct CasesArguments {
    /// The cases: a CSV, NDJSON or JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) cases: PathBuf,
    /// The pack's input that says how the file becomes records
    #[arg(long, value_name = "NAME")]
    pub(crate) input: Option<String>,
    /// The states of the cases, one a line: as they were stored, or the decisions of an earlier run
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// The instant to decide at, such as `2026-09-07T18:00:00-04:00` [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    as_of: Option<DateTime<Utc>>,
}

impl CasesArguments {
    /// Opens the file.
    pub(crate) fn open(&self, engine: &Engine) -> Result<CaseReader, Stop> {
        engine.read_cases(&self.cases, self.input.as_deref()).map_err(|error| Stop::CouldNotRun(error.to_string()))
    }

    /// The states of the cases; none where no file was named.
    pub(crate) fn states(&self) -> Result<States, Stop> {
        self.state.as_deref().map_or(Ok(States::default()), States::read)
    }

    /// The instant to decide at.
    pub(crate) fn as_of(&self) -> DateTime<Utc> {
        self.as_of.unwrap_or_else(now)
    }
}

/// The instant to decide at where none was given: the one place that reads the clock.
pub(crate) fn now() -> DateTime<Utc> {
    let now = DateTime::<Utc>::from(SystemTime::now());
    // Fewer digits are easier to give to `--as-of` again.
    now.duration_trunc(Duration::milliseconds(1)).unwrap_or(now)
}

/// A row in messages: `row 3 (C-1)`.
pub(crate) fn row_name(number: u64, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("row {number} ({})", escaped(key)),
        None => format!("row {number}"),
    }
}

/// The problems of a record on one line.
pub(crate) fn problems_line(problems: &[Problem]) -> String {
    problems.iter().map(|problem| escaped(&problem.to_string())).collect::<Vec<_>>().join("; ")
}

/// The problems of a record, a line each.
pub(crate) fn problems_lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {}", escaped(&problem.to_string()))).collect::<Vec<_>>().join("\n")
}

/// An instant that an argument says.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let example = "write it with its offset from UTC, such as `2026-09-07T18:00:00-04:00`";
    match DateTime::parse_from_rfc3339(text).map(|instant| instant.to_utc()) {
        Ok(instant) if (1..=9999).contains(&instant.year()) => Ok(instant),
        Ok(_) => Err("the year must be between 1 and 9999".to_owned()),
        Err(_) => Err(format!("this is not an instant: {example}")),
    }
}

/// Decides the case of a row, with its state.
pub(crate) fn decide(
    engine: &Engine,
    row: &CaseRow,
    states: &States,
    as_of: DateTime<Utc>,
) -> Result<Decided, RecordError> {
    let evaluator = engine.evaluator(as_of)?;
    let mut record = evaluator.read_row(row)?;
    let mut key = String::new();
    record.key_into(&mut key);
    if let Some(state) = states.of(&key) {
        evaluator.put_state(&mut record, state)?;
    }
    evaluator.decide(&record)
}

/// The first row with the key; `recoup run` refuses any further one.
pub(crate) fn find(
    arguments: &CasesArguments,
    id: &str,
    engine: &Engine,
    as_of: DateTime<Utc>,
) -> Result<CaseRow, Stop> {
    let mut alike = Alike::to(id);
    let mut count = 0;
    for row in arguments.open(engine)? {
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
    let cases = arguments.cases.display();
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
