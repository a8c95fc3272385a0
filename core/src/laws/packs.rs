//! Packs with workflows out of a seed, as text, and cases for them. Beside the text stands what it says, so that laws
//! can be asked without the engine.

use std::fmt::Write;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::generated::random::Random;

pub(super) const STEPS: [&str; 6] = ["welcome", "phone", "mail", "note", "look", "late"];
const CHANNELS: [&str; 4] = ["call", "sms", "email", "letter"];
const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

/// What comes before the workflows.
const HEAD: &str = r#"
pack: gen
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: us
channels: [call, sms, email, letter]
calendars:
  us: {weekend: [sat, sun], valid_from: 2020-01-01, valid_until: 2032-12-31, holidays: {2026-09-07: Labor Day}}
records:
  case:
    fields:
      case_id: {type: text, key: true}
      b0: {type: boolean, absent: unknown}
      b1: {type: boolean, absent: unknown}
      b2: {type: boolean, absent: unknown}
      b3: {type: boolean, absent: unknown}
      level: {type: integer, absent: unknown}
      promised: {type: date, absent: none}
      hearing: {type: date, absent: unknown}
      preferred: {type: choice, of: channels, absent: none, preferred_channel: true}
      speaks: {type: text, absent: unknown, language: true}
      balance: {type: money, absent: none}
      time_zones: {type: list, of: zone, place: true}
      contacts:
        type: list
        of:
          at: {type: timestamp, time: true}
          channel: {type: choice, of: channels}
facts:
  long_here: days_in_stage > 5
  very_long_here: long_here and days_in_stage > 9
actions:
  send: {contacting: true, params: {template: template, channel: channels, tone: [soft, firm]}}
  phone: {contacting: true, channel: call, params: {script: {type: text, default: plain}}}
  task: {params: {assign_to: text, level: integer, due_in: duration}}
templates:
  reminder: {channels: [email, sms, letter], languages: [en, es], needs: [balance, promised]}
  short: {channels: [sms, call]}
  any: {must_contain: [opt_out]}
"#;

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    Field(usize),
    Days(u32),
    /// The fact over the days in the stage, or the fact over that fact.
    Long(bool),
    Done(&'static str),
    Stage(&'static str),
    CameFromSomewhere,
    Not(Box<Guard>),
    And(Box<Guard>, Box<Guard>),
    Or(Box<Guard>, Box<Guard>),
}

/// What a condition is asked of.
pub(super) struct Known<'a> {
    pub(super) fields: [Option<bool>; 4],
    pub(super) days: u32,
    pub(super) is_done: &'a dyn Fn(&str) -> bool,
    pub(super) stage: &'a str,
    pub(super) has_previous: bool,
}

impl Guard {
    fn new(random: &mut Random, depth: usize) -> Guard {
        let inner = |random: &mut Random| Box::new(Guard::new(random, depth + 1));
        match random.below(if depth > 1 { 10 } else { 15 }) {
            0..=4 => Guard::Field(random.below(4)),
            5 | 6 => Guard::Days(u32::try_from(random.below(12)).expect("a few")),
            7 => Guard::Long(random.chance(50)),
            8 => match random.below(3) {
                0 => Guard::Stage(NAMES[random.below(4)]),
                1 => Guard::CameFromSomewhere,
                _ => Guard::Done(STEPS[random.below(STEPS.len())]),
            },
            9 => Guard::Done(STEPS[random.below(STEPS.len())]),
            10 | 11 => Guard::Not(inner(random)),
            12 | 13 => Guard::And(inner(random), inner(random)),
            _ => Guard::Or(inner(random), inner(random)),
        }
    }

    /// Asks only for stages and steps that there are.
    fn repair(&mut self, stages: &[StageText]) {
        match self {
            Guard::Stage(name) if !stages.iter().any(|stage| stage.name == *name) => *self = Guard::CameFromSomewhere,
            Guard::Done(name) if !stages.iter().flat_map(|stage| &stage.steps).any(|step| step.name == *name) => {
                *self = Guard::Days(2);
            }
            Guard::Not(guard) => guard.repair(stages),
            Guard::And(one, other) | Guard::Or(one, other) => {
                one.repair(stages);
                other.repair(stages);
            }
            _ => {}
        }
    }

    fn text(&self) -> String {
        match self {
            Guard::Field(field) => format!("b{field}"),
            Guard::Days(days) => format!("(days_in_stage > {days})"),
            Guard::Long(false) => "long_here".to_owned(),
            Guard::Long(true) => "very_long_here".to_owned(),
            Guard::Done(step) => format!("done(\"{step}\")"),
            Guard::Stage(stage) => format!("(stage == \"{stage}\")"),
            Guard::CameFromSomewhere => "(previous_stage != none)".to_owned(),
            Guard::Not(guard) => format!("(not {})", guard.text()),
            Guard::And(one, other) => format!("({} and {})", one.text(), other.text()),
            Guard::Or(one, other) => format!("({} or {})", one.text(), other.text()),
        }
    }

