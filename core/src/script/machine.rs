//! The interpreter: Rhai with the operators and functions of the language, and nothing of the world.
//!
//! Each operator is the one of `value::ops`, whatever its operands are, and each function that of the language. What
//! Rhai brings for texts, lists and maps stays. Clocks, chance, files, modules and `eval` are not there. `and` and `or`
//! are taken from left to right.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rhai::packages::{BasicIteratorPackage, Package};
use rhai::{
    AST, Array, CallFnOptions, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, OptimizationLevel,
    Position, Scope, Token,
};

use super::budget::{self, spend, spend_text};
use super::limits::ScriptLimits;
use super::values::{Foreign, Held, List, Perhaps, Record, into_script, out_of_script, word};
use super::{lists, maps, texts};
use crate::calendar::Calendar;
use crate::diagnostic::did_you_mean;
use crate::language::functions::{self, Context, Function, Needs, printed};
use crate::language::parse::operator_word;
use crate::language::typing::is_unit;
use crate::value::ops::{self, Arithmetic, Comparison};
use crate::value::show::Show;
use crate::value::{ErrorCode, EvaluationError, Failure, Type, Value};

/// An error as Rhai carries it.
pub(super) type Thrown = Box<EvalAltResult>;

/// An interpreter with its limits. It keeps nothing of a call.
pub(super) struct Machine {
    engine: Engine,
    steps: u64,
}

/// What a call came to.
pub(super) struct Called {
    /// What the function gave, or why it gave nothing.
    pub(super) result: Result<Dynamic, Thrown>,
    /// What was read that has no value: the call has none either.
    pub(super) missing: Option<Failure>,
}

/// What the functions of the language know in a call, and what the call leaves behind.
#[derive(Clone)]
pub(super) struct Call {
    as_of: DateTime<Utc>,
    local_at: DateTime<Utc>,
    today: NaiveDate,
    zone: Tz,
    currency_decimals: u32,
    calendar: Option<Arc<Calendar>>,
    places: Result<Vec<Tz>, Failure>,
    place_field: Arc<str>,
    /// What was read that has no value.
    missing: Arc<Mutex<Option<Failure>>>,
}

impl Machine {
    pub(super) fn new(limits: ScriptLimits) -> Machine {
        let mut engine = Engine::new_raw();
        engine.set_optimization_level(OptimizationLevel::None);
        engine.set_fast_operators(false);
        #[expect(deprecated, reason = "Rhai marks the call as volatile, not as deprecated; its version is pinned")]
        engine.on_parse_token(|token, _, _| match &token {
            Token::Identifier(word) if word.as_str() == "none" => Token::Unit,
            _ => operator_word(&token).unwrap_or(token),
        });
        for symbol in DISABLED {
            engine.disable_symbol(symbol);
        }
        // A variable that is read is copied, with its items; those that are numbers beyond integers lie apart.
        #[expect(deprecated, reason = "Rhai marks the call as volatile, not as deprecated; its version is pinned")]
        engine.on_var(|name, _, context| {
            let held = context.scope().get(name);
            let items = held.and_then(|held| held.read_lock::<Array>().map(|items| items.len()));
            spend(items.unwrap_or(0) / COPIED)?;
            Ok(None)
        });
        engine.on_progress(|_| (!budget::step()).then_some(Dynamic::UNIT));
        engine
            .set_max_call_levels(limits.levels)
            .set_max_variables(limits.variables)
            .set_max_array_size(limits.list_items)
            .set_max_map_size(limits.map_entries)
            .set_max_string_size(limits.text_bytes)
            .set_max_functions(FUNCTIONS)
            .set_max_modules(0)
            .set_max_expr_depths(DEPTH, DEPTH)
            .set_strict_variables(true)
            .set_fail_on_invalid_map_property(true);
        BasicIteratorPackage::new().register_into_engine(&mut engine);
        operators(&mut engine);
        parts(&mut engine);
        functions(&mut engine);
        extremes(&mut engine);
        lists::register(&mut engine);
        maps::register(&mut engine);
        texts::register(&mut engine);
        asking(&mut engine);
        printing(&mut engine, limits.text_bytes);
        Machine { engine, steps: limits.steps }
    }

