//! `recoup contact`: whether one contact may be made.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use recoup::{Attempt, ContactCheck};

use crate::cases::{CasesArguments, decide, find, instant, problems_lines, row_name};
use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{escaped, print, print_raw, tell};

/// What `recoup contact` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    #[command(flatten)]
    cases: CasesArguments,
    /// The key of the case
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    id: String,
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
    /// How the verdict is shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Prints the verdict, or the problems of the record or the attempt. A contact that is not allowed is a finding.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let engine = arguments.pack.load_to_use()?;
    let as_of = arguments.cases.as_of();
    let row = find(&arguments.cases, &arguments.id, &engine, as_of)?;
    let states = arguments.cases.states()?;
    let checked =
        decide(&engine, &row, &states, as_of).and_then(|decided| engine.judge_contact(&decided, &arguments.attempt()));
    match checked {
        Ok(check) => {
            match arguments.format {
                Format::Text => print(&text(&check, &arguments.channel))?,
                Format::Json => print_raw(&format!("{}\n", check.to_json()))?,
            }
            Ok(if check.verdict() == recoup::Verdict::Allow { Status::Good } else { Status::Findings })
        }
        Err(error) => {
            let row = row_name(row.number(), row.key().as_deref());
            tell(&format!("{row} is refused:\n{}", problems_lines(&error.problems)));
            Ok(Status::Findings)
        }
    }
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
