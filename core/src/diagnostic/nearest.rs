//! "did you mean": the nearest of the names that would have been right.
//!
//! A pack may misspell thousands of names and have thousands that are right, so a candidate is first compared by its
//! characters alone, and its distance is counted only where it could be the nearest.

/// Longer texts are no misspelt names.
const LONGEST: usize = 64;

/// The nearest candidate, if one is near enough to be a misspelling.
pub(crate) fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Search::new(wrong)?.among(candidates).map(|(_, name)| name)
}

/// "did you mean `x`?", or the candidates themselves where they are few and none is near.
pub(crate) fn did_you_mean<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(name) = nearest(wrong, candidates.iter().copied()) {
        return Some(format!("did you mean `{name}`?"));
    }
    match candidates.as_slice() {
        [] => None,
        [only] => Some(format!("only `{only}` is possible here")),
        few if few.len() <= 20 => {
            let list: Vec<String> = few.iter().map(|name| format!("`{name}`")).collect();
            Some(format!("one of {}", list.join(", ")))
        }
        _ => None,
    }
}

/// Names that are asked for again and again.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    list: Vec<(String, Folded)>,
}

impl<'a> FromIterator<&'a str> for Candidates {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Candidates { list: names.into_iter().map(|name| (name.to_owned(), Folded::new(name))).collect() }
    }
}

impl Candidates {
    /// The nearest of these names and of some more, if one is near enough to be a misspelling.
    pub(crate) fn nearest<'a>(&'a self, wrong: &str, more: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let search = Search::new(wrong)?;
        let own = search.best(self.list.iter().map(|(name, folded)| (name.as_str(), folded)));
        own.into_iter().chain(search.among(more)).min().map(|(_, name)| name)
    }
}

/// A name in small letters, and how often it has which characters.
#[derive(Debug)]
struct Folded {
    chars: Vec<char>,
    counts: [u8; Folded::KINDS],
}

impl Folded {
    /// Letters, digits and a few kinds of others; characters that share a kind only make the bound weaker.
    const KINDS: usize = 48;

    fn new(name: &str) -> Folded {
        let chars: Vec<char> = name.to_lowercase().chars().collect();
        let mut counts = [0; Folded::KINDS];
        for c in &chars {
            let code = u32::from(*c) as usize;
            let kind = match c {
                'a'..='z' | '_' => code & 31,
                '0'..='9' => 32 + (code & 15),
                _ => 42 + code % 6,
            };
            if let Some(count) = counts.get_mut(kind) {
                *count = u8::saturating_add(*count, 1);
            }
        }
        Folded { chars, counts }
    }

    /// A distance that two names have at least: each step takes away, adds or exchanges one character at most.
    fn least_distance(&self, other: &Folded) -> usize {
        // 48 counts of 255 fit 16 bits; the checks of plain additions would keep the loop from being a few instructions.
        let (mut more, mut fewer) = (0_u16, 0_u16);
        for (mine, theirs) in self.counts.iter().zip(&other.counts) {
            more = more.wrapping_add(u16::from(mine.saturating_sub(*theirs)));
            fewer = fewer.wrapping_add(u16::from(theirs.saturating_sub(*mine)));
        }
        usize::from(more.max(fewer))
    }
}

/// A search for what one wrong name means.
struct Search<'w> {
    wrong: &'w str,
    folded: Folded,
    /// The largest distance of a misspelling.
    limit: usize,
}

