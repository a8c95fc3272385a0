//! Allocation: which parts of which debts a payment pays, by a declared waterfall.
//!
//! Amounts move by the smallest unit of the currency: what is paid and what is left add up to the payment exactly.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::not_negative;
use super::minor::{sum, to_amount, to_units};
use super::{FinanceError, Fraction};

/// An amount that is owed: one component of one account or invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed<'a> {
    /// The account or invoice.
    pub account: &'a str,
    /// What it is owed for, such as `fees`, `interest` or `principal`.
    pub component: &'a str,
    /// When it fell due.
    pub due: NaiveDate,
    /// How much.
    pub amount: Decimal,
    /// The percent per year that it bears, for [`Order::HighestRate`].
    pub rate: Option<Decimal>,
    /// Whether it is disputed. Nothing is paid to a disputed debt (12 CFR 1006.30(c)).
    pub is_disputed: bool,
}

/// The order in which a payment is spent.
///
/// Orders in use: fees, interest, principal (the usual contract); principal, interest, fees (charged-off debts,
/// hardship); costs, interest, principal (after judgment).
///
/// ```
/// use chrono::NaiveDate;
/// use recoup::finance::{Across, Level, Order, Owed, Waterfall};
/// use rust_decimal::Decimal;
///
/// let due = NaiveDate::from_ymd_opt(2026, 5, 31).expect("a date");
/// let owed = |component, cents| Owed {
///     account: "A-1",
///     component,
///     due,
///     amount: Decimal::new(cents, 2),
///     rate: None,
///     is_disputed: false,
/// };
/// let levels = ["fees", "principal"].map(|component| Level { component, order: Order::OldestDue });
/// let waterfall = Waterfall { levels: &levels, across: Across::Components, first: None, decimals: 2 };
/// let allocation = waterfall.allocate(Decimal::from(100), &[owed("principal", 70_00), owed("fees", 45_00)])?;
/// assert_eq!(allocation.paid, [Decimal::from(55), Decimal::from(45)]);
/// assert_eq!(allocation.unapplied, Decimal::ZERO);
/// # Ok::<(), recoup::finance::FinanceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waterfall<'a> {
    /// The components, the one that is paid first in front.
    pub levels: &'a [Level<'a>],
    /// Whether a payment goes through the levels once for all accounts, or for each by itself.
    pub across: Across,
    /// An account that is paid before all others, such as the invoice that the customer named.
    pub first: Option<&'a str>,
    /// The decimals of the currency.
    pub decimals: u32,
}

/// One component in a waterfall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level<'a> {
    /// The component that is paid.
    pub component: &'a str,
    /// Which of several such debts is paid first.
    pub order: Order,
}

/// Which of several debts of a level is paid first. Debts that are equal in it are paid as they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that fell due first.
    OldestDue,
    /// The one with the highest rate, as US cards do above the minimum payment (12 CFR 1026.53); those without a rate
    /// last. Of equal ones the one that fell due first.
    HighestRate,
}

/// How a waterfall goes over several accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// One level of all accounts, then the next level.
    Components,
    /// All levels of one account, then the next account; in front the one with the oldest debt that is neither paid nor
    /// disputed.
    Accounts,
}

/// What a payment pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// How much of each debt is paid, in the order in which the debts were given.
    pub paid: Vec<Decimal>,
    /// What is left of the payment once all that may be paid is paid.
    pub unapplied: Decimal,
}

