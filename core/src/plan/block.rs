//! Tables whose rows are narrowed down together: the tests of all their rows on one slot share one look at it.

use std::sync::Arc;

use super::axis::{Axis, SlotTest, Truth};
use super::table::{Bits, Sorted};
use super::{PlanStep, Policy, Program};
use crate::language::{Expr, SlotId};

/// The words of a block of several tables.
pub(crate) const WORDS: usize = 2;

/// Tables that are narrowed down together.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its words among those of all tables.
    pub(crate) offset: usize,
    pub(crate) words: usize,
    pub(crate) axes: Box<[BlockAxis]>,
    /// Whether rows may be open though all slots are known.
    pub(crate) is_doubtful: bool,
}

/// A slot that rows test, and which rows are left.
#[derive(Debug)]
pub(crate) struct BlockAxis {
    pub(crate) axis: Arc<Axis>,
    /// Where the rows of each rank begin, those that no test excludes and none leaves open: in a block of two words
    /// among the pairs of the plan, else among its bitsets.
    pub(crate) sure: usize,
    /// Where the rows of each rank begin that no test excludes, among the bitsets of the plan.
    pub(crate) possible: usize,
    /// Whether a known value leaves a row open.
    pub(crate) is_doubtful: bool,
    /// Whether none does.
    pub(crate) none_is_doubtful: bool,
}

/// Puts the tables into blocks, and makes the bitsets of their tests.
pub(crate) fn blocks(
    steps: &mut [PlanStep],
    sorted: &mut [Option<Sorted>],
    filled: &[usize],
    program: &mut Program,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Open> = None;
    for step in 0..steps.len() {
        let Some(PlanStep::Table(table)) = steps.get_mut(step) else { continue };
        let rows = table.order.len();
        if sorted.get(step).is_none_or(Option::is_none) || matches!(table.policy, Policy::Asked(_)) {
            continue;
        }
        let place = open.as_mut().and_then(|open| open.place(rows));
        let place = match place {
            Some(place) => place,
            None => {
                if let Some(open) = open.take() {
                    blocks.push(open.close(steps, sorted, filled, program));
                }
                let mut fresh = Open { first: step, offset: program.words, used: Vec::new(), tables: Vec::new() };
                let place = fresh.begin(rows);
                open = Some(fresh);
                place
            }
        };
        if let (Some(open), Some(PlanStep::Table(table))) = (&mut open, steps.get_mut(step)) {
            table.bits = place;
            open.tables.push(step);
        }
    }
    if let Some(open) = open {
        blocks.push(open.close(steps, sorted, filled, program));
    }
    for (index, block) in blocks.iter().enumerate() {
        let first = steps.iter_mut().find_map(|step| match step {
            PlanStep::Table(table) if table.bits.words > 0 && table.bits.offset >= block.offset => Some(table),
            _ => None,
        });
        if let Some(first) = first {
            first.block = Some(crate::source::clamp(index));
        }
    }
    blocks
}

/// A block that takes in tables.
struct Open {
    /// The step of its first table.
    first: usize,
    offset: usize,
    /// By word: how many bits are taken.
    used: Vec<usize>,
    tables: Vec<usize>,
}

impl Open {
    /// Takes in the first table.
    fn begin(&mut self, rows: usize) -> Bits {
        let words = rows.div_ceil(64).max(1);
        self.used = vec![64; words];
        if words == 1 {
            self.used = vec![rows.max(1)];
        }
        Bits { offset: self.offset, words, shift: 0, rows }
    }

    /// Takes in another table, where there is room.
    fn place(&mut self, rows: usize) -> Option<Bits> {
        if rows > 64 || self.used.len() > WORDS {
            return None;
        }
        let word = match self.used.iter().position(|used| used + rows.max(1) <= 64) {
            Some(word) => word,
            None if self.used.len() < WORDS && self.used.iter().any(|used| *used < 64) => {
                self.used.push(0);
                self.used.len() - 1
            }
            None => return None,
        };
        let used = self.used.get_mut(word)?;
        let shift = *used;
        *used += rows.max(1);
        Some(Bits { offset: self.offset + word, words: 1, shift, rows })
    }

