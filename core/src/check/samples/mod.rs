//! Samples and rule tests: full records, and what a decision, a pay or a pool must say of them.

mod expect;
mod pay;
mod state;
mod team;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};

use crate::calendar::date_at;
use crate::check::literals;
use crate::check::names::Names;
use crate::check::pack::{CheckedPack, section};
use crate::check::tables::CheckedTable;
use crate::diagnostic::{Candidates, Code, Finding, Findings, did_you_mean};
use crate::host::StandIns;
use crate::record::{Attempt, Offer, Problem, Raw, RecordReader, Surroundings};
use crate::source::{SourceId, Span};
use crate::syntax::node::MapReader;
use crate::syntax::{Map, Node, NodeKind};
use crate::value::{Failure, RecordType, Value, text};

pub(crate) use pay::{PayExpectation, PayTest};
pub(crate) use state::TestState;
pub(crate) use team::{TeamExpectation, TeamTest};

/// A record that tests start from.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    node: Node,
}

/// What tests of all kinds say: what they are called, where they stand, and the instant they are of.
#[derive(Clone, Debug)]
pub(crate) struct TestHead {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) as_of: DateTime<Utc>,
}

impl TestHead {
    fn named(&self) -> (String, Span) {
        (self.name.clone(), self.span)
    }
}

/// A rule test.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) record: Raw,
    /// The case's past in its workflow.
    pub(crate) state: Option<TestState>,
    /// The offer that is judged.
    pub(crate) offer: Option<Offer>,
    /// The contact that is tried.
    pub(crate) attempt: Option<Attempt>,
    /// What functions of the host give.
    pub(crate) host: StandIns,
    pub(crate) expect: Vec<Expectation>,
}

/// One thing that a test expects.
#[derive(Debug)]
pub(crate) struct Expectation {
    /// As it was written, such as `settlement_floor.floor`.
    pub(crate) what: String,
    pub(crate) kind: ExpectationKind,
}

/// The kinds of expectations.
#[derive(Debug)]
pub(crate) enum ExpectationKind {
    /// The value of a slot: a fact or a result.
    Slot {
        slot: usize,
        value: Expected,
    },
    /// The ids of the escalations that fired, in order.
    Escalations(Vec<String>),
    /// What an escalation that fired gives.
    Escalation {
        id: String,
        output: String,
        value: Expected,
    },
    /// Rows and rules that fired, by qualified id.
    Fired(Vec<Arc<str>>),
    NotFired(Vec<Arc<str>>),
    /// Where something is unknown: exactly these places.
    Unknowns(Vec<String>),
    /// Where something failed, and with which code: exactly these places.
    Errors(Vec<(String, Option<String>)>),
    /// The paths of the problems for which the record is refused.
    Refused(Vec<String>),
    /// What the contact policies say of the attempt.
    Contact(ExpectedContact),
    /// When another decision may follow; nothing where time leads to none.
    NextReview(Option<DateTime<Utc>>),
    /// What the case may be settled for: the amounts by number of instalments, or that there is no settlement.
    Settlement(Vec<(String, String)>),
    /// What the debtor is offered, in order: ids, each with the amount where the test says it.
    Incentives(Vec<(String, Option<String>)>),
    /// The arms that the case is in: by experiment, or `none`.
    Arms(Vec<(String, String)>),
    /// What becomes of the offer: items by name.
    Offer(Vec<(String, String)>),
    /// Where the case stands, and how it came there.
    Stage(ExpectedStage),
    /// The steps whose actions are due, in order.
    Actions(Vec<String>),
    /// What the action of a step says: items by name.
    Action {
        step: String,
        items: Vec<(String, String)>,
    },
}

/// What a test expects of the stage. What it does not say may be anything.
#[derive(Debug, Default)]
pub(crate) struct ExpectedStage {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// The transitions that are followed, in order.
    pub(crate) steps: Option<Vec<Arc<str>>>,
    pub(crate) overdue: Option<bool>,
}

/// What a test expects of the contact policies. What it does not say may be anything.
#[derive(Debug, Default)]
pub(crate) struct ExpectedContact {
    pub(crate) verdict: Option<String>,
    /// A rule that does not allow the contact.
    pub(crate) rule: Option<Arc<str>>,
    /// All rules that do not, in any order.
    pub(crate) rules: Option<Vec<Arc<str>>>,
    /// Nothing inside: there must be no such instant.
    pub(crate) next_allowed_at: Option<Option<DateTime<Utc>>>,
}

