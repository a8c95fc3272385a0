//! The steps of a call, counted.
//!
//! Rhai counts the steps of a closure that a native function calls apart from those of its caller, so that closures in
//! closures would run for ever. Here each step counts for the whole call, and what native functions do with many items
//! or long texts counts as the steps that it is worth. A call runs on one thread from its beginning to its end.

use std::cell::Cell;

use rhai::{EvalAltResult, Position};

use super::machine::Thrown;

thread_local! {
    /// The steps that are left of the call that runs on this thread.
    static LEFT: Cell<u64> = const { Cell::new(0) };
    /// The bytes that the call has printed.
    static PRINTED: Cell<usize> = const { Cell::new(0) };
    /// Whether the call is over before its steps are.
    static ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Takes the bytes of a line that is printed. Whether there were as many left.
pub(super) fn print(bytes: usize, most: usize) -> bool {
    // An empty line is kept, too.
    let printed = PRINTED.get().saturating_add(bytes.max(1));
    PRINTED.set(printed);
    printed <= most
}

/// How many bytes of a text are worth a step.
const BYTES: usize = 64;

/// Begins a call.
pub(super) fn begin(steps: u64) {
    LEFT.set(steps);
    ENDED.set(false);
    PRINTED.set(0);
}

/// Takes a step. Whether there was one left.
pub(super) fn step() -> bool {
    let left = LEFT.get().checked_sub(1);
    LEFT.set(left.unwrap_or(0));
    left.is_some() && !ENDED.get()
}

/// Ends the call, whatever the script catches.
pub(super) fn end() {
    ENDED.set(true);
}

/// Goes on with a call that was ended.
pub(super) fn go_on() {
    ENDED.set(false);
}

/// Takes a step for each of so many items.
pub(super) fn spend(items: usize) -> Result<(), Thrown> {
    let left = u64::try_from(items).ok().and_then(|items| LEFT.get().checked_sub(items));
    LEFT.set(left.unwrap_or(0));
    if left.is_some() { Ok(()) } else { Err(EvalAltResult::ErrorTooManyOperations(Position::NONE).into()) }
}

/// Takes the steps that going through so many bytes of text is worth.
pub(super) fn spend_text(bytes: usize) -> Result<(), Thrown> {
    spend(bytes / BYTES)
}
