//! How each broken document and each change that cannot be made is refused: every problem, word by word.

use chrono::{DateTime, NaiveDate, Utc};

use super::tests::{FULL, date, done, instant, pack, shown, started};
use super::{State, Until};

/// The full document with a part of it replaced is refused with exactly these problems.
#[track_caller]
fn check(old: &str, new: &str, expected: &[&str]) {
    assert!(FULL.contains(old), "there is no {old}");
    assert_eq!(shown(State::from_json(&FULL.replacen(old, new, 1))), expected);
}

#[test]
fn changes_that_could_not_be_read_again_are_refused() {
    let state = started();
    let at = instant("2026-09-03T10:00:00Z");
    assert_eq!(
        shown(State::start(" ", "consumer", "", NaiveDate::MAX, pack("1"))),
        [
            "case: this text is empty (write at least one letter)",
            "stage: this text is empty (write at least one letter)",
            "since: `+262142-12-31` lies outside the years 1 to 9999 (check the year)",
        ]
    );
    assert_eq!(
        shown(state.record(&done("call", 0, 1), "", DateTime::<Utc>::MAX_UTC)),
        [
            "steps[0].occurrence: `0` is below `1`, the least here",
            "steps[0].at: `+262142-12-31 23:59:59.999999999 UTC` lies outside the years 1 to 9999 (check the year)",
            "steps[0].outcome: this text is empty (write at least one letter)",
        ]
    );
    assert_eq!(
        shown(state.hold("h", "ill", "", date("2026-09-05"), Some(date("2026-09-04")))),
        [
            "holds[0].by: this text is empty (write at least one letter)",
            "holds[0].until: `2026-09-04` lies before `2026-09-05`, the first day of the hold (write the last day of \
             the hold, or `null` where it lasts until it is released)",
        ]
    );
    assert_eq!(
        shown(state.move_to("b", "", " ", at, date("2026-09-05"))),
        [
            "moved.by: this text is empty (write at least one letter)",
            "moved.why: this text is empty (write at least one letter)",
        ]
    );
    assert_eq!(
        shown(state.approve("", "maria", at)),
        ["approvals[0].action: this text is empty (write at least one letter)"]
    );
    assert_eq!(
        shown(state.record_cooldown("", Until::Day(date("2026-09-05")))),
        ["cooldowns[0].rule: this text is empty (write at least one letter)"]
    );
}

