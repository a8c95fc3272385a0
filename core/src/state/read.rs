//! The JSON of a state, read: each key once and of its kind. What the parts say together is for the rules.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};

use super::content::{
    Approval, Arm, Content, Cooldown, FORMAT, Hold, LeftEntry, Moved, PLACE_KEYS, Place, RecordedStep, Until,
};
use super::error::Problems;
use super::revision::Revision;
use super::rules::{self, BYTES, COUNTS, DAYS};
use super::{State, StateError};
use crate::diagnostic::did_you_mean;
use crate::pack_identity::PackIdentity;
use crate::record::{Raw, json};
use crate::value::text::{self, TextProblem};

/// The keys of a document.
const KEYS: [&str; 16] = [
    "format",
    "case",
    "workflow",
    "stage",
    "since",
    "entry",
    "entries",
    "steps",
    "previous",
    "cooldowns",
    "arms",
    "approvals",
    "holds",
    "moved",
    "pack",
    "revision",
];

/// What to do about a document that lacks something.
const WHOLE: &str = "pass the state back as the engine gave it";

/// The state that a JSON text says.
///
/// # Errors
/// All problems of the text.
pub(super) fn state(text: &str) -> Result<State, StateError> {
    if text.len() > BYTES {
        return Err(StateError::at("", rules::too_large(text.len()), rules::TOO_LARGE_HELP));
    }
    let raw = json::parse(text).map_err(|message| StateError::at("", message, WHOLE))?;
    refuse_newer(&raw)?;
    let mut reader = Reader { problems: Problems::default() };
    let mut state = reader.state(&raw);
    let mut problems = reader.problems;
    rules::check(&state.content, &mut problems);
    rules::check_revision(&state.revision, &mut problems);
    if text.len() > BYTES / 2 {
        // Written again, a fraction of a second can have two digits more.
        rules::check_size(state.content.to_json().len(), &state.revision, &mut problems);
    }
    state.content.cooldowns.sort_by(|one, other| one.rule.cmp(&other.rule));
    state.content.arms.sort_by(|one, other| one.experiment.cmp(&other.experiment));
    problems.or(state)
}

/// Refuses a document of a newer format for that alone: what else it says is not for this version to judge.
fn refuse_newer(raw: &Raw) -> Result<(), StateError> {
    let Raw::Map(entries) = raw else { return Ok(()) };
    let format = entries.iter().find_map(|(key, value)| match value {
        Raw::Number(format) if key == "format" => Some(format),
        _ => None,
    });
    match format {
        Some(format) if format.parse::<i64>().is_ok_and(|number| number > i64::from(FORMAT)) => Err(StateError::at(
            "format",
            format!("the state was written by a newer version, in format `{format}`"),
            &format!("use that version: this one reads format `{FORMAT}`"),
        )),
        _ => Ok(()),
    }
}

/// Reads a document and collects its problems. What cannot be read is a placeholder, and its place has a problem.
struct Reader {
    problems: Problems,
}

/// The keys of a record in the document.
struct Keys<'a> {
    /// Nothing where it is no record at all.
    entries: Option<&'a [(String, Raw)]>,
    path: &'a str,
}

impl Reader {
    fn state(&mut self, raw: &Raw) -> State {
        let keys = self.keys(raw, "", &KEYS);
        let format = self.number(&keys, "format", &(FORMAT..=FORMAT));
        let case = self.text(&keys, "case").into();
        let place = self.place(&keys);
        // In no workflow there have been no entries; that is for the rules to say.
        let entries = if place.is_some() { COUNTS } else { 0..=*COUNTS.end() };
        let content = Content {
            format,
            case,
            place,
            entry: self.number(&keys, "entry", &entries),
            entries: self.number(&keys, "entries", &entries),
            steps: self.list(&keys, "steps", Reader::step),
            previous: self.list(&keys, "previous", Reader::left_entry),
            cooldowns: self.list(&keys, "cooldowns", Reader::cooldown),
            arms: self.list(&keys, "arms", Reader::arm),
            approvals: self.list(&keys, "approvals", Reader::approval),
            holds: self.list(&keys, "holds", Reader::hold),
            moved: self.moved(&keys),
            pack: self.pack(&keys).into(),
        };
        State { content, revision: self.revision(&keys) }
    }

