//! Case data of hosts, from files to decisions: what each form of a value becomes, and what is refused.
//!
//! A rule gives every field back, so that a decision shows what was read.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use recoup::{CaseRow, Engine};
use serde_json::Value;

const AS_OF: &str = "2026-12-15T12:00:00Z";

const PACK: &str = r#"
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money, absent: none}
      score: {type: integer, absent: unknown}
      ratio: {type: decimal, decimals: 3, absent: none}
      product: {type: choice, of: [card, loan], absent: none}
      flag: {type: boolean, absent: none}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      home: {type: zone, absent: none}
      note: {type: text, absent: none}
      tags: {type: list, of: integer, absent: none}
      calls: {type: list, of: {length: integer, channel: text}, absent: none}
      phone: {type: integer, absent: none, private: true}
      salary: {type: money, absent: none, private: true, max: 9000}
      born: {type: timestamp, absent: none, private: true}
      status: {type: choice, of: [well, ill], absent: none, private: true}
rules:
  seen:
    hit: first
    outputs:
      balance: {type: money, absent: none}
      score: {type: integer, absent: none}
      ratio: {type: decimal, decimals: 3, absent: none}
      product: {type: choice, of: [card, loan], absent: none}
      flag: {type: boolean, absent: none}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      home: {type: zone, absent: none}
      note: {type: text, absent: none}
      tags: {type: integer, absent: none}
      calls: {type: integer, absent: none}
      salary: {type: money, absent: none}
    list:
      - id: all
        when: "true"
        give:
          balance: "= balance"
          score: "= score"
          ratio: "= ratio"
          product: "= product"
          flag: "= flag"
          opened: "= opened"
          called: "= called"
          home: "= home"
          note: "= note"
          tags: "= tags.sum()"
          calls: "= calls.sum(|item| item.length)"
          salary: "= salary"
    otherwise:
      {balance: none, score: none, ratio: none, product: none, flag: none, opened: none, called: none, home: none, note: none, tags: none, calls: none, salary: none}
"#;

/// The pack with an input `crm`; `fields` are the input's fields, `rest` its other keys.
fn engine(fields: &str, rest: &str) -> Engine {
    let indented = |text: &str, by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    let mut pack = PACK.to_owned();
    if !fields.is_empty() || !rest.is_empty() {
        pack.push_str("inputs:\n  crm:\n    record: case\n");
        pack.push_str(&indented(rest, "    "));
        if !fields.is_empty() {
            pack.push_str(&format!("    fields:\n{}", indented(fields, "      ")));
        }
    }
    Engine::from_sources("small", [("small/pack.yaml", pack)]).unwrap_or_else(|error| panic!("{error}"))
}

/// What a row came to.
struct Seen {
    number: u64,
    key: Option<String>,
    outcome: Result<Value, String>,
}

/// Reads and decides the cases of a file; an error where the file as a whole is refused.
fn read(engine: &Engine, input: Option<&str>, name: &str, content: impl AsRef<[u8]>) -> Result<Vec<Seen>, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("case-files");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let path = folder.join(name);
    fs::write(&path, content).expect("a file can be written");
    let as_of = AS_OF.parse().expect("an instant");
    let decide = |row: CaseRow| Seen {
        number: row.number(),
        key: row.key(),
        outcome: engine.decide(&row, as_of).map_err(|error| error.to_string()).map(|decided| {
            let decision: Value = serde_json::from_str(&decided.decision.to_json()).expect("a decision is JSON");
            decision["results"]["seen"].clone()
        }),
    };
    let rows = engine.read_cases(&path, input).map_err(|error| error.to_string())?;
    rows.map(|row| row.map(decide).map_err(|error| error.to_string())).collect()
}

/// One field of all rows: its value as JSON, or `refused` and the message.
fn field(rows: &[Seen], name: &str) -> Vec<String> {
    rows.iter()
        .map(|row| match &row.outcome {
            Ok(values) => values[name].to_string(),
            Err(message) => format!("refused {message}"),
        })
        .collect()
}