    /// Whether it holds; nothing where that is not known.
    pub(super) fn holds(&self, known: &Known<'_>) -> Option<bool> {
        match self {
            Guard::Field(field) => known.fields[*field],
            Guard::Days(days) => Some(known.days > *days),
            Guard::Long(false) => Some(known.days > 5),
            Guard::Long(true) => Some(known.days > 9),
            Guard::Done(step) => Some((known.is_done)(step)),
            Guard::Stage(stage) => Some(known.stage == *stage),
            Guard::CameFromSomewhere => Some(known.has_previous),
            Guard::Not(guard) => guard.holds(known).map(|holds| !holds),
            Guard::And(one, other) => match (one.holds(known), other.holds(known)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Guard::Or(one, other) => match (one.holds(known), other.holds(known)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// A transition: where it leads, `previous` where to no stage by name.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) id: String,
    pub(super) to: Option<usize>,
    pub(super) guard: Guard,
    pub(super) except: Vec<usize>,
    pub(super) skips_unknown: bool,
}

/// From what the day of a step is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Day(u32),
    /// So many days before or behind a date of the case.
    Promise(i64),
    Hearing(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) is_entry: bool,
    pub(super) contacts: bool,
    pub(super) guard: Option<Guard>,
    pub(super) from: From,
    pub(super) repeats: bool,
    /// Whether it is done with a value that may be unknown.
    pub(super) needs_level: bool,
    pub(super) skips_unknown: bool,
    action: String,
    every: String,
}

#[derive(Clone, Debug)]
pub(super) struct StageText {
    pub(super) name: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) next: Vec<Way>,
}

/// A workflow, in words and as text.
#[derive(Clone, Debug)]
pub(super) struct WorkflowText {
    pub(super) name: &'static str,
    pub(super) applies: Option<Guard>,
    pub(super) initial: usize,
    pub(super) from_any: Vec<Way>,
    pub(super) stages: Vec<StageText>,
}

/// A pack.
#[derive(Clone, Debug)]
pub(super) struct PackText {
    pub(super) text: String,
    pub(super) workflows: Vec<WorkflowText>,
}

impl PackText {
    pub(super) fn new(seed: u64) -> PackText {
        let mut random = Random::new(seed);
        let count = random.between(1, 2);
        let mut workflows: Vec<WorkflowText> = (0..count)
            .map(|index| {
                let is_last = index + 1 == count;
                let applies = (!is_last || random.chance(40)).then(|| Guard::Field(random.below(4)));
                workflow(&mut random, ["one", "two"][usize::from(index == 1)], applies)
            })
            .collect();
        let stages: Vec<StageText> = workflows.iter().flat_map(|workflow| workflow.stages.clone()).collect();
        workflows.iter_mut().flat_map(WorkflowText::guards).for_each(|guard| guard.repair(&stages));
        let mut text = HEAD.trim_start().to_owned();
        contact(&mut random, &mut text);
        text.push_str("workflows:\n");
        workflows.iter().for_each(|workflow| workflow.write(&mut text));
        PackText { text, workflows }
    }
}

fn workflow(random: &mut Random, name: &'static str, applies: Option<Guard>) -> WorkflowText {
    let first = random.below(3);
    let names = &NAMES[first..first + random.between(2, 6) as usize];
    let count = names.len();
    let from_any = (0..random.below(3)).map(|index| way(random, index, count, None)).collect();
    let stages = names
        .iter()
        .enumerate()
        .map(|(own, name)| {
            let mut free: Vec<&'static str> = STEPS.to_vec();
            let steps = (0..random.below(4)).map(|_| step(random, &mut free)).collect::<Vec<Step>>();
            let (entry, cadence): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| step.is_entry);
            let next = (0..random.below(4)).map(|index| way(random, index, count, Some(own))).collect();
            StageText { name, steps: entry.into_iter().chain(cadence).collect(), next }
        })
        .collect();
    WorkflowText { name, applies, initial: random.below(count), from_any, stages }
}

/// A transition of a stage, or from any one.
fn way(random: &mut Random, index: usize, stages: usize, own: Option<usize>) -> Way {
    Way {
        id: format!("t{index}"),
        to: (!random.chance(20)).then(|| random.below(stages)).filter(|to| Some(*to) != own),
        guard: Guard::new(random, 0),
        except: (0..stages).filter(|_| own.is_none() && random.chance(40)).collect(),
        skips_unknown: random.chance(15),
    }
}

fn step(random: &mut Random, free: &mut Vec<&'static str>) -> Step {
    let name = free.remove(random.below(free.len()));
    let is_entry = random.chance(40);
    let mut needs_level = false;
    let (contacts, action) = match random.below(5) {
        0 | 1 => {
            needs_level = random.chance(60);
            let level = if needs_level { "= level" } else { "2" };
            (
                false,
                format!(
                    "do: task\n            assign_to: team\n            level: {level}\n            due_in: 2 days"
                ),
            )
        }
        2 => (true, "do: phone".to_owned()),
        _ => {
            let template = *random.pick(&["reminder", "short", "any"]);
            let fits = |channel: &&str| match template {
                "reminder" => *channel != "call",
                "short" => matches!(*channel, "sms" | "call"),
                _ => true,
            };
            let mut channels: Vec<&str> = CHANNELS.into_iter().filter(fits).filter(|_| random.chance(50)).collect();
            if channels.is_empty() || random.chance(40) {
                channels.insert(0, "preferred");
            }
            let channels = channels.join(", ");
            (true, format!("do: send\n            template: {template}\n            channel: [{channels}]"))
        }
    };
    let distance = random.between(0, 4);
    let from = match random.below(4) {
        _ if is_entry => From::Day(0),
        0 => From::Promise(if random.chance(50) { -distance } else { distance }),
        1 => From::Hearing(if random.chance(50) { -distance } else { distance }),
        _ => From::Day(u32::try_from(random.below(8)).expect("a few")),
    };
    let repeats = !is_entry && random.chance(40);
    let mut every = String::new();
    if repeats {
        let length = *random.pick(&["1 day", "3 days", "1 month", "2 business days"]);
        let _ = write!(every, "\n            every: {length}");
        if random.chance(50) {
            let _ = write!(every, "\n            at_most: {}", random.between(1, 4));
        }
        if random.chance(70) {
            let _ = write!(every, "\n            missed: {}", random.pick(&["latest", "all", "skip"]));
        }
    }
    let guard = random.chance(60).then(|| Guard::new(random, 0));
    let skips_unknown = random.chance(15);
    Step { name, is_entry, contacts, guard, from, repeats, needs_level, skips_unknown, action, every }
}

impl WorkflowText {
    fn guards(&mut self) -> Vec<&mut Guard> {
        let mut guards: Vec<&mut Guard> = self.from_any.iter_mut().map(|way| &mut way.guard).collect();
        for stage in &mut self.stages {
            guards.extend(stage.next.iter_mut().map(|way| &mut way.guard));
            guards.extend(stage.steps.iter_mut().filter_map(|step| step.guard.as_mut()));
        }
        guards
    }

