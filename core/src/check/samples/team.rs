//! Rule tests of the pools of teams: records of collectors, and what the pools must come to.

use super::{Expected, TestHead, TestReader, check_fields};
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::record::Raw;
use crate::syntax::Node;
use crate::syntax::node::MapReader;
use crate::value::Type;

/// A rule test of the pools of teams.
#[derive(Debug)]
pub(crate) struct TeamTest {
    pub(crate) head: TestHead,
    pub(crate) records: Vec<Raw>,
    pub(crate) expect: Vec<TeamExpectation>,
}

/// One thing that such a test expects. Teams and members go by the texts of their fields.
#[derive(Debug)]
pub(crate) enum TeamExpectation {
    /// An amount of a team, by its name.
    Amount { team: String, item: &'static str, value: Expected },
    /// What a member of a team gets.
    Share { team: String, key: String, value: Expected },
    /// Why the pool of a team is not paid out, in one word; `none` where it is.
    Withheld { team: String, why: String },
    /// The paths of the problems for which records are refused, such as `collectors[1].collected`.
    Refused(Vec<String>),
}

/// The amounts of a team that tests name.
const AMOUNTS: [&str; 3] = ["base", "above", "pool"];

/// What a test may say of `withheld`: that nothing is, or the reason as the report of a pool gives it.
const WITHHELD: [&str; 3] = ["none", "no-weight", "refused-record"];

impl TestReader<'_, '_> {
    /// A test of the pools of teams.
    pub(super) fn team_test(&mut self, node: &Node) -> Option<TeamTest> {
        let mut reader = MapReader::new(node, "a test of the pools of teams", self.findings)?;
        let head = self.head(node, &mut reader);
        let records = reader.required("collectors", self.findings);
        let expect = reader.required("expect", self.findings);
        let records_span = reader.key_span("collectors");
        reader.finish(self.findings);
        let Some(pool) = &self.pack.team_pool else {
            // Where it was refused, that is said already.
            if !self.known.says_team_pool {
                self.findings.push(
                    Finding::error(Code::MissingKey, records_span, "the pack says nothing of what teams earn")
                        .help("declare `incentives:`, `team:`, or test the pay of one collector: `collector:`"),
                );
            }
            return None;
        };
        let expect = expect.map_or_else(Vec::new, |node| self.team_expectations(node));
        let (records, head) = (records?.as_list("`collectors`", self.findings)?, head?);
        if !expect.iter().any(|expectation| matches!(expectation, TeamExpectation::Refused(_))) {
            for record in records {
                check_fields(self.pack, &pool.record, record, head.as_of, self.findings);
            }
        }
        Some(TeamTest { head, records: records.iter().map(Raw::from_node).collect(), expect })
    }

    fn team_expectations(&mut self, node: &Node) -> Vec<TeamExpectation> {
        let before = self.findings.len();
        let Some(mut reader) = MapReader::new(node, "`expect`", self.findings) else { return Vec::new() };
        let teams = reader.optional("teams", self.findings);
        let refused = reader.optional("refused", self.findings);
        reader.finish(self.findings);
        let mut expectations = Vec::new();
        if let Some(map) = teams.and_then(|node| node.as_map("`teams`", self.findings)) {
            for entry in &map.entries {
                self.team_expectation(&entry.key, &entry.value, &mut expectations);
            }
        }
        expectations.extend(refused.map(|node| TeamExpectation::Refused(self.paths(node))));
        if expectations.is_empty() && !self.findings.has_errors_since(before) {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "a test that expects nothing cannot fail")
                    .help("say what a pool must be: `teams: {T-1: {pool: 123.45}}`"),
            );
        }
        expectations
    }

    /// What a test expects of one team.
    fn team_expectation(&mut self, team: &str, node: &Node, expectations: &mut Vec<TeamExpectation>) {
        let Some(map) = node.as_map("what is expected of a team", self.findings) else { return };
        for entry in &map.entries {
            let team = team.to_owned();
            let amount = AMOUNTS.into_iter().find(|amount| *amount == entry.key);
            match (entry.key.as_str(), amount) {
                (_, Some(item)) => {
                    let value = self.value(&entry.value, &Type::Money);
                    expectations.extend(value.map(|value| TeamExpectation::Amount { team, item, value }));
                }
                ("shares", _) => {
                    let shares = entry.value.as_map("`shares`", self.findings);
                    for share in shares.iter().flat_map(|map| &map.entries) {
                        let (team, key) = (team.clone(), share.key.clone());
                        let value = self.value(&share.value, &Type::Money);
                        expectations.extend(value.map(|value| TeamExpectation::Share { team, key, value }));
                    }
                }
                ("withheld", _) => {
                    let Some(why) = entry.value.as_text("`withheld`", self.findings) else { continue };
                    if !WITHHELD.contains(&why) {
                        self.findings.push(
                            Finding::error(
                                Code::InvalidValue,
                                entry.value.span,
                                format!("no pool is withheld for `{why}`"),
                            )
                            .maybe_help(did_you_mean(why, WITHHELD)),
                        );
                    }
                    expectations.push(TeamExpectation::Withheld { team, why: why.to_owned() });
                }
                (other, None) => {
                    let known = AMOUNTS.into_iter().chain(["shares", "withheld"]);
                    self.findings.push(
                        Finding::error(
                            Code::UnknownKey,
                            entry.key_span,
                            format!("the pool of a team has no `{other}`"),
                        )
                        .maybe_help(did_you_mean(other, known)),
                    );
                }
            }
        }
    }
}
