//! Condition cells: their few forms, read out of the text.

use super::CellTest;
use super::rows::Subject;
use crate::check::arms::Guard;
use crate::check::literals::unquoted;
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::parse::Parser;
use crate::language::{Ast, Expr, ExprKind, Typer};
use crate::source::{Snippet, Span};
use crate::value::ops::Comparison;
use crate::value::{Type, Value, number, text};

/// A cell before its column's type is known.
pub(super) struct RawCell {
    pub(super) text: Snippet,
    form: Form,
}

enum Form {
    OneOf(Vec<Snippet>),
    NoneOf(Vec<Snippet>),
    Compare(Comparison, Operand),
    Range { low: Operand, high: Operand, is_inclusive: bool },
    Unknown,
    Known,
}

/// What stands behind a comparison or beside `to`.
enum Operand {
    Literal(Snippet),
    Computed(Ast),
}

impl RawCell {
    /// The cell that a text says; nothing where it is empty (any value), or wrong, which is reported.
    pub(super) fn parse(cell: &Snippet, parser: &Parser, findings: &mut Findings) -> Option<RawCell> {
        let cell = cell.trimmed();
        let text = cell.text.as_str();
        if text.is_empty() {
            return None;
        }
        let form = Self::form(&cell, text, parser, findings)?;
        Some(RawCell { text: cell.clone(), form })
    }

    /// The cell that the guards of a row stand for; nothing where it has none.
    pub(super) fn of_guards(guards: &[Guard]) -> Option<RawCell> {
        let Guard { is, span, .. } = guards.first()?;
        let words: Vec<&str> = guards.iter().map(|guard| guard.arm.as_str()).collect();
        let text = format!("{}{}", if *is { "" } else { "not " }, words.join(", "));
        let words = words.iter().map(|word| Snippet::verbatim(word, *span)).collect();
        let form = if *is { Form::OneOf(words) } else { Form::NoneOf(words) };
        Some(RawCell { text: Snippet::verbatim(&text, *span), form })
    }