    fn write(&self, text: &mut String) {
        let stage = |index: usize| self.stages[index].name;
        let _ = writeln!(text, "  {}:\n    initial: {}", self.name, stage(self.initial));
        if let Some(guard) = &self.applies {
            let _ = writeln!(text, "    applies_when: {}", guard.text());
        }
        let _ = writeln!(text, "    moved: {{was_first: {}}}", stage(0));
        let write_ways = |text: &mut String, ways: &[Way]| {
            for way in ways {
                let to = way.to.map_or("previous", stage);
                let _ = writeln!(text, "          - id: {}\n            to: {to}", way.id);
                let _ = writeln!(text, "            when: {}", way.guard.text());
                if !way.except.is_empty() {
                    let except: Vec<&str> = way.except.iter().map(|index| stage(*index)).collect();
                    let _ = writeln!(text, "            except: [{}]", except.join(", "));
                }
                if way.skips_unknown {
                    text.push_str("            on_unknown: skip\n");
                }
            }
        };
        if !self.from_any.is_empty() {
            text.push_str("    from_any:\n");
            write_ways(text, &self.from_any);
        }
        text.push_str("    stages:\n");
        for stage in &self.stages {
            let _ = writeln!(text, "      {}:\n        title: Stage {}", stage.name, stage.name);
            for (key, is_entry) in [("enter", true), ("cadence", false)] {
                let steps: Vec<&Step> = stage.steps.iter().filter(|step| step.is_entry == is_entry).collect();
                if !steps.is_empty() {
                    let _ = writeln!(text, "        {key}:");
                    steps.iter().for_each(|step| step.write(text));
                }
            }
            if !stage.next.is_empty() {
                text.push_str("        next:\n");
                write_ways(text, &stage.next);
            }
        }
    }
}

impl Step {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "          - id: {}\n            {}", self.name, self.action);
        if let Some(guard) = &self.guard {
            let _ = writeln!(text, "            when: {}", guard.text());
        }
        let _ = match self.from {
            _ if self.is_entry => Ok(()),
            From::Day(days) => writeln!(text, "            day: {days}{}", self.every),
            From::Promise(days) => self.write_anchor(text, days, "promised"),
            From::Hearing(days) => self.write_anchor(text, days, "hearing"),
        };
        if self.skips_unknown {
            text.push_str("            on_unknown: skip\n");
        }
    }

    fn write_anchor(&self, text: &mut String, days: i64, of: &str) -> std::fmt::Result {
        let (key, days) = if days < 0 { ("before", -days) } else { ("after", days) };
        writeln!(text, "            {key}: {days} days\n            of: {of}{}", self.every)
    }
}

