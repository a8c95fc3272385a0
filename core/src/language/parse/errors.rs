//! Rhai's parse errors in our words, with the remedy.

use rhai::{LexError, ParseErrorType, Position};

use super::{DEPTH, offset, token_len};
use crate::diagnostic::{Code, Finding};
use crate::source::Snippet;
use crate::value::number;

/// Rhai's parse errors in our words, with the remedy.
pub(super) fn explain(error: &ParseErrorType, position: Position, snippet: &Snippet) -> Finding {
    let text = &snippet.text;
    let start = if position.is_none() { text.len() } else { offset(position, text) };
    let span = snippet.span(start.min(text.len()), (start + token_len(text, start)).min(text.len()));
    let token = text.get(start..start + token_len(text, start)).unwrap_or("");
    let before = text.get(..start).unwrap_or("").trim_end();
    let syntax = |message: String, help: &str| Finding::error(Code::SyntaxError, span, message).help(help);
    let unsupported = |what: &str, help: &str| {
        Finding::error(Code::UnsupportedSyntax, span, format!("{what} is not part of the expression language"))
            .help(help)
    };
    let first_word = token.trim();
    match first_word {
        "let" | "const" => return unsupported("`let`", "name a value by making it a fact"),
        "for" | "while" | "loop" | "do" => {
            return unsupported("a loop", "use the methods of lists, such as `any` or `sum`");
        }
        "switch" => return unsupported("`switch`", "use a table, or `if .. else`"),
        "fn" => return unsupported("a function", "name a value by making it a fact"),
        "=<" => return syntax("`=<` is not an operator".to_owned(), "write `<=`"),
        "=>" => return syntax("`=>` is not an operator".to_owned(), "write `>=`"),
        "=" => return unsupported("an assignment", "to compare, write `==`"),
        "+=" | "-=" | "*=" | "/=" | "%=" => return unsupported("an assignment", "an expression only computes a value"),
        "return" | "throw" | "try" | "import" | "export" | "break" | "continue" => {
            return unsupported("a statement", "an expression only computes a value");
        }
        ";" => return unsupported("a second statement", "an expression computes one value: name steps as facts"),
        _ => {}
    }
    if !matches!(error, ParseErrorType::ExprTooDeep)
        && let Some(foreign) = foreign(text, start.min(text.len()), snippet)
    {
        return foreign;
    }
    match error {
        ParseErrorType::ExprTooDeep => {
            Finding::error(Code::SyntaxError, snippet.whole(), format!("this expression nests deeper than {DEPTH}"))
                .help("name parts of it as facts")
        }
        ParseErrorType::UnexpectedEOF => {
            let end = snippet.span(text.trim_end().len().saturating_sub(1), text.trim_end().len());
            Finding::error(Code::SyntaxError, end, "this expression ends too early")
                .help("complete it, and close its brackets")
        }
        ParseErrorType::BadInput(LexError::UnterminatedString) => {
            syntax("this text has no closing quote".to_owned(), "close it with the same quote")
        }
        ParseErrorType::BadInput(LexError::MalformedChar(_)) => {
            unsupported("text in single quotes", "write text in double quotes")
        }
        ParseErrorType::BadInput(LexError::MalformedNumber(_)) => {
            syntax(format!("`{token}` is not a number"), "write digits and a decimal point, such as `12.50`")
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(input))
            if input.starts_with(['e', 'E']) && before.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            syntax("numbers have no exponent".to_owned(), "write the number out, such as `1000`")
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(input)) if input == "." => {
            syntax("a number begins with a digit".to_owned(), "write `0.5`")
        }
        ParseErrorType::Reserved(word) if !word.starts_with(char::is_alphabetic) => {
            syntax(format!("`{word}` does not belong in an expression"), "remove it; amounts are plain numbers")
        }
        ParseErrorType::Reserved(word) if word == "null" || word == "nil" => {
            Finding::error(Code::ReservedName, span, format!("`{word}` is not a value of this language"))
                .help("write `none`")
        }
        ParseErrorType::Reserved(word) => {
            Finding::error(Code::ReservedName, span, format!("`{word}` is a word that the language keeps for itself"))
                .help("fields, facts and results cannot have this name; a value belongs in double quotes")
        }
        ParseErrorType::MissingToken(token, _) => {
            syntax(format!("`{token}` is missing here"), "close what was opened, or complete the expression")
        }
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, _)) => {
            syntax(format!("`{symbol}` is not an operator"), "see the operators in rules/README.md")
        }
        _ if token.is_empty() => {
            Finding::error(Code::SyntaxError, span, "this expression ends too early").help("complete it")
        }
        _ => {
            let is_operand = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '(' | '[');
            let is_beside = token.starts_with(is_operand)
                && before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | ')' | ']'));
            Finding::error(Code::SyntaxError, span, format!("`{token}` does not belong here"))
                .maybe_help(is_beside.then(|| "an operator such as `and` is missing before it".to_owned()))
        }
    }
}

