//! A portfolio decided by several threads: blocks of rows go in, their lines come out in the order of the file.
//!
//! The threads are this run's own. Only so many blocks are under way that memory stays bounded, however long one takes.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};
use recoup::{
    Batch, CaseBatch, CaseReader, DecisionWriter, Engine, Evaluation, Evaluator, FailedResult, MetricSample, Problem,
    Record, RecordError, UnknownResult,
};

use crate::states::States;
use crate::status::Stop;

/// The rows of a block.
const ROWS: usize = 1024;
/// How many blocks may be under way for each thread.
const UNDER_WAY: usize = 4;

/// What the rows of a block came to, in their order.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) cases: Vec<Case>,
    /// The decisions, a line each.
    pub(crate) lines: Vec<u8>,
    /// The rows that fired, case after case.
    pub(crate) fired: Vec<usize>,
}

/// What a row came to.
#[derive(Debug)]
pub(crate) struct Case {
    /// The row's number in the file.
    pub(crate) number: u64,
    pub(crate) key: Option<String>,
    pub(crate) outcome: Result<Line, Vec<Problem>>,
}

/// The decision of a case.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where its line ends in the block.
    pub(crate) end: usize,
    /// Where the rows end that fired.
    pub(crate) fired_end: usize,
    /// What is unknown, and what failed; nothing for most cases.
    pub(crate) doubts: Option<Box<(Vec<UnknownResult>, Vec<FailedResult>)>>,
    /// What the pack's metrics take of it.
    pub(crate) sample: MetricSample,
    /// The arm that it is in, by experiment.
    pub(crate) arms: Box<[Option<String>]>,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoOn {
    Yes,
    No,
}

/// How many threads there are where nothing else is said.
pub(crate) fn usual_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// How a portfolio is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portfolio<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) states: &'a States,
    pub(crate) threads: usize,
}

/// Decides all rows and hands their blocks to `take`, in the order of the file.
pub(crate) fn decide(
    portfolio: Portfolio<'_>,
    cases: CaseReader,
    mut take: impl FnMut(Block) -> Result<GoOn, Stop>,
) -> Result<(), Stop> {
    let Portfolio { engine, as_of, states, threads } = portfolio;
    let could_not = |error: recoup::Error| Stop::CouldNotRun(error.to_string());
    let evaluator = engine.evaluator(as_of).map_err(could_not)?;
    if threads <= 1 {
        let mut cases = cases;
        let mut worker = Worker::new(&evaluator, states);
        while let Some(rows) = cases.next_batch(ROWS).map_err(could_not)? {
            if take(worker.decide(&rows)?)? == GoOn::No {
                break;
            }
        }
        return Ok(());
    }
    let (give_ticket, tickets) = channel();
    for _ in 0..threads * UNDER_WAY {
        // The other end is alive: it is moved only below.
        let _ = give_ticket.send(());
    }
    let source = Mutex::new(Source { cases, tickets, next: 0 });
    let (send, receive) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (source, evaluator, send) = (&source, &evaluator, send.clone());
            scope.spawn(move || work(source, evaluator, states, &send));
        }
        drop(send);
        in_order(&receive, &give_ticket, &mut take)
    })
}

/// Where the threads get their rows.
struct Source {
    cases: CaseReader,
    tickets: Receiver<()>,
    /// The number of the next block.
    next: usize,
}

type Numbered = (usize, Result<Block, Stop>);

/// One thread's work: until there are no more rows, or nobody takes blocks any more.
fn work(source: &Mutex<Source>, evaluator: &Evaluator, states: &States, send: &Sender<Numbered>) {
    let mut worker = Worker::new(evaluator, states);
    loop {
        let (number, rows) = {
            let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
            if source.tickets.recv().is_err() {
                return;
            }
            let number = source.next;
            source.next += 1;
            (number, source.cases.next_batch(ROWS))
        };
        let block = match rows {
            Ok(None) => return,
            Ok(Some(rows)) => worker.decide(&rows),
            Err(error) => Err(Stop::CouldNotRun(error.to_string())),
        };
        if send.send((number, block)).is_err() {
            return;
        }
    }
}

