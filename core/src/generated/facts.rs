//! Facts of every form: expressions, facts of facts, lists, and what counting facts say.

use super::expressions::Text;
use super::scope::{self, Name, Writer};
use crate::value::{Duration, DurationUnit, Range, Type, Value};

/// A text in the quotes of YAML that need no escapes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Writer {
    /// A fact as YAML; its name is added to the scope.
    pub(super) fn fact(&mut self, name: &str) -> String {
        let depth = self.random.weighted(&[2, 5, 4, 1]);
        match self.random.below(100) {
            0..34 => {
                if let Some(yaml) = self.counting_fact(name) {
                    return yaml;
                }
            }
            34..42 => {
                if let Some(named) = self.named_that(|_| true) {
                    let yaml = format!("  {name}: {}\n", quoted(&named.path));
                    self.add(Name { path: name.to_owned(), range: Range::default(), ..named });
                    return yaml;
                }
            }
            42..47 => {
                if let Some(yaml) = self.list_fact(name) {
                    return yaml;
                }
            }
            _ => {}
        }
        let want = self.type_of_fact();
        let text = match &want {
            Type::Boolean => Text::new(self.condition(depth), false),
            Type::Choice(_) => self.chosen(&want),
            want => self.expr(want, depth),
        };
        self.known_fact(name, want, &text)
    }

    fn known_fact(&mut self, name: &str, base: Type, text: &Text) -> String {
        self.add(Name {
            path: name.to_owned(),
            base,
            maybe_none: text.maybe_none,
            range: Range::default(),
            origin: text.origin.clone(),
        });
        let expr = quoted(&text.text);
        if self.random.chance(20) {
            return format!("  {name}:\n    about: what {name} comes to\n    value: {expr}\n");
        }
        format!("  {name}: {expr}\n")
    }

    fn type_of_fact(&mut self) -> Type {
        match self.random.weighted(&[8, 8, 6, 5, 10, 5, 3, 3, 2, 3]) {
            0 => Type::Integer,
            1 => Type::Money,
            2 => Type::Decimal,
            3 => Type::Percent,
            4 => Type::Boolean,
            5 => Type::Date,
            6 => Type::Timestamp,
            7 => Type::Duration(*self.random.pick(&[DurationUnit::Days, DurationUnit::Exact, DurationUnit::Months])),
            8 => Type::Text,
            _ => {
                let choice = self.named_that(|name| matches!(name.base, Type::Choice(_)));
                choice.map_or(Type::Boolean, |name| name.base)
            }
        }
    }

    /// A choice: an expression whose type a name decides.
    fn chosen(&mut self, want: &Type) -> Text {
        let word = self.fallback(want);
        let Some(name) = self.named(want) else { return Text::new(word, false) };
        if self.random.chance(50) {
            return Text::new(format!("({} ?? {word})", name.path), false);
        }
        let condition = self.condition(1);
        Text::new(format!("if {condition} {{ {} }} else {{ {word} }}", name.path), name.maybe_none)
    }

    /// Some items of a list, as a list.
    fn list_fact(&mut self, fact: &str) -> Option<String> {
        let list = self.named_that(|name| matches!(name.base, Type::List(_)))?;
        let closure = self.with_item(&list, |writer, parameter| {
            let condition = writer.condition(1);
            format!("|{parameter}| {condition}")
        })?;
        let text = Text {
            origin: list.origin.clone(),
            ..Text::new(format!("{}.filter({closure})", list.path), list.maybe_none)
        };
        Some(self.known_fact(fact, list.base, &text))
    }

    /// `count`, `sum`, `latest` and their kin, with `where` and `in`.
    fn counting_fact(&mut self, fact: &str) -> Option<String> {
        let list = self.named_that(|name| matches!(name.base, Type::List(_)))?;
        let item = scope::item(&list, "item")?;
        let fields = scope::members(&item);
        // A dot in the path of the list would be read as a field of its items.
        let method = match list.path.contains('.') {
            true => "count",
            false => *self.random.pick(&["count", "count", "sum", "latest", "earliest", "min", "max"]),
        };
        let fits = |base: &Type| match method {
            "sum" => base.is_number(),
            "latest" | "earliest" => matches!(base, Type::Date | Type::Timestamp),
            _ => base.is_ordered(),
        };
        let measured: Vec<&Name> = match (&item.base, method) {
            (_, "count") => Vec::new(),
            (Type::Record(_), _) => {
                fields.iter().filter(|field| fits(&field.base) && field.path.matches('.').count() == 1).collect()
            }
            _ => [&item].into_iter().filter(|item| fits(&item.base)).collect(),
        };
        let (path, base) = match (method, measured.is_empty()) {
            ("count", _) => (list.path.clone(), Type::Integer),
            (_, true) => return None,
            _ => {
                let measured = *self.random.pick(&measured);
                (measured.path.replacen("item", &list.path, 1), measured.base.clone())
            }
        };
        let mut yaml = format!("  {fact}:\n    {method}: {path}\n");
        if self.random.chance(55) {
            let before = self.scope.len();
            self.depth_of_items += 1;
            for field in &fields {
                let bare = field.path.trim_start_matches("item.").to_owned();
                self.add(Name { path: bare, ..field.clone() });
            }
            let depth = self.random.below(2);
            let condition = self.condition(depth);
            self.scope.truncate(before);
            self.depth_of_items -= 1;
            yaml.push_str(&format!("    where: {}\n", quoted(&condition)));
        }
        if let Some(window) = self.window(&list) {
            yaml.push_str(&format!("    in: {window}\n"));
        }
        let maybe_none = list.maybe_none || !matches!(method, "count" | "sum");
        self.add(Name { path: fact.to_owned(), base, maybe_none, range: Range::default(), origin: None });
        Some(yaml)
    }

    /// A window over a list whose items have a time.
    fn window(&mut self, list: &Name) -> Option<Duration> {
        let Type::List(item) = &list.base else { return None };
        let Type::Record(record) = &item.base else { return None };
        let time = record.fields.iter().find(|field| field.time)?;
        if self.random.chance(30) {
            return None;
        }
        let window = match self.random.below(10) {
            0..3 if time.base == Type::Timestamp => Duration::Exact(self.random.between(1, 90) * 3_600),
            3 => Duration::Months(self.random.between(1, 14)),
            4 if self.has_calendar => Duration::BusinessDays(self.random.between(1, 30)),
            5 if self.random.chance(20) => Duration::Days(9_000_000),
            _ => Duration::Days(*self.random.pick(&[1, 2, 7, 30, 90, 365])),
        };
        let origin = list.origin.as_ref().map(|origin| format!("{origin}[].{} in", time.name));
        self.remember(origin.as_ref(), &Value::Duration(window));
        Some(window)
    }
}
