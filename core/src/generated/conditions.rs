//! Conditions, and what is asked of lists: the methods `any`, `all`, `filter`, `map`, `sum` and their kin.

use super::expressions::Text;
use super::scope::{self, Name, Writer};
use super::values;
use crate::value::ops::Comparison;
use crate::value::text::never_holds;
use crate::value::{Type, Value, number};

const ORDERS: [(&str, Comparison); 6] = [
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
];

impl Writer {
    /// A condition that is never none.
    pub(super) fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.question();
        }
        let d = depth - 1;
        match self.random.below(22) {
            0 | 1 => format!("({} and {})", self.condition(d), self.condition(d)),
            2 => format!("({} and {} and {})", self.condition(d), self.condition(d), self.condition(d)),
            3 | 4 => format!("({} or {})", self.condition(d), self.condition(d)),
            5 => format!("(not {})", self.condition(d)),
            6..10 => self.compared(d),
            10 => self.within_range(d),
            11 | 12 => self.over_list(d).unwrap_or_else(|| self.compared(d)),
            13 if self.has_calendar => {
                let date = self.sure(&Type::Date, d);
                format!("is_business_day({})", date.text)
            }
            14 => {
                let (a, b) = (self.sure(&Type::Text, d), self.sure(&Type::Text, d));
                let function = *self.random.pick(&["starts_with", "ends_with", "contains"]);
                format!("{function}({}, {})", a.text, b.text)
            }
            15 => {
                let base = self.some_ordered();
                format!("known({})", self.expr(&base, d).text)
            }
            16 => {
                let date = self.expr(&Type::Date, d);
                let days = *self.random.pick(&["== \"mon\"", "!= \"sun\"", "in [\"sat\", \"sun\"]"]);
                format!("(weekday({}) {days})", date.text)
            }
            17 => format!("is_empty({})", self.sure(&Type::Text, d).text),
            _ => self.question(),
        }
    }

    /// A question about one name.
    pub(super) fn question(&mut self) -> String {
        let Some(name) = self.named_that(|name| !matches!(name.base, Type::Record(_))) else {
            return "true".to_owned();
        };
        self.question_about(&name)
    }

    /// A question about a name, in the forms that its type has.
    pub(super) fn question_about(&mut self, name: &Name) -> String {
        let path = &name.path;
        if name.maybe_none && self.random.chance(20) {
            let order = if self.random.chance(50) { "==" } else { "!=" };
            return format!("({path} {order} none)");
        }
        if self.random.chance(6) {
            let not = if self.random.chance(50) { "not " } else { "" };
            return format!("({not}known({path}))");
        }
        match &name.base {
            Type::Boolean => match self.random.below(3) {
                0 if !name.maybe_none => path.clone(),
                0 => format!("({path} ?? {})", self.random.chance(50)),
                1 if !name.maybe_none => format!("(not {path})"),
                _ => format!("({path} == {})", self.random.chance(50)),
            },
            Type::Choice(words) => {
                let (a, b) = (self.random.pick(words).clone(), self.random.pick(words).clone());
                match self.random.below(4) {
                    0 => format!("({path} != \"{a}\")"),
                    1 => format!("({path} in [\"{a}\", \"{b}\"])"),
                    2 if name.maybe_none => format!("({path} in [\"{a}\", none])"),
                    _ => format!("({path} == \"{a}\")"),
                }
            }
            Type::Text => {
                let value = self.threshold(name);
                let text = values::literal(&value).unwrap_or_default();
                match self.random.below(4) {
                    0 => format!("({path} != {text})"),
                    1 => format!("({path} in [{text}, \"card\"])"),
                    2 if !name.maybe_none => format!("starts_with({path}, {text})"),
                    _ => format!("({path} == {text})"),
                }
            }
            Type::Zone => {
                let base = name.base.clone();
                match self.named(&base) {
                    Some(other) => format!("({path} == {})", other.path),
                    None => format!("known({path})"),
                }
            }
            Type::List(_) => self.about_list(name),
            Type::Record(_) => format!("known({path})"),
            Type::Timestamp => {
                let hours = self.random.between(-3, 200);
                format!("({path} {} (as_of - ({hours}).hours))", self.order().0)
            }
            Type::Any => format!("known({path})"),
            _ => self.ordered_question(name),
        }
    }

    fn ordered_question(&mut self, name: &Name) -> String {
        let value = self.threshold(name);
        let path = &name.path;
        let Some(text) = values::literal(&value) else { return format!("known({path})") };
        match self.random.below(10) {
            0 if !matches!(name.base, Type::Duration(_)) => {
                let other = self.threshold(name);
                let texts = [values::literal(&value), values::literal(&other)].map(Option::unwrap_or_default);
                format!("({path} in [{}, {}])", texts[0], texts[1])
            }
            1 if name.base == Type::Integer => {
                let other = self.threshold(name);
                let (Value::Integer(a), Value::Integer(b)) = (value, other) else { return "true".to_owned() };
                let (low, high) = (a.min(b).max(-1_000_000), a.max(b).max(-1_000_000));
                format!("({path} in ({low})..=({high}))")
            }
            _ => {
                let (symbol, operator) = self.order();
                let symbol = if never(operator, &name_text(name), &text) { "!=" } else { symbol };
                format!("({path} {symbol} {text})")
            }
        }
    }

    fn order(&mut self) -> (&'static str, Comparison) {
        *self.random.pick(&ORDERS)
    }

    fn some_ordered(&mut self) -> Type {
        match self.random.weighted(&[8, 8, 4, 3, 5, 2, 2]) {
            0 => Type::Integer,
            1 => Type::Money,
            2 => Type::Decimal,
            3 => Type::Percent,
            4 => Type::Date,
            5 => Type::Timestamp,
            _ => Type::Duration(crate::value::DurationUnit::Days),
        }
    }

    /// Two expressions of one type.
    fn compared(&mut self, d: usize) -> String {
        let base = self.some_ordered();
        let (a, b) = (self.expr(&base, d), self.expr(&base, d));
        let (symbol, operator) = self.order();
        if let (Some(origin), Some(value)) = (&a.origin, &b.literal) {
            self.remember(Some(origin), value);
        }
        let is_refused = never(operator, &a, &b.text) || never(operator.turned(), &b, &a.text);
        let symbol = if is_refused { "!=" } else { symbol };
        format!("({} {symbol} {})", a.text, b.text)
    }

    fn within_range(&mut self, d: usize) -> String {
        let base = self.some_ordered();
        let (item, low, high) = (self.expr(&base, d), self.expr(&base, d), self.expr(&base, d));
        if low.literal.is_some() && high.literal.is_some() {
            return format!("({} == {})", self.free_of_bounds(&base), low.text);
        }
        let dots = if self.random.chance(50) { "..=" } else { ".." };
        format!("({} in ({}){dots}({}))", item.text, low.text, high.text)
    }

    /// An expression that is no field, so that anything may be compared with it.
    fn free_of_bounds(&mut self, base: &Type) -> String {
        let text = self.expr(base, 0);
        if text.range == Default::default() && text.literal.is_none() { text.text } else { self.fallback(base) }
    }

    fn list_name(&mut self) -> Option<Name> {
        self.named_that(|name| matches!(name.base, Type::List(_)))
    }

    fn about_list(&mut self, list: &Name) -> String {
        let count = self.random.between(0, 4);
        let (symbol, _) = self.order();
        if list.maybe_none {
            return format!("(({}.count() ?? 0) {symbol} {count})", list.path);
        }
        match self.random.below(3) {
            0 => format!("{}.is_empty()", list.path),
            1 => self.membership(list).unwrap_or_else(|| format!("(not {}.is_empty())", list.path)),
            _ => format!("({}.count() {symbol} {count})", list.path),
        }
    }

    /// Whether a plain value is among the items.
    fn membership(&mut self, list: &Name) -> Option<String> {
        let Type::List(item) = &list.base else { return None };
        if matches!(item.base, Type::List(_) | Type::Record(_) | Type::Any) {
            return None;
        }
        let member = self.sure(&item.base.clone(), 0);
        let path = &list.path;
        if matches!(item.base, Type::Choice(_)) && self.random.chance(50) {
            return Some(format!("({path} ?? []).contains({})", member.text));
        }
        Some(format!("({} {} ({path} ?? []))", member.text, if self.random.chance(70) { "in" } else { "!in" }))
    }

    /// A condition over the items of a list.
    fn over_list(&mut self, d: usize) -> Option<String> {
        if self.is_in_grid {
            return None;
        }
        let list = self.list_name()?;
        let (text, _) = self.filtered(&list, d);
        let method = if self.random.chance(60) { "any" } else { "all" };
        let condition = self.with_item(&list, |writer, parameter| {
            let condition = writer.condition(d.min(1));
            format!("|{parameter}| {condition}")
        })?;
        let call = format!("{text}.{method}({condition})");
        Some(if list.maybe_none { format!("({call} ?? {})", self.random.chance(50)) } else { call })
    }

    /// A list, sometimes only some of its items.
    fn filtered(&mut self, list: &Name, d: usize) -> (String, bool) {
        if d == 0 || self.is_in_grid || self.random.chance(60) {
            return (list.path.clone(), list.maybe_none);
        }
        let closure = self.with_item(list, |writer, parameter| {
            let condition = writer.condition(d.min(1));
            format!("|{parameter}| {condition}")
        });
        let closure = closure.unwrap_or_default();
        (format!("{}.filter({closure})", list.path), list.maybe_none)
    }

    /// Writes something in which an item of the list has a name.
    pub(super) fn with_item<T>(&mut self, list: &Name, write: impl FnOnce(&mut Writer, &str) -> T) -> Option<T> {
        let parameter = format!("i{}", self.depth_of_items);
        let item = scope::item(list, &parameter)?;
        let before = self.scope.len();
        self.depth_of_items += 1;
        self.add(item);
        let written = write(self, &parameter);
        self.scope.truncate(before);
        self.depth_of_items -= 1;
        Some(written)
    }

    /// What the items of a list come to: a count, a sum, an extreme, a list.
    pub(super) fn aggregate(&mut self, want: &Type, d: usize) -> Option<Text> {
        if self.is_in_grid || self.depth_of_items > 1 {
            return None;
        }
        let list = self.list_name()?;
        let (text, maybe_none) = self.filtered(&list, d);
        if *want == Type::Integer && self.random.chance(60) {
            return Some(Text::new(format!("{text}.count()"), maybe_none));
        }
        let is_time = matches!(want, Type::Date | Type::Timestamp);
        if !want.is_ordered() {
            return None;
        }
        let has_sum = want.is_number() && self.random.chance(60);
        let method = match (has_sum, is_time, self.random.chance(50)) {
            (true, ..) => "sum",
            (_, true, true) => "latest",
            (_, true, false) => "earliest",
            (_, _, true) => "min",
            _ => "max",
        };
        let body = self.with_item(&list, |writer, parameter| {
            let body = writer.expr(want, d.min(1));
            format!("|{parameter}| {}", body.text)
        })?;
        // Also as a list of what the items come to, of which the method takes the items themselves.
        let call = match self.random.chance(20) {
            true => format!("{text}.map({body}).{method}()"),
            false => format!("{text}.{method}({body})"),
        };
        Some(Text::new(call, maybe_none || !has_sum))
    }
}

fn name_text(name: &Name) -> Text {
    Text { range: name.range.clone(), ..Text::new(name.path.clone(), name.maybe_none) }
}

/// Whether the checker refuses to compare a field with this literal, for its bounds.
fn never(operator: Comparison, field: &Text, literal: &str) -> bool {
    let bare = literal.trim_matches(['(', ')']);
    let value = match number::parse(bare) {
        Some(number) => Value::Decimal(number),
        None => match crate::value::text::date(bare) {
            Ok(date) => Value::Date(date),
            Err(_) => return false,
        },
    };
    never_holds(operator, &value, &field.range).is_some()
}
