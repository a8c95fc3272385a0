//! `recoup run`: the decisions of a portfolio, one line of JSON each, in the order of the file.
//!
//! The cases are streamed: what is kept of them is their keys and the counts of the summary. [`portfolio`] decides them
//! on all processors.

use std::collections::HashMap;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::SecondsFormat;
use indicatif::{ProgressBar, ProgressStyle};
use recoup::{Metrics, Problem};

use crate::cases::CasesArguments;
use crate::pack::PackArguments;
use crate::portfolio::{self, Block, GoOn, Portfolio};
use crate::refusals::Refusals;
use crate::replacement::Replacement;
use crate::status::{Status, Stop};
use crate::summary::Summary;
use crate::terminal::{self, tell};

/// What `recoup run` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    #[command(flatten)]
    cases: CasesArguments,
    /// Write the decisions to a file, which is replaced when the run is complete [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write all refused rows to a file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    refusals: Option<PathBuf>,
    /// Write the pack's metrics to a file, as JSON
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// How many threads decide [default: as many as there are processors]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZero<u16>>,
}

/// Writes the decisions; refused rows and the summary go to standard error.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let started = Instant::now();
    let engine = arguments.pack.load_to_use()?;
    let as_of = arguments.cases.as_of();
    let cases = arguments.cases.open(&engine)?;
    keep_apart(arguments)?;
    let states = arguments.cases.states()?;
    let mut decisions = Decisions::to(arguments.out.as_deref())?;
    let refusals_file = arguments.refusals.as_deref().map(Replacement::of).transpose()?;

    let progress = progress(arguments);
    let mut refusals = Refusals::to(refusals_file);
    let could_not = |error: recoup::Error| Stop::CouldNotRun(error.to_string());
    let metrics_file = arguments.metrics.as_deref().map(Replacement::of).transpose()?;
    let mut metrics = engine.evaluator(as_of).map_err(could_not)?.metrics();
    let mut summary = Summary::of(&engine);
    let mut keys = Keys::default();
    let mut reader = Reader::There;
    let threads = arguments.threads.map_or_else(portfolio::usual_threads, |threads| usize::from(threads.get()));
    let portfolio = Portfolio { engine: &engine, as_of, states: &states, threads };
    portfolio::decide(portfolio, cases, |block| {
        let count = block.cases.len();
        let mut totals = Totals { keys: &mut keys, summary: &mut summary, metrics: &mut metrics };
        reader = take(block, &mut totals, &mut refusals, &mut decisions, &progress)?;
        progress.inc(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(if reader == Reader::There { GoOn::Yes } else { GoOn::No })
    })?;
    if reader == Reader::Gone {
        progress.finish_and_clear();
        return Ok(Status::of(refusals.count() > 0));
    }
    progress.finish_and_clear();

    let status = Status::of(refusals.count() > 0);
    if decisions.finish()? == Reader::Gone {
        return Ok(status);
    }
    refusals.finish()?;
    let pack = engine.pack();
    let what = format!("{} {} as of {}", pack.name, pack.version, as_of.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    if let Some(mut file) = metrics_file {
        let path = arguments.metrics.as_deref().unwrap_or(Path::new(""));
        writeln!(file, "{}", metrics.to_json()).map_err(|error| Stop::cannot_write(path, &error))?;
        file.finish()?;
    }
    tell(summary.text(&what, started.elapsed(), &metrics.all()).trim_end());
    Ok(status)
}

/// What is kept of all cases.
struct Totals<'a> {
    keys: &'a mut Keys,
    summary: &'a mut Summary,
    metrics: &'a mut Metrics,
}

