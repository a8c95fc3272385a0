//! What holds of every state, one that is read and one that a change gives: so each state that is written can be read.

use std::collections::HashSet;
use std::fmt::Arguments;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::content::{Content, RecordedStep, Until};
use super::error::Problems;
use super::revision::Revision;

/// The most bytes of a document.
pub(super) const BYTES: usize = 1024 * 1024;
/// The most items of a list.
const ITEMS: usize = 10_000;
/// What numbers of entries and occurrences, and counts of changes can be.
pub(super) const COUNTS: RangeInclusive<u32> = 1..=1_000_000_000;
/// How many days can lie between two dates.
pub(super) const DAYS: RangeInclusive<u32> = 0..=3_652_058;

/// Checks the rules. Paths are those of the document as it was read.
pub(super) fn check(content: &Content, problems: &mut Problems) {
    let mut rules = Rules { problems };
    rules.text(format_args!("case"), &content.case);
    match &content.place {
        Some(place) => {
            rules.text(format_args!("workflow"), &place.workflow);
            rules.text(format_args!("stage"), &place.stage);
            rules.date(format_args!("since"), place.since);
            rules.entries(content);
        }
        None => rules.no_entries(content),
    }
    rules.steps("", &content.steps);
    rules.previous(content);
    rules.cooldowns(content);
    rules.arms(content);
    rules.approvals(content);
    rules.holds(content);
    if let Some(moved) = &content.moved {
        rules.text(format_args!("moved.by"), &moved.by);
        rules.text(format_args!("moved.why"), &moved.why);
        rules.instant(format_args!("moved.at"), moved.at);
        rules.text(format_args!("moved.from"), &moved.from);
    }
    rules.text(format_args!("pack.name"), &content.pack.name);
    rules.text(format_args!("pack.version"), &content.pack.version);
    rules.text(format_args!("pack.digest"), &content.pack.digest);
}

/// Checks how often the state changed.
pub(super) fn check_revision(revision: &Revision, problems: &mut Problems) {
    let count = revision.count();
    if let Some(message) = outside(&count.to_string(), i64::from(count), &COUNTS) {
        problems.report("revision".to_owned(), message, None);
    }
}

/// Checks the size of the document, whose content has so many bytes.
pub(super) fn check_size(content: usize, revision: &Revision, problems: &mut Problems) {
    let bytes = content + ",\"revision\":\"\"".len() + revision.text().len();
    if bytes > BYTES {
        problems.report(String::new(), too_large(bytes), Some(TOO_LARGE_HELP.to_owned()));
    }
}

/// That a document has too many bytes.
pub(super) fn too_large(bytes: usize) -> String {
    format!("the state has `{bytes}` bytes, more than the `{BYTES}` it may have")
}

/// What to do about a document or list that grew too large.
pub(super) const TOO_LARGE_HELP: &str = "look for what adds to it again and again";

/// That a number lies outside its range, if it does. `shown` is the number as it was written.
pub(super) fn outside(shown: &str, number: i64, range: &RangeInclusive<u32>) -> Option<String> {
    if number < i64::from(*range.start()) {
        return Some(format!("`{shown}` is below `{}`, the least here", range.start()));
    }
    (number > i64::from(*range.end())).then(|| format!("`{shown}` is above `{}`, the most here", range.end()))
}

struct Rules<'a> {
    problems: &'a mut Problems,
}

