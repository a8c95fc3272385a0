//! The functions that a pack declares, and which calls of them need the interpreter.
//!
//! A call stands in a step of the program. It runs natively where its own code, or that of the step, is planned; all
//! others are made by the interpreter, where they are reached.

use super::Printer;
use crate::families::Step;
use crate::language::functions::declared::DeclaredFunction;
use crate::language::{Expr, ExprKind};
use crate::plan::PlanStep;

/// How the calls of a function run.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    native: usize,
    interpreted: usize,
}

impl Printer<'_> {
    /// Each function that the pack declares, a line each: what it takes and gives, and how its calls run. The last line
    /// says how many calls the interpreter makes for a case.
    pub(crate) fn functions(&self) -> Vec<String> {
        let functions = self.checked.functions.values();
        let counted: Vec<(&DeclaredFunction, Calls)> =
            functions.map(|function| (&**function, self.calls_of(function))).collect();
        let line = |(function, calls): &(&DeclaredFunction, Calls)| {
            let about = function.about.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
            format!("{} gives {}, {}{about}", function.signature(), function.gives.base, calls.text())
        };
        let mut lines: Vec<String> = counted.iter().map(line).collect();
        if !lines.is_empty() {
            let interpreted: usize = counted.iter().map(|(_, calls)| calls.interpreted).sum();
            lines.push(format!("interpreted calls per case: {interpreted}"));
        }
        lines
    }

    fn calls_of(&self, function: &DeclaredFunction) -> Calls {
        let mut calls = Calls::default();
        let mut add = |expr: &Expr, is_native: bool| {
            expr.walk(&mut |part| {
                if matches!(&part.kind, ExprKind::Declared { function: called, .. } if called.name == function.name) {
                    match is_native {
                        true => calls.native += 1,
                        false => calls.interpreted += 1,
                    }
                }
            });
        };
        for (step, planned) in self.lowered.steps.iter().zip(&self.plan.steps) {
            match (step, planned) {
                (Step::Fact(fact), PlanStep::Fact(_, code)) => add(&fact.expr, code.is_some()),
                (Step::Table(table), _) => {
                    for row in table.rows.iter().chain(&table.otherwise) {
                        row.conditions.iter().for_each(|condition| add(&condition.expr, false));
                        row.outputs.iter().for_each(|output| add(output, false));
                    }
                }
                _ => {}
            }
        }
        calls
    }
}

impl Calls {
    fn text(self) -> String {
        let counted = |count: usize| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
        match self {
            Calls { native: 0, interpreted: 0 } => "no calls".to_owned(),
            Calls { native, interpreted: 0 } => format!("native, {}", counted(native)),
            Calls { native: 0, interpreted } => format!("interpreted, {}", counted(interpreted)),
            Calls { native, interpreted } => format!("{native} of {} native", counted(native + interpreted)),
        }
    }
}
