//! Figures over a portfolio: the worked values of receivables and collections, and what is unknown.
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use recoup::{Engine, Metrics};

const PACK: &str = r#"
pack: metrics
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      receivables: {type: money}
      current: {type: money, default: 0}
      sales: {type: money, default: 0}
      sales_1: {type: money, default: 0}
      sales_2: {type: money, default: 0}
      sales_3: {type: money, default: 0}
      begin: {type: money, default: 0}
      promises_due: {type: integer, default: 0}
      promises_kept: {type: integer, default: 0}
      bucket_before: {type: integer, default: 0}
      bucket_now: {type: integer, default: 0}
      score: {type: integer, absent: unknown}
facts:
  rolled: bucket_before == 2 and bucket_now == 3
metrics:
  # Days sales outstanding: receivables over credit sales of the period, times its days.
  dso: {value: sum(receivables) / sum(sales) * 90, unit: days}
  best_possible_dso: {value: sum(current) / sum(sales) * 90, unit: days}
  average_days_delinquent: {value: (sum(receivables) - sum(current)) / sum(sales) * 90, unit: days, decimals: 1}
  # Counting back month by month: 30, 31 and 30 days.
  count_back_dso:
    value: "if sum(receivables) <= sum(sales_1) { sum(receivables) / sum(sales_1) * 30 } else { if sum(receivables) <= sum(sales_1) + sum(sales_2) { 30 + (sum(receivables) - sum(sales_1)) / sum(sales_2) * 31 } else { 61 + (sum(receivables) - sum(sales_1) - sum(sales_2)) / sum(sales_3) * 30 } }"
    unit: days
    decimals: 2
  # Collection effectiveness, with the sales of the period and with their monthly average: the basis is in the formula.
  cei_of_period: {value: (sum(begin) + sum(sales) - sum(receivables)) / (sum(begin) + sum(sales) - sum(current)) * 100, decimals: 2}
  cei_of_month: {value: (sum(begin) + sum(sales) / 3 - sum(receivables)) / (sum(begin) + sum(sales) / 3 - sum(current)) * 100, decimals: 2}
  promise_kept_rate: {value: sum(promises_kept) / sum(promises_due) * 100, unit: "%"}
  roll_rate: {value: count(rolled) / count(bucket_before == 2) * 100, unit: "%", decimals: 1}
  cure_rate: {value: count(bucket_before == 2 and bucket_now == 0) / count(bucket_before == 2) * 100, decimals: 1}
  cases: {value: count()}
  mean_score: {value: average(score)}
  mean_known_score: {value: "average(score, known(score)) ?? 0"}
  largest: {value: max(receivables)}
"#;

fn metrics(cases: &[&str]) -> Metrics {
    let engine = Engine::from_sources("metrics", [("metrics/pack.yaml", PACK)]).expect("the pack loads");
    let mut evaluator = engine.evaluator("2026-09-10T12:00:00Z".parse().expect("an instant")).expect("of our years");
    let mut metrics = evaluator.metrics();
    let mut evaluation = evaluator.evaluation();
    for (index, case) in cases.iter().enumerate() {
        let record = evaluator.read(&format!(r#"{{"case_id": "{index}", {case}}}"#)).expect("the case is valid");
        evaluator.evaluate_into(&record, &mut evaluation).expect("of one pack");
        metrics.add(&evaluation).expect("of one pack");
    }
    metrics
}

#[track_caller]
fn check(cases: &[&str], name: &str, expected: &str) {
    let metrics = metrics(cases).all();
    let metric = metrics.iter().find(|metric| metric.name() == name).expect("the pack has it");
    assert_eq!(metric.text(), expected);
}

#[test]
fn worked_values_of_receivables() {
    let cases = [
        r#""receivables": 450000, "current": 300000, "sales": 1800000"#,
        r#""receivables": 0, "sales_1": 240000, "sales_2": 200000, "sales_3": 180000"#,
    ];
    check(&cases, "dso", "22.5");
    check(&cases, "best_possible_dso", "15");
    check(&cases, "average_days_delinquent", "7.5");
    check(&cases, "count_back_dso", "62.67");
}

#[test]
fn collection_effectiveness_says_its_basis() {
    let cases = [r#""begin": 6200, "sales": 10890, "receivables": 6340, "current": 3590"#];
    check(&cases, "cei_of_period", "79.63");
    check(&cases, "cei_of_month", "55.93");
}

#[test]
fn rates_count_cases() {
    let mut cases = vec![r#""receivables": 1, "promises_due": 120, "promises_kept": 78"#];
    cases.extend([r#""receivables": 1, "bucket_before": 2, "bucket_now": 3"#; 3]);
    cases.extend([r#""receivables": 1, "bucket_before": 2, "bucket_now": 0"#; 4]);
    cases.push(r#""receivables": 7.25, "bucket_before": 2, "bucket_now": 2"#);
    check(&cases, "promise_kept_rate", "65");
    check(&cases, "roll_rate", "37.5");
    check(&cases, "cure_rate", "50");
    check(&cases, "cases", "9");
    check(&cases, "largest", "7.25");
}

#[test]
fn what_is_unknown_makes_a_figure_unknown_and_none_is_nothing() {
    let known = r#""receivables": 1, "score": 600"#;
    let unknown = r#""receivables": 1"#;
    check(&[known, known], "mean_score", "600");
    check(&[known, unknown], "mean_score", "unknown");
    check(&[known, unknown], "mean_known_score", "600");
    check(&[unknown], "mean_known_score", "0");
    check(&[], "cases", "0");
    check(&[], "largest", "none");
    check(&[], "dso", "a division by zero: 0 / 0");
    let metrics = metrics(&[known, unknown, unknown]).all();
    assert_eq!(metrics.iter().find(|metric| metric.name() == "mean_score").map(recoup::Metric::unknown_cases), Some(2));
}
