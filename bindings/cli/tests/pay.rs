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
    assert!(pay("none.csv").contains("cannot read the collectors `none.csv`"), "{}", pay("none.csv"));
    assert!(pay("small").contains("cannot tell the format of `small`"), "{}", pay("small"));
    fs::create_dir(folder.path.join("folder.csv")).expect("the folder can be made");
    assert!(pay("folder.csv").contains("cannot read the collectors `folder.csv`: it is a folder"));
    folder.write("other.csv", "collector_id,colected\nC-1,10\n");
    let other = pay("other.csv");
    assert!(other.contains("nothing reads the column `colected` (did you mean `collected`?)"), "{other}");
    let at = PACK.find("incentives:").expect("the pack has a plan");
    folder.write("small/pack.yaml", &PACK[..at]);
    assert!(pay("other.csv").contains("the pack pays no collectors: declare `incentives:`, `collector:` or `team:`"));
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

/// The pack with a pool for teams too, split by the quality of the work alone.
fn with_teams() -> String {
    let team = "      team_id: {type: text, absent: none}\n      payments:";
    let pool = "
  team: {over: collector, team: team_id, base: collected, above: 100000, percent: 1, split_by: qa_score}
";
    format!("{}{pool}", PACK.replace("      payments:", team).trim_end())
}

const MEMBERS: &str = "\
collector_id,team_id,collected,qa_score
C-1,T-1,62000.00,95
C-4,,10.00,95
C-2,T-1,62000.00,80
C-3,T-2,120000.00,
";

#[test]
fn pools_of_teams_follow_the_pay_of_collectors() {
    let folder = Folder::with_pack("pay-teams", &with_teams());
    folder.write("collectors.csv", MEMBERS);
    let run = folder.recoup(&["pay", "small", "--collectors", "collectors.csv", "--as-of", AS_OF], 0);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 6, "{}", run.stdout);
    assert_eq!((&lines[0]["key"], &lines[3]["key"]), (&"C-1".into(), &"C-3".into()));
    let pool = &lines[4];
    assert_eq!((&pool["team"], &pool["base"], &pool["pool"]), (&"T-1".into(), &"124000.00".into(), &"240.00".into()));
    let shares = serde_json::json!([
        { "key": "C-1", "base": "62000.00", "weight": "95", "share": "130.29" },
        { "key": "C-2", "base": "62000.00", "weight": "80", "share": "109.71" },
    ]);
    assert_eq!(pool["shares"], shares);
    let unknown = serde_json::json!({ "unknown": ["qa_score"] });
    assert_eq!((&lines[5]["pool"], &lines[5]["shares"][0]["share"]), (&"200.00".into(), &unknown));
    let summary = "small 1.0.0 as of 2026-09-30T22:00:00Z: 3 collectors paid, 1 whose pay or clawback is not known, \
                   1 pool made, 1 of which the pool or the shares are not known, 1 collector in no team\n";
    assert_eq!(run.stderr, summary);

    let mut rows: Vec<&str> = MEMBERS.lines().skip(1).collect();
    rows.reverse();
    folder.write("backwards.csv", &format!("collector_id,team_id,collected,qa_score\n{}\n", rows.join("\n")));
    let backwards = folder.recoup(&["pay", "small", "--collectors", "backwards.csv", "--as-of", AS_OF], 0);
    let pools = |stdout: &str| stdout.lines().skip(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(pools(&backwards.stdout), pools(&run.stdout));
}

#[test]
fn a_row_that_is_refused_withholds_the_pool_of_its_team() {
    let folder = Folder::with_pack("pay-teams-refused", &with_teams());
    let again = "C-5,T-3,300000.00,95\nC-5,T-3,1.00,95\n";
    folder.write("collectors.csv", &format!("{}{again}", MEMBERS.replace("C-2,T-1,62000.00", "C-2,T-1,much")));
    let run = folder.recoup(&["pay", "small", "--collectors", "collectors.csv", "--as-of", AS_OF], 1);
    assert_eq!(run.stderr.matches("row 4 (C-2) is refused:\n  collected: `much` is not an amount").count(), 1);
    assert_eq!(run.stderr.matches("row 4").count(), 1, "a row is told of once\n{}", run.stderr);
    assert!(run.stderr.contains("row 7 (C-5) is refused:\n  the key `C-5` stands in row 6 already"), "{}", run.stderr);
    let said =
        "row 6 (C-5) is refused as a member of a team:\n  collector_id: the key `C-5` is that of another record too";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "2 withheld, 1 of which the pool or the shares are not known, 1 collector in no team, 3 refused\n"
        ),
        "{}",
        run.stderr
    );
    let of = |team: &str| run.stdout.lines().find(|line| line.starts_with(&format!(r#"{{"team":"{team}""#)));
    let line = of("T-1").expect("a line");
    assert!(
        line.contains(r#""pool":null,"shares":[],"withheld":"refused-record","refused":[{"record":4,"key":"C-2""#),
        "{line}"
    );
    assert!(of("T-3").expect("a line").contains(r#""withheld":"refused-record","refused":[{"record":6,"#));
    assert!(of("T-2").expect("a line").contains(r#""pool":"200.00""#));
}

#[test]
fn a_pack_may_pay_teams_alone() {
    let text = with_teams();
    let (before, after) =
        (text.find("  collector:\n    over").expect("a plan"), text.find("  team: {").expect("a pool"));
    let folder = Folder::with_pack("pay-teams-alone", &format!("{}{}", &text[..before], &text[after..]));
    folder.write("collectors.csv", MEMBERS);
    let run = folder.recoup(&["pay", "small", "--collectors", "collectors.csv", "--as-of", AS_OF], 0);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(run.stderr.contains("22:00:00Z: 1 pool made, 1 of which"), "{}", run.stderr);
    // A cell that is no list at all leaves the team of its row known.
    folder
        .write("broken.csv", "collector_id,team_id,collected,qa_score,payments\nC-1,T-1,1,95,[\nC-2,T-2,120000,95,\n");
    let run = folder.recoup(&["pay", "small", "--collectors", "broken.csv", "--as-of", AS_OF], 1);
    assert!(run.stderr.starts_with("row 2 (C-1) is refused as a member of a team:\n  payments: "), "{}", run.stderr);
    assert!(run.stderr.ends_with("1 pool made, 1 withheld, 1 refused\n"), "{}", run.stderr);
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