/// A value that a test expects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    Value(Value),
    List(Vec<Expected>),
    Unknown,
    Error(String),
}

/// The verdicts of contact policies.
const VERDICTS: [&str; 3] = ["allow", "review", "deny"];

/// Reads samples and tests into the pack.
pub(crate) fn read(root: &Map, pack: &mut CheckedPack, names: &Names, findings: &mut Findings) {
    let samples: Vec<Sample> =
        section(root, "samples").map(|entry| Sample { name: entry.key.clone(), node: entry.value.clone() }).collect();
    // A sample that no test uses is checked as of a day that all history lies before.
    let late = Utc.with_ymd_and_hms(9999, 12, 31, 0, 0, 0).single().unwrap_or_default();
    let mut broken = HashSet::new();
    for sample in &samples {
        if !check_record(pack, &sample.node, late, findings) {
            broken.insert(sample.name.as_str());
        }
    }
    let mut tests: Vec<Test> = Vec::new();
    let mut pay_tests: Vec<PayTest> = Vec::new();
    let mut team_tests: Vec<TeamTest> = Vec::new();
    if let Some(node) = root.get("tests")
        && let NodeKind::List(items) = &node.kind
    {
        let says = |key: &str| section(root, "incentives").any(|entry| entry.key == key);
        let (says_pay_plan, says_team_pool) = (says("collector"), says("team"));
        let known = Known { says_pay_plan, says_team_pool, ..Known::new(pack, &samples, broken) };
        let mut named: HashMap<(SourceId, String), Span> = HashMap::new();
        for item in items {
            let mut reader = TestReader { pack, names, known: &known, findings };
            let has = |key: &str| matches!(&item.kind, NodeKind::Map(map) if map.get(key).is_some());
            let (name, span) = if has("collector") {
                let Some(test) = reader.pay_test(item) else { continue };
                let named = test.head.named();
                pay_tests.push(test);
                named
            } else if has("collectors") {
                let Some(test) = reader.team_test(item) else { continue };
                let named = test.head.named();
                team_tests.push(test);
                named
            } else {
                let Some(test) = reader.test(item) else { continue };
                let named = (test.name.clone(), test.span);
                tests.push(test);
                named
            };
            match named.get(&(span.source, name.clone())) {
                Some(first) => findings.push(
                    Finding::error(Code::DuplicateId, span, format!("two tests of this file are called `{name}`"))
                        .also(*first, "the first")
                        .help("give one another name"),
                ),
                None => {
                    named.insert((span.source, name), span);
                }
            }
        }
    }
    pack.samples = samples;
    pack.tests = tests;
    pack.pay_tests = pay_tests;
    pack.team_tests = team_tests;
}

/// What tests may name, each found by its name.
struct Known<'a> {
    pack: &'a CheckedPack,
    samples: &'a [Sample],
    samples_by_name: HashMap<&'a str, &'a Sample>,
    /// The samples that are refused, which is reported once.
    broken: HashSet<&'a str>,
    /// The qualified ids of rows and rules.
    rows: HashMap<&'a str, &'a Arc<str>>,
    /// The qualified ids of tables and facts.
    steps: HashSet<String>,
    /// Whether the document has a pay plan, and a pool for teams, which may have been refused.
    says_pay_plan: bool,
    says_team_pool: bool,
    /// The same ids, for suggestions: nobody asks in a pack that is right.
    suggestions: OnceCell<Suggestions<'a>>,
}

/// What may be meant by an id that is not there.
struct Suggestions<'a> {
    ids: Candidates,
    /// By the last part of a qualified id, the first that ends so.
    by_last_part: HashMap<&'a str, &'a str>,
}

