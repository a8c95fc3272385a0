//! `recoup pay`: what collectors earned, one line of JSON each, in the order of the file.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use recoup::{Answer, CollectorPay, CollectorRow, Engine, Problem, RecordError};

use crate::cases::{instant, now, problems_lines, row_name};
use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{counted, print_raw, tell};

/// What `recoup pay` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    /// The records of the collectors: a CSV, NDJSON or JSON file
    #[arg(long, value_name = "FILE")]
    collectors: PathBuf,
    /// The instant at which pay is worked out, such as `2026-09-30T18:00:00-04:00` [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    as_of: Option<DateTime<Utc>>,
}

/// Writes what each collector earned; refused rows and a summary go to standard error.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let could_not = |error: recoup::Error| Stop::CouldNotRun(error.to_string());
    let engine = arguments.pack.load_to_use()?;
    let as_of = arguments.as_of.unwrap_or_else(now);
    let mut rows: HashMap<String, u64> = HashMap::new();
    let (mut paid, mut open, mut refused) = (0, 0, 0);
    for row in engine.read_collectors(&arguments.collectors).map_err(could_not)? {
        let row = row.map_err(could_not)?;
        match pay(&engine, &row, as_of, &mut rows) {
            Ok(pay) => {
                if matches!((pay.pay(), pay.clawback()), (Answer::Known(_), None | Some(Answer::Known(_)))) {
                    paid += 1;
                } else {
                    open += 1;
                }
                print_raw(&format!("{}\n", pay.to_json()))?;
            }
            Err(error) => {
                refused += 1;
                let row = row_name(row.number(), row.key().as_deref());
                tell(&format!("{row} is refused:\n{}", problems_lines(&error.problems)));
            }
        }
    }
    let pack = engine.pack();
    let as_of = as_of.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut summary = format!("{} {} as of {as_of}: {} paid", pack.name, pack.version, counted(paid, "collector"));
    if open > 0 {
        summary.push_str(&format!(", {open} whose pay or clawback is not known"));
    }
    if refused > 0 {
        summary.push_str(&format!(", {refused} refused"));
    }
    tell(&summary);
    Ok(Status::of(refused > 0))
}

/// What a row's collector earned. A key that an earlier row had is refused: nobody is paid twice.
fn pay(
    engine: &Engine,
    row: &CollectorRow,
    as_of: DateTime<Utc>,
    rows: &mut HashMap<String, u64>,
) -> Result<CollectorPay, RecordError> {
    let pay = engine.collector_pay_of(row, as_of)?;
    if let Some(first) = rows.get(pay.key()) {
        let problem = Problem {
            path: String::new(),
            message: format!("the key `{}` stands in row {first} already", pay.key()),
            help: Some("give each collector and period a key of its own".to_owned()),
        };
        return Err(RecordError { problems: vec![problem] });
    }
    rows.insert(pay.key().to_owned(), row.number());
    Ok(pay)
}
