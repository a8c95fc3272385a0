//! Pay by results: tiers, accelerator, gates and cap, and what is taken back when a payment is reversed.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::{in_order, not_negative};
use super::minor::{OVERFLOW, to_amount, to_units};
use super::{FinanceError, Fraction, Rounding};
use crate::value::number;

/// A scale of percentages over a base, such as what a collector brought in within a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    mode: TierMode,
    // INVARIANT: not empty, the starts rise, nothing is negative.
    tiers: Vec<Tier>,
}

/// How the tiers of a scale work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierMode {
    /// Each part of the base at the percentage of its own tier, as income tax does.
    Marginal,
    /// The whole base at the percentage of the tier that it reaches: a cliff at each start.
    Retroactive,
}

/// One tier: from this base on, this percentage. It ends where the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Where it begins. A base of exactly this much reaches it.
    pub from: Decimal,
    /// The percentage.
    pub percent: Decimal,
}

/// What one tier gives for a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierPart {
    /// The tier.
    pub tier: Tier,
    /// How much of the base its percentage is taken of.
    pub of: Decimal,
    /// What it gives, exact.
    pub amount: Fraction,
}

/// How pay is made of a base.
///
/// ```
/// use recoup::finance::{PayPlan, Rounding, Tier, TierMode, Tiers};
/// use rust_decimal::Decimal;
///
/// let tier = |from: i64, percent: i64| Tier { from: Decimal::from(from), percent: Decimal::from(percent) };
/// let plan = PayPlan {
///     tiers: Tiers::new(TierMode::Marginal, [tier(0, 0), tier(30_000, 4), tier(50_000, 6)])?,
///     accelerator: None,
///     cap: Some(Decimal::from(6_000)),
///     decimals: 2,
///     rounding: Rounding::HalfUp,
/// };
/// assert_eq!(plan.pay(Decimal::from(62_000), &[])?.amount, Decimal::from(1_520));
/// # Ok::<(), recoup::finance::FinanceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayPlan {
    /// The scale.
    pub tiers: Tiers,
    /// More, or less, for what lies above a mark.
    pub accelerator: Option<Accelerator>,
    /// The most pay there is.
    pub cap: Option<Decimal>,
    /// The decimals of the currency.
    pub decimals: u32,
    /// How pay is rounded.
    pub rounding: Rounding,
}

/// A factor for the pay on what lies above a mark, such as 1.25 above 120 % of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accelerator {
    /// The mark.
    pub above: Decimal,
    /// The factor.
    pub times: Decimal,
}

/// The pay for a period, and how it came about: `(tiers + accelerator) * gates`, rounded, less what the cap takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pay {
    /// What the tiers give, exact.
    pub tiers: Fraction,
    /// What the accelerator adds to it, exact; below zero for a factor below 1.
    pub accelerator: Fraction,
    /// The product of the gates, exact: 1 where none fired.
    pub gates: Fraction,
    /// What the cap took off.
    pub cut: Decimal,
    /// The pay.
    pub amount: Decimal,
}

/// A payment that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// When it was received.
    pub paid_on: NaiveDate,
    /// When it was reversed.
    pub reversed_on: NaiveDate,
    /// How much of it.
    pub amount: Decimal,
}

/// What the reversals of a period change in its pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clawback {
    /// The pay as it was.
    pub before: Pay,
    /// The pay without the reversed payments.
    pub after: Pay,
    /// What is taken back: the difference. Below zero only where a retroactive scale falls.
    pub amount: Decimal,
}

impl Tiers {
    /// A scale. Below its first tier it gives nothing.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Empty`], [`FinanceError::Negative`] for a start or a percentage below zero,
    /// [`FinanceError::TiersNotRising`].
    pub fn new(mode: TierMode, tiers: impl IntoIterator<Item = Tier>) -> Result<Tiers, FinanceError> {
        let tiers: Vec<Tier> = tiers.into_iter().collect();
        if tiers.is_empty() {
            return Err(FinanceError::Empty { argument: "tiers" });
        }
        for tier in &tiers {
            not_negative("from", tier.from)?;
            not_negative("percent", tier.percent)?;
        }
        for (before, tier) in tiers.iter().zip(tiers.iter().skip(1)) {
            if tier.from <= before.from {
                return Err(FinanceError::TiersNotRising { before: before.from, from: tier.from });
            }
        }
        Ok(Tiers { mode, tiers })
    }

