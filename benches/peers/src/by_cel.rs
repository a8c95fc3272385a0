//! cel: a compiled program for each rule, with the fields as variables; Rust walks the rules.

use std::sync::Arc;

use cel::{Context, Env, Program, Value};
use recoup_benches::baseline::Outcome;
use recoup_benches::cases::Case;
use recoup_benches::policy::{Policy, Rule};
use recoup_benches::{Error, Result};

use crate::clauses::{self, Answers};

pub struct Peer {
    policy: Policy,
    segmentation: Vec<Option<Program>>,
    settlement: Vec<Option<Program>>,
    triggers: Vec<Option<Program>>,
    incentive: Vec<Option<Program>>,
    /// What the rules of `incentive` give.
    amounts: Vec<Program>,
    transitions: Vec<Option<Program>>,
    /// Each case, and its stage.
    contexts: Vec<(Context<'static, 'static>, String)>,
    answers: Answers,
}

impl Peer {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Peer> {
        let env = Arc::new(Env::stdlib());
        let stages = policy.choices("stage")?;
        let stage = policy.field("stage")?;
        let mut contexts = Vec::new();
        for case in cases {
            let mut context = Context::with_env(env.clone());
            for (name, value) in clauses::map(policy, &case.values) {
                let value = match value {
                    serde_json::Value::Bool(flag) => Value::Bool(flag),
                    serde_json::Value::String(text) => Value::String(Arc::new(text)),
                    number => Value::Int(number.as_i64().unwrap_or(0)),
                };
                context.add_variable_from_value(name, value);
            }
            let stage = usize::try_from(*case.values.get(stage).ok_or("a case has no stage")?)?;
            contexts.push((context, stages.get(stage).ok_or("there is no such stage")?.clone()));
        }
        let amounts = policy.incentive.iter().map(|rule| compile(&env, &format!("balance * {} / 10000", rule.then.0)));
        Ok(Peer {
            segmentation: programs(&env, policy, &policy.segmentation)?,
            settlement: programs(&env, policy, &policy.settlement)?,
            triggers: programs(&env, policy, &policy.triggers)?,
            incentive: programs(&env, policy, &policy.incentive)?,
            amounts: amounts.collect::<Result<Vec<_>>>()?,
            transitions: programs(&env, policy, &policy.transitions)?,
            contexts,
            policy: policy.clone(),
            answers: Answers::default(),
        })
    }
}

impl crate::Peer for Peer {
    fn name(&self) -> String {
        "cel 0.15.0".to_owned()
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        let Peer { policy, answers, .. } = self;
        let (context, stage) = self.contexts.get(place).ok_or("there is no such case")?;

        let row = first(&self.segmentation, context)?.ok_or("no segment")?;
        answers.segment =
            policy.segmentation.get(row).map_or_else(String::new, |rule| clauses::segment(policy, rule.then.0));
        let mut inner = context.new_inner_scope();
        inner.add_variable_from_value("segment", Value::String(Arc::new(answers.segment.clone())));
        let settlement = first(&self.settlement, &inner)?.and_then(|row| policy.settlement.get(row));
        answers.basis_points = settlement.map_or(0, |rule| rule.then.basis_points);
        answers.role = settlement.map_or_else(|| "NONE".to_owned(), |rule| rule.then.role.clone());

        answers.triggers = 0;
        for (bit, program) in self.triggers.iter().enumerate() {
            if holds(program, context)? {
                answers.triggers |= 1 << bit;
            }
        }

        let row = first(&self.incentive, context)?.ok_or("no incentive")?;
        let amount = self.amounts.get(row).ok_or("no amount")?.execute(context);
        answers.incentive = match amount.map_err(|error| Error::from(error.to_string()))? {
            Value::Int(cents) => cents,
            other => return Err(format!("the incentive is {other:?}").into()),
        };

        answers.stage.clone_from(stage);
        for (rule, program) in policy.transitions.iter().zip(&self.transitions) {
            if rule.then.from == *stage && holds(program, context)? {
                answers.stage.clone_from(&rule.then.to);
                break;
            }
        }
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome> {
        self.answers.outcome(&self.policy)
    }
}

/// A program for each rule; none for a rule without conditions.
fn programs<Then>(env: &Arc<Env>, policy: &Policy, rules: &[Rule<Then>]) -> Result<Vec<Option<Program>>> {
    rules
        .iter()
        .map(|rule| match rule.conditions.as_slice() {
            [] => Ok(None),
            conditions => compile(env, &clauses::bare(policy, conditions)).map(Some),
        })
        .collect()
}

fn compile(env: &Arc<Env>, text: &str) -> Result<Program> {
    env.compile(text).map_err(|error| Error::from(error.to_string()))
}

fn first(programs: &[Option<Program>], context: &Context<'_, '_>) -> Result<Option<usize>> {
    for (row, program) in programs.iter().enumerate() {
        if holds(program, context)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn holds(program: &Option<Program>, context: &Context<'_, '_>) -> Result<bool> {
    match program.as_ref().map(|program| program.execute(context)) {
        None => Ok(true),
        Some(Ok(Value::Bool(holds))) => Ok(holds),
        Some(Ok(other)) => Err(format!("a condition is {other:?}").into()),
        Some(Err(error)) => Err(error.to_string().into()),
    }
}
