//! From the text of a pack to an engine that decides.
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use criterion::{Criterion, criterion_group, criterion_main};
use recoup_benches::engine;
use recoup_benches::workload::Workload;

fn load(criterion: &mut Criterion) {
    let workloads = [
        ("load/policy-76", Workload::policy()),
        ("load/policy-5000", Workload::large_policy(5_000, 1)),
        ("load/table-4096", Workload::table(4_096)),
    ];
    for (name, workload) in workloads {
        let workload = workload.expect("recoup gives the expected answers");
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        group.bench_function("whole", |bencher| {
            bencher.iter(|| {
                let engine = engine::load(&workload.sources);
                assert!(engine.is_ok_and(|engine| engine.pack().digest == workload.engine.pack().digest));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, load);
criterion_main!(benches);
