//! An offer to settle, as hosts and tests say it.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::Problem;
use crate::diagnostic::did_you_mean;
use crate::value::number;

/// An offer of a debtor to settle: how much, in how many instalments, and who is to accept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub(crate) amount: String,
    pub(crate) instalments: u32,
    pub(crate) role: Option<String>,
}

impl Offer {
    /// An amount in one payment, as decimal text such as `600.00`. No float can stand for money.
    pub fn of(amount: impl Into<String>) -> Offer {
        Offer { amount: amount.into(), instalments: 1, role: None }
    }

    /// In so many instalments.
    pub fn instalments(self, instalments: u32) -> Offer {
        Offer { instalments, ..self }
    }

    /// Who is to accept it: a role of the pack's authority.
    pub fn role(self, role: impl Into<String>) -> Offer {
        Offer { role: Some(role.into()), ..self }
    }

    /// The amount, and what is wrong with the offer in a pack with these roles and a currency of so many decimals.
    pub(crate) fn read(&self, roles: &[Arc<str>], decimals: u32) -> Result<Decimal, Vec<Problem>> {
        let mut problems = Vec::new();
        let amount = number::parse(&self.amount);
        let problem = match amount {
            None => Some(("is not an amount", "write digits and a point, such as `600.00`".to_owned())),
            Some(amount) if amount.is_zero() || amount.is_sign_negative() => {
                Some(("is nothing that is paid", "offer an amount above zero".to_owned()))
            }
            Some(amount) if amount.normalize().scale() > decimals => {
                Some(("has too many decimals", format!("the currency has {decimals}")))
            }
            Some(_) => None,
        };
        if let Some((what, help)) = problem {
            problems.push(Problem::new("offer.amount", format!("`{}` {what}", self.amount), Some(help)));
        }
        if self.instalments == 0 {
            let help = "one payment is `1`".to_owned();
            problems.push(Problem::new("offer.instalments", "`0` instalments pay nothing", Some(help)));
        }
        if let Some(role) = &self.role
            && !roles.iter().any(|known| **known == **role)
        {
            let help = did_you_mean(role, roles.iter().map(|role| &**role));
            problems.push(Problem::new("offer.role", format!("the authority has no role `{role}`"), help));
        }
        match amount {
            Some(amount) if problems.is_empty() => Ok(amount),
            _ => Err(problems),
        }
    }
}
