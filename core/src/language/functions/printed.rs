//! What functions print while a case is decided: kept for its explanation, and shown to nobody else.

use std::cell::RefCell;
use std::sync::Arc;

/// A line that a function printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) function: Arc<str>,
    /// Nothing where it may hold what is private.
    pub(crate) text: Option<Arc<str>>,
}

/// The most lines that are kept of one case.
const LINES: usize = 200;

thread_local! {
    /// What the call that runs printed.
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static PRINTED: RefCell<Vec<Printed>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a line of the call that runs.
pub(crate) fn say(text: &str) {
    SAID.with_borrow_mut(|said| said.push(text.to_owned()));
}

/// Ends a call: what it printed is that of this function.
pub(super) fn settle(function: &Arc<str>, is_private: bool) {
    let said = SAID.take();
    if said.is_empty() {
        return;
    }
    PRINTED.with_borrow_mut(|printed| {
        let room = LINES.saturating_sub(printed.len());
        printed.extend(
            said.into_iter()
                .take(room)
                .map(|text| Printed { function: function.clone(), text: (!is_private).then(|| Arc::from(text)) }),
        );
    });
}

/// Takes what was printed since this was asked last.
pub(crate) fn take() -> Vec<Printed> {
    PRINTED.take()
}
