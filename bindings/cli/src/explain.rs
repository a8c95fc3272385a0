//! `recoup explain`: why one case is decided as it is.

use chrono::SecondsFormat;

use crate::one_case::{Answer, OneCaseArguments};
use crate::status::{Status, Stop};

/// What `recoup explain` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    case: OneCaseArguments,
}

/// Prints the explanation, or the problems of the record.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    arguments.case.carry_out(|_, decided| {
        let explanation = decided.explain();
        let next = match decided.decision.next_review_at() {
            Some(at) => format!("at {}", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => "never: time changes nothing".to_owned(),
        };
        let text = format!("{}\nnext review {next}\n", explanation.to_text());
        Ok(Answer { text, json: explanation.to_json(), status: Status::Good })
    })
}
