//! A portfolio of real accounts: recoup from the file to the decisions, against a program that only parses the same file
//! and writes the same bytes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use recoup::Engine;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::{Error, Result};

use crate::report::Report;

/// Seen from the root of the repository; not part of it.
const ACCOUNTS: &str = "../shared/data/uci_credit_card.csv";
const AS_OF: &str = "2005-10-01T12:00:00+08:00";

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let accounts = root.join(ACCOUNTS);
    if !accounts.is_file() {
        report.number("skipped: the file of accounts is not there", String::new());
        return Ok(());
    }
    let engine = Engine::load(root.join("rules/card-portfolio")).map_err(|error| Error::from(error.to_string()))?;
    let folder = std::env::temp_dir().join(format!("recoup-compare-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = between(report, &engine, &accounts, &folder);
    fs::remove_dir_all(&folder)?;
    measured
}

fn between(report: &mut Report, engine: &Engine, accounts: &Path, folder: &Path) -> Result<()> {
    let (decided, parsed) = (folder.join("decided.ndjson"), folder.join("parsed.ndjson"));
    decide(engine, accounts, &decided)?;
    let lines = fs::read(&decided)?;
    parse(accounts, &lines, &parsed)?;
    if fs::read(&parsed)? != lines {
        return Err("the two programs do not write the same bytes".into());
    }
    let count = lines.split_inclusive(|byte| *byte == b'\n').count();
    let mut failed: [Option<Error>; 2] = [None, None];
    let [decide_failed, parse_failed] = &mut failed;
    let mut contenders = [
        Contender::new("parse and write only", |_| {
            if let Err(error) = parse(accounts, &lines, &parsed) {
                *parse_failed = Some(error);
            }
        }),
        Contender::new("recoup, from the file to the decisions", |_| {
            if let Err(error) = decide(engine, accounts, &decided) {
                *decide_failed = Some(error);
            }
        }),
    ];
    // A round reads the whole file, so its time is that of all accounts.
    let times = compare(&mut contenders, 1, 1);
    let parse_only = times.first().ok_or("nothing was timed")?;
    report.number("accounts", count.to_string());
    for (contender, times) in contenders.iter().zip(&times) {
        report.time(&contender.name, times.median(), Some((times.ratio(parse_only), "parse and write")));
    }
    drop(contenders);
    match failed.into_iter().flatten().next() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The accounts of a batch, as `recoup run` takes them.
const ROWS: usize = 1024;

/// As `recoup run` does it on one thread: rows of the file into slots, batches in columns, one line for each account.
fn decide(engine: &Engine, accounts: &Path, out: &PathBuf) -> Result<()> {
    let mut evaluator = engine.evaluator(AS_OF.parse()?)?;
    let (mut record, mut evaluation) = (evaluator.record(), evaluator.evaluation());
    let (mut batch, mut writer) = (evaluator.batch(), evaluator.writer());
    let mut out = BufWriter::with_capacity(1 << 16, File::create(out)?);
    let mut cases = engine.read_cases(accounts, Some("uci")).map_err(|error| Error::from(error.to_string()))?;
    let mut lines = Vec::new();
    while let Some(rows) = cases.next_batch(ROWS).map_err(|error| Error::from(error.to_string()))? {
        batch.clear();
        for row in 0..rows.len() {
            evaluator.read_into(&rows, row, &mut record).map_err(|error| Error::from(error.to_string()))?;
            batch.push(&record)?;
        }
        batch.decide();
        lines.clear();
        for place in 0..batch.len() {
            batch.evaluation(place, &mut evaluation)?;
            writer.write(&evaluation, &mut lines)?;
            lines.push(b'\n');
        }
        out.write_all(&lines)?;
    }
    Ok(out.flush()?)
}

/// Every cell to an integer, and for every account the line that is known already.
fn parse(accounts: &Path, lines: &[u8], out: &PathBuf) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, File::create(out)?);
    let mut reader = csv::Reader::from_path(accounts)?;
    let mut record = csv::ByteRecord::new();
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    let mut sum = 0_i64;
    while reader.read_byte_record(&mut record)? {
        for cell in &record {
            sum = sum.wrapping_add(integer(std::str::from_utf8(cell)?)?);
        }
        out.write_all(lines.next().ok_or("there are fewer lines than accounts")?)?;
    }
    std::hint::black_box(sum);
    Ok(out.flush()?)
}

/// Some amounts of the file are written as `1.00E+05`.
fn integer(cell: &str) -> Result<i64> {
    match cell.parse() {
        Ok(integer) => Ok(integer),
        Err(_) => Ok(cell.parse::<f64>()?.round() as i64),
    }
}
