//! The project's tasks: `cargo xtask test` is the gate, `cargo xtask soak` the long run of the property tests.
//!
//! Takes the name of a task; gives an exit status: 0 passed, 1 a step failed, 2 no such task. The gate runs its steps
//! in order and stops at the first that fails. It writes below the target folder and nowhere else.

mod places;
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use places::{Places, bytes, cannot, data_files, empty_folder, entries, run, run_quietly, text};

const USAGE: &str = "\
usage: cargo xtask TASK

  test   the gate: format, lint, tests, docs, examples, packs, portfolio, cards,
         python, programs, benches, spark
  soak   all tests in release, property tests with their long counts, long runs of the Python module";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["test"] => gate(),
        ["soak"] => soak(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, for a person to read.
type Outcome<T = ()> = Result<T, String>;

type Step = fn(&Places) -> Outcome;

/// From the cheapest to the dearest; `portfolio` and `cards` use the command that `packs` builds, `programs`,
/// `benches` and `spark` the environment that `python` makes.
const STEPS: [(&str, Step); 12] = [
    ("format", format),
    ("lint", lint),
    ("tests", all_tests),
    ("docs", docs),
    ("examples", examples),
    ("packs", packs),
    ("portfolio", portfolio),
    ("cards", cards),
    ("python", python::module),
    ("programs", python::examples),
    ("benches", python::benches),
    ("spark", python::spark),
];

fn gate() -> Outcome {
    let started = Instant::now();
    let places = Places::new();
    empty_folder(&places.scratch)?;
    let mut seconds = Vec::new();
    for (name, step) in STEPS {
        println!("== {name}");
        let step_started = Instant::now();
        if let Err(message) = step(&places) {
            // An empty folder goes; one with files stays, to be looked at.
            let kept = match fs::remove_dir(&places.scratch) {
                Ok(()) => String::new(),
                Err(_) => format!("\nwhat was written is in `{}`", places.scratch.display()),
            };
            return Err(format!("gate failed in {name}: {message}{kept}"));
        }
        seconds.push((name, step_started.elapsed().as_secs_f64()));
    }
    fs::remove_dir_all(&places.scratch).map_err(|error| cannot("remove", &places.scratch, &error))?;
    for (name, seconds) in seconds {
        println!("{name:<10}{seconds:>8.1} s");
    }
    println!("gate passed in {:.1} minutes", started.elapsed().as_secs_f64() / 60.0);
    Ok(())
}

fn soak() -> Outcome {
    let started = Instant::now();
    let places = Places::new();
    let mut cargo = places.cargo("test --workspace --release --locked -- --nocapture");
    let soaked = run(cargo.env("RECOUP_SOAK", "1")).and_then(|()| empty_folder(&places.scratch));
    let soaked = soaked.and_then(|()| python::soak(&places));
    soaked.map_err(|message| format!("soak failed: {message}"))?;
    fs::remove_dir_all(&places.scratch).map_err(|error| cannot("remove", &places.scratch, &error))?;
    println!("soak passed in {:.1} minutes", started.elapsed().as_secs_f64() / 60.0);
    Ok(())
}

// The steps.

fn format(places: &Places) -> Outcome {
    run(&mut places.cargo("fmt --all --check"))
}

fn lint(places: &Places) -> Outcome {
    run(&mut places.cargo("clippy --workspace --all-targets --locked -- -D warnings"))?;
    // In the workspace the bindings switch all features on: once more without any.
    run(&mut places.cargo("clippy -p recoup --no-default-features --locked -- -D warnings"))
}

fn all_tests(places: &Places) -> Outcome {
    run(&mut places.cargo("test --workspace --locked"))
}

fn docs(places: &Places) -> Outcome {
    run(places.cargo("doc --workspace --no-deps --locked").env("RUSTDOCFLAGS", "-D warnings"))
}

/// The programs of `examples/` write the files that are committed: none more, none less, the same bytes.
fn examples(places: &Places) -> Outcome {
    let written = places.scratch.join("examples");
    for program in ["portfolio", "cards"] {
        let mut cargo = places.cargo("run --quiet --locked -p recoup-examples --bin");
        run(cargo.args([program, "--"]).arg(&written))?;
    }
    for program in ["decide_one_case", "host_function"] {
        let mut cargo = places.cargo("run --quiet --locked -p recoup-examples --bin");
        run(cargo.arg(program).stdout(std::process::Stdio::null()))?;
    }
    let committed = places.root.join("examples/data");
    let names: BTreeSet<OsString> = data_files(&committed)?.union(&data_files(&written)?).cloned().collect();
    for name in names {
        let path = Path::new("examples/data").join(&name);
        match (committed.join(&name), written.join(&name)) {
            (committed, _) if !committed.is_file() => {
                return Err(format!("`{}` is not committed, but an example writes it", path.display()));
            }
            (_, written) if !written.is_file() => {
                return Err(format!("`{}` is committed, but no example writes it", path.display()));
            }
            (committed, written) => {
                if let Some(line) = first_difference(&bytes(&committed)?, &bytes(&written)?) {
                    return Err(format!("`{}` differs from what its example writes, line {line}", path.display()));
                }
            }
        }
    }
    Ok(())
}

/// Every shipped pack loads without an error, and its own tests pass.
fn packs(places: &Places) -> Outcome {
    run(&mut places.cargo("build --release --locked -p recoup-cli"))?;
    let packs: Vec<OsString> = entries(&places.root.join("rules"))?
        .into_iter()
        .filter(|path| path.join("pack.yaml").is_file())
        .filter_map(|path| path.file_name().map(OsString::from))
        .collect();
    if packs.is_empty() {
        return Err("no folder of `rules` has a `pack.yaml`".to_owned());
    }
    let plugins = entries(&places.root.join("rules/plugins"))?
        .into_iter()
        .filter_map(|path| path.file_name().map(OsString::from));
    // The example of a plugin is a pack that uses it.
    let examples = plugins.map(|plugin| Path::new("plugins").join(plugin).join("example").into_os_string());
    for pack in packs.into_iter().chain(examples) {
        let folder = Path::new("rules").join(pack);
        for command in ["check", "test"] {
            run(places.recoup(command).args(["--library", "rules"]).arg(&folder))?;
        }
    }
    Ok(())
}

/// The README's main job: a portfolio is decided, the same way twice, and wrong records are findings.
fn portfolio(places: &Places) -> Outcome {
    let decide = |cases: &str, out: &str, status: i32| {
        let out = places.scratch.join(out);
        let mut recoup = places.recoup("run");
        recoup.args(["rules/us-consumer", "--cases", cases, "--as-of", "2026-09-07T18:00:00-04:00", "--out"]);
        run_quietly(recoup.arg(&out), status).map(|_| out)
    };
    let cases = "examples/data/portfolio.ndjson";
    let first = text(&decide(cases, "portfolio-1.ndjson", 0)?)?;
    let second = text(&decide(cases, "portfolio-2.ndjson", 0)?)?;
    if let Some(line) = first_difference(first.as_bytes(), second.as_bytes()) {
        return Err(format!("two runs of `{cases}` differ, line {line}"));
    }
    one_line_each(cases, text(&places.root.join(cases))?.lines().count(), &first)?;
    decide("examples/data/portfolio-with-errors.ndjson", "portfolio-with-errors.ndjson", 1).map(|_| ())
}

/// The card accounts, and the public file that they imitate where it is there.
fn cards(places: &Places) -> Outcome {
    card_accounts(places, "examples/data/cards.csv")?;
    let public = "../shared/data/uci_credit_card.csv";
    if places.root.join(public).is_file() {
        card_accounts(places, public)
    } else {
        println!("skipped `{public}`: the file is not there");
        Ok(())
    }
}

/// All accounts are decided; a program that does not use the engine finds the same segments; the order of the rows does
/// not matter.
fn card_accounts(places: &Places, accounts: &str) -> Outcome {
    let decide = |cases: &Path, out: &str| {
        let out = places.scratch.join(out);
        let mut recoup = places.recoup("run");
        recoup.args(["rules/card-portfolio", "--input", "uci", "--as-of", "2005-10-01T12:00:00+08:00", "--cases"]);
        run_quietly(recoup.arg(cases).arg("--out").arg(&out), 0)?;
        text(&out)
    };
    let table = text(&places.root.join(accounts))?;
    let decisions = decide(Path::new(accounts), "cards.ndjson")?;
    // Exit status 0 says that no row was refused, so each has its line.
    one_line_each(accounts, table.lines().count().saturating_sub(1), &decisions)?;

    let mut python = Command::new("python3");
    python.current_dir(&places.root).args(["examples/check/segment_counts.py", accounts]);
    let expected = run_quietly(&mut python, 0)?;
    same_counts(&counts_of_decisions(&decisions)?, &counts_of_program(&expected)?)
        .map_err(|message| format!("`{accounts}`: {message}"))?;

    let reversed = places.scratch.join("cards-reversed.csv");
    fs::write(&reversed, rows_reversed(&table)).map_err(|error| cannot("write", &reversed, &error))?;
    if sorted_lines(&decisions) != sorted_lines(&decide(&reversed, "cards-reversed.ndjson")?) {
        return Err(format!("`{accounts}` with its rows in reversed order gives other decisions"));
    }
    Ok(())
}

// What the steps compare.

fn one_line_each(cases: &str, count: usize, decisions: &str) -> Outcome {
    let lines = decisions.lines().count();
    if count == 0 {
        Err(format!("`{cases}` holds no cases"))
    } else if lines == count {
        Ok(())
    } else {
        Err(format!("`{cases}` holds {count} cases, but {lines} lines came out"))
    }
}

/// How many cases each segment has.
type SegmentCounts = BTreeMap<String, usize>;

fn counts_of_decisions(decisions: &str) -> Outcome<SegmentCounts> {
    let mut counts = SegmentCounts::new();
    for (line, number) in decisions.lines().zip(1..) {
        let segment = segment(line).ok_or_else(|| format!("the decision in line {number} has no segment: {line}"))?;
        *counts.entry(segment.to_owned()).or_default() += 1;
    }
    Ok(counts)
}

/// The segment in the JSON of a decision. Quotes inside JSON text are escaped, so no text can look like the key.
fn segment(decision: &str) -> Option<&str> {
    let (_, rest) = decision.split_once(r#""segmentation":{"segment":""#)?;
    rest.split_once('"').map(|(segment, _)| segment)
}

fn counts_of_program(lines: &str) -> Outcome<SegmentCounts> {
    lines
        .lines()
        .map(|line| {
            let (segment, count) = line.split_once(',')?;
            Some((segment.to_owned(), count.parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`segment_counts.py` printed something else than `segment,count`:\n{lines}"))
}

fn same_counts(decisions: &SegmentCounts, program: &SegmentCounts) -> Outcome {
    let count = |counts: &SegmentCounts, segment: &String| counts.get(segment).copied().unwrap_or(0);
    let differences: Vec<String> = decisions
        .keys()
        .chain(program.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|segment| (segment, count(decisions, segment), count(program, segment)))
        .filter(|(_, decided, counted)| decided != counted)
        .map(|(segment, decided, counted)| format!("{segment}: {decided} decided, {counted} by segment_counts.py"))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}

/// The header first, then the rows from the last to the first. No cell of the card files holds a line break.
fn rows_reversed(table: &str) -> String {
    let mut lines = table.lines();
    let header = lines.next();
    header.into_iter().chain(lines.rev()).map(|line| format!("{line}\n")).collect()
}

fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The number of the first line that differs.
fn first_difference(left: &[u8], right: &[u8]) -> Option<usize> {
    if left == right {
        return None;
    }
    let same = left.iter().zip(right).take_while(|(left, right)| left == right);
    Some(1 + same.filter(|(byte, _)| **byte == b'\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_is_found_behind_its_key_alone() {
        let decision =
            r#"{"key":"\"segmentation\":{\"segment\":\"x\"","segmentation":{"segment":"late","treatment":"call"}}"#;
        assert_eq!(segment(decision), Some("late"));
        assert_eq!(segment(r#"{"key":1,"segmentation":{"segment":{"unknown":["bill"]}}}"#), None);
    }

    #[test]
    fn differing_counts_name_their_segments() {
        let decisions = r#"{"segmentation":{"segment":"a"}}"#.to_owned() + "\n" + r#"{"segmentation":{"segment":"b"}}"#;
        let compared = |program: &str| same_counts(&counts_of_decisions(&decisions)?, &counts_of_program(program)?);
        assert_eq!(compared("a,1\nb,1\n"), Ok(()));
        assert_eq!(
            compared("a,1\nc,2\n"),
            Err("b: 1 decided, 0 by segment_counts.py; c: 0 decided, 2 by segment_counts.py".to_owned())
        );
    }

    #[test]
    fn the_header_stays_first_when_rows_are_reversed() {
        assert_eq!(rows_reversed("id,sum\r\n1,5\r\n2,6"), "id,sum\n2,6\n1,5\n");
    }

    #[test]
    fn a_difference_is_told_by_its_line() {
        assert_eq!(first_difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(first_difference(b"a\nb\n", b"a\nc\n"), Some(2));
        assert_eq!(first_difference(b"a\n", b"a\nc\n"), Some(2));
    }
}