    /// Reads a script.
    pub(super) fn compile(&self, text: &str) -> Result<AST, rhai::ParseError> {
        self.engine.compile(text)
    }

    /// Calls a function of a script.
    pub(super) fn call(&self, script: &AST, function: &str, arguments: Vec<Dynamic>, call: Call) -> Called {
        #[cfg(test)]
        CALLS.with(|calls| calls.set(calls.get() + 1));
        let missing = call.missing.clone();
        budget::begin(self.steps);
        let options = CallFnOptions::new().eval_ast(false).with_tag(Dynamic::from(call));
        let run = || self.engine.call_fn_with_options(options, &mut Scope::new(), script, function, arguments);
        // A defect of the interpreter is an error of the rule, too.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        let result = result.unwrap_or_else(|_| Err(thrown("the interpreter broke off")));
        let missing = missing.lock().unwrap_or_else(PoisonError::into_inner).take();
        Called { result, missing }
    }
}

#[cfg(test)]
thread_local! {
    /// How many calls a thread has made.
    pub(super) static CALLS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// What Rhai has built in and scripts do not: running text, asking how Rhai stores a value, functions by their name.
const DISABLED: [&str; 8] = ["eval", "type_of", "debug", "curry", "is_shared", "this", "Fn", "is_def_fn"];
/// How many items that are copied are worth a step: 280 ns each at the worst (money), where a step takes about 1 µs.
const COPIED: usize = 16;

/// Whether scripts do not have this of what Rhai has.
pub(super) fn is_disabled(symbol: &str) -> bool {
    DISABLED.contains(&symbol)
}

/// The most functions of a script.
const FUNCTIONS: usize = 200;
/// How deep an expression of a script may nest.
const DEPTH: usize = 48;

impl Call {
    pub(super) fn new(context: &Context<'_>, calendar: Option<Arc<Calendar>>) -> Call {
        Call {
            as_of: context.as_of,
            local_at: context.local_at,
            today: context.today,
            zone: context.zone,
            currency_decimals: context.currency_decimals,
            calendar,
            places: context.places.clone(),
            place_field: Arc::from(context.place_field),
            missing: Arc::default(),
        }
    }

    /// Runs a function of the language.
    fn run(&self, function: &Function, arguments: &[Value]) -> Result<Value, Failure> {
        let context = Context {
            as_of: self.as_of,
            local_at: self.local_at,
            today: self.today,
            zone: self.zone,
            currency_decimals: self.currency_decimals,
            calendar: self.calendar.as_deref(),
            places: self.places.clone(),
            place_field: &self.place_field,
            calls: None,
        };
        (function.run)(arguments, &context)
    }

    /// Puts what was read that has no value in the place of what was before.
    fn put_missing(&self, failure: Option<Failure>) -> Option<Failure> {
        std::mem::replace(&mut self.missing.lock().unwrap_or_else(PoisonError::into_inner), failure)
    }
}

/// The call that a native function belongs to.
fn call_of(context: &NativeCallContext<'_>) -> Result<Call, Thrown> {
    context.tag().and_then(|tag| tag.clone().try_cast::<Call>()).ok_or_else(|| thrown("this is not a call"))
}

/// An error that says this.
pub(super) fn thrown(message: impl Into<String>) -> Thrown {
    EvalAltResult::ErrorRuntime(message.into().into(), Position::NONE).into()
}

/// An error of a calculation, which keeps its code.
pub(super) fn failed(error: EvaluationError) -> Thrown {
    EvalAltResult::ErrorRuntime(Dynamic::from(Arc::new(error)), Position::NONE).into()
}

/// Ends the call: something that has no value was read.
pub(super) fn missing(context: &NativeCallContext<'_>, failure: Failure) -> Thrown {
    match call_of(context) {
        Ok(call) => call.put_missing(Some(failure)),
        Err(error) => return error,
    };
    budget::end();
    EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into()
}

/// A value that a script holds, and that it may know: of records it knows parts alone.
pub(super) fn value(held: &Dynamic) -> Result<Value, Thrown> {
    if let Some(text) = held.read_lock::<ImmutableString>() {
        spend_text(text.len())?;
    } else if let Some(items) = held.read_lock::<Array>() {
        spend(items.len())?;
    } else if let Some(list) = held.read_lock::<List>() {
        spend(list.items.len())?;
    }
    let value = out_of_script(held).map_err(|Foreign(word)| thrown(format!("{word} does not go here")))?;
    if has_record(&value) {
        return Err(thrown("a record does not go here: take a part of it"));
    }
    Ok(value)
}

fn has_record(value: &Value) -> bool {
    match value {
        Value::Record(_) => true,
        Value::List(items) => items.iter().flatten().any(has_record),
        _ => false,
    }
}

/// How values are shown in a call.
pub(super) fn show(context: &NativeCallContext<'_>) -> Result<Show, Thrown> {
    Ok(Show { currency_decimals: call_of(context)?.currency_decimals })
}

/// A list that a script made, where it is not too long.
pub(super) fn counted(context: &NativeCallContext<'_>, items: Array) -> Result<Dynamic, Thrown> {
    within(context, items.len())?;
    Ok(items.into())
}

/// Whether a list may have so many items.
pub(super) fn within(context: &NativeCallContext<'_>, count: usize) -> Result<(), Thrown> {
    if count > context.engine().max_array_size() {
        let error = EvalAltResult::ErrorDataTooLarge("Size of array/BLOB".to_owned(), Position::NONE);
        return Err(error.into());
    }
    Ok(())
}

/// A value for the script.
pub(super) fn held(value: Value) -> Dynamic {
    // Only what has no value fails.
    into_script(&Ok(value), &Type::Any).unwrap_or(Dynamic::UNIT)
}

fn operators(engine: &mut Engine) {
    let calculations = [
        (Arithmetic::Add, "+="),
        (Arithmetic::Subtract, "-="),
        (Arithmetic::Multiply, "*="),
        (Arithmetic::Divide, "/="),
        (Arithmetic::Remainder, "%="),
    ];
    for (operator, assigns) in calculations {
        engine.register_fn(operator.symbol(), move |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic| {
            calculated(&context, operator, &a, &b)
        });
        // Without this one, `x /= 2` would divide as Rhai does.
        engine.register_raw_fn(assigns, [TypeId::of::<Dynamic>(); 2], move |context, arguments| {
            let [a, b] = arguments else { return Err(thrown("an assignment takes two values")) };
            let result = calculated(&context, operator, a, b)?;
            **a = result;
            Ok(Dynamic::UNIT)
        });
    }
    let comparisons = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];
    for operator in comparisons {
        engine.register_fn(operator.symbol(), move |a: Dynamic, b: Dynamic| compared(operator, &a, &b));
    }
    engine.register_fn("-", |a: Dynamic| Ok::<_, Thrown>(held(ops::negated(&value(&a)?).map_err(failed)?)));
    engine.register_fn("!", |a: bool| !a);
    // Those of Rhai wrap around and shift by what is no number of bits.
    for operator in ["**", "&", "|", "^", "<<", ">>"] {
        engine.register_fn(operator, move |_: Dynamic, _: Dynamic| no_operator(operator));
        engine.register_fn(format!("{operator}="), move |_: &mut Dynamic, _: Dynamic| no_operator(operator));
    }
}

