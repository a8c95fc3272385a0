//! Records: fields, their types, what absence means, ranges.

use std::sync::Arc;

use super::header::{Header, rounding, words};
use super::literals;
use super::names::{report_name, report_record_name};
use super::pack::section;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Map, Node, NodeKind};
use crate::value::{Absence, Bound, DurationUnit, Field, ItemRules, ItemType, RecordType, Type, Value, number, text};

/// Reads declarations of records, fields and types.
pub(crate) struct Records<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) findings: &'a mut Findings,
}

/// The records of a pack.
pub(crate) struct Declared {
    /// The account that is decided.
    pub(crate) case: Arc<RecordType>,
    /// All others, such as `collector`.
    pub(crate) others: Vec<Arc<RecordType>>,
}

/// The records that a document declares.
pub(crate) fn read(root: &Map, header: &Header, parser: &Parser, head: Span, findings: &mut Findings) -> Declared {
    let mut case = None;
    let mut others = Vec::new();
    for entry in section(root, "records") {
        report_record_name(&entry.key, entry.key_span, findings);
        let record = Records { header, parser, findings }.record(&entry.key, entry.key_span, &entry.value);
        if entry.key == "case" {
            case = Some(record.unwrap_or_else(no_fields));
            continue;
        }
        others.extend(record.map(Arc::new));
    }
    let case = case.unwrap_or_else(|| {
        findings.push(
            Finding::error(Code::MissingKey, head, "the pack declares no record `case`")
                .help("say under `records:` what a case has"),
        );
        no_fields()
    });
    for record in others.iter().map(|other| &**other).chain([&case]) {
        if let Some(field) = record.fields.iter().find(|field| field.time) {
            findings.push(
                Finding::error(Code::InvalidValue, field.span, "`time: true` marks a field of the items of a list")
                    .help("remove it"),
            );
        }
    }
    if let Some(second) = case.fields.iter().filter(|field| field.place).nth(1) {
        findings.push(
            Finding::error(Code::InvalidValue, second.span, "two fields are marked `place: true`").help("keep one"),
        );
    }
    Declared { case: Arc::new(case), others }
}

/// A case of which nothing could be read.
fn no_fields() -> RecordType {
    RecordType { name: Arc::from("case"), fields: Vec::new(), ignores_unknown_fields: false }
}

/// Why a key has no absence.
const ALWAYS_GIVEN: &str = "a key is always given";

