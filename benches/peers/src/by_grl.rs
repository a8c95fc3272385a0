//! rust-rule-engine: a rule of its language for each rule, groups in which only the first one fires, one pass.

use std::fmt::Write as _;

use recoup_benches::baseline::Outcome;
use recoup_benches::cases::Case;
use recoup_benches::policy::{Policy, Rule};
use recoup_benches::{Error, Result};
use rust_rule_engine::{EngineConfig, Facts, KnowledgeBase, RustRuleEngine, Value};

use crate::clauses::{self, Answers};

pub struct Peer {
    policy: Policy,
    engine: RustRuleEngine,
    cases: Vec<Vec<(String, Value)>>,
    facts: Facts,
}

impl Peer {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Peer> {
        let knowledge = KnowledgeBase::new("policy");
        knowledge.add_rules_from_grl(&rules(policy)).map_err(|error| Error::from(error.to_string()))?;
        let config = EngineConfig { max_cycles: 1, enable_stats: false, ..EngineConfig::default() };
        Ok(Peer {
            policy: policy.clone(),
            engine: RustRuleEngine::with_config(knowledge, config),
            cases: cases.iter().map(|case| values(policy, case)).collect(),
            facts: Facts::new(),
        })
    }

    fn fact(&self, name: &str) -> Result<Value> {
        self.facts.get(name).ok_or_else(|| format!("there is no fact `{name}`").into())
    }
}

impl crate::Peer for Peer {
    fn name(&self) -> String {
        "rust-rule-engine 1.21.10".to_owned()
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        // What a case leaves behind would decide the next one.
        let facts = Facts::new();
        for (name, value) in self.cases.get(place).ok_or("there is no such case")? {
            facts.set(name, value.clone());
        }
        self.engine.execute(&facts).map_err(|error| Error::from(error.to_string()))?;
        self.facts = facts;
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome> {
        let mut answers = Answers {
            segment: self.fact("segment")?.to_string(),
            basis_points: integer(&self.fact("discount_bps")?)?,
            role: self.fact("role")?.to_string(),
            triggers: 0,
            incentive: integer(&self.fact("incentive")?)?,
            stage: self.fact("next_stage")?.to_string(),
        };
        for (bit, rule) in self.policy.triggers.iter().enumerate() {
            if self.facts.contains(&rule.then.0) {
                answers.triggers |= 1 << bit;
            }
        }
        answers.outcome(&self.policy)
    }
}

fn values(policy: &Policy, case: &Case) -> Vec<(String, Value)> {
    let mut values: Vec<(String, Value)> = clauses::map(policy, &case.values)
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                serde_json::Value::Bool(flag) => Value::Boolean(flag),
                serde_json::Value::String(text) => Value::String(text),
                number => Value::Integer(number.as_i64().unwrap_or(0)),
            };
            (name, value)
        })
        .collect();
    // Where no rule of a group fires, these stand.
    let stage = values.iter().find(|(name, _)| name == "stage").map(|(_, stage)| stage.clone());
    values.push(("discount_bps".to_owned(), Value::Integer(0)));
    values.push(("role".to_owned(), Value::String("NONE".to_owned())));
    values.extend(stage.map(|stage| ("next_stage".to_owned(), stage)));
    values
}

fn integer(value: &Value) -> Result<i64> {
    value.to_number().map(|number| number.floor() as i64).ok_or_else(|| format!("{value:?} is no number").into())
}

fn rules(policy: &Policy) -> String {
    let mut text = String::new();
    let mut salience = 1_000;
    let segmentation =
        |then: &recoup_benches::policy::Segment| format!("segment = \"{}\";", clauses::segment(policy, then.0));
    group(&mut text, &mut salience, policy, "segmentation", &policy.segmentation, segmentation);
    group(&mut text, &mut salience, policy, "settlement", &policy.settlement, |then| {
        format!("discount_bps = {}; role = \"{}\";", then.basis_points, then.role)
    });
    for rule in &policy.triggers {
        let when = clauses::compared(policy, &rule.conditions);
        one(&mut text, &mut salience, &rule.then.0, "", &when, &format!("{} = true;", rule.then.0));
    }
    group(&mut text, &mut salience, policy, "incentive", &policy.incentive, |then| {
        format!("incentive = balance * {} / 10000;", then.0)
    });
    for (number, rule) in policy.transitions.iter().enumerate() {
        let when = format!("stage == \"{}\" && {}", rule.then.from, clauses::compared(policy, &rule.conditions));
        let then = format!("next_stage = \"{}\";", rule.then.to);
        one(&mut text, &mut salience, &format!("transition{number}"), "activation-group \"transition\" ", &when, &then);
    }
    text
}

fn group<Then>(
    text: &mut String,
    salience: &mut i32,
    policy: &Policy,
    name: &str,
    rules: &[Rule<Then>],
    then: impl Fn(&Then) -> String,
) {
    for (number, rule) in rules.iter().enumerate() {
        let when = match rule.conditions.as_slice() {
            [] => "balance >= 0".to_owned(),
            conditions => clauses::compared(policy, conditions),
        };
        let group = format!("activation-group \"{name}\" ");
        one(text, salience, &format!("{name}{number}"), &group, &when, &then(&rule.then));
    }
}

fn one(text: &mut String, salience: &mut i32, name: &str, group: &str, when: &str, then: &str) {
    let _ = writeln!(
        text,
        "rule \"{name}\" salience {salience} {group}{{\n    when\n        {when}\n    then\n        {then}\n}}\n"
    );
    *salience -= 1;
}
