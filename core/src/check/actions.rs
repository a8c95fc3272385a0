//! Actions and templates: what the pack may ask of the host.
//!
//! Takes `actions` and `templates`; gives what each action needs to be said of it, so that a step that asks for one can
//! be checked whole.

use std::sync::Arc;

use super::header::{Header, words};
use super::names::{Names, report_id};
use super::pack::section;
use super::records::Records;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::language::{Name, Scope, SlotId};
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::{Absence, Field, Type};

/// Something for the host to do.
#[derive(Clone, Debug)]
pub(crate) struct CheckedAction {
    pub(crate) name: Arc<str>,
    /// Whether it contacts somebody, so that the contact policies judge it.
    pub(crate) is_contacting: bool,
    /// Its own channel, where it has one.
    pub(crate) channel: Option<Arc<str>>,
    pub(crate) params: Vec<Param>,
    /// Whether nothing in it was refused, so that the keys of steps that ask for it can be judged.
    pub(crate) is_sound: bool,
}

/// What an action is asked with.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ParamKind,
}

/// The kinds of parameters.
#[derive(Clone, Debug)]
pub(crate) enum ParamKind {
    /// A template of the pack.
    Template,
    /// A channel, or several of which the first that is allowed is taken.
    Channel,
    /// A value.
    Value(Field),
}

/// A text that the host renders and sends.
#[derive(Clone, Debug)]
pub(crate) struct CheckedTemplate {
    pub(crate) name: Arc<str>,
    /// The channels that it can be sent by; all where it names none.
    pub(crate) channels: Vec<Arc<str>>,
    pub(crate) languages: Vec<Arc<str>>,
    /// What it shows of the case: names and their slots.
    pub(crate) needs: Vec<(Arc<str>, SlotId)>,
    /// What its text must say.
    pub(crate) must_contain: Vec<Arc<str>>,
}

impl CheckedTemplate {
    /// Whether it can be sent by a channel.
    pub(crate) fn fits(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|known| **known == *channel)
    }
}

/// Keys of a step that no parameter may be called.
pub(crate) const STEP_KEYS: [&str; 13] = [
    "id",
    "do",
    "when",
    "unless",
    "on_unknown",
    "day",
    "before",
    "after",
    "of",
    "every",
    "at_most",
    "missed",
    "params",
];

/// Keys of a field that make no sense for a parameter.
const FIELD_MARKS: [&str; 8] =
    ["absent", "key", "private", "decides", "time", "place", "preferred_channel", "language"];

/// Reads the pack's actions and templates.
pub(crate) struct ActionReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) names: &'a Names,
    pub(crate) findings: &'a mut Findings,
}

