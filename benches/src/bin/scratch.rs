//! Scratch.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use recoup_benches::*;
use std::hint::black_box;
use std::time::Instant;
fn main() -> Result<()> {
    let policy = policy::Policy::committed()?;
    let cases = cases::committed()?;
    let engine = engine::load(&pack::of_policies(std::slice::from_ref(&policy)))?;
    let mut evaluator = engine.evaluator(engine::as_of()?)?;
    let records: Vec<recoup::Record> =
        cases.iter().map(|c| evaluator.read(&cases::record(&policy, &c.key, &c.values)).unwrap()).collect();
    let base: Vec<baseline::Case> = cases.iter().map(|c| baseline::Case::new(&c.values).unwrap()).collect();
    let mut evaluation = evaluator.evaluation();
    let mut order: Vec<usize> = (0..10_000).map(|i| (i * 7919) % 1000).collect();
    let mut ratios = vec![];
    let mut seed = 1u64;
    for round in 0..std::env::args().nth(1).map_or(31, |n| n.parse().unwrap()) {
        let _ = round;
        for i in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            order.swap(i, (seed >> 33) as usize % (i + 1));
        }
        let t = Instant::now();
        for &i in &order {
            black_box(baseline::decide(black_box(&base[i])));
        }
        let a = t.elapsed().as_nanos() as f64 / 1e4;
        let t = Instant::now();
        for &i in &order {
            evaluator.evaluate_into(black_box(&records[i]), &mut evaluation)?;
            black_box(&evaluation);
        }
        let b = t.elapsed().as_nanos() as f64 / 1e4;
        ratios.push((b / a, a, b));
    }
    ratios.sort_by(|x, y| x.0.total_cmp(&y.0));
    println!("{:?}", ratios[ratios.len() / 2]);
    Ok(())
}