impl<'a> Known<'a> {
    fn new(pack: &'a CheckedPack, samples: &'a [Sample], broken: HashSet<&'a str>) -> Known<'a> {
        let tables = pack.tables.iter().map(|table| table.id.to_string());
        let facts = pack.facts.iter().filter(|fact| !fact.is_call).map(|fact| format!("facts/{}", fact.name));
        let stages = pack.workflows.iter().flat_map(|workflow| &workflow.stages).map(|stage| stage.id.to_string());
        let workflows = pack.workflows.iter().map(|workflow| workflow.id.to_string());
        let policies = pack.contact.iter().map(|policy| policy.id.to_string());
        let settlement = pack.settlement.iter().map(|_| "settlement".to_owned());
        let wholes = stages.chain(workflows).chain(policies).chain(settlement).chain(["workflows".to_owned()]);
        let experiments = pack.experiments.iter().map(|experiment| experiment.id.to_string());
        Known {
            pack,
            samples,
            samples_by_name: samples.iter().rev().map(|sample| (sample.name.as_str(), sample)).collect(),
            broken,
            rows: rows(pack).map(|row| (&**row, row)).collect(),
            steps: tables.chain(facts).chain(wholes).chain(experiments).collect(),
            says_pay_plan: false,
            says_team_pool: false,
            suggestions: OnceCell::new(),
        }
    }

    fn suggestions(&self) -> &Suggestions<'a> {
        self.suggestions.get_or_init(|| {
            let mut by_last_part = HashMap::new();
            for id in rows(self.pack) {
                by_last_part.entry(id.rsplit('/').next().unwrap_or("")).or_insert(&**id);
            }
            Suggestions { ids: rows(self.pack).map(|id| &**id).collect(), by_last_part }
        })
    }
}

struct TestReader<'a, 'k> {
    pack: &'a CheckedPack,
    names: &'a Names,
    known: &'a Known<'k>,
    findings: &'a mut Findings,
}

impl TestReader<'_, '_> {
    fn test(&mut self, node: &Node) -> Option<Test> {
        let mut reader = MapReader::new(node, "a test", self.findings)?;
        let head = self.head(node, &mut reader);
        let given = reader.required("given", self.findings);
        let change = reader.optional("change", self.findings);
        let state = reader.optional("state", self.findings).and_then(|node| self.state(node));
        let offer_node = reader.optional("offer", self.findings);
        let offer = offer_node.and_then(|node| self.offer(node));
        let attempt_node = reader.optional("attempt", self.findings);
        let attempt = attempt_node.and_then(|node| self.attempt(node));
        let host = reader.optional("host", self.findings).map(|node| self.host(node)).unwrap_or_default();
        let expect = reader.required("expect", self.findings);
        reader.finish(self.findings);
        let expects = |key: &str| {
            expect.and_then(|node| match &node.kind {
                NodeKind::Map(map) => map.entries.iter().find(|entry| entry.key == key),
                _ => None,
            })
        };
        match (offer_node, expects("offer")) {
            (Some(node), None) => self.findings.push(
                Finding::error(Code::MissingKey, node.span, "this test makes an offer, and expects nothing of it")
                    .help("say what becomes of it: `offer: {verdict: accepted}`"),
            ),
            (None, Some(entry)) => self.findings.push(
                Finding::error(Code::MissingKey, entry.key_span, "this test expects a verdict, and makes no offer")
                    .help("say the offer that is judged: `offer: {amount: 600.00, instalments: 3}`"),
            ),
            _ => {}
        }
        let expects_contact = expects("contact");
        match (attempt_node, expects_contact) {
            (Some(node), None) => self.findings.push(
                Finding::error(Code::MissingKey, node.span, "this test makes an attempt, and expects nothing of it")
                    .help("say what the contact policy must answer: `contact: {verdict: deny, rule: RULE}`"),
            ),
            (None, Some(entry)) => self.findings.push(
                Finding::error(Code::MissingKey, entry.key_span, "this test expects a verdict, and makes no attempt")
                    .help("say the contact that is tried: `attempt: {channel: call}`"),
            ),
            _ => {}
        }
        let record = given.and_then(|given| self.record(given, change));
        let expectations = expect.map(|expect| self.expectations(expect)).unwrap_or_default();
        let (record, head) = (record?, head?);
        let is_refused = expectations.iter().any(|expectation| matches!(expectation.kind, ExpectationKind::Refused(_)));
        let is_broken = given.and_then(Node::text).is_some_and(|name| self.known.broken.contains(name));
        if !is_refused && !is_broken {
            check_record(self.pack, &record, head.as_of, self.findings);
        }
        let (TestHead { name, span, as_of }, record) = (head, Raw::from_node(&record));
        Some(Test { name, span, as_of, record, state, offer, attempt, host, expect: expectations })
    }

