//! Metrics: figures over a whole portfolio, calculated from sums and counts over its cases.
//!
//! Takes `metrics`; gives for each what is to be added up of every case, and how the figure follows from the totals.

use std::sync::Arc;

use super::expressions::expression;
use super::names::{Names, report_id};
use super::pack::section;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::declared::DeclaredFunction;
use crate::language::parse::Parser;
use crate::language::{Ast, AstKind, Expr, Name, Scope, SlotId, Typer};
use crate::source::{Span, clamp};
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map};
use crate::value::Type;

/// A figure over a portfolio.
#[derive(Clone, Debug)]
pub(crate) struct CheckedMetric {
    pub(crate) name: Arc<str>,
    pub(crate) about: Option<String>,
    pub(crate) unit: Option<String>,
    /// To how many decimals it is rounded.
    pub(crate) decimals: Option<u32>,
    /// What is taken from every case.
    pub(crate) totals: Vec<Total>,
    /// The figure, over the totals: slot 0 is the first.
    pub(crate) value: Expr,
    pub(crate) source: Option<String>,
}

/// Something that is added up over all cases.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    pub(crate) kind: TotalKind,
    /// What is taken of a case; nothing where cases are counted.
    pub(crate) of: Option<Expr>,
    /// Which cases are taken; nothing where all are.
    pub(crate) which: Option<Expr>,
    pub(crate) base: Type,
}

/// How it is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TotalKind {
    Sum,
    Count,
    Average,
    Min,
    Max,
}

impl TotalKind {
    const NAMED: [(&'static str, TotalKind); 5] = [
        ("sum", TotalKind::Sum),
        ("count", TotalKind::Count),
        ("average", TotalKind::Average),
        ("min", TotalKind::Min),
        ("max", TotalKind::Max),
    ];

    /// The kind of a call with so many arguments; `min` and `max` of several values are those of the language.
    fn of_call(name: &str, arguments: usize) -> Option<TotalKind> {
        let (_, kind) = TotalKind::NAMED.iter().find(|(known, _)| *known == name)?;
        match (kind, arguments) {
            (TotalKind::Min | TotalKind::Max, 2..) => None,
            _ => Some(*kind),
        }
    }
}

/// Reads the pack's metrics.
pub(crate) fn read(root: &Map, names: &Names, parser: &Parser, findings: &mut Findings) -> Vec<CheckedMetric> {
    section(root, "metrics")
        .filter_map(|entry| MetricReader { names, parser, findings, totals: Vec::new() }.metric(entry))
        .collect()
}

struct MetricReader<'a> {
    names: &'a Names,
    parser: &'a Parser,
    findings: &'a mut Findings,
    totals: Vec<Total>,
}