#[test]
fn a_state_of_the_size_limit_is_read_and_no_larger_one_is_made() {
    let room = 1024 * 1024 - started().to_json().len();
    let reason = |letters: usize| "x".repeat(letters);
    let held = |letters: usize| started().hold("h", &reason(letters), "jo", date("2026-09-05"), None);
    let around = held(1).expect("it holds").to_json().len() - started().to_json().len() - 1;
    let most = held(room - around).expect("it fits");
    assert_eq!(most.to_json().len(), 1024 * 1024);
    assert_eq!(State::from_json(&most.to_json()).expect("it is read"), most);
    let message = "the state has `1048577` bytes, more than the `1048576` it may have (look for what adds to it again \
                   and again)";
    assert_eq!(shown(held(room - around + 1)), [message]);
    assert_eq!(shown(State::from_json(&format!("{} ", most.to_json()))), [message]);
    let approval = r#""approvals":[{"action":"a","by":"b","at":"2026-09-03T10:00:00.1Z"}]"#;
    let with_fraction = |letters: usize| {
        let held = held(letters).expect("it fits").to_json();
        held.replace(r#""approvals":[]"#, approval)
    };
    let less = room - around - approval.len() + r#""approvals":[]"#.len();
    assert!(State::from_json(&with_fraction(less - 2)).is_ok());
    assert_eq!(with_fraction(less).len(), 1024 * 1024);
    assert_eq!(shown(State::from_json(&with_fraction(less - 1))), [message]);
}

#[test]
fn a_list_has_a_limit() {
    let approval = |index: usize| format!(r#"{{"action":"{index}","by":"b","at":"2026-09-03T10:00:00Z"}}"#);
    let approvals = |count: usize| (0..count).map(approval).collect::<Vec<_>>().join(",");
    let with =
        |count| started().to_json().replace(r#""approvals":[]"#, &format!(r#""approvals":[{}]"#, approvals(count)));
    let most = State::from_json(&with(10_000)).expect("it is read");
    let message = "approvals: this list has `10001` items, more than the `10000` it may have (look for what adds to it \
                   again and again)";
    assert_eq!(shown(most.approve("one more", "b", instant("2026-09-03T10:00:00Z"))), [message]);
    assert_eq!(shown(State::from_json(&with(10_001))), [message]);
}

#[test]
fn a_text_that_is_no_document_is_refused() {
    let refused = |text: &str| shown(State::from_json(text));
    assert_eq!(
        refused(""),
        ["this is not JSON: EOF while parsing a value at line 1 column 0 (pass the state back as the engine gave it)"]
    );
    assert_eq!(
        refused("[1]"),
        ["a record belongs here, but this is a list (pass the state back as the engine gave it)"]
    );
    assert_eq!(
        refused(r#"{"unknown":true}"#),
        ["a record belongs here, but this is unknown (pass the state back as the engine gave it)"]
    );
    assert_eq!(refused("{}").len(), 16);
    assert_eq!(
        refused(&FULL.replacen(r#""case":"C-1""#, r#""case":"C-1","case":"C-2""#, 1)),
        ["the key `case` stands twice in one record (pass the state back as the engine gave it)"]
    );
}

#[test]
fn a_newer_format_is_refused_for_that_alone() {
    check(
        r#""format":1,"case""#,
        r#""format":2,"key""#,
        &[
            "format: the state was written by a newer version, in format `2` (use that version: this one reads format `1`)",
        ],
    );
    check(r#""format":1"#, r#""format":0"#, &["format: `0` is below `1`, the least here"]);
}

#[test]
fn unknown_and_missing_keys_are_named() {
    check(
        r#""workflow":"#,
        r#""work_flow":"#,
        &[
            "work_flow: there is no key `work_flow` (did you mean `workflow`?)",
            "workflow: this key is missing (pass the state back as the engine gave it)",
        ],
    );
    check(
        r#""due":"2026-09-01","#,
        "",
        &["steps[0].due: this key is missing (pass the state back as the engine gave it)"],
    );
    check(
        r#""arm":"challenger""#,
        r#""arm":"challenger","xyz":1"#,
        &["arms[0].xyz: there is no key `xyz` (one of `experiment`, `arm`)"],
    );
    check(
        r#""until":null"#,
        r#""untli":null"#,
        &[
            "holds[1].untli: there is no key `untli` (did you mean `until`?)",
            "holds[1].until: this key is missing (pass the state back as the engine gave it)",
        ],
    );
}

#[test]
fn values_of_the_wrong_kind_are_named() {
    check(r#""case":"C-1""#, r#""case":1"#, &["case: a text belongs here, but this is a number (put it in quotes)"]);
    check(
        r#""case":"C-1""#,
        r#""case":null"#,
        &["case: a text belongs here, but this is nothing (pass the state back as the engine gave it)"],
    );
    check(
        r#""since":"2026-09-01""#,
        r#""since":20260901"#,
        &[
            "since: a date belongs here, but this is a number (write it in quotes as year-month-day, such as `\"2026-11-21\"`)",
        ],
    );
    check(
        r#""at":"2026-09-02T08:00:00Z""#,
        r#""at":1"#,
        &["approvals[0].at: an instant belongs here, but this is a number (write it in quotes, such as \
         `\"2026-09-07T22:00:00Z\"`)"],
    );
    check(
        r#""entry":3"#,
        r#""entry":"3""#,
        &["entry: a whole number belongs here, but this is a text (write digits without quotes)"],
    );
    check(r#""entry":3"#, r#""entry":3.0"#, &["entry: `3.0` is not a whole number (write it without decimals)"]);
    check(
        r#""arms":["#,
        r#""arms":{},"holds_":["#,
        &[
            "holds_: there is no key `holds_` (did you mean `holds`?)",
            "arms: a list belongs here, but this is a record (pass the state back as the engine gave it)",
        ],
    );
    check(
        r#""pack":{"#,
        r#""pack":3,"moved_":{"#,
        &[
            "moved_: there is no key `moved_` (did you mean `moved`?)",
            "pack: a record belongs here, but this is a number (pass the state back as the engine gave it)",
        ],
    );
    check(
        r#""steps":[{"#,
        r#""steps":[7,{"#,
        &["steps[0]: a record belongs here, but this is a number (pass the state back as the engine gave it)"],
    );
}

#[test]
fn dates_that_do_not_exist_are_named() {
    check(
        r#""since":"2026-09-01""#,
        r#""since":"2026-02-30""#,
        &["since: there is no day `2026-02-30` (check month and day: months have 28 to 31 days)"],
    );
    check(
        r#""until":"2026-10-01""#,
        r#""until":"soon""#,
        &["cooldowns[1].until: `soon` is not a date (write dates as year-month-day, such as `2026-11-21`)"],
    );
    check(
        "2026-09-08T10:00:00Z",
        "2026-09-08T10:00:00",
        &["cooldowns[0].until: `2026-09-08T10:00:00` has no time zone (write an instant with its offset, such as \
         `2026-09-07T18:00:00-04:00` or `2026-09-07T22:00:00Z`)"],
    );
}

#[test]
fn numbers_out_of_range_are_named() {
    check(r#""occurrence":1"#, r#""occurrence":0"#, &["steps[0].occurrence: `0` is below `1`, the least here"]);
    check(r#""days":12"#, r#""days":-1"#, &["previous[0].days: `-1` is below `0`, the least here"]);
    check(r#""days":12"#, r#""days":3652059"#, &["previous[0].days: `3652059` is above `3652058`, the most here"]);
    check(
        r#""entries":5"#,
        r#""entries":99999999999999999999"#,
        &["entries: `99999999999999999999` is above `1000000000`, the most here"],
    );
    check(
        r#""entry":3"#,
        r#""entry":6"#,
        &[
            "entry: there is no entry `6`: there have been `5` (write the number of an entry, or at least `6` for `entries`)",
        ],
    );
    check(
        r#""days":12,"entry":2"#,
        r#""days":12,"entry":7"#,
        &[
            "previous[0].entry: there is no entry `7`: there have been `5` (write the number of an entry, or at least `7` \
         for `entries`)",
        ],
    );
}

#[test]
fn what_stands_twice_is_named() {
    check(
        r#""stage":"initial_contact""#,
        r#""stage":"follow_up""#,
        &[
            "previous[0].stage: the case is in the stage `follow_up` now (leave this entry out: only a stage that was left \
         can be resumed)",
        ],
    );
    check(
        r#""days":12,"entry":2"#,
        r#""days":12,"entry":3"#,
        &["previous[0].entry: the entry `3` stands twice (give each entry a number of its own)"],
    );
    check(
        r#""previous":["#,
        r#""previous":[{"stage":"initial_contact","days":0,"entry":4,"steps":[]},"#,
        &["previous[1].stage: the stage `initial_contact` stands twice (keep the entry that was left last)"],
    );
    let step = r#"{"step":"welcome","occurrence":1,"due":"2026-09-01","at":"2026-09-01T13:00:00Z","outcome":"sent"}"#;
    check(
        step,
        &format!("{step},{step}"),
        &["steps[1]: occurrence `1` of the step `welcome` stands twice (keep the one that was recorded last)"],
    );
    check(
        "escalations/legal-review",
        "escalations/fraud",
        &["cooldowns[1].rule: the rule `escalations/fraud` stands twice (keep the one that ends last)"],
    );
    let arm = r#"{"experiment":"flexible_payment","arm":"challenger"}"#;
    check(
        arm,
        &format!("{arm},{arm}"),
        &["arms[1].experiment: the experiment `flexible_payment` stands twice (keep the arm that the case is in)"],
    );
    let approval = r#"{"action":"a1","by":"maria","at":"2026-09-02T08:00:00Z"}"#;
    check(
        approval,
        &format!("{approval},{approval}"),
        &["approvals[1]: the approval of `a1` by `maria` stands twice (keep the first one)"],
    );
    check(
        r#""id":"h2""#,
        r#""id":"h1""#,
        &["holds[1].id: the hold `h1` stands twice (give each hold an id of its own)"],
    );
}

#[test]
fn a_revision_must_have_the_form_of_one() {
    for wrong in ["6", "6-", "-9f2c01ab34cd", "06-9f2c01ab34cd", "6-9F2C01AB34CD", "6-9f2c01ab34c", "+6-9f2c01ab34cd"] {
        check(
            "6-9f2c01ab34cd",
            wrong,
            &[&format!(
                "revision: `{wrong}` is not a revision (a revision is a number, `-` and 12 digits of 0 to 9 and a to f, \
             such as `6-9f2c01ab34cd`)"
            )],
        );
    }
    check(
        "6-9f2c01ab34cd",
        "1000000001-9f2c01ab34cd",
        &["revision: `1000000001` is above `1000000000`, the most here"],
    );
}

#[test]
fn all_problems_are_reported_once_each() {
    let text = FULL
        .replacen(r#""entries":5"#, r#""entries":"5""#, 1)
        .replacen(r#""since":"2026-09-01""#, r#""since":"2026-02-30""#, 1)
        .replacen(r#""stage":"initial_contact""#, r#""stage":"""#, 1)
        .replacen(r#""id":"h2""#, r#""id":"h1""#, 1);
    assert_eq!(
        State::from_json(&text).expect_err("it is refused").to_string(),
        "the state is refused: since: there is no day `2026-02-30` (check month and day: months have 28 to 31 days); \
         entries: a whole number belongs here, but this is a text (write digits without quotes); \
         previous[0].stage: this text is empty (write at least one letter); \
         holds[1].id: the hold `h1` stands twice (give each hold an id of its own)"
    );
}
