//! Text to the standard streams.
//!
//! Text of records and files is made harmless here: a terminal obeys control characters, so none gets through but line
//! breaks. A reader that goes away (`| head`) is no error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use recoup::Colour;

use crate::status::Stop;

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<(), Stop> {
    print_raw(&escaped_text(text))
}

/// Prints to standard output without escaping: for machines, and for text with colours.
pub(crate) fn print_raw(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_print(&error)),
        _ => Ok(()),
    }
}

/// Standard output that takes no more.
pub(crate) fn cannot_print(error: &io::Error) -> Stop {
    Stop::CouldNotRun(format!("cannot write to standard output: {error}"))
}

/// Tells the user on standard error; adds the line's end.
pub(crate) fn tell(text: &str) {
    tell_raw(&format!("{}\n", escaped_text(text)));
}

/// Writes to standard error without escaping: for text with colours.
pub(crate) fn tell_raw(text: &str) {
    // Where standard error cannot be written there is nobody to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Colours where a person looks at standard output.
pub(crate) fn colour_of_stdout() -> Colour {
    if io::stdout().is_terminal() { Colour::Always } else { Colour::Never }
}

/// Colours where a person looks at standard error.
pub(crate) fn colour_of_stderr() -> Colour {
    if io::stderr().is_terminal() { Colour::Always } else { Colour::Never }
}

/// Text of a record on one line: without any character that a terminal would obey.
pub(crate) fn escaped(text: &str) -> String {
    escape(text, |c| c.is_control())
}

/// `1 case`, `2 cases`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Text with its line breaks kept.
fn escaped_text(text: &str) -> String {
    escape(text, |c| c.is_control() && c != '\n')
}

fn escape(text: &str, is_obeyed: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) || turns_direction(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Invisible characters that make text look other than it is.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_command_the_terminal() {
        assert_eq!(escaped("a\u{1b}[31m\nb\u{202e}é"), "a\\u{1b}[31m\\u{a}b\\u{202e}é");
        assert_eq!(escaped_text("a\u{1b}\nb"), "a\\u{1b}\nb");
    }
}