    /// What the scale gives for a base, exact.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Negative`] for a base below zero, [`FinanceError::Overflow`].
    pub fn of(&self, base: Decimal) -> Result<Fraction, FinanceError> {
        self.of_part(Decimal::ZERO, not_negative("base", base)?)
    }

    /// What each tier gives for a base: with [`TierMode::Marginal`] the tiers that it reaches, with
    /// [`TierMode::Retroactive`] the one whose percentage counts. Their amounts add up to [`of`](Tiers::of).
    ///
    /// # Errors
    ///
    /// As [`of`](Tiers::of).
    pub fn parts(&self, base: Decimal) -> Result<Vec<TierPart>, FinanceError> {
        self.parts_above(Decimal::ZERO, not_negative("base", base)?)
    }

    /// What the scale gives for the part of a base that lies above a mark.
    fn of_part(&self, above: Decimal, base: Decimal) -> Result<Fraction, FinanceError> {
        self.parts_above(above, base)?.iter().try_fold(Fraction::ZERO, |sum, part| sum.plus(part.amount))
    }

    /// What each tier gives of that.
    fn parts_above(&self, above: Decimal, base: Decimal) -> Result<Vec<TierPart>, FinanceError> {
        let ends: Vec<(Tier, Decimal, Decimal)> = match self.mode {
            TierMode::Marginal => {
                let ends = self.tiers.iter().skip(1).map(|tier| tier.from.min(base)).chain([base]);
                self.tiers.iter().zip(ends).map(|(tier, end)| (*tier, tier.from.max(above), end)).collect()
            }
            TierMode::Retroactive => {
                let reached = self.tiers.iter().rfind(|tier| tier.from <= base);
                reached.map(|tier| (*tier, above, base)).into_iter().collect()
            }
        };
        let reached = ends.into_iter().filter(|(_, from, to)| from < to);
        reached
            .map(|(tier, from, to)| {
                let of = number::subtract(to, from).map_err(|_| OVERFLOW)?;
                let amount = Fraction::from(of).times(Fraction::of_percent(tier.percent)?)?;
                Ok(TierPart { tier, of, amount })
            })
            .collect()
    }
}

impl PayPlan {
    /// The pay for a base.
    ///
    /// The tiers give it, the accelerator changes what was given for the part above its mark, then come the `gates`: the
    /// factors of those that fired, such as 0.5 for poor quality and 0 for a violation. All of them multiply. The
    /// result is rounded once, then capped. With marginal tiers, and with retroactive ones whose percentages rise, no
    /// pay falls as the base rises while the gates stay the same.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Negative`] for a base, a gate, a cap, a mark or a factor below zero,
    /// [`FinanceError::TooFine`] for a cap that is finer than the currency, [`FinanceError::Overflow`].
    pub fn pay(&self, base: Decimal, gates: &[Decimal]) -> Result<Pay, FinanceError> {
        let tiers = self.tiers.of(base)?;
        let accelerator = match self.accelerator {
            Some(accelerator) => self.accelerated(accelerator, base)?,
            None => Fraction::ZERO,
        };
        let mut factor = Fraction::ONE;
        for gate in gates {
            factor = factor.times(Fraction::from(not_negative("gate", *gate)?))?;
        }
        let earned = tiers.plus(accelerator)?.times(factor)?.round(self.decimals, self.rounding)?;
        let (amount, cut) = self.capped(earned)?;
        Ok(Pay { tiers, accelerator, gates: factor, cut, amount })
    }

