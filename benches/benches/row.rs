//! One case at a time: the policy, with its reasons, with a fee by a script, and tables of growing size.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recoup_benches::pack::Fee;
use recoup_benches::workload::Workload;

fn policies(criterion: &mut Criterion) {
    let small = Workload::policy().expect("recoup gives the expected answers");
    decide(criterion, "row/policy-76", &small);
    explain(criterion, "row/policy-76", &small);
    let large = Workload::large_policy(5_000, 100).expect("recoup gives the expected answers");
    decide(criterion, "row/policy-5000", &large);
}

fn tables(criterion: &mut Criterion) {
    for rows in [12, 64, 256, 1_024, 4_096] {
        let workload = Workload::table(rows).expect("recoup gives the expected answers");
        decide(criterion, &format!("row/table-{rows}"), &workload);
    }
}

/// The answers were compared when the workload was made.
fn decide(criterion: &mut Criterion, name: &str, workload: &Workload) {
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).throughput(Throughput::Elements(workload.records.len() as u64));
    group.bench_function("decide", |bencher| {
        bencher.iter(|| {
            for record in &workload.records {
                assert!(rows.decide(black_box(record), &mut evaluation).is_ok());
                black_box(&evaluation);
            }
        });
    });
    group.finish();
}

fn explain(criterion: &mut Criterion, name: &str, workload: &Workload) {
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).throughput(Throughput::Elements(workload.records.len() as u64));
    group.bench_function("decide-and-explain", |bencher| {
        bencher.iter(|| {
            for record in &workload.records {
                assert!(rows.decide(black_box(record), &mut evaluation).is_ok());
                black_box(evaluation.explain());
            }
        });
    });
    group.finish();
}

fn fees(criterion: &mut Criterion) {
    for (name, fee) in [("expression", Fee::Expression), ("native", Fee::Lowered), ("interpreted", Fee::Interpreted)] {
        let workload = Workload::fee(fee).expect("recoup gives the expected answers");
        decide(criterion, &format!("row/fee-{name}"), &workload);
    }
}

criterion_group!(benches, policies, fees, tables);
criterion_main!(benches);
