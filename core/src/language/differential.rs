//! Two ways to the same value: generated well-typed expressions over generated records, by the reference evaluator and
//! by the interpreter of scripts. All operands are known and not none, and no operand of `and` and `or` fails: beyond
//! that the two differ by design.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::expr::SlotId;
use super::parse::Parser;
use super::typing::{Name, Scope, Typer};
use crate::diagnostic::Findings;
use crate::eval;
use crate::script::{ScriptLimits, Scripts};
use crate::source::{Snippet, Sources};
use crate::value::{Failure, Field, Outcome, RecordType, Type, Value};

/// In the gate, and with RECOUP_SOAK.
const CASES: (u64, u64) = (10_000, 1_000_000);

#[test]
fn the_interpreter_agrees_with_the_reference_evaluator() {
    let cases = if std::env::var_os("RECOUP_SOAK").is_some() { CASES.1 } else { CASES.0 };
    let interpreter = Scripts::new(ScriptLimits::default());
    let parser = Parser::new();
    let (mut values, mut errors) = (0_u64, 0_u64);
    for seed in 0..cases {
        let mut random = Random(seed);
        let record = Record::generate(&mut random);
        let text = random.expression();
        let ours = by_reference(&parser, &text, &record);
        let theirs = by_interpreter(&interpreter, &text, &record);
        assert_eq!(ours, theirs, "seed {seed}: {text}\nover {:?}", record.values);
        match ours {
            Ok(_) => values += 1,
            Err(_) => errors += 1,
        }
    }
    println!("differential: {cases} expressions, {values} values and {errors} refusals agree");
    assert!(errors * 50 > cases, "too few failing expressions to say much: {errors}");
    assert!(values * 2 > cases, "too few values: {values}");
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[usize::try_from(self.below(items.len() as u64)).expect("an index fits")]
    }

    fn integer(&mut self) -> i64 {
        match self.below(8) {
            0 => 0,
            1 => i64::MAX - i64::try_from(self.below(3)).expect("small"),
            2 => i64::MIN + 1 + i64::try_from(self.below(3)).expect("small"),
            _ => i64::try_from(self.below(2_000)).expect("small") - 1_000,
        }
    }

    fn decimal(&mut self, decimals: u64) -> Decimal {
        let mantissa = match self.below(8) {
            0 => 0,
            1 => 9_999_999_999_999_999_999_999_999_999_i128,
            2 => -9_999_999_999_999_999_999_999_999_998_i128,
            _ => i128::from(self.below(2_000_000)) - 1_000_000,
        };
        let scale = u32::try_from(self.below(decimals + 1)).expect("small");
        Decimal::from_i128_with_scale(mantissa, scale).normalize()
    }

    fn expression(&mut self) -> String {
        let depth = 1 + self.below(3);
        match self.below(8) {
            0 => self.integers(depth),
            1 => self.decimals(depth),
            2 => self.moneys(depth),
            3 => self.percents(depth),
            4 => self.dates(depth),
            5 => self.durations(depth),
            _ => self.booleans(depth),
        }
    }

    fn integers(&mut self, depth: u64) -> String {
        if depth == 0 {
            return match self.below(3) {
                0 => self.below(20).to_string(),
                _ => self.pick(&["i", "j"]).to_owned(),
            };
        }
        let d = depth - 1;
        match self.below(13) {
            0 => format!("({} + {})", self.integers(d), self.integers(d)),
            1 => format!("({} - {})", self.integers(d), self.integers(d)),
            2 => format!("({} * {})", self.integers(d), self.integers(d)),
            3 => format!("({} % {})", self.integers(d), self.integers(d)),
            4 => format!("div({}, {})", self.integers(d), self.integers(d)),
            5 => format!("abs({})", self.integers(d)),
            6 => format!("(if {} {{ {} }} else {{ {} }})", self.booleans(d), self.integers(d), self.integers(d)),
            7 => format!("(-({}))", self.integers(d)),
            8 => "numbers.count()".to_owned(),
            11 => format!("day_count({}, {}, {})", self.dates(d), self.dates(d), self.day_count()),
            9 => format!("numbers.sum(|n| n * {})", self.integers(0)),
            10 => format!("items.sum(|item| item.n + {})", self.integers(0)),
            _ => format!("({} ?? {})", self.integers(d), self.integers(d)),
        }
    }

    fn decimals(&mut self, depth: u64) -> String {
        if depth == 0 {
            return match self.below(3) {
                0 => format!("{}.{}", self.below(50), 1 + self.below(9)),
                _ => self.pick(&["d", "e"]).to_owned(),
            };
        }
        let d = depth - 1;
        match self.below(9) {
            0 => format!("({} + {})", self.decimals(d), self.decimals(d)),
            1 => format!("({} - {})", self.decimals(d), self.integers(d)),
            2 => format!("({} * {})", self.decimals(d), self.decimals(d)),
            3 => format!("({} / {})", self.integers(d), self.integers(d)),
            4 => format!("({} / {})", self.decimals(d), self.decimals(d)),
            5 => format!("({} / {})", self.moneys(d), self.moneys(d)),
            6 => format!("round({}, {})", self.decimals(d), self.below(30)),
            7 => format!("amount({})", self.moneys(d)),
            _ => format!("round_half_even({}, {})", self.decimals(d), self.below(5)),
        }
    }

    fn moneys(&mut self, depth: u64) -> String {
        if depth == 0 {
            return self.pick(&["m", "l"]).to_owned();
        }
        let d = depth - 1;
        match self.below(14) {
            0 => format!("({} + {})", self.moneys(d), self.moneys(d)),
            1 => format!("({} - {})", self.moneys(d), self.below(500)),
            2 => format!("({} * {})", self.moneys(d), self.decimals(d)),
            3 => format!("({} * {})", self.integers(d), self.moneys(d)),
            4 => format!("({} * {})", self.moneys(d), self.percents(d)),
            5 => format!("({} / {})", self.moneys(d), self.decimals(d)),
            6 => format!("percent_of({}, {})", self.percents(d), self.moneys(d)),
            7 => "items.sum(|item| item.amount)".to_owned(),
            8 => format!("money({})", self.decimals(d)),
            9 => format!("allocated({}, [{}, m], {})", self.moneys(d), self.moneys(d), self.moneys(d)),
            10 => format!("unapplied({}, [{}])", self.moneys(d), self.moneys(0)),
            11 => format!("instalment({}, {}, {})", self.moneys(0), 1 + self.below(9), 1 + self.below(9)),
            12 => {
                let (mode, start) = (self.pick(&["marginal", "retroactive"]).to_owned(), 1 + self.below(400));
                format!("tier_pay({}, \"{mode}\", [0, {start}, 500], [0, 4, {}])", self.moneys(d), self.below(9))
            }
            _ => self.interest(d),
        }
    }

    fn interest(&mut self, d: u64) -> String {
        let (amount, from, to) = (self.moneys(0), self.dates(0), self.dates(d));
        match self.below(4) {
            0 => format!("early_price({amount}, \"2/10 net 30\", {from}, {to})"),
            1 => format!("interest({amount}, p, {from}, {to}, {}, [day_a, {to}])", self.day_count()),
            _ => format!("interest({amount}, {}, {from}, {to}, {})", self.percents(d), self.day_count()),
        }
    }

    fn day_count(&mut self) -> &'static str {
        self.pick(&["\"act/365\"", "\"act/360\"", "\"act/act\"", "\"30/360\""])
    }

    fn percents(&mut self, depth: u64) -> String {
        if depth == 0 {
            return match self.below(3) {
                0 => format!("{}.percent", self.below(120)),
                _ => self.pick(&["p", "q"]).to_owned(),
            };
        }
        let d = depth - 1;
        match self.below(5) {
            0 => format!("({} + {})", self.percents(d), self.percents(d)),
            3 => format!("early_cost(\"{}/10 net 30\", {})", self.below(120), 360 + self.below(8)),
            1 => format!("({} - {})", self.percents(d), self.below(20)),
            2 => format!("({} * {})", self.percents(d), self.integers(d)),
            _ => format!("({} / {})", self.percents(d), self.decimals(d)),
        }
    }

    fn dates(&mut self, depth: u64) -> String {
        if depth == 0 {
            return self.pick(&["day_a", "day_b"]).to_owned();
        }
        let d = depth - 1;
        match self.below(6) {
            0 => format!("({} + {}.days)", self.dates(d), self.integers(0)),
            1 => format!("({} - {}.months)", self.dates(d), self.below(40)),
            2 => format!("end_of_month({})", self.dates(d)),
            4 => format!("instalment_due({}, {}, {}.months)", self.dates(d), 1 + self.below(30), self.below(4)),
            3 => format!("date({}, {}, {})", 1990 + self.below(60), 1 + self.below(13), "i"),
            _ => format!("(if {} {{ {} }} else {{ {} }})", self.booleans(d), self.dates(d), self.dates(d)),
        }
    }

    fn durations(&mut self, depth: u64) -> String {
        format!("({} - {})", self.dates(depth.saturating_sub(1)), self.dates(depth.saturating_sub(1)))
    }

    fn booleans(&mut self, depth: u64) -> String {
        if depth == 0 {
            return self.sure(0);
        }
        let d = depth - 1;
        let order = self.pick(&["<", "<=", ">", ">=", "==", "!="]).to_owned();
        match self.below(12) {
            0 => format!("({} {order} {})", self.integers(d), self.decimals(d)),
            1 => format!("({} {order} {})", self.moneys(d), self.moneys(d)),
            2 => format!("({} {order} {})", self.moneys(d), self.below(1_000)),
            3 => format!("({} {order} {})", self.percents(d), self.below(50)),
            4 => format!("({} {order} {})", self.dates(d), self.dates(d)),
            5 => format!("({} {order} {}.days)", self.durations(d), self.below(900)),
            6 => format!("({} in [{}, {}])", self.integers(d), self.integers(0), self.integers(0)),
            7 => format!("({} in {}..={})", self.integers(d), self.below(5), 5 + self.below(500)),
            8 => format!("numbers.any(|n| n > {} and n < {})", self.integers(0), self.integers(0)),
            9 => format!("items.filter(|item| item.flag).all(|item| item.amount {order} m)"),
            10 => format!("(not {})", self.booleans(d)),
            _ => self.sure(d),
        }
    }

    /// A condition that cannot fail.
    fn sure(&mut self, depth: u64) -> String {
        if depth == 0 {
            let equal = self.pick(&["==", "!="]).to_owned();
            return match self.below(8) {
                0 => "yes".to_owned(),
                1 => "no".to_owned(),
                2 => format!("(i {equal} j)"),
                3 => format!("(m {equal} l)"),
                4 => format!("(word {equal} other)"),
                5 => "(day_a < day_b)".to_owned(),
                6 => "word.contains(other)".to_owned(),
                _ => "(d <= e)".to_owned(),
            };
        }
        let d = depth - 1;
        match self.below(3) {
            0 => format!("({} and {} and {})", self.sure(d), self.sure(d), self.sure(d)),
            1 => format!("({} or {})", self.sure(d), self.sure(d)),
            _ => format!("(not {} or {})", self.sure(d), self.sure(d)),
        }
    }
}

