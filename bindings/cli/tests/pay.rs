//! `recoup pay` as a user meets it: what it prints, wrong input, and its exit status.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
      case_id: {type: text, key: true}
  collector:
    fields:
      collector_id: {type: text, key: true}
      collected: {type: money, min: 0}
      qa_score: {type: integer, absent: unknown}
      payments:
        type: list
        default: []
        of:
          received_on: {type: date, time: true}
          reversed_on: {type: date, absent: none}
          amount: {type: money, min: 0.01}
incentives:
  collector:
    over: collector
    base: collected
    tiers: {mode: marginal, steps: {0: 0, 30000: 4, 50000: 6}}
    gates:
      - {id: quality, when: qa_score < 90, times: 0.5}
    clawback_within: 90 days
    reversals: payments
";

const TESTS: &str = "\
tests:
  - name: a good month
    as_of: 2026-09-30T18:00:00-04:00
    collector: {collector_id: C-1, collected: 62000.00, qa_score: 95}
    expect: {pay: 1520.00, not_fired: [incentives/collector/quality]}
  - name: poor calls
    as_of: 2026-09-30T18:00:00-04:00
    collector: {collector_id: C-1, collected: 62000.00, qa_score: 80}
    expect: {pay: 760.00, fired: [incentives/collector/quality]}
  - name: calls that nobody has heard
    as_of: 2026-09-30T18:00:00-04:00
    collector: {collector_id: C-1, collected: 62000.00}
    expect: {base: 62000.00, pay: unknown, clawback: 0.00}
  - name: a reversal
    as_of: 2026-09-30T18:00:00-04:00
    collector:
      collector_id: C-1
      collected: 62000.00
      qa_score: 95
      payments: [{received_on: 2026-07-01, reversed_on: 2026-08-01, amount: 5000.00}]
    expect: {reversed: 5000.00, clawback: 300.00}
  - name: a record that is refused
    as_of: 2026-09-30T18:00:00-04:00
    collector: {collector_id: C-1, collected: -1}
    expect: {refused: [collected]}
";

const AS_OF: &str = "2026-09-30T18:00:00-04:00";

#[test]
fn pay_is_a_line_for_each_collector() {
    let folder = Folder::with_pack("pay", PACK);
    folder.write("collectors.csv", "collector_id,collected,qa_score\nC-1,62000.00,95\nC-2,62000.00,80\nC-3,40000,\n");
    let run = folder.recoup(&["pay", "small", "--collectors", "collectors.csv", "--as-of", AS_OF], 0);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let pays: Vec<&Value> = lines.iter().map(|line| &line["pay"]).collect();
    let unknown = serde_json::json!({ "unknown": ["qa_score"] });
    assert_eq!(pays, [&Value::from("1520.00"), &Value::from("760.00"), &unknown]);
    assert_eq!(lines[1]["gates"][0]["id"], "incentives/collector/quality");
    let summary = "small 1.0.0 as of 2026-09-30T22:00:00Z: 2 collectors paid, 1 whose pay or clawback is not known\n";
    assert_eq!(run.stderr, summary);
}

#[test]
fn json_and_csv_of_the_same_collectors_give_the_same_lines() {
    let folder = Folder::with_pack("pay-forms", PACK);
    let payments = r#"[{"received_on": "2026-07-01", "reversed_on": "2026-08-01", "amount": "5000.00"}]"#;
    let record = format!(r#"{{"collector_id": "C-1", "collected": 62000.00, "qa_score": 95, "payments": {payments}}}"#);
    folder.write("collectors.ndjson", &format!("{record}\n"));
    folder.write("collectors.json", &format!("[{record}]"));
    let quoted = payments.replace('"', "\"\"");
    folder
        .write("collectors.csv", &format!("collector_id,collected,qa_score,payments\nC-1,62000.00,95,\"{quoted}\"\n"));
    let lines = ["collectors.ndjson", "collectors.json", "collectors.csv"]
        .map(|file| folder.recoup(&["pay", "small", "--collectors", file, "--as-of", AS_OF], 0).stdout);
    assert!(lines[0].contains(r#""pay":"1520.00","reversed":"5000.00","clawback":"300.00""#), "{}", lines[0]);
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[0], lines[2]);
}

#[test]
fn wrong_rows_are_refused_and_the_rest_goes_on() {
    let folder = Folder::with_pack("pay-refused", PACK);
    folder.write("collectors.csv", "collector_id,collected,qa_score\nC-1,much,95\nC-2,10,95\nC-2,20,95\n");
    let run = folder.recoup(&["pay", "small", "--collectors", "collectors.csv", "--as-of", AS_OF], 1);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(run.stderr.starts_with("row 2 (C-1) is refused:\n  collected: `much` is not an amount"), "{}", run.stderr);
    assert!(run.stderr.contains("row 4 (C-2) is refused:\n  the key `C-2` stands in row 3 already"), "{}", run.stderr);
    assert!(run.stderr.ends_with("1 collector paid, 2 refused\n"), "{}", run.stderr);
}

#[test]
fn files_that_do_not_fit_and_packs_without_a_plan_are_named() {
    let folder = Folder::with_pack("pay-wrong", PACK);
    let pay = |file: &str| folder.recoup(&["pay", "small", "--collectors", file, "--as-of", AS_OF], 2).stderr;
    assert!(pay("none.csv").contains("cannot read the cases `none.csv`"), "{}", pay("none.csv"));
    folder.write("other.csv", "collector_id,colected\nC-1,10\n");
    let other = pay("other.csv");
    assert!(other.contains("nothing reads the column `colected` (did you mean `collected`?)"), "{other}");
    let at = PACK.find("incentives:").expect("the pack has a plan");
    folder.write("small/pack.yaml", &PACK[..at]);
    assert!(pay("other.csv").contains("the pack has no pay plan: declare `incentives:`, `collector:`"));
}

#[test]
fn tests_of_pay_run_beside_those_of_cases_and_gates_are_covered() {
    let folder = Folder::with_pack("pay-tests", PACK);
    folder.write("small/tests/pay.yaml", TESTS);
    let tested = folder.recoup(&["test", "small"], 0);
    assert_eq!(tested.stdout, "1 of 1 rows and rules fired\n5 passed, 0 failed\n");

    folder.write("small/tests/pay.yaml", &TESTS.replace("pay: 1520.00", "pay: 1250.00"));
    let tested = folder.recoup(&["test", "small"], 1);
    assert!(tested.stdout.contains("pay: expected 1250.00, found 1520.00"), "{}", tested.stdout);
    assert!(tested.stdout.contains(r#""pay":"1520.00""#), "{}", tested.stdout);
}

struct Folder {
    path: PathBuf,
}

/// What a command printed.
struct Printed {
    stdout: String,
    stderr: String,
}

impl Folder {
    /// With the pack `small`.
    fn with_pack(name: &str, pack: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path).expect("the folder of an earlier run can be removed");
        }
        fs::create_dir_all(&path).expect("the folder can be made");
        let folder = Folder { path };
        folder.write("small/pack.yaml", pack);
        folder
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&path)).expect("the folder can be made");
        fs::write(path, content).expect("the file can be written");
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
