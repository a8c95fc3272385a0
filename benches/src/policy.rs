//! The policy of the benchmarks as data: takes `data/policy.json`, gives rules over numbered fields.
//!
//! Every value is an integer: money in cents, a score in thousandths, a choice as its place in its list, a boolean as 0
//! or 1. Writes no engine's input; [`pack`](crate::pack) does that for recoup.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Result;

/// What decides a case: five parts, of which the second reads the result of the first.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The fields of a case, and last the segment, which the first part gives.
    pub fields: Vec<Field>,
    /// The first row that holds gives the segment.
    pub segmentation: Vec<Rule<Segment>>,
    /// The first row that holds gives the discount and who may grant it; without one there is none.
    pub settlement: Vec<Rule<Discount>>,
    /// All that hold are triggered.
    pub triggers: Vec<Rule<Trigger>>,
    /// The first row that holds gives the incentive.
    pub incentive: Vec<Rule<Incentive>>,
    /// The first row that holds gives the next stage; without one the stage stays.
    pub transitions: Vec<Rule<Transition>>,
}

/// A field of a case.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, in every engine.
    pub name: String,
    /// What its integers mean.
    pub kind: Kind,
}

/// What the integers of a field mean.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Cents.
    Money,
    /// Themselves.
    Integer,
    /// Thousandths.
    Thousandths,
    /// 0 or 1.
    Boolean,
    /// Places in a list of names.
    Choice(Vec<String>),
}

/// Conditions that must all hold, and what follows.
#[derive(Clone, Debug)]
pub struct Rule<Then> {
    /// What must hold; nothing where the rule is for all that is left.
    pub conditions: Vec<Condition>,
    /// What follows.
    pub then: Then,
}

/// A test of one field.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The place of the field in [`Policy::fields`].
    pub field: usize,
    /// What must hold of its value.
    pub test: Test,
}

/// What must hold of a value.
#[derive(Clone, Debug)]
pub enum Test {
    /// `low <= value < high`; without a bound that side is open.
    Range {
        /// The least value that holds.
        low: Option<i64>,
        /// The first value that does not hold any more.
        high: Option<i64>,
    },
    /// One of these.
    In(Vec<i64>),
    /// This boolean.
    Is(bool),
}

/// The place of a segment in the list of segments.
#[derive(Clone, Debug)]
pub struct Segment(pub i64);

/// What may be offered.
#[derive(Clone, Debug)]
pub struct Discount {
    /// Hundredths of a percent.
    pub basis_points: i64,
    /// The name of the role that may grant it.
    pub role: String,
}

/// The name of a trigger.
#[derive(Clone, Debug)]
pub struct Trigger(pub String);

/// The part of the balance that is offered, in hundredths of a percent.
#[derive(Clone, Debug)]
pub struct Incentive(pub i64);

/// From one stage to the next, as names.
#[derive(Clone, Debug)]
pub struct Transition {
    /// The stage in which the rule is looked at.
    pub from: String,
    /// The stage that follows.
    pub to: String,
}

/// The names of the roles, in the order of their numbers.
pub const ROLES: [&str; 6] = ["AGENT", "SENIOR", "SUPERVISOR", "MANAGER", "DIRECTOR", "NONE"];

impl Policy {
    /// The committed policy: 76 rules, 216 conditions, 26 fields.
    ///
    /// # Errors
    /// When the file is not what this module reads.
    pub fn committed() -> Result<Policy> {
        let file: File = serde_json::from_str(include_str!("../data/policy.json"))?;
        let mut fields = Vec::new();
        for field in &file.fields {
            fields.push(Field { name: field.name.clone(), kind: file.kind(field)? });
        }
        fields.push(Field { name: "segment".to_owned(), kind: Kind::Choice(file.names("segment")?) });

        let mut policy = Policy {
            fields,
            segmentation: Vec::new(),
            settlement: Vec::new(),
            triggers: Vec::new(),
            incentive: Vec::new(),
            transitions: Vec::new(),
        };
        let segments = file.names("segment")?;
        for row in &file.seg {
            let then = Segment(place(&segments, &row.out)?);
            policy.segmentation.push(Rule { conditions: policy.conditions(&row.c)?, then });
        }
        for row in &file.set {
            let then = Discount { basis_points: row.bps, role: row.role.clone() };
            policy.settlement.push(Rule { conditions: policy.conditions(&row.c)?, then });
        }
        for row in &file.trig {
            policy.triggers.push(Rule { conditions: policy.conditions(&row.c)?, then: Trigger(row.name.clone()) });
        }
        for row in &file.inc {
            policy.incentive.push(Rule { conditions: policy.conditions(&row.c)?, then: Incentive(row.bps) });
        }
        for row in &file.trans {
            let then = Transition { from: row.from.clone(), to: row.to.clone() };
            policy.transitions.push(Rule { conditions: policy.conditions(&row.c)?, then });
        }
        Ok(policy)
    }

    /// How many rules the policy has.
    pub fn rule_count(&self) -> usize {
        self.segmentation.len()
            + self.settlement.len()
            + self.triggers.len()
            + self.incentive.len()
            + self.transitions.len()
    }

    /// How many conditions its rules have; the stages from which transitions go are not counted.
    pub fn condition_count(&self) -> usize {
        fn count<Then>(rules: &[Rule<Then>]) -> usize {
            rules.iter().map(|rule| rule.conditions.len()).sum()
        }
        count(&self.segmentation)
            + count(&self.settlement)
            + count(&self.triggers)
            + count(&self.incentive)
            + count(&self.transitions)
    }

