//! Writes the example portfolios for the us-consumer pack. Seed: 20260907.
//!
//! `portfolio.ndjson` holds 1,200 valid cases, one a line; `portfolio-with-errors.ndjson` 30 valid ones and, among
//! them, lines that are wrong in as many ways as there are lines. All stand as of 2026-09-07T18:00:00-04:00.
//!
//! Usage: `cargo run -p recoup-examples --bin portfolio [DIR]`; DIR is `examples/data` unless given.

use std::io;
use std::path::PathBuf;

use recoup_examples::portfolio::{bad_lines, case};
use recoup_examples::random::Random;

const SEED: u64 = 20_260_907;

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("examples/data"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut random = Random::seeded(SEED);
    let good: Vec<String> = (1..=1_200).map(|number| case(number, &mut random).to_string()).collect();
    std::fs::write(folder.join("portfolio.ndjson"), lines(&good))?;

    let mut mixed: Vec<String> = (2_001..=2_030).map(|number| case(number, &mut random).to_string()).collect();
    for bad in bad_lines() {
        let end = i64::try_from(mixed.len()).map_err(io::Error::other)?;
        let place = usize::try_from(random.between(0, end)).map_err(io::Error::other)?;
        mixed.insert(place, bad);
    }
    std::fs::write(folder.join("portfolio-with-errors.ndjson"), lines(&mixed))
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
