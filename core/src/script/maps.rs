//! The methods of maps, which scripts make to group and to count.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext, Position};

use super::budget::{spend, spend_text};
use super::machine::{Thrown, thrown};

/// The longest key, in bytes.
const KEY: usize = 200;

/// Adds the methods to an interpreter.
pub(super) fn register(engine: &mut Engine) {
    for name in ["len", "count"] {
        engine.register_fn(name, |map: &mut Map| i64::try_from(map.len()).unwrap_or(i64::MAX));
    }
    engine.register_fn("is_empty", |map: &mut Map| map.is_empty());
    engine.register_fn("contains", |map: &mut Map, key: ImmutableString| map.contains_key(key.as_str()));
    engine.register_fn("get", |map: &mut Map, key: ImmutableString| {
        map.get(key.as_str()).cloned().unwrap_or(Dynamic::UNIT)
    });
    engine.register_fn("set", set);
    engine
        .register_fn("remove", |map: &mut Map, key: ImmutableString| map.remove(key.as_str()).unwrap_or(Dynamic::UNIT));
    engine.register_fn("keys", |map: &mut Map| {
        spend(map.len())?;
        let keys: Array = map.keys().map(|key| ImmutableString::from(key.as_str()).into()).collect();
        Ok::<_, Thrown>(keys)
    });
    engine.register_fn("values", |map: &mut Map| {
        spend(map.len())?;
        Ok::<Array, Thrown>(map.values().cloned().collect())
    });
}

fn set(context: NativeCallContext<'_>, map: &mut Map, key: ImmutableString, value: Dynamic) -> Result<(), Thrown> {
    if key.len() > KEY {
        return Err(thrown(format!("a key of a map has {} bytes, the limit is {KEY}", key.len())));
    }
    spend_text(key.len())?;
    if map.len() >= context.engine().max_map_size() && !map.contains_key(key.as_str()) {
        return Err(EvalAltResult::ErrorDataTooLarge("Size of object map".to_owned(), Position::NONE).into());
    }
    map.insert(key.as_str().into(), value);
    Ok(())
}
