//! Boxes of pieces: for each column a set of its pieces.
//!
//! A proof looks at thousands of boxes: a set is bits, and one of up to 64 pieces needs no memory of its own.

/// One set of pieces for each column.
pub(super) type Box = Vec<Pieces>;

/// A set of pieces of one column. Sets that are compared have the same number of pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    count: usize,
    /// The first 64 pieces. INVARIANT: bits behind the last piece are 0, here and in `more`.
    first: u64,
    /// The others, 64 each.
    more: Vec<u64>,
}

impl Pieces {
    /// All pieces of a column.
    pub(super) fn all(count: usize) -> Pieces {
        let word = |from: usize| match count.saturating_sub(from) {
            0 => 0,
            left => u64::MAX >> (64 - left.min(64)),
        };
        Pieces { count, first: word(0), more: (64..count).step_by(64).map(word).collect() }
    }

    /// Drops the pieces for which `keeps` says no.
    pub(super) fn keep(&mut self, keeps: impl Fn(usize) -> bool) {
        for (index, word) in std::iter::once(&mut self.first).chain(&mut self.more).enumerate() {
            for bit in 0..64 {
                if *word & 1 << bit != 0 && !keeps(index * 64 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Whether no piece is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.words().all(|word| word == 0)
    }

    /// Whether all pieces are in the set.
    pub(super) fn is_full(&self) -> bool {
        *self == Pieces::all(self.count)
    }

    /// The pieces of both sets.
    pub(super) fn and(&self, other: &Pieces) -> Pieces {
        self.with(other, |mine, theirs| mine & theirs)
    }

    /// The pieces of this set that the other has not.
    fn without(&self, other: &Pieces) -> Pieces {
        self.with(other, |mine, theirs| mine & !theirs)
    }

    /// Whether no piece is in both sets.
    pub(super) fn is_apart_from(&self, other: &Pieces) -> bool {
        self.words().zip(other.words()).all(|(mine, theirs)| mine & theirs == 0)
    }

    /// Whether all pieces of this set are in the other.
    pub(super) fn is_within(&self, other: &Pieces) -> bool {
        self.words().zip(other.words()).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// The first piece of the set.
    pub(super) fn first(&self) -> Option<usize> {
        (0..self.count).find(|piece| self.has(*piece))
    }

    /// Whether a piece is in the set.
    pub(super) fn has(&self, index: usize) -> bool {
        self.words().nth(index / 64).is_some_and(|word| word & 1 << (index % 64) != 0)
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    fn with(&self, other: &Pieces, word: impl Fn(u64, u64) -> u64) -> Pieces {
        let more = self.more.iter().zip(&other.more).map(|(mine, theirs)| word(*mine, *theirs)).collect();
        Pieces { count: self.count, first: word(self.first, other.first), more }
    }
}

/// Adds to `rest` what is left of a box without another, as boxes that share nothing.
pub(super) fn subtract(whole: Box, part: &Box, rest: &mut Vec<Box>) {
    if whole.iter().zip(part).any(|(mine, theirs)| mine.is_apart_from(theirs)) {
        rest.push(whole);
        return;
    }
    let mut inside = whole;
    for (column, theirs) in part.iter().enumerate() {
        let Some(mine) = inside.get(column) else { continue };
        let outside = mine.without(theirs);
        let common = mine.and(theirs);
        if !outside.is_empty() {
            let mut piece = inside.clone();
            if let Some(slot) = piece.get_mut(column) {
                *slot = outside;
            }
            rest.push(piece);
        }
        if let Some(slot) = inside.get_mut(column) {
            *slot = common;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pieces, subtract};

    /// The pieces of a set, one by one.
    fn listed(pieces: &Pieces, count: usize) -> Vec<usize> {
        (0..count).filter(|piece| pieces.has(*piece)).collect()
    }

    #[test]
    fn sets_of_any_size_are_full_empty_and_divided() {
        for count in [1, 2, 63, 64, 65, 127, 128, 129, 200] {
            let all = Pieces::all(count);
            assert_eq!(listed(&all, count + 64), (0..count).collect::<Vec<_>>(), "{count}");
            assert!(all.is_full() && !all.is_empty(), "{count}");
            let (mut even, mut last) = (all.clone(), all.clone());
            even.keep(|piece| piece % 2 == 0);
            last.keep(|piece| piece + 1 == count);
            assert_eq!(listed(&even, count), (0..count).step_by(2).collect::<Vec<_>>(), "{count}");
            assert_eq!(last.first(), Some(count - 1), "{count}");
            assert_eq!(listed(&all.without(&even), count), (1..count).step_by(2).collect::<Vec<_>>(), "{count}");
            assert_eq!(even.and(&last).is_empty(), count % 2 == 0, "{count}");
            assert_eq!(even.is_apart_from(&last), count % 2 == 0, "{count}");
            assert_eq!(last.is_within(&even), count % 2 == 1, "{count}");
            assert_eq!(even.is_full(), count == 1, "{count}");
        }
    }

    #[test]
    fn what_is_left_of_a_box_is_all_that_the_other_has_not() {
        let counts = [3, 70];
        let chosen = |keeps: fn(usize, usize) -> bool| {
            counts.iter().enumerate().map(move |(column, count)| {
                let mut pieces = Pieces::all(*count);
                pieces.keep(|piece| keeps(column, piece));
                pieces
            })
        };
        let whole: Vec<Pieces> = chosen(|_, piece| piece != 1).collect();
        let part: Vec<Pieces> = chosen(|column, piece| if column == 0 { piece < 2 } else { piece > 65 }).collect();
        let mut rest = Vec::new();
        subtract(whole.clone(), &part, &mut rest);
        for a in 0..3 {
            for b in 0..70 {
                let takes = |pieces: &Vec<Pieces>| pieces[0].has(a) && pieces[1].has(b);
                let times = rest.iter().filter(|pieces| takes(pieces)).count();
                assert_eq!(times, usize::from(takes(&whole) && !takes(&part)), "{a}, {b}");
            }
        }
        let apart: Vec<Pieces> = chosen(|column, piece| column == 1 || piece == 1).collect();
        let mut rest = Vec::new();
        subtract(whole.clone(), &apart, &mut rest);
        assert_eq!(rest, vec![whole]);
    }
}