/// What people write who know another notation, with ours: looked for where Rhai stopped reading.
fn foreign(text: &str, start: usize, snippet: &Snippet) -> Option<Finding> {
    let (head, tail) = (text.get(..start)?, text.get(start..)?);
    let before = head.trim_end();
    let finding = |from: usize, to: usize, message: String, help: String| {
        Some(Finding::error(Code::SyntaxError, snippet.span(from, to), message).help(help))
    };
    let not_operator = |from: usize, written: &str, help: String| {
        finding(from, from + written.len(), format!("`{written}` is not an operator"), help)
    };
    let token = tail.get(..token_len(text, start)).unwrap_or("");
    let word_before = last_word(before);
    // `NOT` and `IS` in front of a value are names to Rhai, which stops at what follows.
    for (word, from) in [(token, start), (word_before, before.len() - word_before.len())] {
        if matches!(word, "AND" | "And" | "OR" | "Or" | "NOT" | "Not" | "IN" | "In") {
            return not_operator(from, word, format!("write `{}`", word.to_lowercase()));
        }
    }
    for (written, ours) in
        [("===", "=="), ("!==", "!="), ("≥", ">="), ("≤", "<="), ("≠", "!="), ("×", "*"), ("÷", "/"), ("<>", "!=")]
    {
        if tail.starts_with(written) {
            return not_operator(start, written, format!("write `{ours}`"));
        }
    }
    if head.ends_with('<') && tail.starts_with('>') {
        return not_operator(start - 1, "<>", "write `!=`".to_owned());
    }
    if tail.starts_with('?') {
        return not_operator(start, "?", "write `if .. { .. } else { .. }`".to_owned());
    }
    match token {
        "is" | "IS" => {
            let rest = tail.get(token.len()..).unwrap_or("");
            let negation = rest.trim_start();
            if negation.to_lowercase().starts_with("not ") {
                let written = tail.get(..tail.len() - negation.len() + "not".len()).unwrap_or(token);
                return not_operator(start, written, "write `!=`".to_owned());
            }
            return not_operator(start, token, "write `==`".to_owned());
        }
        "between" | "BETWEEN" => {
            let words: Vec<&str> = tail.split_whitespace().collect();
            let range = match words.as_slice() {
                [_, low, and, high, ..] if and.eq_ignore_ascii_case("and") && !word_before.is_empty() => {
                    format!("{word_before} in {low}..={high}")
                }
                _ => "x in 5..=10".to_owned(),
            };
            return not_operator(start, token, format!("write `{range}`"));
        }
        _ => {}
    }
    if let Some(quote) = tail.chars().next().filter(|c| is_curly(*c)) {
        let inner = tail.get(quote.len_utf8()..).unwrap_or("");
        let end = inner.find(is_curly);
        let written = end.and_then(|end| inner.get(..end)).unwrap_or("..");
        let length = end.map_or(quote.len_utf8(), |end| {
            quote.len_utf8() + end + inner.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        });
        let message = format!("`{quote}` is not a quote of this language");
        return finding(start, start + length, message, format!("write straight quotes: `\"{written}\"`"));
    }
    let number = last_number(before);
    if !number.is_empty() {
        let from = before.len() - number.len();
        let rest = tail.strip_prefix(',').unwrap_or("");
        if rest.starts_with(|c: char| c.is_ascii_digit()) && before.len() == head.len() {
            let more = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.')).unwrap_or(rest.len());
            let written = text.get(from..start + 1 + more)?;
            let message = format!("`{written}` is written with a comma");
            let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
            let is_grouped = !fraction.contains(',') && whole.split(',').skip(1).all(|group| group.len() == 3);
            let plain = if is_grouped { written.replace(',', "") } else { written.replace('.', "").replace(',', ".") };
            return finding(from, from + written.len(), message, format!("write `{plain}`"));
        }
        if let Some(unit) = unit(token) {
            let message = format!("`{number} {token}` is not a value of this language");
            return finding(from, start + token.len(), message, format!("write `{number}.{unit}`"));
        }
    }
    if let Some(amount) = before.strip_suffix('%').map(last_number)
        && !amount.is_empty()
    {
        let from = before.len() - 1 - amount.len();
        let message = format!("`{amount}%` is not a value of this language");
        return finding(from, before.len(), message, format!("write `{amount}.percent`"));
    }
    let is_operator = matches!(token, "==" | "!=" | "<" | "<=" | ">" | ">=" | "*" | "/" | "%" | "and" | "or" | "in");
    if is_operator && (before.is_empty() || before.ends_with(['(', ','])) {
        let help = match token {
            "and" | "or" => format!("complete it, such as `disputed {token} ..`, or remove the `{token}`"),
            _ => format!("name what stands before it, such as `balance {token} ..`"),
        };
        return finding(start, start + token.len(), format!("the left side of `{token}` is missing"), help);
    }
    None
}

/// The name or word that a text ends with.
fn last_word(text: &str) -> &str {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    text.rfind(|c: char| !is_word(c)).map_or(text, |at| {
        let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        text.get(at + width..).unwrap_or("")
    })
}

/// The number that a text ends with; empty where it is none.
fn last_number(text: &str) -> &str {
    let word = last_word(text);
    if word.starts_with(|c: char| c.is_ascii_digit()) && number::parse(word).is_some() { word } else { "" }
}

/// The unit that a word behind a number means.
fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "day" | "days" => "days",
        "week" | "weeks" => "weeks",
        "month" | "months" => "months",
        "year" | "years" => "years",
        "hour" | "hours" => "hours",
        "minute" | "minutes" => "minutes",
        "second" | "seconds" => "seconds",
        "percent" => "percent",
        _ => return None,
    })
}

fn is_curly(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»')
}