    fn form(cell: &Snippet, text: &str, parser: &Parser, findings: &mut Findings) -> Option<Form> {
        let wrong = |message: String, help: &str| Finding::error(Code::CellSyntax, cell.whole(), message).help(help);
        if text.matches('"').count() % 2 == 1 {
            findings.push(wrong("this cell has a quote that is not closed".to_owned(), "close it with another `\"`"));
            return None;
        }
        if text == "unknown" {
            return Some(Form::Unknown);
        }
        if text == "known" {
            return Some(Form::Known);
        }
        for (symbol, operator) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if let Some(rest) = text.strip_prefix(symbol) {
                if rest.starts_with(['=', '<', '>']) {
                    break;
                }
                let start = text.len() - rest.len();
                let is_second = |word: &str| {
                    rest.split_once(word).is_some_and(|(_, more)| more.trim_start().starts_with(['<', '>', '=']))
                };
                let help = if is_second(" and ") {
                    Some("write a range, such as `5 to under 15`, or make it a fact")
                } else {
                    is_second(" or ").then_some("write two rows, or make it a fact")
                };
                if let Some(help) = help {
                    let message = format!("`{text}` is two comparisons, but a cell holds one");
                    findings.push(Finding::error(Code::SyntaxError, cell.whole(), message).help(help));
                    return None;
                }
                let operand = cell.trimmed_slice(start, text.len());
                return Self::operand(&operand, cell, parser, findings).map(|operand| Form::Compare(operator, operand));
            }
        }
        if text.starts_with(['=', '!', '<', '>']) {
            let (message, help) = match text.chars().next() {
                Some('!') => ("`!` is not written in a cell".to_owned(), "write `not value`"),
                Some('=') if text.starts_with("==") => {
                    ("`==` is not written in a cell".to_owned(), "write the value alone")
                }
                Some('=') => (
                    "a condition cell does not begin with `=`".to_owned(),
                    "write the value alone; only outputs compute with `=`",
                ),
                _ => {
                    (format!("`{text}` does not begin with an operator of cells"), "one of `<`, `<=`, `>`, `>=`, `not`")
                }
            };
            findings.push(wrong(message, help));
            return None;
        }
        if text == "-" || text == "*" {
            findings.push(wrong(
                format!("`{text}` is not a value of cells"),
                "leave the cell empty where any value will do",
            ));
            return None;
        }
        if text.strip_prefix("not ").is_some_and(|rest| rest.trim_start().starts_with(['<', '>', '='])) {
            findings.push(wrong(
                "`not` stands before values, not before a comparison".to_owned(),
                "turn the comparison round: `<= 5` for `not > 5`",
            ));
            return None;
        }
        if text == "not"
            || text == "to"
            || text.ends_with(" to")
            || text.starts_with("to ")
            || text.ends_with(" to under")
        {
            findings.push(wrong(
                format!("`{text}` is not complete"),
                "write `not value`, `1 to 15` or `500 to under 2500`",
            ));
            return None;
        }
        if let Some(rest) = text.strip_prefix("not ") {
            let start = text.len() - rest.len();
            return Self::values(&cell.trimmed_slice(start, text.len()), findings).map(Form::NoneOf);
        }
        if let Some((low, high)) = split_range(text) {
            let low = cell.trimmed_slice(low.0, low.1);
            let is_inclusive = !cell.text.get(high.0..).unwrap_or("").trim_start().starts_with("under ");
            let high_start = if is_inclusive {
                high.0
            } else {
                high.0 + cell.text.get(high.0..).and_then(|rest| rest.find("under ")).unwrap_or(0) + "under ".len()
            };
            let high = cell.trimmed_slice(high_start, high.1);
            let low = Self::operand(&low, cell, parser, findings);
            let high = Self::operand(&high, cell, parser, findings);
            return Some(Form::Range { low: low?, high: high?, is_inclusive });
        }
        if let Some((low, high)) = text.split_once("..") {
            let high = high.trim_start_matches(['=', '.']);
            findings.push(wrong(
                format!("`{text}` can be read in two ways"),
                &format!(
                    "write `{} to {}` (both included) or `{} to under {}`",
                    low.trim(),
                    high.trim(),
                    low.trim(),
                    high.trim()
                ),
            ));
            return None;
        }
        if let Some((low, high)) = dashed(text) {
            findings.push(wrong(format!("`{text}` is not a range of cells"), &format!("write `{low} to {high}`")));
            return None;
        }
        Self::values(cell, findings).map(Form::OneOf)
    }

    fn values(list: &Snippet, findings: &mut Findings) -> Option<Vec<Snippet>> {
        if is_grouped(&list.text) {
            let plain: String = list.text.chars().filter(|c| *c != ',').collect();
            let spaced = list.text.replace(',', ", ");
            findings.push(
                Finding::error(Code::AmbiguousNumber, list.whole(), format!("`{}` can be read in two ways", list.text))
                    .help(format!("write `{plain}` for one number, or `{spaced}` for several values")),
            );
            return None;
        }
        let mut values = Vec::new();
        let mut start = 0;
        let mut in_quotes = false;
        let text = &list.text;
        for (at, c) in text.char_indices().chain([(text.len(), ',')]) {
            match c {
                '"' => in_quotes = !in_quotes,
                ',' if !in_quotes || at == text.len() => {
                    let value = list.trimmed_slice(start, at);
                    if value.text.is_empty() {
                        findings.push(
                            Finding::error(Code::CellSyntax, list.whole(), "a value is missing beside a comma")
                                .help("remove the comma, or write the value"),
                        );
                        return None;
                    }
                    values.push(value);
                    start = at + 1;
                }
                _ => {}
            }
        }
        Some(values)
    }

    fn operand(operand: &Snippet, cell: &Snippet, parser: &Parser, findings: &mut Findings) -> Option<Operand> {
        let text = operand.text.as_str();
        if text.is_empty() {
            findings.push(
                Finding::error(Code::CellSyntax, cell.whole(), format!("`{}` is not complete", cell.text))
                    .help("write the value behind the operator"),
            );
            return None;
        }
        if is_grouped(text) {
            let plain: String = text.chars().filter(|c| *c != ',').collect();
            findings.push(
                Finding::error(Code::AmbiguousNumber, operand.whole(), format!("`{text}` is written with a comma"))
                    .help(format!("write `{plain}`")),
            );
            return None;
        }
        let bare = text.strip_suffix('%').map_or(text, str::trim_end);
        let looks_like_date = text.len() == 10
            && text.bytes().filter(|byte| *byte == b'-').count() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let is_duration = crate::value::Duration::parse(text).is_some();
        if number::parse(bare).is_some() || looks_like_date || is_duration || text::timestamp(text).is_ok() {
            return Some(Operand::Literal(operand.clone()));
        }
        crate::check::expressions::parse(operand, parser, findings).map(Operand::Computed)
    }

    /// The place of the cell.
    pub(super) fn span(&self) -> Span {
        self.text.whole()
    }

    /// The names that the cell reads.
    pub(super) fn names(&self, names: &mut Vec<(String, Span)>) {
        let operands: &[&Operand] = match &self.form {
            Form::Compare(_, operand) => &[operand],
            Form::Range { low, high, .. } => &[low, high],
            _ => &[],
        };
        for operand in operands {
            if let Operand::Computed(ast) = operand {
                ast.names(names);
            }
        }
    }

    /// What the cell asks of its column, as a condition and for the analysis.
    pub(super) fn check(
        &self,
        subject: &Subject<'_>,
        typer_scope: &dyn crate::language::Scope,
        findings: &mut Findings,
    ) -> (Expr, CellTest) {
        let span = self.span();
        let column = subject.expr.clone();
        let needs_order = matches!(self.form, Form::Compare(..) | Form::Range { .. });
        if needs_order && !column.base.is_ordered() {
            findings.push(
                Finding::error(Code::TypeMismatch, span, format!("the column is {}, which has no order", column.base))
                    .help("write values, or `not` and values"),
            );
            return (Expr::boolean(ExprKind::Refused, span), CellTest::Computed);
        }
        match &self.form {
            Form::Unknown => {
                let known = Expr::boolean(ExprKind::Known(Box::new(column)), span);
                (Expr::boolean(ExprKind::Not(Box::new(known)), span), CellTest::IsUnknown)
            }
            Form::Known => (Expr::boolean(ExprKind::Known(Box::new(column)), span), CellTest::IsKnown),
            Form::OneOf(values) => {
                let values = self.literals(values, subject, findings);
                let expr = self.one_of(&values, column, typer_scope, findings);
                (expr, CellTest::OneOf(values.into_iter().map(|(value, _)| value).collect()))
            }
            Form::NoneOf(values) => {
                let values = self.literals(values, subject, findings);
                let expr = self.one_of(&values, column, typer_scope, findings);
                let test = CellTest::NoneOf(values.into_iter().map(|(value, _)| value).collect());
                (Expr::boolean(ExprKind::Not(Box::new(expr)), span), test)
            }
            Form::Compare(operator, operand) => {
                let (operand, value) = self.side(operand, subject, typer_scope, findings);
                let expr = Typer::new(typer_scope, findings).comparison(*operator, column, operand, span);
                (expr, value.map_or(CellTest::Computed, |value| CellTest::Compare(*operator, value)))
            }
            Form::Range { low, high, is_inclusive } => {
                let (low, low_value) = self.side(low, subject, typer_scope, findings);
                let (high, high_value) = self.side(high, subject, typer_scope, findings);
                let expr = Typer::new(typer_scope, findings).range(column, low, high, *is_inclusive, span);
                let test = match (low_value, high_value) {
                    (Some(low), Some(high)) => CellTest::Range { low, high, is_inclusive: *is_inclusive },
                    _ => CellTest::Computed,
                };
                (expr, test)
            }
        }
    }

    fn one_of(
        &self,
        values: &[(Value, Span)],
        column: Expr,
        scope: &dyn crate::language::Scope,
        findings: &mut Findings,
    ) -> Expr {
        let span = self.span();
        let literal = |(value, span): &(Value, Span)| {
            let base = if value.is_none() { Type::Any } else { column.base.clone() };
            Expr::literal(value.clone(), base, *span)
        };
        if let [only] = values {
            let operand = literal(only);
            return Typer::new(scope, findings).comparison(Comparison::Equal, column, operand, span);
        }
        let items: Vec<Expr> = values.iter().map(literal).collect();
        let maybe_none = items.iter().any(|item| item.maybe_none);
        let list = Expr {
            kind: ExprKind::List(items),
            base: Type::list(column.base.clone(), maybe_none),
            maybe_none: false,
            span,
        };
        Typer::new(scope, findings).membership(column, list, span)
    }

    fn literals(&self, values: &[Snippet], subject: &Subject<'_>, findings: &mut Findings) -> Vec<(Value, Span)> {
        values
            .iter()
            .filter_map(|value| self.literal(value, subject, findings).map(|found| (found, value.whole())))
            .collect()
    }

    fn literal(&self, snippet: &Snippet, subject: &Subject<'_>, findings: &mut Findings) -> Option<Value> {
        let written = snippet.text.as_str();
        if written == "none" {
            return Some(Value::None);
        }
        if matches!(written, "unknown" | "known" | "otherwise") {
            findings.push(
                Finding::error(
                    Code::CellSyntax,
                    snippet.whole(),
                    format!("`{written}` does not stand beside other values"),
                )
                .help("give it a row of its own; a text of this name stands in quotes"),
            );
            return None;
        }
        if matches!(subject.expr.base, Type::List(_) | Type::Record(_)) {
            findings.push(
                Finding::error(
                    Code::TypeMismatch,
                    snippet.whole(),
                    format!("a cell cannot be compared with a {}", subject.expr.base.word()),
                )
                .help("make a fact of what is asked of it, such as its `count()`"),
            );
            return None;
        }
        let base = match &subject.expr.base {
            Type::Duration(unit) => Type::Duration(*unit),
            other => other.clone(),
        };
        match text::read(unquoted(written), &base, None) {
            Ok(value) => {
                if let Some(field) = subject.field
                    && let Err(problem) = text::within(&value, &field.range)
                {
                    findings.push(
                        Finding::error(problem.code, snippet.whole(), problem.message)
                            .help(format!("`{}` never has this value: see its `min` and `max`", field.name)),
                    );
                    return None;
                }
                Some(value)
            }
            Err(problem) => {
                let is_expression = written.contains(['(', '*', '+']) && !matches!(base, Type::Text);
                let help = if is_expression {
                    Some("an expression stands only behind `<`, `<=`, `>`, `>=`: make it a fact".to_owned())
                } else {
                    problem.help
                };
                findings.push(Finding::error(problem.code, snippet.whole(), problem.message).maybe_help(help));
                None
            }
        }
    }

    fn side(
        &self,
        operand: &Operand,
        subject: &Subject<'_>,
        scope: &dyn crate::language::Scope,
        findings: &mut Findings,
    ) -> (Expr, Option<Value>) {
        match operand {
            Operand::Literal(snippet) => {
                let refused =
                    Expr { kind: ExprKind::Refused, base: Type::Any, maybe_none: false, span: snippet.whole() };
                match self.literal(snippet, &Subject { expr: subject.expr, field: None }, findings) {
                    Some(value) => {
                        let base = subject.expr.base.clone();
                        if let Some(field) = subject.field
                            && let Err(problem) = text::within(&value, &field.range)
                        {
                            findings.push(
                                Finding::error(problem.code, snippet.whole(), problem.message).help(format!(
                                    "`{}` never reaches this value: see its `min` and `max`",
                                    field.name
                                )),
                            );
                            return (refused, None);
                        }
                        (Expr::literal(value.clone(), base, snippet.whole()), Some(value))
                    }
                    None => (refused, None),
                }
            }
            Operand::Computed(ast) => (Typer::new(scope, findings).expr(ast), None),
        }
    }
}

