//! How much a script may use: part of what it means, the same on every machine.

/// What a call of a script may use. Passing a limit is an error of the rule that calls it, and of nothing else.
///
/// Steps are those of the interpreter and of what native functions do with many items or long texts: one for each item,
/// for each 64 bytes, and for each 16 items of a list that is copied. With those of [`ScriptLimits::default`] no script
/// that was tried takes more than 0.6 s; levels and the depth of expressions take at most 0.9 of the 2 MiB of stack that
/// a thread has, so that a host can only lower them.
///
/// Limits are part of what a pack means: a case may come out differently under others. Load a pack with the same ones
/// wherever it decides.
///
/// ```
/// use recoup::{LoadOptions, ScriptLimits};
///
/// let limits = ScriptLimits { steps: 20_000, ..ScriptLimits::within(16 * 1024 * 1024) };
/// assert_eq!((limits.list_items, limits.text_bytes), (250, 4096));
/// let options = LoadOptions::new().limits(limits);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Steps of one call.
    pub steps: u64,
    /// How deep functions may call each other: at most 16.
    pub levels: usize,
    /// Variables at one time in one function.
    pub variables: usize,
    /// Items of one list, with those of the lists inside.
    pub list_items: usize,
    /// Entries of one map, with those of the maps inside.
    pub map_entries: usize,
    /// Bytes of one text, and of all that a call prints.
    pub text_bytes: usize,
}

/// The most levels: more would not fit on the stack of every thread.
pub(crate) const LEVELS: usize = 16;
/// The memory that the default limits are made for, in bytes.
const BUDGET: usize = 64 * 1024 * 1024;

impl ScriptLimits {
    /// Limits under which the values that a call can hold at once stay within about so many bytes:
    /// `levels * variables` values of at most `list_items` items (24 bytes each) and `text_bytes` bytes. Steps, levels and
    /// variables are those of the default.
    pub fn within(bytes: usize) -> ScriptLimits {
        let all = ScriptLimits::default();
        let part = |of: usize| {
            let part = (of as u128).saturating_mul(bytes as u128) / BUDGET as u128;
            usize::try_from(part).unwrap_or(usize::MAX).max(1)
        };
        ScriptLimits {
            list_items: part(all.list_items),
            map_entries: part(all.map_entries),
            text_bytes: part(all.text_bytes),
            ..all
        }
    }

    /// Why a host cannot have these limits.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.levels > LEVELS {
            return Some(format!(
                "a script has {} levels, the most are {LEVELS}: a thread has no stack for more",
                self.levels
            ));
        }
        let named = [
            ("steps", self.steps == 0),
            ("levels", self.levels == 0),
            ("variables", self.variables == 0),
            ("list_items", self.list_items == 0),
            ("map_entries", self.map_entries == 0),
            ("text_bytes", self.text_bytes == 0),
        ];
        let none = named.into_iter().find(|(_, is_none)| *is_none);
        // The interpreter takes 0 for no limit at all.
        none.map(|(name, _)| format!("the limit `{name}` of scripts is 0: no script could run"))
    }
}

impl Default for ScriptLimits {
    /// Those for 64 MiB.
    fn default() -> ScriptLimits {
        ScriptLimits {
            steps: 100_000,
            levels: LEVELS,
            variables: 64,
            list_items: 1_000,
            map_entries: 250,
            text_bytes: 16 * 1024,
        }
    }
}
