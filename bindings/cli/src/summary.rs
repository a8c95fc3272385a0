//! What a run came to, for the person who started it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recoup::{Engine, FailedResult, Metric, Problem, UnknownResult};

use crate::problem_kinds::ProblemKinds;
use crate::terminal::counted;

/// How many kinds of problems are listed.
const KINDS: usize = 10;
/// How many facts are named for an unknown result.
const FACTS: usize = 5;

/// Counts over all cases of a run.
#[derive(Debug)]
pub(crate) struct Summary {
    decided: usize,
    refused: usize,
    problem_kinds: ProblemKinds,
    /// In the order of the pack.
    hits: Vec<(String, u64)>,
    /// By experiment, in the order of the pack.
    experiments: Vec<Arms>,
    unknowns: BTreeMap<String, Unknown>,
    /// By place and code.
    errors: BTreeMap<(String, &'static str), Failed>,
}

/// An experiment, and the cases of each of its arms.
#[derive(Debug)]
struct Arms {
    name: String,
    counts: Vec<(String, u64)>,
    /// The cases that take no part.
    none: u64,
}

#[derive(Debug, Default)]
struct Unknown {
    count: u64,
    facts: BTreeSet<String>,
}

#[derive(Debug)]
struct Failed {
    count: u64,
    place: Option<String>,
}

impl Summary {
    /// Of no cases yet.
    pub(crate) fn of(engine: &Engine) -> Summary {
        let hits: Vec<(String, u64)> = engine.rule_ids().into_iter().map(|id| (id, 0)).collect();
        let experiments = engine.experiments().map(|(name, arms)| Arms {
            name: name.to_owned(),
            counts: arms.into_iter().map(|arm| (arm.to_owned(), 0)).collect(),
            none: 0,
        });
        Summary {
            experiments: experiments.collect(),
            decided: 0,
            refused: 0,
            problem_kinds: ProblemKinds::default(),
            hits,
            unknowns: BTreeMap::new(),
            errors: BTreeMap::new(),
        }
    }

    /// Counts a decided case: the rows that fired, by their positions in the pack, and what is unknown or failed.
    pub(crate) fn add(&mut self, fired: &[usize], doubts: Option<&(Vec<UnknownResult>, Vec<FailedResult>)>) {
        self.decided += 1;
        for row in fired {
            if let Some((_, hits)) = self.hits.get_mut(*row) {
                *hits += 1;
            }
        }
        let Some((unknowns, errors)) = doubts else { return };
        for result in unknowns {
            let unknown = self.unknowns.entry(result.at.to_string()).or_default();
            unknown.count += 1;
            unknown.facts.extend(result.facts.iter().map(|fact| fact.to_string()));
        }
        for result in errors {
            let failed = self.errors.entry((result.at.to_string(), result.code.slug()));
            failed.or_insert_with(|| Failed { count: 0, place: result.place.clone() }).count += 1;
        }
    }

    /// Counts the arms of a decided case.
    pub(crate) fn add_arms(&mut self, arms: &[Option<String>]) {
        for (experiment, arm) in self.experiments.iter_mut().zip(arms) {
            let known = experiment.counts.iter_mut().find(|(name, _)| arm.as_ref() == Some(name));
            *known.map_or(&mut experiment.none, |(_, count)| count) += 1;
        }
    }

    /// Counts a refused case.
    pub(crate) fn add_refused(&mut self, problems: &[Problem]) {
        self.refused += 1;
        for problem in problems {
            self.problem_kinds.add(problem);
        }
    }

    /// The summary as text. `what` names the pack and the instant.
    pub(crate) fn text(&self, what: &str, took: Duration, metrics: &[Metric]) -> String {
        let mut sections = vec![format!(
            "{} decided, {} refused, in {:.1} seconds, by {what}\n",
            counted(self.decided, "case"),
            self.refused,
            took.as_secs_f64(),
        )];
        let kinds = self.problem_kinds.counts();
        let mut problems: Vec<Line> = kinds.iter().take(KINDS).map(|(count, text)| (*count, text.clone())).collect();
        if kinds.len() > KINDS {
            let rest: u64 = kinds.iter().skip(KINDS).map(|(count, _)| *count).sum();
            problems.push((rest, format!("in {}", counted(kinds.len() - KINDS, "kind") + " more")));
        }
        sections.push(section("problems of refused cases", &problems));
        if self.decided > 0 {
            let hits: Vec<Line> = self.hits.iter().map(|(id, count)| (*count, id.clone())).collect();
            sections.push(section("cases in which each row and rule fired", &hits));
        }
        if self.decided > 0 {
            sections.push(arms_section(&self.experiments));
        }
        let unknowns: Vec<Line> = self
            .unknowns
            .iter()
            .map(|(at, unknown)| (unknown.count, format!("{at}  for want of {}", fact_list(&unknown.facts))))
            .collect();
        sections.push(section("unknown results", &most_first(unknowns)));
        let errors: Vec<Line> = self
            .errors
            .iter()
            .map(|((at, code), failed)| {
                let place = failed.place.as_deref().map(|place| format!("  at {place}")).unwrap_or_default();
                (failed.count, format!("{at}  {code}{place}"))
            })
            .collect();
        sections.push(section("errors", &most_first(errors)));
        sections.push(metric_section(metrics));
        sections.retain(|section| !section.is_empty());
        sections.join("\n")
    }
}

/// A count and what it counts.
type Line = (u64, String);

fn most_first(mut lines: Vec<Line>) -> Vec<Line> {
    // Stable: what is equally frequent stays in its order.
    lines.sort_by_key(|(count, _)| Reverse(*count));
    lines
}

fn section(title: &str, lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let width = lines.iter().map(|(count, _)| count.to_string().len()).max().unwrap_or(0);
    let lines: String = lines.iter().map(|(count, text)| format!("  {count:>width$}  {text}\n")).collect();
    format!("{title}\n{lines}")
}

/// The cases of each arm, a line for each experiment.
fn arms_section(experiments: &[Arms]) -> String {
    if experiments.is_empty() {
        return String::new();
    }
    let width = experiments.iter().map(|experiment| experiment.name.chars().count()).max().unwrap_or(0);
    let line = |experiment: &Arms| {
        let counts = experiment.counts.iter().map(|(arm, count)| format!("{arm} {count}"));
        let counts: Vec<String> = counts.chain([format!("none {}", experiment.none)]).collect();
        format!("  {:width$}  {}\n", experiment.name, counts.join(", "))
    };
    format!("cases by experiment and arm\n{}", experiments.iter().map(line).collect::<String>())
}

/// The metrics, a line each.
fn metric_section(metrics: &[Metric]) -> String {
    if metrics.is_empty() {
        return String::new();
    }
    let width = metrics.iter().map(|metric| metric.name().chars().count()).max().unwrap_or(0);
    let line = |metric: &Metric| {
        let unit = metric.unit().filter(|_| metric.value().is_some());
        let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        let doubt = match metric.unknown_cases() {
            0 => String::new(),
            count => format!("  (not known in {count} cases)"),
        };
        format!("  {:width$}  {}{unit}{doubt}\n", metric.name(), metric.text())
    };
    format!("metrics\n{}", metrics.iter().map(line).collect::<String>())
}

fn fact_list(facts: &BTreeSet<String>) -> String {
    let mut names: Vec<&str> = facts.iter().take(FACTS).map(String::as_str).collect();
    if facts.len() > FACTS {
        names.push("...");
    }
    names.join(", ")
}