impl MetricReader<'_> {
    fn metric(mut self, entry: &Entry) -> Option<CheckedMetric> {
        report_id(&entry.key, entry.key_span, self.findings);
        let what = format!("the metric `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let value = reader.required("value", self.findings);
        let unit = reader.text("unit", self.findings).map(str::to_owned);
        let about = reader.text("about", self.findings).map(str::to_owned);
        let source = reader.text("source", self.findings).map(str::to_owned);
        let decimals = reader.optional("decimals", self.findings);
        reader.finish(self.findings);
        let decimals = decimals.and_then(|node| match node.as_text("`decimals`", self.findings)?.parse::<u32>() {
            Ok(decimals) if decimals <= crate::value::number::DECIMALS => Some(decimals),
            _ => {
                self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`decimals` is not a number from 0 to 28")
                        .help("write how many decimals, such as `2`"),
                );
                None
            }
        });
        let mut ast = expression(value?, "`value`", self.parser, self.findings)?;
        let before = self.findings.len();
        self.take_totals(&mut ast);
        if self.findings.has_errors_since(before) {
            return None;
        }
        let scope = Totals { totals: &self.totals, names: self.names };
        let value = Typer::new(&scope, self.findings).expr(&ast);
        if !value.base.is_number() && value.base != Type::Any {
            self.findings.push(
                Finding::error(
                    Code::TypeMismatch,
                    value.span,
                    format!("a metric is a number, but this is {}", value.base),
                )
                .help("calculate with `sum(..)`, `count(..)`, `average(..)`, `min(..)`, `max(..)` over the cases"),
            );
        } else if self.totals.is_empty() {
            self.findings.push(
                Finding::error(Code::TypeMismatch, value.span, "this metric takes nothing from the cases")
                    .help("calculate with `sum(..)` or `count(..)` over the cases, such as `sum(balance)`"),
            );
        }
        let name = Arc::from(entry.key.as_str());
        Some(CheckedMetric { name, about, unit, decimals, totals: self.totals, value, source })
    }

    /// Puts names of totals in place of the calls that make them.
    fn take_totals(&mut self, ast: &mut Ast) {
        if let AstKind::Call { name, arguments, .. } = &ast.kind
            && let Some(kind) = TotalKind::of_call(name, arguments.len())
        {
            let position = self.totals.len();
            if let Some(total) = self.total(kind, name, arguments, ast.span) {
                self.totals.push(total);
                ast.kind = AstKind::Name(total_name(position));
            }
            return;
        }
        for child in ast.children_mut() {
            self.take_totals(child);
        }
    }

    fn total(&mut self, kind: TotalKind, name: &str, arguments: &[Ast], span: Span) -> Option<Total> {
        let (of, which) = match (kind, arguments) {
            (TotalKind::Count, []) => (None, None),
            (TotalKind::Count, [which]) => (None, Some(which)),
            (TotalKind::Count, _) | (_, []) | (_, [_, _, ..]) if arguments.len() != 2 || kind == TotalKind::Count => {
                let example = match kind {
                    TotalKind::Count => "count()` or `count(disputed)".to_owned(),
                    _ => format!("{name}(balance)` or `{name}(balance, disputed)"),
                };
                self.findings.push(
                    Finding::error(Code::WrongArguments, span, format!("`{name}` does not go over the cases so"))
                        .help(format!("write `{example}`")),
                );
                return None;
            }
            (_, [of]) => (Some(of), None),
            (_, [of, which, ..]) => (Some(of), Some(which)),
            (_, []) => return None,
        };
        let which = which.map(|which| Typer::new(self.names, self.findings).condition(which));
        let of = of.map(|of| Typer::new(self.names, self.findings).expr(of));
        let base = match &of {
            None => Type::Integer,
            Some(of) if of.base.is_number() => match (kind, &of.base) {
                (TotalKind::Average, Type::Integer) => Type::Decimal,
                (_, base) => base.clone(),
            },
            Some(of) => {
                if of.base != Type::Any {
                    self.findings.push(
                        Finding::error(
                            Code::TypeMismatch,
                            of.span,
                            format!("`{name}` adds up numbers, not {}", of.base),
                        )
                        .help("name a number of the case; `count(condition)` counts cases"),
                    );
                }
                Type::Any
            }
        };
        Some(Total { kind, of, which, base })
    }
}

/// The name of a total in the expression over the totals. No expression can be written so.
fn total_name(position: usize) -> String {
    format!("total {}", position + 1)
}

/// The totals as names, and of the pack's names only the rates.
struct Totals<'a> {
    totals: &'a [Total],
    names: &'a Names,
}

impl Scope for Totals<'_> {
    fn name(&self, name: &str) -> Option<Name> {
        let position = name.strip_prefix("total ")?.parse::<usize>().ok()?.checked_sub(1)?;
        let total = self.totals.get(position)?;
        // Of no cases at all there is no least, greatest or average.
        let maybe_none = matches!(total.kind, TotalKind::Average | TotalKind::Min | TotalKind::Max);
        Some(Name::Value { slot: SlotId(clamp(position)), base: total.base.clone(), maybe_none, decides: true })
    }

    fn nearest(&self, _wrong: &str, _more: &[&str]) -> Option<String> {
        None
    }

    fn called(&self, slot: SlotId) -> Option<String> {
        Some(total_name(slot.0 as usize))
    }

    fn function(&self, name: &str) -> Option<Arc<DeclaredFunction>> {
        self.names.function(name)
    }

    fn rate(&self, name: &str) -> Option<usize> {
        self.names.rate(name)
    }

    fn rates(&self) -> Vec<String> {
        self.names.rates()
    }

    fn missing(&self, name: &str) -> Option<(String, String)> {
        let known = TotalKind::NAMED.map(|(known, _)| known);
        let message = format!("`{name}` belongs to a case, and this goes over all cases");
        let help = did_you_mean(name, known).unwrap_or_else(|| format!("add it up: `sum({name})`"));
        Some((message, help))
    }
}