/// The two sides of `a to b`, as byte ranges; not inside quotes.
fn split_range(text: &str) -> Option<((usize, usize), (usize, usize))> {
    if text.contains('"') {
        return None;
    }
    let at = text.find(" to ")?;
    let (low, high) = (text.get(..at)?, text.get(at + 4..)?);
    let is_value = |side: &str| !side.trim().is_empty() && !side.contains(',');
    (is_value(low) && is_value(high)).then_some(((0, at), (at + 4, text.len())))
}

/// `1-15`, which people write for a range.
fn dashed(text: &str) -> Option<(&str, &str)> {
    let (low, high) = text.split_once('-')?;
    let is_number = |side: &str| number::parse(side.trim()).is_some();
    (is_number(low) && is_number(high)).then_some((low.trim(), high.trim()))
}

/// `2,499`: digits, a comma and three digits, without a blank.
fn is_grouped(text: &str) -> bool {
    let mut parts = text.split(',');
    let Some(first) = parts.next() else { return false };
    let digits = |part: &str, len: Option<usize>| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && len.is_none_or(|len| part.len() == len)
    };
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let last_whole = last.split('.').next().unwrap_or("");
    digits(first, None)
        && first.len() <= 3
        && middle.iter().all(|part| digits(part, Some(3)))
        && digits(last_whole, Some(3))
        && last.strip_prefix(last_whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
