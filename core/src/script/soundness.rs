//! Whether the interpreter is the one that packs are written for.
//!
//! Cargo builds a crate once for a whole program, with all features that any part of it asks for. One that asks for
//! `unchecked` of Rhai takes the limits off all scripts, and others change what numbers are. That is found out here, by
//! trying, before the first pack with scripts is loaded.

use std::sync::OnceLock;

use super::limits::ScriptLimits;
use super::machine::{Call, Machine};
use crate::language::functions::Context;

/// Why scripts cannot be trusted in this program.
pub(crate) fn fault() -> Option<&'static str> {
    static FAULT: OnceLock<Option<&'static str>> = OnceLock::new();
    *FAULT.get_or_init(find)
}

/// What each script must come to, and what is wrong where it does not.
const TRIALS: [(&str, &str, &str); 11] = [
    ("9223372036854775807 - 1", "9223372036854775806", "integers have not 64 bits (feature `only_i32`)"),
    ("0.1 + 0.2", "0.3", "numbers with decimals are binary (feature `no_float` is not set, or `decimal`)"),
    ("7 / 2", "3.5", "operators are those of Rhai"),
    ("let n = 0; loop { n += 1; }", LIMIT, "scripts have no limits (feature `unchecked`)"),
    ("let list = [1]; loop { list.push(1); }", LIMIT, "lists have no limits (feature `unchecked`)"),
    ("let text = \"ab\"; loop { text += text; }", LIMIT, "texts have no limits (feature `unchecked`)"),
    ("[1, 2].map(|item| item + 1).len()", "2", "there are no closures or lists (feature `no_closure` or `no_index`)"),
    ("#{a: 1}.a", "1", "there are no maps (feature `no_object`)"),
    ("9223372036854775807 + 1", FAILS, "integers run over (feature `unchecked`)"),
    ("eval(\"1\")", UNREADABLE, "scripts can run texts"),
    ("import \"x\" as x; 1", UNREADABLE, "scripts can load modules"),
];
const LIMIT: &str = "a limit";
const FAILS: &str = "an error";
const UNREADABLE: &str = "unreadable";

fn find() -> Option<&'static str> {
    let limits = ScriptLimits { steps: 2_000, list_items: 50, text_bytes: 256, ..ScriptLimits::default() };
    let machine = Machine::new(limits);
    TRIALS.iter().find(|(script, wanted, _)| outcome(&machine, &limits, script) != *wanted).map(|(_, _, fault)| *fault)
}

fn outcome(machine: &Machine, limits: &ScriptLimits, body: &str) -> String {
    let Ok(script) = machine.compile(&format!("fn tried() {{ {body} }}")) else { return UNREADABLE.to_owned() };
    if !super::faults(&script).is_empty() {
        return UNREADABLE.to_owned();
    }
    let at = chrono::DateTime::<chrono::Utc>::UNIX_EPOCH;
    let context = Context::at(at, chrono_tz::UTC, 2);
    let called = machine.call(&script, "tried", Vec::new(), Call::new(&context, None));
    match called.result {
        Ok(given) => given.to_string(),
        Err(error) if super::explain(&error, limits).code == crate::value::ErrorCode::ScriptLimit => LIMIT.to_owned(),
        Err(_) => FAILS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_of_this_program_is_sound_and_a_changed_one_is_found() {
        assert_eq!(find(), None);
        let all = ScriptLimits { steps: 2_000, list_items: 50, text_bytes: 256, ..ScriptLimits::default() };
        let machine = Machine::new(ScriptLimits { text_bytes: 1 << 20, ..all });
        // Without its limit the text would use up the steps, another limit; none of the trials is met by chance.
        for (script, wanted, _) in TRIALS {
            assert_eq!(outcome(&machine, &all, script), wanted, "{script}");
            assert_ne!(outcome(&machine, &all, "0 - 7"), wanted, "{script}");
        }
    }
}
