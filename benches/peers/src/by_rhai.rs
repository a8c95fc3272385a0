//! Rhai alone: a script for each table, compiled, with the fields as variables of the scope.

use std::fmt::Write as _;

use recoup_benches::baseline::Outcome;
use recoup_benches::cases::Case;
use recoup_benches::policy::{Policy, Rule};
use recoup_benches::{Error, Result};
use rhai::{AST, Array, Dynamic, Engine, Scope};
use serde_json::Value;

use crate::clauses::{self, Answers};

pub struct Peer {
    policy: Policy,
    engine: Engine,
    segmentation: AST,
    settlement: AST,
    triggers: AST,
    incentive: AST,
    transitions: AST,
    scopes: Vec<Scope<'static>>,
    answers: Answers,
}

impl Peer {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Peer> {
        let mut engine = Engine::new();
        // A long chain of `else if` nests deep.
        engine.set_max_expr_depths(0, 0);
        let compile = |script: String| engine.compile(&script).map_err(|error| Error::from(error.to_string()));
        let mut triggers = String::from("{ let fired = 0;\n");
        for (bit, rule) in policy.triggers.iter().enumerate() {
            let _ = writeln!(triggers, "if {} {{ fired |= {}; }}", clauses::bare(policy, &rule.conditions), 1 << bit);
        }
        triggers.push_str("fired }");
        let mut transitions = String::from("switch stage {\n");
        for stage in policy.choices("stage")? {
            let rules: Vec<_> = policy.transitions.iter().filter(|rule| rule.then.from == *stage).collect();
            let chain = rules.iter().fold(String::new(), |mut chain, rule| {
                let _ =
                    write!(chain, "if {} {{ \"{}\" }} else ", clauses::bare(policy, &rule.conditions), rule.then.to);
                chain
            });
            let _ = writeln!(transitions, "\"{stage}\" => {chain}{{ stage }},");
        }
        transitions.push('}');
        Ok(Peer {
            segmentation: compile(chain(policy, &policy.segmentation, "\"\"", |then| {
                format!("\"{}\"", clauses::segment(policy, then.0))
            }))?,
            settlement: compile(chain(policy, &policy.settlement, "[0, \"NONE\"]", |then| {
                format!("[{}, \"{}\"]", then.basis_points, then.role)
            }))?,
            triggers: compile(triggers)?,
            incentive: compile(chain(policy, &policy.incentive, "0", |then| format!("balance * {} / 10000", then.0)))?,
            transitions: compile(transitions)?,
            scopes: cases.iter().map(|case| scope(policy, case)).collect(),
            policy: policy.clone(),
            engine,
            answers: Answers::default(),
        })
    }
}

impl crate::Peer for Peer {
    fn name(&self) -> String {
        "Rhai 1.27.0".to_owned()
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        let Peer { engine, answers, .. } = self;
        let scope = self.scopes.get_mut(place).ok_or("there is no such case")?;
        let run = |scope: &mut Scope<'static>, script: &AST| -> Result<Dynamic> {
            engine.eval_ast_with_scope(scope, script).map_err(|error| Error::from(error.to_string()))
        };
        let fields = scope.len();
        let segment = run(scope, &self.segmentation)?;
        scope.push_dynamic("segment", segment.clone());
        let settlement = run(scope, &self.settlement)?;
        scope.rewind(fields);
        let triggers = run(scope, &self.triggers)?;
        let incentive = run(scope, &self.incentive)?;
        let stage = run(scope, &self.transitions)?;

        let mut settlement = settlement.try_cast::<Array>().ok_or("no settlement")?.into_iter();
        answers.segment = text(segment)?;
        answers.basis_points = integer(settlement.next().unwrap_or_default())?;
        answers.role = text(settlement.next().unwrap_or_default())?;
        answers.triggers = integer(triggers)?.try_into()?;
        answers.incentive = integer(incentive)?;
        answers.stage = text(stage)?;
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome> {
        self.answers.outcome(&self.policy)
    }
}

/// A first-hit table as `if` and `else`.
fn chain<Then>(policy: &Policy, rules: &[Rule<Then>], rest: &str, then: impl Fn(&Then) -> String) -> String {
    let mut script = String::new();
    for rule in rules {
        if rule.conditions.is_empty() {
            let _ = write!(script, "{{ {} }}", then(&rule.then));
            return script;
        }
        let _ = write!(script, "if {} {{ {} }}\nelse ", clauses::bare(policy, &rule.conditions), then(&rule.then));
    }
    let _ = write!(script, "{{ {rest} }}");
    script
}

fn scope(policy: &Policy, case: &Case) -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, value) in clauses::map(policy, &case.values) {
        match value {
            Value::Bool(flag) => scope.push(name, flag),
            Value::String(text) => scope.push(name, rhai::ImmutableString::from(text)),
            number => scope.push(name, number.as_i64().unwrap_or(0)),
        };
    }
    scope
}

fn integer(value: Dynamic) -> Result<i64> {
    value.as_int().map_err(|found| format!("a number, and not {found}, is right").into())
}

fn text(value: Dynamic) -> Result<String> {
    value.into_string().map_err(|found| format!("a text, and not {found}, is right").into())
}
