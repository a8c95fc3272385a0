//! What of a plan does not run in columns, for which rules, and why.
//!
//! An expression or a table is *asked case by case*: its meaning is walked for each case, and the rest stays in columns.

use super::Printer;
use super::expression::method_name;
use crate::families::{Row, Step, Table};
use crate::language::{Expr, ExprKind};
use crate::plan::code::Compiler;
use crate::plan::table::Why;
use crate::plan::{Give, PlanStep, PlanTable, Policy, Storage};

impl Printer<'_> {
    /// What does not run in columns, in the order of the program: the qualified id, and why.
    pub(crate) fn fallbacks(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (step, planned) in self.lowered.steps.iter().zip(&self.plan.steps) {
            match (step, planned) {
                // That an arm stands there, or none, follows from the draw.
                (Step::Fact(fact), _) if matches!(fact.expr.kind, ExprKind::OrNone(_)) => {}
                (Step::Fact(fact), PlanStep::Fact(_, None)) if fact.id.starts_with("experiments/") => {
                    found.push(format!("{}: asked case by case, as it draws an arm by a hash", fact.id));
                }
                (Step::Fact(fact), PlanStep::Fact(_, None)) => {
                    found.push(format!("{}: asked case by case, as it {}", fact.id, self.why_asked(&fact.expr)));
                }
                (Step::Table(table), PlanStep::Table(planned)) => self.of_table(table, planned, &mut found),
                _ => {}
            }
        }
        found
    }

    fn of_table(&self, table: &Table, planned: &PlanTable, found: &mut Vec<String>) {
        let every = |why: &str| format!("{}: asked case by case, as {why}", table.id);
        if let Policy::Asked(why) = planned.policy {
            return found.push(every(why_table(why)));
        }
        if planned.is_asked_in_columns() {
            return found.push(every("it has 65,535 rows or more"));
        }
        let unfolded = table.outputs.iter().zip(&planned.outputs).find(|(_, to)| !planned.policy.folds(&to.storage));
        if let Some((output, _)) = unfolded {
            found.push(every(&format!("`{}` does not stand in integers", output.name)));
        }
        for (bit, position) in planned.order.iter().enumerate() {
            let Some(row) = table.rows.get(*position as usize) else { continue };
            for id in planned.computed.get(bit).into_iter().flatten() {
                let Some(condition) = self.plan.conditions.get(id.0 as usize) else { continue };
                if condition.code.is_none() {
                    let why = self.why_asked(&condition.expr);
                    found.push(format!("{}: its condition c{} is asked case by case, as it {why}", row.id, id.0 + 1));
                }
            }
            if unfolded.is_none() {
                self.of_outputs(table, planned, *position as usize, row, found);
            }
        }
        if let Some(row) = &table.otherwise {
            self.of_outputs(table, planned, planned.order.len(), row, found);
        }
    }

    /// Outputs of a row for whose cases the table is asked.
    fn of_outputs(&self, table: &Table, planned: &PlanTable, at: usize, row: &Row, found: &mut Vec<String>) {
        let outputs = table.outputs.iter().zip(&planned.outputs).zip(planned.gives(at)).zip(&row.outputs);
        for (((output, to), give), expr) in outputs {
            let why = match (planned.policy, give) {
                (Policy::First | Policy::Unique | Policy::Any, Give::Asked) => self.why_given(expr, &to.storage),
                (Policy::Sum | Policy::Least | Policy::Most, Give::Value(_) | Give::Asked) => {
                    self.why_given(expr, &to.storage)
                }
                _ => continue,
            };
            found.push(format!(
                "{}: its table is asked case by case where it fires, as `{}` {why}",
                row.id, output.name
            ));
        }
    }

    /// Why what a row gives is asked.
    fn why_given(&self, expr: &Expr, storage: &Storage) -> String {
        let compiler = Compiler::new(&self.plan.storages);
        match compiler.code(expr) {
            Some(_) if expr.literal_value().is_some() => "is a value that its storage does not hold".to_owned(),
            Some(_) if !storage.is_exact() => "does not stand in integers".to_owned(),
            Some(_) => "needs more digits than its integers have".to_owned(),
            None => self.why_asked(expr),
        }
    }

    /// Why an expression has no code: its innermost part that has none.
    pub(super) fn why_asked(&self, expr: &Expr) -> String {
        // What stands within a list method that has code is compiled with the items at hand.
        let compiler = Compiler::new(&self.plan.storages);
        let mut within: Vec<*const Expr> = Vec::new();
        expr.walk(&mut |part| {
            if matches!(part.kind, ExprKind::Method { .. }) && compiler.code(part).is_some() {
                part.walk(&mut |inner| within.push(inner));
            }
        });
        // A script that needs the interpreter is to blame before what it takes.
        let mut why = None;
        expr.walk(&mut |part| {
            if let ExprKind::Declared { function, .. } = &part.kind
                && function.native.is_none()
            {
                why.get_or_insert_with(|| self.blame(part));
            }
        });
        expr.walk(&mut |part| {
            if why.is_none() && !within.contains(&std::ptr::from_ref(part)) && self.is_to_blame(part) {
                why = Some(self.blame(part));
            }
        });
        why.unwrap_or_else(|| "needs more than integers".to_owned())
    }

    fn is_to_blame(&self, expr: &Expr) -> bool {
        let compiler = Compiler::new(&self.plan.storages);
        // Literals and lists have code in what compares with them, or not at all; items in their method.
        let is_part = |part: &Expr| {
            matches!(part.kind, ExprKind::Literal(_) | ExprKind::List(_) | ExprKind::Local(_) | ExprKind::Member { .. })
        };
        let has_none = |part: &Expr| !is_part(part) && compiler.code(part).is_none();
        if matches!(expr.kind, ExprKind::Method { .. }) {
            return has_none(expr);
        }
        if !has_none(expr) {
            return false;
        }
        let mut is_innermost = true;
        expr.walk(&mut |part| is_innermost &= std::ptr::eq(part, expr) || !has_none(part));
        is_innermost
    }

    fn blame(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Slot(slot) => {
                let name = self.writer.name(*slot);
                match self.plan.storages.get(slot.0 as usize) {
                    Some(Storage::Position(..)) => format!("reads `{name}`, whose decimals have no near bound"),
                    _ => format!("reads `{name}`, a {}", expr.base),
                }
            }
            ExprKind::Method { method, .. } => format!("looks through a list with `{}`", method_name(*method)),
            ExprKind::Rate { .. } | ExprKind::InterestOver { .. } => "looks up a rate".to_owned(),
            ExprKind::LocalToday => "asks for the day at the debtor's place".to_owned(),
            ExprKind::LocalTime => "asks for the time at the debtor's place".to_owned(),
            ExprKind::Unknown => "says `unknown`".to_owned(),
            ExprKind::Call { function, .. } => format!("calls `{}`", function.name),
            ExprKind::Declared { function, .. } => format!("calls the script of `{}`", function.name),
            _ => format!("needs more than integers for `{}`", self.writer.text(expr)),
        }
    }
}

/// Why a table is left to the meaning of tables.
pub(super) fn why_table(why: Why) -> &'static str {
    match why {
        Why::ComputedRank => "its rows are ranked by an output that is calculated",
        Why::Steps => "its rows take so many steps that they may pass the limit",
        Why::ListIsRead => "something else reads the list that it makes",
    }
}
