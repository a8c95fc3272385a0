//! `recoup explain`: why one case is decided as it is.

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
        Ok(Answer { text: explanation.to_text(), json: explanation.to_json(), status: Status::Good })
    })
}
