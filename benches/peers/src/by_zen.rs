//! zen-engine: the tables as one graph in its JSON, one after the other, compiled.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use recoup_benches::baseline::Outcome;
use recoup_benches::cases::Case;
use recoup_benches::policy::{Condition, Field, Policy, Rule, Test};
use recoup_benches::{Error, Result};
use serde_json::{Value, json};
use zen_engine::model::GraphContent;
use zen_engine::{Decision, DecisionGraphResponse, Variable};

use crate::clauses::{self, Answers};

pub struct Peer {
    policy: Policy,
    decision: Decision,
    cases: Vec<Variable>,
    response: Option<DecisionGraphResponse>,
}

impl Peer {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Peer> {
        Ok(Peer {
            policy: policy.clone(),
            decision: load(&model(policy)?)?,
            cases: cases.iter().map(|case| Value::Object(clauses::map(policy, &case.values)).into()).collect(),
            response: None,
        })
    }
}

impl crate::Peer for Peer {
    fn name(&self) -> String {
        "zen-engine 2.1.6".to_owned()
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        let case = self.cases.get(place).ok_or("there is no such case")?.shallow_clone();
        let mut evaluation = pin!(self.decision.evaluate(case));
        // The graph waits for nothing, so it is ready at once.
        match evaluation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => {
                self.response = Some(response.map_err(|error| Error::from(error.to_string()))?);
                Ok(())
            }
            Poll::Pending => Err("the graph waits".into()),
        }
    }

    fn outcome(&self) -> Result<Outcome> {
        let result = self.response.as_ref().ok_or("nothing was decided")?.result.to_value();
        let text = |key: &str| result[key].as_str().map(str::to_owned).ok_or_else(|| format!("no `{key}` in {result}"));
        let number = |value: &Value| value.as_i64().or_else(|| value.as_f64().map(|number| number as i64));
        let integer = |key: &str| number(&result[key]).ok_or_else(|| format!("no `{key}` in {result}"));
        let mut answers = Answers {
            segment: text("segment")?,
            basis_points: integer("discount_bps")?,
            role: text("role")?,
            triggers: 0,
            incentive: integer("incentive")?,
            stage: text("next_stage")?,
        };
        for row in result["triggers"].as_array().ok_or("no triggers")? {
            answers.triggers |= u16::try_from(number(&row["bit"]).ok_or("no bit")?)?;
        }
        answers.outcome(&self.policy)
    }
}

/// From JSON to a decision that is ready.
pub fn load(model: &str) -> Result<Decision> {
    let mut content: GraphContent = serde_json::from_str(model)?;
    content.compile();
    Ok(Decision::from(content))
}

/// The policy in zen-engine's JSON.
pub fn model(policy: &Policy) -> Result<String> {
    let mut nodes = vec![json!({"id": "in", "name": "in", "type": "inputNode", "content": {}})];
    nodes.push(table(
        policy,
        "segmentation",
        &["segment"],
        None,
        rows(policy, &policy.segmentation, |then| vec![format!("\"{}\"", clauses::segment(policy, then.0))]),
    ));
    let mut settlement =
        rows(policy, &policy.settlement, |then| vec![then.basis_points.to_string(), format!("\"{}\"", then.role)]);
    settlement.push((Vec::new(), vec!["0".to_owned(), "\"NONE\"".to_owned()]));
    nodes.push(table(policy, "settlement", &["discount_bps", "role"], None, settlement));
    let triggers = policy.triggers.iter().enumerate();
    let triggers = triggers.map(|(bit, rule)| (cells(policy, &rule.conditions), vec![(1_u16 << bit).to_string()]));
    nodes.push(table(policy, "triggers", &["bit"], Some("triggers"), triggers.collect()));
    nodes.push(table(
        policy,
        "incentive",
        &["incentive"],
        None,
        rows(policy, &policy.incentive, |then| vec![format!("floor(balance * {} / 10000)", then.0)]),
    ));
    let transitions = policy.transitions.iter().map(|rule| {
        let mut cells = cells(policy, &rule.conditions);
        cells.push(("stage".to_owned(), format!("\"{}\"", rule.then.from)));
        (cells, vec![format!("\"{}\"", rule.then.to)])
    });
    let mut transitions: Vec<Row> = transitions.collect();
    transitions.push((Vec::new(), vec!["stage".to_owned()]));
    nodes.push(table(policy, "transition", &["next_stage"], None, transitions));
    nodes.push(json!({"id": "out", "name": "out", "type": "outputNode", "content": {}}));
    let edges: Vec<Value> = nodes
        .windows(2)
        .enumerate()
        .map(|(number, pair)| {
            let id = |place: usize| pair.get(place).map(|node| node["id"].clone());
            json!({"id": format!("e{number}"), "type": "edge", "sourceId": id(0), "targetId": id(1)})
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({"nodes": nodes, "edges": edges}))?)
}

/// The cells of a row by their fields, and its outputs.
type Row = (Vec<(String, String)>, Vec<String>);

fn rows<Then>(policy: &Policy, rules: &[Rule<Then>], then: impl Fn(&Then) -> Vec<String>) -> Vec<Row> {
    rules.iter().map(|rule| (cells(policy, &rule.conditions), then(&rule.then))).collect()
}

/// A table node; the first row that holds, or where a path is given all of them as a list there.
fn table(policy: &Policy, name: &str, outputs: &[&str], all_at: Option<&str>, rows: Vec<Row>) -> Value {
    let fields: Vec<&Field> = policy
        .fields
        .iter()
        .filter(|field| rows.iter().any(|(cells, _)| cells.iter().any(|(known, _)| *known == field.name)))
        .collect();
    let rules: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(number, (cells, then))| {
            let mut rule = serde_json::Map::new();
            rule.insert("_id".to_owned(), format!("{name}{number}").into());
            for field in &fields {
                let cell = cells.iter().find(|(known, _)| *known == field.name);
                rule.insert(field.name.clone(), cell.map_or("", |(_, text)| text).into());
            }
            for (output, text) in outputs.iter().zip(then) {
                rule.insert(format!("then_{output}"), text.as_str().into());
            }
            rule.into()
        })
        .collect();
    let inputs: Vec<Value> =
        fields.iter().map(|Field { name, .. }| json!({"id": name, "name": name, "field": name})).collect();
    let outputs: Vec<Value> =
        outputs.iter().map(|name| json!({"id": format!("then_{name}"), "name": name, "field": name})).collect();
    json!({
        "id": name,
        "name": name,
        "type": "decisionTableNode",
        "content": {
            "hitPolicy": if all_at.is_some() { "collect" } else { "first" },
            "inputs": inputs,
            "outputs": outputs,
            "rules": rules,
            "passThrough": true,
            "outputPath": all_at,
        },
    })
}

fn cells(policy: &Policy, conditions: &[Condition]) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    for condition in conditions {
        let Some(Field { name, kind }) = policy.fields.get(condition.field) else { continue };
        let text = match &condition.test {
            Test::Range { low: Some(low), high: Some(high) } => format!("[{low}..{high})"),
            Test::Range { low: Some(low), high: None } => format!(">= {low}"),
            Test::Range { low: None, high: Some(high) } => format!("< {high}"),
            Test::Range { low: None, high: None } => continue,
            Test::In(values) => {
                let names: Vec<String> = values.iter().map(|value| format!("\"{}\"", kind.text(*value))).collect();
                names.join(", ")
            }
            Test::Is(wanted) => wanted.to_string(),
        };
        cells.push((name.clone(), text));
    }
    cells
}
