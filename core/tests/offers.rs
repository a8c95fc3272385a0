//! Laws of offers to settle, over random cases and offers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use recoup::{Engine, Offer, OfferCheck, OfferVerdict};
use rust_decimal::Decimal;

/// A settlement with modifiers in both directions, a least instalment and an authority with gaps in it.
const PACK: &str = "
pack: offers
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money, min: 0}
      days: {type: integer}
      hardship: {type: boolean}
      disputed: {type: boolean}
tables:
  floor:
    hit: first
    outputs: {share: {type: percent, absent: none}}
    grid: |
      | row       | days   | balance | then share |
      |-----------|--------|---------|------------|
      | early     | < 90   |         | none       |
      | large     | >= 90  | >= 2500 | 33.3       |
      | otherwise |        |         | 80         |
settlement:
  none_when: disputed
  floor: floor.share
  modifiers:
    - {id: hardship, when: hardship, add: -10, not_below: 25}
    - {id: few, when: offer.instalments in 2..=3, add: 5}
    - {id: many, when: offer.instalments > 3, add: 15, not_above: 95}
    - {id: hurry, when: offer.role == \"manager\", add: 1.25}
  valid_for: 14 days
  instalments: {at_most: 9, first_within: 14 days, at_least: 20.00, residue: spread}
  authority: |
    | role      | then max_percent | then max_amount |
    |-----------|------------------|-----------------|
    | collector | 10               | 250             |
    | team_lead | 40               | none            |
    | manager   | none             | 5000            |
";

const ROLES: [Option<&str>; 4] = [None, Some("collector"), Some("team_lead"), Some("manager")];

/// A case: its balance in cents, its days, hardship, dispute.
type Case = (u32, i64, bool, bool);

struct Judge(Engine);

impl Judge {
    fn new() -> Judge {
        Judge(Engine::from_sources("offers", [("offers/pack.yaml", PACK)]).expect("the pack loads"))
    }

    fn judge(&self, case: Case, cents: u32, instalments: u32, role: Option<&str>) -> OfferCheck {
        let (balance, days, hardship, disputed) = case;
        let record = format!(
            r#"{{"case_id": "A", "balance": {}, "days": {days}, "hardship": {hardship}, "disputed": {disputed}}}"#,
            money(balance)
        );
        let mut offer = Offer::of(money(cents).to_string()).instalments(instalments);
        if let Some(role) = role {
            offer = offer.role(role);
        }
        let as_of = "2026-09-10T12:00:00Z".parse().expect("an instant");
        self.0.judge_offer(&record, &offer, as_of).expect("the record and the offer are valid")
    }
}

fn money(cents: u32) -> Decimal {
    Decimal::new(cents.into(), 2)
}

fn cents(amount: &str) -> u32 {
    let amount: Decimal = amount.parse().expect("an amount");
    (amount * Decimal::ONE_HUNDRED).to_string().split('.').next().and_then(|cents| cents.parse().ok()).expect("cents")
}

/// So many thousandths.
fn part(of: u32, thousandths: u32) -> u32 {
    u32::try_from(u64::from(of) * u64::from(thousandths) / 1_000).expect("a part of it")
}

fn case() -> impl Strategy<Value = Case> {
    (1_u32..900_000, 60_i64..200, any::<bool>(), prop::bool::weighted(0.1))
}

fn cases() -> u32 {
    if std::env::var_os("RECOUP_SOAK").is_some() { 100_000 } else { 1_000 }
}

#[test]
fn offers_keep_their_laws() {
    let judge = Judge::new();
    let config = ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() };
    let strategy = (case(), 0_u32..=1_000, 0_u32..=1_000, 1_u32..=11, 0..ROLES.len());
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let seen = std::cell::RefCell::new([0_u32; 4]);
    let outcome = runner.run(&strategy, |(case, share, more, instalments, role)| {
        let role = ROLES[role];
        let balance = case.0;
        let offered = part(balance, share).clamp(1, balance);
        let higher = offered + part(balance - offered, more);
        let check = judge.judge(case, offered, instalments, role);
        let report = check.report();
        seen.borrow_mut()[match check.verdict() {
            OfferVerdict::Accepted => 0,
            OfferVerdict::NeedsApproval => 1,
            OfferVerdict::Refused => 2,
            _ => 3,
        }] += 1;
        let better = judge.judge(case, higher, instalments, role).verdict();
        match check.verdict() {
            OfferVerdict::Accepted => {
                prop_assert_eq!(better, OfferVerdict::Accepted, "raised to {}", higher);
                // No role gives up more than the matrix lets it.
                let given_up = balance - offered;
                let within = |percent: u32, most: u32| {
                    u64::from(given_up) * 100 <= u64::from(percent) * u64::from(balance) && given_up <= most
                };
                let is_allowed = match role {
                    Some("collector") => within(10, 25_000),
                    Some("team_lead") => within(40, u32::MAX),
                    Some("manager") => within(100, 500_000),
                    _ => given_up == 0,
                };
                prop_assert!(is_allowed, "{given_up} cents given up");
                let plan: u32 = report.plan.iter().map(|part| cents(&part.amount)).sum();
                prop_assert_eq!(plan, offered, "the instalments add up");
                prop_assert_eq!(report.plan.len(), instalments as usize);
            }
            OfferVerdict::NeedsApproval => {
                prop_assert_ne!(better, OfferVerdict::Refused, "raised to {}", higher);
                let by = report.approval_by.as_deref();
                prop_assert!(by.is_some() && by != role);
            }
            OfferVerdict::Refused => {
                prop_assert_eq!(report.counter.is_none(), case.3, "only a dispute leaves nothing to offer");
                if let Some(counter) = &report.counter {
                    let again = judge.judge(case, cents(&counter.amount), counter.instalments, role);
                    let is_taken = match (role, again.verdict()) {
                        (_, OfferVerdict::Accepted) => true,
                        // Without a role somebody has to say yes.
                        (None, verdict) => verdict == OfferVerdict::NeedsApproval,
                        _ => false,
                    };
                    prop_assert!(is_taken, "the counter-offer {:?}: {:?}", counter, again.report());
                }
            }
            _ => prop_assert!(false, "everything is known: {:?}", report),
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let [accepted, needs_approval, refused, _] = *seen.borrow();
    assert!(accepted > 100 && needs_approval > 50 && refused > 100, "{:?}", seen.borrow());
}
