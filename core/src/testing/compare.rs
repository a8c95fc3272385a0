//! What a test expects against what came of it.

use chrono::{DateTime, Utc};

use super::Tried;
use crate::check::samples::{Expectation, ExpectationKind, Expected, ExpectedContact, ExpectedStage, Test};
use crate::conduct::contact::{Judgement, Next};
use crate::decision::{Decision, OfferReport, Parts, StageReport, last_part};
use crate::record::Problem;
use crate::value::ops::{self, Comparison};
use crate::value::show::{self, Show};
use crate::value::{Failure, Outcome, Value, number};

/// The differences for a record that was refused.
pub(super) fn refusal(test: &Test, problems: &[Problem]) -> Vec<String> {
    let wanted = test.expect.iter().find_map(|expectation| match &expectation.kind {
        ExpectationKind::Refused(paths) => Some(paths),
        _ => None,
    });
    let list = || problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n");
    let Some(wanted) = wanted else { return vec![format!("the record is refused:\n{}", list())] };
    let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut found: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    for paths in [&mut wanted, &mut found] {
        paths.sort_unstable();
        paths.dedup();
    }
    let mut failures = Vec::new();
    if wanted != found {
        failures.push(format!("refused: expected problems at [{}], found\n{}", wanted.join(", "), list()));
    }
    if test.expect.len() > 1 {
        failures.push("the record is refused, so nothing else can be expected of it".to_owned());
    }
    failures
}

/// The differences for a case that was decided.
pub(super) fn decision(test: &Test, tried: &Tried, parts: &Parts<'_>) -> Vec<String> {
    let decision = &tried.decision;
    let show = Show { currency_decimals: parts.checked.header.currency_decimals };
    let mut failures: Vec<String> =
        test.expect.iter().filter_map(|expectation| difference(expectation, tried, show)).collect();
    let says_errors = test.expect.iter().any(|expectation| {
        matches!(
            &expectation.kind,
            ExpectationKind::Errors(_)
                | ExpectationKind::Slot { value: Expected::Error(_), .. }
                | ExpectationKind::Escalation { value: Expected::Error(_), .. }
        )
    });
    if !says_errors {
        for error in decision.errors() {
            failures.push(format!("errors: {} failed with {}: {}", error.at, error.code.slug(), error.message));
        }
    }
    failures
}

