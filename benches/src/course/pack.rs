//! The policy with a workflow in place of its table of transitions, cadences, and contact policies, as a rule pack.
//!
//! Stages and transitions are those of the policy; `STEPS` says what is done in each. The rest is `data/course.yaml`.

use std::fmt::Write as _;

use crate::Result;
use crate::pack::{self, Sources};
use crate::policy::Policy;

/// The name of the workflow.
pub const WORKFLOW: &str = "collections";

/// What is done in each stage, as YAML: on entering it, and on its days.
const STEPS: [(&str, &str, &str); 10] = [
    (
        "NEW",
        "- {id: welcome, do: send, template: welcome, channel: [preferred, letter]}",
        "- {id: introduce, day: 3, do: call, unless: promise_due != none}",
    ),
    (
        "SOFT",
        "",
        "- {id: reminder, day: 1, do: send, template: reminder, channel: [preferred, email]}
- {id: weekly, day: 7, every: 7 days, at_most: 3, do: send, template: reminder, channel: [sms, email]}",
    ),
    (
        "REMIND",
        "",
        "- {id: reminder, day: 0, do: send, template: reminder, channel: [preferred, email]}
- {id: ring, day: 5, do: call, when: balance >= 500}
- {id: weekly, day: 10, every: 7 days, at_most: 4, do: send, template: reminder, channel: [sms, email]}",
    ),
    (
        "CALL",
        "",
        "- {id: ring, day: 0, every: 2 days, at_most: 10, do: call, unless: promise_due != none}
- {id: letter, day: 12, do: send, template: notice, channel: [letter]}",
    ),
    (
        "PROMISE",
        "",
        "- {id: before-promise, before: 2 days, of: promise_due, do: send, template: promise_reminder, channel: [preferred, sms]}
- {id: missed, after: 1 days, of: promise_due, do: call}",
    ),
    (
        "NEGOTIATE",
        "",
        "- {id: offer, day: 1, do: call, unless: hardship}
- {id: follow-up, day: 10, do: send, template: notice, channel: [preferred, letter]}",
    ),
    (
        "PRELEGAL",
        "- {id: final, do: send, template: final, channel: [letter]}",
        "- {id: last-call, day: 14, do: call}",
    ),
    ("LEGAL", "- {id: file, do: task, assign_to: legal}", ""),
    ("AGENCY", "- {id: place, do: task, assign_to: agency}", ""),
    ("CLOSED", "", ""),
];

/// The pack.
///
/// # Errors
/// When the policy has no stages.
pub fn sources(policy: &Policy) -> Result<Sources> {
    let mut sources = pack::without_stages(policy);
    sources.push(pack::file("course.yaml", include_str!("../../data/course.yaml").to_owned()));
    sources.push(pack::file("workflow.yaml", workflow(policy)?));
    Ok(sources)
}

fn workflow(policy: &Policy) -> Result<String> {
    let mut text = format!("workflows:\n  {WORKFLOW}:\n    initial: NEW\n    stages:\n");
    for stage in policy.choices("stage")? {
        let _ = writeln!(text, "      {stage}:");
        let (_, enter, cadence) =
            STEPS.iter().find(|(name, ..)| name == stage).ok_or_else(|| format!("nothing is said of {stage}"))?;
        for (key, steps) in [("enter", enter), ("cadence", cadence)] {
            if !steps.is_empty() {
                let _ = writeln!(text, "        {key}:");
                steps.lines().for_each(|step| {
                    let _ = writeln!(text, "          {step}");
                });
            }
        }
        text.push_str("        next:\n");
        // A rule that leads to its own stage keeps those behind it from being followed.
        let mut stays = Vec::new();
        for (number, rule) in policy.transitions.iter().filter(|rule| rule.then.from == *stage).enumerate() {
            let conditions: Vec<String> = pack::expressions(policy, &rule.conditions).collect();
            if rule.then.to == *stage {
                stays.push(conditions.join(" and "));
                continue;
            }
            let _ = writeln!(text, "          - to: {}\n            id: t{}", rule.then.to, number + 1);
            for (key, lines) in [("when", &conditions), ("unless", &stays)] {
                if !lines.is_empty() {
                    let _ = writeln!(text, "            {key}:");
                }
                for line in lines {
                    let _ = writeln!(text, "              - {line}");
                }
            }
        }
    }
    Ok(text)
}