impl Records<'_> {
    /// A record and its fields.
    pub(crate) fn record(&mut self, name: &str, name_span: Span, node: &Node) -> Option<RecordType> {
        let what = format!("the record `{name}`");
        let mut reader = MapReader::new(node, &what, self.findings)?.named(name_span);
        let ignores_unknown_fields = match reader.optional("on_unknown_field", self.findings) {
            Some(node) => match node.as_text("`on_unknown_field`", self.findings) {
                Some("ignore") => true,
                Some("refuse") | None => false,
                Some(other) => {
                    self.findings.push(
                        Finding::error(
                            Code::InvalidValue,
                            node.span,
                            format!("`on_unknown_field` cannot be `{other}`"),
                        )
                        .help("one of `ignore`, `refuse`"),
                    );
                    false
                }
            },
            None => false,
        };
        let fields = reader.required("fields", self.findings);
        reader.finish(self.findings);
        let map = fields?.as_map("`fields`", self.findings)?;
        let fields = self.fields(map);
        let keys: Vec<&Field> = fields.iter().filter(|field| field.key).collect();
        match keys.as_slice() {
            [] => self.findings.push(
                Finding::error(
                    Code::MissingKey,
                    node.span.start_of().to(node.span),
                    format!("{what} has no key field"),
                )
                .help("mark the field that tells records apart with `key: true`"),
            ),
            [_] => {}
            [first, second, ..] => self.findings.push(
                Finding::error(Code::DuplicateKey, second.span, format!("{what} has two key fields"))
                    .also(first.span, "the first")
                    .help("keep one `key: true`"),
            ),
        }
        Some(RecordType { name: Arc::from(name), fields, ignores_unknown_fields })
    }

    fn fields(&mut self, map: &Map) -> Vec<Field> {
        let mut fields = Vec::new();
        for entry in &map.entries {
            let is_good = report_name(&entry.key, entry.key_span, self.parser, self.findings);
            let field = self.field(&entry.key, entry.key_span, &entry.value).unwrap_or_else(|| {
                // A field whose type is refused stays, so that its name is known to rules.
                let mut field = self.refused(&entry.key, entry.key_span);
                field.key = matches!(&entry.value.kind,
                    NodeKind::Map(map) if map.get("key").and_then(Node::text) == Some("true"));
                field
            });
            if is_good {
                fields.push(field);
            }
        }
        if fields.iter().filter(|field| field.time).count() > 1
            && let Some(second) = fields.iter().filter(|field| field.time).nth(1)
        {
            self.findings.push(
                Finding::error(Code::DuplicateKey, second.span, "two fields are marked `time: true`")
                    .help("keep one of them"),
            );
        }
        fields
    }

    /// A field, an output or an item: a map with `type`, the name of a type, or a list of choices.
    pub(crate) fn field(&mut self, name: &str, name_span: Span, node: &Node) -> Option<Field> {
        let mut field = self.refused(name, name_span);
        match &node.kind {
            NodeKind::Scalar(_) => {
                let word = node.as_text("a type", self.findings)?.to_owned();
                field.base = self.plain_type(&word, node.span, name)?;
                field.decimals = self.default_decimals(&field.base);
                return Some(field);
            }
            NodeKind::List(_) => {
                field.base = Type::Choice(words(node, &format!("`{name}`"), self.findings).into());
                return Some(field);
            }
            _ => {}
        }
        let what = format!("the field `{name}`");
        let mut reader = MapReader::new(node, &what, self.findings)?.named(name_span);
        let type_node = reader.required("type", self.findings);
        let word = type_node.and_then(|node| node.as_text("`type`", self.findings));
        field.about = reader.text("about", self.findings).map(str::to_owned);
        field.key = reader.boolean("key", self.findings).unwrap_or(false);
        field.private = reader.boolean("private", self.findings).unwrap_or(false);
        field.decides = reader.boolean("decides", self.findings).unwrap_or(true);
        field.time = reader.boolean("time", self.findings).unwrap_or(false);
        field.place = reader.boolean("place", self.findings).unwrap_or(false);
        field.preferred_channel = reader.boolean("preferred_channel", self.findings).unwrap_or(false);
        field.language = reader.boolean("language", self.findings).unwrap_or(false);
        let of = reader.optional("of", self.findings);
        let sub_fields = reader.optional("fields", self.findings);
        let unit = reader.optional("unit", self.findings);
        let decimals = reader.optional("decimals", self.findings);
        let type_span = type_node.map_or(name_span, |node| node.span);
        let base = word.and_then(|word| self.typed(word, type_span, name, of, sub_fields, unit));
        field.base = base.clone().unwrap_or(Type::Any);
        field.decimals = self.default_decimals(&field.base);
        if let Some(node) = decimals {
            match node
                .as_text("`decimals`", self.findings)
                .and_then(|text| text.parse::<u32>().ok())
                .filter(|count| *count <= number::DECIMALS)
            {
                Some(count) if field.base == Type::Decimal => field.decimals = Some(count),
                Some(_) => self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("only a decimal says `decimals`, `{name}` is {}", field.base),
                    )
                    .help("money has the decimals of its currency"),
                ),
                None => self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`decimals` is not a number from 0 to 28")
                        .help("write how many decimals, such as `2`"),
                ),
            }
        } else if field.base == Type::Decimal {
            self.findings.push(
                Finding::error(
                    Code::MissingKey,
                    type_span,
                    format!("the decimal `{name}` does not say its `decimals`"),
                )
                .help("write how many decimals it has, such as `decimals: 2`"),
            );
        }
        if let Some(node) = reader.optional("rounding", self.findings)
            && let Some(mode) = rounding(node, self.findings)
        {
            field.rounding = mode;
        }
        let absent = reader.optional("absent", self.findings);
        let default = reader.optional("default", self.findings);
        if let Some(node) = absent {
            match node.as_text("`absent`", self.findings) {
                Some("none") => field.absence = Absence::None,
                Some("unknown") => field.absence = Absence::Unknown,
                Some(other) => self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`absent` cannot be `{other}`"))
                        .help("`absent: none` (known not to exist) or `absent: unknown` (not known)"),
                ),
                None => {}
            }
        }
        field.range.min = reader.optional("min", self.findings).and_then(|node| self.bound(node, &field));
        field.range.max = reader.optional("max", self.findings).and_then(|node| self.bound(node, &field));
        if let (Some(min), Some(max)) = (field.range.min, field.range.max)
            && min > max
        {
            let message = format!("`min` of `{name}` is above its `max`");
            self.findings
                .push(Finding::error(Code::OutsideDomain, reader.key_span("min"), message).help("swap the two"));
        }
        if let Some(node) = default {
            if absent.is_some() {
                self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("`{name}` has a default, so absence means nothing else"),
                    )
                    .help("keep `default` or `absent`"),
                );
            } else if let Some(value) = self.default_value(node, &field) {
                field.absence = Absence::Default(value);
            }
        }
        self.marks(&field, &reader);
        reader.finish(self.findings);
        base.map(|_| field)
    }

    /// A field that says nothing yet, or nothing that could be read: its type goes with everything.
    pub(crate) fn refused(&self, name: &str, span: Span) -> Field {
        Field { rounding: self.header.rounding, ..Field::new(name, Type::Any, span) }
    }

    /// Marks that only some types can have.
    fn marks(&mut self, field: &Field, reader: &MapReader<'_>) {
        let mut refuse = |key: &str, why: &str| {
            let message = format!("`{}` cannot be marked `{key}: true`: {why}", field.name);
            let help = if why == ALWAYS_GIVEN {
                "remove its `absent` or `default`".to_owned()
            } else {
                format!("remove `{key}: true`")
            };
            self.findings.push(Finding::error(Code::InvalidValue, reader.key_span(key), message).help(help));
        };
        if field.key && !matches!(field.base, Type::Text | Type::Integer | Type::Any) {
            refuse("key", "a key is a text or an integer");
        }
        if field.key && field.private {
            refuse("private", "the key is shown wherever a case is named");
        }
        if field.key && !matches!(field.absence, Absence::Refused) {
            refuse("key", ALWAYS_GIVEN);
        }
        if field.time && !matches!(field.base, Type::Timestamp | Type::Date | Type::Any) {
            refuse("time", "a time is a timestamp or a date");
        }
        let is_zones = matches!(&field.base, Type::Zone | Type::Any)
            || matches!(&field.base, Type::List(item) if item.base == Type::Zone);
        if field.place && !is_zones {
            refuse("place", "a place is a zone or a list of zones");
        }
        let is_channel = match &field.base {
            Type::Choice(words) => **words == *self.header.channels,
            other => *other == Type::Any,
        };
        if field.preferred_channel && !is_channel {
            refuse("preferred_channel", "a channel is `{type: choice, of: channels}`");
        }
        if field.language && !matches!(field.base, Type::Choice(_) | Type::Text | Type::Any) {
            refuse("language", "a language is a text or a choice");
        }
    }

    fn typed(
        &mut self,
        word: &str,
        span: Span,
        name: &str,
        of: Option<&Node>,
        sub_fields: Option<&Node>,
        unit: Option<&Node>,
    ) -> Option<Type> {
        let mut stray = |node: Option<&Node>, key: &str| {
            if let Some(node) = node {
                let message = format!("`{name}` is {word}, which has no `{key}`");
                self.findings.push(
                    Finding::error(Code::UnknownKey, node.span, message).help("remove the key, or change the type"),
                );
            }
        };
        match word {
            "choice" => {
                stray(sub_fields, "fields");
                let Some(of) = of else {
                    self.findings.push(
                        Finding::error(Code::MissingKey, span, format!("the choice `{name}` does not say its values"))
                            .help("list them: `of: [first, second]`"),
                    );
                    return None;
                };
                if of.text() == Some("channels") {
                    if self.header.channels.is_empty() && !self.header.has_channels {
                        self.findings.push(
                            Finding::error(Code::MissingKey, of.span, "the pack's header has no `channels`")
                                .help("list them in the header: `channels: [call, email]`"),
                        );
                    }
                    return Some(Type::Choice(self.header.channels.clone().into()));
                }
                let words = words(of, &format!("`of` of `{name}`"), self.findings);
                if words.is_empty() { None } else { Some(Type::Choice(words.into())) }
            }
            "list" => {
                stray(sub_fields, "fields");
                let Some(of) = of else {
                    self.findings.push(
                        Finding::error(
                            Code::MissingKey,
                            span,
                            format!("the list `{name}` does not say what its items are"),
                        )
                        .help("say `of:` and a type, or the fields of an item"),
                    );
                    return None;
                };
                self.item(name, of).map(|item| Type::List(Arc::new(item)))
            }
            "record" => {
                stray(of, "of");
                let Some(fields) = sub_fields else {
                    self.findings.push(Finding::error(
                        Code::MissingKey,
                        span,
                        format!("the record `{name}` does not say its `fields`"),
                    ));
                    return None;
                };
                let map = fields.as_map("`fields`", self.findings)?;
                let fields = self.fields(map);
                Some(Type::Record(Arc::new(RecordType {
                    name: Arc::from(name),
                    fields,
                    ignores_unknown_fields: false,
                })))
            }
            "duration" => {
                stray(of, "of");
                stray(sub_fields, "fields");
                match unit {
                    Some(node) => literals::duration_unit(node, self.findings).map(Type::Duration),
                    None => Some(Type::Duration(DurationUnit::Days)),
                }
            }
            _ => {
                stray(of, "of");
                stray(sub_fields, "fields");
                if let Some(unit) = unit {
                    unit.as_text("`unit`", self.findings);
                }
                self.plain_type_or_decimal(word, span)
            }
        }
    }

    /// The items of a list: a type's name, a map with `type`, or the fields of one item.
    fn item(&mut self, name: &str, of: &Node) -> Option<ItemType> {
        let plain = |base: Type, decimals: Option<u32>| {
            let rules = ItemRules { decimals, ..ItemRules::default() };
            ItemType { base, maybe_none: false, rules }
        };
        match &of.kind {
            NodeKind::Scalar(_) => {
                let word = of.as_text("`of`", self.findings)?;
                let base = self.plain_type(word, of.span, name)?;
                let decimals = self.default_decimals(&base);
                Some(plain(base, decimals))
            }
            NodeKind::Map(map) if map.get("type").is_some_and(|node| matches!(node.kind, NodeKind::Scalar(_))) => {
                let field = self.field(name, of.span, of)?;
                let has_default = matches!(field.absence, Absence::Default(_));
                if field.key || field.time || field.place || !field.decides || has_default {
                    self.findings.push(
                        Finding::error(Code::UnknownKey, of.span, format!("the items of `{name}` are no fields"))
                            .help("`key`, `time`, `place`, `decides` and `default` belong to fields; give the items fields of their own"),
                    );
                }
                let maybe_none = field.maybe_none();
                let rules = ItemRules {
                    decimals: field.decimals,
                    range: field.range,
                    private: field.private,
                    absence_is_unknown: matches!(field.absence, Absence::Unknown),
                };
                Some(ItemType { base: field.base, maybe_none, rules })
            }
            NodeKind::Map(map) => {
                let fields = self.fields(map);
                let record = RecordType { name: Arc::from(name), fields, ignores_unknown_fields: false };
                Some(plain(Type::Record(Arc::new(record)), None))
            }
            _ => {
                of.as_map("`of`", self.findings);
                None
            }
        }
    }

    /// A type that its name alone says.
    fn plain_type(&mut self, word: &str, span: Span, name: &str) -> Option<Type> {
        if word == "decimal" {
            self.findings.push(
                Finding::error(Code::MissingKey, span, format!("the decimal `{name}` does not say its `decimals`"))
                    .help("write `{type: decimal, decimals: 2}`"),
            );
            return None;
        }
        self.plain_type_or_decimal(word, span)
    }

    fn plain_type_or_decimal(&mut self, word: &str, span: Span) -> Option<Type> {
        Some(match word {
            "text" => Type::Text,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "decimal" => Type::Decimal,
            "money" => Type::Money,
            "percent" => Type::Percent,
            "date" => Type::Date,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration(DurationUnit::Days),
            "zone" => Type::Zone,
            "choice" | "list" | "record" => {
                self.findings.push(
                    Finding::error(Code::MissingKey, span, format!("a {word} must say more than its type"))
                        .help(format!("write `{{type: {word}, ..}}` with what belongs to it")),
                );
                return None;
            }
            _ => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, span, format!("there is no type `{word}`"))
                        .maybe_help(did_you_mean(word, Type::WORDS)),
                );
                return None;
            }
        })
    }

    fn default_decimals(&self, base: &Type) -> Option<u32> {
        (*base == Type::Money).then_some(self.header.currency_decimals)
    }

    fn default_value(&mut self, node: &Node, field: &Field) -> Option<Value> {
        if let (NodeKind::List(items), Type::List(_)) = (&node.kind, &field.base) {
            if items.is_empty() {
                return Some(Value::List(Arc::from([])));
            }
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, "a list's default is the empty list")
                    .help("write `default: []`"),
            );
            return None;
        }
        let scalar = node.as_scalar("`default`", self.findings)?;
        let value = literals::value(&scalar.snippet, &field.base, field.decimals, false, self.findings)?;
        if let Err(problem) = text::within(&value, &field.range) {
            self.findings
                .push(Finding::error(problem.code, node.span, problem.message).help("see the field's `min` and `max`"));
        }
        Some(value)
    }

    fn bound(&mut self, node: &Node, field: &Field) -> Option<Bound> {
        match &field.base {
            Type::Date => literals::date(node, "a bound", self.findings).map(Bound::Date),
            base if base.is_number() || matches!(base, Type::Text | Type::List(_)) => {
                let text = node.as_text("a bound", self.findings)?;
                let bound = number::parse(text);
                if bound.is_none() {
                    self.findings.push(
                        Finding::error(Code::InvalidNumber, node.span, format!("`{text}` is not a number"))
                            .help("write a plain number, such as `300`"),
                    );
                }
                bound.map(Bound::Number)
            }
            Type::Any => None,
            base => {
                self.findings.push(
                    Finding::error(
                        Code::UnknownKey,
                        node.span,
                        format!("`{}` is {base}, which has no bounds", field.name),
                    )
                    .help("remove the key"),
                );
                None
            }
        }
    }
}
