//! Whole packs and cases out of a seed, for tests that decide one case in several ways.
//!
//! The same seed gives the same pack. A pack holds every construct of the language in every form, loads without errors,
//! and its cases lie at the borders of its rules, so that rows match, do not match, fail and are unknown. Text is
//! generated, never checked structures: what a test decides with went the whole way from files.

mod cases;
mod conditions;
mod expressions;
mod facts;
mod fields;
mod outputs;
pub(crate) mod random;
mod reach;
mod rules;
mod scope;
mod tables;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::date_at;
use crate::engine::{Engine, LoadError};
use crate::value::{RecordType, Value};
use cases::{Cases, Mood};
use fields::Fields;
use random::Random;
use scope::Writer;
use values::Anchors;

/// A pack that a seed decides, and what its cases are written from.
pub(crate) struct GeneratedPack {
    /// The paths and texts of its files, for [`Engine::from_sources`] with the name `gen`.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) seed: u64,
    record: RecordType,
    anchors: Anchors,
    borders: BTreeMap<String, Vec<Value>>,
    instants: Vec<DateTime<Utc>>,
    zone: Tz,
}

impl GeneratedPack {
    /// The pack of a seed.
    pub(crate) fn new(seed: u64) -> GeneratedPack {
        let mut random = Random::new(seed);
        let zone = *random.pick(&[Tz::Europe__Berlin, Tz::America__New_York, Tz::Asia__Tokyo, Tz::UTC]);
        let (currency, currency_decimals) = *random.pick(&[("EUR", 2), ("USD", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)]);
        let instants = instants(&mut random);
        let days: Vec<NaiveDate> = instants.iter().map(|instant| date_at(*instant, zone)).collect();
        let anchors = Anchors::new(&mut random, &days, &instants);
        let words = choices(&mut random);
        let mut fields = Fields { random: &mut random, anchors: &anchors, words: &words, currency_decimals, count: 0 };
        let record = fields.case();
        let names = fields.count;
        let has_calendar = random.chance(60);
        let rates: Vec<String> = (0..random.below(3)).map(|index| format!("rate_{index}")).collect();
        let mut writer = Writer {
            random,
            anchors,
            words,
            currency_decimals,
            scope: Vec::new(),
            depth_of_items: 0,
            is_in_grid: false,
            has_calendar,
            has_place: false,
            rates,
            names,
            borders: BTreeMap::new(),
        };
        writer.add_fields(&record);
        let header = header(&mut writer, currency, zone, &days);
        let case = case(&record);
        let sections = sections(&mut writer, &days);
        let mut files = vec![("gen/pack.yaml".to_owned(), header), ("gen/case.yaml".to_owned(), case)];
        files.extend(sections.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| {
            let text = format!("{name}:\n{text}");
            (format!("gen/{name}.yaml"), text)
        }));
        GeneratedPack { files, seed, record, anchors: writer.anchors, borders: writer.borders, instants, zone }
    }

    /// The pack, loaded.
    ///
    /// # Panics
    /// With the findings and the files, where the pack is refused.
    pub(crate) fn engine(&self) -> Engine {
        match Engine::from_sources("gen", self.files.clone()) {
            Ok(engine) => engine,
            Err(LoadError::Refused(diagnostics)) => {
                panic!("the pack of seed {} is refused:\n{}\n{}", self.seed, diagnostics.render_short(), self.shown())
            }
            Err(error) => panic!("the pack of seed {} is refused: {error}\n{}", self.seed, self.shown()),
        }
    }

    /// A record as JSON text. Its times lie before [`GeneratedPack::as_of`] of the same index.
    pub(crate) fn case(&self, index: u64) -> String {
        let mut random = Random::new(self.seed.wrapping_mul(1_000_003).wrapping_add(index).wrapping_add(0x5eed));
        let mood = Mood::new(&mut random);
        let as_of = self.as_of(index);
        let today = date_at(as_of, self.zone);
        Cases { anchors: &self.anchors, borders: &self.borders, as_of, today, random, mood }.record(&self.record, "")
    }

    /// When the case of an index is decided: one of a few instants of the pack.
    pub(crate) fn as_of(&self, index: u64) -> DateTime<Utc> {
        let count = u64::try_from(self.instants.len()).expect("a few");
        self.instants[usize::try_from(index % count).expect("a few")]
    }

    /// The files in one text, for messages.
    pub(crate) fn shown(&self) -> String {
        self.files.iter().map(|(path, text)| format!("=== {path}\n{text}\n")).collect()
    }
}