impl<'w> Search<'w> {
    fn new(wrong: &'w str) -> Option<Search<'w>> {
        let limit = (wrong.chars().count() / 3).max(1);
        (wrong.len() <= LONGEST).then(|| Search { wrong, folded: Folded::new(wrong), limit })
    }

    fn among<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<(usize, &'a str)> {
        let names: Vec<(&str, Folded)> =
            names.into_iter().filter(|name| self.could_be(name)).map(|name| (name, Folded::new(name))).collect();
        self.best(names.iter().map(|(name, folded)| (*name, folded)))
    }

    /// The least distance and its name; of several names the first by the alphabet.
    fn best<'a, 'f>(&self, names: impl Iterator<Item = (&'a str, &'f Folded)>) -> Option<(usize, &'a str)> {
        let mut by_bound: Vec<Vec<(&str, &Folded)>> = vec![Vec::new(); self.limit + 1];
        for (name, folded) in names {
            let bound = self.folded.least_distance(folded);
            if let Some(names) = by_bound.get_mut(bound).filter(|_| self.could_be(name)) {
                names.push((name, folded));
            }
        }
        let mut best: Option<(usize, &str)> = None;
        for (bound, names) in by_bound.into_iter().enumerate() {
            if best.is_some_and(|(distance, _)| distance < bound) {
                break;
            }
            for (name, folded) in names {
                let limit = best.map_or(self.limit, |(distance, _)| distance);
                if let Some(distance) = distance_within(&self.folded.chars, &folded.chars, limit) {
                    let found = (distance, name);
                    best = Some(best.map_or(found, |known| known.min(found)));
                }
            }
        }
        best
    }

    fn could_be(&self, name: &str) -> bool {
        name != self.wrong && name.len().abs_diff(self.wrong.len()) <= self.limit * 4
    }
}

/// How many characters must be added, taken away, exchanged or swapped with a neighbour to make one name of the other
/// (Damerau and Levenshtein's distance); nothing where it is above a limit.
///
/// Cells further from the diagonal than the limit hold more than it, and so does all that comes of them. They are left
/// out, and once a whole row holds more, all further ones do.
fn distance_within(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let width = b.len() + 1;
    let above = limit + 1;
    let mut cells = vec![above; (a.len() + 1) * width];
    for (column, cell) in cells.iter_mut().enumerate().take(width.min(limit + 1)) {
        *cell = column;
    }
    // By column of `b`, the last row whose character is the same; 0 for none.
    let mut same_row = vec![0; width];
    for (row, mine) in (1_usize..).zip(a) {
        let first = row.saturating_sub(limit).max(1);
        let last = (row + limit).min(b.len());
        if row <= limit
            && let Some(cell) = cells.get_mut(row * width)
        {
            *cell = row;
        }
        let at = |cells: &[usize], row: usize, column: usize| cells.get(row * width + column).copied().unwrap_or(above);
        let mut same_column = 0;
        let mut least = at(&cells, row, first - 1);
        for column in first..=last {
            let is_same = b.get(column - 1) == Some(mine);
            let exchanged = at(&cells, row - 1, column - 1) + usize::from(!is_same);
            let taken = at(&cells, row - 1, column) + 1;
            let added = at(&cells, row, column - 1) + 1;
            let mut distance = exchanged.min(taken).min(added);
            let earlier: usize = same_row.get(column).copied().unwrap_or(0);
            if earlier > 0 && same_column > 0 {
                let swapped = at(&cells, earlier - 1, same_column - 1) + (row - earlier) + (column - same_column) - 1;
                distance = distance.min(swapped);
            }
            if is_same {
                same_column = column;
                if let Some(earlier) = same_row.get_mut(column) {
                    *earlier = row;
                }
            }
            least = least.min(distance);
            if let Some(cell) = cells.get_mut(row * width + column) {
                *cell = distance;
            }
        }
        if least > limit {
            return None;
        }
    }
    cells.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Candidates, Folded, distance_within, nearest};

    /// What the search is a short cut for.
    fn nearest_of_all<'a>(wrong: &str, candidates: &[&'a str]) -> Option<&'a str> {
        let limit = (wrong.chars().count() / 3).max(1);
        candidates
            .iter()
            .filter(|candidate| **candidate != wrong && candidate.len().abs_diff(wrong.len()) <= limit * 4)
            .map(|candidate| {
                (strsim::damerau_levenshtein(&wrong.to_lowercase(), &candidate.to_lowercase()), *candidate)
            })
            .filter(|(distance, _)| *distance <= limit)
            .min()
            .map(|(_, candidate)| candidate)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn the_distance_is_the_one_of_the_library(a in "[a-d_é]{0,12}", b in "[a-d_é]{0,12}", limit in 0_usize..12) {
            let (first, second) = (Folded::new(&a), Folded::new(&b));
            let distance = strsim::damerau_levenshtein(&a, &b);
            prop_assert!(first.least_distance(&second) <= distance);
            let within = distance_within(&first.chars, &second.chars, limit);
            prop_assert_eq!(within, Some(distance).filter(|distance| *distance <= limit));
        }

        #[test]
        fn the_nearest_is_the_nearest_of_all(
            wrong in "[a-cA-C_0-2é]{0,9}",
            names in prop::collection::vec("[a-cA-C_0-2é]{0,9}", 0..12),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let expected = nearest_of_all(&wrong, &names);
            prop_assert_eq!(nearest(&wrong, names.iter().copied()), expected);
            let (own, more) = names.split_at(names.len() / 2);
            let own: Candidates = own.iter().copied().collect();
            prop_assert_eq!(own.nearest(&wrong, more.iter().copied()), expected);
        }
    }
}
