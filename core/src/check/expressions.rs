//! Expression slots of a document: what YAML may have cut, and the text's parse.

use crate::diagnostic::{Code, Finding, Findings};
use crate::language::Ast;
use crate::language::parse::Parser;
use crate::source::Snippet;
use crate::syntax::node::quoted;
use crate::syntax::{Node, Style};

/// The expression in a slot that takes nothing else.
pub(crate) fn expression(node: &Node, what: &str, parser: &Parser, findings: &mut Findings) -> Option<Ast> {
    let scalar = node.as_scalar(what, findings)?;
    if scalar.report_cut(node.span, findings) {
        return None;
    }
    if scalar.style == Style::Plain
        && let Some(problem) = unbalanced(&scalar.snippet.text)
    {
        let help = format!(
            "YAML may have cut it: complete it and quote it, such as {}",
            quoted(&format!("{}..", scalar.snippet.text))
        );
        findings
            .push(Finding::error(Code::CutExpression, node.span, format!("this expression has {problem}")).help(help));
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
        findings.push(
            Finding::error(Code::CutExpression, snippet.whole(), format!("this expression has {problem}"))
                .help("close what was opened"),
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

/// What is not closed in a text, if anything: brackets or a quote.
fn unbalanced(text: &str) -> Option<&'static str> {
    let mut open = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '`' => loop {
                match chars.next() {
                    Some('\\') => {
                        chars.next();
                    }
                    Some(other) if other == c => break,
                    Some(_) => {}
                    None => return Some("a quote that is not closed"),
                }
            },
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let wanted = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(wanted) {
                    return Some("a bracket that was not opened");
                }
            }
            _ => {}
        }
    }
    if open.is_empty() { None } else { Some("a bracket that is not closed") }
}