    /// What a test says that tests of all kinds say.
    fn head<'n>(&mut self, node: &'n Node, reader: &mut MapReader<'n>) -> Option<TestHead> {
        let name_node = reader.required("name", self.findings);
        let name = name_node.and_then(|node| node.as_text("`name`", self.findings)).unwrap_or("").to_owned();
        let span = name_node.map_or(node.span, |node| node.span);
        let as_of = reader.required("as_of", self.findings).and_then(|node| self.instant(node, "`as_of`"))?;
        Some(TestHead { name, span, as_of })
    }

    /// The sample that a test names, or the record that it writes out, with its changes.
    fn record(&mut self, given: &Node, change: Option<&Node>) -> Option<Node> {
        let mut record = match &given.kind {
            NodeKind::Map(_) => given.clone(),
            _ => {
                let name = given.as_text("`given`", self.findings)?;
                let Some(sample) = self.known.samples_by_name.get(name) else {
                    self.findings.push(
                        Finding::error(Code::UnknownSample, given.span, format!("there is no sample `{name}`"))
                            .maybe_help(did_you_mean(
                                name,
                                self.known.samples.iter().map(|sample| sample.name.as_str()),
                            )),
                    );
                    return None;
                };
                sample.node.clone()
            }
        };
        if let Some(change) = change {
            let changes = change.as_map("`change`", self.findings)?;
            let NodeKind::Map(map) = &mut record.kind else { return None };
            for entry in &changes.entries {
                match map.entries.iter_mut().find(|known| known.key == entry.key) {
                    Some(known) => *known = entry.clone(),
                    None => map.entries.push(entry.clone()),
                }
            }
        }
        Some(record)
    }

    /// What a test says that functions of the host give.
    fn host(&mut self, node: &Node) -> StandIns {
        let Some(map) = node.as_map("`host`", self.findings) else { return Vec::new() };
        let mut given = Vec::new();
        for entry in &map.entries {
            let Some(function) = self.pack.functions.get(entry.key.as_str()) else {
                let names = self.pack.functions.keys().map(|name| &**name);
                let message = format!("the pack declares no function `{}`", entry.key);
                self.findings.push(
                    Finding::error(Code::UnknownFunction, entry.key_span, message)
                        .maybe_help(did_you_mean(&entry.key, names)),
                );
                continue;
            };
            if !function.is_host {
                let message = format!("`{}` is a script, which gives what it gives", entry.key);
                self.findings.push(
                    Finding::error(Code::UnknownFunction, entry.key_span, message)
                        .help("only what functions of the host give is said by a test"),
                );
            } else if entry.value.text() == Some("unknown") {
                given.push((function.name.clone(), Err(Failure::unknown(&function.name))));
            } else if let Some(scalar) = entry.value.as_scalar("what a function gives", self.findings) {
                let (base, decimals) = (&function.gives.base, function.gives.decimals);
                let value = literals::value(&scalar.snippet.trimmed(), base, decimals, true, self.findings);
                given.extend(value.map(|value| (function.name.clone(), Ok(value))));
            }
        }
        given
    }

    /// The contact that a test tries.
    fn attempt(&mut self, node: &Node) -> Option<Attempt> {
        let mut reader = MapReader::new(node, "`attempt`", self.findings)?;
        let channel = reader.required("channel", self.findings);
        let at = reader.optional("at", self.findings);
        let mut text = |key| reader.text(key, self.findings).map(str::to_owned);
        let (initiated_by, purpose) = (text("initiated_by"), text("purpose"));
        let (recipient, address, template) = (text("recipient"), text("address"), text("template"));
        reader.finish(self.findings);
        let mut attempt = Attempt::by(channel?.as_text("`channel`", self.findings)?);
        attempt.at = at.and_then(|node| self.instant(node, "`at`"));
        attempt.initiated_by = initiated_by.unwrap_or(attempt.initiated_by);
        attempt.recipient = recipient.unwrap_or(attempt.recipient);
        (attempt.purpose, attempt.address, attempt.template) = (purpose, address, template);
        let templates: Vec<&str> = self.pack.templates.iter().map(|template| &*template.name).collect();
        for problem in attempt.problems(&self.pack.header.channels, &templates) {
            let span = place_of(node, problem.path.trim_start_matches("attempt."), false);
            self.findings.push(Finding::error(Code::UnknownChoice, span, problem.message).maybe_help(problem.help));
        }
        Some(attempt)
    }

    fn instant(&mut self, node: &Node, what: &str) -> Option<DateTime<Utc>> {
        let written = node.as_text(what, self.findings)?;
        text::timestamp(written)
            .map_err(|mut problem| {
                if text::date(written).is_ok() {
                    problem.message = format!("`{written}` is a date, but an instant belongs here");
                }
                self.findings.push(Finding::error(problem.code, node.span, problem.message).maybe_help(problem.help));
            })
            .ok()
    }
}

