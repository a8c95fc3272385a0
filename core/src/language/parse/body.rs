//! The functions of a script as expressions: what takes no loop, no assignment and nothing else that only an
//! interpreter can do.
//!
//! A name that `let` gives to a value becomes the value, and a call of another function of the script becomes what that
//! one does. What Rhai evaluates before it goes on is kept in [`Body::Strict`]. `and` and `or` become conditionals, for a
//! script takes them from left to right.

use rhai::{ASTFlags, Expr, Stmt};

use super::{Reader, statements_of};
use crate::diagnostic::Findings;
use crate::language::typing::is_unit;
use crate::language::{Ast, AstKind, Body};
use crate::source::Snippet;

/// The most pieces that a function may come to: far fewer than the interpreter may take steps.
const PIECES: usize = 400;
/// How deep functions may call each other, and how many names one may give: fewer than the interpreter lets them.
const LEVELS: usize = 8;
const NAMES: usize = 24;

/// What the parameter of a function is called: no name that a script can write.
pub(crate) fn parameter(index: usize) -> String {
    format!("#{index}")
}

/// What a function does over its parameters; nothing where that cannot be said in expressions.
pub(crate) fn body_of(script: &rhai::AST, snippet: &Snippet, function: &str, count: usize) -> Option<Body<Ast>> {
    let span = snippet.whole();
    let parameters = (0..count).map(|index| Ast { kind: AstKind::Name(parameter(index)), span }).collect();
    Inliner { script, snippet, left: PIECES, level: 0 }.function(function, parameters)
}

/// Puts values where names and calls stand.
struct Inliner<'a> {
    script: &'a rhai::AST,
    snippet: &'a Snippet,
    /// How many pieces there may still be.
    left: usize,
    level: usize,
}

/// The names that a script has given, and what they stand for.
type Names = Vec<(String, Ast)>;

/// What stands behind a statement that has blocks of its own.
struct Behind<'a> {
    statements: &'a [Stmt],
    names: Names,
    rest: Option<&'a Behind<'a>>,
}

