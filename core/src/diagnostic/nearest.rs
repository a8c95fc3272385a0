//! "did you mean": the nearest of the names that would have been right.

/// Longer texts are no misspelt names.
const LONGEST: usize = 64;

/// The nearest candidate, if one is near enough to be a misspelling.
pub(crate) fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST {
        return None;
    }
    let lower = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != wrong && candidate.len().abs_diff(wrong.len()) <= limit * 4)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
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
