//! The command as a user meets it: what it prints, what it writes, and its exit status.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const PACK: &str = "\
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id:
        type: text
        key: true
      balance:
        type: money
        min: 0
      score:
        type: integer
        absent: unknown
segmentation:
  outputs:
    segment:
      - large
      - poor
      - small
  grid: |
    | row       | balance | score | then segment |
    |-----------|---------|-------|--------------|
    | large     | >= 5000 |       | large        |
    | poor      |         | < 500 | poor         |
    | otherwise |         |       | small        |
";

const AS_OF: &str = "2026-09-07T18:00:00-04:00";

// new

#[test]
fn a_new_pack_has_no_findings_and_its_tests_cover_every_row() {
    let folder = Folder::empty("new");
    let made = folder.recoup(&["new", "first-pack"], 0);
    assert!(made.stdout.contains("recoup check first-pack\n  recoup test first-pack\n"), "{}", made.stdout);

    let checked = folder.recoup(&["check", "first-pack"], 0);
    assert_eq!((checked.stdout.as_str(), checked.stderr.as_str()), ("", "no findings\n"));

    let tested = folder.recoup(&["test", "first-pack"], 0);
    assert_eq!(tested.stdout, "9 of 9 rows and rules fired\n11 passed, 0 failed\n");
}

#[test]
fn the_commands_in_the_readme_of_a_new_pack_work() {
    let folder = Folder::empty("new-readme");
    folder.recoup(&["new", "mine"], 0);
    let readme = folder.read("mine/README.md");
    let blocks: Vec<&str> = readme.split("```").skip(1).step_by(2).collect();
    let [checks, cases, runs] = <[&str; 3]>::try_from(blocks).expect("the README has three blocks");
    folder.write("cases.csv", cases.trim_start());
    for command in checks.lines().chain(runs.lines()).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words.first(), Some(&"recoup"), "{command}");
        folder.recoup(words.get(1..).unwrap_or_default(), 0);
    }
    assert_eq!(folder.read("decisions.ndjson").lines().count(), 2);
}

#[test]
fn a_new_pack_takes_any_id_as_its_name() {
    let folder = Folder::empty("new-names");
    for name in ["true", "2026", "1e3", "-x", "null", "no", "US_1"] {
        folder.recoup(&["new", &format!("./{name}")], 0);
        folder.recoup(&["check", &format!("./{name}")], 0);
    }
}

#[test]
fn new_refuses_a_folder_in_use_and_a_name_that_is_no_id() {
    let folder = Folder::empty("new-refused");
    folder.write("used/notes.md", "mine");
    let used = folder.recoup(&["new", "used"], 2);
    assert_eq!(used.stderr, "error: `used` is not empty: name a folder that does not exist yet\n");
    assert!(!folder.path("used/pack.yaml").exists());

    let named = folder.recoup(&["new", "my pack"], 2);
    assert!(named.stderr.contains("`my pack` cannot be the name of a pack"), "{}", named.stderr);
    assert!(!folder.path("my pack").exists());
}

#[test]
fn new_fills_an_empty_folder_that_is_there() {
    let folder = Folder::empty("new-here");
    fs::create_dir(folder.path("here")).expect("the folder can be made");
    Folder { path: folder.path("here") }.recoup(&["new", "."], 0);
    assert!(folder.read("here/pack.yaml").contains("\npack: here\n"));
    Folder { path: folder.path("here") }.recoup(&["check", "."], 0);
}

// check

#[test]
fn check_shows_findings_in_three_forms() {
    let folder = Folder::with_pack("check", &PACK.replace("| < 500 |", "| < five |"));
    let text = folder.recoup(&["check", "small"], 1);
    assert!(text.stdout.starts_with("error["), "{}", text.stdout);
    assert!(text.stdout.contains("--> small/pack.yaml:"), "{}", text.stdout);
    assert_eq!(text.stderr, "1 error\n");

    let short = folder.recoup(&["check", "small", "--format", "short"], 1);
    assert!(short.stdout.starts_with("small/pack.yaml:"), "{}", short.stdout);
    assert_eq!(short.stdout.lines().count(), 1);

    let json: Value = parsed(&folder.recoup(&["check", "small", "--format", "json"], 1).stdout);
    assert_eq!(json.pointer("/0/severity"), Some(&Value::from("error")));
    assert_eq!(json.pointer("/0/places/0/path"), Some(&Value::from("small/pack.yaml")));
}

