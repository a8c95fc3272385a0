//! `recoup pay`: what collectors earned, one line of JSON each, in the order of the file; then what their teams did, in
//! the order of their names.

use std::collections::{HashMap, HashSet};
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

/// Writes what each collector and each team earned; refused rows and a summary go to standard error.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let engine = arguments.pack.load_to_use()?;
    let as_of = arguments.as_of.unwrap_or_else(now);
    let mut payroll = Payroll { engine: &engine, as_of, rows: HashMap::new(), refused: HashSet::new() };
    let mut said = Vec::new();
    let mut rows_of_teams = Vec::new();
    let (mut paid, mut open) = (0, 0);
    for row in engine.read_collectors(&arguments.collectors).map_err(could_not)? {
        let row = row.map_err(could_not)?;
        if engine.has_pay_plan() {
            match payroll.pay(&row) {
                Ok(pay) => {
                    if matches!((pay.pay(), pay.clawback()), (Answer::Known(_), None | Some(Answer::Known(_)))) {
                        paid += 1;
                    } else {
                        open += 1;
                    }
                    print_raw(&format!("{}\n", pay.to_json()))?;
                }
                Err(error) => payroll.refuse(row.number(), row.key().as_deref(), "is refused", &error.problems),
            }
        }
        if engine.has_team_pool() {
            rows_of_teams.push(row);
        }
    }
    if engine.has_pay_plan() {
        said.push(format!("{} paid", counted(paid, "collector")));
        said.extend((open > 0).then(|| format!("{open} whose pay or clawback is not known")));
    }
    if engine.has_team_pool() {
        payroll.pools(&rows_of_teams, &mut said)?;
    }
    let refused = payroll.refused.len();
    said.extend((refused > 0).then(|| format!("{refused} refused")));
    let pack = engine.pack();
    let as_of = as_of.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    tell(&format!("{} {} as of {as_of}: {}", pack.name, pack.version, said.join(", ")));
    Ok(Status::of(refused > 0))
}

/// The collectors of a file as they are paid.
struct Payroll<'a> {
    engine: &'a Engine,
    as_of: DateTime<Utc>,
    /// By key, the row that was paid.
    rows: HashMap<String, u64>,
    /// The rows that were refused.
    refused: HashSet<u64>,
}

impl Payroll<'_> {
    /// What a row's collector earned. A key that an earlier row had is refused: nobody is paid twice.
    fn pay(&mut self, row: &CollectorRow) -> Result<CollectorPay, RecordError> {
        let pay = self.engine.collector_pay_of(row, self.as_of)?;
        if let Some(first) = self.rows.get(pay.key()) {
            let problem = Problem {
                path: String::new(),
                message: format!("the key `{}` stands in row {first} already", pay.key()),
                help: Some("give each collector and period a key of its own".to_owned()),
            };
            return Err(RecordError { problems: vec![problem] });
        }
        self.rows.insert(pay.key().to_owned(), row.number());
        Ok(pay)
    }

    /// Writes what each team earned; adds to what the summary says.
    fn pools(&mut self, rows: &[CollectorRow], said: &mut Vec<String>) -> Result<(), Stop> {
        let team_pay = self.engine.team_pay_of(rows, self.as_of).map_err(could_not)?;
        for refused in team_pay.refused() {
            self.refuse(refused.record, refused.key.as_deref(), "is refused as a member of a team", &refused.problems);
        }
        let (mut made, mut withheld, mut open) = (0, 0, 0);
        for pool in team_pay.pools() {
            let is_known = matches!(pool.pool(), Answer::Known(_))
                && pool.shares().iter().all(|share| matches!(share.share(), Answer::Known(_)));
            match (pool.withheld(), is_known) {
                (Some(_), _) => withheld += 1,
                (None, true) => made += 1,
                (None, false) => open += 1,
            }
            print_raw(&format!("{}\n", pool.to_json()))?;
        }
        let without = team_pay.without_team().len();
        said.push(format!("{} made", counted(made, "pool")));
        said.extend((withheld > 0).then(|| format!("{withheld} withheld")));
        said.extend((open > 0).then(|| format!("{open} of which the pool or the shares are not known")));
        said.extend((without > 0).then(|| format!("{} in no team", counted(without, "collector"))));
        Ok(())
    }

    /// Tells of a row that is refused, once.
    fn refuse(&mut self, number: u64, key: Option<&str>, how: &str, problems: &[Problem]) {
        if self.refused.insert(number) {
            tell(&format!("{} {how}:\n{}", row_name(number, key), problems_lines(problems)));
        }
    }
}

fn could_not(error: recoup::Error) -> Stop {
    Stop::CouldNotRun(error.to_string())
}