    /// Where the case is: all three keys, or nothing in any of them.
    fn place(&mut self, keys: &Keys<'_>) -> Option<Place> {
        let is_said = |key: &&str| !matches!(keys.find(key), None | Some(Raw::Absent));
        let Some(said) = PLACE_KEYS.into_iter().find(is_said) else {
            for key in PLACE_KEYS {
                self.value(keys, key);
            }
            return None;
        };
        for key in PLACE_KEYS.into_iter().filter(|key| matches!(keys.find(key), Some(Raw::Absent))) {
            let message = format!("this is nothing, but `{said}` is not");
            let help = "write `workflow`, `stage` and `since`, or `null` in all three for a case in no workflow";
            self.report(key.to_owned(), message, help);
        }
        Some(Place {
            workflow: self.text(keys, "workflow").into(),
            stage: self.text(keys, "stage").into(),
            since: self.date(keys, "since"),
        })
    }

    fn step(&mut self, raw: &Raw, path: &str) -> RecordedStep {
        let keys = self.keys(raw, path, &["step", "occurrence", "due", "at", "outcome"]);
        RecordedStep {
            step: self.text(&keys, "step").into(),
            occurrence: self.number(&keys, "occurrence", &COUNTS),
            due: self.date(&keys, "due"),
            at: self.instant(&keys, "at"),
            outcome: self.text(&keys, "outcome").into(),
        }
    }

    fn left_entry(&mut self, raw: &Raw, path: &str) -> LeftEntry {
        let keys = self.keys(raw, path, &["stage", "days", "entry", "steps"]);
        LeftEntry {
            stage: self.text(&keys, "stage").into(),
            days: self.number(&keys, "days", &DAYS),
            entry: self.number(&keys, "entry", &COUNTS),
            steps: self.list(&keys, "steps", Reader::step),
        }
    }

    fn cooldown(&mut self, raw: &Raw, path: &str) -> Cooldown {
        let keys = self.keys(raw, path, &["rule", "until"]);
        Cooldown { rule: self.text(&keys, "rule"), until: self.until(&keys) }
    }

    fn until(&mut self, keys: &Keys<'_>) -> Until {
        let is_instant = matches!(keys.find("until"), Some(Raw::Text(text)) if text.contains(':'));
        if is_instant { Until::Instant(self.instant(keys, "until")) } else { Until::Day(self.date(keys, "until")) }
    }

    fn arm(&mut self, raw: &Raw, path: &str) -> Arm {
        let keys = self.keys(raw, path, &["experiment", "arm"]);
        Arm { experiment: self.text(&keys, "experiment"), arm: self.text(&keys, "arm") }
    }

    fn approval(&mut self, raw: &Raw, path: &str) -> Approval {
        let keys = self.keys(raw, path, &["action", "by", "at"]);
        Approval { action: self.text(&keys, "action"), by: self.text(&keys, "by"), at: self.instant(&keys, "at") }
    }

    fn hold(&mut self, raw: &Raw, path: &str) -> Hold {
        let keys = self.keys(raw, path, &["id", "reason", "by", "from", "until"]);
        Hold {
            id: self.text(&keys, "id"),
            reason: self.text(&keys, "reason"),
            by: self.text(&keys, "by"),
            from: self.date(&keys, "from"),
            until: match keys.find("until") {
                Some(Raw::Absent) => None,
                _ => Some(self.date(&keys, "until")),
            },
        }
    }

    fn moved(&mut self, keys: &Keys<'_>) -> Option<Moved> {
        let path = keys.path_of("moved");
        let raw = self.value(keys, "moved").filter(|raw| **raw != Raw::Absent)?;
        let keys = self.keys(raw, &path, &["by", "why", "at", "from"]);
        Some(Moved {
            by: self.text(&keys, "by"),
            why: self.text(&keys, "why"),
            at: self.instant(&keys, "at"),
            from: self.text(&keys, "from"),
        })
    }

    fn pack(&mut self, keys: &Keys<'_>) -> PackIdentity {
        let path = keys.path_of("pack");
        let keys = match self.value(keys, "pack") {
            Some(raw) => self.keys(raw, &path, &["name", "version", "digest"]),
            None => Keys { entries: None, path: &path },
        };
        PackIdentity {
            name: self.text(&keys, "name"),
            version: self.text(&keys, "version"),
            digest: self.text(&keys, "digest"),
        }
    }

    fn revision(&mut self, keys: &Keys<'_>) -> Revision {
        let text = self.text(keys, "revision");
        Revision::parse(&text).unwrap_or_else(|| {
            let help = "a revision is a number, `-` and 12 digits of 0 to 9 and a to f, such as `6-9f2c01ab34cd`";
            self.report(keys.path_of("revision"), format!("`{text}` is not a revision"), help);
            Revision::first("")
        })
    }

