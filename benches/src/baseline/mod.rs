//! The policy in hand-written Rust: plain structs of integers and enums, and one function, [`decide`].

mod rules;

pub use rules::decide;

use crate::{Error, Result};

/// A case: 26 fields, money in cents, the score in thousandths.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are those of the policy")]
pub struct Case {
    pub balance: i64,
    pub principal: i64,
    pub last_payment_amount: i64,
    pub days_past_due: i32,
    pub credit_score: i32,
    pub broken_promises: i32,
    pub kept_promises: i32,
    pub risk_score: i32,
    pub last_contact_days: i32,
    pub calls_7d: i32,
    pub sms_7d: i32,
    pub emails_7d: i32,
    pub days_in_stage: i32,
    pub last_payment_days: i32,
    pub tenure_months: i32,
    pub product: Product,
    pub region: Region,
    pub language: Language,
    pub stage: Stage,
    pub customer_type: CustomerType,
    pub disputed: bool,
    pub hardship: bool,
    pub bankrupt: bool,
    pub legal_hold: bool,
    pub deceased: bool,
    pub consent: bool,
}

/// What the policy says of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The group that the case is in.
    pub segment: Segment,
    /// The discount that may be granted, in hundredths of a percent.
    pub discount_bps: u16,
    /// Who may grant it.
    pub role: Role,
    /// One bit for each trigger, in the order of the policy.
    pub triggers: u16,
    /// What is offered for paying, in cents.
    pub incentive: i64,
    /// The stage that follows.
    pub stage: Stage,
}

/// An enum whose numbers are the places of its names in the policy.
macro_rules! choice {
    ($name:ident: $($value:ident)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the values are those of the policy")]
        pub enum $name {
            $($value,)*
        }

        impl TryFrom<i64> for $name {
            type Error = Error;

            fn try_from(place: i64) -> Result<$name> {
                const VALUES: &[$name] = &[$($name::$value,)*];
                let value = usize::try_from(place).ok().and_then(|place| VALUES.get(place));
                value.copied().ok_or_else(|| format!("{} has no value {place}", stringify!($name)).into())
            }
        }
    };
}

choice!(Product: Card Loan Mortgage Auto Telco Utility);
choice!(Region: North South East West Central Islands);
choice!(Language: En Es Pt Fr Ar);
choice!(CustomerType: Consumer Sme Corporate);
choice!(Stage: New Soft Remind Call Promise Negotiate PreLegal Legal Agency Closed);
choice!(Segment: Low Std High Vip Hardship Dispute LegalRisk Early Late Chronic Sme Default);
choice!(Role: Agent Senior Supervisor Manager Director None);

impl Case {
    /// A case from its values in the order of the policy's fields.
    ///
    /// # Errors
    /// When there are not 26 values, or one does not fit.
    pub fn new(values: &[i64]) -> Result<Case> {
        let value = |field: usize| {
            values.get(field).copied().ok_or_else(|| Error::from(format!("a case has no value {field}")))
        };
        let count = |field: usize| -> Result<i32> { Ok(i32::try_from(value(field)?)?) };
        let is = |field: usize| -> Result<bool> { Ok(value(field)? != 0) };
        Ok(Case {
            balance: value(0)?,
            principal: value(1)?,
            days_past_due: count(2)?,
            credit_score: count(3)?,
            product: value(4)?.try_into()?,
            region: value(5)?.try_into()?,
            broken_promises: count(6)?,
            kept_promises: count(7)?,
            risk_score: count(8)?,
            last_contact_days: count(9)?,
            disputed: is(10)?,
            hardship: is(11)?,
            bankrupt: is(12)?,
            language: value(13)?.try_into()?,
            calls_7d: count(14)?,
            sms_7d: count(15)?,
            emails_7d: count(16)?,
            stage: value(17)?.try_into()?,
            days_in_stage: count(18)?,
            last_payment_days: count(19)?,
            last_payment_amount: value(20)?,
            tenure_months: count(21)?,
            legal_hold: is(22)?,
            customer_type: value(23)?.try_into()?,
            deceased: is(24)?,
            consent: is(25)?,
        })
    }
}

/// What a case pays as a fee, in cents: two hundredths of the balance and 40.00 at most, and 15.00 more where promises
/// were broken and 90 days have passed.
pub fn fee(case: &Case) -> i64 {
    let part = ((case.balance * 2 + 50) / 100).min(4_000);
    if case.days_past_due > 90 && case.broken_promises > 1 { part + 1_500 } else { part }
}

#[cfg(test)]
mod tests {
    use super::decide;
    use crate::cases;

    #[test]
    fn hand_written_rules_give_every_expected_outcome() {
        for case in cases::committed().unwrap() {
            assert_eq!(decide(&case.plain), case.expected, "{}", case.key);
        }
    }
}
