//! recoup and other engines on the same policy, in one process.
//!
//! Every engine has its case ready in its own form before the clock starts, and leaves its results in its own form when
//! the clock stops. Its answers for all cases that it is timed on are compared with the expected ones first. The table
//! goes to standard output; `--chart` also draws it to `benches/chart.svg`.

mod by_cel;
mod by_grl;
mod by_recoup;
mod by_rhai;
mod by_zen;
mod chart;
mod clauses;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use recoup_benches::baseline::{self, Outcome};
use recoup_benches::cases::{self, Case};
use recoup_benches::policy::Policy;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::{Result, pack};

/// An engine that holds the policy and cases.
pub trait Peer {
    /// Its name and version.
    fn name(&self) -> String;

    /// Decides a case, as an application would.
    fn decide(&mut self, place: usize) -> Result<()>;

    /// Decides the cases at these places, in this order; how long it took, once they stood ready in the engine's form.
    fn run(&mut self, places: &mut dyn Iterator<Item = usize>) -> Result<Duration> {
        let begun = Instant::now();
        for place in places {
            self.decide(place)?;
        }
        Ok(begun.elapsed())
    }

    /// What was decided last.
    fn outcome(&self) -> Result<Outcome>;
}

/// The engines that take longest are timed on so many cases.
const FEW: usize = 200;
/// How many cases a round decides, by the fast engines and by the others.
const DECISIONS: usize = 10_000;
const FEW_DECISIONS: usize = 1_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let draws = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--chart"] => true,
        _ => {
            eprintln!("usage: recoup-peers [--chart]");
            return ExitCode::from(2);
        }
    };
    match run(draws) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(draws: bool) -> Result<()> {
    let policy = Policy::committed()?;
    let all = cases::committed()?;
    let few = all.get(..FEW).ok_or("there are too few cases")?;
    let mut peers: Vec<(usize, Box<dyn Peer>)> = vec![
        (all.len(), Box::new(HandWritten::new(&all))),
        (all.len(), Box::new(by_recoup::Rows::new(&policy, &all)?)),
        (all.len(), Box::new(by_recoup::Columns::new(&policy, &all)?)),
        (few.len(), Box::new(by_rhai::Peer::new(&policy, few)?)),
        (few.len(), Box::new(by_cel::Peer::new(&policy, few)?)),
        (few.len(), Box::new(by_zen::Peer::new(&policy, few)?)),
        (few.len(), Box::new(by_grl::Peer::new(&policy, few)?)),
    ];
    for (count, peer) in &mut peers {
        check(peer.as_mut(), all.get(..*count).unwrap_or_default())?;
    }
    let names: Vec<(String, usize)> = peers.iter().map(|(count, peer)| (peer.name(), *count)).collect();
    let mut contenders: Vec<Contender<'_>> = peers
        .iter_mut()
        .map(|(count, peer)| {
            let most = if *count == FEW { FEW_DECISIONS } else { DECISIONS };
            let contender = Contender::clocked(&peer.name(), move |order| {
                // The places go over all cases; a slow engine meets its few more often.
                let taken = peer.run(&mut order.iter().map(|place| place % *count));
                assert!(taken.is_ok());
                taken.unwrap_or_default()
            });
            contender.at_most(most)
        })
        .collect();
    let times = compare(&mut contenders, all.len(), DECISIONS);
    drop(contenders);

    let first = times.first().ok_or("nothing was timed")?;
    println!("| engine | cases | µs a case | × hand-written |\n|---|---:|---:|---:|");
    let mut bars = Vec::new();
    for ((name, count), times) in names.iter().zip(&times) {
        println!("| {name} | {count} | {:.3} | {:.1} |", times.median() / 1e3, times.ratio(first));
        bars.push((name.clone(), times.median()));
    }
    println!();
    load(&policy)?;
    if draws {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chart.svg");
        std::fs::write(path, chart::draw(&bars))?;
    }
    Ok(())
}

fn check(peer: &mut dyn Peer, cases: &[Case]) -> Result<()> {
    for (place, case) in cases.iter().enumerate() {
        peer.decide(place)?;
        let outcome = peer.outcome()?;
        if outcome != case.expected {
            let (name, expected) = (peer.name(), case.expected);
            return Err(format!("{name}, case {}: {outcome:?}, but {expected:?} is right", case.key).into());
        }
    }
    Ok(())
}

/// From the text of the policy to an engine that decides.
fn load(policy: &Policy) -> Result<()> {
    let sources = pack::of_policies(std::slice::from_ref(policy));
    let model = by_zen::model(policy)?;
    let mut contenders = [
        Contender::new("recoup: YAML, with the proofs about its tables", |_| {
            assert!(black_box(recoup_benches::engine::load(&sources)).is_ok());
        }),
        Contender::new("zen-engine: JSON, and compiled", |_| {
            assert!(black_box(by_zen::load(&model)).is_ok());
        }),
    ];
    let times = compare(&mut contenders, 1, 1);
    println!("| load the policy | ms |\n|---|---:|");
    for (contender, times) in contenders.iter().zip(&times) {
        println!("| {} | {:.2} |", contender.name, times.median() / 1e6);
    }
    Ok(())
}

/// The rules as Rust, which everything is a multiple of.
struct HandWritten {
    cases: Vec<baseline::Case>,
    outcome: Option<Outcome>,
}

impl HandWritten {
    fn new(cases: &[Case]) -> HandWritten {
        HandWritten { cases: cases.iter().map(|case| case.plain).collect(), outcome: None }
    }
}

impl Peer for HandWritten {
    fn name(&self) -> String {
        "hand-written Rust".to_owned()
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        self.outcome = self.cases.get(place).map(|case| black_box(baseline::decide(black_box(case))));
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome> {
        self.outcome.ok_or_else(|| "nothing was decided".into())
    }
}