    /// What is taken back because payments of a period were reversed: its pay is worked out anew, without those that
    /// were reversed at most `within_days` after they were received, and the difference is taken. The marginal rate of
    /// the lost payments counts, not an average one. The gates are those of the period; where a reversal moves a gate
    /// too, compare two calls of [`pay`](PayPlan::pay).
    ///
    /// # Errors
    ///
    /// As those of [`pay`](PayPlan::pay); [`FinanceError::Negative`] for a reversal below zero,
    /// [`FinanceError::DatesReversed`] for one before its payment, [`FinanceError::TooLarge`] for reversals of more than
    /// the base.
    pub fn clawback(
        &self,
        base: Decimal,
        gates: &[Decimal],
        reversals: &[Reversal],
        within_days: u32,
    ) -> Result<Clawback, FinanceError> {
        let mut reversed = Decimal::ZERO;
        for reversal in reversals {
            not_negative("reversal", reversal.amount)?;
            in_order(("paid_on", reversal.paid_on), ("reversed_on", reversal.reversed_on))?;
            let days = reversal.reversed_on.signed_duration_since(reversal.paid_on).num_days();
            if days <= i64::from(within_days) {
                reversed = number::add(reversed, reversal.amount).map_err(|_| OVERFLOW)?;
            }
        }
        if reversed > base {
            return Err(FinanceError::TooLarge { argument: "reversals", value: reversed, most: base });
        }
        let before = self.pay(base, gates)?;
        let after = self.pay(number::subtract(base, reversed).map_err(|_| OVERFLOW)?, gates)?;
        let amount = number::subtract(before.amount, after.amount).map_err(|_| OVERFLOW)?;
        Ok(Clawback { before, after, amount })
    }

    /// What an accelerator adds.
    fn accelerated(&self, accelerator: Accelerator, base: Decimal) -> Result<Fraction, FinanceError> {
        let above = not_negative("above", accelerator.above)?;
        let times = Fraction::from(not_negative("times", accelerator.times)?);
        self.tiers.of_part(above, base)?.times(times.minus(Fraction::ONE)?)
    }

