//! Scratch.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use recoup_benches::*;
use std::hint::black_box;
use std::time::Instant;
fn main() -> Result<()> {
    let rules: usize = std::env::args().nth(2).map_or(76, |n| n.parse().unwrap());
    let policy = policy::Policy::committed()?;
    let cases = cases::committed()?;
    let sources = if rules == 76 {
        pack::of_policies(std::slice::from_ref(&policy))
    } else {
        pack::of_policies(&generate::policies(&policy, rules, 1))
    };
    let engine = engine::load(&sources)?;
    let mut evaluator = engine.evaluator(engine::as_of()?)?;
    let records: Vec<recoup::Record> =
        cases.iter().map(|c| evaluator.read(&cases::record(&policy, &c.key, &c.values)).unwrap()).collect();
    let base: Vec<baseline::Case> = cases.iter().map(|c| baseline::Case::new(&c.values).unwrap()).collect();
    let mut evaluation = evaluator.evaluation();
    let mut order: Vec<usize> = (0..10_000).map(|i| (i * 7919) % 1000).collect();
    let mut ratios = vec![];
    let mut batch = evaluator.batch();
    for i in 0..2048 {
        batch.push(&records[i % 1000])?;
    }
    if std::env::args().nth(3).is_some() {
        let t = Instant::now();
        for _ in 0..std::env::args().nth(1).unwrap().parse::<usize>().unwrap() {
            batch.decide();
        }
        println!(
            "{}",
            t.elapsed().as_nanos() as f64 / 2048.0 / std::env::args().nth(1).unwrap().parse::<f64>().unwrap()
        );
        return Ok(());
    }
    let mut seed = 1u64;
    for _ in 0..std::env::args().nth(1).map_or(31, |n| n.parse().unwrap()) {
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
        let mut c = [0.0; 3];
        for (k, v) in
            [recoup::Vectors::Portable, recoup::Vectors::Avx2, recoup::Vectors::Avx512].into_iter().enumerate()
        {
            batch.use_vectors(v)?;
            let t = Instant::now();
            for _ in 0..5 {
                batch.decide();
            }
            c[k] = t.elapsed().as_nanos() as f64 / 10240.0;
        }
        ratios.push((b / a, a, b, c));
    }
    ratios.sort_by(|x, y| x.0.total_cmp(&y.0));
    println!("{:?} singly {}", ratios[ratios.len() / 2], batch.decided_singly());
    Ok(())
}
