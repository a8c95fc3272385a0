//! What the YAML parser says, in our words, with the remedies that analysts need.

use super::{ALIASES, DEPTH, NODES, location_span};
use crate::diagnostic::{Code, Finding};
use crate::source::{SourceId, Sources, Span};
use crate::syntax::node::quoted;

/// What the parser says, in our words, with the remedies that analysts need.
pub(super) fn syntax_error(error: &serde_yaml::Error, text: &str, source: SourceId, sources: &Sources) -> Finding {
    let error = error.without_snippet();
    let span =
        error.location().map_or(sources.head(source), |location| location_span(&location, text, source, sources));
    let full = error.to_string();
    let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
    let line = line_of(text, span);
    let value =
        line.trim_start().trim_start_matches("- ").split_once(": ").map(|(_, value)| value.trim()).unwrap_or("");
    let at = |start: usize, len: usize| sources.span(source, start, start + len);
    let line_start = start_of_line(text, span);
    let syntax = |place: Span, message: &str, help: &str| Finding::error(Code::YamlSyntax, place, message).help(help);
    if message.contains("multiple YAML documents") {
        let place = second_document(text).map_or(span, |start| at(start, 3));
        return Finding::error(
            Code::SeveralDocuments,
            place,
            "a rule file holds one YAML document, but `---` begins another",
        )
        .help("remove the `---`, or make it a file of its own");
    }
    if let Some((message, help)) = limit(&message) {
        return Finding::error(Code::YamlLimit, span, message).help(help);
    }
    if let Some(tab) = tab_in_front(text, line_start, message.contains("tab")) {
        return syntax(at(tab, 1), "a tab stands where YAML wants blanks", "indent with blanks");
    }
    let key = line.trim_start().trim_start_matches("- ").split(':').next().unwrap_or("");
    let is_prose = matches!(key, "about" | "because" | "source" | "status" | "title");
    let cut = |message: &str, help: Option<String>| {
        let help = help.filter(|_| !is_prose).unwrap_or_else(|| format!("quote it: {}", quoted(value)));
        Finding::error(Code::CutExpression, span, message).help(help)
    };
    let without = |marks: &[char]| {
        let bare: String = value.chars().filter(|c| !marks.contains(c)).collect();
        Some(format!("remove it: write `{}`", bare.trim()))
    };
    match value.chars().next() {
        Some('>') if value.len() > 1 => cut(
            "YAML takes a leading `>` for the beginning of a text block",
            matches!(key, "when" | "unless" | "where" | "value")
                .then(|| format!("name what is compared, such as `balance {value}`")),
        ),
        Some('|') if value.len() > 1 => cut("YAML takes a leading `|` for the beginning of a text block", None),
        Some('"' | '\'')
            if message.contains("trailing content")
                || message.contains("quoted scalar") && value.len() > 1 && balanced_quotes(value) =>
        {
            cut("YAML takes a leading quote for the whole value", None)
        }
        Some(mark @ ('%' | '@')) => cut(
            &format!("YAML keeps a leading `{mark}` for itself"),
            value.get(1..).map(|rest| format!("remove it: write `{}`", rest.trim())),
        ),
        Some('`') => cut("YAML keeps a leading backtick for itself", without(&['`'])),
        Some('*') => cut(
            "YAML takes a leading `*` for an alias",
            value.get(1..).map(|rest| format!("remove it: write `{}`", rest.trim())),
        ),
        Some('&') => cut("YAML takes a leading `&` for an anchor", None),
        Some('!') => cut("YAML takes a leading `!` for a tag", None),
        Some('{') if value.contains('}') && !value.ends_with('}') => cut(
            "YAML takes a leading `{` for a map that ends where it closes",
            without(&['{', '}']).map(|help| help.replace("remove it", "remove the braces")),
        ),
        Some('[') if value.contains(']') && !value.ends_with(']') => {
            cut("YAML takes a leading `[` for a list that ends where it closes", None)
        }
        _ if message.contains("flow mapping") || message.contains("flow sequence") => {
            Finding::error(Code::CutExpression, span, "YAML cannot read what stands between these brackets")
                .help("quote a value that holds brackets, commas or quotes, or write one key a line")
        }
        _ if message.contains("mapping values are not allowed") && value.contains(": ") => {
            cut("YAML takes `: ` inside a value for another key", None)
        }
        _ if message.contains("unclosed bracket") => {
            let (what, close) = if message.contains('{') { ("brace", '}') } else { ("bracket", ']') };
            syntax(span, &format!("this {what} is not closed"), &format!("add the missing `{close}`"))
        }
        _ if message.contains("quote") => {
            let place = opening_quote(text, span).map_or(span, |start| at(start, 1));
            syntax(place, "this quote is not closed", "close the quote at the end of the text")
        }
        _ if message.contains("block scalar") && line.trim_start().starts_with('|') => {
            syntax(span, "a grid needs `|` behind `grid:`", "write `grid: |` in the line above")
        }
        _ if message.contains("expected ':'") => missing_blank(line, line_start, &at, span),
        _ if message.contains("indentation") || message.contains("did not find expected") => {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let before = text
                .get(..line_start)
                .unwrap_or("")
                .lines()
                .rev()
                .find(|before| !before.trim().is_empty() && indent(before) <= indent(line));
            let is_even = before.is_some_and(|before| indent(before) == indent(line));
            let is_item = |line: &str| line.trim_start().starts_with("- ");
            match before {
                Some(before) if is_even && is_item(before) != is_item(line) => syntax(
                    span,
                    "items with `- ` and keys without it stand side by side here",
                    "begin every item of a list with `- `, and no key of a map",
                ),
                _ => syntax(
                    span,
                    "this line is indented differently from its neighbours",
                    "indent it as deep as the lines that it belongs to",
                ),
            }
        }
        _ if message.contains("mapping values are not allowed") => syntax(
            span,
            "another `name: value` does not belong here",
            "indent the line as deep as its neighbours, or quote a value that holds `: `",
        ),
        _ => syntax(
            span,
            "YAML cannot read this line",
            "check indentation, quotes and brackets here and in the line before",
        ),
    }
}

