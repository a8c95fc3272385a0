//! Tables of Arrow: from the columns of a million cases to the columns of their results, against hand-written Rust over
//! as many structs.

use std::cell::RefCell;
use std::hint::black_box;
use std::num::NonZero;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    StringViewArray,
};
use recoup::{ArrowOptions, Engine};
use recoup_benches::cases::Case;
use recoup_benches::policy::{Field, Kind, Policy, ROLES};
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::SEED;
use recoup_benches::{Error, Result, baseline, cases, engine, generate, pack};

use crate::report::Report;

const CASES: usize = 1_000_000;
/// What the benchmark compares.
const RESULTS: [&str; 6] = [
    "segment",
    "settlement.discount_bps",
    "settlement.role",
    "escalations",
    "incentive.incentive",
    "transition.next_stage",
];

/// How choices and other texts stand in a table.
#[derive(Clone, Copy)]
enum Texts {
    Dictionaries,
    Utf8,
    Views,
}

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let policy = Policy::committed()?;
    let given = cases::committed()?;
    let engine = engine::load(&pack::of_policies(std::slice::from_ref(&policy)))?;
    let all = generate::cases(&policy, &given, CASES, SEED).collect::<Result<Vec<Case>>>()?;
    let structs: Vec<baseline::Case> = all.iter().map(|case| case.plain).collect();
    let tables = [
        ("choices as dictionaries", table(&policy, &all, Texts::Dictionaries)?),
        ("choices as utf8", table(&policy, &all, Texts::Utf8)?),
        ("choices as utf8 views", table(&policy, &all, Texts::Views)?),
    ];
    let mut contenders = vec![Contender::new("hand-written Rust", |_| {
        for case in &structs {
            black_box(baseline::decide(black_box(case)));
        }
    })];
    for (name, table) in &tables {
        check(&policy, &decide(&engine, table, RESULTS.as_slice(), 1)?, &all)?;
        for threads in [1, 2] {
            let engine = engine.clone();
            let name = format!("recoup, {name}, threads: {threads}");
            let failed = RefCell::new(false);
            contenders.push(Contender::new(&name, move |_| {
                let decided = decide(&engine, table, RESULTS.as_slice(), threads);
                *failed.borrow_mut() |= decided.is_err();
                assert!(!*failed.borrow());
                black_box(decided.is_ok());
            }));
        }
    }
    let engine = engine.clone();
    let (_, table) = &tables[0];
    contenders.push(Contender::new("recoup, dictionaries, one result, threads: 1", move |_| {
        assert!(black_box(decide(&engine, table, &["segment"], 1)).is_ok());
    }));
    let times = compare(&mut contenders, CASES, CASES);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "hand-written")));
    }
    Ok(())
}

fn decide(engine: &Engine, table: &RecordBatch, results: &[&str], threads: usize) -> Result<Vec<RecordBatch>> {
    let threads = NonZero::new(threads).ok_or("a thread at least")?;
    let options = ArrowOptions::at(engine::as_of()?).results(results.iter().copied()).threads(threads);
    let mut evaluator = engine.arrow(&table.schema(), &options)?;
    Ok(evaluator.evaluate(std::slice::from_ref(table))?)
}

fn table(policy: &Policy, cases: &[Case], texts: Texts) -> Result<RecordBatch> {
    let keys: ArrayRef = match texts {
        Texts::Views => Arc::new(StringViewArray::from_iter_values(cases.iter().map(|case| &case.key))),
        _ => Arc::new(StringArray::from_iter_values(cases.iter().map(|case| &case.key))),
    };
    let mut columns = vec![("case_id".to_owned(), keys)];
    for (place, field) in policy.case_fields().iter().enumerate() {
        let values = cases.iter().map(|case| case.values[place]);
        columns.push((field.name.clone(), column(field, values, texts)?));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn column(field: &Field, values: impl Iterator<Item = i64> + Clone, texts: Texts) -> Result<ArrayRef> {
    let decimals = |digits, places| -> Result<ArrayRef> {
        let units = Decimal128Array::from_iter_values(values.clone().map(i128::from));
        Ok(Arc::new(units.with_precision_and_scale(digits, places)?))
    };
    Ok(match (&field.kind, texts) {
        (Kind::Money, _) => decimals(14, 2)?,
        (Kind::Thousandths, _) => decimals(6, 3)?,
        (Kind::Integer, _) => Arc::new(Int64Array::from_iter_values(values)),
        (Kind::Boolean, _) => Arc::new(BooleanArray::from_iter(values.map(|value| Some(value != 0)))),
        (Kind::Choice(names), Texts::Dictionaries) => {
            let keys = Int32Array::from_iter_values(values.map(|value| value as i32));
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(names.clone())))?)
        }
        (kind, Texts::Utf8) => Arc::new(StringArray::from_iter_values(values.map(|value| kind.text(value)))),
        (kind, Texts::Views) => Arc::new(StringViewArray::from_iter_values(values.map(|value| kind.text(value)))),
    })
}

/// Compares every row with the expected outcome.
fn check(policy: &Policy, decided: &[RecordBatch], cases: &[Case]) -> Result<()> {
    let mut cases = cases.iter();
    let kind = |name: &str| -> Result<&Kind> { Ok(&policy.fields[policy.field(name)?].kind) };
    for piece in decided {
        let word = |name: &str, row: usize| -> Result<String> {
            let column = piece.column_by_name(name).ok_or_else(|| Error::from(format!("there is no `{name}`")))?;
            let column = column.as_dictionary::<Int32Type>();
            let words = column.values().as_string::<i32>();
            Ok(words.value(usize::try_from(column.keys().value(row))?).to_owned())
        };
        let column =
            |name: &str| piece.column_by_name(name).ok_or_else(|| Error::from(format!("there is no `{name}`")));
        for row in 0..piece.num_rows() {
            let case = cases.next().ok_or("there are more rows than cases")?;
            let escalations = column("escalations")?.as_list::<i32>().value(row);
            let mut triggers = 0;
            for id in escalations.as_string::<i32>().iter().flatten() {
                let place = policy.triggers.iter().position(|rule| pack::escalation_id(&rule.then.0, 0) == id);
                triggers |= 1_u16 << place.ok_or_else(|| format!("there is no trigger `{id}`"))?;
            }
            let role = word("settlement.role", row)?;
            let role =
                ROLES.iter().position(|known| *known == role).ok_or_else(|| format!("there is no role `{role}`"))?;
            let found = baseline::Outcome {
                segment: kind("segment")?.place(&word("segment", row)?)?.try_into()?,
                discount_bps: column("settlement.discount_bps")?.as_primitive::<Int64Type>().value(row).try_into()?,
                role: i64::try_from(role)?.try_into()?,
                triggers,
                incentive: column("incentive.incentive")?.as_primitive::<Decimal128Type>().value(row).try_into()?,
                stage: kind("stage")?.place(&word("transition.next_stage", row)?)?.try_into()?,
            };
            let wanted = case.expected;
            if found != wanted || !column("errors")?.is_null(row) {
                return Err(format!("{}: {found:?}, but {wanted:?} is right", case.key).into());
            }
        }
    }
    if cases.next().is_some() { Err("there are more cases than rows".into()) } else { Ok(()) }
}