fn difference(expectation: &Expectation, tried: &Tried, show: Show) -> Option<String> {
    let (decision, trace) = (&tried.decision, &tried.trace);
    let what = &expectation.what;
    match &expectation.kind {
        ExpectationKind::Slot { slot, value } => {
            let found = trace.slots.get(*slot)?;
            compare(what, value, found, show)
        }
        ExpectationKind::Escalations(wanted) => {
            let found: Vec<&str> = decision.escalations().collect();
            (*wanted != found)
                .then(|| format!("escalations: expected [{}], found [{}]", wanted.join(", "), found.join(", ")))
        }
        ExpectationKind::Escalation { id, output, value } => {
            let Some(escalation) = decision.escalation_list().iter().find(|escalation| *escalation.id == **id) else {
                return Some(format!("escalations: `{id}` did not fire"));
            };
            let found = match output.as_str() {
                "level" => &escalation.level,
                "assign_to" => &escalation.assign_to,
                "due_in" => &escalation.due_in,
                _ => &escalation.due_on,
            };
            compare(&format!("{what}.{output}"), value, found, show)
        }
        ExpectationKind::Fired(wanted) => {
            let missing: Vec<&str> =
                wanted.iter().map(|id| &**id).filter(|id| !tried.fired().any(|fired| fired == *id)).collect();
            (!missing.is_empty()).then(|| format!("fired: {} did not fire", missing.join(", ")))
        }
        ExpectationKind::NotFired(unwanted) => {
            let found: Vec<&str> =
                unwanted.iter().map(|id| &**id).filter(|id| tried.fired().any(|fired| fired == *id)).collect();
            (!found.is_empty()).then(|| format!("not_fired: {} fired", found.join(", ")))
        }
        ExpectationKind::Unknowns(wanted) => {
            let found: Vec<&str> = decision.unknowns().iter().map(|unknown| &*unknown.at).collect();
            differing_sets("unknowns", wanted.iter().map(String::as_str).collect(), found)
        }
        ExpectationKind::Errors(wanted) => {
            let found: Vec<&str> = decision.errors().iter().map(|error| &*error.at).collect();
            let places = differing_sets("errors", wanted.iter().map(|(at, _)| at.as_str()).collect(), found);
            places.or_else(|| {
                wanted.iter().find_map(|(at, code)| {
                    let found = decision.errors().iter().find(|error| *error.at == **at)?;
                    let code = code.as_deref().filter(|code| *code != found.code.slug())?;
                    Some(format!(
                        "errors: {at} was expected to fail with {code}, but failed with {}",
                        found.code.slug()
                    ))
                })
            })
        }
        ExpectationKind::Incentives(wanted) => incentives(wanted, decision, show),
        ExpectationKind::Settlement(wanted) => settlement(wanted, decision, show),
        ExpectationKind::Arms(wanted) => arms(wanted, decision),
        ExpectationKind::Offer(wanted) => match &tried.offer {
            Some(Ok(report)) => offer(wanted, report, show),
            Some(Err(problems)) => Some(format!("offer: it is refused: {}", listed(problems))),
            None => Some("offer: no offer was judged".to_owned()),
        },
        ExpectationKind::Stage(wanted) => stage(wanted, decision.stage()),
        ExpectationKind::Actions(wanted) => {
            let found: Vec<&str> = decision.actions().iter().map(|action| last_part(&action.step)).collect();
            (*wanted != found)
                .then(|| format!("actions: expected [{}], found [{}]", wanted.join(", "), found.join(", ")))
        }
        ExpectationKind::Action { step, items } => action(step, items, decision),
        ExpectationKind::NextReview(wanted) => {
            let found = decision.next_review_at();
            (*wanted != found)
                .then(|| format!("next_review_at: expected {}, found {}", instant(*wanted), instant(found)))
        }
        ExpectationKind::Contact(wanted) => contact(wanted, tried.judgement.as_ref()),
        ExpectationKind::Refused(paths) => {
            Some(format!("refused: expected problems at [{}], but the record is good", paths.join(", ")))
        }
    }
}

/// An instant, or that there is none.
fn instant(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "none".to_owned(), show::instant)
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ")
}

/// An amount as it is shown, however it was written.
fn shown_amount(text: &str, show: Show) -> String {
    number::parse(text).map_or_else(|| text.to_owned(), |amount| show.text(&Value::Money(amount)))
}

/// The arms that the case is otherwise in than expected.
fn arms(wanted: &[(String, String)], decision: &Decision) -> Option<String> {
    let failures: Vec<String> = wanted
        .iter()
        .filter_map(|(experiment, wanted)| {
            let found = decision.arms().find(|(known, _)| known == experiment).and_then(|(_, arm)| arm);
            let found = found.unwrap_or("none");
            (wanted != found).then(|| format!("arms.{experiment}: expected {wanted}, found {found}"))
        })
        .collect();
    (!failures.is_empty()).then(|| failures.join("\n"))
}

/// What the debtor is offered otherwise than expected.
fn incentives(wanted: &[(String, Option<String>)], decision: &Decision, show: Show) -> Option<String> {
    let found: Vec<(&str, &str)> = decision
        .incentives()
        .map_or(&[][..], |report| &report.offers)
        .iter()
        .map(|offer| (last_part(&offer.id), offer.amount.as_str()))
        .collect();
    let is_same = wanted.len() == found.len()
        && wanted.iter().zip(&found).all(|((id, amount), (found, found_amount))| {
            id == found && amount.as_ref().is_none_or(|amount| shown_amount(amount, show) == *found_amount)
        });
    let wanted: Vec<String> = wanted
        .iter()
        .map(|(id, amount)| amount.as_ref().map_or_else(|| id.clone(), |amount| format!("{id} {amount}")))
        .collect();
    let found: Vec<String> = found.iter().map(|(id, amount)| format!("{id} {amount}")).collect();
    (!is_same).then(|| format!("incentives: expected [{}], found [{}]", wanted.join(", "), found.join(", ")))
}