    /// The keys of a record, of which each one must be known.
    fn keys<'a>(&mut self, raw: &'a Raw, path: &'a str, known: &[&str]) -> Keys<'a> {
        let Raw::Map(entries) = raw else {
            self.wrong_kind(path.to_owned(), "a record", raw);
            return Keys { entries: None, path };
        };
        let keys = Keys { entries: Some(entries), path };
        for (key, _) in entries {
            if !known.contains(&key.as_str()) {
                let help = did_you_mean(key, known.iter().copied());
                self.problems.report(keys.path_of(key), format!("there is no key `{key}`"), help);
            }
        }
        keys
    }

    /// The value of a key that must be there.
    fn value<'a>(&mut self, keys: &Keys<'a>, key: &str) -> Option<&'a Raw> {
        let value = keys.find(key);
        if value.is_none() && keys.entries.is_some() {
            self.report(keys.path_of(key), "this key is missing", WHOLE);
        }
        value
    }

    fn text(&mut self, keys: &Keys<'_>, key: &str) -> String {
        self.written(keys, key, "a text").unwrap_or_default().to_owned()
    }

    fn date(&mut self, keys: &Keys<'_>, key: &str) -> NaiveDate {
        let date = self.written(keys, key, "a date").map(text::date);
        self.read(keys, key, date).unwrap_or(NaiveDate::MIN)
    }

    fn instant(&mut self, keys: &Keys<'_>, key: &str) -> DateTime<Utc> {
        let instant = self.written(keys, key, "an instant").map(text::timestamp);
        self.read(keys, key, instant).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    fn read<T>(&mut self, keys: &Keys<'_>, key: &str, read: Option<Result<T, TextProblem>>) -> Option<T> {
        read?.map_err(|problem| self.problems.report(keys.path_of(key), problem.message, problem.help)).ok()
    }

    /// The text of a key. `wanted` is what the text says.
    fn written<'a>(&mut self, keys: &Keys<'a>, key: &str, wanted: &str) -> Option<&'a str> {
        match self.value(keys, key)? {
            Raw::Text(text) => Some(text),
            other => {
                self.wrong_kind(keys.path_of(key), wanted, other);
                None
            }
        }
    }

    /// The number of a key, or more than a number can be: a rule about two numbers then has nothing to say.
    fn number(&mut self, keys: &Keys<'_>, key: &str, range: &RangeInclusive<u32>) -> u32 {
        let written = match self.value(keys, key) {
            Some(Raw::Number(written)) => written,
            Some(other) => {
                self.wrong_kind(keys.path_of(key), "a whole number", other);
                return u32::MAX;
            }
            None => return u32::MAX,
        };
        let digits = written.strip_prefix('-').unwrap_or(written);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.report(keys.path_of(key), format!("`{written}` is not a whole number"), "write it without decimals");
            return u32::MAX;
        }
        // A number that 64 bits do not hold lies outside of every range here.
        let number = written.parse().unwrap_or(if digits == written { i64::MAX } else { i64::MIN });
        if let Some(message) = rules::outside(written, number, range) {
            self.problems.report(keys.path_of(key), message, None);
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn list<T>(&mut self, keys: &Keys<'_>, key: &str, read: impl Fn(&mut Reader, &Raw, &str) -> T) -> Vec<T> {
        let path = keys.path_of(key);
        match self.value(keys, key) {
            Some(Raw::List(items)) => {
                items.iter().enumerate().map(|(index, raw)| read(self, raw, &format!("{path}[{index}]"))).collect()
            }
            Some(other) => {
                self.wrong_kind(path, "a list", other);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn wrong_kind(&mut self, path: String, wanted: &str, raw: &Raw) {
        let help = match (wanted, raw) {
            (_, Raw::Absent) => WHOLE.to_owned(),
            ("a text", Raw::Number(_) | Raw::Boolean(_)) => "put it in quotes".to_owned(),
            ("a date", _) => "write it in quotes as year-month-day, such as `\"2026-11-21\"`".to_owned(),
            ("an instant", _) => "write it in quotes, such as `\"2026-09-07T22:00:00Z\"`".to_owned(),
            ("a whole number", Raw::Text(_)) => "write digits without quotes".to_owned(),
            _ => WHOLE.to_owned(),
        };
        self.problems.report(path, format!("{wanted} belongs here, but this is {}", raw.word()), Some(help));
    }

    fn report(&mut self, path: String, message: impl Into<String>, help: &str) {
        self.problems.report(path, message, Some(help.to_owned()));
    }
}

impl<'a> Keys<'a> {
    fn find(&self, key: &str) -> Option<&'a Raw> {
        self.entries?.iter().find(|(known, _)| known == key).map(|(_, raw)| raw)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