impl ActionReader<'_> {
    /// The actions, in the order of the pack.
    pub(crate) fn actions(&mut self, root: &Map) -> Vec<CheckedAction> {
        section(root, "actions").filter_map(|entry| self.action(entry)).collect()
    }

    fn action(&mut self, entry: &Entry) -> Option<CheckedAction> {
        let before = self.findings.len();
        report_id(&entry.key, entry.key_span, self.findings);
        let what = format!("the action `{}`", entry.key);
        if matches!(entry.value.kind, NodeKind::Null) {
            self.findings.push(
                Finding::error(Code::WrongKind, entry.key_span, format!("{what} says nothing"))
                    .help(format!("write `{}: {{}}` where it is asked for with nothing", entry.key)),
            );
            return None;
        }
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let contacting = reader.optional("contacting", self.findings);
        let is_contacting = contacting.map(|node| node.as_boolean("`contacting`", self.findings));
        reader.text("about", self.findings);
        let channel_node = reader.optional("channel", self.findings);
        let params_node = reader.optional("params", self.findings);
        reader.finish(self.findings);
        let channel = channel_node.and_then(|node| self.own_channel(node));
        let mut params = Vec::new();
        for param in
            params_node.and_then(|node| node.as_map("`params`", self.findings)).map_or(&[][..], |map| &map.entries)
        {
            params.extend(self.param(param));
        }
        let templates = params.iter().filter(|param| matches!(param.kind, ParamKind::Template)).count();
        if templates > 1 {
            self.findings.push(
                Finding::error(Code::InvalidValue, entry.key_span, format!("{what} has more than one template"))
                    .help("keep one parameter of type `template`, and declare another action for the other"),
            );
        }
        let channels = params.iter().filter(|param| matches!(param.kind, ParamKind::Channel)).count();
        if channels + usize::from(channel_node.is_some()) > 1 {
            self.findings.push(
                Finding::error(Code::InvalidValue, entry.key_span, format!("{what} has more than one channel"))
                    .help("keep its own `channel`, or one parameter of type `channels`"),
            );
        }
        let is_sound = !self.findings.has_errors_since(before);
        let is_contacting = is_contacting.unwrap_or(Some(false));
        let has_channel = channels > 0 || channel_node.is_some();
        if is_sound && is_contacting == Some(true) && !has_channel {
            self.findings.push(
                Finding::error(
                    Code::MissingKey,
                    entry.key_span,
                    format!("{what} contacts somebody, but does not say by which channel"),
                )
                .help("say its `channel:`, or let each step say it: `params: {channel: channels}`"),
            );
        }
        if is_contacting == Some(false) && has_channel {
            self.findings.push(
                Finding::error(Code::MissingKey, entry.key_span, format!("{what} has a channel, but contacts nobody"))
                    .help("say `contacting: true`, so that the contact policies judge it, or remove the channel"),
            );
        }
        let name = Arc::from(entry.key.as_str());
        Some(CheckedAction { name, is_contacting: is_contacting == Some(true), channel, params, is_sound })
    }

    /// The one channel of an action.
    fn own_channel(&mut self, node: &Node) -> Option<Arc<str>> {
        if matches!(node.kind, NodeKind::List(_)) {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "an action has one channel of its own, but this is a list")
                    .help("name one, or let each step say its channels: `params: {channel: channels}`"),
            );
            return None;
        }
        self.channel(node)
    }

    fn channel(&mut self, node: &Node) -> Option<Arc<str>> {
        let word = node.as_text("`channel`", self.findings)?;
        let found = self.header.channels.iter().find(|channel| ***channel == *word).cloned();
        if found.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownChoice, node.span, format!("the pack has no channel `{word}`")).maybe_help(
                    did_you_mean(word, self.header.channels.iter().map(|channel| &**channel))
                        .or_else(|| Some("name it under `channels:` in the pack's header".to_owned())),
                ),
            );
        }
        found
    }

    fn param(&mut self, entry: &Entry) -> Option<Param> {
        let name = entry.key.as_str();
        report_id(name, entry.key_span, self.findings);
        if STEP_KEYS.contains(&name) || super::tables::annotations::ANNOTATIONS.contains(&name) {
            self.findings.push(
                Finding::error(Code::ReservedName, entry.key_span, format!("a step has a key `{name}` of its own"))
                    .help("choose another name for the parameter"),
            );
            return None;
        }
        if let NodeKind::Map(map) = &entry.value.kind
            && let Some(mark) = map.entries.iter().find(|mark| FIELD_MARKS.contains(&mark.key.as_str()))
        {
            self.findings.push(
                Finding::error(Code::UnknownKey, mark.key_span, format!("a parameter has no key `{}`", mark.key))
                    .help("fields have it; a parameter that a step does not say is left out, or has its `default`"),
            );
            return None;
        }
        let kind = match entry.value.text() {
            Some("template") => ParamKind::Template,
            Some("channels") => ParamKind::Channel,
            Some("duration") => ParamKind::Value(Field {
                absence: Absence::None,
                ..Field::new(name, Type::Duration(crate::value::DurationUnit::Days), entry.key_span)
            }),
            Some(word) if crate::diagnostic::nearest(word, ["template", "channels"]).is_some() => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, entry.value.span, format!("there is no type `{word}`"))
                        .maybe_help(did_you_mean(word, ["template", "channels"])),
                );
                return None;
            }
            _ => {
                let mut records = Records { header: self.header, parser: self.parser, findings: self.findings };
                let field = records.field(name, entry.key_span, &entry.value)?;
                if matches!(field.base, Type::List(_) | Type::Record(_)) {
                    self.findings.push(
                        Finding::error(
                            Code::WrongKind,
                            entry.value.span,
                            format!("a parameter is a single value, but this is {}", field.base),
                        )
                        .help("give the action a parameter for each value"),
                    );
                    return None;
                }
                ParamKind::Value(field)
            }
        };
        Some(Param { name: Arc::from(name), kind })
    }

    /// The templates, in the order of the pack.
    pub(crate) fn templates(&mut self, root: &Map) -> Vec<CheckedTemplate> {
        section(root, "templates").filter_map(|entry| self.template(entry)).collect()
    }

    fn template(&mut self, entry: &Entry) -> Option<CheckedTemplate> {
        report_id(&entry.key, entry.key_span, self.findings);
        let what = format!("the template `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        reader.text("about", self.findings);
        let channels = reader.optional("channels", self.findings);
        let languages = reader.optional("languages", self.findings);
        let needs = reader.optional("needs", self.findings);
        let must_contain = reader.optional("must_contain", self.findings);
        reader.finish(self.findings);
        let channels = channels.map_or(&[][..], |node| node.one_or_many());
        let channels = channels.iter().filter_map(|node| self.channel(node)).collect();
        let mut list =
            |node: Option<&Node>, what: &str| node.map_or(Vec::new(), |node| words(node, what, self.findings));
        let (languages, must_contain) = (list(languages, "`languages`"), list(must_contain, "`must_contain`"));
        let needs = needs.and_then(|node| node.as_list("`needs`", self.findings)).unwrap_or(&[]);
        let needs = needs.iter().filter_map(|node| self.need(node)).collect();
        Some(CheckedTemplate { name: Arc::from(entry.key.as_str()), channels, languages, needs, must_contain })
    }

    /// A name of a field, fact or result that a template shows.
    fn need(&mut self, node: &Node) -> Option<(Arc<str>, SlotId)> {
        let name = node.as_text("a name", self.findings)?;
        let slot = match name.split_once('.') {
            None => match self.names.name(name) {
                Some(Name::Value { slot, .. }) => Some(slot),
                _ => None,
            },
            Some((group, item)) => match self.names.name(group) {
                Some(Name::Group(items)) => {
                    items.iter().find(|(known, ..)| **known == *item).map(|(_, slot, ..)| *slot)
                }
                _ => None,
            },
        };
        if slot.is_none() {
            let help = if name.contains(|c: char| c != '_' && c != '.' && !c.is_alphanumeric()) {
                "a calculation deserves a name: make it a fact".to_owned()
            } else {
                self.names.nearest(name, &[]).map_or_else(
                    || "name a field, a fact or a result".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )
            };
            self.findings.push(
                Finding::error(Code::UnknownName, node.span, format!("`{name}` is no field, fact or result"))
                    .help(help),
            );
        }
        Some((Arc::from(name), slot?))
    }
}
