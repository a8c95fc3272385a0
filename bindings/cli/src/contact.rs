//! `recoup contact`: whether one contact may be made.

use chrono::{DateTime, Utc};
use recoup::{Attempt, ContactCheck, Verdict};

use crate::cases::instant;
use crate::one_case::{Answer, OneCaseArguments};
use crate::status::{Status, Stop};
use crate::terminal::escaped;

/// What `recoup contact` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    case: OneCaseArguments,
    /// The channel of the contact
    #[arg(long, value_name = "CHANNEL")]
    channel: String,
    /// The instant of the contact [default: that of the evaluation]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Who begins it: `us`, `debtor` or `other`
    #[arg(long, value_name = "WHO")]
    initiated_by: Option<String>,
    /// What it is for
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// Who is contacted, instead of the debtor
    #[arg(long, value_name = "WHO")]
    recipient: Option<String>,
    /// The number or address that is used
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// The template that is sent
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
}

/// Prints the verdict, or the problems of the record or the attempt. A contact that is not allowed is a finding.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    arguments.case.carry_out(|engine, decided| {
        let check = engine.judge_contact(decided, &arguments.attempt())?;
        let status = if check.verdict() == Verdict::Allow { Status::Good } else { Status::Findings };
        Ok(Answer { text: text(&check, &arguments.channel), json: check.to_json(), status })
    })
}

impl Arguments {
    fn attempt(&self) -> Attempt {
        let mut attempt = Attempt::by(&self.channel);
        if let Some(at) = self.at {
            attempt = attempt.at(at);
        }
        for (text, with) in [
            (&self.initiated_by, Attempt::initiated_by as fn(Attempt, String) -> Attempt),
            (&self.purpose, Attempt::purpose),
            (&self.recipient, Attempt::recipient),
            (&self.address, Attempt::address),
            (&self.template, Attempt::template),
        ] {
            if let Some(text) = text {
                attempt = with(attempt, text.clone());
            }
        }
        attempt
    }
}

fn text(check: &ContactCheck, channel: &str) -> String {
    let mut text = format!("{}  {} with {}\n", check.verdict().word(), escaped(channel), escaped(check.key()));
    if !check.has_policy() {
        text.push_str("  no contact policy applies to the case\n");
    }
    for reason in check.reasons() {
        text.push_str(&format!("  {}  {}", reason.verdict.word(), reason.rule));
        let more = [&reason.because, &reason.source, &reason.error].into_iter().flatten();
        more.for_each(|more| text.push_str(&format!("; {}", escaped(more))));
        if !reason.unknown.is_empty() {
            text.push_str(&format!("; not known: {}", reason.unknown.join(", ")));
        }
        text.push('\n');
    }
    match (check.next_allowed_at(), check.never_because()) {
        (Some(at), _) if at != check.at() => {
            text.push_str(&format!("  allowed from {}\n", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)));
        }
        (None, Some(why)) => text.push_str(&format!("  never allowed while all else stays: {why}\n")),
        _ => {}
    }
    text
}
