//! Expressions parsed by Rhai: the only file that knows Rhai's AST.
//!
//! Text in, [`Ast`] out. Rhai's own evaluation never runs here, and its optimiser is off: it would fold `7 / 2` to 3
//! and `2026-11-21` to 1994 before anybody sees them.

pub(crate) mod body;
mod errors;

use chrono::NaiveDate;
use rhai::{ASTNode, Dynamic, Engine, Expr, FnPtr, OptimizationLevel, Position, Stmt, Token};
use rust_decimal::Decimal;

use crate::diagnostic::{Code, Finding, Findings};
use crate::language::ast::{Ast, AstKind};
use crate::source::{Snippet, Span};
use crate::value::number;
use crate::value::ops::{Arithmetic, Comparison};

/// The longest expression, in bytes.
pub(crate) const LENGTH: usize = 8 * 1024;
/// How deep an expression may nest.
pub(crate) const DEPTH: usize = 48;

/// Parses expressions. One serves a whole load.
pub(crate) struct Parser {
    engine: Engine,
}

impl Parser {
    /// A parser with the language's limits.
    pub(crate) fn new() -> Parser {
        let mut engine = Engine::new_raw();
        engine.set_optimization_level(OptimizationLevel::None);
        engine.set_max_expr_depths(DEPTH, DEPTH);
        #[expect(deprecated, reason = "Rhai marks the call as volatile, not as deprecated; its version is pinned")]
        engine.on_parse_token(|token, _, _| operator_word(&token).unwrap_or(token));
        Parser { engine }
    }

    /// The expression that a text says; nothing where it cannot be read, which is reported.
    pub(crate) fn parse(&self, snippet: &Snippet, findings: &mut Findings) -> Option<Ast> {
        let text = snippet.text.as_str();
        if text.trim().is_empty() {
            findings.push(
                Finding::error(Code::SyntaxError, snippet.whole(), "an expression is missing here")
                    .help("write one, such as `balance > 5` for a condition"),
            );
            return None;
        }
        if text.len() > LENGTH {
            let message = format!("this expression has {} characters, the limit is {LENGTH}", text.len());
            findings
                .push(Finding::error(Code::SyntaxError, snippet.whole(), message).help("name parts of it as facts"));
            return None;
        }
        match self.engine.compile_expression(text) {
            Ok(ast) => {
                let mut reader = Reader { snippet, ast: &ast, findings, failed: false };
                let statement = ast.statements().first()?;
                let parsed = reader.statement(statement);
                if reader.failed { None } else { parsed }
            }
            Err(error) => {
                findings.push(errors::explain(error.err_type(), error.position(), snippet));
                None
            }
        }
    }

    /// Whether expressions can read a thing of this name: Rhai keeps some words for itself.
    pub(crate) fn can_name(&self, name: &str) -> bool {
        if matches!(
            name,
            "none"
                | "unknown"
                | "known"
                | "otherwise"
                | "today"
                | "as_of"
                | "local_today"
                | "local_time"
                | "this"
                | "and"
                | "or"
                | "not"
        ) {
            return false;
        }
        match self.engine.compile_expression(name) {
            Ok(ast) => matches!(ast.statements(), [Stmt::Expr(expr)] if matches!(&**expr, Expr::Variable(..))),
            Err(_) => false,
        }
    }
}

/// The operator that a word stands for.
pub(crate) fn operator_word(token: &Token) -> Option<Token> {
    let word = match token {
        Token::Identifier(word) => word.as_str(),
        Token::Reserved(word) => word.as_str(),
        _ => return None,
    };
    match word {
        "and" => Some(Token::And),
        "or" => Some(Token::Or),
        "not" => Some(Token::Bang),
        _ => None,
    }
}

/// Turns Rhai's nodes into ours.
struct Reader<'a> {
    snippet: &'a Snippet,
    ast: &'a rhai::AST,
    findings: &'a mut Findings,
    failed: bool,
}

