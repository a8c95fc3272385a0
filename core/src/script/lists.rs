//! The methods of lists, for those of the case and for those that a script makes.

use std::any::TypeId;
use std::cmp::Ordering;

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::budget::spend;
use super::machine::{Thrown, compared, counted, failed, held, thrown, value, within};
use super::values::{List, word};
use crate::value::Value;
use crate::value::ops::{self, Arithmetic, Comparison};

/// What a method does with the items, or with what a closure makes of them.
#[derive(Clone, Copy)]
enum Method {
    Count,
    IsEmpty,
    Any,
    All,
    Filter,
    Find,
    Map,
    Sum,
    Min,
    Max,
}

/// Each method, whether it takes a closure, and whether it goes without one.
const METHODS: [(&str, Method, bool, bool); 11] = [
    ("count", Method::Count, false, true),
    ("len", Method::Count, false, true),
    ("is_empty", Method::IsEmpty, false, true),
    ("any", Method::Any, true, false),
    ("all", Method::All, true, false),
    ("filter", Method::Filter, true, false),
    ("find", Method::Find, true, false),
    ("map", Method::Map, true, false),
    ("sum", Method::Sum, true, true),
    ("min", Method::Min, true, true),
    ("max", Method::Max, true, true),
];

/// Adds the methods to an interpreter.
pub(super) fn register(engine: &mut Engine) {
    let lists = [TypeId::of::<List>(), TypeId::of::<Array>()];
    for (name, method, takes_closure, goes_without) in METHODS {
        for list in lists {
            if goes_without {
                engine.register_raw_fn(name, [list], move |context, arguments| {
                    let [list] = arguments else { return Err(thrown("a list is missing")) };
                    run(&context, method, list, None)
                });
            }
            if takes_closure {
                engine.register_raw_fn(name, [list, TypeId::of::<FnPtr>()], move |context, arguments| {
                    let [list, closure] = arguments else { return Err(thrown("a list and a closure are missing")) };
                    let closure = closure.clone().try_cast::<FnPtr>();
                    run(&context, method, list, closure.as_ref())
                });
            }
        }
    }
    for list in lists {
        engine.register_raw_fn("contains", [list, TypeId::of::<Dynamic>()], |_, arguments| {
            let [list, wanted] = arguments else { return Err(thrown("a list and a value are missing")) };
            Ok(position(list, wanted)?.is_some())
        });
    }
    engine.register_iterator::<List>();
    register_own(engine);
}

/// The methods that take a closure.
pub(super) fn takes_closure(name: &str) -> bool {
    METHODS.iter().any(|(method, _, takes_closure, _)| *method == name && *takes_closure)
}

/// The methods that change what they are called on.
pub(super) const CHANGING: [&str; 10] =
    ["push", "insert", "set", "pop", "remove", "clear", "append", "reverse", "sort", "truncate"];

impl IntoIterator for List {
    type Item = Dynamic;
    type IntoIter = std::vec::IntoIter<Dynamic>;

    fn into_iter(self) -> Self::IntoIter {
        self.held().collect::<Vec<_>>().into_iter()
    }
}

/// A copy of the items, so that a closure may read the list that is gone through.
fn items(list: &Dynamic) -> Result<Vec<Dynamic>, Thrown> {
    if let Some(list) = list.read_lock::<List>() {
        spend(list.items.len())?;
        return Ok(list.held().collect());
    }
    let items = list.read_lock::<Array>().map(|items| items.to_vec()).unwrap_or_default();
    spend(items.len())?;
    Ok(items)
}

fn run(
    context: &NativeCallContext<'_>,
    method: Method,
    list: &Dynamic,
    closure: Option<&FnPtr>,
) -> Result<Dynamic, Thrown> {
    let items = items(list)?;
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let of = |item: &Dynamic| match closure {
        Some(closure) => closure.call_within_context::<Dynamic>(context, (item.clone(),)),
        None => Ok(item.clone()),
    };
    let holds = |item: &Dynamic| of(item)?.as_bool().map_err(|_| thrown("the closure gives neither true nor false"));
    match method {
        Method::Count => Ok(count.into()),
        Method::IsEmpty => Ok(items.is_empty().into()),
        Method::Any | Method::All => {
            let deciding = matches!(method, Method::Any);
            for item in &items {
                if holds(item)? == deciding {
                    return Ok(deciding.into());
                }
            }
            Ok((!deciding).into())
        }
        Method::Filter => {
            let mut kept = Array::new();
            for item in items {
                if holds(&item)? {
                    kept.push(item);
                }
            }
            counted(context, kept)
        }
        Method::Find => {
            for item in items {
                if holds(&item)? {
                    return Ok(item);
                }
            }
            Ok(Dynamic::UNIT)
        }
        Method::Map => {
            let made = items.iter().map(of).collect::<Result<Array, Thrown>>()?;
            counted(context, made)
        }
        Method::Sum | Method::Min | Method::Max => {
            let mut best: Option<Value> = None;
            for item in &items {
                let item = value(&of(item)?)?;
                best = match (best, item) {
                    (best, Value::None) => best,
                    (None, item) => Some(item),
                    (Some(best), item) => Some(joined(method, best, item)?),
                };
            }
            let nothing = if matches!(method, Method::Sum) { Value::Integer(0) } else { Value::None };
            Ok(held(best.unwrap_or(nothing)))
        }
    }
}

