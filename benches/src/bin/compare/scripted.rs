//! Four families of rules as scripts, `rules/scripted`, against the same as tables, `rules/us-consumer`: the example
//! portfolio, a case at a time. What both come to is compared first.

use std::fs;
use std::path::Path;

use recoup::{Answer, Engine, Evaluation, Evaluator, LoadOptions, Record};
use recoup_benches::timing::{Contender, compare};
use recoup_benches::{Error, Result};

use crate::report::Report;

const AS_OF: &str = "2026-09-07T18:00:00-04:00";
const PORTFOLIO: &str = "examples/data/portfolio.ndjson";
const DECISIONS: usize = 500;

/// A pack with the cases of the portfolio read into it.
struct Side {
    evaluator: Evaluator,
    cases: Vec<Record>,
}

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join(PORTFOLIO))?;
    let side = |pack: &str| -> Result<Side> {
        let load = LoadOptions::new().without_analysis().load(root.join("rules").join(pack));
        let engine: Engine = load.map_err(|error| Error::from(error.to_string()))?;
        let evaluator = engine.evaluator(AS_OF.parse()?)?;
        let cases: std::result::Result<Vec<Record>, _> = text.lines().map(|line| evaluator.read(line)).collect();
        Ok(Side { cases: cases.map_err(|error| Error::from(error.to_string()))?, evaluator })
    };
    let (tables, scripts) = (side("us-consumer")?, side("scripted")?);
    for case in 0..tables.cases.len() {
        let (wanted, found) = (results(&tables, case)?, results(&scripts, case)?);
        if wanted != found {
            return Err(format!("case {case} comes to {wanted:?} by tables, and to {found:?} by scripts").into());
        }
    }
    let contender = |name: &str, side: &Side| {
        let (mut evaluator, cases) = (side.evaluator.clone(), side.cases.clone());
        let mut evaluation: Evaluation = evaluator.evaluation();
        Contender::new(name, move |order| {
            for place in order {
                if let Some(case) = cases.get(*place) {
                    // Both sides decided each case before.
                    let _ = evaluator.evaluate_into(case, &mut evaluation);
                }
            }
        })
    };
    let mut contenders = [contender("us-consumer, tables", &tables), contender("scripted", &scripts)];
    let times = compare(&mut contenders, tables.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        let first = times.first().ok_or("nothing was timed")?;
        report.time(&contender.name, of.median(), Some((of.ratio(first), "the tables")));
    }
    Ok(())
}

/// What the families come to for a case.
fn results(side: &Side, case: usize) -> Result<(Vec<Option<Answer>>, Vec<String>, String)> {
    let case = side.cases.get(case).ok_or("no such case")?;
    let decided = side.evaluator.decide(case).map_err(|error| Error::from(error.to_string()))?;
    let decision = &decided.decision;
    // A script names the first of what is missing, a table all of it.
    let plain = |answer| match answer {
        Some(Answer::Unknown(_)) => Some(Answer::Unknown(Vec::new())),
        other => other,
    };
    let answers = ["segment", "strategy"].map(|name| plain(decision.get(name))).into();
    let escalations = decision.escalations().map(str::to_owned).collect();
    Ok((answers, escalations, format!("{:?} {:?}", decision.incentives(), decision.settlement())))
}