impl Inliner<'_> {
    fn function(&mut self, name: &str, arguments: Vec<Ast>) -> Option<Body<Ast>> {
        let count = arguments.len();
        let mut functions = self.script.iter_functions();
        let declared = functions.find(|function| function.name == name && function.params.len() == count)?;
        let names = declared.params.iter().map(|name| (*name).to_owned()).zip(arguments).collect();
        let statements = statements_of(self.script, |known, parameters| known == name && parameters == count);
        self.level += 1;
        let body = if self.level <= LEVELS { self.block(&statements, names, None) } else { None };
        self.level -= 1;
        body
    }

    fn block(&mut self, statements: &[Stmt], mut names: Names, rest: Option<&Behind<'_>>) -> Option<Body<Ast>> {
        let mut first = Vec::new();
        let mut left = statements.iter();
        let then = loop {
            let Some(statement) = left.next() else {
                let rest = rest?;
                break self.block(rest.statements, rest.names.clone(), rest.rest)?;
            };
            let is_last = left.as_slice().is_empty() && rest.is_none();
            match statement {
                Stmt::Var(variable, flags, _) if !flags.intersects(ASTFlags::EXPORTED) => {
                    let value = self.expression(&variable.1, &names, &mut first)?;
                    push(&mut first, &value);
                    names.push((variable.0.name.to_string(), value));
                    if names.len() > NAMES {
                        return None;
                    }
                }
                Stmt::Return(Some(value), flags, _) if !flags.intersects(ASTFlags::BREAK) => {
                    break Body::Value(self.expression(value, &names, &mut first)?);
                }
                Stmt::Expr(_) | Stmt::FnCall(..) if is_last => {
                    let ast = self.read(|reader| reader.statement(statement))?;
                    break Body::Value(self.resolved(ast, &names, &mut first)?);
                }
                Stmt::If(flow, _) => {
                    let condition = self.expression(&flow.expr, &names, &mut first)?;
                    let behind = Behind { statements: left.as_slice(), names: names.clone(), rest };
                    let next = if is_last { None } else { Some(&behind) };
                    let then = Box::new(self.block(flow.body.statements(), names.clone(), next)?);
                    let otherwise = Box::new(self.block(flow.branch.statements(), names, next)?);
                    break Body::If { condition, then, otherwise };
                }
                _ => return None,
            }
        };
        Some(if first.is_empty() { then } else { Body::Strict { first, then: Box::new(then) } })
    }

    fn expression(&mut self, expr: &Expr, names: &Names, first: &mut Vec<Ast>) -> Option<Ast> {
        let ast = self.read(|reader| reader.expr(expr))?;
        self.resolved(ast, names, first)
    }

    fn resolved(&mut self, mut ast: Ast, names: &Names, first: &mut Vec<Ast>) -> Option<Ast> {
        self.resolve(&mut ast, names, Some(first))?;
        Some(ast)
    }

    /// What the language reads; nothing where it would report something.
    fn read(&self, read: impl FnOnce(&mut Reader<'_>) -> Option<Ast>) -> Option<Ast> {
        let mut findings = Findings::default();
        let mut reader = Reader { snippet: self.snippet, ast: self.script, findings: &mut findings, failed: false };
        let ast = read(&mut reader)?;
        (!reader.failed).then_some(ast)
    }

    /// Puts values in the place of names and calls. `first` takes what must be had before; where it is nothing, the piece
    /// may never be reached, and nothing may be asked of it before.
    fn resolve(&mut self, ast: &mut Ast, names: &Names, mut first: Option<&mut Vec<Ast>>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        match &mut ast.kind {
            AstKind::Name(name) => {
                if name == "none" {
                    return Some(());
                }
                let (_, value) = names.iter().rev().find(|(known, _)| known == name)?;
                self.left = self.left.checked_sub(value.size())?;
                *ast = value.clone();
            }
            AstKind::Boolean(_) | AstKind::Integer(_) | AstKind::Decimal(_) | AstKind::Text(_) | AstKind::Date(_) => {}
            AstKind::Call { .. } => return self.call(ast, names, first),
            AstKind::Member { name, .. } if !is_unit(name) => return None,
            AstKind::Member { .. }
            | AstKind::Not(_)
            | AstKind::Negate(_)
            | AstKind::Compare(..)
            | AstKind::Arithmetic(..) => {
                for piece in ast.children_mut() {
                    self.resolve(piece, names, first.as_deref_mut())?;
                }
            }
            AstKind::In { item, of } => {
                self.resolve(item, names, first.as_deref_mut())?;
                if !matches!(of.kind, AstKind::List(_) | AstKind::Range { .. }) {
                    return None;
                }
                for piece in of.children_mut() {
                    self.resolve(piece, names, first.as_deref_mut())?;
                }
            }
            AstKind::If { condition, then, otherwise } => {
                self.resolve(condition, names, first)?;
                self.resolve(then, names, None)?;
                self.resolve(otherwise, names, None)?;
            }
            AstKind::And(items) | AstKind::Or(items) => {
                let mut items = std::mem::take(items);
                for item in &mut items {
                    self.resolve(item, names, first.take())?;
                }
                let decides = matches!(ast.kind, AstKind::Or(_));
                *ast = in_order(items, decides)?;
            }
            AstKind::Closure { .. } | AstKind::List(_) | AstKind::Range { .. } | AstKind::Coalesce(_) => return None,
        }
        Some(())
    }

    /// A call: of another function of the script, or of one of the language.
    fn call(&mut self, ast: &mut Ast, names: &Names, mut first: Option<&mut Vec<Ast>>) -> Option<()> {
        let AstKind::Call { name, name_span, arguments } = &mut ast.kind else { return None };
        // A function of the script is no method.
        let is_method = arguments.first().is_some_and(|receiver| receiver.span.start < name_span.start);
        for argument in arguments.iter_mut() {
            self.resolve(argument, names, first.as_deref_mut())?;
        }
        if self.script.iter_functions().any(|function| function.name == name.as_str()) {
            let arguments = std::mem::take(arguments);
            for argument in &arguments {
                put_first(argument.clone(), first.as_deref_mut())?;
            }
            let body = if is_method { None } else { self.function(&name.clone(), arguments) };
            *ast = one_piece(body?, first)?;
            return Some(());
        }
        // More of them are no function of a script.
        let is_known = !matches!(name.as_str(), "min" | "max") || arguments.len() <= 8;
        if let ("date", [year, month, day]) = (name.as_str(), arguments.as_slice())
            && let (AstKind::Integer(year), AstKind::Integer(month), AstKind::Integer(day)) =
                (&year.kind, &month.kind, &day.kind)
            && (1..=9999).contains(year)
        {
            let parts = (i32::try_from(*year).ok()?, u32::try_from(*month).ok()?, u32::try_from(*day).ok()?);
            ast.kind = AstKind::Date(chrono::NaiveDate::from_ymd_opt(parts.0, parts.1, parts.2)?);
        }
        is_known.then_some(())
    }
}

/// Adds what must be had first, but not what is always there.
fn push(first: &mut Vec<Ast>, value: &Ast) {
    let is_there = matches!(
        value.kind,
        AstKind::Name(_)
            | AstKind::Boolean(_)
            | AstKind::Integer(_)
            | AstKind::Decimal(_)
            | AstKind::Text(_)
            | AstKind::Date(_)
    );
    if !is_there {
        first.push(value.clone());
    }
}

fn put_first(value: Ast, first: Option<&mut Vec<Ast>>) -> Option<()> {
    let mut needed = Vec::new();
    push(&mut needed, &value);
    match first {
        Some(first) => first.append(&mut needed),
        None if needed.is_empty() => {}
        None => return None,
    }
    Some(())
}

/// A function that was called, as one expression.
fn one_piece(body: Body<Ast>, mut first: Option<&mut Vec<Ast>>) -> Option<Ast> {
    match body {
        Body::Value(value) => Some(value),
        Body::Strict { first: needed, then } => {
            for value in needed {
                put_first(value, first.as_deref_mut())?;
            }
            one_piece(*then, first)
        }
        Body::If { condition, then, otherwise } => {
            let span = condition.span;
            let (then, otherwise) = (Box::new(one_piece(*then, None)?), Box::new(one_piece(*otherwise, None)?));
            Some(Ast { kind: AstKind::If { condition: Box::new(condition), then, otherwise }, span })
        }
    }
}

/// `and` or `or` from left to right: the first that decides, or the last.
fn in_order(items: Vec<Ast>, decides: bool) -> Option<Ast> {
    items.into_iter().rev().reduce(|rest, item| {
        let span = item.span;
        let decided = Box::new(Ast { kind: AstKind::Boolean(decides), span });
        let (condition, rest) = (Box::new(item), Box::new(rest));
        let (then, otherwise) = if decides { (decided, rest) } else { (rest, decided) };
        Ast { kind: AstKind::If { condition, then, otherwise }, span }
    })
}