/// Writes the decisions of a block, and counts them. A key that was seen before is a refusal.
fn take(
    block: Block,
    totals: &mut Totals<'_>,
    refusals: &mut Refusals,
    decisions: &mut Decisions,
    progress: &ProgressBar,
) -> Result<Reader, Stop> {
    let Totals { keys, summary, metrics } = totals;
    let Block { cases, lines, fired } = block;
    // Lines that follow each other are written together.
    let (mut from, mut to, mut fired_from) = (0, 0, 0);
    for case in cases {
        let repeated = case.key.as_ref().and_then(|key| keys.add(key, case.number));
        let (problems, is_decided) = match case.outcome {
            Ok(line) => {
                let rows = fired.get(fired_from..line.fired_end).unwrap_or(&[]);
                fired_from = line.fired_end;
                if repeated.is_none() {
                    summary.add(rows, line.doubts.as_deref());
                    summary.add_arms(&line.arms);
                    metrics.add_sample(&line.sample);
                } else if decisions.write(lines.get(from..to).unwrap_or(&[]))? == Reader::Gone {
                    return Ok(Reader::Gone);
                } else {
                    from = line.end;
                }
                to = line.end;
                (Vec::new(), true)
            }
            Err(problems) => (problems, false),
        };
        if is_decided && repeated.is_none() {
            continue;
        }
        let problems: Vec<Problem> = problems.into_iter().chain(repeated).collect();
        summary.add_refused(&problems);
        refusals.add(case.number, case.key.as_deref(), &problems, progress)?;
    }
    decisions.write(lines.get(from..to).unwrap_or(&[]))
}

/// The keys that were seen, with the rows in which they stand.
#[derive(Debug, Default)]
struct Keys {
    rows: HashMap<String, u64>,
}

impl Keys {
    /// The problem of a key that was seen before.
    fn add(&mut self, key: &str, row: u64) -> Option<Problem> {
        if let Some(first) = self.rows.get(key) {
            return Some(Problem {
                path: String::new(),
                message: format!("the key `{key}` stands in row {first} already"),
                help: Some("give each case one row".to_owned()),
            });
        }
        self.rows.insert(key.to_owned(), row);
        None
    }
}

/// Where the decisions go.
enum Decisions {
    File(Replacement, PathBuf),
    // Its own buffer: standard output writes at each line's end.
    Stdout(BufWriter<io::Stdout>),
}

/// Whether anybody still reads what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

impl Decisions {
    fn to(out: Option<&Path>) -> Result<Decisions, Stop> {
        Ok(match out {
            Some(path) => Decisions::File(Replacement::of(path)?, path.to_owned()),
            None => Decisions::Stdout(BufWriter::with_capacity(1 << 16, io::stdout())),
        })
    }

    fn write(&mut self, lines: &[u8]) -> Result<Reader, Stop> {
        let written = match self {
            Decisions::File(file, _) => file.write_all(lines),
            Decisions::Stdout(stdout) => stdout.write_all(lines),
        };
        self.reader(written)
    }

    fn finish(mut self) -> Result<Reader, Stop> {
        let flushed = match &mut self {
            Decisions::File(file, _) => file.flush(),
            Decisions::Stdout(stdout) => stdout.flush(),
        };
        let reader = self.reader(flushed)?;
        if let Decisions::File(file, _) = self {
            file.finish()?;
        }
        Ok(reader)
    }

    /// `| head` reads no further than it needs: that is no error.
    fn reader(&self, written: io::Result<()>) -> Result<Reader, Stop> {
        match (written, self) {
            (Ok(()), _) => Ok(Reader::There),
            (Err(error), _) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
            (Err(error), Decisions::File(_, path)) => Err(Stop::cannot_write(path, &error)),
            (Err(error), Decisions::Stdout(_)) => Err(terminal::cannot_print(&error)),
        }
    }
}

/// Refuses to write over the cases or their states, or two things into one file.
fn keep_apart(arguments: &Arguments) -> Result<(), Stop> {
    let files = [
        ("--cases", Some(&arguments.cases.cases)),
        ("--state", arguments.cases.state.as_ref()),
        ("--out", arguments.out.as_ref()),
        ("--refusals", arguments.refusals.as_ref()),
        ("--metrics", arguments.metrics.as_ref()),
    ];
    for (index, (option, path)) in files.iter().enumerate() {
        for (earlier, earlier_path) in files.iter().take(index) {
            if let (Some(path), Some(earlier_path)) = (path, earlier_path)
                && is_same_file(path, earlier_path)
            {
                return Err(Stop::CouldNotRun(format!(
                    "`{option}` and `{earlier}` name the same file, `{}`: name another",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other && one.is_file(),
        (Err(_), Err(_)) => one == other,
        _ => false,
    }
}

/// Counts the cases where a person looks on, and nothing else is written to that terminal.
fn progress(arguments: &Arguments) -> ProgressBar {
    let is_alone = arguments.out.is_some() || !io::stdout().is_terminal();
    if !io::stderr().is_terminal() || !is_alone {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} cases in {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}