fn joined(method: Method, a: Value, b: Value) -> Result<Value, Thrown> {
    match method {
        Method::Min | Method::Max => {
            let order = ops::order(&b, &a).ok_or_else(|| thrown("the items have no order"))?;
            let wanted = if matches!(method, Method::Min) { order.is_lt() } else { order.is_gt() };
            Ok(if wanted { b } else { a })
        }
        _ => ops::arithmetic(Arithmetic::Add, &a, &b, None).map_err(failed),
    }
}

/// The methods that change a list that a script made, and those that take it apart.
fn register_own(engine: &mut Engine) {
    engine.register_fn("push", |context: NativeCallContext<'_>, list: &mut Array, item: Dynamic| {
        insert_at(&context, list, list.len(), item)
    });
    engine.register_fn("insert", |context: NativeCallContext<'_>, list: &mut Array, index: i64, item: Dynamic| {
        let index = place(index, list.len().saturating_add(1), list.len())?;
        insert_at(&context, list, index, item)
    });
    engine.register_fn("set", |list: &mut Array, index: i64, item: Dynamic| {
        let index = place(index, list.len(), list.len())?;
        if let Some(place) = list.get_mut(index) {
            *place = item;
        }
        Ok::<_, Thrown>(())
    });
    engine.register_fn("pop", |list: &mut Array| list.pop().unwrap_or(Dynamic::UNIT));
    engine.register_fn("remove", |list: &mut Array, index: i64| {
        let index = place(index, list.len(), list.len())?;
        spend(list.len())?;
        Ok::<_, Thrown>(list.remove(index))
    });
    engine.register_fn("clear", |list: &mut Array| list.clear());
    engine.register_fn("append", |context: NativeCallContext<'_>, list: &mut Array, other: Dynamic| {
        if !other.is_array() && !other.is::<List>() {
            return Err(thrown(format!("`append` takes a list, but this is {}", word(&other))));
        }
        let other = items(&other)?;
        within(&context, list.len().saturating_add(other.len()))?;
        list.extend(other);
        Ok::<_, Thrown>(())
    });
    engine.register_fn("reverse", |list: &mut Array| {
        spend(list.len())?;
        list.reverse();
        Ok::<_, Thrown>(())
    });
    engine.register_fn("sort", sort);
    for list in [TypeId::of::<List>(), TypeId::of::<Array>()] {
        engine.register_raw_fn("index_of", [list, TypeId::of::<Dynamic>()], |_, arguments| {
            let [list, wanted] = arguments else { return Err(thrown("a list and a value are missing")) };
            let index = position(list, wanted)?.and_then(|index| i64::try_from(index).ok());
            Ok(index.map_or(Dynamic::UNIT, Dynamic::from))
        });
    }
}

fn insert_at(context: &NativeCallContext<'_>, list: &mut Array, index: usize, item: Dynamic) -> Result<(), Thrown> {
    within(context, list.len().saturating_add(1))?;
    spend(list.len().saturating_sub(index))?;
    list.insert(index, item);
    Ok(())
}

/// An index below a bound.
fn place(index: i64, bound: usize, count: usize) -> Result<usize, Thrown> {
    let found = usize::try_from(index).ok().filter(|index| *index < bound);
    found.ok_or_else(|| thrown(format!("the list has {count} items, and none at {index}")))
}

/// Sorts by the order of the language; `none` comes last.
fn sort(list: &mut Array) -> Result<(), Thrown> {
    let comparisons = list.len().saturating_mul(1 + usize::try_from(list.len().max(1).ilog2()).unwrap_or(64));
    spend(comparisons)?;
    let mut keyed = Vec::with_capacity(list.len());
    for item in list.iter() {
        keyed.push((value(item)?, item.clone()));
    }
    // Values have an order where all of them have one with the first that is not none.
    if let Some((first, _)) = keyed.iter().find(|(value, _)| !value.is_none()) {
        for (value, item) in keyed.iter().filter(|(value, _)| !value.is_none()) {
            if ops::order(first, value).is_none() {
                let message =
                    format!("{} and {} have no order: a list of one kind can be sorted", said(first), word(item));
                return Err(thrown(message));
            }
        }
    }
    keyed.sort_by(|(a, _), (b, _)| match (a.is_none(), b.is_none()) {
        (false, false) => ops::order(a, b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    });
    *list = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(())
}

fn said(value: &Value) -> String {
    word(&held(value.clone()))
}

/// Where a list holds a value.
fn position(list: &Dynamic, wanted: &Dynamic) -> Result<Option<usize>, Thrown> {
    for (index, item) in items(list)?.iter().enumerate() {
        if compared(Comparison::Equal, item, wanted)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
