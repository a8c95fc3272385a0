//! Many cases at once: a batch that stays in the cache, in all vectors of the machine.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use recoup_benches::contenders::BATCH;
use recoup_benches::engine::Vectors;
use recoup_benches::workload::Workload;

fn policies(criterion: &mut Criterion) {
    let small = Workload::policy().expect("recoup gives the expected answers");
    for (name, vectors) in small.rows.vectors() {
        decide(criterion, "column/policy-76", name, &small, vectors);
    }
    let (_, widest) = small.rows.vectors().last().expect("there are portable vectors");
    let large = Workload::large_policy(5_000, 1_000).expect("recoup gives the expected answers");
    decide(criterion, "column/policy-5000", "decide", &large, widest);
}

/// The answers were compared when the workload was made.
fn decide(criterion: &mut Criterion, name: &str, variant: &str, workload: &Workload, vectors: Vectors) {
    let mut batch = workload.rows.batch(vectors).expect("the machine has these vectors");
    for record in workload.records.iter().cycle().take(BATCH) {
        batch.push(record).expect("the records belong to the pack");
    }
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(variant, |bencher| {
        bencher.iter(|| {
            batch.decide();
            black_box(&batch);
        });
    });
    group.finish();
}

criterion_group!(benches, policies);
criterion_main!(benches);