    fn close(
        self,
        steps: &mut [PlanStep],
        sorted: &mut [Option<Sorted>],
        filled: &[usize],
        program: &mut Program,
    ) -> Block {
        let words = self.used.len().max(WORDS);
        program.words = self.offset + words;
        let is_early = |slot: SlotId| filled.get(slot.0 as usize).is_some_and(|step| *step <= self.first);
        let mut early: Vec<(usize, SlotTest, usize, usize, Expr)> = Vec::new();
        for step in &self.tables {
            let (Some(PlanStep::Table(table)), Some(Some(sorted))) = (steps.get_mut(*step), sorted.get_mut(*step))
            else {
                continue;
            };
            let bits = table.bits;
            let mut late = Vec::new();
            for (bit, test, part) in std::mem::take(&mut sorted.tests) {
                if is_early(test.slot) {
                    let at = (bits.offset - self.offset) * 64 + bits.shift + bit;
                    early.push((at, test, *step, bit, part));
                } else {
                    late.push((bits.shift + bit, test, *step, bit, part));
                }
            }
            let (axes, fine) = axes(late, bits.words, program);
            table.late = axes.into();
            fine.into_iter().for_each(|(_, bit, part)| sorted.add(bit, program.condition(&part)));
        }
        let (axes, fine) = axes(early, words, program);
        for (step, bit, part) in fine {
            if let Some(Some(sorted)) = sorted.get_mut(step) {
                sorted.add(bit, program.condition(&part));
            }
        }
        let is_doubtful = axes.iter().any(|axis| axis.is_doubtful);
        Block { offset: self.offset, words, axes: axes.into(), is_doubtful }
    }
}

/// Axes of tests, and the tests that are too fine for bitsets: by step, bit of the row, and condition.
fn axes(
    mut tests: Vec<(usize, SlotTest, usize, usize, Expr)>,
    words: usize,
    program: &mut Program,
) -> (Vec<BlockAxis>, Vec<(usize, usize, Expr)>) {
    tests.sort_by_key(|(_, test, ..)| test.slot);
    let (mut axes, mut fine) = (Vec::new(), Vec::new());
    for tests in tests.chunk_by(|a, b| a.1.slot == b.1.slot) {
        let Some((_, first, ..)) = tests.first() else { continue };
        let bounds = tests.iter().flat_map(|(_, test, ..)| test.bounds()).collect();
        match program.axis(first.slot, bounds, words) {
            Some(axis) => axes.push(sets(axis, tests, words, program)),
            None => fine.extend(tests.iter().map(|(_, _, step, bit, part)| (*step, *bit, part.clone()))),
        }
    }
    (axes, fine)
}

/// The rows that each rank of an axis leaves.
fn sets(
    axis: Arc<Axis>,
    tests: &[(usize, SlotTest, usize, usize, Expr)],
    words: usize,
    program: &mut Program,
) -> BlockAxis {
    let ranks = axis.ranks();
    let mut sure = vec![u64::MAX; ranks * words];
    let mut possible = sure.clone();
    let mut exclude = |rank: usize, bit: usize, truth: Truth| {
        let mask = !(1_u64 << (bit % 64));
        let at = rank * words + bit / 64;
        if truth != Truth::True
            && let Some(word) = sure.get_mut(at)
        {
            *word &= mask;
        }
        if truth == Truth::False
            && let Some(word) = possible.get_mut(at)
        {
            *word &= mask;
        }
    };
    for (bit, test, ..) in tests {
        let starts = test.stretches.iter().map(|(start, _)| *start);
        let ends = starts.skip(1).map(Some).chain([None]);
        for ((start, truth), end) in test.stretches.iter().zip(ends) {
            if *truth == Truth::True {
                continue;
            }
            let first = axis.bounds.partition_point(|bound| bound <= start);
            let last = end.map_or(axis.bounds.len() + 1, |end| axis.bounds.partition_point(|bound| *bound <= end));
            (first..last).for_each(|rank| exclude(rank, *bit, *truth));
        }
        exclude(axis.of_none(), *bit, test.of_none);
        exclude(axis.of_none() + 1, *bit, test.of_unknown);
        exclude(axis.of_none() + 2, *bit, Truth::Doubt);
    }
    let rows = |sets: &[u64], rank: usize| sets.get(rank * words..(rank + 1) * words).map(<[u64]>::to_vec);
    let is_open = |rank| rows(&sure, rank) != rows(&possible, rank);
    let (is_doubtful, none_is_doubtful) = ((0..axis.of_none()).any(is_open), is_open(axis.of_none()));
    // The pairs of words that are looked at most stand by themselves.
    let at_sure = if words == WORDS {
        let pairs = sure.chunks_exact(WORDS).map(|pair| match pair {
            [low, high] => u128::from(*low) | u128::from(*high) << 64,
            _ => 0,
        });
        program.pairs.extend(pairs);
        program.pairs.len() - ranks
    } else {
        program.sets.append(&mut sure);
        program.sets.len() - ranks * words
    };
    let at_possible = program.sets.len();
    program.sets.append(&mut possible);
    BlockAxis { axis, sure: at_sure, possible: at_possible, is_doubtful, none_is_doubtful }
}
