//! Revisions: which state of a case it is. Two writers who start from one state and write different things get different
//! revisions.

use std::sync::Arc;

use sha2::{Digest, Sha256};

/// How many digits of the hash a revision keeps.
const DIGITS: usize = 12;

/// A count of changes and the first digits of a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    count: u32,
    /// The whole revision, such as `6-9f2c01ab34cd`.
    text: Arc<str>,
}

impl Revision {
    /// The revision of a case's first state. `content` is the document without its revision.
    pub(super) fn first(content: &str) -> Revision {
        Revision::new(1, "", content)
    }

    /// The revision after this one.
    pub(super) fn next(&self, content: &str) -> Revision {
        Revision::new(self.count.saturating_add(1), &self.text, content)
    }

    fn new(count: u32, before: &str, content: &str) -> Revision {
        let hash = Sha256::new().chain_update(before).chain_update("\n").chain_update(content).finalize();
        let digits: String = hash.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
        Revision { count, text: format!("{count}-{digits}").into() }
    }

    /// The revision that a text says, if it has the form of one.
    pub(super) fn parse(text: &str) -> Option<Revision> {
        let (count, digits) = text.split_once('-')?;
        let is_hash = digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_count = count.bytes().all(|byte| byte.is_ascii_digit()) && !count.starts_with('0');
        let count = count.parse().ok().filter(|_| is_hash && is_count)?;
        Some(Revision { count, text: text.into() })
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
