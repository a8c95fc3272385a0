//! What goes wrong in a script: in words of the language, with its place and the calls that led there.

use std::sync::Arc;

use rhai::{EvalAltResult, ImmutableString, LexError, ParseErrorType, Position};

use super::limits::ScriptLimits;
use super::machine::is_disabled;
use super::values::word;
use crate::value::{ErrorCode, EvaluationError};

/// What went wrong, and where.
pub(super) struct Trouble {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) position: Position,
    /// The functions of the script that were being called, outermost first, without the one that the rule calls.
    pub(super) calls: Vec<String>,
}

/// What an error of a call says.
pub(super) fn explain(error: &EvalAltResult, limits: &ScriptLimits) -> Trouble {
    let mut calls = Vec::new();
    let mut error = error;
    let mut position = error.position();
    while let EvalAltResult::ErrorInFunctionCall(name, _, inner, at) = error {
        calls.push(name.clone());
        error = inner;
        position = if error.position().is_none() { *at } else { error.position() };
    }
    let (code, message) = say(error, limits);
    calls.retain(|name| !name.contains('$'));
    Trouble { code, message: shortened(&message), position, calls }
}

fn say(error: &EvalAltResult, limits: &ScriptLimits) -> (ErrorCode, String) {
    use EvalAltResult as E;
    let failed = |message: String| (ErrorCode::ScriptFailed, message);
    let limit = |message: String| (ErrorCode::ScriptLimit, message);
    match error {
        E::ErrorRuntime(thrown, _) => {
            if let Some(error) = thrown.read_lock::<Arc<EvaluationError>>() {
                return (error.code, error.message.clone());
            }
            match thrown.read_lock::<ImmutableString>() {
                Some(text) => failed(text.to_string()),
                None => failed(format!("the script throws {}", word(thrown))),
            }
        }
        E::ErrorTooManyOperations(_) | E::ErrorTerminated(..) => {
            let most = limits.steps;
            limit(format!("the call takes {} steps, the limit is {most}", most.saturating_add(1)))
        }
        E::ErrorStackOverflow(_) => {
            let most = limits.levels;
            limit(format!("functions call each other {} deep, the limit is {most}", most.saturating_add(1)))
        }
        E::ErrorTooManyVariables(_) => {
            let most = limits.variables;
            limit(format!("a function has {} variables, the limit is {most}", most.saturating_add(1)))
        }
        E::ErrorDataTooLarge(what, _) => limit(match what.as_str() {
            "Length of string" => over("text", limits.text_bytes, "bytes"),
            "Size of object map" => over("map", limits.map_entries, "entries"),
            _ => over("list", limits.list_items, "items"),
        }),
        E::ErrorTooManyModules(_) | E::ErrorModuleNotFound(..) => failed("scripts have no modules".to_owned()),
        E::ErrorFunctionNotFound(called, _) => {
            let (name, taken) = called.split_once(" (").unwrap_or((called, ""));
            let taken = plain(taken.trim_end_matches(')'));
            failed(match name.contains('$') {
                true => format!("the closure does not take ({taken}): it has another number of parameters"),
                false => format!("there is no function `{name}({taken})`"),
            })
        }
        E::ErrorVariableNotFound(name, _) => failed(format!("there is no variable `{name}`")),
        E::ErrorPropertyNotFound(name, _) => failed(format!("there is no part `{name}`")),
        E::ErrorMismatchDataType(wanted, found, _) => {
            failed(format!("{} is wanted here, but this is {}", typed(wanted), typed(found)))
        }
        E::ErrorMismatchOutputType(wanted, found, _) => {
            failed(format!("{} is wanted here, but this is {}", typed(wanted), typed(found)))
        }
        E::ErrorIndexingType(what, _) => {
            let of = what.split_once(" [").map_or(what.as_str(), |(of, _)| of);
            failed(format!("{} has no part of this kind that can be read or written", typed(of)))
        }
        E::ErrorArrayBounds(count, index, _) => failed(format!("the list has {count} items, and none at {index}")),
        E::ErrorStringBounds(count, index, _) => {
            failed(format!("the text has {count} characters, and none at {index}"))
        }
        E::ErrorFor(_) => failed("this has no items to go through".to_owned()),
        E::ErrorAssignmentToConstant(name, _) => failed(format!("`{name}` cannot be changed")),
        E::ErrorArithmetic(message, _) => failed(plain(message)),
        E::ErrorDataRace(..) => failed(
            "the list is changed or read by its own closure: take a copy of it before, `let copy = list`".to_owned(),
        ),
        other => failed(plain(&other.to_string())),
    }
}

/// Something that is too long.
fn over(what: &str, most: usize, of: &str) -> String {
    format!("a {what} of at least {} {of}, the limit is {most}", most.saturating_add(1))
}

/// A type of Rhai in our words.
fn typed(name: &str) -> String {
    let word = match name {
        "i64" => "an integer",
        "bool" => "true or false",
        "string" => "a text",
        "decimal" | "Decimal" => "a decimal",
        "array" => "a list",
        "list" => "a list of the case",
        "record" => "a record",
        "range" => "a range",
        "map" => "a map",
        "()" => "none",
        "char" => "a character",
        "Fn" => "a function",
        "value" => "a value",
        "perhaps" => "what may not be known",
        other => return format!("`{other}`"),
    };
    word.to_owned()
}

/// A message of Rhai with the types in our words.
fn plain(message: &str) -> String {
    let mut said = message.to_owned();
    for (theirs, ours) in [
        ("&str | ImmutableString | String", "text"),
        ("i64", "integer"),
        ("ImmutableString", "text"),
        ("&str", "text"),
        ("rust_decimal::decimal::Decimal", "decimal"),
        ("Decimal", "decimal"),
        ("FnPtr", "function"),
        ("Dynamic", "value"),
        ("array", "list"),
    ] {
        said = said.replace(theirs, ours);
    }
    said
}

/// A message without what nobody reads to the end.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", message.get(..end).unwrap_or("")),
        None => message.to_owned(),
    }
}

/// The most characters of a message.
const LONGEST: usize = 300;

/// Why a script cannot be read, and what to do about it.
pub(super) fn unreadable(error: &ParseErrorType) -> (String, Option<&'static str>) {
    use ParseErrorType as P;
    let sentence = |text: String| {
        let mut chars = text.chars();
        chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
    };
    let (message, help) = match error {
        P::VariableUndefined(name) => (
            format!("there is no variable `{name}`"),
            Some("a function sees its parameters alone: pass the value as one"),
        ),
        P::ExprTooDeep => ("this nests too deep".to_owned(), Some("name parts of it with `let`")),
        P::TooManyFunctions => ("the script has too many functions".to_owned(), Some("make two scripts of it")),
        P::BadInput(LexError::ImproperSymbol(name, _)) if is_disabled(name) => {
            (format!("scripts have no `{name}`"), Some("rules/README.md lists what scripts can do"))
        }
        P::MissingToken(token, _) if token == ";" => {
            (sentence(error.to_string()), Some("end the statement before this one with `;`"))
        }
        P::BadInput(error) => (sentence(plain(&error.to_string())), None),
        P::Reserved(name) if name == "this" => ("`this` is nothing in a script".to_owned(), Some("name the parameter")),
        P::Reserved(name) => (format!("scripts have no `{name}`"), None),
        P::ModuleUndefined(_) | P::WrongExport => ("scripts have no modules".to_owned(), None),
        other => (sentence(plain(&other.to_string())), None),
    };
    (shortened(&message), help)
}