impl Reader<'_> {
    fn statement(&mut self, statement: &Stmt) -> Option<Ast> {
        match statement {
            Stmt::Expr(expr) => self.expr(expr),
            Stmt::FnCall(call, position) => self.call(call, *position, None),
            Stmt::If(flow, position) => {
                let start = self.offset(*position);
                let span = self.token(*position);
                let condition = self.expr(&flow.expr)?;
                let then = self.block(&flow.body, span)?;
                if flow.branch.is_empty() {
                    self.refuse(
                        Code::UnsupportedSyntax,
                        span,
                        "an `if` without `else` has no value where its condition is false",
                        Some("add `else { .. }`".to_owned()),
                    );
                    return None;
                }
                let otherwise = self.block(&flow.branch, span)?;
                let span = self.snippet.span(start, start + 2).to(otherwise.span);
                let kind = AstKind::If {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: Box::new(otherwise),
                };
                Some(Ast { kind, span })
            }
            Stmt::Block(block) => {
                let span = self.token(block.position());
                self.block(block, span)
            }
            other => {
                let span = self.token(other.position());
                let (what, help) = match other {
                    Stmt::Assignment(_) => ("an assignment", "compare with `==`; name a value by making it a fact"),
                    Stmt::Switch(..) => ("`switch`", "use a table, or `if .. else`"),
                    Stmt::Var(..) => ("`let`", "name a value by making it a fact"),
                    Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) => {
                        ("a loop", "use the methods of lists, such as `any` or `sum`")
                    }
                    _ => ("this statement", "an expression only computes one value"),
                };
                self.unsupported(span, what, help)
            }
        }
    }

    fn block(&mut self, block: &rhai::StmtBlock, around: Span) -> Option<Ast> {
        self.only_statement(block.as_ref(), around)
    }

    fn only_statement(&mut self, statements: &[Stmt], around: Span) -> Option<Ast> {
        let mut statements = statements.iter().filter(|statement| !matches!(statement, Stmt::Noop(_) | Stmt::Share(_)));
        match (statements.next(), statements.next()) {
            (Some(only), None) => self.statement(only),
            (None, _) => {
                self.refuse(Code::SyntaxError, around, "a value is missing between `{` and `}`", None);
                None
            }
            (Some(_), Some(second)) => {
                let span = self.token(second.position());
                self.unsupported(span, "a second statement", "an expression computes one value: name steps as facts")
            }
        }
    }

    fn expr(&mut self, expr: &Expr) -> Option<Ast> {
        let position = expr.position();
        let span = self.token(position);
        let kind = match expr {
            Expr::BoolConstant(value, _) => AstKind::Boolean(*value),
            Expr::IntegerConstant(value, _) => {
                let literal = self.literal_at(span).unwrap_or_default();
                let behind = self.snippet.text.get(self.offset(position) + literal.len()..).unwrap_or("");
                if literal == "0" && behind.starts_with(char::is_alphabetic) {
                    return self.unsupported(span, "a number in another base", "write it in decimal digits");
                }
                if literal.starts_with('+') {
                    return self.unsupported(span, "a leading `+`", "remove it");
                }
                AstKind::Integer(*value)
            }
            Expr::StringConstant(value, _) => AstKind::Text(value.to_string()),
            Expr::DynamicConstant(value, _) => return self.constant(value, span),
            Expr::Variable(variable, _, _) => AstKind::Name(variable.1.to_string()),
            Expr::Array(items, _) => {
                let items = items.iter().map(|item| self.expr(item)).collect::<Option<Vec<_>>>()?;
                let end = items.last().map_or(span, |last| last.span);
                return Some(Ast { kind: AstKind::List(items), span: span.to(end) });
            }
            Expr::And(items, _) => return self.chain(items, AstKind::And),
            Expr::Or(items, _) => return self.chain(items, AstKind::Or),
            Expr::Coalesce(items, _) => return self.chain(items, AstKind::Coalesce),
            Expr::Stmt(block) => return self.block(block, span),
            Expr::FnCall(call, _) => return self.call(call, position, None),
            Expr::Dot(binary, flags, _) => {
                if !flags.is_empty() && flags.intersects(rhai::ASTFlags::NEGATED) {
                    return self.unsupported(span, "`?.`", "a part of none is none: write `.`");
                }
                let of = self.expr(&binary.lhs)?;
                return self.dotted(of, &binary.rhs);
            }
            Expr::Index(..) => {
                return self.unsupported(span, "an index", "use the methods of lists, such as `latest` or `filter`");
            }
            Expr::InterpolatedString(..) => {
                return self.unsupported(span, "text with a backtick", "write text in double quotes");
            }
            Expr::CharConstant(..) => {
                return self.unsupported(span, "text in single quotes", "write text in double quotes");
            }
            Expr::Map(..) => return self.unsupported(span, "a map", "an expression computes one value"),
            // In scripts the word is a token of its own.
            Expr::Unit(_) if self.snippet_text(span) == "none" => AstKind::Name("none".to_owned()),
            Expr::Unit(_) => return self.unsupported(span, "`()`", "write `none`"),
            Expr::ThisPtr(_) => return self.unsupported(span, "`this`", "write the field's name"),
            _ => return self.unsupported(span, "this", "see the language in rules/README.md"),
        };
        Some(Ast { kind, span })
    }

    /// What stands behind a dot; Rhai nests the rest of the chain inside.
    fn dotted(&mut self, of: Ast, rest: &Expr) -> Option<Ast> {
        match rest {
            Expr::Property(property, position) => {
                let name_span = self.token(*position);
                let span = of.span.to(name_span);
                let kind = AstKind::Member { of: Box::new(of), name: property.2.to_string(), name_span };
                Some(Ast { kind, span })
            }
            Expr::MethodCall(call, position) => self.call(call, *position, Some(of)),
            Expr::Dot(binary, _, _) => {
                let inner = self.dotted(of, &binary.lhs)?;
                self.dotted(inner, &binary.rhs)
            }
            other => {
                let span = self.token(other.position());
                self.unsupported(span, "this behind a dot", "write a field, a method or a unit such as `days`")
            }
        }
    }

    fn chain(&mut self, items: &[Expr], kind: fn(Vec<Ast>) -> AstKind) -> Option<Ast> {
        // Every operand is read, so that all that is wrong in them is reported.
        let items: Vec<Option<Ast>> = items.iter().map(|item| self.expr(item)).collect();
        let items = items.into_iter().collect::<Option<Vec<_>>>()?;
        let span =
            items.first().zip(items.last()).map_or(self.snippet.whole(), |(first, last)| first.span.to(last.span));
        Some(Ast { kind: kind(items), span })
    }

    fn constant(&mut self, value: &Dynamic, span: Span) -> Option<Ast> {
        if let Some(decimal) = value.clone().try_cast::<Decimal>() {
            // The digits are read from the text: Rhai's own reading would round a literal that is too long.
            let literal = self.literal_at(span).unwrap_or_default();
            return match number::parse(&literal) {
                Some(number) => Some(Ast { kind: AstKind::Decimal(number), span }),
                None if literal.is_empty() => Some(Ast { kind: AstKind::Decimal(decimal.normalize()), span }),
                None => {
                    let message = format!("`{literal}` has more than {} digits", number::DIGITS);
                    self.refuse(Code::InvalidNumber, span, &message, None);
                    None
                }
            };
        }
        match value.clone().try_cast::<FnPtr>() {
            Some(pointer) => self.closure(&pointer, span),
            None => self.unsupported(span, "this constant", "write a number, a text, a date, or true and false"),
        }
    }

    /// The digits of the number at a place.
    fn literal_at(&self, span: Span) -> Option<String> {
        let start = self.start_of(span)?;
        let text = self.snippet.text.get(start..start + token_len(&self.snippet.text, start))?;
        Some(text.replace('_', ""))
    }

    /// The byte of the snippet's text at which a place begins.
    fn start_of(&self, span: Span) -> Option<usize> {
        (0..=self.snippet.text.len()).find(|at| self.snippet.span(*at, *at).start == span.start)
    }

    fn closure(&mut self, pointer: &FnPtr, span: Span) -> Option<Ast> {
        let body = statements_of(self.ast, |name, _| name == pointer.fn_name());
        if body.is_empty() {
            return self.unsupported(span, "a function here", "write a closure, such as `|x| x.amount > 5`");
        }
        if matches!(self.snippet_text(span), "||" | "or") {
            self.refuse(
                Code::SyntaxError,
                span,
                "the left side of `or` is missing",
                Some("complete the expression".to_owned()),
            );
            return None;
        }
        let written = self.written_parameters(span);
        let [parameter] = written.as_slice() else {
            let count = written.len();
            let message = format!("this closure has {count} parameters, but the methods of lists give it one item");
            self.refuse(Code::WrongArguments, span, &message, Some("write `|item| ..`".to_owned()));
            return None;
        };
        let body = self.only_statement(&body, span)?;
        let span = span.to(body.span);
        Some(Ast { kind: AstKind::Closure { parameter: parameter.clone(), body: Box::new(body) }, span })
    }

    fn written_parameters(&self, span: Span) -> Vec<String> {
        let Some(start) = self.start_of(span) else { return Vec::new() };
        let rest = self.snippet.text.get(start..).unwrap_or("").trim_start_matches('|');
        let list = rest.split('|').next().unwrap_or("");
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn call(&mut self, call: &rhai::FnCallExpr, position: Position, receiver: Option<Ast>) -> Option<Ast> {
        let span = self.token(position);
        if receiver.is_none() {
            let is_capture =
                matches!(call.args.first(), Some(Expr::DynamicConstant(..))) && self.snippet_text(span) != "curry";
            if call.name == "curry" && call.op_token.is_none() && is_capture {
                return call.args.first().and_then(|closure| self.expr(closure));
            }
            if call.op_token.is_some() || call.name == "contains" && self.snippet_text(span) == "in" {
                return self.operator(call, span);
            }
        }
        if !call.namespace.is_empty() {
            return self.unsupported(span, "`::`", "functions have no modules here");
        }
        let mut arguments: Vec<Option<Ast>> = receiver.into_iter().map(Some).collect();
        for argument in &call.args {
            arguments.push(self.expr(argument));
        }
        let arguments = arguments.into_iter().collect::<Option<Vec<_>>>()?;
        let whole = arguments.iter().fold(span, |whole, argument| whole.to(argument.span));
        Some(Ast { kind: AstKind::Call { name: call.name.to_string(), name_span: span, arguments }, span: whole })
    }

    fn operator(&mut self, call: &rhai::FnCallExpr, span: Span) -> Option<Ast> {
        if call.name == "-" && call.args.len() == 2 {
            return self.differences(call);
        }
        let arguments: Vec<Option<Ast>> = call.args.iter().map(|argument| self.expr(argument)).collect();
        let mut arguments = arguments.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let (first, second) = (arguments.next()?, arguments.next());
        let Some(second) = second else {
            let whole = span.to(first.span);
            let kind = match call.name.as_str() {
                "!" => AstKind::Not(Box::new(first)),
                "-" => AstKind::Negate(Box::new(first)),
                "+" => return self.unsupported(span, "a leading `+`", "remove it"),
                other => {
                    let other = other.to_owned();
                    return self.unsupported(span, &format!("`{other}`"), "see the operators in rules/README.md");
                }
            };
            return Some(Ast { kind, span: whole });
        };
        let whole = first.span.to(second.span);
        let (a, b) = (Box::new(first), Box::new(second));
        let kind = match call.name.as_str() {
            "+" => AstKind::Arithmetic(Arithmetic::Add, a, b),
            "*" => AstKind::Arithmetic(Arithmetic::Multiply, a, b),
            "/" => AstKind::Arithmetic(Arithmetic::Divide, a, b),
            "%" => AstKind::Arithmetic(Arithmetic::Remainder, a, b),
            "==" => AstKind::Compare(Comparison::Equal, a, b),
            "!=" => AstKind::Compare(Comparison::NotEqual, a, b),
            "<" => AstKind::Compare(Comparison::Less, a, b),
            "<=" => AstKind::Compare(Comparison::LessOrEqual, a, b),
            ">" => AstKind::Compare(Comparison::Greater, a, b),
            ">=" => AstKind::Compare(Comparison::GreaterOrEqual, a, b),
            // Rhai turns `x in y` round: it calls contains(y, x).
            "contains" => AstKind::In { item: b, of: a },
            ".." => AstKind::Range { low: a, high: b, is_inclusive: false },
            "..=" => AstKind::Range { low: a, high: b, is_inclusive: true },
            other => {
                let message = format!("`{other}`");
                let help = match other {
                    "&" => "write `and`",
                    "|" => "write `or`",
                    "**" | "^" => "multiply, such as `x * x`",
                    _ => "see the operators in rules/README.md",
                };
                return self.unsupported(span, &message, help);
            }
        };
        Some(Ast { kind, span: whole })
    }

    /// A chain of differences. A date is one: `2026-11-21` reaches us as (2026 - 11) - 21, and `day - 2026-11-21` as
    /// ((day - 2026) - 11) - 21, so three numbers that stand together as a date are read as one.
    fn differences(&mut self, call: &rhai::FnCallExpr) -> Option<Ast> {
        let mut operands: Vec<&Expr> = Vec::new();
        let mut left = call;
        loop {
            let [first, second] = left.args.as_slice() else { return None };
            operands.push(second);
            match first {
                Expr::FnCall(inner, _) if inner.name == "-" && inner.op_token.is_some() && inner.args.len() == 2 => {
                    left = inner;
                }
                _ => {
                    operands.push(first);
                    break;
                }
            }
        }
        operands.reverse();
        let mut parts = Vec::new();
        let mut rest = operands.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            match self.date(rest) {
                Some(date) => {
                    parts.push(date);
                    rest = rest.get(3..).unwrap_or(&[]);
                }
                None => {
                    parts.push(self.expr(first));
                    rest = behind;
                }
            }
        }
        let parts = parts.into_iter().collect::<Option<Vec<Ast>>>()?;
        parts.into_iter().reduce(|a, b| {
            let span = a.span.to(b.span);
            Ast { kind: AstKind::Arithmetic(Arithmetic::Subtract, Box::new(a), Box::new(b)), span }
        })
    }

    /// The date that three numbers in a row stand for; nothing inside where it is none, which is reported.
    fn date(&mut self, operands: &[&Expr]) -> Option<Option<Ast>> {
        let [Expr::IntegerConstant(_, from), Expr::IntegerConstant(..), Expr::IntegerConstant(_, until), ..] = operands
        else {
            return None;
        };
        let (start, last) = (self.offset(*from), self.offset(*until));
        let end = last + token_len(&self.snippet.text, last);
        let text = self.snippet.text.get(start..end)?;
        let digits: Vec<usize> = text.split('-').map(str::len).collect();
        let is_date = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && digits.first() == Some(&4);
        if !is_date || digits.len() != 3 {
            return None;
        }
        let span = self.snippet.span(start, end);
        if digits != [4, 2, 2] {
            let message = format!("`{text}` is read as a subtraction");
            let help = "write a date as `2026-01-09`, with two digits for month and day".to_owned();
            self.refuse(Code::InvalidDate, span, &message, Some(help));
            return Some(None);
        }
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) => Some(Some(Ast { kind: AstKind::Date(date), span })),
            Err(_) => {
                let message = format!("there is no day `{text}`");
                self.refuse(Code::InvalidDate, span, &message, Some("check month and day".to_owned()));
                Some(None)
            }
        }
    }

    fn snippet_text(&self, span: Span) -> &str {
        let Some(start) = self.start_of(span) else { return "" };
        let len = (span.end - span.start) as usize;
        self.snippet.text.get(start..(start + len).min(self.snippet.text.len())).unwrap_or("")
    }

    fn unsupported(&mut self, span: Span, what: &str, help: &str) -> Option<Ast> {
        self.refuse(
            Code::UnsupportedSyntax,
            span,
            &format!("{what} is not part of the expression language"),
            Some(help.to_owned()),
        );
        None
    }

    fn refuse(&mut self, code: Code, span: Span, message: &str, help: Option<String>) {
        self.failed = true;
        self.findings.push(Finding::error(code, span, message).maybe_help(help));
    }

    fn offset(&self, position: Position) -> usize {
        offset(position, &self.snippet.text)
    }

    /// The place of the token that begins at a position.
    fn token(&self, position: Position) -> Span {
        let start = self.offset(position);
        self.snippet.span(start, start + token_len(&self.snippet.text, start))
    }
}