impl Waterfall<'_> {
    /// Spends a payment on what is owed. Never pays more than is owed; the rest is `unapplied`.
    ///
    /// A payment that is reversed is not a negative payment: allocate the payments since then anew, without it.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Negative`] for a payment or a debt below zero, [`FinanceError::TooFine`] for one that is finer
    /// than the currency, [`FinanceError::ComponentNotPaid`] for a component that no level names (a debt that would
    /// silently never be paid), [`FinanceError::ComponentTwice`], [`FinanceError::UnknownAccount`],
    /// [`FinanceError::Overflow`].
    pub fn allocate(&self, payment: Decimal, owed: &[Owed<'_>]) -> Result<Allocation, FinanceError> {
        let payment = to_units("payment", not_negative("payment", payment)?, self.decimals)?;
        let amounts = self.units(owed)?;
        let mut paid = vec![0; owed.len()];
        let mut left = payment;
        for position in self.sequence(owed)? {
            if let (Some(paid), Some(amount)) = (paid.get_mut(position), amounts.get(position)) {
                *paid = left.min(*amount);
                left -= *paid;
            }
        }
        let paid: Result<Vec<Decimal>, FinanceError> =
            paid.into_iter().map(|units| to_amount(units, self.decimals)).collect();
        Ok(Allocation { paid: paid?, unapplied: to_amount(left, self.decimals)? })
    }

    /// What is owed, in the smallest unit.
    fn units(&self, owed: &[Owed<'_>]) -> Result<Vec<i128>, FinanceError> {
        let units: Result<Vec<i128>, FinanceError> =
            owed.iter().map(|debt| to_units("amount", not_negative("amount", debt.amount)?, self.decimals)).collect();
        let units = units?;
        sum(units.iter().copied())?;
        Ok(units)
    }

    /// The positions of the debts in the order in which they are paid, disputed ones left out.
    fn sequence(&self, owed: &[Owed<'_>]) -> Result<Vec<usize>, FinanceError> {
        let levels = self.ranked_levels()?;
        if let Some(first) = self.first
            && !owed.iter().any(|debt| debt.account == first)
        {
            return Err(FinanceError::UnknownAccount { account: first.to_owned() });
        }
        let oldest = oldest_by_account(owed);
        let mut keyed = Vec::new();
        for (position, debt) in owed.iter().enumerate() {
            let Some((level, order)) = levels.get(debt.component) else {
                return Err(FinanceError::ComponentNotPaid { component: debt.component.to_owned() });
            };
            let is_first = self.first == Some(debt.account);
            let account = match self.across {
                Across::Components => None,
                Across::Accounts => oldest.get(debt.account),
            };
            let rate = match order {
                Order::OldestDue => None,
                Order::HighestRate => debt.rate,
            };
            if !debt.is_disputed {
                keyed.push(((Reverse(is_first), account, level, Reverse(rate), debt.due), position));
            }
        }
        // The sort is stable: debts with equal keys stay as they are listed.
        keyed.sort_by_key(|(key, _)| *key);
        Ok(keyed.into_iter().map(|(_, position)| position).collect())
    }

    /// Each component with its place among the levels and the order within it.
    fn ranked_levels(&self) -> Result<BTreeMap<&str, (usize, Order)>, FinanceError> {
        let mut levels = BTreeMap::new();
        for (rank, level) in self.levels.iter().enumerate() {
            if levels.insert(level.component, (rank, level.order)).is_some() {
                return Err(FinanceError::ComponentTwice { component: level.component.to_owned() });
            }
        }
        Ok(levels)
    }
}

/// How much of a payment goes to one amount when others are paid before it, and what is left behind it.
///
/// The part of one level in a [`Waterfall`] over one account: `min(max(payment - before, 0), owed)`. Amounts may be finer
/// than the currency. The sum over all levels and the rest is the payment.
///
/// # Errors
///
/// [`FinanceError::Negative`], [`FinanceError::Overflow`].
pub fn allocated(payment: Decimal, before: &[Decimal], owed: Decimal) -> Result<(Fraction, Fraction), FinanceError> {
    let mut left = Fraction::from(not_negative("payment", payment)?);
    for amount in before {
        let amount = Fraction::from(not_negative("before", *amount)?);
        left = left.minus(left.min(amount))?;
    }
    let paid = left.min(Fraction::from(not_negative("owed", owed)?));
    Ok((paid, left.minus(paid)?))
}

/// The day on which the first debt of each account fell due that a payment can reach, and the place of that debt in the
/// list. An account without one has no place: nothing of it is paid.
fn oldest_by_account<'a>(owed: &[Owed<'a>]) -> BTreeMap<&'a str, (NaiveDate, usize)> {
    let mut oldest = BTreeMap::new();
    for (position, debt) in owed.iter().enumerate() {
        if debt.is_disputed || debt.amount.is_zero() {
            continue;
        }
        let key = oldest.entry(debt.account).or_insert((debt.due, position));
        *key = (*key).min((debt.due, position));
    }
    oldest
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::generated::random::Random;

    fn owed<'a>(account: &'a str, component: &'a str, due: &str, amount: &str) -> Owed<'a> {
        Owed { account, component, due: date(due), amount: number(amount), rate: None, is_disputed: false }
    }

    fn levels<const N: usize>(components: [&str; N]) -> [Level<'_>; N] {
        components.map(|component| Level { component, order: Order::OldestDue })
    }

    fn by_component<'a>(levels: &'a [Level<'a>]) -> Waterfall<'a> {
        Waterfall { levels, across: Across::Components, first: None, decimals: 2 }
    }

    #[track_caller]
    fn check(waterfall: Waterfall<'_>, payment: &str, owed: &[Owed<'_>], expected: &[&str], unapplied: &str) {
        let allocation = waterfall.allocate(number(payment), owed).expect("an allocation");
        let paid: Vec<String> = allocation.paid.iter().map(Decimal::to_string).collect();
        assert_eq!(paid, expected);
        assert_eq!(allocation.unapplied, number(unapplied));
    }

    const ONE_ACCOUNT: [&str; 3] = ["fees", "interest", "principal"];

    fn one_account() -> [Owed<'static>; 3] {
        let [fees, interest, principal] = ONE_ACCOUNT;
        let due = "2026-05-31";
        [owed("a", fees, due, "45.00"), owed("a", interest, due, "82.57"), owed("a", principal, due, "5000")]
    }

    /// domain.md section 3, payment waterfall A: 300.00 on fees 45.00, interest 82.57, principal 5,000 pays
    /// 45.00, 82.57 and 172.43, and leaves 4,827.57.
    #[test]
    fn domain_3_fees_then_interest_then_principal() {
        let levels = levels(ONE_ACCOUNT);
        check(by_component(&levels), "300.00", &one_account(), &["45", "82.57", "172.43"], "0");
        let paid = by_component(&levels).allocate(number("300"), &one_account()).expect("an allocation").paid;
        assert_eq!(number("5000") - paid[2], number("4827.57"));
    }

    /// domain.md section 3, payment waterfall B (charged-off debts, hardship) and overpayment.
    #[test]
    fn principal_first_and_what_is_left_is_told() {
        let levels = levels(["principal", "interest", "fees"]);
        check(by_component(&levels), "5010", &one_account(), &["0", "10", "5000"], "0");
        check(by_component(&levels), "5200", &one_account(), &["45", "82.57", "5000"], "72.43");
        check(by_component(&levels), "0", &one_account(), &["0", "0", "0"], "0");
    }

    fn two_accounts() -> [Owed<'static>; 4] {
        [
            owed("new", "fees", "2026-03-01", "10"),
            owed("new", "principal", "2026-03-01", "100"),
            owed("old", "fees", "2026-01-01", "5"),
            owed("old", "principal", "2026-02-01", "100"),
        ]
    }

    #[test]
    fn a_payment_goes_through_levels_or_through_accounts_oldest_first() {
        let levels = levels(["fees", "principal"]);
        let components = by_component(&levels);
        check(components, "110", &two_accounts(), &["10", "0", "5", "95"], "0");
        let accounts = Waterfall { across: Across::Accounts, ..components };
        check(accounts, "110", &two_accounts(), &["5", "0", "5", "100"], "0");
        let named = Waterfall { first: Some("new"), ..accounts };
        check(named, "112", &two_accounts(), &["10", "100", "2", "0"], "0");
    }

    /// 12 CFR 1006.30(c): no payment is applied to a disputed debt, not even to the one that is named.
    #[test]
    fn a_disputed_debt_gets_nothing() {
        let levels = levels(["fees", "principal"]);
        let mut debts = two_accounts();
        debts[3].is_disputed = true;
        check(by_component(&levels), "300", &debts, &["10", "100", "5", "0"], "185");
        debts[2].is_disputed = true;
        let named = Waterfall { first: Some("old"), across: Across::Accounts, ..by_component(&levels) };
        check(named, "300", &debts, &["10", "100", "0", "0"], "190");
    }

    /// domain.md section 3, payment waterfall C: 12 CFR 1026.53, above the minimum payment.
    #[test]
    fn the_highest_rate_is_paid_first_and_no_rate_last() {
        let levels = [Level { component: "principal", order: Order::HighestRate }];
        let debt = |account, due, rate: Option<&str>| Owed {
            rate: rate.map(number),
            ..owed(account, "principal", due, "100")
        };
        let debts = [
            debt("purchases", "2026-01-01", Some("19.99")),
            debt("unrated", "2025-01-01", None),
            debt("cash", "2026-02-01", Some("29.99")),
            debt("older cash", "2026-01-01", Some("29.99")),
        ];
        check(by_component(&levels), "150", &debts, &["0", "0", "50", "100"], "0");
    }

    #[test]
    fn what_cannot_be_allocated_is_refused_by_name() {
        let good = levels(["fees", "interest", "principal"]);
        let message = |waterfall: Waterfall<'_>, payment: &str, debts: &[Owed<'_>]| {
            waterfall.allocate(number(payment), debts).expect_err("refused").to_string()
        };
        assert_eq!(
            message(by_component(&good), "-1", &one_account()),
            "`payment` is -1, which is negative: give 0 or more"
        );
        assert_eq!(
            message(by_component(&good), "1.005", &one_account()),
            "`payment` is 1.005, which has more than 2 decimals: round it first"
        );
        assert_eq!(
            message(by_component(&good[1..]), "1", &one_account()),
            "no level of the waterfall pays `fees`: add one, or leave the component out"
        );
        let twice = levels(["fees", "fees"]);
        assert_eq!(message(by_component(&twice), "1", &[]), "two levels of the waterfall pay `fees`: keep one");
        let named = Waterfall { first: Some("b"), ..by_component(&good) };
        assert_eq!(
            message(named, "1", &one_account()),
            "`first` names the account `b`, which is not among the debts: name one that is, or none"
        );
        let debts = [owed("a", "fees", "2026-01-01", "-0.01")];
        assert_eq!(message(by_component(&good), "1", &debts), "`amount` is -0.01, which is negative: give 0 or more");
    }

    #[test]
    fn payments_are_spent_to_the_cent_and_never_on_more_than_is_owed() {
        let mut random = Random::new(5);
        let components = ["costs", "fees", "interest", "principal"];
        let accounts = ["a", "b", "c"];
        for _ in 0..cases(2_000) {
            let mut debts = Vec::new();
            for _ in 0..random.below(8) {
                debts.push(Owed {
                    account: random.pick::<&str>(&accounts),
                    component: random.pick::<&str>(&components),
                    due: date("2026-01-01") + chrono::Days::new(random.next() % 60),
                    amount: Decimal::new(random.between(0, 50_000), 2),
                    rate: random.chance(70).then(|| Decimal::from(random.between(0, 30))),
                    is_disputed: random.chance(15),
                });
            }
            let order = if random.chance(50) { Order::OldestDue } else { Order::HighestRate };
            let levels = components.map(|component| Level { component, order });
            let across = if random.chance(50) { Across::Components } else { Across::Accounts };
            let first = debts.first().filter(|_| random.chance(50)).map(|debt| debt.account);
            let waterfall = Waterfall { levels: &levels, across, first, decimals: 2 };
            let payment = Decimal::new(random.between(0, 200_000), 2);

            let allocation = waterfall.allocate(payment, &debts).expect("an allocation");
            let spent: Decimal = allocation.paid.iter().sum();
            assert_eq!(spent + allocation.unapplied, payment);
            let mut payable = Decimal::ZERO;
            for (paid, debt) in allocation.paid.iter().zip(&debts) {
                let most = if debt.is_disputed { Decimal::ZERO } else { debt.amount };
                assert!(Decimal::ZERO <= *paid && *paid <= most, "{debt:?} {allocation:?}");
                payable += most;
            }
            assert_eq!(spent, payment.min(payable), "all is spent that may be");
            if across == Across::Components && first.is_none() {
                let rank = |debt: &Owed<'_>| components.iter().position(|component| *component == debt.component);
                let rows = || allocation.paid.iter().zip(&debts).filter(|(_, debt)| !debt.is_disputed);
                for ((early, early_debt), (late, late_debt)) in rows().flat_map(|a| rows().map(move |b| (a, b))) {
                    let is_in_order =
                        rank(early_debt) >= rank(late_debt) || *early == early_debt.amount || late.is_zero();
                    assert!(is_in_order, "{early_debt:?} {late_debt:?} {allocation:?}");
                }
            }
            if across == Across::Accounts {
                // The account with the oldest debt may be another once that debt is paid.
                continue;
            }
            // Two payments, one after the other, pay what one of their sum does.
            let part = (payment / Decimal::TWO).trunc();
            let early = waterfall.allocate(part, &debts).expect("an allocation").paid;
            let left: Vec<Owed<'_>> =
                debts.iter().zip(&early).map(|(debt, paid)| Owed { amount: debt.amount - paid, ..*debt }).collect();
            let late = waterfall.allocate(payment - part, &left).expect("an allocation").paid;
            let both: Vec<Decimal> = early.iter().zip(&late).map(|(a, b)| a + b).collect();
            assert_eq!(both, allocation.paid);
        }
    }
}