/// The rows of a file that must open.
fn rows(engine: &Engine, input: Option<&str>, name: &str, content: impl AsRef<[u8]>) -> Vec<Seen> {
    read(engine, input, name, content).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// One field of the rows of a CSV file that is read through the input `crm`.
fn mapped(fields: &str, name: &str, text: &str, wanted: &str) -> Vec<String> {
    field(&rows(&engine(fields, ""), Some("crm"), name, text), wanted)
}

#[track_caller]
fn assert_refused(seen: &str, path: &str) {
    let message = seen.strip_prefix("refused ").unwrap_or_else(|| panic!("not refused, but {seen}"));
    assert!(message.contains(&format!("{path}: ")), "{message}");
}

#[test]
fn a_file_without_an_input_has_the_names_of_the_record() {
    let engine = engine("", "");
    let csv = "case_id,balance,product,flag,opened\nA,12.50,card,true,2026-09-07\nB,,,,\n";
    let seen = rows(&engine, None, "plain.csv", csv);
    assert_eq!(field(&seen, "balance"), ["\"12.50\"", "null"]);
    assert_eq!(field(&seen, "product"), ["\"card\"", "null"]);
    assert_eq!(field(&seen, "flag"), ["true", "null"]);
    assert_eq!(field(&seen, "opened"), ["\"2026-09-07\"", "null"]);
    assert_eq!(field(&seen, "score"), [r#"{"unknown":["score"]}"#; 2]);
    let json = r#"{"case_id":"A","balance":12.50,"product":"card","flag":true,"opened":"2026-09-07"}"#;
    for (name, text) in [("plain.ndjson", format!("{json}\n")), ("plain.json", format!("[{json}]"))] {
        let alike = rows(&engine, None, name, text);
        assert_eq!(alike[0].outcome, seen[0].outcome, "{name}");
    }
}

#[test]
fn rows_are_numbered_by_line_and_named_by_key() {
    let csv = rows(&engine("", ""), None, "numbers.csv", "case_id,balance\nA,1\nB,x\n,3\n");
    let named: Vec<(u64, Option<&str>)> = csv.iter().map(|row| (row.number, row.key.as_deref())).collect();
    assert_eq!(named, [(2, Some("A")), (3, Some("B")), (4, None)]);
    assert!(csv[0].outcome.is_ok());
    let balances = field(&csv, "balance");
    assert_refused(&balances[1], "balance");
    assert_refused(&balances[2], "case_id");
    let lines = rows(&engine("", ""), None, "numbers.ndjson", "\n{\"case_id\":\"A\"}\n\n{\"case_id\":\"B\"}\n");
    assert_eq!(lines.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4]);
    let items = rows(&engine("", ""), None, "numbers.json", r#"[{"case_id":"A"},{"case_id":"B"}]"#);
    assert_eq!(items.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(items[1].key.as_deref(), Some("B"));
}

#[test]
fn columns_are_renamed() {
    let fields = "case_id: {column: ACCT NO}\nbalance: {column: Bal}";
    let csv = "ACCT NO,Bal\nA,5\n";
    assert_eq!(mapped(fields, "renamed.csv", csv, "balance"), ["\"5.00\""]);
    let engine = engine(fields, "");
    let seen = rows(&engine, Some("crm"), "renamed.ndjson", "{\"ACCT NO\":\"A\",\"Bal\":5}\n");
    assert_eq!(field(&seen, "balance"), ["\"5.00\""]);
    assert_eq!(seen[0].key.as_deref(), Some("A"));
    let wrong = read(&engine, Some("crn"), "renamed.csv", csv).err().expect("there is no such input");
    assert!(wrong.contains("crn") && wrong.contains("crm"), "{wrong}");
}

#[test]
fn values_are_mapped() {
    let fields = "product: {column: P, values: {CC: card, LN: loan, '': none, '?': unknown}}";
    let seen = mapped(fields, "values.csv", "case_id,P\nA,CC\nB,LN\nC,\nD,?\nE,cc\n", "product");
    assert_eq!(seen[..4], ["\"card\"", "\"loan\"", "null", r#"{"unknown":["product"]}"#]);
    assert_refused(&seen[4], "product");
    let fields = "flag: {column: F, values: {Y: true, N: false}}";
    let seen = mapped(fields, "flags.csv", "case_id,F\nA,Y\nB,N\nC,\nD,true\n", "flag");
    assert_eq!(seen[..3], ["true", "false", "null"]);
    assert_refused(&seen[3], "flag");
}

#[test]
fn dates_have_the_declared_form() {
    let fields = "opened: {column: D, format: '%m/%d/%Y'}";
    let csv = "case_id,D\nA,09/07/2026\nB,9/7/2026\nC,\nD,2026-09-07\nE,13/07/2026\nF,02/30/2026\n";
    let seen = mapped(fields, "dates.csv", csv, "opened");
    assert_eq!(seen[..3], ["\"2026-09-07\"", "\"2026-09-07\"", "null"]);
    for refused in &seen[3..] {
        assert_refused(refused, "opened");
    }
    let fields = "called: {column: T, format: '%d.%m.%Y %H:%M', zone: Europe/Berlin}";
    let seen = mapped(fields, "times.csv", "case_id,T\nA,07.09.2026 18:00\nB,07.09.2026\n", "called");
    assert_eq!(seen[0], "\"2026-09-07T16:00:00Z\"");
    assert_refused(&seen[1], "called");
}

#[test]
fn local_times_are_placed_in_their_zone() {
    let fields = "called: {column: T, zone: America/New_York}";
    let times = [
        "2026-09-07 18:00:00",
        "2026-09-07T18:00",
        "2026-12-07 18:00",
        "2026-09-07T18:00:00+02:00",
        "2026-03-08 02:30:00",
        "2026-11-01 01:30:00",
        "2026-11-01T01:30:00-05:00",
        "2026-09-07",
        "soon",
    ];
    let lines: String = times.iter().map(|time| format!("A,{time}\n")).collect();
    let seen = mapped(fields, "zones.csv", &format!("case_id,T\n{lines}"), "called");
    assert_eq!(seen[..2], ["\"2026-09-07T22:00:00Z\""; 2]);
    assert_eq!(seen[2], "\"2026-12-07T23:00:00Z\"");
    assert_eq!(seen[3], "\"2026-09-07T16:00:00Z\"");
    assert_refused(&seen[4], "called");
    assert_refused(&seen[5], "called");
    assert_eq!(seen[6], "\"2026-11-01T06:30:00Z\"");
    assert_refused(&seen[7], "called");
    assert_refused(&seen[8], "called");
}

#[test]
fn floats_are_rounded_where_that_is_declared() {
    let numbers = [
        "12.345",
        "1.25e1",
        "1.2345E+1",
        "-5e-1",
        "12.3000000000000007",
        "0",
        "1e400",
        "1e",
        "e5",
        "+5",
        "1_2",
        "0x5",
        "5 USD",
    ];
    let lines: String = numbers.iter().map(|number| format!("A,{number}\n")).collect();
    let csv = format!("case_id,N\n{lines}");
    let seen = mapped("balance: {column: N, float: round}", "floats.csv", &csv, "balance");
    assert_eq!(seen[..6], ["\"12.35\"", "\"12.50\"", "\"12.35\"", "\"-0.50\"", "\"12.30\"", "\"0.00\""]);
    for refused in &seen[6..] {
        assert_refused(refused, "balance");
    }
    let seen = mapped("balance: {column: N}", "exact.csv", "case_id,N\nA,12.345\nB,1.25e1\nC,12.34\n", "balance");
    assert_refused(&seen[0], "balance");
    assert_refused(&seen[1], "balance");
    assert_eq!(seen[2], "\"12.34\"");
    let seen = mapped("score: {column: N, float: round}", "integers.csv", "case_id,N\nA,7.0\nB,7.5\nC,7e2\n", "score");
    assert_eq!(seen, ["7", "8", "700"]);
    let engine = engine("ratio: {column: N, float: round}", "");
    let seen = rows(&engine, Some("crm"), "floats.ndjson", "{\"case_id\":\"A\",\"N\":0.30000000000000004}\n");
    assert_eq!(field(&seen, "ratio"), ["\"0.3\""]);
}

#[test]
fn thousands_are_grouped_as_declared() {
    let fields = "balance: {column: N, grouping: ','}";
    let good = ["\"1,234.50\"", "\"1,234,567\"", "\"-1,234\"", "1234.5", "12"];
    let lines: String = good.iter().map(|number| format!("A,{number}\n")).collect();
    let seen = mapped(fields, "grouped.csv", &format!("case_id,N\n{lines}"), "balance");
    assert_eq!(seen, ["\"1234.50\"", "\"1234567.00\"", "\"-1234.00\"", "\"1234.50\"", "\"12.00\""]);
    let bad = ["12,50", "1,2,3", "1234,567", "1,234.5,0", ",123", "1,", "1,,234", "1,23a"];
    let lines: String = bad.iter().map(|number| format!("A,\"{number}\"\n")).collect();
    for (seen, written) in mapped(fields, "badly.csv", &format!("case_id,N\n{lines}"), "balance").iter().zip(bad) {
        assert!(seen.starts_with("refused "), "{written} gives {seen}");
        assert_refused(seen, "balance");
    }
    let seen = mapped("balance: {column: N}", "ungrouped.csv", "case_id,N\nA,\"1,234.50\"\n", "balance");
    assert_refused(&seen[0], "balance");
}

#[test]
fn decimal_marks_are_as_declared() {
    let fields = "balance: {column: N, grouping: '.', decimal_mark: ','}";
    let csv = "case_id,N\nA,\"1.234,50\"\nB,\"12,5\"\nC,1.234\nD,12.50\nE,\"1,234.50\"\nF,\"1,2,3\"\n";
    let seen = mapped(fields, "marks.csv", csv, "balance");
    assert_eq!(seen[..3], ["\"1234.50\"", "\"12.50\"", "\"1234.00\""]);
    for refused in &seen[3..] {
        assert_refused(refused, "balance");
    }
    let fields = "balance: {column: N, decimal_mark: ','}";
    let seen = mapped(fields, "mark.csv", "case_id,N\nA,\"12,5\"\nB,12.5\n", "balance");
    assert_eq!(seen[0], "\"12.50\"");
    assert_refused(&seen[1], "balance");
}

#[test]
fn formulas_compute_from_columns() {
    let fields = "balance:\n  formula: 'if currency == \"USD\" { amount } else { amount * 2 }'\n  columns: {currency: text, amount: money}";
    let csv = "case_id,currency,amount\nA,USD,5\nB,EUR,5\nC,USD,much\n";
    let seen = mapped(fields, "formula.csv", csv, "balance");
    assert_eq!(seen[..2], ["\"5.00\"", "\"10.00\""]);
    assert_refused(&seen[2], "amount");
    let fields = "score:\n  formula: div(sum, parts)\n  columns: {sum: integer, parts: integer}";
    let seen = mapped(fields, "division.csv", "case_id,sum,parts\nA,7,2\nB,7,0\n", "score");
    assert_eq!(seen[0], "3");
    assert_refused(&seen[1], "score");
    let missing = read(&engine(fields, ""), Some("crm"), "columns.csv", "case_id,sum\nA,7\n").err();
    assert!(missing.is_some_and(|error| error.contains("parts")));
}

#[test]
fn texts_may_stand_for_an_empty_cell() {
    let fields = "opened: {column: D, empty: ['n/a', 1900-01-01]}\nscore: {column: S, empty: -1}";
    let csv = "case_id,D,S\nA,n/a,-1\nB,1900-01-01,-2\nC,2026-03-01,1\nD,,\nE,N/A,5\n";
    let engine = engine(fields, "");
    let seen = rows(&engine, Some("crm"), "empty.csv", csv);
    let (opened, score) = (field(&seen, "opened"), field(&seen, "score"));
    assert_eq!(opened[..4], ["null", "null", "\"2026-03-01\"", "null"]);
    assert_eq!(score[..4], [r#"{"unknown":["score"]}"#, "-2", "1", r#"{"unknown":["score"]}"#]);
    assert_refused(&opened[4], "opened");
    let lines = "{\"case_id\":\"A\",\"D\":\"n/a\",\"S\":-1}\n";
    let seen = rows(&engine, Some("crm"), "empty.ndjson", lines);
    assert_eq!(field(&seen, "opened"), ["null"]);
    assert_eq!(field(&seen, "score"), [r#"{"unknown":["score"]}"#]);
}

#[test]
fn values_stand_inside_lists_and_records_of_json_rows() {
    let fields = "case_id: {column: ref, part: [0, no]}\nnote: {column: partner, part: 1, empty: false}\n\
                  balance: {column: sums, part: due}";
    let engine = engine(fields, "");
    let lines = [
        r#"{"ref":[{"no":"A"}],"partner":[7,"Zoë"],"sums":{"due":12.50,"paid":1}}"#,
        r#"{"ref":[{"no":"B"}],"partner":false,"sums":{"paid":1}}"#,
        r#"{"ref":[{"no":"C"}],"partner":[7,false],"sums":null}"#,
        r#"{"ref":[{"no":"D"}],"partner":"Zoë","sums":{"due":5}}"#,
        r#"{"ref":[{"no":"E"}],"partner":[7],"sums":[5]}"#,
        r#"{"ref":[],"partner":[7],"sums":{"due":5}}"#,
    ];
    let seen = rows(&engine, Some("crm"), "parts.ndjson", lines.join("\n"));
    let (notes, balances) = (field(&seen, "note"), field(&seen, "balance"));
    assert_eq!(notes[..3], ["\"Zoë\"", "null", "null"]);
    assert_eq!(balances[..3], ["\"12.50\"", "null", "null"]);
    assert_refused(&notes[3], "note");
    assert!(notes[3].contains("this is a text, so it has no item 1"), "{}", notes[3]);
    assert!(balances[4].contains("this is a list, so it has no `due`"), "{}", balances[4]);
    assert_refused(&notes[5], "case_id");
    assert_eq!(seen.iter().map(|row| row.key.as_deref()).collect::<Vec<_>>()[..2], [Some("A"), Some("B")]);
    let csv = mapped("note: {column: partner, part: 1}", "parts.csv", "case_id,partner\nA,Zoë\nB,\n", "note");
    assert_refused(&csv[0], "note");
    assert_eq!(csv[1], "null");
}

#[test]
fn a_row_in_memory_is_read_as_one_in_a_file() {
    let fields = "balance: {column: N, float: round}\ncalled: {column: T, zone: UTC}\n\
                  score: {formula: late * 30, columns: {late: integer}}";
    let engine = engine(fields, "");
    assert_eq!(engine.inputs().collect::<Vec<_>>(), ["crm"]);
    let input = engine.input("crm").expect("the pack has it");
    let columns: Vec<_> =
        input.columns().iter().map(|c| (c.name.to_owned(), c.takes_floats, c.takes_local_times)).collect();
    for wanted in [("N", true, false), ("T", false, true), ("late", false, false), ("flag", false, false)] {
        assert!(columns.contains(&(wanted.0.to_owned(), wanted.1, wanted.2)), "{columns:?}");
    }
    let lines = [
        r#"{"case_id":"A","N":0.30000000000000004,"T":"2026-09-07 18:00:00","late":2}"#,
        r#"{"case_id":"B","N":"x","late":2.5}"#,
        r#"{"case_id":"C","n":1}"#,
        r#"[1]"#,
        "{",
    ];
    let as_of = AS_OF.parse().expect("an instant");
    let seen = rows(&engine, Some("crm"), "memory.ndjson", lines.join("\n"));
    for (line, seen) in lines.iter().zip(&seen) {
        let row = input.row(line);
        let decided = engine.decide(&row, as_of).map_err(|error| error.to_string()).map(|decided| {
            let decision: Value = serde_json::from_str(&decided.decision.to_json()).expect("a decision is JSON");
            decision["results"]["seen"].clone()
        });
        assert_eq!(decided, seen.outcome, "{line}");
    }
    assert!(seen[0].outcome.is_ok() && seen[1..].iter().all(|row| row.outcome.is_err()));
}

#[test]
fn byte_order_marks_delimiters_and_line_ends_are_read() {
    let engine = engine("", "delimiter: ';'");
    let seen = rows(&engine, Some("crm"), "marked.csv", b"\xef\xbb\xbfcase_id;balance\r\nA;5\r\n\r\nB;6\r\n");
    assert_eq!(field(&seen, "balance"), ["\"5.00\"", "\"6.00\""]);
    let plain = rows(&engine, None, "marked.ndjson", b"\xef\xbb\xbf{\"case_id\":\"A\",\"balance\":5}\r\n\r\n \r\n");
    assert_eq!(field(&plain, "balance"), ["\"5.00\""]);
    let plain = rows(&engine, None, "marked.json", b"\xef\xbb\xbf[{\"case_id\":\"A\",\"balance\":5}]\r\n");
    assert_eq!(field(&plain, "balance"), ["\"5.00\""]);
    let wrong = read(&engine, None, "semicolons.csv", "case_id;balance\nA;5\n").err().expect("commas are expected");
    assert!(wrong.contains("semicolons") && wrong.contains("delimiter"), "{wrong}");
    let last = rows(&engine, None, "last.csv", "case_id,balance\n\nA,5\n\n\nB,6");
    assert_eq!(field(&last, "balance"), ["\"5.00\"", "\"6.00\""]);
}

#[test]
fn rows_that_cannot_be_read_are_refused_alone() {
    let engine = engine("", "");
    let seen = rows(&engine, None, "ragged.csv", "case_id,balance,note\nA,5,x\nB,5\nC,5,x,y\nD,6,x\n");
    let balances = field(&seen, "balance");
    assert_eq!((balances[0].as_str(), balances[3].as_str()), ("\"5.00\"", "\"6.00\""));
    assert!(balances[1].contains("2 columns") && balances[2].contains("4 columns"), "{balances:?}");
    let seen = rows(&engine, None, "latin.csv", b"case_id,note\nA,caf\xe9\nB,x\n");
    let notes = field(&seen, "note");
    assert!(notes[0].starts_with("refused ") && notes[0].contains("`note`"), "{notes:?}");
    assert_eq!(notes[1], "\"x\"");
    let lines =
        "{\"case_id\":\"A\",}\n{\"case_id\":\"B\",\"balance\":5}\n[1]\n\"x\"\n{\"case_id\":\"C\",\"balance\":6}\n";
    let balances = field(&rows(&engine, None, "broken.ndjson", lines), "balance");
    assert_eq!((balances[1].as_str(), balances[4].as_str()), ("\"5.00\"", "\"6.00\""));
    for refused in [&balances[0], &balances[2], &balances[3]] {
        assert!(refused.starts_with("refused "), "{refused}");
    }
    assert!(read(&engine, None, "broken.json", "[{\"case_id\":\"A\"},").is_err());
}

#[test]
fn a_quote_that_is_never_closed_refuses_its_row_and_names_the_line() {
    let csv = "case_id,balance,note\n1,5,x\n2,5,\"ask again\n3,6,x\n4,7,y\n";
    let seen = rows(&engine("", ""), None, "quote.csv", csv);
    let balances = field(&seen, "balance");
    assert_eq!(balances[0], "\"5.00\"");
    assert_eq!(balances.len(), 2, "{balances:?}");
    assert!(balances[1].starts_with("refused ") && balances[1].contains("line 3"), "{balances:?}");
}

#[test]
fn quotes_that_are_closed_hold_delimiters_quotes_and_line_ends() {
    let csv = "case_id,note\n1,\"a, b\"\n2,\"say \"\"no\"\"\"\n3,\"two\nlines\"\n4,in \"quotes\"\n5,\"last\"";
    let seen = rows(&engine("", ""), None, "quotes.csv", csv);
    let notes = field(&seen, "note");
    let wanted = [r#""a, b""#, r#""say \"no\"""#, r#""two\nlines""#, r#""in \"quotes\"""#, r#""last""#];
    assert_eq!(notes, wanted);
    assert_eq!(seen.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3, 4, 6, 7]);
}

#[test]
fn a_key_that_stands_twice_refuses_only_its_record() {
    let items = r#"[{"case_id":"A","balance":5},{"case_id":"B","balance":5,"balance":6},{"case_id":"C","calls":[{"length":1,"length":2,"channel":"x"}]},{"case_id":"D","balance":7}]"#;
    let lines: String = items[1..items.len() - 1].replace("},{\"case_id", "}\n{\"case_id");
    for (name, text) in [("twice.json", items), ("twice.ndjson", &lines)] {
        let balances = field(&rows(&engine("", ""), None, name, text), "balance");
        assert_eq!((balances[0].as_str(), balances[3].as_str()), ("\"5.00\"", "\"7.00\""), "{name}");
        assert!(balances[1].starts_with("refused ") && balances[1].contains("`balance`"), "{balances:?}");
        assert!(balances[2].starts_with("refused ") && balances[2].contains("`length`"), "{balances:?}");
    }
}

#[test]
fn keys_that_stand_twice_are_seen_among_many() {
    let many: String = (0..40).map(|index| format!("\"k{index}\":1,")).collect();
    let line = format!("{{\"case_id\":\"A\",{many}\"k39\":2}}\n{{\"case_id\":\"B\",{many}\"k3\":2}}\n");
    let notes = field(&rows(&engine("", ""), None, "many.ndjson", line), "note");
    assert!(notes[0].contains("`k39` stands twice") && notes[1].contains("`k3` stands twice"), "{notes:?}");
}

#[test]
fn lists_in_cells_are_json() {
    let csv = "case_id,tags,calls\nA,\"[1, 2]\",\"[{\"\"length\"\": 3, \"\"channel\"\": \"\"x\"\"}]\"\nB,[],\nC,1;2,\nD,\"[1, x]\",\nE,,\"[{\"\"length\"\": 3}]\"\n";
    let seen = rows(&engine("", ""), None, "lists.csv", csv);
    let tags = field(&seen, "tags");
    assert_eq!((tags[0].as_str(), field(&seen, "calls")[0].as_str()), ("3", "3"));
    assert!(!tags[1].starts_with("refused "), "{tags:?}");
    // A list of another form is refused, whether as JSON or by the record.
    assert!(tags[2].starts_with("refused ") && tags[2].contains("tags"), "{tags:?}");
    assert!(tags[3].starts_with("refused ") && tags[3].contains("tags"), "{tags:?}");
    assert!(tags[4].contains("calls[0].channel"), "{tags:?}");
}

#[test]
fn unknown_and_missing_columns_are_named() {
    let engine = engine("balance: {column: Bal}", "ignore: [memo]");
    let wrong = read(&engine, Some("crm"), "columns-1.csv", "case_id,Bal,colour\nA,5,red\n").err().expect("refused");
    assert!(wrong.contains("`colour`"), "{wrong}");
    let wrong = read(&engine, Some("crm"), "columns-2.csv", "case_id,balance\nA,5\n").err().expect("refused");
    assert!(wrong.contains("`Bal`") && wrong.contains("`balance`"), "{wrong}");
    let wrong = read(&engine, Some("crm"), "columns-3.csv", "Bal\n5\n").err().expect("refused");
    assert!(wrong.contains("`case_id`"), "{wrong}");
    let wrong = read(&engine, Some("crm"), "columns-4.csv", "case_id,Bal,Bal\nA,5,6\n").err().expect("refused");
    assert!(wrong.contains("`Bal`") && wrong.contains("twice"), "{wrong}");
    assert!(read(&engine, Some("crm"), "columns-5.csv", "").is_err());
    let seen = rows(&engine, Some("crm"), "columns-6.csv", "case_id,Bal,memo\nA,5,hello\n");
    assert_eq!(field(&seen, "balance"), ["\"5.00\""]);
    let lines = "{\"case_id\":\"A\",\"Bal\":5,\"colour\":\"red\"}\n{\"case_id\":\"B\",\"Bal\":5,\"memo\":\"x\"}\n{\"case_id\":\"C\"}\n";
    let balances = field(&rows(&engine, Some("crm"), "columns.ndjson", lines), "balance");
    assert_refused(&balances[0], "colour");
    assert_eq!(balances[1..], ["\"5.00\"", "null"]);
    let wide = self::engine("", "on_unknown_column: ignore");
    let seen = rows(&wide, Some("crm"), "columns-7.csv", "case_id,balance,colour\nA,5,red\n");
    assert_eq!(field(&seen, "balance"), ["\"5.00\""]);
    let plain = field(&rows(&wide, None, "plain-2.ndjson", "{\"case_id\":\"A\",\"colour\":1}\n"), "balance");
    assert_refused(&plain[0], "colour");
}

#[test]
fn empty_text_is_absent_in_a_cell_and_a_text_in_json() {
    let engine = engine("balance: {column: balance}\nnote: {column: note}\nopened: {column: opened}", "");
    let csv = "case_id,balance,note,opened\nA,,,\nB,\"\",\"\",\"\"\nC,\" \",x,\nD,5,x,\" \"\nE, 5 ,x,\n";
    let seen = rows(&engine, Some("crm"), "empty.csv", csv);
    assert_eq!(field(&seen, "balance")[..2], ["null", "null"]);
    assert_eq!(field(&seen, "note")[..2], ["null", "null"]);
    let balances = field(&seen, "balance");
    assert_refused(&balances[2], "balance");
    assert_refused(&balances[3], "opened");
    assert_eq!(balances[4], "\"5.00\"");
    for input in [None, Some("crm")] {
        let lines = "{\"case_id\":\"A\",\"balance\":null,\"note\":\"\",\"opened\":null}\n{\"case_id\":\"B\",\"balance\":5,\"note\":\"x\",\"opened\":\"\"}\n{\"case_id\":\"C\",\"balance\":\"\",\"note\":\"x\",\"opened\":null}\n{\"case_id\":\"D\",\"balance\":\" \",\"note\":\"x\",\"opened\":null}\n";
        let seen = rows(&engine, input, "empty.ndjson", lines);
        assert_eq!(field(&seen, "note")[0], "\"\"");
        let balances = field(&seen, "balance");
        assert_eq!(balances[0], "null");
        assert_refused(&balances[1], "opened");
        assert_refused(&balances[2], "balance");
        assert_refused(&balances[3], "balance");
    }
}

#[test]
fn private_values_do_not_show_in_messages() {
    let plain = engine("", "");
    let lines = "{\"case_id\":\"A\",\"phone\":\"5551234x\"}\n{\"case_id\":\"B\",\"phone\":5551234.5}\n{\"case_id\":\"C\",\"salary\":5551234}\n{\"case_id\":\"D\",\"salary\":[5551234]}\n{\"case_id\":\"E\",\"status\":\"5551234\"}\n";
    let inputs = [
        ("phone: {column: P, float: round}", "5551234x"),
        ("phone: {column: P, grouping: ','}", "55,51234"),
        ("salary: {column: P, decimal_mark: ','}", "5551234.5"),
        ("salary: {column: P}", "5551234"),
        ("status: {column: P, values: {W: well, I: ill}}", "5551234"),
        ("born: {column: P, format: '%d.%m.%Y'}", "5551234"),
        ("born: {column: P, zone: America/New_York}", "5551234"),
        ("phone: {formula: 'div(P, 0)', columns: {P: integer}}", "5551234"),
    ];
    let mut messages = field(&rows(&plain, None, "private.ndjson", lines), "balance");
    for (index, (fields, written)) in inputs.iter().enumerate() {
        let csv = format!("case_id,P\nA,\"{written}\"\n");
        messages.extend(mapped(fields, &format!("private-{index}.csv"), &csv, "balance"));
    }
    assert_eq!(messages.len(), 13);
    for message in &messages {
        assert!(message.starts_with("refused "), "{message}");
        assert!(!message.contains("1234"), "{message}");
    }
}

#[test]
fn private_local_times_do_not_show_in_messages() {
    let fields = "born: {column: P, zone: America/New_York}";
    for message in mapped(fields, "private-times.csv", "case_id,P\nA,1987-04-05 02:30\nB,1987-10-25 01:30\n", "note") {
        assert!(message.starts_with("refused ") && !message.contains("1987"), "{message}");
    }
}

#[test]
fn columns_of_a_formula_for_a_private_field_do_not_show_in_messages() {
    let fields = "salary: {formula: P * 12, columns: {P: money}}";
    let messages = mapped(fields, "private-column.csv", "case_id,P\nA,5551234x\n", "note");
    assert!(messages[0].starts_with("refused ") && !messages[0].contains("1234"), "{messages:?}");
}

#[test]
fn a_very_long_text_has_a_short_message() {
    let long = "a".repeat(1_000_000);
    let lines: String = ["product", "balance", "opened", "called", "flag", "score", "tags"]
        .iter()
        .map(|name| format!("{{\"case_id\":\"A\",\"{name}\":\"{long}\"}}\n"))
        .collect();
    let mut messages = field(&rows(&engine("", ""), None, "long.ndjson", lines), "note");
    messages.extend(field(&rows(&engine("", ""), None, "long.csv", format!("case_id,product\nA,{long}\n")), "note"));
    for message in &messages {
        assert!(message.starts_with("refused ") && message.len() < 2_000, "{} bytes", message.len());
    }
}

#[test]
fn a_very_long_zone_has_a_short_message() {
    let long = "a".repeat(1_000_000);
    let csv = rows(&engine("", ""), None, "long-zone.csv", format!("case_id,home\nA,{long}\n"));
    let json = format!("{{\"case_id\":\"A\",\"home\":\"{long}\"}}\n");
    let json = rows(&engine("", ""), None, "long-zone.ndjson", json);
    for message in field(&csv, "note").into_iter().chain(field(&json, "note")) {
        assert!(message.starts_with("refused ") && message.len() < 2_000, "{} bytes", message.len());
    }
}

#[test]
fn a_very_long_name_has_a_short_message() {
    let long = "a".repeat(1_000_000);
    let seen = rows(&engine("", ""), None, "long-name.ndjson", format!("{{\"case_id\":\"A\",\"{long}\":1}}\n"));
    for message in field(&seen, "note") {
        assert!(message.starts_with("refused ") && message.len() < 2_000, "{} bytes", message.len());
    }
}

#[test]
fn a_very_long_text_has_a_short_message_through_an_input() {
    let long = "a".repeat(1_000_000);
    let inputs = [
        "product: {column: P, values: {CC: card}}",
        "opened: {column: P, format: '%m/%d/%Y'}",
        "called: {column: P, zone: America/New_York}",
        "balance: {column: P, float: round}",
        "balance: {formula: P * 2, columns: {P: money}}",
    ];
    for (index, fields) in inputs.iter().enumerate() {
        let csv = format!("case_id,P\nA,{long}\n");
        for message in mapped(fields, &format!("long-{index}.csv"), &csv, "note") {
            assert!(message.starts_with("refused "), "{fields}");
            assert!(message.len() < 2_000, "{fields}: {} bytes", message.len());
        }
    }
}

#[test]
fn decisions_are_made_in_the_years_2_to_9998() {
    let engine = engine("", "");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("years.ndjson");
    fs::write(&path, "{\"case_id\":\"A\",\"balance\":5}\n").expect("a file can be written");
    let row = engine.read_cases(&path, None).expect("the file opens").next().expect("a row").expect("it can be read");
    for (as_of, is_good) in [
        ("-0001-06-15T12:00:00Z", false),
        ("0001-12-31T23:59:59Z", false),
        ("0002-01-02T00:00:00Z", true),
        ("9998-12-30T00:00:00Z", true),
        ("9999-01-02T00:00:00Z", false),
        ("+12000-01-01T00:00:00Z", false),
    ] {
        let decided = engine.decide(&row, as_of.parse().expect("an instant"));
        assert_eq!(decided.is_ok(), is_good, "{as_of}: {:?}", decided.err().map(|error| error.to_string()));
    }
}
