//! Rule tests of what collectors earn: a record beside the case, and what the pay plan must say of it.

use std::sync::Arc;

use super::{Expected, TestHead, TestReader, check_fields};
use crate::check::pay_plan::CheckedPayPlan;
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::record::Raw;
use crate::syntax::Node;
use crate::syntax::node::MapReader;
use crate::value::Type;

/// A rule test of a collector's pay.
#[derive(Debug)]
pub(crate) struct PayTest {
    pub(crate) head: TestHead,
    pub(crate) record: Raw,
    pub(crate) expect: Vec<PayExpectation>,
}

/// One thing that such a test expects.
#[derive(Debug)]
pub(crate) enum PayExpectation {
    /// An amount, by its name.
    Amount(&'static str, Expected),
    /// Gates that hold, by qualified id.
    Fired(Vec<Arc<str>>),
    NotFired(Vec<Arc<str>>),
    /// The paths of the problems for which the record is refused.
    Refused(Vec<String>),
}

/// The amounts of a pay that tests name.
const AMOUNTS: [&str; 4] = ["base", "pay", "reversed", "clawback"];

impl TestReader<'_, '_> {
    /// A test of a collector's pay.
    pub(super) fn pay_test(&mut self, node: &Node) -> Option<PayTest> {
        let mut reader = MapReader::new(node, "a test of a collector's pay", self.findings)?;
        let head = self.head(node, &mut reader);
        let record = reader.required("collector", self.findings);
        let expect = reader.required("expect", self.findings);
        let record_span = reader.key_span("collector");
        reader.finish(self.findings);
        let Some(plan) = &self.pack.pay_plan else {
            // Where it was refused, that is said already.
            if !self.known.says_pay_plan {
                self.findings.push(
                    Finding::error(Code::MissingKey, record_span, "the pack says nothing of what collectors earn")
                        .help("declare `incentives:`, `collector:`, or test a case: `given: SAMPLE`"),
                );
            }
            return None;
        };
        let expect = expect.map_or_else(Vec::new, |node| self.pay_expectations(node, plan));
        let (record, head) = (record?, head?);
        if !expect.iter().any(|expectation| matches!(expectation, PayExpectation::Refused(_))) {
            check_fields(self.pack, &plan.record, record, head.as_of, self.findings);
        }
        Some(PayTest { head, record: Raw::from_node(record), expect })
    }

    fn pay_expectations(&mut self, node: &Node, plan: &CheckedPayPlan) -> Vec<PayExpectation> {
        let Some(map) = node.as_map("`expect`", self.findings) else { return Vec::new() };
        if map.entries.is_empty() && !map.is_damaged {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "a test that expects nothing cannot fail")
                    .help("say what the pay must be: `pay: 1520.00`"),
            );
        }
        let mut expectations = Vec::new();
        for entry in &map.entries {
            let amount = AMOUNTS.into_iter().find(|amount| *amount == entry.key);
            match (entry.key.as_str(), amount) {
                (_, Some("reversed" | "clawback")) if plan.clawback.is_none() => self.findings.push(
                    Finding::error(Code::UnknownKey, entry.key_span, "the pay plan takes nothing back")
                        .help("say `clawback_within:` in it, or remove the key"),
                ),
                (_, Some(amount)) => {
                    let expected = self.value(&entry.value, &Type::Money);
                    expectations.extend(expected.map(|expected| PayExpectation::Amount(amount, expected)));
                }
                ("fired", _) => expectations.push(PayExpectation::Fired(self.gates(&entry.value, plan))),
                ("not_fired", _) => expectations.push(PayExpectation::NotFired(self.gates(&entry.value, plan))),
                ("refused", _) => expectations.push(PayExpectation::Refused(self.paths(&entry.value))),
                (other, None) => {
                    let known = AMOUNTS.into_iter().chain(["fired", "not_fired", "refused"]);
                    self.findings.push(
                        Finding::error(Code::UnknownKey, entry.key_span, format!("a collector's pay has no `{other}`"))
                            .maybe_help(did_you_mean(other, known)),
                    );
                }
            }
        }
        expectations
    }

    fn gates(&mut self, node: &Node, plan: &CheckedPayPlan) -> Vec<Arc<str>> {
        let mut gates = Vec::new();
        for item in node.as_list("a list of qualified ids", self.findings).unwrap_or(&[]) {
            let Some(id) = item.as_text("a qualified id", self.findings) else { continue };
            match plan.gates.iter().find(|gate| *gate.id == *id) {
                Some(gate) => gates.push(gate.id.clone()),
                None => {
                    let known = plan.gates.iter().map(|gate| &*gate.id);
                    let last = plan.gates.iter().find(|gate| gate.id.rsplit('/').next() == Some(id));
                    let help = match last {
                        Some(gate) => Some(format!("write its qualified id: `{}`", gate.id)),
                        None => did_you_mean(id, known),
                    };
                    self.findings.push(
                        Finding::error(Code::UnknownRule, item.span, format!("the pay plan has no gate `{id}`"))
                            .maybe_help(help),
                    );
                }
            }
        }
        gates
    }
}