fn contact(random: &mut Random, text: &mut String) {
    let rules = [
        "- {id: hours, channels: [call, sms], hours: 08:00 to under 21:00}",
        "- {id: often, channels: [call, sms, email], limit: {count: contacts, at_most: 1, in: 7 days}}",
        "- {id: rest, wait: {after: contacts, where: channel == \"email\", for: 3 days}}",
        "- {id: look-first, channels: [sms, letter], review_when: b2}",
        "- {id: never, channels: [email, letter], deny_when: b3}",
        "- {id: while-open, deny_when: days_in_stage > 6 and long_here}",
        "- {id: until, channels: [letter], blocked_until: promised}",
    ];
    let taken: Vec<&str> = rules.into_iter().filter(|_| random.chance(40)).collect();
    if taken.is_empty() {
        return;
    }
    let _ = writeln!(text, "contact:\n  policy:");
    if random.chance(30) {
        text.push_str("    applies_when: b1\n");
    }
    text.push_str("    rules:\n");
    for rule in taken {
        let _ = writeln!(text, "      {rule}");
    }
}

/// A case, as it is on a day.
#[derive(Clone, Debug)]
pub(super) struct CaseText {
    pub(super) key: String,
    pub(super) fields: [Option<bool>; 4],
    pub(super) level: Option<i64>,
    /// None where there is none.
    pub(super) promised: Option<NaiveDate>,
    /// None where it is not known.
    pub(super) hearing: Option<NaiveDate>,
    preferred: Option<&'static str>,
    balance: bool,
    contacts: Vec<(DateTime<Utc>, String)>,
}

impl CaseText {
    pub(super) fn new(random: &mut Random, key: String, today: NaiveDate) -> CaseText {
        let mut case = CaseText {
            key,
            fields: [None; 4],
            level: None,
            promised: None,
            hearing: None,
            preferred: None,
            balance: true,
            contacts: Vec::new(),
        };
        for _ in 0..12 {
            case.change(random, today);
        }
        case
    }

    /// Changes something.
    pub(super) fn change(&mut self, random: &mut Random, today: NaiveDate) {
        let some_day = |random: &mut Random| {
            let days = Days::new(random.below(12) as u64);
            if random.chance(40) { today - days } else { today + days }
        };
        match random.below(10) {
            0..=5 => self.fields[random.below(4)] = (!random.chance(12)).then(|| random.chance(50)),
            6 => self.level = random.chance(50).then_some(3),
            7 => self.promised = random.chance(70).then(|| some_day(random)),
            8 => self.hearing = random.chance(80).then(|| some_day(random)),
            _ => {
                self.preferred = random.chance(70).then(|| *random.pick(&CHANNELS));
                self.balance = random.chance(80);
            }
        }
    }

    pub(super) fn contacted(&mut self, at: DateTime<Utc>, channel: &str) {
        self.contacts.push((at, channel.to_owned()));
    }

    pub(super) fn json(&self) -> String {
        let mut record = serde_json::json!({"case_id": self.key, "time_zones": ["America/Chicago"]});
        for (field, value) in self.fields.iter().enumerate() {
            if let Some(value) = value {
                record[format!("b{field}")] = (*value).into();
            }
        }
        let date = |date: NaiveDate| date.to_string();
        let texts = [
            ("promised", self.promised.map(date)),
            ("hearing", self.hearing.map(date)),
            ("preferred", self.preferred.map(str::to_owned)),
            ("balance", self.balance.then(|| "12.50".to_owned())),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                record[key] = value.into();
            }
        }
        if let Some(level) = self.level {
            record["level"] = level.into();
        }
        let contact =
            |(at, channel): &(DateTime<Utc>, String)| serde_json::json!({"at": at.to_rfc3339(), "channel": channel});
        record["contacts"] = self.contacts.iter().map(contact).collect();
        record.to_string()
    }
}