    /// The fields that a case brings: all but the segment.
    pub fn case_fields(&self) -> &[Field] {
        self.fields.split_last().map_or(&[], |(_, fields)| fields)
    }

    /// The place of the segment among the fields.
    pub fn segment_field(&self) -> usize {
        self.fields.len().saturating_sub(1)
    }

    /// The place of a field.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn field(&self, name: &str) -> Result<usize> {
        let place = self.fields.iter().position(|field| field.name == name);
        place.ok_or_else(|| format!("the policy has no field `{name}`").into())
    }

    /// The names of a field's choices.
    ///
    /// # Errors
    /// When there is no such field, or it is no choice.
    pub fn choices(&self, name: &str) -> Result<&[String]> {
        match self.fields.get(self.field(name)?).map(|field| &field.kind) {
            Some(Kind::Choice(names)) => Ok(names),
            _ => Err(format!("`{name}` is no choice").into()),
        }
    }

    fn conditions(&self, raw: &[RawCondition]) -> Result<Vec<Condition>> {
        raw.iter()
            .map(|condition| {
                let field = self.field(&condition.f)?;
                let kind = self.fields.get(field).map_or(&Kind::Integer, |field| &field.kind);
                let test = match &condition.test {
                    RawTest::Range { lo, hi } => Test::Range {
                        low: lo.map(|bound| kind.number(bound)),
                        high: hi.map(|bound| kind.number(bound)),
                    },
                    RawTest::In { v } => Test::In(v.iter().map(|name| kind.place(name)).collect::<Result<_>>()?),
                    RawTest::Is { v } => Test::Is(*v),
                };
                Ok(Condition { field, test })
            })
            .collect()
    }
}

impl Kind {
    /// The integer of a number of the files.
    pub fn number(&self, number: f64) -> i64 {
        let scaled = if matches!(self, Kind::Thousandths) { number * 1000.0 } else { number };
        scaled.round() as i64
    }

    /// The integer of a choice.
    ///
    /// # Errors
    /// When this is no choice, or has no such name.
    pub fn place(&self, name: &str) -> Result<i64> {
        match self {
            Kind::Choice(names) => place(names, name),
            _ => Err(format!("`{name}` is given for a field that is no choice").into()),
        }
    }

    /// A value as people and rule packs write it: `879.00`, `0.034`, `CARD`, `true`.
    pub fn text(&self, value: i64) -> String {
        match self {
            Kind::Money => format!("{}.{:02}", value / 100, value % 100),
            Kind::Integer => value.to_string(),
            Kind::Thousandths => format!("{}.{:03}", value / 1000, value % 1000),
            Kind::Boolean => (value != 0).to_string(),
            Kind::Choice(names) => {
                usize::try_from(value).ok().and_then(|place| names.get(place)).cloned().unwrap_or_default()
            }
        }
    }
}

impl Test {
    /// Whether a value passes.
    pub fn holds(&self, value: i64) -> bool {
        match self {
            Test::Range { low, high } => low.is_none_or(|low| value >= low) && high.is_none_or(|high| value < high),
            Test::In(values) => values.contains(&value),
            Test::Is(wanted) => (value != 0) == *wanted,
        }
    }
}

fn place(names: &[String], name: &str) -> Result<i64> {
    let place = names.iter().position(|known| known == name).ok_or_else(|| format!("there is no choice `{name}`"))?;
    Ok(i64::try_from(place)?)
}

// The file, key by key.

#[derive(Deserialize)]
struct File {
    enums: BTreeMap<String, Vec<String>>,
    fields: Vec<RawField>,
    seg: Vec<RawSegment>,
    set: Vec<RawDiscount>,
    trig: Vec<RawTrigger>,
    inc: Vec<RawIncentive>,
    trans: Vec<RawTransition>,
}

#[derive(Deserialize)]
struct RawField {
    name: String,
    kind: String,
}

#[derive(Deserialize)]
struct RawCondition {
    f: String,
    #[serde(flatten)]
    test: RawTest,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum RawTest {
    Range { lo: Option<f64>, hi: Option<f64> },
    In { v: Vec<String> },
    Is { v: bool },
}

#[derive(Deserialize)]
struct RawSegment {
    c: Vec<RawCondition>,
    out: String,
}

#[derive(Deserialize)]
struct RawDiscount {
    c: Vec<RawCondition>,
    bps: i64,
    role: String,
}

#[derive(Deserialize)]
struct RawTrigger {
    name: String,
    c: Vec<RawCondition>,
}

#[derive(Deserialize)]
struct RawIncentive {
    c: Vec<RawCondition>,
    bps: i64,
}

#[derive(Deserialize)]
struct RawTransition {
    from: String,
    c: Vec<RawCondition>,
    to: String,
}

impl File {
    fn names(&self, choice: &str) -> Result<Vec<String>> {
        self.enums.get(choice).cloned().ok_or_else(|| format!("the policy has no choices of `{choice}`").into())
    }

    fn kind(&self, field: &RawField) -> Result<Kind> {
        Ok(match field.kind.as_str() {
            "money" => Kind::Money,
            "int" => Kind::Integer,
            "float" => Kind::Thousandths,
            "bool" => Kind::Boolean,
            "enum" => Kind::Choice(self.names(&field.name)?),
            other => return Err(format!("`{}` is of the unknown kind `{other}`", field.name).into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_policy_is_whole() {
        let policy = Policy::committed().unwrap();
        assert_eq!(policy.rule_count(), 76);
        assert_eq!(policy.condition_count(), 216);
        assert_eq!(policy.case_fields().len(), 26);
    }
}
