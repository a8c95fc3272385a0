//! Tables with more rows than sixteen bits count: the same answers one at a time and in columns.

use std::fmt::Write as _;

use recoup::{Answer, LoadOptions};

#[test]
fn a_table_of_very_many_rows_gives_the_same_in_every_way() {
    const ROWS: usize = 65_600;
    let mut pack = String::from(
        "pack: large\nversion: 1.0.0\nformat: 1\ncurrency: USD\ntime_zone: America/New_York\n\
         records:\n  case:\n    fields:\n      case_id: {type: text, key: true}\n      number: {type: integer}\n\
         tables:\n  large:\n    hit: first\n    outputs: {row: integer}\n    grid: |\n",
    );
    pack.push_str("      | row | number | then row |\n      |-----|--------|----------|\n");
    for row in 0..ROWS {
        let _ = writeln!(pack, "      | r{row} | {row} | {row} |");
    }
    pack.push_str("      | otherwise | | -1 |\n");
    let options = LoadOptions::new().without_analysis();
    let engine = options.from_sources("large", [("large/pack.yaml", pack)]).expect("the pack loads");
    let fallbacks = engine.fallbacks();
    assert_eq!(fallbacks, ["tables/large: asked case by case, as it has 65,535 rows or more"]);
    let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse().expect("an instant")).expect("room");
    let mut evaluation = evaluator.evaluation();
    let mut batch = evaluator.batch();
    let numbers = [0, 7, 65_534, 65_535, 65_536, 65_599, 65_600];
    for number in numbers {
        let record = evaluator.read(&format!(r#"{{"case_id": "A", "number": {number}}}"#)).expect("a record");
        evaluator.evaluate_into(&record, &mut evaluation).expect("the room is of this pack");
        let wanted = if number < 65_600 { number } else { -1 };
        assert_eq!(evaluation.get("large.row"), Some(Answer::Known(wanted.to_string())));
        batch.push(&record).expect("the record is of this pack");
    }
    batch.decide();
    for (place, number) in numbers.into_iter().enumerate() {
        batch.evaluation(place, &mut evaluation).expect("the case was decided");
        let wanted = if number < 65_600 { number } else { -1 };
        assert_eq!(evaluation.get("large.row"), Some(Answer::Known(wanted.to_string())));
    }
}