/// The statements of a function, of closures too. Rhai shows them only on a walk: over a copy that has no other function.
fn statements_of(ast: &rhai::AST, is_wanted: impl Fn(&str, usize) -> bool) -> Vec<Stmt> {
    let mut only = ast.clone();
    only.clear_statements();
    only.retain_functions(|_, _, name, count| is_wanted(name, count));
    let mut statements = Vec::new();
    only.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}

/// The byte at a position of Rhai's, which counts lines and characters.
pub(crate) fn offset(position: Position, text: &str) -> usize {
    let line = position.line().unwrap_or(1).saturating_sub(1);
    let column = position.position().unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// How long the token at an offset is: a word, a number, a text, or an operator.
pub(crate) fn token_len(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return 0 };
    let run =
        |accept: &dyn Fn(char) -> bool| rest.chars().take_while(|c| accept(*c)).map(char::len_utf8).sum::<usize>();
    if first.is_alphabetic() || first == '_' {
        run(&|c| c.is_alphanumeric() || c == '_')
    } else if first.is_ascii_digit() || first == '-' && chars.next().is_some_and(|c| c.is_ascii_digit()) {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let sign = rest.len() - digits.len();
        let whole = digits.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
        let fraction = match digits.get(whole..).and_then(|tail| tail.strip_prefix('.')) {
            Some(tail) if tail.starts_with(|c: char| c.is_ascii_digit()) => {
                1 + tail.bytes().take_while(u8::is_ascii_digit).count()
            }
            _ => 0,
        };
        sign + whole + fraction
    } else if matches!(first, '"' | '`' | '\'') {
        rest.char_indices().skip(1).find(|(_, c)| *c == first).map_or(rest.len(), |(at, c)| at + c.len_utf8())
    } else if matches!(first, '+' | '-' | '*' | '/' | '%') && rest.get(1..).is_some_and(|tail| tail.starts_with('='))
        || rest.starts_with("**")
    {
        2
    } else if matches!(first, '<' | '>' | '=' | '!' | '&' | '|' | '?' | '.') {
        run(&|c| matches!(c, '<' | '>' | '=' | '!' | '&' | '?' | '.') || c == '|' && first == '|').clamp(1, 2)
    } else {
        first.len_utf8()
    }
}