impl Rules<'_> {
    fn entries(&mut self, content: &Content) {
        self.number(format_args!("entry"), content.entry, &COUNTS);
        self.number(format_args!("entries"), content.entries, &COUNTS);
        self.is_among(format_args!("entry"), content.entry, content.entries);
    }

    /// A case in no workflow entered no stage, so there is nothing to say of one.
    fn no_entries(&mut self, content: &Content) {
        let said = [
            ("entry", content.entry != 0, "write `0`"),
            ("entries", content.entries != 0, "write `0`"),
            ("steps", !content.steps.is_empty(), "leave the list empty"),
            ("previous", !content.previous.is_empty(), "leave the list empty"),
            ("moved", content.moved.is_some(), "write `null`"),
        ];
        for (key, _, help) in said.into_iter().filter(|(_, is_said, _)| *is_said) {
            self.report(format_args!("{key}"), "the case is in no workflow, so it entered no stage".to_owned(), help);
        }
    }

    fn steps(&mut self, around: &str, steps: &[RecordedStep]) {
        self.list(format_args!("{around}steps"), steps);
        let mut seen = HashSet::new();
        for (index, recorded) in steps.iter().enumerate() {
            self.text(format_args!("{around}steps[{index}].step"), &recorded.step);
            self.number(format_args!("{around}steps[{index}].occurrence"), recorded.occurrence, &COUNTS);
            self.date(format_args!("{around}steps[{index}].due"), recorded.due);
            self.instant(format_args!("{around}steps[{index}].at"), recorded.at);
            self.text(format_args!("{around}steps[{index}].outcome"), &recorded.outcome);
            if !seen.insert((&recorded.step, recorded.occurrence)) {
                self.report(
                    format_args!("{around}steps[{index}]"),
                    format!("occurrence `{}` of the step `{}` stands twice", recorded.occurrence, recorded.step),
                    "keep the one that was recorded last",
                );
            }
        }
    }

    fn previous(&mut self, content: &Content) {
        self.list(format_args!("previous"), &content.previous);
        let mut stages = HashSet::new();
        let mut entries = HashSet::from([content.entry]);
        for (index, left) in content.previous.iter().enumerate() {
            self.text(format_args!("previous[{index}].stage"), &left.stage);
            self.number(format_args!("previous[{index}].days"), left.days, &DAYS);
            self.number(format_args!("previous[{index}].entry"), left.entry, &COUNTS);
            self.is_among(format_args!("previous[{index}].entry"), left.entry, content.entries);
            self.steps(&format!("previous[{index}]."), &left.steps);
            if content.place.as_ref().is_some_and(|place| place.stage == left.stage) {
                self.report(
                    format_args!("previous[{index}].stage"),
                    format!("the case is in the stage `{}` now", left.stage),
                    "leave this entry out: only a stage that was left can be resumed",
                );
            } else if !stages.insert(&left.stage) {
                self.report(
                    format_args!("previous[{index}].stage"),
                    format!("the stage `{}` stands twice", left.stage),
                    "keep the entry that was left last",
                );
            }
            if !entries.insert(left.entry) {
                self.report(
                    format_args!("previous[{index}].entry"),
                    format!("the entry `{}` stands twice", left.entry),
                    "give each entry a number of its own",
                );
            }
        }
    }

    fn cooldowns(&mut self, content: &Content) {
        self.list(format_args!("cooldowns"), &content.cooldowns);
        let mut seen = HashSet::new();
        for (index, cooldown) in content.cooldowns.iter().enumerate() {
            self.text(format_args!("cooldowns[{index}].rule"), &cooldown.rule);
            match cooldown.until {
                Until::Day(day) => self.date(format_args!("cooldowns[{index}].until"), day),
                Until::Instant(instant) => self.instant(format_args!("cooldowns[{index}].until"), instant),
            }
            if !seen.insert(&cooldown.rule) {
                self.report(
                    format_args!("cooldowns[{index}].rule"),
                    format!("the rule `{}` stands twice", cooldown.rule),
                    "keep the one that ends last",
                );
            }
        }
    }

    fn arms(&mut self, content: &Content) {
        self.list(format_args!("arms"), &content.arms);
        let mut seen = HashSet::new();
        for (index, arm) in content.arms.iter().enumerate() {
            self.text(format_args!("arms[{index}].experiment"), &arm.experiment);
            self.text(format_args!("arms[{index}].arm"), &arm.arm);
            if !seen.insert(&arm.experiment) {
                self.report(
                    format_args!("arms[{index}].experiment"),
                    format!("the experiment `{}` stands twice", arm.experiment),
                    "keep the arm that the case is in",
                );
            }
        }
    }

    fn approvals(&mut self, content: &Content) {
        self.list(format_args!("approvals"), &content.approvals);
        let mut seen = HashSet::new();
        for (index, approval) in content.approvals.iter().enumerate() {
            self.text(format_args!("approvals[{index}].action"), &approval.action);
            self.text(format_args!("approvals[{index}].by"), &approval.by);
            self.instant(format_args!("approvals[{index}].at"), approval.at);
            if !seen.insert((&approval.action, &approval.by)) {
                self.report(
                    format_args!("approvals[{index}]"),
                    format!("the approval of `{}` by `{}` stands twice", approval.action, approval.by),
                    "keep the first one",
                );
            }
        }
    }

    fn holds(&mut self, content: &Content) {
        self.list(format_args!("holds"), &content.holds);
        let mut seen = HashSet::new();
        for (index, hold) in content.holds.iter().enumerate() {
            self.text(format_args!("holds[{index}].id"), &hold.id);
            self.text(format_args!("holds[{index}].reason"), &hold.reason);
            self.text(format_args!("holds[{index}].by"), &hold.by);
            self.date(format_args!("holds[{index}].from"), hold.from);
            if let Some(until) = hold.until {
                self.date(format_args!("holds[{index}].until"), until);
                if until < hold.from {
                    self.report(
                        format_args!("holds[{index}].until"),
                        format!("`{until}` lies before `{}`, the first day of the hold", hold.from),
                        "write the last day of the hold, or `null` where it lasts until it is released",
                    );
                }
            }
            if !seen.insert(&hold.id) {
                self.report(
                    format_args!("holds[{index}].id"),
                    format!("the hold `{}` stands twice", hold.id),
                    "give each hold an id of its own",
                );
            }
        }
    }

    fn list<T>(&mut self, path: Arguments<'_>, items: &[T]) {
        let count = items.len();
        if count > ITEMS {
            self.report(
                path,
                format!("this list has `{count}` items, more than the `{ITEMS}` it may have"),
                TOO_LARGE_HELP,
            );
        }
    }

    fn text(&mut self, path: Arguments<'_>, text: &str) {
        if text.trim().is_empty() {
            self.report(path, "this text is empty".to_owned(), "write at least one letter");
        }
    }

    fn number(&mut self, path: Arguments<'_>, number: u32, range: &RangeInclusive<u32>) {
        if let Some(message) = outside(&number.to_string(), i64::from(number), range) {
            self.problems.report(path.to_string(), message, None);
        }
    }

    fn is_among(&mut self, path: Arguments<'_>, entry: u32, entries: u32) {
        if entry > entries {
            let help = format!("write the number of an entry, or at least `{entry}` for `entries`");
            self.report(path, format!("there is no entry `{entry}`: there have been `{entries}`"), &help);
        }
    }

    fn date(&mut self, path: Arguments<'_>, date: NaiveDate) {
        if !(1..=9999).contains(&date.year()) {
            self.report(path, format!("`{date}` lies outside the years 1 to 9999"), "check the year");
        }
    }

    fn instant(&mut self, path: Arguments<'_>, instant: DateTime<Utc>) {
        if !(1..=9999).contains(&instant.year()) {
            self.report(path, format!("`{instant}` lies outside the years 1 to 9999"), "check the year");
        }
    }

    fn report(&mut self, path: Arguments<'_>, message: String, help: &str) {
        self.problems.report(path.to_string(), message, Some(help.to_owned()));
    }
}