/// When cases are decided: near each other, at the turn of a day, rarely at the ends of time.
fn instants(random: &mut Random) -> Vec<DateTime<Utc>> {
    let base: DateTime<Utc> = match random.below(25) {
        0 => "0002-01-01T00:00:00Z".parse().expect("an instant"),
        1 => "9998-12-14T12:00:00Z".parse().expect("an instant"),
        _ => {
            let days = random.between(0, 900);
            let start: DateTime<Utc> = "2025-06-01T00:00:00Z".parse().expect("an instant");
            start + TimeDelta::days(days) + TimeDelta::seconds(random.between(0, 86_399))
        }
    };
    let mut instants = vec![base];
    for _ in 0..1 + random.below(2) {
        let seconds = *random.pick(&[1, 3_600, 86_400, 43_200, 15 * 86_400]);
        instants.push(values::later(base, seconds));
    }
    instants
}

/// The words of the pack's choices: few, some, and sometimes more than 64.
fn choices(random: &mut Random) -> Vec<Arc<[Arc<str>]>> {
    let mut choices = vec![2, 3 + random.below(5)];
    if random.chance(40) {
        choices.push(9 + random.below(20));
    }
    if random.chance(20) {
        choices.push(60 + random.below(11));
    }
    choices
        .iter()
        .enumerate()
        .map(|(choice, count)| (0..*count).map(|word| Arc::from(format!("w{choice}_{word}"))).collect())
        .collect()
}

fn header(writer: &mut Writer, currency: &str, zone: Tz, days: &[NaiveDate]) -> String {
    let rounding = *writer.random.pick(&["half_up", "half_even", "up", "down"]);
    let mut text = format!(
        "pack: gen\nversion: 1.0.0\nformat: 1\ncurrency: {currency}\ntime_zone: {}\nrounding: {rounding}\n",
        zone.name()
    );
    let day = days[0];
    let near = |writer: &mut Writer, days: i64| values::moved(day, writer.random.between(0, days));
    if writer.has_calendar {
        let (from, until) = (values::moved(day, -writer.random.between(0, 900)), near(writer, 900));
        text.push_str(&format!(
            "calendar: work\ncalendars:\n  work:\n    weekend: [sat, sun]\n    valid_from: {from}\n    valid_until: {until}\n    holidays:\n      {from}: first\n"
        ));
        if until != from {
            text.push_str(&format!("      {until}: last\n"));
        }
    }
    if !writer.rates.is_empty() {
        text.push_str("rates:\n");
    }
    for rate in writer.rates.clone() {
        let (from, until) = (values::moved(day, -writer.random.between(0, 400)), near(writer, 60));
        text.push_str(&format!(
            "  {rate}:\n    unit: percent\n    from:\n      {from}: {}\n",
            writer.random.between(0, 12)
        ));
        if until != from {
            text.push_str(&format!("      {until}: 10.155\n"));
        }
        if writer.random.chance(70) {
            text.push_str(&format!("    valid_until: {}\n", values::moved(until, writer.random.between(0, 20))));
        }
    }
    text
}

fn case(record: &RecordType) -> String {
    let mut text = "records:\n  case:\n".to_owned();
    if record.ignores_unknown_fields {
        text.push_str("    on_unknown_field: ignore\n");
    }
    text.push_str("    fields:\n");
    for field in &record.fields {
        text.push_str(&format!("      {}: {}\n", field.name, fields::yaml(field)));
    }
    text
}

/// Facts, tables and rules in turns, so that each may read what stands before it; as YAML by section.
fn sections(writer: &mut Writer, days: &[NaiveDate]) -> BTreeMap<&'static str, String> {
    let mut sections: BTreeMap<&'static str, String> = BTreeMap::new();
    for index in 0..writer.random.below(6) {
        let fact = writer.fact(&format!("x{index}"));
        sections.entry("facts").or_default().push_str(&fact);
    }
    let rounds = match writer.random.below(100) {
        0..90 => 1 + writer.random.below(8),
        _ => 9 + writer.random.below(8),
    };
    for round in 0..rounds {
        for index in 0..writer.random.below(4) {
            let fact = writer.fact(&format!("y{round}_{index}"));
            sections.entry("facts").or_default().push_str(&fact);
        }
        match writer.random.below(20) {
            0..3 if !sections.contains_key("segmentation") => {
                let table = writer.table("", days);
                sections.insert("segmentation", table);
            }
            3..7 => {
                let name = format!("r{round}");
                let list = writer.rule_list(&name, days);
                sections.entry("rules").or_default().push_str(&format!("  {name}:\n{list}"));
            }
            7..9 => {
                let name = format!("s{round}");
                let score = writer.score(&name, days);
                sections.entry("scores").or_default().push_str(&format!("  {name}:\n{score}"));
            }
            9 if !sections.contains_key("escalations") => {
                let rules = writer.escalations(days);
                sections.insert("escalations", rules);
            }
            _ => {
                let name = format!("t{round}");
                let table = writer.table(&name, days);
                sections.entry("tables").or_default().push_str(&format!("  {name}:\n{table}"));
            }
        }
    }
    if writer.random.chance(35) && !sections.contains_key("escalations") {
        let rules = writer.escalations(days);
        sections.insert("escalations", rules);
    }
    sections
}
