//! Which parts of a parameter a script reads, where that can be told from its text.

use rhai::{AST, ASTNode, Expr};

/// The parts of a parameter that a function of a script reads; nothing where it does anything else with it, such as
/// handing it on.
pub(super) fn read(script: &AST, function: &str, parameter: &str) -> Option<Vec<String>> {
    let mut script = script.clone();
    script.retain_functions(|_, _, name, _| name == function);
    let mut parts = Vec::new();
    let mut is_told = true;
    script.walk(&mut |path: &[ASTNode<'_>]| {
        if let [.., above, ASTNode::Expr(variable @ Expr::Variable(named, ..))] = path
            && &*named.1 == parameter
        {
            let part = match above {
                ASTNode::Expr(Expr::Dot(pair, ..)) if std::ptr::eq(&raw const pair.lhs, &raw const **variable) => {
                    part(&pair.rhs)
                }
                _ => None,
            };
            match part {
                Some(part) => parts.push(part),
                None => is_told = false,
            }
        } else if let [ASTNode::Expr(Expr::Variable(named, ..))] = path {
            is_told &= &*named.1 != parameter;
        }
        true
    });
    parts.sort();
    parts.dedup();
    is_told.then_some(parts)
}

fn part(behind: &Expr) -> Option<String> {
    match behind {
        Expr::Property(property, _) => Some(property.2.to_string()),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => part(&pair.lhs),
        _ => None,
    }
}