#[test]
fn check_verbose_says_what_the_pack_is() {
    let folder = Folder::with_pack("check-verbose", PACK);
    let checked = folder.recoup(&["check", "small", "-v", "--format", "json"], 0);
    assert_eq!(checked.stdout, "[]\n");
    let lines: Vec<&str> = checked.stderr.lines().collect();
    assert_eq!(lines.first(), Some(&"no findings"));
    assert!(lines.contains(&"pack            small"), "{}", checked.stderr);
    assert!(lines.contains(&"version         1.0.0"), "{}", checked.stderr);
    assert!(lines.contains(&"rows and rules  3"), "{}", checked.stderr);
    assert!(lines.iter().any(|line| line.starts_with("plan            3 fields, 0 facts, ")), "{}", checked.stderr);
    assert_eq!(lines.last(), Some(&"fallbacks       none: every rule runs in columns"));
}

#[test]
fn check_verbose_names_what_does_not_run_in_columns() {
    let facts = "facts:\n  half: balance / score\nsegmentation:\n";
    let folder = Folder::with_pack("check-fallbacks", &PACK.replace("segmentation:\n", facts));
    let checked = folder.recoup(&["check", "small", "-v"], 0);
    let fallback =
        "\nfallbacks\n  facts/half: asked case by case, as it needs more than integers for `balance / score`\n";
    assert!(checked.stderr.ends_with(fallback), "{}", checked.stderr);

    let whole = folder.recoup(&["check", "small", "-vv"], 0);
    let (about, plan) = whole.stderr.split_once("\n\nplan: ").expect("the plan stands behind the rest");
    assert_eq!(format!("{about}\n"), checked.stderr);
    assert!(plan.contains("\n    large: balance >= 5000.00\n      -> large\n"), "{plan}");
}

#[test]
fn bases_are_found_beside_the_pack_or_in_the_library() {
    let folder = Folder::with_pack("library", PACK);
    let overlay = "\
pack: over
version: 1.0.0
format: 1
extends:
  - small
change:
  segmentation/large:
    balance: >= 9000
";
    folder.write("over/pack.yaml", &overlay.replace(">= 9000", "\">= 9000\""));
    let checked = folder.recoup(&["check", "over", "-v"], 0);
    assert!(checked.stderr.contains("\noverlays\n  "), "{}", checked.stderr);
    Folder { path: folder.path("over") }.recoup(&["check", "."], 0);

    fs::create_dir(folder.path("elsewhere")).expect("the folder can be made");
    fs::rename(folder.path("over"), folder.path("elsewhere/over")).expect("the folder can be moved");
    folder.recoup(&["check", "elsewhere/over"], 1);
    folder.recoup(&["check", "elsewhere/over", "--library", "."], 0);
}

// test