/// What is said of a limit of the parser's, and what to do.
fn limit(message: &str) -> Option<(String, &'static str)> {
    Some(if message.contains("Aliases") {
        (format!("this file uses more than {ALIASES} aliases"), "write the values out")
    } else if message.contains("Anchor") || message.contains("alias") && message.contains("limit") {
        ("the aliases of this file stand for more values than a file may have".to_owned(), "write the values out")
    } else if message.contains("depth") || message.contains("Depth") || message.contains("recursion") {
        (format!("lists and maps nest deeper than {DEPTH} levels here"), "write them with fewer levels")
    } else if message.contains("budget") || message.contains("limit") {
        (format!("this file has more than {NODES} keys and values"), "split the file")
    } else {
        return None;
    })
}

/// Where the `---` of a second document stands.
fn second_document(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut has_content = false;
    for line in text.split_inclusive('\n') {
        if has_content && line.starts_with("---") {
            return Some(start);
        }
        let bare = line.trim();
        has_content |= !bare.is_empty() && !bare.starts_with(['#', '%']) && bare != "\u{feff}";
        start += line.len();
    }
    None
}

/// The tab that indents the line of an error, or the line behind it.
fn tab_in_front(text: &str, line_start: usize, is_tab: bool) -> Option<usize> {
    let mut start = line_start;
    for line in text.get(line_start..)?.split_inclusive('\n').take(if is_tab { 2 } else { 1 }) {
        let indent = line.len() - line.trim_start().len();
        if let Some(tab) = line.get(..indent).and_then(|blank| blank.find('\t'))
            && !line.trim().is_empty()
        {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}

/// A key whose colon has no blank behind it.
fn missing_blank(line: &str, line_start: usize, at: &dyn Fn(usize, usize) -> Span, span: Span) -> Finding {
    let bare = line.trim_start();
    let found = bare.split_once(':').filter(|(key, value)| !key.is_empty() && !value.is_empty());
    match found {
        Some((key, value)) => {
            let start = line_start + line.len() - bare.len();
            let place = at(start, key.len() + 1);
            Finding::error(Code::YamlSyntax, place, format!("a blank is missing behind `{key}:`"))
                .help(format!("write `{key}: {}`", value.trim()))
        }
        None => Finding::error(Code::YamlSyntax, span, "this line has no `: `").help("write `name: value`"),
    }
}

/// The last quote before a place that begins a value and has no partner in its line.
fn opening_quote(text: &str, span: Span) -> Option<usize> {
    let until = (span.start as usize).min(text.len());
    let mut end = text.get(until..)?.find('\n').map_or(text.len(), |at| until + at);
    loop {
        let start = text.get(..end)?.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..end)?;
        for (at, quote) in line.char_indices().filter(|(_, c)| matches!(c, '"' | '\'')) {
            let is_first = line.get(..at)?.trim_end_matches(' ').ends_with([':', '-', '[', '{', ',']);
            if is_first && line.matches(quote).count() % 2 == 1 {
                return Some(start + at);
            }
        }
        end = start.checked_sub(1)?;
    }
}

fn balanced_quotes(value: &str) -> bool {
    value.matches('"').count().is_multiple_of(2)
}

fn start_of_line(text: &str, span: Span) -> usize {
    let at = (span.start as usize).min(text.len());
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

fn line_of(text: &str, span: Span) -> &str {
    text.get(start_of_line(text, span)..).and_then(|rest| rest.lines().next()).unwrap_or("")
}