fn no_operator(operator: &str) -> Result<(), Thrown> {
    Err(thrown(format!("scripts have no operator `{operator}`")))
}

fn calculated(
    context: &NativeCallContext<'_>,
    operator: Arithmetic,
    a: &Dynamic,
    b: &Dynamic,
) -> Result<Dynamic, Thrown> {
    let (first, second) = (value(a)?, value(b)?);
    if operator == Arithmetic::Add && (matches!(first, Value::Text(_)) || matches!(second, Value::Text(_))) {
        return texts::joined(context, &first, &second);
    }
    let (first, second) = match operator {
        Arithmetic::Add | Arithmetic::Subtract => alike(first, second),
        _ => (first, second),
    };
    let call = call_of(context)?;
    match ops::arithmetic(operator, &first, &second, call.calendar.as_deref()) {
        Ok(result) => Ok(held(result)),
        Err(error) if error.code == ErrorCode::InvalidArgument => {
            Err(thrown(format!("`{}` does not go between {} and {}", operator.symbol(), word(a), word(b))))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Whether a comparison holds.
pub(super) fn compared(operator: Comparison, a: &Dynamic, b: &Dynamic) -> Result<bool, Thrown> {
    let (first, second) = alike(value(a)?, value(b)?);
    let is_none = first.is_none() || second.is_none();
    if !is_none && operator.is_order() && ops::order(&first, &second).is_none() {
        return Err(thrown(format!("`{}` does not go between {} and {}", operator.symbol(), word(a), word(b))));
    }
    Ok(ops::compare(operator, &first, &second))
}

/// Two operands, of which a plain number beside money or a percentage takes its type, as a literal does in a condition.
fn alike(a: Value, b: Value) -> (Value, Value) {
    match (a, b) {
        (money @ Value::Money(_), number) => (money, like(number, Value::Money)),
        (percent @ Value::Percent(_), number) => (percent, like(number, Value::Percent)),
        (number, money @ Value::Money(_)) => (like(number, Value::Money), money),
        (number, percent @ Value::Percent(_)) => (like(number, Value::Percent), percent),
        pair => pair,
    }
}

fn like(number: Value, kind: fn(rust_decimal::Decimal) -> Value) -> Value {
    match number {
        Value::Integer(number) => kind(number.into()),
        Value::Decimal(number) => kind(number),
        other => other,
    }
}

/// Parts of records and lists, and what may not be known.
fn parts(engine: &mut Engine) {
    engine.register_type_with_name::<Held>("value").register_type_with_name::<Perhaps>("perhaps");
    engine.register_type_with_name::<Record>("record").register_type_with_name::<List>("list");
    engine.register_indexer_get(|context: NativeCallContext<'_>, record: &mut Record, name: ImmutableString| {
        match record.part(&name) {
            Some(part) => part.map_err(|failure| missing(&context, failure)),
            None => {
                let help = did_you_mean(&name, record.fields()).map_or(String::new(), |help| format!("; {help}"));
                Err(thrown(format!("`{}` has no field `{name}`{help}", record.name())))
            }
        }
    });
    engine.register_indexer_get(|list: &mut List, index: i64| {
        let item = usize::try_from(index).ok().and_then(|index| list.item(index));
        match item {
            Some(item) => Ok(item),
            None => Err(thrown(format!("the list has {} items, and none at {index}", list.items.len()))),
        }
    });
    engine.register_get("is_known", |perhaps: &mut Perhaps| !matches!(perhaps.outcome, Err(Failure::Unknown(_))));
    engine.register_fn("get$value", |context: NativeCallContext<'_>, perhaps: &mut Perhaps| {
        into_script(&perhaps.outcome, &perhaps.of).map_err(|failure| missing(&context, failure))
    });
}

/// The functions of the language, as functions and as methods; the units also as parts: `5.days`.
fn functions(engine: &mut Engine) {
    for function in functions::all().filter(|function| function.needs != Needs::Place) {
        for count in function.arities() {
            let types = vec![TypeId::of::<Dynamic>(); count];
            engine.register_raw_fn(function.name, types, move |context, arguments| {
                let arguments: Vec<&Dynamic> = arguments.iter().map(|argument| &**argument).collect();
                run(&context, function, &arguments)
            });
        }
        if is_unit(function.name) {
            engine.register_raw_fn(
                format!("get${}", function.name),
                [TypeId::of::<Dynamic>()],
                move |context, arguments| {
                    let arguments: Vec<&Dynamic> = arguments.iter().map(|argument| &**argument).collect();
                    run(&context, function, &arguments)
                },
            );
        }
    }
}

/// The least or the most of several values.
fn extremes(engine: &mut Engine) {
    for (name, operator) in [("min", Comparison::Less), ("max", Comparison::Greater)] {
        for count in 2..=EXTREMES {
            engine.register_raw_fn(name, vec![TypeId::of::<Dynamic>(); count], move |_, arguments| {
                let mut best: Option<Value> = None;
                for argument in arguments.iter() {
                    if argument.is_unit() {
                        return Ok(Dynamic::UNIT);
                    }
                    // A plain number beside money is money, and stays so where it is the best.
                    let argument = value(argument)?;
                    best = Some(match best {
                        None => argument,
                        Some(best) => {
                            let (argument, best) = alike(argument, best);
                            let is_better = compared(operator, &held(argument.clone()), &held(best.clone()))?;
                            if is_better { argument } else { best }
                        }
                    });
                }
                Ok(best.map_or(Dynamic::UNIT, held))
            });
        }
    }
}

/// The most values that `min` and `max` take in a script.
const EXTREMES: usize = 8;

fn run(
    context: &NativeCallContext<'_>,
    function: &'static Function,
    arguments: &[&Dynamic],
) -> Result<Dynamic, Thrown> {
    let values = arguments.iter().map(|argument| value(argument)).collect::<Result<Vec<Value>, Thrown>>()?;
    if values.iter().any(Value::is_none) {
        return Ok(Dynamic::UNIT);
    }
    let mut taken = Vec::with_capacity(values.len());
    for ((value, param), argument) in values.into_iter().zip(function.params).zip(arguments) {
        let Some(value) = param.taken(value) else {
            return Err(thrown(format!("`{}` does not take {} here", function.signature(), word(argument))));
        };
        taken.push(value);
    }
    match call_of(context)?.run(function, &taken) {
        Ok(value) => Ok(held(value)),
        Err(Failure::Error(error)) => Err(failed((*error).clone())),
        Err(unknown) => Err(missing(context, unknown)),
    }
}

/// `print(value)`, which keeps a line for the explanation. What a call prints is as long as a text at most.
fn printing(engine: &mut Engine, most: usize) {
    engine.register_fn("print", move |context: NativeCallContext<'_>, held: Dynamic| {
        let text = ImmutableString::from(show(&context)?.text(&value(&held)?));
        if !budget::print(text.len(), most) {
            let error = EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE);
            return Err(error.into());
        }
        Ok::<_, Thrown>(text)
    });
    engine.on_print(printed::say);
}

/// `known(..)`, which looks at what it asks about.
fn asking(engine: &mut Engine) {
    let known = engine.register_custom_syntax(["known", "(", "$expr$", ")"], false, |context, inputs| {
        let [asked] = inputs else { return Err(thrown("known(value)")) };
        let call = context.tag().clone().try_cast::<Call>().ok_or_else(|| thrown("this is not a call"))?;
        let result = context.eval_expression_tree(asked);
        match call.put_missing(None) {
            Some(Failure::Unknown(_)) => {
                budget::go_on();
                Ok(false.into())
            }
            found => {
                call.put_missing(found);
                result.map(|_| true.into())
            }
        }
    });
    // INVARIANT: the symbols are such as Rhai takes; a test compiles a script with `known`.
    debug_assert!(known.is_ok(), "`known` is no syntax");
}