/// The qualified ids of all rows and rules, `otherwise` included; those of tables first.
pub(crate) fn rows(pack: &CheckedPack) -> impl Iterator<Item = &Arc<str>> {
    let tables = pack.tables.iter().flat_map(CheckedTable::all_rows).map(|row| &row.id);
    tables.chain(rules_behind(pack).map(|(id, _)| id))
}

/// The transitions, steps, contact rules, settlement rules and incentives of a pack, each with its place.
pub(crate) fn rules_behind(pack: &CheckedPack) -> impl Iterator<Item = (&Arc<str>, Span)> {
    let workflows = pack.workflows.iter().flat_map(|workflow| {
        let stages = workflow.stages.iter().flat_map(|stage| {
            let steps = stage.steps.iter().map(|step| (&step.id, step.span));
            steps.chain(stage.next.iter().map(|transition| (&transition.id, transition.span)))
        });
        workflow.from_any.iter().map(|transition| (&transition.id, transition.span)).chain(stages)
    });
    let contact = pack.contact.iter().flat_map(|policy| &policy.rules).map(|rule| (&rule.id, rule.span));
    let settlement = pack.settlement.iter().flat_map(|settlement| {
        let none_when = settlement.none_when.iter().map(|(id, condition)| (id, condition.expr.span));
        none_when.chain(settlement.modifiers.iter().map(|modifier| (&modifier.id, modifier.span)))
    });
    let offers = pack.incentives.iter().flat_map(|incentives| &incentives.offers);
    workflows.chain(contact).chain(settlement).chain(offers.map(|offer| (&offer.id, offer.span)))
}

/// The gates of a pack's pay plan and the pool of its teams, each with its place. No case makes them fire.
pub(crate) fn rules_of_pay(pack: &CheckedPack) -> impl Iterator<Item = (&Arc<str>, Span)> {
    let gates = pack.pay_plan.iter().flat_map(|plan| &plan.gates).map(|gate| (&gate.id, gate.span));
    gates.chain(pack.team_pool.iter().map(|pool| (&pool.id, pool.span)))
}

/// Reports every problem of a case in a rule file, at its place.
fn check_record(pack: &CheckedPack, node: &Node, as_of: DateTime<Utc>, findings: &mut Findings) -> bool {
    check_fields(pack, &pack.record, node, as_of, findings)
}

/// Reports every problem of a record in a rule file, at its place.
fn check_fields(
    pack: &CheckedPack,
    record: &RecordType,
    node: &Node,
    as_of: DateTime<Utc>,
    findings: &mut Findings,
) -> bool {
    let currency = (*record.name == *pack.record.name).then_some(&*pack.header.currency);
    let surroundings = Surroundings { as_of, today: date_at(as_of, pack.header.zone), currency };
    match RecordReader::read(record, &Raw::from_node(node), surroundings) {
        Ok(_) => true,
        Err(problems) => {
            for problem in problems {
                findings.push(record_finding(node, &problem));
            }
            false
        }
    }
}

fn record_finding(node: &Node, problem: &Problem) -> Finding {
    let is_stray = problem.message.starts_with("there is no field");
    let span = place_of(node, &problem.path, is_stray);
    let message = if problem.path.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path, problem.message)
    };
    Finding::error(Code::InvalidRecord, span, message).maybe_help(problem.help.clone())
}

/// The place of the item that a path names, or of the nearest one around it: of its key where the key is wrong.
fn place_of(node: &Node, path: &str, is_stray: bool) -> Span {
    let mut here = node;
    let mut span = match &node.kind {
        NodeKind::Map(map) => map.entries.first().map_or(node.span, |entry| entry.key_span),
        _ => node.span,
    };
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        let NodeKind::Map(map) = &here.kind else { return span };
        let Some(entry) = map.entries.iter().find(|entry| entry.key == name) else { return span };
        here = &entry.value;
        span = if is_stray || here.span.start == here.span.end { entry.key_span } else { here.span };
        for index in indexes.split(['[', ']']).filter(|index| !index.is_empty()) {
            let NodeKind::List(items) = &here.kind else { return span };
            let Some(item) = index.parse::<usize>().ok().and_then(|index| items.get(index)) else { return span };
            here = item;
            span = match &item.kind {
                NodeKind::Map(map) => map.entries.first().map_or(item.span, |entry| entry.key_span),
                _ => item.span,
            };
        }
    }
    span
}
