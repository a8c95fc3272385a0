//! Boxes of pieces: for each column a set of its pieces.

/// One set of pieces for each column.
pub(super) type Box = Vec<Pieces>;

/// A set of pieces of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pieces(Vec<bool>);

impl Pieces {
    /// All pieces of a column.
    pub(super) fn all(count: usize) -> Pieces {
        Pieces(vec![true; count])
    }

    /// Drops the pieces for which `keeps` says no.
    pub(super) fn keep(&mut self, keeps: impl Fn(usize) -> bool) {
        for (index, piece) in self.0.iter_mut().enumerate() {
            *piece = *piece && keeps(index);
        }
    }

    /// Whether no piece is in the set.
    pub(super) fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// Whether all pieces are in the set.
    pub(super) fn is_full(&self) -> bool {
        !self.0.contains(&false)
    }

    /// The pieces of both sets.
    pub(super) fn and(&self, other: &Pieces) -> Pieces {
        Pieces(self.0.iter().zip(&other.0).map(|(a, b)| *a && *b).collect())
    }

    /// The pieces of this set that the other has not.
    fn without(&self, other: &Pieces) -> Pieces {
        Pieces(self.0.iter().zip(&other.0).map(|(a, b)| *a && !*b).collect())
    }

    /// Whether all pieces of this set are in the other.
    pub(super) fn is_within(&self, other: &Pieces) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| !*mine || *theirs)
    }

    /// The first piece of the set.
    pub(super) fn first(&self) -> Option<usize> {
        self.0.iter().position(|piece| *piece)
    }

    /// Whether a piece is in the set.
    pub(super) fn has(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or(false)
    }
}

/// What is left of a box without another, as boxes that share nothing.
pub(super) fn subtract(whole: &Box, part: &Box) -> Vec<Box> {
    if whole.iter().zip(part).any(|(a, b)| a.and(b).is_empty()) {
        return vec![whole.clone()];
    }
    let mut rest = Vec::new();
    let mut inside = whole.clone();
    for column in 0..whole.len() {
        let (Some(mine), Some(theirs)) = (whole.get(column), part.get(column)) else { continue };
        let outside = mine.without(theirs);
        if !outside.is_empty() {
            let mut piece = inside.clone();
            if let Some(slot) = piece.get_mut(column) {
                *slot = outside;
            }
            rest.push(piece);
        }
        if let Some(slot) = inside.get_mut(column) {
            *slot = mine.and(theirs);
        }
    }
    rest
}
