//! Small packs and their plans as text: every file of `tests/plans` shows a pack, and then its plan.
//!
//! `UPDATE_EXPECT=1` rewrites the plans. Read each change: a rule that fell out of the columns is seen here.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use recoup::{Engine, LoadOptions};

/// The header of every pack.
const PACK: &str = "\
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: us-federal
";

const AS_OF: &str = "2026-09-07T18:00:00-04:00";

const EXPECTED: &str = "=== expected\n";

#[test]
fn every_plan_reads_as_its_file_says() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut failures = Vec::new();
    for path in case_files() {
        let text = fs::read_to_string(&path).expect("a case can be read");
        let source = source(&text);
        let golden = format!("{source}{EXPECTED}{}", load(&path, &source).plan_text());
        if update {
            fs::write(&path, golden).expect("a golden can be written");
        } else if text != golden {
            failures.push(format!("{}: the plan differs:\n{golden}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_plan_ends_with_its_fallbacks_and_begins_with_their_number() {
    for path in case_files() {
        let engine = load(&path, &source(&fs::read_to_string(&path).expect("a case can be read")));
        let (text, fallbacks) = (engine.plan_text(), engine.fallbacks());
        let (_, end) = text.split_once("\nfallbacks\n").expect("a plan has fallbacks");
        let lines: Vec<&str> = end.lines().map(str::trim).collect();
        match fallbacks.as_slice() {
            [] => assert_eq!(lines, ["none"], "{}", path.display()),
            fallbacks => assert_eq!(lines, fallbacks, "{}", path.display()),
        }
        let ending = if fallbacks.len() == 1 { "" } else { "s" };
        let count = format!(", {} fallback{ending}", fallbacks.len());
        assert!(text.lines().next().is_some_and(|line| line.ends_with(&count)), "{text}");
    }
}

#[test]
fn a_plan_is_the_same_each_time() {
    for path in case_files() {
        let source = source(&fs::read_to_string(&path).expect("a case can be read"));
        assert_eq!(load(&path, &source).plan_text(), load(&path, &source).plan_text(), "{}", path.display());
    }
}

#[test]
fn tables_are_asked_where_the_fallbacks_say_so() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let asked = |name: &str, record: &str| {
        let path = folder.join(name);
        let engine = load(&path, &source(&fs::read_to_string(&path).expect("a case can be read")));
        let evaluator = engine.evaluator(AS_OF.parse().expect("an instant")).expect("room to decide");
        let mut batch = evaluator.batch();
        let record = evaluator.read(record).expect("a record");
        for _ in 0..3 {
            batch.push(&record).expect("a case");
        }
        batch.decide();
        batch.tables_asked()
    };
    let plain = r#"{"case_id": "A", "balance": 6000, "days_past_due": 130, "product": "card", "disputed": false}"#;
    assert_eq!(asked("tables.txt", plain), 0);
    assert_eq!(asked("unknown_and_none.txt", r#"{"case_id": "A", "score": 400}"#), 0);
    assert_eq!(asked("steps.txt", r#"{"case_id": "A", "a": 1, "b": 2}"#), 3);
    let fallbacks = r#"{"case_id": "A", "balance": 5, "parts": 3, "note": "", "a": false, "level": "low"}"#;
    // Three cases, and for each of them `reasons` and `computed_rank`.
    assert_eq!(asked("fallbacks.txt", fallbacks), 6);
    // Facts that are asked leave the rest in columns.
    let facts = r#"{"case_id": "A", "name": "x", "balance": 5, "paid": 1, "parts": 3, "due_on": "2026-08-01",
        "zones": ["America/New_York"], "payments": []}"#;
    assert_eq!(asked("facts.txt", facts), 0);
}

#[test]
fn shipped_packs_have_plans() {
    for pack in ["base", "us-consumer", "us-consumer-flexible", "card-portfolio"] {
        let engine = Engine::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules").join(pack));
        let engine = engine.expect("the pack loads");
        let ids = engine.rule_ids();
        for fallback in engine.fallbacks() {
            let (id, why) = fallback.split_once(": ").expect("an id and why");
            let is_rule = ids.iter().any(|known| known == id || known.starts_with(&format!("{id}/")));
            assert!(is_rule || id.starts_with("facts/") || id.starts_with("experiments/"), "{fallback}");
            assert!(why.contains(", as "), "{fallback}");
        }
        assert!(engine.plan_text().contains("\nblocks\n"));
    }
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let entries = fs::read_dir(folder).expect("the plans are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a case can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(files.len() >= 5, "only {} plans", files.len());
    files
}

/// A file without its golden part.
fn source(text: &str) -> String {
    match text.find(EXPECTED) {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => format!("{}\n", text.trim_end_matches('\n')),
    }
}

/// The pack of a file: what stands before the first `---` is prose, then come files.
fn load(path: &Path, source: &str) -> Engine {
    let header = if source.contains("\ncalendars:") { PACK } else { PACK.trim_end_matches("calendar: us-federal\n") };
    let files = source.split("\n--- ").skip(1).map(|file| {
        let (name, text) = file.split_once('\n').expect("a file has a name and a text");
        (format!("small/{}", name.trim()), text.as_bytes().to_vec())
    });
    let files = files.chain([("small/pack.yaml".to_owned(), header.as_bytes().to_vec())]);
    match LoadOptions::new().without_analysis().from_sources("small", files) {
        Ok(engine) => engine,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
