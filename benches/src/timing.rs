//! A timing loop for a few contenders: every round has a new order of the cases, and all contenders decide it, one after
//! the other, in one process. Ratios are taken within a round, so that a slow moment of the machine meets both.

use std::time::{Duration, Instant};

use recoup_examples::random::Random;

use crate::generate::shuffled;
use crate::workload::SEED;

/// At least so many rounds, however long they take.
const LEAST_ROUNDS: usize = 9;
/// No more rounds than this.
const MOST_ROUNDS: usize = 301;
/// Between the two, rounds go on for so long.
const LONG_ENOUGH: Duration = Duration::from_secs(4);

/// Something that decides cases.
pub struct Contender<'a> {
    /// Its name in the report.
    pub name: String,
    run: Run<'a>,
    most: usize,
}

type Run<'a> = Box<dyn FnMut(&[usize]) -> Duration + 'a>;

impl<'a> Contender<'a> {
    /// `run` decides the cases at these places, in this order.
    pub fn new(name: &str, mut run: impl FnMut(&[usize]) + 'a) -> Contender<'a> {
        Contender::clocked(name, move |order| {
            let begun = Instant::now();
            run(order);
            begun.elapsed()
        })
    }

    /// One that makes ready what is not to be timed, and says itself how long the rest took.
    pub fn clocked(name: &str, run: impl FnMut(&[usize]) -> Duration + 'a) -> Contender<'a> {
        Contender { name: name.to_owned(), run: Box::new(run), most: usize::MAX }
    }

    /// One that is slow, and decides no more than so many cases in a round.
    pub fn at_most(self, most: usize) -> Contender<'a> {
        Contender { most, ..self }
    }
}

/// The nanoseconds of one contender for one case, in each round.
#[derive(Clone, Debug)]
pub struct Times(pub Vec<f64>);

impl Times {
    /// The median of the rounds.
    pub fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The median of the ratios to another contender, round by round.
    pub fn ratio(&self, other: &Times) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(time, other)| time / other).collect())
    }
}

/// Times the contenders against each other; a round decides `decisions` of `cases` cases, each as often as the others.
pub fn compare(contenders: &mut [Contender<'_>], cases: usize, decisions: usize) -> Vec<Times> {
    let mut random = Random::seeded(SEED);
    let mut times = vec![Times(Vec::new()); contenders.len()];
    let started = Instant::now();
    let mut round = 0;
    // The first round warms up and is not kept.
    while round <= LEAST_ROUNDS || (started.elapsed() < LONG_ENOUGH && round <= MOST_ROUNDS) {
        let order: Vec<usize> = shuffled(decisions, &mut random).into_iter().map(|place| place % cases).collect();
        for turn in 0..contenders.len() {
            // Each round another one begins.
            let place = (turn + round) % contenders.len();
            let (Some(contender), Some(times)) = (contenders.get_mut(place), times.get_mut(place)) else { continue };
            let order = order.get(..contender.most).unwrap_or(&order);
            let taken = (contender.run)(order);
            if round > 0 {
                times.0.push(taken.as_nanos() as f64 / order.len() as f64);
            }
        }
        round += 1;
    }
    times
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
