//! Arguments against the parameters of a function: literals take the type that is wanted, the others must have it. What
//! a literal says wrongly is found here, when the pack loads.

use rust_decimal::Decimal;

use super::relations::widen_to;
use super::{Typer, any};
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::language::expr::{Expr, ExprKind};
use crate::language::functions::{self, Param, Words};
use crate::value::{Type, Value, ops};

impl Typer<'_> {
    /// The arguments of a function as it takes them.
    pub(super) fn fitted(&mut self, signature: &str, params: &[Param], arguments: Vec<Expr>) -> Vec<Expr> {
        arguments
            .into_iter()
            .zip(params)
            .map(|(argument, param)| {
                let argument = match param {
                    Param::Money => self.adapt(argument, &Type::Money),
                    Param::Percent => self.adapt(argument, &Type::Percent),
                    Param::Moneys => self.adapt(argument, &Type::list(Type::Money, false)),
                    Param::Percents => self.adapt(argument, &Type::list(Type::Percent, false)),
                    _ => argument,
                };
                self.fits(signature, *param, argument)
            })
            .collect()
    }

    fn fits(&mut self, signature: &str, param: Param, argument: Expr) -> Expr {
        match (param, argument.literal_value()) {
            (Param::Word(words), Some(Value::Text(word))) => {
                let is_known = words.words.contains(&&**word);
                if !is_known {
                    self.report_unknown_word(words, &word.clone(), &argument);
                }
                return if is_known { argument } else { any(argument.span) };
            }
            (Param::Terms, Some(value @ Value::Text(_))) => {
                if let Err(error) = functions::early_terms(value) {
                    self.report_said(&argument, &error.message);
                }
                return argument;
            }
            (Param::Count, Some(Value::Integer(..=0))) => {
                self.report(Code::InvalidValue, argument.span, "numbers begin with 1 here", Some("write 1 or more"));
                return argument;
            }
            _ => {}
        }
        if let (Param::Pauses, ExprKind::List(items)) = (param, &argument.kind)
            && items.len() % 2 == 1
        {
            let help = "write the first and the last day of each, such as `[paused_from, paused_until]`";
            self.report(Code::InvalidValue, argument.span, "pauses are dates by turns", Some(help));
        }
        if !param.takes(&argument.base) {
            let message = format!("`{signature}` takes {}, but this is {}", param.word(), argument.base);
            self.report(Code::TypeMismatch, argument.span, &message, Some(&remedy(param, &argument.base)));
        }
        if param == Param::Fraction { widen_to(argument, &Type::Decimal) } else { argument }
    }

    fn report_unknown_word(&mut self, words: &Words, word: &str, argument: &Expr) {
        let help = did_you_mean(word, words.words.iter().copied()).unwrap_or_else(|| one_of(words));
        let message = format!("`{word}` is not a {}", words.name);
        self.findings.push(Finding::error(Code::UnknownChoice, argument.span, message).help(help));
    }

    /// A scale whose tiers are all written out, and do not fit together.
    pub(super) fn report_wrong_scale(&mut self, arguments: &[Expr]) {
        let [_, mode, starts, percents] = arguments else { return };
        let (Some(mode), Some(from), Some(percents)) = (mode.literal_value(), numbers(starts), numbers(percents))
        else {
            return;
        };
        if let Err(error) = functions::scale(mode, &from, &percents) {
            self.report_said(starts, &error.message);
        }
    }

    /// What a formula says of a literal: behind the last colon stands what to do.
    fn report_said(&mut self, argument: &Expr, said: &str) {
        let (message, help) = said.rsplit_once(": ").unwrap_or((said, ""));
        let help = (!help.is_empty()).then_some(help);
        self.report(Code::InvalidValue, argument.span, message, help);
    }
}

/// The numbers of a list that is written out.
fn numbers(list: &Expr) -> Option<Vec<Decimal>> {
    let ExprKind::List(items) = &list.kind else { return None };
    items.iter().map(|item| ops::plain(item.literal_value()?).ok()).collect()
}

fn one_of(words: &Words) -> String {
    let quoted: Vec<String> = words.words.iter().map(|word| format!("`\"{word}\"`")).collect();
    format!("write one of {}", quoted.join(", "))
}

/// What to write instead of an argument of the wrong type.
fn remedy(param: Param, base: &Type) -> String {
    let help = match (param, base) {
        (Param::Word(words), _) => return one_of(words),
        (Param::Text, Type::Choice(_)) => "a choice is used as it is, without this function",
        (Param::Date, Type::Timestamp) => "take its date: `date_of(..)`",
        (Param::Integer | Param::Count | Param::Decimal, Type::Money) => "take its number: `amount(..)`",
        (Param::Date, _) => "write a date in the brackets, such as `today`",
        (Param::Timestamp, _) => "write an instant in the brackets, such as `as_of`",
        (Param::Text, _) => "write a text in the brackets",
        (Param::Money, _) => "write an amount in the brackets, such as `money(5)`",
        (Param::Percent, _) => "write a percentage in the brackets, such as `5.percent`",
        (Param::Step, _) => "write how far they lie apart, such as `1.months` or `2.weeks`",
        (Param::Moneys, _) => "write amounts in square brackets, such as `[fees, interest]`",
        (Param::Percents, _) => "write percentages in square brackets, such as `[0, 4, 6]`",
        (Param::Pauses, _) => "write dates in square brackets, such as `[paused_from, paused_until]`",
        (Param::Terms, _) => "write terms in quotes, such as `\"2/10 net 30\"`",
        _ => "write a number in the brackets",
    };
    help.to_owned()
}