/// Hands on the blocks by their numbers.
fn in_order(
    receive: &Receiver<Numbered>,
    give_ticket: &Sender<()>,
    take: &mut impl FnMut(Block) -> Result<GoOn, Stop>,
) -> Result<(), Stop> {
    let mut waiting = std::collections::BTreeMap::new();
    let mut next = 0;
    while let Ok((number, block)) = receive.recv() {
        waiting.insert(number, block);
        while let Some(block) = waiting.remove(&next) {
            next += 1;
            if take(block?)? == GoOn::No {
                return Ok(());
            }
            // No thread waits for tickets any more where the file is at its end.
            let _ = give_ticket.send(());
        }
    }
    Ok(())
}

/// A thread's room, used again for each block.
struct Worker<'a> {
    evaluator: Evaluator,
    states: &'a States,
    /// The key of the case that is looked up.
    key: String,
    record: Record,
    evaluation: Evaluation,
    batch: Batch,
    writer: DecisionWriter,
}

impl<'a> Worker<'a> {
    fn new(evaluator: &Evaluator, states: &'a States) -> Worker<'a> {
        Worker {
            evaluator: evaluator.clone(),
            states,
            key: String::new(),
            record: evaluator.record(),
            evaluation: evaluator.evaluation(),
            batch: evaluator.batch(),
            writer: evaluator.writer(),
        }
    }

    fn decide(&mut self, rows: &CaseBatch) -> Result<Block, Stop> {
        let could_not = |error: recoup::Error| Stop::CouldNotRun(error.to_string());
        self.batch.clear();
        let mut refused = Vec::with_capacity(rows.len());
        for index in 0..rows.len() {
            match self.read(rows, index) {
                Ok(()) => {
                    self.batch.push(&self.record).map_err(could_not)?;
                    refused.push(None);
                }
                Err(error) => refused.push(Some(error.problems)),
            }
        }
        self.batch.decide();
        let mut block = Block { cases: Vec::with_capacity(rows.len()), ..Block::default() };
        let mut decided = 0..rows.len();
        for (index, refused) in refused.into_iter().enumerate() {
            let number = rows.number(index).unwrap_or(0);
            let Some(problems) = refused else {
                let place = decided.next().unwrap_or(0);
                self.batch.evaluation(place, &mut self.evaluation).map_err(could_not)?;
                block.cases.push(self.case(number, &mut block.lines, &mut block.fired)?);
                continue;
            };
            let key = rows.row(index).and_then(|row| row.key());
            block.cases.push(Case { number, key, outcome: Err(problems) });
        }
        Ok(block)
    }

    /// Reads a row, and puts its case where its state says that it stands.
    fn read(&mut self, rows: &CaseBatch, index: usize) -> Result<(), RecordError> {
        self.evaluator.read_into(rows, index, &mut self.record)?;
        if !self.states.is_empty() {
            self.record.key_into(&mut self.key);
            if let Some(state) = self.states.of(&self.key) {
                self.evaluator.put_state(&mut self.record, state)?;
            }
        }
        Ok(())
    }

    fn case(&mut self, number: u64, lines: &mut Vec<u8>, fired: &mut Vec<usize>) -> Result<Case, Stop> {
        self.writer.write(&self.evaluation, lines).map_err(|error| Stop::CouldNotRun(error.to_string()))?;
        lines.push(b'\n');
        fired.extend_from_slice(self.writer.fired());
        let (unknowns, errors) = (self.writer.unknowns(), self.writer.errors());
        let has_doubts = !unknowns.is_empty() || !errors.is_empty();
        let doubts = has_doubts.then(|| Box::new((unknowns.to_vec(), errors.to_vec())));
        let mut key = String::new();
        self.evaluation.write_key(&mut key);
        let sample = self.evaluation.metric_sample();
        let arms = self.writer.arms().map(|(_, arm)| arm.map(str::to_owned)).collect();
        let line = Line { end: lines.len(), fired_end: fired.len(), doubts, sample, arms };
        Ok(Case { number, key: Some(key), outcome: Ok(line) })
    }
}
