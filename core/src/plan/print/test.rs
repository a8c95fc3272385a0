//! Tests of one slot as text: `balance >= 1000.00`, `product one of card, loan`.
//!
//! What is shown are the stretches of integers on which the test holds, as values of the slot's storage. So `> 1000`
//! over cents reads `>= 1000.01`.

use super::expression::Writer;
use crate::plan::{SlotTest, Storage, Truth};

/// A stretch of integers: from one, or from the lowest, to below another, or to the highest.
type Stretch = (Option<i64>, Option<i64>);

impl Writer<'_> {
    /// When a test of a slot holds. `maybe_none` says whether the slot may be none at all.
    pub(super) fn test(&self, test: &SlotTest, storage: &Storage, maybe_none: bool) -> String {
        let name = self.name(test.slot);
        let of_none = if maybe_none { test.of_none } else { Truth::False };
        let (holds, fails) = (stretches(test, Truth::True), stretches(test, Truth::Doubt));
        let is_all = holds == [(None, None)];
        let mut text = match (is_all, of_none, test.of_unknown) {
            (true, Truth::True, Truth::True) => "always".to_owned(),
            (true, Truth::True, Truth::False) => return format!("{name} is known"),
            (true, Truth::True, _) => format!("{name} is anything known"),
            (true, _, Truth::False) if !maybe_none => return format!("{name} is known"),
            (true, ..) => format!("{name} is not none"),
            _ if holds.is_empty() => match (of_none, test.of_unknown) {
                (Truth::True, Truth::True) => return format!("{name} is none or unknown"),
                (Truth::True, _) => format!("{name} is none"),
                (_, Truth::True) => return format!("{name} is unknown"),
                _ => format!("{name} is never right"),
            },
            _ => {
                let mut text = self.values(test, storage, name, &holds);
                if of_none == Truth::True {
                    text.push_str(" or none");
                }
                text
            }
        };
        match test.of_unknown {
            Truth::True if text != "always" => text.push_str(" or unknown"),
            Truth::False => text.push_str(" (not when unknown)"),
            _ => {}
        }
        if !fails.is_empty() || of_none == Truth::Doubt {
            text.push_str(" (may fail)");
        }
        text
    }

    /// The values on which a test holds.
    fn values(&self, test: &SlotTest, storage: &Storage, name: &str, holds: &[Stretch]) -> String {
        let words = match storage {
            Storage::Boolean => Some((2, false)),
            Storage::Choice(words) => Some((words.len(), false)),
            // The last stands for any other text.
            Storage::Word(words) => Some((words.len(), true)),
            _ => None,
        };
        if let Some((count, has_other)) = words {
            let word = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
            let is_in = |index: &usize| truth_at(test, word(*index)) == Truth::True;
            let (yes, no): (Vec<usize>, Vec<usize>) = (0..count).partition(is_in);
            let other = has_other && is_in(&count);
            let text = |indices: Vec<usize>| -> Vec<String> {
                indices.into_iter().map(|index| self.stored(storage, word(index))).collect()
            };
            return if other || !has_other && no.len() < yes.len() && count > 2 {
                one_of(name, "!=", "none of", &text(no))
            } else {
                one_of(name, "=", "one of", &text(yes))
            };
        }
        if let [(None, Some(end)), (Some(start), None)] = holds
            && end.checked_add(1) == Some(*start)
        {
            return format!("{name} != {}", self.stored(storage, *end));
        }
        let stretches: Vec<String> = holds.iter().map(|stretch| self.stretch(storage, stretch)).collect();
        format!("{name} {}", stretches.join(" or "))
    }

    fn stretch(&self, storage: &Storage, stretch: &Stretch) -> String {
        // Odd codes of numbers lie between two numbers of the grid.
        let is_between = |bits: i64| matches!(storage, Storage::Position(..)) && bits.rem_euclid(2) == 1;
        let from = |start: i64| match is_between(start) {
            true => format!("> {}", self.stored(storage, start.saturating_sub(1))),
            false => format!(">= {}", self.stored(storage, start)),
        };
        let to = |end: i64| match is_between(end) {
            true => format!("<= {}", self.stored(storage, end.saturating_sub(1))),
            false => format!("< {}", self.stored(storage, end)),
        };
        match *stretch {
            (Some(start), Some(end)) if start.checked_add(1) == Some(end) && !is_between(start) => {
                format!("= {}", self.stored(storage, start))
            }
            (Some(start), Some(end)) => format!("{} and {}", from(start), to(end)),
            (Some(start), None) => from(start),
            (None, Some(end)) => to(end),
            (None, None) => "is anything".to_owned(),
        }
    }

    /// A value as its storage holds it.
    pub(super) fn stored(&self, storage: &Storage, bits: i64) -> String {
        let value = storage.value(bits);
        match storage {
            Storage::Word(_) => self.value(&value),
            _ => self.plain(&value),
        }
    }
}

fn one_of(name: &str, one: &str, many: &str, words: &[String]) -> String {
    match words {
        [word] => format!("{name} {one} {word}"),
        words => format!("{name} {many} {}", words.join(", ")),
    }
}

/// The stretches on which a test comes out in one way.
fn stretches(test: &SlotTest, wanted: Truth) -> Vec<Stretch> {
    let ends = test.bounds().map(Some).chain([None]);
    let starts = test.stretches.iter().enumerate();
    starts
        .zip(ends)
        .filter(|((_, (_, truth)), _)| *truth == wanted)
        .map(|((index, (start, _)), end)| ((index > 0).then_some(*start), end))
        .collect()
}

fn truth_at(test: &SlotTest, bits: i64) -> Truth {
    let stretch = test.stretches.partition_point(|(start, _)| *start <= bits);
    stretch.checked_sub(1).and_then(|index| test.stretches.get(index)).map_or(Truth::Doubt, |(_, truth)| *truth)
}
