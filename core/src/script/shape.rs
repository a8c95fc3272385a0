//! What a script may not hold although Rhai can read it: what would slip through the limits of a call, or say less than
//! it seems to.
//!
//! Rhai measures a list or a map where it is made and where a method of it was called, not where an item is assigned to
//! or the list lies in another one: so what changes is a variable, and it changes by a method. A closure that is kept can
//! hold what holds it, which is never given back: so closures are passed to the methods of lists, and not kept.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::lists::{CHANGING, takes_closure};
use crate::diagnostic::Code;
use crate::language::functions;

/// Something that a script may not hold.
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) position: Position,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// What the script may not hold.
pub(super) fn faults(script: &AST) -> Vec<Fault> {
    let mut faults: Vec<Fault> = script.iter_functions().filter_map(|function| taken_name(function.name)).collect();
    script.walk(&mut |path: &[ASTNode<'_>]| {
        let (node, above) = match path {
            [above @ .., node] => (node, above),
            [] => return true,
        };
        faults.extend(match node {
            ASTNode::Stmt(statement) => of_statement(statement),
            ASTNode::Expr(expression) => of_expression(expression, above),
            _ => None,
        });
        true
    });
    faults
}

fn taken_name(name: &str) -> Option<Fault> {
    let is_taken = name == "known" || functions::names().any(|known| known == name) || takes_closure(name);
    (is_taken || CHANGING.contains(&name)).then(|| Fault {
        code: Code::ReservedName,
        position: Position::NONE,
        message: format!("`{name}` is a function of the language"),
        help: "choose another name",
    })
}

fn unsupported(position: Position, message: &str, help: &'static str) -> Option<Fault> {
    Some(Fault { code: Code::UnsupportedSyntax, position, message: message.to_owned(), help })
}

fn module(position: Position) -> Option<Fault> {
    unsupported(position, "scripts have no modules", "call functions of this script and of the language")
}

fn of_statement(statement: &Stmt) -> Option<Fault> {
    match statement {
        Stmt::Import(_, position) | Stmt::Export(_, position) => module(*position),
        Stmt::Assignment(assignment) if !matches!(assignment.1.lhs, Expr::Variable(..)) => unsupported(
            assignment.1.lhs.start_position(),
            "a part of a value cannot be assigned to",
            "write `list.set(index, value)` or `map.set(key, value)`; what a case holds cannot be changed",
        ),
        Stmt::FnCall(call, position) => of_call(call, *position),
        _ => None,
    }
}

fn of_expression(expression: &Expr, above: &[ASTNode<'_>]) -> Option<Fault> {
    let position = expression.position();
    match expression {
        Expr::Variable(variable, _, _) if !variable.2.is_empty() => module(position),
        _ if is_closure(expression) => of_closure(position, above),
        Expr::FnCall(call, _) => of_call(call, position),
        Expr::MethodCall(call, _) if CHANGING.contains(&&*call.name) && !is_of_variable(above) => unsupported(
            position,
            "only a variable can be changed",
            "take what is to be changed into a variable, change it, and put it back with `set`",
        ),
        _ => None,
    }
}

fn of_call(call: &FnCallExpr, position: Position) -> Option<Fault> {
    if !call.namespace.is_empty() {
        return module(position);
    }
    if matches!(&*call.name, "call") {
        return unsupported(position, "functions are called by their name", "write `name(..)`");
    }
    None
}

/// A closure; one that uses variables around it is written as a call that binds them.
fn is_closure(expression: &Expr) -> bool {
    match expression {
        Expr::DynamicConstant(value, _) => value.is_fnptr(),
        Expr::FnCall(call, _) => &*call.name == "curry",
        _ => false,
    }
}

fn of_closure(position: Position, above: &[ASTNode<'_>]) -> Option<Fault> {
    // A closure that uses variables around it stands in a block that first makes them shared.
    let above = match above {
        [above @ .., ASTNode::Expr(Expr::Stmt(block)), ASTNode::Stmt(Stmt::Expr(_) | Stmt::FnCall(..))]
            if block.iter().any(|statement| matches!(statement, Stmt::Share(_))) =>
        {
            above
        }
        above => above,
    };
    let is_passed = match above.last() {
        Some(
            ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)),
        ) => &*call.name == "curry" || takes_closure(&call.name),
        _ => false,
    };
    if is_passed {
        return None;
    }
    unsupported(
        position,
        "a closure stands only as the argument of a method of lists",
        "write `list.filter(|item| ..)`, or a function of its own: `fn name(item) { .. }`",
    )
}

/// Whether the method call below these nodes is one of a variable, and not of a part of it.
fn is_of_variable(above: &[ASTNode<'_>]) -> bool {
    let [outer @ .., ASTNode::Expr(dot @ Expr::Dot(pair, ..))] = above else { return false };
    let is_part = match outer.last() {
        Some(ASTNode::Expr(Expr::Dot(chain, ..) | Expr::Index(chain, ..))) => {
            std::ptr::eq(&raw const chain.rhs, &raw const **dot)
        }
        _ => false,
    };
    matches!(pair.lhs, Expr::Variable(..)) && !is_part
}
