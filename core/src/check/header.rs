//! The header: name, version, currency, zone, rounding, channels.

use std::collections::HashSet;
use std::sync::Arc;

use chrono_tz::Tz;

use super::assemble::{Assembled, HEADER};
use super::names::{is_id, report_id};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::source::Span;
use crate::syntax::{Map, Node, NodeKind};
use crate::value::{Rounding, text};

/// The version of the language that this engine speaks.
pub(crate) const FORMAT: &str = "1";

/// What a pack says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) currency: String,
    pub(crate) currency_decimals: u32,
    pub(crate) zone: Tz,
    pub(crate) calendar: Option<(String, Span)>,
    pub(crate) rounding: Rounding,
    pub(crate) channels: Vec<Arc<str>>,
    /// Whether `channels` is there at all, right or wrong.
    pub(crate) has_channels: bool,
}

/// Reads the header of an assembled pack. What is missing is reported, and stands in for itself.
pub(crate) fn read(assembled: &Assembled, findings: &mut Findings) -> Header {
    let root = &assembled.root;
    let header_map = Map {
        is_damaged: false,
        entries: root.entries.iter().filter(|entry| HEADER.contains(&entry.key.as_str())).cloned().collect(),
    };
    let node = Node { span: assembled.head, kind: NodeKind::Map(header_map) };
    let mut header = Header {
        name: assembled.name.clone(),
        version: String::new(),
        title: None,
        currency: "USD".to_owned(),
        currency_decimals: 2,
        zone: Tz::UTC,
        calendar: None,
        rounding: Rounding::default(),
        channels: Vec::new(),
        has_channels: root.get("channels").is_some(),
    };
    if !root.entries.iter().any(|entry| HEADER.contains(&entry.key.as_str())) {
        findings.push(
            Finding::error(Code::MissingPack, assembled.head, "no rule file of this folder holds the pack's header")
                .help("say `pack`, `version`, `format`, `currency` and `time_zone` in `pack.yaml`"),
        );
        header.has_channels = true;
        return header;
    }
    let Some(mut reader) = super::assemble::reader(&node, "the pack's header", findings) else { return header };
    if let Some(name) = reader
        .required("pack", findings)
        .and_then(|node| node.as_text("`pack`", findings).map(|text| (text, node.span)))
        && report_id(name.0, name.1, findings)
        && name.0 != assembled.name
    {
        findings.push(
            Finding::error(
                Code::InvalidName,
                name.1,
                format!("the pack is called `{}`, but its folder is `{}`", name.0, assembled.name),
            )
            .help("packs are found by the name of their folder: make the two equal"),
        );
    }
    if let Some(version) = reader.required("version", findings).and_then(|node| node.as_text("`version`", findings)) {
        let is_version = version.starts_with(|c: char| c.is_ascii_digit())
            && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
        if !is_version {
            findings.push(
                Finding::error(Code::InvalidValue, reader.key_span("version"), format!("`{version}` is not a version"))
                    .help("begin with a number, such as `2026.11.0`"),
            );
        }
        header.version = version.to_owned();
    }
    if let Some(node) = reader.required("format", findings)
        && let Some(format) = node.as_text("`format`", findings)
        && format != FORMAT
    {
        findings.push(
            Finding::error(
                Code::UnsupportedFormat,
                node.span,
                format!("this pack is written in format `{format}`, this engine knows format `{FORMAT}`"),
            )
            .help("use an engine that knows the format"),
        );
    }
    header.title = reader.text("title", findings).map(str::to_owned);
    if let Some(node) = reader.required("currency", findings)
        && let Some(code) = node.as_text("`currency`", findings)
    {
        match iso_currency::Currency::from_code(code) {
            Some(currency) => {
                header.currency = code.to_owned();
                header.currency_decimals = currency.exponent().map_or(2, u32::from);
            }
            None => findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("`{code}` is not a currency of ISO 4217"))
                    .help("write its three capital letters, such as `USD`"),
            ),
        }
    }
    if let Some(node) = reader.required("time_zone", findings)
        && let Some(zone) = node.as_text("`time_zone`", findings)
    {
        match text::zone(zone) {
            Ok(zone) => header.zone = zone,
            Err(problem) => {
                findings.push(Finding::error(problem.code, node.span, problem.message).maybe_help(problem.help))
            }
        }
    }
    if let Some(node) = reader.optional("calendar", findings)
        && let Some(calendar) = node.as_text("`calendar`", findings)
    {
        header.calendar = Some((calendar.to_owned(), node.span));
    }
    reader.optional("extends", findings);
    if let Some(node) = reader.optional("rounding", findings)
        && let Some(rounding) = rounding(node, findings)
    {
        header.rounding = rounding;
    }
    if let Some(node) = reader.optional("channels", findings) {
        header.channels = words(node, "`channels`", findings);
    }
    reader.finish(findings);
    header
}

/// A rounding mode.
pub(crate) fn rounding(node: &Node, findings: &mut Findings) -> Option<Rounding> {
    let name = node.as_text("`rounding`", findings)?;
    let found = Rounding::named(name);
    if found.is_none() {
        findings.push(
            Finding::error(Code::InvalidValue, node.span, format!("there is no rounding mode `{name}`"))
                .maybe_help(did_you_mean(name, Rounding::NAMES)),
        );
    }
    found
}

/// The words of a choice: at least one, none twice, none reserved.
pub(crate) fn words(node: &Node, what: &str, findings: &mut Findings) -> Vec<Arc<str>> {
    let Some(items) = node.as_list(what, findings) else { return Vec::new() };
    let mut words: Vec<Arc<str>> = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for item in items {
        let Some(word) = item.as_text("a value of a choice", findings) else { continue };
        if matches!(word, "none" | "unknown" | "known" | "otherwise") {
            findings.push(
                Finding::error(Code::ReservedValue, item.span, format!("`{word}` may not be a value of a choice"))
                    .help(if word == "none" {
                        "say `absent: none` for absence, or choose a name such as `no_hardship`"
                    } else {
                        "choose another name"
                    }),
            );
        } else if known.contains(word) {
            findings.push(
                Finding::error(Code::DuplicateKey, item.span, format!("the value `{word}` stands here twice"))
                    .help("remove one"),
            );
        } else if !is_id(word) {
            findings
                .push(Finding::error(Code::InvalidName, item.span, format!("`{word}` is not a word")).help(
                    "values of choices are letters, digits, `_` and `-`; map others with `values:` in the input",
                ));
        } else {
            known.insert(word);
            words.push(Arc::from(word));
        }
    }
    if items.is_empty() {
        findings.push(
            Finding::error(Code::InvalidValue, node.span, format!("{what} has no values")).help("name at least one"),
        );
    }
    words
}
