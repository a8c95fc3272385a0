//! JSON text, written by hand so that amounts keep their decimals: no number passes through a float.

use std::fmt;

/// A JSON object whose keys keep their order. It may hold a key twice: some examples are meant to be wrong.
#[derive(Clone, Default)]
pub struct Object {
    items: Vec<(String, String)>,
}

impl Object {
    /// Adds a value that is JSON already.
    pub fn raw(&mut self, key: &str, json: impl fmt::Display) {
        self.items.push((key.to_owned(), json.to_string()));
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, text: impl fmt::Display) {
        self.raw(key, quoted(&text.to_string()));
    }

    /// Adds an amount given in cents.
    pub fn money(&mut self, key: &str, cents: i64) {
        self.raw(key, hundredths(cents));
    }

    /// Adds an explicit unknown.
    pub fn unknown(&mut self, key: &str) {
        self.raw(key, r#"{"unknown":true}"#);
    }

    /// Adds a list of objects.
    pub fn list(&mut self, key: &str, items: &[Object]) {
        let items: Vec<String> = items.iter().map(Object::to_string).collect();
        self.raw(key, format!("[{}]", items.join(",")));
    }

    /// The object without a key.
    pub fn without(mut self, key: &str) -> Object {
        self.items.retain(|(own, _)| own != key);
        self
    }

    /// The object with another value, JSON already, for a key that it has; at its end where it has not.
    pub fn with(mut self, key: &str, json: &str) -> Object {
        match self.items.iter_mut().find(|(own, _)| own == key) {
            Some((_, value)) => json.clone_into(value),
            None => self.raw(key, json),
        }
        self
    }

    /// The object with a key under another name.
    pub fn renamed(mut self, key: &str, name: &str) -> Object {
        for (own, _) in &mut self.items {
            if own == key {
                name.clone_into(own);
            }
        }
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (key, value)) in self.items.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", quoted(key))?;
        }
        f.write_str("}")
    }
}

/// An amount of hundredths with two decimals, as in `-12.05`.
pub fn hundredths(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    format!("{sign}{}.{:02}", amount / 100, amount % 100)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
