//! The functions that a pack declares, and which calls of them need the interpreter.
//!
//! A call stands in a step of the program, but for those that read an attempt or an offer. It runs natively where its own code, or that of the step, is planned; all
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
    /// Those that read an attempt or an offer, made for each.
    asked: usize,
}

impl Printer<'_> {
    /// Each function that the pack declares, a line each: what it takes and gives, and how its calls run. Then how many
    /// rules are scripts, and how many calls are made for a case.
    pub(crate) fn functions(&self) -> Vec<String> {
        let functions: Vec<&DeclaredFunction> = self.checked.functions.values().map(|function| &**function).collect();
        let declared = |called: &DeclaredFunction| functions.iter().any(|function| std::ptr::eq(*function, called));
        let is = |function: &DeclaredFunction, called: &DeclaredFunction| std::ptr::eq(function, called);
        let mut lines = Vec::new();
        let (mut interpreted, mut hosted, mut asked) = (0, 0, 0);
        for function in &functions {
            let calls = self.calls_of(&|called| is(function, called));
            let about = function.about.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
            let how = if function.is_host { calls.of_host() } else { calls.text() };
            lines.push(format!("{} gives {}, {how}{about}", function.signature(), function.gives.base));
            *(if function.is_host { &mut hosted } else { &mut interpreted }) += calls.interpreted;
            asked += calls.asked;
        }
        let of_rules = self.calls_of(&|called| !declared(called));
        let rules = of_rules.interpreted + of_rules.asked;
        if rules > 0 {
            lines.push(if rules == 1 { "1 rule is a script".to_owned() } else { format!("{rules} rules are scripts") });
        }
        if !lines.is_empty() {
            lines.push(format!("interpreted calls per case: {}", interpreted + of_rules.interpreted));
        }
        if hosted > 0 {
            lines.push(format!("calls of the host per case: {hosted}"));
        }
        if asked + of_rules.asked > 0 {
            lines.push(format!("calls for each attempt or offer: {}", asked + of_rules.asked));
        }
        lines
    }

    fn calls_of(&self, is_meant: &dyn Fn(&DeclaredFunction) -> bool) -> Calls {
        let count = |expr: &Expr| {
            let mut count = 0;
            expr.walk(&mut |part| {
                count += usize::from(matches!(&part.kind, ExprKind::Declared { function, .. } if is_meant(function)));
            });
            count
        };
        let mut calls = Calls::default();
        for (step, planned) in self.lowered.steps.iter().zip(&self.plan.steps) {
            match (step, planned) {
                (Step::Fact(fact), PlanStep::Fact(_, Some(_))) => calls.native += count(&fact.expr),
                (Step::Fact(fact), _) => calls.interpreted += count(&fact.expr),
                (Step::Table(_), _) => {}
            }
        }
        let routines = self.lowered.routines.iter().flat_map(|table| &table.rows);
        calls.asked += routines.flat_map(|row| &row.conditions).map(|condition| count(&condition.expr)).sum::<usize>();
        self.lowered.each_asked(&mut |expr| calls.asked += count(expr));
        calls
    }
}

impl Calls {
    fn text(self) -> String {
        let counted = |count: usize| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
        match (self.native, self.interpreted + self.asked) {
            (0, 0) => "no calls".to_owned(),
            (native, 0) => format!("native, {}", counted(native)),
            (0, interpreted) => format!("interpreted, {}", counted(interpreted)),
            (native, interpreted) => format!("{native} of {} native", counted(native + interpreted)),
        }
    }

    fn of_host(self) -> String {
        let calls = self.interpreted + self.asked;
        if calls == 1 { "of the host, 1 call".to_owned() } else { format!("of the host, {calls} calls") }
    }
}
