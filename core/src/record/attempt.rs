//! A contact about to be made, as hosts and tests say it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Problem;
use crate::diagnostic::did_you_mean;

/// Who can begin a contact.
pub(crate) const INITIATORS: [&str; 3] = ["us", "debtor", "other"];

/// A contact about to be made: its channel, and what else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub(crate) channel: String,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) initiated_by: String,
    pub(crate) purpose: Option<String>,
    pub(crate) recipient: String,
    pub(crate) address: Option<String>,
    pub(crate) template: Option<String>,
}

impl Attempt {
    /// A contact of ours with the debtor by a channel of the pack, at the instant of the evaluation.
    pub fn by(channel: impl Into<String>) -> Attempt {
        Attempt {
            channel: channel.into(),
            at: None,
            initiated_by: "us".to_owned(),
            purpose: None,
            recipient: "debtor".to_owned(),
            address: None,
            template: None,
        }
    }

    /// The instant of the contact.
    pub fn at(self, at: DateTime<Utc>) -> Attempt {
        Attempt { at: Some(at), ..self }
    }

    /// Who begins it: `us`, `debtor` or `other`.
    pub fn initiated_by(self, who: impl Into<String>) -> Attempt {
        Attempt { initiated_by: who.into(), ..self }
    }

    /// What it is for.
    pub fn purpose(self, purpose: impl Into<String>) -> Attempt {
        Attempt { purpose: Some(purpose.into()), ..self }
    }

    /// Who is contacted, instead of the debtor.
    pub fn recipient(self, recipient: impl Into<String>) -> Attempt {
        Attempt { recipient: recipient.into(), ..self }
    }

    /// The number or address that is used.
    pub fn address(self, address: impl Into<String>) -> Attempt {
        Attempt { address: Some(address.into()), ..self }
    }

    /// The template that is sent.
    pub fn template(self, template: impl Into<String>) -> Attempt {
        Attempt { template: Some(template.into()), ..self }
    }

    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// The instant of the contact, where it is not that of the evaluation.
    pub(crate) fn instant(&self) -> Option<DateTime<Utc>> {
        self.at
    }

    /// What is wrong with it, in a pack with these channels and templates. A pack without templates takes any: they are
    /// the host's own.
    pub(crate) fn problems(&self, channels: &[Arc<str>], templates: &[&str]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let channels = || channels.iter().map(|channel| &**channel);
        if !channels().any(|channel| channel == self.channel) {
            let message = format!("the pack has no channel `{}`", self.channel);
            problems.push(Problem::new("attempt.channel", message, did_you_mean(&self.channel, channels())));
        }
        if !INITIATORS.contains(&self.initiated_by.as_str()) {
            let message = format!("`{}` does not begin contacts", self.initiated_by);
            let help = "one of `us`, `debtor`, `other`".to_owned();
            problems.push(Problem::new("attempt.initiated_by", message, Some(help)));
        }
        if let Some(template) = &self.template
            && !templates.is_empty()
            && !templates.contains(&template.as_str())
        {
            let message = format!("the pack has no template `{template}`");
            let help = did_you_mean(template, templates.iter().copied());
            problems.push(Problem::new("attempt.template", message, help));
        }
        problems
    }
}