/// The values of one case, by name.
struct Record {
    values: Vec<(&'static str, Type, Value)>,
}

impl Record {
    fn generate(random: &mut Random) -> Record {
        let day = |random: &mut Random| {
            let days = 700_000 + i32::try_from(random.below(60_000)).expect("small");
            Value::Date(NaiveDate::from_num_days_from_ce_opt(days).expect("a day"))
        };
        let numbers: Vec<Outcome> = (0..1 + random.below(4)).map(|_| Ok(Value::Integer(random.integer()))).collect();
        let items: Vec<Outcome> = (0..1 + random.below(3))
            .map(|_| {
                let amount = Value::Money(random.decimal(2));
                let n = Value::Integer(random.integer());
                let flag = Value::Boolean(random.below(2) == 0);
                Ok(Value::Record(Arc::from([Ok(amount), Ok(n), Ok(flag)])))
            })
            .collect();
        let words = ["", "card", "a card", "loan"];
        let values = vec![
            ("i", Type::Integer, Value::Integer(random.integer())),
            ("j", Type::Integer, Value::Integer(random.integer())),
            ("d", Type::Decimal, Value::Decimal(random.decimal(28))),
            ("e", Type::Decimal, Value::Decimal(random.decimal(4))),
            ("m", Type::Money, Value::Money(random.decimal(2))),
            ("l", Type::Money, Value::Money(random.decimal(2))),
            ("p", Type::Percent, Value::Percent(random.decimal(3))),
            ("q", Type::Percent, Value::Percent(random.decimal(3))),
            ("yes", Type::Boolean, Value::Boolean(true)),
            ("no", Type::Boolean, Value::Boolean(false)),
            ("word", Type::Text, Value::text(random.pick(&words))),
            ("other", Type::Text, Value::text(random.pick(&words))),
            ("day_a", Type::Date, day(random)),
            ("day_b", Type::Date, day(random)),
            ("numbers", Type::list(Type::Integer, false), Value::List(numbers.into())),
            ("items", Type::list(item_type(), false), Value::List(items.into())),
        ];
        Record { values }
    }
}

fn item_type() -> Type {
    let field =
        |name: &str, base: Type| Field::new(name, base, Sources::default().head(Sources::default().add("", "")));
    let fields = vec![field("amount", Type::Money), field("n", Type::Integer), field("flag", Type::Boolean)];
    Type::Record(Arc::new(RecordType { name: Arc::from("item"), fields, ignores_unknown_fields: false }))
}

impl Scope for Record {
    fn name(&self, name: &str) -> Option<Name> {
        let index = self.values.iter().position(|(known, _, _)| *known == name)?;
        let slot = SlotId(u32::try_from(index).expect("small"));
        Some(Name::Value { slot, base: self.values[index].1.clone(), maybe_none: false, decides: true })
    }

