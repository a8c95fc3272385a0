//! What scripts do with texts beside the functions of the language. Characters are counted from 0.

use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext};

use super::budget::{spend, spend_text};
use super::machine::{Thrown, counted, show, thrown, value};
use super::values::word;
use crate::value::Value;

/// Adds the functions to an interpreter.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("len", |text: &mut ImmutableString| {
        spend_text(text.len())?;
        Ok::<_, Thrown>(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
    });
    engine.register_fn("sub_text", |text: &mut ImmutableString, from: i64, count: i64| part(text, from, count));
    engine.register_fn("split", |context: NativeCallContext<'_>, text: &mut ImmutableString, at: ImmutableString| {
        split(&context, text, &at)
    });
    engine.register_fn("to_text", |context: NativeCallContext<'_>, held: Dynamic| {
        Ok::<_, Thrown>(ImmutableString::from(show(&context)?.text(&value(&held)?)))
    });
    // Rhai calls this for the parts of a text; where it fails, Rhai would write how it stores the value.
    engine.register_fn("to_string", |context: NativeCallContext<'_>, held: Dynamic| {
        let text = show(&context).and_then(|show| Ok(show.text(&value(&held)?)));
        ImmutableString::from(text.unwrap_or_else(|_| word(&held)))
    });
}

fn part(text: &str, from: i64, count: i64) -> Result<ImmutableString, Thrown> {
    let (Ok(from), Ok(count)) = (usize::try_from(from), usize::try_from(count)) else {
        return Err(thrown("`sub_text(text, from, count)` takes no numbers below 0"));
    };
    spend_text(text.len())?;
    Ok(text.chars().skip(from).take(count).collect::<String>().into())
}

fn split(context: &NativeCallContext<'_>, text: &str, at: &str) -> Result<Dynamic, Thrown> {
    if at.is_empty() {
        return Err(thrown("a text is split at a text that is not empty"));
    }
    spend_text(text.len())?;
    let most = context.engine().max_array_size().saturating_add(1);
    let parts: Array = text.split(at).take(most).map(|part| ImmutableString::from(part).into()).collect();
    spend(parts.len())?;
    counted(context, parts)
}

/// Two texts, or a text and a value as it is shown, one behind the other.
pub(super) fn joined(context: &NativeCallContext<'_>, a: &Value, b: &Value) -> Result<Dynamic, Thrown> {
    let show = show(context)?;
    let text = [a, b].map(|value| show.text(value)).concat();
    if text.len() > context.engine().max_string_size() {
        let error = rhai::EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), rhai::Position::NONE);
        return Err(error.into());
    }
    Ok(ImmutableString::from(text).into())
}
