use std::time::Instant;
fn least(mut f: impl FnMut() -> u128) -> u128 { (0..60).map(|_| f()).min().unwrap() }
fn main() {
    let engine = recoup::Engine::load("/work/wt-run/rules/card-portfolio").unwrap();
    let as_of = "2005-10-01T12:00:00+08:00".parse().unwrap();
    let path = "/work/shared/data/uci_credit_card.csv";
    let mut evaluator = engine.evaluator(as_of).unwrap();
    let mut record = evaluator.record();
    println!("batches {} ns a row", least(|| {
        let start = Instant::now();
        let mut count = 0;
        let mut cases = engine.read_cases(path, Some("uci")).unwrap();
        let mut batch = cases.next_batch(1000).unwrap().unwrap();
        loop {
            for index in 0..batch.len() {
                evaluator.read_into(&batch, index, &mut record).unwrap();
                count += 1;
            }
            if !cases.next_batch_into(1000, &mut batch).unwrap() { break; }
        }
        start.elapsed().as_nanos() / count
    }));
    println!("cutting {} ns a row", least(|| {
        let start = Instant::now();
        let mut count = 0;
        let mut cases = engine.read_cases(path, Some("uci")).unwrap();
        let mut batch = cases.next_batch(1000).unwrap().unwrap();
        loop {
            count += batch.len() as u128;
            if !cases.next_batch_into(1000, &mut batch).unwrap() { break; }
        }
        start.elapsed().as_nanos() / count
    }));
    let mut sum = 0i64;
    println!("csv crate, every cell to integer: {} ns a row", least(|| {
        let start = Instant::now();
        let mut reader = csv::Reader::from_path(path).unwrap();
        let mut record = csv::ByteRecord::new();
        let mut count = 0;
        while reader.read_byte_record(&mut record).unwrap() {
            for cell in &record {
                sum += std::str::from_utf8(cell).ok().and_then(|t| t.parse::<i64>().ok()).unwrap_or(0);
            }
            count += 1;
        }
        start.elapsed().as_nanos() / count
    }));
    println!("{sum}");
}
