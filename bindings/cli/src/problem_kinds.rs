//! Problems of records, counted by kind: the same path and the same message but for the values in it.

use std::collections::HashMap;

use recoup::Problem;

use crate::terminal::escaped;

/// Stands for a value in a pattern. Escaped text holds no such character.
const VALUE: char = '\0';
/// Stands for values that differ.
const DIFFERING: &str = "…";

/// How often each kind of problem was met.
#[derive(Debug, Default)]
pub(crate) struct ProblemKinds {
    kinds: HashMap<(String, String), Kind>,
}

#[derive(Debug)]
struct Kind {
    count: u64,
    /// The values of the message, as long as all messages of the kind agree.
    values: Vec<Option<String>>,
}

impl ProblemKinds {
    /// Counts a problem.
    pub(crate) fn add(&mut self, problem: &Problem) {
        let (pattern, values) = pattern(&escaped(&problem.message));
        let key = (without_indexes(&escaped(&problem.path)), pattern);
        match self.kinds.get_mut(&key) {
            None => {
                self.kinds.insert(key, Kind { count: 1, values: values.into_iter().map(Some).collect() });
            }
            Some(kind) => {
                kind.count += 1;
                for (known, value) in kind.values.iter_mut().zip(values) {
                    if known.as_ref().is_some_and(|known| *known != value) {
                        *known = None;
                    }
                }
            }
        }
    }

    /// Each kind with its count, the most frequent first.
    pub(crate) fn counts(&self) -> Vec<(u64, String)> {
        let mut counts: Vec<(u64, String)> =
            self.kinds.iter().map(|((path, pattern), kind)| (kind.count, kind.text(path, pattern))).collect();
        counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        counts
    }
}

impl Kind {
    fn text(&self, path: &str, pattern: &str) -> String {
        let mut text = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let mut values = self.values.iter();
        for c in pattern.chars() {
            if c == VALUE {
                text.push_str(values.next().and_then(Option::as_deref).unwrap_or(DIFFERING));
            } else {
                text.push(c);
            }
        }
        text
    }
}

/// `contacts[0].at` and `contacts[7].at` are one place.
fn without_indexes(path: &str) -> String {
    let mut parts = path.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once(']').map_or(part, |(_, rest)| rest);
        text.push_str("[]");
        text.push_str(rest);
    }
    text
}

/// The message with a mark for each value, and the values: what stands in backticks, and words with digits.
fn pattern(message: &str) -> (String, Vec<String>) {
    let mut pattern = String::new();
    let mut values = Vec::new();
    for (index, part) in message.split('`').enumerate() {
        if index % 2 == 1 {
            pattern.push(VALUE);
            values.push(format!("`{part}`"));
            continue;
        }
        for word in part.split_inclusive(' ') {
            if word.contains(|c: char| c.is_ascii_digit()) {
                let value = word.trim_end();
                pattern.push(VALUE);
                pattern.push_str(word.get(value.len()..).unwrap_or_default());
                values.push(value.to_owned());
            } else {
                pattern.push_str(word);
            }
        }
    }
    (pattern, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(problems: &[(&str, &str)], expected: &[(u64, &str)]) {
        let mut kinds = ProblemKinds::default();
        for (path, message) in problems {
            kinds.add(&Problem { path: (*path).to_owned(), message: (*message).to_owned(), help: None });
        }
        let counts = kinds.counts();
        assert_eq!(counts.iter().map(|(count, text)| (*count, text.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn problems_that_differ_in_values_alone_are_one_kind() {
        check(
            &[
                ("balance", "`1,200.00` is written with a comma"),
                ("product", "`telecom` is not one of the values of this choice"),
                ("balance", "`7,5` is written with a comma"),
                ("contacts[0].at", "this lies after `as_of` (2026-09-07), but history cannot"),
                ("contacts[12].at", "this lies after `as_of` (2026-09-07), but history cannot"),
            ],
            &[
                (2, "balance: … is written with a comma"),
                (2, "contacts[].at: this lies after `as_of` (2026-09-07), but history cannot"),
                (1, "product: `telecom` is not one of the values of this choice"),
            ],
        );
    }

    #[test]
    fn problems_of_the_whole_record_have_no_path() {
        check(
            &[("", "the key `A` stands in row 2 already"), ("", "the key `B` stands in row 3 already")],
            &[(2, "the key … stands in row … already")],
        );
    }
}