    /// The pay under the cap, and what the cap took off.
    fn capped(&self, earned: Decimal) -> Result<(Decimal, Decimal), FinanceError> {
        let Some(cap) = self.cap else { return Ok((earned, Decimal::ZERO)) };
        let cap = to_units("cap", not_negative("cap", cap)?, self.decimals)?;
        let earned = to_units("pay", earned, self.decimals)?;
        let amount = earned.min(cap);
        Ok((to_amount(amount, self.decimals)?, to_amount(earned - amount, self.decimals)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::generated::random::Random;

    fn plan(mode: TierMode, steps: &[(&str, &str)]) -> PayPlan {
        let tiers = steps.iter().map(|(from, percent)| Tier { from: number(from), percent: number(percent) });
        PayPlan {
            tiers: Tiers::new(mode, tiers).expect("a scale"),
            accelerator: None,
            cap: None,
            decimals: 2,
            rounding: Rounding::HalfUp,
        }
    }

    /// domain.md section 3, collector incentives: 0 to 30k 0 %, to 50k 4 %, above 6 %.
    fn collector(mode: TierMode) -> PayPlan {
        plan(mode, &[("0", "0"), ("30000", "4"), ("50000", "6")])
    }

    fn amount(plan: &PayPlan, base: &str, gates: &[&str]) -> Decimal {
        let gates: Vec<Decimal> = gates.iter().map(|gate| number(gate)).collect();
        plan.pay(number(base), &gates).expect("pay").amount
    }

    /// domain.md section 3, marginal tiers: 62,000 gives 20,000 at 4 % and 12,000 at 6 %, together 1,520.00.
    #[test]
    fn domain_3_marginal_tiers_give_1520() {
        assert_eq!(amount(&collector(TierMode::Marginal), "62000", &[]), number("1520.00"));
    }

    /// domain.md section 3, retroactive tiers: 62,000 at 6 % is 3,720.00.
    #[test]
    fn domain_3_retroactive_tiers_give_3720() {
        assert_eq!(amount(&collector(TierMode::Retroactive), "62000", &[]), number("3720.00"));
    }

    fn reversal(amount: &str, reversed_on: &str) -> Reversal {
        Reversal { paid_on: date("2026-03-10"), reversed_on: date(reversed_on), amount: number(amount) }
    }

    /// domain.md section 3, clawback: 5,000 reversed of 62,000 leaves 1,220 and takes back 300.00, not 5,000 at the
    /// average rate (122.58).
    #[test]
    fn domain_3_a_clawback_works_the_period_out_anew() {
        let plan = collector(TierMode::Marginal);
        let clawback = plan.clawback(number("62000"), &[], &[reversal("5000", "2026-06-08")], 90).expect("a clawback");
        assert_eq!(clawback.before.amount, number("1520"));
        assert_eq!(clawback.after.amount, number("1220"));
        assert_eq!(clawback.amount, number("300.00"));
        let late = plan.clawback(number("62000"), &[], &[reversal("5000", "2026-06-09")], 90).expect("a clawback");
        assert_eq!(late.amount, Decimal::ZERO, "the 91st day");
    }

    /// domain.md section 3, gates, accelerator and cap: half for quality, nothing for a violation, 1.25 on the part
    /// above 120 % of the target, 6,000 at most.
    #[test]
    fn gates_accelerator_and_cap_apply_in_this_order() {
        let plan = PayPlan {
            accelerator: Some(Accelerator { above: number("45000") * number("1.2"), times: number("1.25") }),
            cap: Some(number("6000")),
            ..collector(TierMode::Marginal)
        };
        // 8,000 lie above 54,000: 6 % of them are 480, a quarter of which is added.
        assert_eq!(amount(&plan, "62000", &[]), number("1640"));
        assert_eq!(amount(&plan, "54000", &[]), number("1040"));
        assert_eq!(amount(&plan, "62000", &["0.5"]), number("820"));
        assert_eq!(amount(&plan, "62000", &["0.5", "0"]), Decimal::ZERO);
        let large = plan.pay(number("200000"), &[]).expect("pay");
        assert_eq!((large.amount, large.cut), (number("6000"), number("5990")));
        assert_eq!(amount(&plan, "200000", &["0.5"]), number("5995"), "the cap comes last");
        let cliff = PayPlan { tiers: collector(TierMode::Retroactive).tiers, ..plan };
        assert_eq!(amount(&cliff, "62000", &[]), number("3840"));
    }

    #[test]
    fn parts_say_what_each_tier_gives() {
        let parts = |mode| {
            let parts = collector(mode).tiers.parts(number("62000")).expect("parts");
            let shown = |part: &TierPart| (part.tier.percent, part.of, part.amount.round(2, Rounding::HalfUp));
            parts.iter().map(shown).map(|(percent, of, amount)| (percent, of, amount.expect("an amount"))).collect()
        };
        let marginal: Vec<(Decimal, Decimal, Decimal)> = parts(TierMode::Marginal);
        let wanted = [("0", "30000", "0"), ("4", "20000", "800"), ("6", "12000", "720")];
        assert_eq!(marginal, wanted.map(|(percent, of, amount)| (number(percent), number(of), number(amount))));
        assert_eq!(parts(TierMode::Retroactive), [(number("6"), number("62000"), number("3720"))]);
        assert_eq!(collector(TierMode::Marginal).tiers.parts(Decimal::ZERO), Ok(Vec::new()));
    }

    #[test]
    fn a_base_that_equals_a_start_reaches_the_tier() {
        let plan = collector(TierMode::Retroactive);
        assert_eq!(amount(&plan, "49999.99", &[]), number("2000"));
        assert_eq!(amount(&plan, "50000", &[]), number("3000"));
        assert_eq!(amount(&plan, "0", &[]), Decimal::ZERO);
    }

    /// domain.md section 3, real examples: 25 % of fees collected after the goal is met.
    #[test]
    fn a_scale_may_begin_above_zero() {
        let after_goal = plan(TierMode::Marginal, &[("10000", "25")]);
        assert_eq!(amount(&after_goal, "9000", &[]), Decimal::ZERO);
        assert_eq!(amount(&after_goal, "12000", &[]), number("500"));
    }

    #[test]
    fn pay_may_fall_where_a_retroactive_scale_does_and_a_clawback_gives_back() {
        let plan = plan(TierMode::Retroactive, &[("0", "10"), ("1000", "5")]);
        assert_eq!(amount(&plan, "999", &[]), number("99.9"));
        assert_eq!(amount(&plan, "1000", &[]), number("50"));
        let clawback = plan.clawback(number("1000"), &[], &[reversal("1", "2026-03-11")], 90).expect("a clawback");
        assert_eq!(clawback.amount, number("-49.9"));
    }

    #[test]
    fn plans_that_have_no_meaning_are_refused_by_name() {
        let scale = |steps: &[(&str, &str)]| {
            let tiers = steps.iter().map(|(from, percent)| Tier { from: number(from), percent: number(percent) });
            Tiers::new(TierMode::Marginal, tiers).expect_err("refused").to_string()
        };
        assert_eq!(scale(&[]), "`tiers` is empty: give at least one");
        assert_eq!(
            scale(&[("5", "1"), ("5", "2")]),
            "the tier from 5 follows one from 5: give the tiers in rising order, each start once"
        );
        assert_eq!(scale(&[("0", "-1")]), "`percent` is -1, which is negative: give 0 or more");
        let plan = collector(TierMode::Marginal);
        let refused = |pay: Result<Pay, FinanceError>| pay.expect_err("refused").to_string();
        assert_eq!(refused(plan.pay(number("-1"), &[])), "`base` is -1, which is negative: give 0 or more");
        assert_eq!(
            refused(plan.pay(number("1"), &[number("-0.5")])),
            "`gate` is -0.5, which is negative: give 0 or more"
        );
        let error = plan.clawback(number("100"), &[], &[reversal("101", "2026-03-11")], 90).expect_err("refused");
        assert_eq!(error.to_string(), "`reversals` is 101: give at most 100");
    }

    fn any_plan(random: &mut Random, mode: TierMode) -> PayPlan {
        let (mut from, mut percent) = (0, 0);
        let tiers: Vec<Tier> = (0..1 + random.below(4))
            .map(|_| {
                from += random.between(1, 2_000_000);
                // Marginal percentages may fall; retroactive ones rise, or pay may fall at a cliff.
                percent = if mode == TierMode::Marginal { 0 } else { percent } + random.between(0, 900);
                Tier { from: Decimal::new(from, 2), percent: Decimal::new(percent, 2) }
            })
            .collect();
        PayPlan {
            tiers: Tiers::new(mode, tiers).expect("a scale"),
            accelerator: random.chance(50).then(|| Accelerator {
                above: Decimal::new(random.between(0, 5_000_000), 2),
                times: Decimal::new(random.between(0, 300), 2),
            }),
            cap: random.chance(30).then(|| Decimal::new(random.between(0, 500_000), 2)),
            decimals: 2,
            rounding: *random.pick(&[Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down]),
        }
    }

    #[test]
    fn no_pay_falls_as_collections_rise_while_the_gates_stay() {
        let mut random = Random::new(9);
        for _ in 0..cases(1_000) {
            let mode = *random.pick(&[TierMode::Marginal, TierMode::Retroactive]);
            let plan = any_plan(&mut random, mode);
            let gates: Vec<Decimal> = (0..random.below(3)).map(|_| Decimal::new(random.between(0, 15), 1)).collect();
            let low = Decimal::new(random.between(0, 8_000_000), 2);
            let more = Decimal::new(random.between(0, 2_000_000), 2);
            let pay = |base| plan.pay(base, &gates).expect("pay");
            let (little, much) = (pay(low), pay(low + more));
            assert!(little.amount <= much.amount, "{plan:?} {low} {more}");
            assert!(plan.cap.is_none_or(|cap| much.amount <= cap), "{plan:?} {much:?}");
            let reversal = Reversal { paid_on: date("2026-01-01"), reversed_on: date("2026-01-02"), amount: more };
            let clawback = plan.clawback(low + more, &gates, &[reversal], 90).expect("a clawback");
            assert_eq!(clawback.amount, much.amount - little.amount);
        }
    }

    /// The definition, cent by cent: each cent earns the percentage of the tier that it lies in.
    #[test]
    fn marginal_tiers_are_the_sum_of_what_each_cent_earns() {
        let mut random = Random::new(10);
        for _ in 0..cases(30) {
            let steps = [random.between(0, 50), random.between(51, 90), random.between(91, 150)];
            let percents = steps.map(|_| random.between(0, 20));
            let tiers = steps.iter().zip(percents);
            let scale = Tiers::new(
                TierMode::Marginal,
                tiers.map(|(from, percent)| Tier { from: Decimal::new(*from, 2), percent: Decimal::from(percent) }),
            );
            let cents = random.between(0, 200);
            let earned: i64 = (0..cents)
                .map(|cent| {
                    let reached = steps.iter().rposition(|from| *from <= cent);
                    reached.map_or(0, |position| percents[position])
                })
                .sum();
            let given = scale.and_then(|scale| scale.of(Decimal::new(cents, 2)));
            assert_eq!(given, Ok(Fraction::from(Decimal::new(earned, 4))));
        }
    }
}