    fn nearest(&self, _wrong: &str, _more: &[&str]) -> Option<String> {
        None
    }

    fn called(&self, _slot: SlotId) -> Option<String> {
        None
    }
}

fn by_reference(parser: &Parser, text: &str, record: &Record) -> Result<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("expression", text);
    let mut findings = Findings::default();
    let snippet = Snippet::verbatim(text, sources.span(id, 0, text.len()));
    let ast = parser.parse(&snippet, &mut findings);
    let expr = ast.map(|ast| Typer::new(record, &mut findings).expr(&ast));
    let diagnostics = findings.finish(&sources);
    assert!(diagnostics.is_empty(), "{text}:\n{}", diagnostics.render_short());
    let slots: Vec<Outcome> = record.values.iter().map(|(_, _, value)| Ok(value.clone())).collect();
    let zone = chrono_tz::America::New_York;
    match eval::formula(&expr.expect("it was parsed"), &slots, &[], DateTime::<Utc>::UNIX_EPOCH, zone, 2) {
        Ok(value) => Ok(plain(&value)),
        Err(Failure::Error(error)) => Err(error.code.slug().to_owned()),
        Err(Failure::Unknown(_)) => Err("unknown".to_owned()),
    }
}

/// A value as text that tells kinds apart, but for integers among decimals.
fn plain(value: &Value) -> String {
    match value {
        Value::Integer(value) => Decimal::from(*value).to_string(),
        Value::Decimal(value) => value.normalize().to_string(),
        other => format!("{other:?}"),
    }
}

fn by_interpreter(scripts: &Scripts, text: &str, record: &Record) -> Result<String, String> {
    match scripts.value_of(text, &record.values) {
        Ok(value) => Ok(plain(&value)),
        Err(Failure::Error(error)) => Err(error.code.slug().to_owned()),
        Err(Failure::Unknown(_)) => Err("unknown".to_owned()),
    }
}
