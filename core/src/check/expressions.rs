//! Expression slots of a document: what YAML may have cut, and the text's parse.

use std::sync::Arc;

use super::literals;
use super::tables::{CheckedCondition, Written};
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::parse::Parser;
use crate::language::{Ast, Expr, ExprKind, Scope, Typer};
use crate::source::Snippet;
use crate::syntax::Node;
use crate::syntax::balance::{Unbalanced, unbalanced};
use crate::value::Type;

/// The expression in a slot that takes nothing else.
pub(crate) fn expression(node: &Node, what: &str, parser: &Parser, findings: &mut Findings) -> Option<Ast> {
    let scalar = node.as_scalar(what, findings)?;
    if scalar.report_cut(node.span, findings) {
        return None;
    }
    parse(&scalar.snippet, parser, findings)
}

/// The expression that a piece of text says.
pub(crate) fn parse(snippet: &Snippet, parser: &Parser, findings: &mut Findings) -> Option<Ast> {
    if snippet.text.starts_with('=') && !snippet.text.starts_with("==") {
        findings.push(
            Finding::error(
                Code::SyntaxError,
                snippet.whole(),
                "this slot takes expressions only, so `=` is not written",
            )
            .help("remove the `=`"),
        );
        return None;
    }
    if let Some(problem) = unbalanced(&snippet.text) {
        let Unbalanced { at, what, help } = problem;
        findings.push(
            Finding::error(Code::CutExpression, snippet.span(at, at + 1), format!("this expression has {what}"))
                .help(help),
        );
        return None;
    }
    if let Some((start, end)) = comment(&snippet.text) {
        findings.push(
            Finding::error(
                Code::UnsupportedSyntax,
                snippet.span(start, end),
                "this would turn the rest into a comment",
            )
            .help("`div(a, b)` divides integers; a comment of YAML stands on a line of its own"),
        );
        return None;
    }
    parser.parse(snippet, findings)
}

/// Where a text begins or ends a comment of Rhai, outside quotes.
fn comment(text: &str) -> Option<(usize, usize)> {
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open && previous != '\\' => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if matches!((previous, c), ('/', '/' | '*') | ('*', '/')) => return Some((at - 1, at + 1)),
            None => {}
        }
        previous = c;
    }
    None
}

/// What stands in a slot that takes a value: one that is written out, or an expression behind `=`.
pub(crate) enum RawValue {
    Literal(Snippet),
    Computed(Ast),
}

/// The value in a slot that takes one.
pub(crate) fn raw_value(node: &Node, what: &str, parser: &Parser, findings: &mut Findings) -> Option<RawValue> {
    let scalar = node.as_scalar(what, findings)?;
    let snippet = scalar.snippet.trimmed();
    if let Some(rest) = snippet.text.strip_prefix('=') {
        if scalar.report_cut(node.span, findings) {
            return None;
        }
        let inner = snippet.trimmed_slice(snippet.text.len() - rest.len(), snippet.text.len());
        return parse(&inner, parser, findings).map(RawValue::Computed);
    }
    node.as_text(what, findings)?;
    Some(RawValue::Literal(snippet))
}

/// A value of a type, written out or computed, that is never none.
pub(crate) fn value(
    node: &Node,
    base: &Type,
    decimals: Option<u32>,
    what: &str,
    (scope, parser): (&dyn Scope, &Parser),
    findings: &mut Findings,
) -> Option<Expr> {
    match raw_value(node, what, parser, findings)? {
        RawValue::Computed(ast) => Some(Typer::new(scope, findings).stored(&ast, base, false, what)),
        RawValue::Literal(snippet) => {
            let value = literals::value(&snippet, base, decimals, false, findings)?;
            Some(Expr::literal(value, base.clone(), snippet.whole()))
        }
    }
}

/// Conditions of which all must hold, typed.
pub(crate) fn all_of(
    node: Option<&Node>,
    what: &str,
    scope: &dyn Scope,
    parser: &Parser,
    findings: &mut Findings,
) -> Vec<CheckedCondition> {
    let Some(node) = node else { return Vec::new() };
    conditions(node, what, parser, findings)
        .into_iter()
        .map(|(ast, text)| {
            let expr = Typer::new(scope, findings).condition(&ast);
            CheckedCondition { expr, written: Written::When(Arc::from(text)), cell: None }
        })
        .collect()
}

/// Conditions of which none may hold, typed.
pub(crate) fn none_of(
    node: Option<&Node>,
    scope: &dyn Scope,
    parser: &Parser,
    findings: &mut Findings,
) -> Vec<CheckedCondition> {
    let Some(node) = node else { return Vec::new() };
    conditions(node, "`unless`", parser, findings)
        .into_iter()
        .map(|(ast, text)| {
            let expr = Typer::new(scope, findings).condition(&ast);
            let expr = Expr::boolean(ExprKind::Not(Box::new(expr.clone())), expr.span);
            CheckedCondition { expr, written: Written::Unless(Arc::from(text)), cell: None }
        })
        .collect()
}

/// Conditions: one, or a list of them.
pub(crate) fn conditions(node: &Node, what: &str, parser: &Parser, findings: &mut Findings) -> Vec<(Ast, String)> {
    let items = node.one_or_many();
    if items.is_empty() {
        findings.push(
            Finding::error(Code::WrongKind, node.span, format!("{what} is an empty list"))
                .help("remove the key, or write a condition"),
        );
    }
    items
        .iter()
        .filter_map(|item| {
            let text = item.text().unwrap_or("").to_owned();
            expression(item, what, parser, findings).map(|ast| (ast, text))
        })
        .collect()
}