#[test]
fn a_failed_test_is_explained_and_what_never_fired_is_listed() {
    let folder = Folder::with_pack("test", PACK);
    folder.write("small/tests.yaml", TESTS);
    let tested = folder.recoup(&["test", "small", "--junit", "junit.xml"], 1);
    let lines: Vec<&str> = tested.stdout.lines().collect();
    assert_eq!(lines.first(), Some(&"failed  wrong  (small/tests.yaml:13:11)"));
    assert!(lines.iter().any(|line| line.starts_with("    ") && line.contains("segment")), "{}", tested.stdout);
    assert!(lines.iter().any(|line| line.starts_with("    case A as of ")), "{}", tested.stdout);
    assert!(!tested.stdout.contains("passed  right"), "{}", tested.stdout);
    assert!(tested.stdout.contains("\n1 of 3 rows and rules fired; no test makes these fire:\n  segmentation/poor  ("));
    assert_eq!(lines.last(), Some(&"1 passed, 1 failed"));

    let junit = folder.read("junit.xml");
    assert!(junit.contains(r#"<testsuite name="small" tests="2" skipped="0" errors="0" failures="1">"#), "{junit}");
    assert!(junit.contains(r#"<testcase name="wrong" classname="small/tests.yaml">"#), "{junit}");

    let verbose = folder.recoup(&["test", "small", "-v"], 1);
    assert!(verbose.stdout.starts_with("passed  right  (small/tests.yaml:6:11)\n"), "{}", verbose.stdout);
}

#[test]
fn a_pack_without_tests_says_so() {
    let folder = Folder::with_pack("test-none", PACK);
    let tested = folder.recoup(&["test", "small"], 0);
    assert!(tested.stderr.starts_with("the pack has no tests"), "{}", tested.stderr);
}

#[test]
fn a_pack_with_errors_is_not_tested() {
    let folder = Folder::with_pack("test-broken", &PACK.replace("type: money", "type: monee"));
    folder.write("junit.xml", "of an earlier run");
    let tested = folder.recoup(&["test", "small", "--junit", "junit.xml"], 1);
    assert!(tested.stderr.starts_with("error["), "{}", tested.stderr);
    assert_eq!(tested.stdout, "");
    assert!(folder.read("junit.xml").contains(r#"errors="1""#));
}

// run

#[test]
fn a_refused_row_is_a_finding_and_the_others_are_decided() {
    let folder = Folder::with_pack("run", PACK);
    folder.write("cases.csv", "case_id,balance,score\nA,6000,\nB,\"1,200\",700\nC,10,\n");
    let ran = folder.recoup(&["run", "small", "--cases", "cases.csv", "--as-of", AS_OF, "--refusals", "no.ndjson"], 1);
    let decisions: Vec<Value> = ran.stdout.lines().map(parsed).collect();
    let keys: Vec<&Value> = decisions.iter().filter_map(|decision| decision.get("key")).collect();
    assert_eq!(keys, ["A", "C"]);
    assert_eq!(decisions.first().and_then(|first| first.get("as_of")), Some(&Value::from("2026-09-07T22:00:00Z")));

    assert!(ran.stderr.starts_with("row 3 (B): balance: `1,200` is written with a comma ("), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 cases decided, 1 refused, in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("by small 1.0.0 as of 2026-09-07T22:00:00Z\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("  1  balance: `1,200` is written with a comma\n"), "{}", ran.stderr);
    let hits = "  1  segmentation/large\n  0  segmentation/poor\n  0  segmentation/otherwise\n";
    assert!(ran.stderr.contains(hits), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("unknown results\n  1  segmentation  for want of score\n"), "{}", ran.stderr);

    let refusals = folder.read("no.ndjson");
    assert!(refusals.starts_with(r#"{"row":3,"key":"B","problems":[{"path":"balance","message":"`1,200` is"#));
    assert_eq!(refusals.lines().count(), 1);
}

#[test]
fn a_key_that_stands_twice_is_refused_the_second_time() {
    let folder = Folder::with_pack("run-twice", PACK);
    folder.write("cases.csv", "case_id,balance,score\nA,1,700\nB,2,700\nA,3,700\n");
    let ran = folder.recoup(&["run", "small", "--cases", "cases.csv"], 1);
    assert_eq!(ran.stdout.lines().count(), 2);
    assert!(ran.stderr.starts_with("row 4 (A): the key `A` stands in row 2 already ("), "{}", ran.stderr);
}

#[test]
fn only_the_first_refused_rows_are_shown_and_text_is_escaped() {
    let folder = Folder::with_pack("run-many", PACK);
    let rows: String = (1..=25).map(|number| format!("K{number},\u{1b}[31mx,1\n")).collect();
    folder.write("cases.csv", &format!("case_id,balance,score\n{rows}"));
    let ran = folder.recoup(&["run", "small", "--cases", "cases.csv"], 1);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("row ")).count(), 20);
    assert!(ran.stderr.contains("\nand 5 more; `--refusals FILE` writes all of them\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("balance: `\\u{1b}[31mx` is not an amount"), "{}", ran.stderr);
    assert!(ran.stderr.contains("problems of refused cases\n  25  balance: "), "{}", ran.stderr);
}

#[test]
fn the_output_is_replaced_only_when_the_run_is_complete() {
    let folder = Folder::with_pack("run-out", PACK);
    folder.write("out.ndjson", "of an earlier run");
    folder.write("bad.csv", "case_id;balance;score\nA;1;1\n");
    folder.recoup(&["run", "small", "--cases", "bad.csv", "--out", "out.ndjson"], 2);
    assert_eq!(folder.read("out.ndjson"), "of an earlier run");

    folder.write("long.ndjson", &format!("{{\"case_id\":\"A\",\"balance\":1}}\n{}\n", "x".repeat(17 * 1024 * 1024)));
    folder.recoup(&["run", "small", "--cases", "long.ndjson", "--out", "out.ndjson"], 2);
    assert_eq!(folder.read("out.ndjson"), "of an earlier run");

    folder.write("good.csv", "case_id,balance,score\nA,1,1\n");
    folder.recoup(&["run", "small", "--cases", "good.csv", "--out", "out.ndjson"], 0);
    assert!(folder.read("out.ndjson").starts_with(r#"{"key":"A","#));
    assert_eq!(folder.names(), ["bad.csv", "good.csv", "long.ndjson", "out.ndjson", "small"]);
}

#[test]
fn the_cases_are_never_written_over() {
    let folder = Folder::with_pack("run-same", PACK);
    let cases = "case_id,balance,score\nA,1,1\n";
    folder.write("cases.csv", cases);
    let ran = folder.recoup(&["run", "small", "--cases", "cases.csv", "--out", "./cases.csv"], 2);
    assert!(ran.stderr.contains("`--out` and `--cases` name the same file"), "{}", ran.stderr);
    assert_eq!(folder.read("cases.csv"), cases);
    folder.recoup(&["run", "small", "--cases", "cases.csv", "--out", "new", "--refusals", "new"], 2);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_column() {
    let folder = Folder::with_pack("run-bom", PACK);
    folder.write("cases.csv", "\u{feff}case_id,balance,score\nA,1,700\n");
    folder.recoup(&["run", "small", "--cases", "cases.csv"], 0);
}

#[test]
fn columns_that_do_not_fit_stop_the_run() {
    let folder = Folder::with_pack("run-columns", PACK);
    folder.write("semicolons.csv", "case_id;balance;score\nA;1;700\n");
    let ran = folder.recoup(&["run", "small", "--cases", "semicolons.csv"], 2);
    assert!(ran.stderr.contains("are separated by semicolons: say `delimiter: \";\"`"), "{}", ran.stderr);

    folder.write("other.csv", "case_id,balanse,score\nA,1,700\n");
    let ran = folder.recoup(&["run", "small", "--cases", "other.csv"], 2);
    assert!(ran.stderr.contains("did you mean `balance`?"), "{}", ran.stderr);

    let ran = folder.recoup(&["run", "small", "--cases", "other.csv", "--input", "crm"], 2);
    assert_eq!(ran.stderr, "error: the pack has no input `crm`\n");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::with_pack("run-pipe", PACK);
    let rows: String = (1..=5000).map(|number| format!("K{number},1,700\n")).collect();
    folder.write("cases.csv", &format!("case_id,balance,score\n{rows}"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_recoup"))
        .current_dir(&folder.path)
        .args(["run", "small", "--cases", "cases.csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

// contact, offer, states, metrics

/// What a pack with a workflow, a contact policy, a settlement and a metric has beside [`PACK`].
const FOLLOWING: &str = "\
channels: [call, letter]
actions:
  call: {contacting: true, channel: call}
workflows:
  all:
    initial: open
    stages:
      open:
        enter:
          - {id: ring, do: call}
        next:
          - {to: closed, when: balance == 0}
      closed: {end: true}
contact:
  own:
    rules:
      - {id: poor, review_when: score < 500}
      - {id: paid, deny_when: balance == 0}
settlement:
  floor: 50.percent
  instalments: {at_most: 3}
metrics:
  owed: {value: sum(balance), unit: USD}
";

#[test]
fn one_contact_is_judged_and_wrong_ones_are_refused_by_name() {
    let folder = Folder::with_pack("contact", &format!("{PACK}{FOLLOWING}"));
    folder.write("cases.csv", "case_id,balance,score\nA-1,100,600\nA-2,0,600\nA-3,100,\n");
    let contact = |id: &str, channel: &str, status: i32| {
        let words = ["--cases", "cases.csv", "--as-of", AS_OF, "--id", id, "--channel", channel];
        folder.recoup(&[&["contact", "small"], words.as_slice()].concat(), status)
    };
    assert_eq!(contact("A-1", "call", 0).stdout, "allow  call with A-1\n");
    let denied = contact("A-2", "call", 1);
    let expected = "deny  call with A-2\n  deny  contact/own/paid\n  never allowed while all else stays: no time lifts \
                    `contact/own/paid`\n";
    assert_eq!(denied.stdout, expected);
    let reviewed = contact("A-3", "letter", 1);
    assert!(reviewed.stdout.contains("review  contact/own/poor; not known: score"), "{}", reviewed.stdout);
    let wrong = contact("A-1", "cal", 1);
    assert!(wrong.stderr.contains("the pack has no channel `cal` (did you mean `call`?)"), "{}", wrong.stderr);
}

#[test]
fn one_offer_is_judged_and_wrong_ones_are_refused_by_name() {
    let folder = Folder::with_pack("offer", &format!("{PACK}{FOLLOWING}"));
    folder.write("cases.csv", "case_id,balance,score\nA-1,100,600\n");
    let offer = |amount: &str, more: &[&str], status: i32| {
        let words = ["--cases", "cases.csv", "--as-of", AS_OF, "--id", "A-1", "--amount", amount];
        folder.recoup(&[&["offer", "small"], words.as_slice(), more].concat(), status)
    };
    assert!(offer("50", &[], 0).stdout.starts_with("accepted  50.00 in one payment from A-1\n"));
    let refused = offer("49.99", &["--instalments", "2"], 1).stdout;
    assert!(refused.contains("at least 50.00 must be paid\n  50.00 in 2 instalments would be accepted"), "{refused}");
    assert!(offer("60", &["--instalments", "4"], 1).stdout.contains("at most 3 instalments are allowed"));
    for (amount, problem) in [
        ("100.01", "is more than the 100.00 that are owed"),
        ("-5", "is nothing that is paid"),
        ("1e2", "is not an amount"),
        ("9.999", "has too many decimals"),
    ] {
        let wrong = offer(amount, &[], 1).stderr;
        assert!(wrong.contains(problem), "{amount}: {wrong}");
    }
    let wrong = offer("60", &["--role", "boss"], 1).stderr;
    assert!(wrong.contains("the authority has no role `boss`"), "{wrong}");
}

#[test]
fn a_run_goes_on_from_the_decisions_of_an_earlier_one() {
    let folder = Folder::with_pack("states", &format!("{PACK}{FOLLOWING}"));
    folder.write("cases.csv", "case_id,balance,score\nA-1,100,600\nA-2,0,600\n");
    let run = |more: &[&str], status: i32| {
        folder.recoup(&[&["run", "small", "--cases", "cases.csv", "--as-of", AS_OF], more].concat(), status)
    };
    let first = run(&["--out", "first.ndjson", "--metrics", "metrics.json"], 0);
    assert!(first.stderr.contains("metrics\n  owed  100.00 USD"), "{}", first.stderr);
    assert!(folder.read("metrics.json").starts_with(r#"{"owed":{"value":"100.00""#));
    let second = run(&["--state", "first.ndjson"], 0);
    let stage = |line: &str| serde_json::from_str::<Value>(line).expect("a decision")["stage"].clone();
    let stages: Vec<Value> = second.stdout.lines().map(stage).collect();
    assert_eq!((&stages[0]["from"], &stages[0]["to"]), (&Value::from("open"), &Value::from("open")));
    assert_eq!((&stages[1]["from"], &stages[1]["to"]), (&Value::from("closed"), &Value::from("closed")));

    let late = folder.read("first.ndjson").replace("\"since\":\"2026-09-07\"", "\"since\":\"2027-01-01\"");
    folder.write("late.ndjson", &late);
    assert!(run(&["--state", "late.ndjson"], 1).stderr.contains("the stage was entered on `2027-01-01`"));
    folder.write("broken.ndjson", "{\"format\": 1}\n");
    assert!(run(&["--state", "broken.ndjson"], 2).stderr.contains("line 1"));
}

#[test]
fn a_run_counts_the_arms_of_experiments_and_keeps_them() {
    let folder = Folder::with_pack("arms", &format!("{PACK}{EXPERIMENT}"));
    folder.write("cases.csv", "case_id,balance,score\nD-1,200,600\nD-9,200,600\nD-2,20,600\n");
    let run = |more: &[&str]| {
        folder.recoup(&[&["run", "small", "--cases", "cases.csv", "--as-of", AS_OF], more].concat(), 0).stderr
    };
    let summary = run(&["--out", "first.ndjson"]);
    let counts = "\ncases by experiment and arm\n  trial  champion 1, challenger 1, none 1\n";
    assert!(summary.contains(counts), "{summary}");
    assert!(summary.contains("  1  segmentation/large@challenger\n"), "{summary}");
    // Nobody is drawn into the challenger any more; who is in it stays.
    folder.write("small/pack.yaml", &format!("{PACK}{EXPERIMENT}").replace("weight: 20", "weight: 0"));
    assert!(run(&["--state", "first.ndjson"]).contains(counts));
    assert!(run(&[]).contains("trial  champion 2, challenger 0, none 1\n"));
    let explained = folder.recoup(
        &["explain", "small", "--cases", "cases.csv", "--as-of", AS_OF, "--id", "D-9", "--state", "first.ndjson"],
        0,
    );
    assert!(explained.stdout.contains("trial  challenger: the state of the case holds it"), "{}", explained.stdout);
}

// explain, schema, usage

#[test]
fn explain_finds_the_case_by_its_key() {
    let folder = Folder::with_pack("explain", PACK);
    folder.write("cases.csv", "case_id,balance,score\nA-1,6000,700\nA-2,x,700\nB-1,1,700\n");
    let explain = |id: &str, status: i32| {
        folder.recoup(&["explain", "small", "--cases", "cases.csv", "--as-of", AS_OF, "--id", id], status)
    };
    let explained = explain("A-1", 0);
    assert!(explained.stdout.starts_with("case A-1 as of 2026-09-07T22:00:00Z, by small 1.0.0\n"));
    assert!(explained.stdout.contains("segment = large"), "{}", explained.stdout);

    let refused = explain("A-2", 1);
    assert!(
        refused.stderr.starts_with("row 3 (A-2) is refused:\n  balance: `x` is not an amount"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stdout, "");

    let unknown = explain("A-3", 2);
    assert_eq!(unknown.stderr, "error: none of the 3 cases of `cases.csv` has the key `A-3`; alike are `A-1`, `A-2`\n");

    let json = folder.recoup(&["explain", "small", "--cases", "cases.csv", "--id", "B-1", "--format", "json"], 0);
    assert_eq!(parsed(&json.stdout).get("key"), Some(&Value::from("B-1")));
}

#[test]
fn schemas_are_json() {
    let folder = Folder::with_pack("schema", PACK);
    let case = parsed(&folder.recoup(&["schema", "small"], 0).stdout);
    assert_eq!(case, parsed(&folder.recoup(&["schema", "small", "case"], 0).stdout));
    assert!(case.pointer("/properties/balance").is_some(), "{case}");
    let decision = parsed(&folder.recoup(&["schema", "small", "decision"], 0).stdout);
    assert!(decision.pointer("/properties/segmentation").is_some(), "{decision}");
}

#[test]
fn what_cannot_run_has_status_two() {
    let folder = Folder::with_pack("usage", PACK);
    folder.recoup(&[], 2);
    folder.recoup(&["decide"], 2);
    folder.recoup(&["check"], 2);
    folder.recoup(&["schema", "small", "rule"], 2);
    let absent = folder.recoup(&["check", "nowhere"], 2);
    assert_eq!(absent.stderr, "error: cannot read the pack: `nowhere` does not exist\n");
    let no_cases = folder.recoup(&["run", "small", "--cases", "nowhere.csv"], 2);
    assert!(no_cases.stderr.starts_with("error: cannot read the cases `nowhere.csv`"), "{}", no_cases.stderr);
    let day = folder.recoup(&["run", "small", "--cases", "nowhere.csv", "--as-of", "2026-09-07"], 2);
    assert!(day.stderr.contains("write it with its offset from UTC"), "{}", day.stderr);
    folder.recoup(&["--help"], 0);
    folder.recoup(&["--version"], 0);
}

#[test]
fn a_host_in_the_same_process_gets_the_exit_status() {
    let folder = Folder::with_pack("library-call", PACK);
    let main = |pack: &str| {
        let pack = folder.path(pack).into_os_string();
        format!("{:?}", recoup_cli::main(["recoup".into(), "check".into(), pack]))
    };
    assert_eq!(main("small"), format!("{:?}", std::process::ExitCode::SUCCESS));
    assert_eq!(main("nowhere"), format!("{:?}", std::process::ExitCode::from(2)));
}

const EXPERIMENT: &str = "\
experiments:
  trial:
    unit: case_id
    salt: fp-2026
    eligible: balance >= 100
    arms:
      champion:
        weight: 80
      challenger:
        weight: 20
        change:
          segmentation/large:
            balance: '>= 150'
";

const TESTS: &str = "\
samples:
  rich:
    case_id: A
    balance: 6000
tests:
  - name: right
    as_of: 2026-09-07T18:00:00-04:00
    given: rich
    change:
      score: 700
    expect:
      segment: large
  - name: wrong
    as_of: 2026-09-07T18:00:00-04:00
    given: rich
    expect:
      segment: small
";

/// A folder of a test's own, in which its commands run.
struct Folder {
    path: PathBuf,
}

/// What a command printed.
struct Printed {
    stdout: String,
    stderr: String,
}

impl Folder {
    fn empty(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path).expect("the folder of an earlier run can be removed");
        }
        fs::create_dir_all(&path).expect("the folder can be made");
        Folder { path }
    }

    /// With the pack `small`.
    fn with_pack(name: &str, pack: &str) -> Folder {
        let folder = Folder::empty(name);
        folder.write("small/pack.yaml", pack);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(&path)).expect("the folder can be made");
        fs::write(path, content).expect("the file can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file can be read")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).expect("the folder can be read");
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs the command, which must end with this status.
    #[track_caller]
    fn recoup(&self, arguments: &[&str], status: i32) -> Printed {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recoup"));
        let output = command.current_dir(&self.path).args(arguments).output().expect("the command starts");
        let printed = Printed {
            stdout: String::from_utf8(output.stdout).expect("standard output is text"),
            stderr: String::from_utf8(output.stderr).expect("standard error is text"),
        };
        let Printed { stdout, stderr } = &printed;
        assert_eq!(output.status.code(), Some(status), "recoup {arguments:?}\n{stdout}{stderr}");
        printed
    }
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("this is JSON")
}
