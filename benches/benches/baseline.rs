//! The policy in hand-written Rust.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recoup_benches::{baseline, cases};

fn hand_written(criterion: &mut Criterion) {
    let cases = cases::committed().expect("the committed cases can be read");
    for case in &cases {
        assert_eq!(baseline::decide(&case.plain), case.expected, "{}", case.key);
    }
    let mut group = criterion.benchmark_group("baseline/policy-76");
    group.throughput(Throughput::Elements(cases.len() as u64));
    group.bench_function("hand-written", |bencher| {
        bencher.iter(|| {
            for case in &cases {
                black_box(baseline::decide(black_box(&case.plain)));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hand_written);
criterion_main!(benches);
