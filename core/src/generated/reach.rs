//! What generated packs reach: they load, they are the same again, and all that can happen to a row or result happens.

use std::collections::BTreeMap;

use super::GeneratedPack;
use crate::check::tables::HitPolicy;
use crate::engine::Engine;
use crate::eval::{RowOutcome, TableTrace};
use crate::families::{Hit, Step};
use crate::language::functions;
use crate::language::{Expr, ExprKind};
use crate::value::{Absence, ErrorCode, Failure, Outcome, Type};

/// Counts by what they are of.
#[derive(Default)]
struct Reach(BTreeMap<String, u64>);

impl Reach {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// The counts whose names begin so, in hundredths of their sum.
    fn shares(&self, prefix: &str) -> BTreeMap<&str, u64> {
        let found: Vec<(&str, u64)> =
            self.0.iter().filter_map(|(what, count)| Some((what.strip_prefix(prefix)?, *count))).collect();
        let all: u64 = found.iter().map(|(_, count)| count).sum();
        found.into_iter().map(|(what, count)| (what, count * 100 / all.max(1))).collect()
    }

    fn add_outcome(&mut self, kind: &str, outcome: &Outcome) {
        match outcome {
            Ok(value) if value.is_none() => self.count(format!("{kind} none")),
            Ok(_) => self.count(format!("{kind} known")),
            Err(Failure::Unknown(_)) => self.count(format!("{kind} unknown")),
            Err(Failure::Error(error)) => {
                self.count(format!("{kind} error"));
                self.count(format!("code {}", error.code.slug()));
            }
        }
    }

    fn add_table(&mut self, policy: &str, trace: &TableTrace) {
        for row in &trace.rows {
            self.count(match row.outcome {
                RowOutcome::Matched => "row matched",
                RowOutcome::NotMatched(_) => "row not matched",
                RowOutcome::Failed(_, Failure::Unknown(_)) => "row unknown",
                RowOutcome::Failed(_, Failure::Error(_)) => "row failed",
                RowOutcome::NotInForce => "row not in force",
            });
        }
        if !trace.fired.is_empty() || trace.took_otherwise {
            self.count(format!("fired {policy}"));
        }
        if trace.took_otherwise {
            self.count("otherwise");
        }
        for result in &trace.results {
            self.add_outcome("result", result);
            self.add_outcome(&format!("{policy}:"), result);
        }
    }

    /// The constructs that a pack is made of.
    fn add_pack(&mut self, engine: &Engine) {
        let parts = engine.parts();
        for field in &parts.checked.record.fields {
            self.count(format!("field {} {}", field.base.word(), absence(&field.absence)));
            if let Type::List(item) = &field.base {
                self.count(format!("item {}", item.base.word()));
            }
        }
        for fact in &parts.checked.facts {
            fact.expr.walk(&mut |expr| self.add_expr(expr));
        }
        for table in &parts.checked.tables {
            self.count(format!("family {:?}", table.family));
            for (limit, what) in [(64, "rows beyond 64"), (128, "rows beyond 128")] {
                if table.rows.len() > limit {
                    self.count(what);
                }
            }
            for row in table.all_rows() {
                if row.conditions.is_empty() {
                    self.count("row without conditions");
                }
                for condition in &row.conditions {
                    if let Some((_, test)) = &condition.cell {
                        self.count(format!("cell {}", variant(test)));
                    }
                    condition.expr.walk(&mut |expr| self.add_expr(expr));
                }
                for output in &row.outputs {
                    output.walk(&mut |expr| self.add_expr(expr));
                }
            }
        }
    }

    fn add_expr(&mut self, expr: &Expr) {
        self.count(format!("expr {}", variant(&expr.kind)));
        match &expr.kind {
            ExprKind::Call { function, .. } => self.count(format!("function {}", function.name)),
            ExprKind::Method { method, .. } => self.count(format!("method {method:?}")),
            ExprKind::Compare(operator, ..) => self.count(format!("operator {}", operator.symbol())),
            ExprKind::Arithmetic(operator, ..) => self.count(format!("operator {}", operator.symbol())),
            _ => {}
        }
    }

    fn add_case(&mut self, pack: &GeneratedPack, engine: &Engine, index: u64) {
        self.count("case");
        let Ok(decided) = engine.evaluate(&pack.case(index), pack.as_of(index)) else {
            self.count("refused");
            return;
        };
        let trace = decided.trace();
        for (step, table) in engine.parts().lowered.steps.iter().zip(&trace.tables) {
            match (step, table) {
                (Step::Fact(fact), _) => self.add_outcome("fact", &trace.slots[fact.slot.0 as usize]),
                (Step::Table(table), Some(trace)) => {
                    let policy = match table.hit {
                        Hit::Policy(policy) => policy.name(),
                        Hit::Each => "each",
                    };
                    self.add_table(policy, trace);
                }
                _ => {}
            }
        }
    }
}

