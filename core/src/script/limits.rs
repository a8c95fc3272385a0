//! How much a script may use: part of what it means, the same on every machine.

/// What a call of a script may use. Passing a limit is an error of the rule that calls it, and of nothing else.
///
/// Steps are those of the interpreter and of what native functions do with many items or long texts: one for each item,
/// for each 64 bytes, and for each 16 items of a list that is copied. So measured, no script of `tests/hostile` takes more
/// than 0.6 s, and levels and the depth of expressions take at most 0.9 of the 2 MiB of stack that a thread has.
///
/// The limits are sized so that the values that a call can hold at once stay within some 64 MiB:
/// `levels * variables` values of at most `array_items` items (24 bytes each) and `text_bytes` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScriptLimits {
    /// Steps of the interpreter.
    pub(crate) operations: u64,
    /// How deep functions may call each other.
    pub(crate) levels: usize,
    /// Variables at one time in one function.
    pub(crate) variables: usize,
    /// Items of one list, with those of the lists inside.
    pub(crate) array_items: usize,
    /// Entries of one map, with those of the maps inside.
    pub(crate) map_entries: usize,
    /// Bytes of one text.
    pub(crate) text_bytes: usize,
}

impl Default for ScriptLimits {
    fn default() -> ScriptLimits {
        ScriptLimits {
            operations: 100_000,
            levels: 16,
            variables: 64,
            array_items: 1_000,
            map_entries: 250,
            text_bytes: 16 * 1024,
        }
    }
}
