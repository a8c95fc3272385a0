//! Figures over a portfolio: totals of its cases, and what follows from them.
//!
//! The same cases in the same order give the same figures. A value that is none is left out; one that is unknown or fails makes
//! the figure unknown, and how many cases did is told.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::check::CheckedPack;
use crate::check::metrics::{CheckedMetric, Total, TotalKind};
use crate::eval::runner::Runner;
use crate::language::functions::Context;
use crate::language::meaning::Reader;
use crate::value::ops::{self, Arithmetic, Comparison};
use crate::value::{ErrorCode, EvaluationError, Failure, Outcome, Type, Value, number};

/// The totals of all metrics over some cases.
#[derive(Clone, Debug)]
pub(crate) struct Totals {
    /// By metric, then by total.
    totals: Vec<Vec<Running>>,
}

/// One total, so far.
#[derive(Clone, Debug)]
struct Running {
    value: Value,
    /// How many cases it is made of.
    count: i64,
    /// How many cases of it are not known, or failed.
    unknown: u64,
    failure: Option<Failure>,
}

/// What a metric came to.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) value: Outcome,
    /// In how many cases something that it takes is not known, or failed.
    pub(crate) unknown: u64,
}

impl Totals {
    /// Of no cases.
    pub(crate) fn new(checked: &CheckedPack) -> Totals {
        let running = |_: &Total| Running { value: Value::None, count: 0, unknown: 0, failure: None };
        Totals { totals: checked.metrics.iter().map(|metric| metric.totals.iter().map(running).collect()).collect() }
    }

    /// Adds what was taken of a case.
    pub(crate) fn add(&mut self, checked: &CheckedPack, sample: &[Vec<Outcome>]) {
        for ((metric, totals), taken) in checked.metrics.iter().zip(&mut self.totals).zip(sample) {
            for ((total, running), taken) in metric.totals.iter().zip(totals).zip(taken) {
                running.add(total, taken.clone());
            }
        }
    }

    /// What the metrics come to.
    pub(crate) fn figures(&self, checked: &CheckedPack, as_of: DateTime<Utc>) -> Vec<Figure> {
        let metrics = checked.metrics.iter().zip(&self.totals);
        metrics.map(|(metric, totals)| figure(checked, metric, totals, as_of)).collect()
    }
}

/// What all metrics take of a case: by metric, then by total.
pub(crate) fn sample(runner: &Runner<'_>) -> Vec<Vec<Outcome>> {
    let metrics = runner.pack().checked.metrics.iter();
    metrics.map(|metric| metric.totals.iter().map(|total| taken(runner, total)).collect()).collect()
}

/// What a total takes of a case; none where it takes nothing.
fn taken(runner: &Runner<'_>, total: &Total) -> Outcome {
    if let Some(which) = &total.which {
        match runner.value(which)? {
            Value::Boolean(true) => {}
            _ => return Ok(Value::None),
        }
    }
    match &total.of {
        Some(of) => runner.value(of),
        None => Ok(Value::Integer(1)),
    }
}

impl Running {
    fn add(&mut self, total: &Total, taken: Outcome) {
        let value = match taken {
            Ok(Value::None) => return,
            Ok(value) => value,
            Err(failure) => {
                self.unknown = self.unknown.saturating_add(1);
                self.failure = self.failure.take().or(Some(failure));
                return;
            }
        };
        self.count = self.count.saturating_add(1);
        let wanted = match total.kind {
            TotalKind::Min => Some(Comparison::Less),
            TotalKind::Max => Some(Comparison::Greater),
            _ => None,
        };
        self.value = match (wanted, std::mem::replace(&mut self.value, Value::None)) {
            (_, Value::None) => value,
            (Some(wanted), known) => {
                if ops::compare(wanted, &value, &known) {
                    value
                } else {
                    known
                }
            }
            (None, known) => match ops::arithmetic(Arithmetic::Add, &known, &value, None) {
                Ok(sum) => sum,
                Err(error) => {
                    self.failure = Some(error.into());
                    known
                }
            },
        };
    }

    fn outcome(&self, total: &Total) -> Outcome {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        match (total.kind, &self.value) {
            (TotalKind::Count, Value::None) => Ok(Value::Integer(0)),
            (TotalKind::Sum, Value::None) => Ok(zero(&total.base)),
            (TotalKind::Average, value) if !value.is_none() => {
                let sum = ops::plain(value)?;
                let average = number::divide(sum, Decimal::from(self.count))?;
                Ok(match total.base {
                    Type::Money => Value::Money(average),
                    Type::Percent => Value::Percent(average),
                    _ => Value::Decimal(average),
                })
            }
            (_, value) => Ok(value.clone()),
        }
    }
}

fn zero(base: &Type) -> Value {
    match base {
        Type::Money => Value::Money(Decimal::ZERO),
        Type::Percent => Value::Percent(Decimal::ZERO),
        Type::Decimal => Value::Decimal(Decimal::ZERO),
        _ => Value::Integer(0),
    }
}

fn figure(checked: &CheckedPack, metric: &CheckedMetric, totals: &[Running], as_of: DateTime<Utc>) -> Figure {
    let slots: Vec<Outcome> = metric.totals.iter().zip(totals).map(|(total, running)| running.outcome(total)).collect();
    let zone = checked.header.zone;
    let context =
        Context { calendar: checked.calendar.as_ref(), ..Context::at(as_of, zone, checked.header.currency_decimals) };
    let mut reader = Reader {
        slots: slots.as_slice(),
        context: &context,
        rates: &checked.rates,
        private: &[],
        locals: Vec::new(),
        steps: 0,
    };
    let value = reader.value(&metric.value).and_then(|value| rounded(value, metric.decimals).map_err(Failure::from));
    let unknown = totals.iter().map(|running| running.unknown).max().unwrap_or(0);
    Figure { value, unknown }
}

/// A number with at most so many decimals, half up.
fn rounded(value: Value, decimals: Option<u32>) -> Result<Value, EvaluationError> {
    let Some(decimals) = decimals else { return Ok(value) };
    let round = |number: Decimal| crate::value::Rounding::HalfUp.round(number, decimals);
    Ok(match value {
        Value::Decimal(number) => Value::Decimal(round(number)),
        Value::Money(number) => Value::Money(round(number)),
        Value::Percent(number) => Value::Percent(round(number)),
        Value::Integer(_) | Value::None => value,
        _ => return Err(EvaluationError::new(ErrorCode::InvalidArgument, "a metric is a number")),
    })
}