/// What the case may be settled for otherwise than expected.
fn settlement(wanted: &[(String, String)], decision: &Decision, show: Show) -> Option<String> {
    let found: Vec<(String, String)> = decision.settlement().map_or_else(Vec::new, |report| {
        report.limits.iter().map(|limit| (limit.instalments.to_string(), limit.amount.clone())).collect()
    });
    let listed = |limits: &[(String, String)]| {
        let limits: Vec<String> = limits.iter().map(|(count, amount)| format!("{count}: {amount}")).collect();
        if limits.is_empty() { "none".to_owned() } else { limits.join(", ") }
    };
    if decision.settlement().is_none() {
        return Some("settlement: it is not known".to_owned());
    }
    let is_found = |(count, amount): &(String, String)| {
        let amount = shown_amount(amount, show);
        found.iter().any(|(known, found)| known == count && *found == amount)
            || amount == "none" && found.iter().all(|(known, _)| known != count)
    };
    let as_expected = if wanted.is_empty() { found.is_empty() } else { wanted.iter().all(is_found) };
    (!as_expected).then(|| format!("settlement: expected {}, found {}", listed(wanted), listed(&found)))
}

/// What becomes of an offer otherwise than expected.
fn offer(wanted: &[(String, String)], report: &OfferReport, show: Show) -> Option<String> {
    let none = || "none".to_owned();
    let failures: Vec<String> = wanted
        .iter()
        .filter_map(|(item, wanted)| {
            let counter = report.counter.as_ref();
            let (wanted, found) = match item.as_str() {
                "verdict" => (wanted.clone(), report.verdict.word().to_owned()),
                "approval_by" => (wanted.clone(), report.approval_by.as_ref().map_or_else(none, ToString::to_string)),
                "counter_amount" => {
                    (shown_amount(wanted, show), counter.map_or_else(none, |counter| counter.amount.clone()))
                }
                "counter_instalments" => {
                    (wanted.clone(), counter.map_or_else(none, |counter| counter.instalments.to_string()))
                }
                _ => (wanted.clone(), report.valid_until.map_or_else(none, |until| until.to_string())),
            };
            (wanted != found).then(|| format!("offer.{item}: expected {wanted}, found {found}"))
        })
        .collect();
    (!failures.is_empty()).then(|| failures.join("\n"))
}

/// Where the case stands otherwise than expected.
fn stage(wanted: &ExpectedStage, found: Option<&StageReport>) -> Option<String> {
    let none = || "none".to_owned();
    let mut failures = Vec::new();
    let mut compare = |what: &str, wanted: &Option<String>, found: Option<String>| {
        let found = found.unwrap_or_else(none);
        if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != found) {
            failures.push(format!("stage{what}: expected {wanted}, found {found}"));
        }
    };
    compare("", &wanted.to, found.map(|stage| stage.to.clone()));
    compare(".from", &wanted.from, found.and_then(|stage| stage.from.clone()));
    let overdue = wanted.overdue.map(|overdue| overdue.to_string());
    compare(".overdue", &overdue, found.map(|stage| stage.overdue.to_string()));
    let steps = |steps: Vec<&str>| format!("[{}]", steps.join(", "));
    let wanted_steps = wanted.steps.as_ref().map(|wanted| steps(wanted.iter().map(|id| &**id).collect()));
    let found_steps = found.map(|stage| steps(stage.steps.iter().map(|step| &*step.rule).collect()));
    compare(".steps", &wanted_steps, found_steps);
    (!failures.is_empty()).then(|| failures.join("\n"))
}