/// The name of a variant.
fn variant(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn absence(absence: &Absence) -> &'static str {
    match absence {
        Absence::Refused => "required",
        Absence::None => "none",
        Absence::Unknown => "unknown",
        Absence::Default(_) => "default",
    }
}

/// Packs in the gate, and with RECOUP_SOAK.
const PACKS: (u64, u64) = (300, 10_000);
/// Cases of each pack.
const CASES: u64 = 20;

fn packs() -> u64 {
    if std::env::var_os("RECOUP_SOAK").is_some() { PACKS.1 } else { PACKS.0 }
}

#[test]
fn all_that_can_happen_to_rows_and_results_happens() {
    let mut reach = Reach::default();
    for seed in 0..packs() {
        let pack = GeneratedPack::new(seed);
        let engine = pack.engine();
        for index in 0..CASES {
            reach.add_case(&pack, &engine, index);
        }
    }
    let shares = ["result ", "fact ", "row "].map(|kind| (kind, reach.shares(kind)));
    println!("generated packs: {shares:?}\n{:?}", reach.0);
    assert!(reach.of("refused") * 20 < reach.of("case"), "{} records are refused", reach.of("refused"));
    for (kind, what, least) in [
        ("result ", "known", 40),
        ("result ", "none", 3),
        ("result ", "unknown", 7),
        ("result ", "error", 7),
        ("fact ", "known", 40),
        ("fact ", "none", 3),
        ("fact ", "unknown", 5),
        ("fact ", "error", 3),
        ("row ", "matched", 15),
        ("row ", "not matched", 30),
        ("row ", "unknown", 2),
        ("row ", "failed", 1),
        ("row ", "not in force", 2),
    ] {
        let share = reach.shares(kind).get(what).copied().unwrap_or(0);
        assert!(share >= least, "{kind}{what}: {share} of a hundred, wanted {least}");
    }
    for policy in HitPolicy::NAMED.map(|(name, _)| name).into_iter().chain(["each"]) {
        let fired = reach.of(&format!("fired {policy}"));
        assert!(fired >= 500, "tables with `hit: {policy}` fired {fired} times");
    }
    assert!(reach.of("otherwise") >= 500, "`otherwise` was taken {} times", reach.of("otherwise"));
    // Long calculations take long, and these packs have neither workflows nor scripts, which `tests/hostile` are, nor hosts.
    let others = [
        ErrorCode::TooLong,
        ErrorCode::NeedsMigration,
        ErrorCode::ScriptFailed,
        ErrorCode::ScriptLimit,
        ErrorCode::HostFailed,
    ];
    for code in ErrorCode::ALL.iter().filter(|code| !others.contains(code)) {
        let count = reach.of(&format!("code {}", code.slug()));
        assert!(count >= 20, "`{}` occurred {count} times", code.slug());
    }
}

#[test]
fn every_construct_of_the_language_occurs() {
    let mut reach = Reach::default();
    for seed in 0..PACKS.0 {
        reach.add_pack(&GeneratedPack::new(seed).engine());
    }
    println!("generated packs: {:?}", reach.0);
    let mut wanted: Vec<String> = functions::all().map(|function| format!("function {}", function.name)).collect();
    let kinds = "Literal Unknown Slot Local Member AsOf Today LocalToday Widen Not Negate And Or Coalesce Compare \
                 Arithmetic List InList InRange If Known Call Extreme Rate InterestOver Method";
    let methods = "Count IsEmpty Any All Filter Map Sum Min Max";
    let cells = "OneOf NoneOf Compare Range IsUnknown IsKnown Computed";
    let families = "Segmentation Table RuleList Escalations Score";
    let operators = "== != < <= > >= + - * / %";
    for (kind, names) in
        [("expr", kinds), ("method", methods), ("cell", cells), ("family", families), ("operator", operators)]
    {
        wanted.extend(names.split(' ').map(|name| format!("{kind} {name}")));
    }
    for word in Type::WORDS {
        wanted.extend(["required", "none", "unknown"].map(|absence| format!("field {word} {absence}")));
        if word != "record" {
            wanted.push(format!("field {word} default"));
        }
        wanted.push(format!("item {word}"));
    }
    wanted.extend(["rows beyond 64", "rows beyond 128", "row without conditions"].map(str::to_owned));
    let missing: Vec<String> = wanted.into_iter().filter(|what| reach.of(what) < 3).collect();
    assert!(missing.is_empty(), "these hardly occur: {missing:?}");
}

#[test]
fn the_same_seed_gives_the_same_pack_and_cases() {
    for seed in 0..50 {
        let (first, second) = (GeneratedPack::new(seed), GeneratedPack::new(seed));
        assert_eq!(first.files, second.files);
        for index in 0..5 {
            assert_eq!(first.case(index), second.case(index));
            assert_eq!(first.as_of(index), second.as_of(index));
        }
    }
}
