//! `recoup offer`: what becomes of one offer to settle.

use recoup::{Offer, OfferCheck, OfferVerdict};

use crate::one_case::{Answer, OneCaseArguments};
use crate::status::{Status, Stop};
use crate::terminal::escaped;

/// What `recoup offer` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    case: OneCaseArguments,
    /// What is offered, such as `600.00`
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    amount: String,
    /// In how many instalments
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    instalments: u32,
    /// Who is to accept it: a role of the pack's authority
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

/// Prints the verdict, or the problems of the record or the offer. An offer that is not accepted is a finding.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    arguments.case.carry_out(|engine, decided| {
        let mut offer = Offer::of(&arguments.amount).instalments(arguments.instalments);
        if let Some(role) = &arguments.role {
            offer = offer.role(role);
        }
        let check = engine.judge_offer_of(decided, &offer)?;
        let status = if check.verdict() == OfferVerdict::Accepted { Status::Good } else { Status::Findings };
        Ok(Answer { text: text(&check), json: check.to_json(), status })
    })
}

fn text(check: &OfferCheck) -> String {
    let report = check.report();
    let parts = |count: u32| if count == 1 { "one payment".to_owned() } else { format!("{count} instalments") };
    let verdict = report.verdict.word().replace('_', " ");
    let mut text =
        format!("{verdict}  {} in {} from {}\n", report.amount, parts(report.instalments), escaped(check.key()));
    if let Some(role) = &report.approval_by {
        text.push_str(&format!("  {role} may accept it\n"));
    }
    if let Some(because) = &report.because {
        let rules = if report.rules.is_empty() { String::new() } else { format!(": {}", report.rules.join(", ")) };
        text.push_str(&format!("  {}{rules}\n", escaped(because)));
    }
    if let Some(counter) = &report.counter {
        text.push_str(&format!("  {} in {} would be accepted\n", counter.amount, parts(counter.instalments)));
    }
    for part in &report.plan {
        text.push_str(&format!("  {}  {}\n", part.due, part.amount));
    }
    if let Some(until) = report.valid_until {
        text.push_str(&format!("  it stands until {until}\n"));
    }
    text
}
