//! Brackets and quotes of an expression, each with its partner or not.

/// A bracket or quote without its partner.
pub(crate) struct Unbalanced {
    /// The byte at which it stands.
    pub(crate) at: usize,
    /// What is wrong with it, behind "this expression has".
    pub(crate) what: &'static str,
    pub(crate) help: String,
}

/// The bracket or quote of a text that has no partner, if there is one.
pub(crate) fn unbalanced(text: &str) -> Option<Unbalanced> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '`' => loop {
                match chars.next() {
                    Some((_, '\\')) => {
                        chars.next();
                    }
                    Some((_, other)) if other == c => break,
                    Some(_) => {}
                    None => {
                        let rest = text.get(at + 1..).unwrap_or("");
                        let word = rest.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).next();
                        let help = match word {
                            Some("") | None => "close the quote, or remove it".to_owned(),
                            Some(word) => format!("close the quote: `{c}{word}{c}`"),
                        };
                        return Some(Unbalanced { at, what: "a quote that is not closed", help });
                    }
                }
            },
            '(' | '[' | '{' => open.push((at, c)),
            ')' | ']' | '}' => {
                let last = open.pop();
                if last.map(|(_, opened)| closing(opened)) != Some(c) {
                    let help = match last {
                        Some((_, opened)) => format!("close the `{opened}` first, with `{}`", closing(opened)),
                        None => format!("remove the `{c}`, or open it before"),
                    };
                    return Some(Unbalanced { at, what: "a bracket that was not opened", help });
                }
            }
            _ => {}
        }
    }
    let (at, c) = open.pop()?;
    Some(Unbalanced { at, what: "a bracket that is not closed", help: format!("add the missing `{}`", closing(c)) })
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