/// What an action says otherwise than expected.
fn action(step: &str, items: &[(String, String)], decision: &Decision) -> Option<String> {
    let Some(action) = decision.actions().iter().find(|action| last_part(&action.step) == step) else {
        return Some(format!("actions: `{step}` is not due"));
    };
    let none = || "none".to_owned();
    let failures: Vec<String> = items
        .iter()
        .filter_map(|(item, wanted)| {
            let found = match item.as_str() {
                "status" => action.status.word().to_owned(),
                "channel" => action.channel.as_ref().map_or_else(none, ToString::to_string),
                "due" => action.due.to_string(),
                "not_before" => action.not_before.map_or_else(none, show::instant),
                "template" => action.template.as_ref().map_or_else(none, |template| template.name.to_string()),
                _ => {
                    let language = action.template.as_ref().and_then(|template| template.language.as_ref());
                    language.map_or_else(none, ToString::to_string)
                }
            };
            (*wanted != found).then(|| format!("actions.{step}.{item}: expected {wanted}, found {found}"))
        })
        .collect();
    (!failures.is_empty()).then(|| failures.join("\n"))
}

/// What the contact policies said otherwise than expected.
fn contact(wanted: &ExpectedContact, judgement: Option<&Judgement>) -> Option<String> {
    let Some(judgement) = judgement else { return Some("contact: no attempt was judged".to_owned()) };
    let mut failures = Vec::new();
    let found = judgement.verdict.word();
    if let Some(verdict) = wanted.verdict.as_deref().filter(|verdict| *verdict != found) {
        let why: Vec<&str> = judgement.reasons.iter().map(|reason| &*reason.rule).collect();
        failures.push(format!("contact: expected {verdict}, found {found} ({})", why.join(", ")));
    }
    let rules: Vec<&str> = judgement.reasons.iter().map(|reason| &*reason.rule).collect();
    if let Some(rule) = wanted.rule.as_deref().filter(|rule| !rules.contains(rule)) {
        failures.push(format!("contact.rule: expected {rule}, found [{}]", rules.join(", ")));
    }
    if let Some(wanted) = &wanted.rules {
        failures.extend(differing_sets("contact.rules", wanted.iter().map(|rule| &**rule).collect(), rules));
    }
    if let Some(wanted) = wanted.next_allowed_at {
        let found = match judgement.next {
            Next::At(at) => Some(at),
            _ => None,
        };
        if wanted != found {
            failures.push(format!("contact.next_allowed_at: expected {}, found {}", instant(wanted), instant(found)));
        }
    }
    (!failures.is_empty()).then(|| failures.join("\n"))
}

fn differing_sets(what: &str, mut wanted: Vec<&str>, mut found: Vec<&str>) -> Option<String> {
    wanted.sort_unstable();
    found.sort_unstable();
    (wanted != found).then(|| format!("{what}: expected [{}], found [{}]", wanted.join(", "), found.join(", ")))
}

fn compare(what: &str, wanted: &Expected, found: &Outcome, show: Show) -> Option<String> {
    if is_as_expected(wanted, found) {
        return None;
    }
    let shown = match found {
        Err(Failure::Unknown(facts)) => {
            format!("unknown ({})", facts.iter().map(|fact| &**fact).collect::<Vec<_>>().join(", "))
        }
        other => show.outcome_text(other),
    };
    Some(format!("{what}: expected {}, found {shown}", text(wanted, show)))
}

fn is_as_expected(wanted: &Expected, found: &Outcome) -> bool {
    match (wanted, found) {
        (Expected::Value(wanted), Ok(found)) => ops::compare(Comparison::Equal, wanted, found),
        (Expected::List(wanted), Ok(Value::List(found))) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found.iter()).all(|(wanted, found)| is_as_expected(wanted, found))
        }
        (Expected::Unknown, Err(Failure::Unknown(_))) => true,
        (Expected::Error(code), Err(Failure::Error(error))) => error.code.slug() == code,
        _ => false,
    }
}

fn text(wanted: &Expected, show: Show) -> String {
    match wanted {
        Expected::Value(value) => show.text(value),
        Expected::List(items) => {
            format!("[{}]", items.iter().map(|item| text(item, show)).collect::<Vec<_>>().join(", "))
        }
        Expected::Unknown => "unknown".to_owned(),
        Expected::Error(code) => format!("error {code}"),
    }
}
