//! The rows that a run refused: the first ones for the person who looks on, all of them in a file.

use std::io::Write;

use indicatif::ProgressBar;
use recoup::Problem;
use serde::Serialize;

use crate::cases::{problems_line, row_name};
use crate::replacement::Replacement;
use crate::status::Stop;
use crate::terminal::tell;

/// How many are shown on standard error.
const SHOWN: u64 = 20;

/// The refused rows of a run.
#[derive(Debug)]
pub(crate) struct Refusals {
    count: u64,
    file: Option<Replacement>,
}

/// A refused row, as the file holds it.
#[derive(Serialize)]
struct Refusal<'a> {
    row: u64,
    key: Option<&'a str>,
    problems: Vec<ProblemLine<'a>>,
}

#[derive(Serialize)]
struct ProblemLine<'a> {
    path: &'a str,
    message: &'a str,
    help: Option<&'a str>,
}

impl Refusals {
    /// None yet.
    pub(crate) fn to(file: Option<Replacement>) -> Refusals {
        Refusals { count: 0, file }
    }

    /// How many rows were refused.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Shows and writes a refused row.
    pub(crate) fn add(
        &mut self,
        row: u64,
        key: Option<&str>,
        problems: &[Problem],
        progress: &ProgressBar,
    ) -> Result<(), Stop> {
        self.count += 1;
        if self.count <= SHOWN {
            progress.suspend(|| tell(&format!("{}: {}", row_name(row, key), problems_line(problems))));
        }
        if let Some(file) = &mut self.file {
            let problems = problems.iter().map(ProblemLine::of).collect();
            serde_json::to_writer(&mut *file, &Refusal { row, key, problems })
                .map_err(std::io::Error::from)
                .and_then(|()| file.write_all(b"\n"))
                .map_err(|error| Stop::CouldNotRun(format!("cannot write the refused rows: {error}")))?;
        }
        Ok(())
    }

    /// Says how many were not shown, and puts the file in its place.
    pub(crate) fn finish(self) -> Result<(), Stop> {
        if self.count > SHOWN {
            let more = self.count - SHOWN;
            let hint = if self.file.is_none() { "; `--refusals FILE` writes all of them" } else { "" };
            tell(&format!("and {more} more{hint}"));
        }
        self.file.map_or(Ok(()), Replacement::finish)
    }
}

impl<'a> ProblemLine<'a> {
    fn of(problem: &'a Problem) -> ProblemLine<'a> {
        ProblemLine { path: &problem.path, message: &problem.message, help: problem.help.as_deref() }
    }
}
