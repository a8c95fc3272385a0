//! Functions that need no interpreter against the interpreter: each case is decided by row and in columns, and every
//! fact is what the reference evaluator says, which calls the script.

use super::machine::CALLS;
use crate::Engine;
use crate::generated::random::Random;
use crate::plan::PlanStep;

const AS_OF: &str = "2026-09-07T18:00:00-04:00";

const RECORD: &str = "
pack: lowered
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      i: {type: integer, absent: unknown}
      j: {type: integer}
      d: {type: decimal, decimals: 3}
      m: {type: money, absent: unknown}
      l: {type: money}
      p: {type: percent}
      b: {type: boolean, absent: unknown}
      c: {type: boolean}
      s: {type: date}
      t: {type: date, absent: unknown}
      w: {type: choice, of: [open, shut, odd]}
      v: {type: choice, of: [open, shut, odd], absent: unknown}
      n: {type: money, absent: none}
";

/// The parameters of a generated function: a name and a type.
const PARAMETERS: [(&str, &str); 12] = [
    ("i", "integer"),
    ("j", "integer"),
    ("d", "decimal"),
    ("m", "money"),
    ("l", "money"),
    ("p", "percent"),
    ("b", "boolean"),
    ("c", "boolean"),
    ("s", "date"),
    ("t", "date"),
    ("w", "choice"),
    ("v", "choice"),
];

fn calls() -> u64 {
    CALLS.with(std::cell::Cell::get)
}

fn engine(functions: &str, facts: &str) -> Engine {
    let text = format!("{RECORD}functions:\n{functions}facts:\n{facts}");
    let loaded = Engine::from_sources("lowered", [("lowered/pack.yaml", text.clone())]);
    loaded.unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// Which facts have code, in their order.
fn native(engine: &Engine) -> Vec<bool> {
    let steps = engine.planned().plan.steps.iter();
    steps.filter_map(|step| if let PlanStep::Fact(_, code) = step { Some(code.is_some()) } else { None }).collect()
}

/// Decides cases by row and in columns. Gives how many calls of the interpreter the columns made in them.
fn decide(engine: &Engine, cases: &[String]) -> u64 {
    let mut evaluator = engine.evaluator(AS_OF.parse().expect("an instant")).expect("room");
    let mut batch = evaluator.batch();
    let mut singles = Vec::new();
    for case in cases {
        let record = evaluator.read(case).unwrap_or_else(|error| panic!("{case}: {error:?}"));
        let mut evaluation = evaluator.evaluation();
        // Compares every slot with the reference evaluator's, which asks the interpreter.
        evaluator.evaluate_into(&record, &mut evaluation).expect("the room is of this pack");
        batch.push(&record).expect("the record is of this pack");
        singles.push(evaluation);
    }
    let mut made = 0;
    for vectors in [crate::Vectors::Portable, crate::Vectors::Avx2, crate::Vectors::Avx512] {
        if batch.use_vectors(vectors).is_err() {
            continue;
        }
        let before = calls();
        batch.decide();
        made = calls() - before;
        let mut found = evaluator.evaluation();
        for (case, wanted) in singles.iter().enumerate() {
            batch.evaluation(case, &mut found).expect("the case was decided");
            let (instant, single, batch) = crate::engine::kept(wanted, &found);
            crate::agreement::of_batch(engine.planned(), instant, single, batch);
        }
    }
    made
}

/// A case: numbers of all sizes, and a few fields that are not known. Whether all are.
fn case(random: &mut Random, index: usize) -> (String, bool) {
    let integer = |random: &mut Random| match random.below(10) {
        0 => 0,
        1 => i64::MAX - random.between(0, 2),
        2 => i64::MIN + random.between(0, 2),
        3 => random.between(-1_000_000_000_000_000, 1_000_000_000_000_000),
        _ => random.between(-40, 400),
    };
    let number = |random: &mut Random, decimals: u32| {
        let digits: i64 = match random.below(12) {
            0 => 0,
            1 => random.between(-1_000_000_000_000_000_000, 1_000_000_000_000_000_000),
            2 => i64::MAX,
            3 => i64::MIN + 1,
            _ => random.between(-9_000, 90_000),
        };
        rust_decimal::Decimal::new(digits, decimals)
    };
    let day = |random: &mut Random| match random.below(10) {
        0 => "0001-01-01".to_owned(),
        1 => "9999-12-31".to_owned(),
        _ => format!("20{:02}-{:02}-{:02}", random.below(40), 1 + random.below(12), 1 + random.below(28)),
    };
    let words = ["open", "shut", "odd"];
    let mut is_known = true;
    let mut fields = vec![
        format!(r#""case_id": "{index}""#),
        format!(r#""j": {}"#, integer(random)),
        format!(r#""d": "{}""#, number(random, 3)),
        format!(r#""l": "{}""#, number(random, 2)),
        format!(r#""p": "{}""#, rust_decimal::Decimal::new(random.between(-3_000, 30_000), 2)),
        format!(r#""c": {}"#, random.chance(50)),
        format!(r#""s": "{}""#, day(random)),
        format!(r#""w": "{}""#, random.pick(&words)),
    ];
    let mut perhaps = vec![
        format!(r#""i": {}"#, integer(random)),
        format!(r#""m": "{}""#, number(random, 2)),
        format!(r#""b": {}"#, random.chance(50)),
        format!(r#""t": "{}""#, day(random)),
        format!(r#""v": "{}""#, random.pick(&words)),
    ];
    if random.chance(15) {
        perhaps.remove(random.below(perhaps.len()));
        is_known = false;
    }
    if random.chance(50) {
        perhaps.push(format!(r#""n": "{}""#, number(random, 2)));
    }
    fields.append(&mut perhaps);
    (format!("{{{}}}", fields.join(", ")), is_known)
}

fn cases(random: &mut Random, count: usize) -> (Vec<String>, u64) {
    let cases: Vec<(String, bool)> = (0..count).map(|index| case(random, index)).collect();
    let known = cases.iter().filter(|(_, is_known)| *is_known).count();
    (cases.into_iter().map(|(case, _)| case).collect(), known as u64)
}

/// Writes the bodies of functions.
struct Writer<'a> {
    random: &'a mut Random,
    /// Names that are given, and their types.
    names: Vec<(String, &'static str)>,
    given: usize,
}

impl Writer<'_> {
    fn pick(&mut self, words: &[&str]) -> String {
        (*self.random.pick(words)).to_owned()
    }

    fn any_type(&mut self) -> &'static str {
        let kinds = ["integer", "decimal", "money", "money", "percent", "boolean", "date", "choice"];
        kinds[self.random.below(kinds.len())]
    }

    fn block(&mut self, kind: &'static str, depth: usize) -> String {
        let outer = self.names.clone();
        let mut text = String::new();
        for _ in 0..self.random.below(3) {
            let of = self.any_type();
            let value = self.value(of, 1);
            // Some hide a parameter.
            let name = if self.random.chance(15) { "l".to_owned() } else { format!("x{}", self.given) };
            self.given += 1;
            text += &format!("{} {name} = {value}; ", self.random.pick(&["let", "const"]));
            self.names.retain(|(known, _)| *known != name || name.starts_with('x'));
            self.names.push((name, of));
        }
        let last = if depth == 0 { 0 } else { self.random.below(6) };
        text += &match last {
            1 | 2 => {
                let (then, otherwise) = (self.block(kind, depth - 1), self.block(kind, depth - 1));
                format!("if {} {{ {then} }} else {{ {otherwise} }}", self.value("boolean", 1))
            }
            3 => {
                let (then, rest) = (self.value(kind, 2), self.block(kind, depth - 1));
                format!("if {} {{ return {then}; }} {rest}", self.value("boolean", 1))
            }
            4 => {
                let (first, then) = (self.value("boolean", 1), self.value(kind, 2));
                let (inner, rest) = (self.value("boolean", 1), self.block(kind, depth - 1));
                format!("if {first} {{ let y = {}; if {inner} {{ return {then} }} }} {rest}", self.value("integer", 1))
            }
            5 => format!("return {};", self.value(kind, 2)),
            _ => self.value(kind, 2),
        };
        self.names = outer;
        text
    }

    fn named(&mut self, kind: &str) -> Option<String> {
        let names: Vec<String> =
            self.names.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name.clone()).collect();
        if names.is_empty() { None } else { Some(self.random.pick(&names).clone()) }
    }

    fn value(&mut self, kind: &str, depth: usize) -> String {
        if depth == 0 || self.random.chance(15) {
            if self.random.chance(75)
                && let Some(name) = self.named(kind)
            {
                return name;
            }
            return match kind {
                "integer" => self.random.between(-3, 30).to_string(),
                "decimal" => format!("{}.{}", self.random.below(40), self.random.below(100)),
                // An amount that is written out is a plain number.
                "money" => self.pick(&["m", "50", "12.5", "money(7)", "l"]),
                "percent" => self.pick(&["p", "5.percent", "percent(2.5)", "15"]),
                "boolean" => self.pick(&["true", "false", "b", "c"]),
                "date" => self.pick(&["s", "t", "date(2020, 2, 29)"]),
                _ => self.pick(&["w", "v", "\"open\"", "\"odd\""]),
            };
        }
        let d = depth - 1;
        if self.random.chance(20) {
            let (condition, then, otherwise) = (self.value("boolean", d), self.value(kind, d), self.value(kind, d));
            return format!("(if {condition} {{ {then} }} else {{ {otherwise} }})");
        }
        match kind {
            "integer" => match self.random.below(9) {
                0 => format!("({} - {})", self.value("integer", d), self.value("integer", d)),
                1 => format!("({} * {})", self.value("integer", d), self.value("integer", d)),
                2 => format!("abs({})", self.value("integer", d)),
                3 => format!("(-({}))", self.value("integer", d)),
                4 => format!("days_between({}, {})", self.value("date", d), self.value("date", d)),
                5 => format!("days_since({})", self.value("date", d)),
                6 => format!("max({}, {})", self.value("integer", d), self.value("integer", d)),
                7 if self.random.chance(30) => {
                    format!("div({}, {})", self.value("integer", d), self.value("integer", d))
                }
                _ => format!("({} + {})", self.value("integer", d), self.value("integer", d)),
            },
            "decimal" => match self.random.below(8) {
                0 => format!("({} + {})", self.value("decimal", d), self.value("integer", d)),
                1 => format!("({} * {})", self.value("decimal", d), self.value("integer", d)),
                2 => format!("({} / {})", self.value("decimal", d), self.pick(&["10", "100.0", "1", "7", "0"])),
                3 => format!("amount({})", self.value("money", d)),
                4 => format!("round({}, {})", self.value("decimal", d), self.random.below(4)),
                5 => format!("min({}, {})", self.value("decimal", d), self.value("integer", d)),
                6 => format!("{}.round_up({})", self.named("decimal").unwrap_or_else(|| "d".into()), 1),
                _ => format!("({} - {})", self.value("decimal", d), self.value("decimal", d)),
            },
            "money" => match self.random.below(12) {
                0 => format!("({} - {})", self.value("money", d), self.value("money", d)),
                1 => format!("({} * {})", self.value("money", d), self.value("integer", d)),
                2 => format!("({} * {})", self.value("decimal", d), self.value("money", d)),
                3 => format!("({} * {})", self.value("money", d), self.value("percent", d)),
                4 => format!("min({}, {})", self.value("money", d), self.value("money", d)),
                5 => format!("max({}, {}, {})", self.value("money", d), self.value("money", d), 25),
                6 => format!("round_down({}, {})", self.value("money", d), self.random.below(3)),
                7 => format!("percent_of({}, {})", self.value("percent", d), self.value("money", d)),
                8 => format!("abs({})", self.value("money", d)),
                9 => format!("least({}, {})", self.value("money", d), self.value("boolean", d)),
                10 => format!("({} / {})", self.value("money", d), self.pick(&["10", "100", "3"])),
                _ => format!("({} + {})", self.value("money", d), self.value("money", d)),
            },
            "percent" => match self.random.below(4) {
                0 => format!("({} * {})", self.value("percent", d), self.value("integer", 0)),
                1 => format!("({} + {})", self.value("percent", d), self.value("percent", d)),
                2 => format!("percent({})", self.value("decimal", d)),
                _ => format!("({} - {})", self.value("percent", d), self.value("percent", d)),
            },
            "boolean" => {
                let order = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
                match self.random.below(11) {
                    0 | 1 => format!("({} and {})", self.value("boolean", d), self.value("boolean", d)),
                    2 | 3 => format!("({} or {})", self.value("boolean", d), self.value("boolean", d)),
                    4 => format!("(not {})", self.value("boolean", d)),
                    5 => format!("({} {order} {})", self.value("integer", d), self.value("decimal", d)),
                    6 => format!("({} {order} {})", self.value("money", d), self.value("money", d)),
                    7 => format!("({} {order} {})", self.value("date", d), self.value("date", d)),
                    8 => format!("({} == {})", self.value("choice", d), self.value("choice", d)),
                    9 => format!(
                        "({} in [{}, {}])",
                        self.value("integer", d),
                        self.random.below(9),
                        self.random.below(9)
                    ),
                    _ => format!(
                        "({} in {}..={})",
                        self.value("integer", d),
                        self.random.below(9),
                        self.random.below(90)
                    ),
                }
            }
            "date" => match self.random.below(3) {
                0 => format!("({} + {}.days)", self.value("date", d), self.value("integer", 0)),
                1 => format!("({} - {}.days)", self.value("date", d), self.random.below(400)),
                _ => format!("max({}, {})", self.value("date", d), self.value("date", d)),
            },
            _ => self.value("choice", 0),
        }
    }
}

/// A function as a pack declares it, and the fact that calls it.
fn function(random: &mut Random, index: usize) -> (String, String) {
    let (kind, gives) = *random.pick(&[
        ("integer", "integer"),
        ("integer", "{type: integer, min: -50, max: 5000}"),
        ("decimal", "decimal"),
        ("decimal", "{type: decimal, decimals: 1, rounding: half_even}"),
        ("money", "money"),
        ("money", "money"),
        ("money", "{type: money, rounding: up, min: 0}"),
        ("money", "{type: money, absent: none}"),
        ("percent", "percent"),
        ("boolean", "boolean"),
        ("date", "date"),
        ("choice", "[open, shut, odd]"),
    ]);
    let names = PARAMETERS.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    let mut writer = Writer { random, names, given: 0 };
    let mut body = writer.block(kind, 1);
    if gives.contains("none") {
        body = format!("if {} {{ return none }} {body}", writer.value("boolean", 1));
    }
    writer.names = vec![("amount_of".to_owned(), "money"), ("is_less".to_owned(), "boolean")];
    let least = match writer.random.below(4) {
        0 => "if is_less { min(amount_of, 40) } else { amount_of }".to_owned(),
        1 => "let part = amount_of * 10.percent; max(part, amount_of - 5)".to_owned(),
        2 => "if not is_less { return amount_of } let half = amount_of * 0.5; half".to_owned(),
        _ => "amount_of * 2".to_owned(),
    };
    let of: Vec<String> = PARAMETERS
        .iter()
        .map(|(name, kind)| format!("{name}: {}", if *kind == "choice" { "[open, shut, odd]" } else { kind }))
        .collect();
    let parameters: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "  f{index}:\n    of: {{{}}}\n    gives: {gives}\n    script: |\n      fn f{index}({}) {{ {body} }}\n      \
         fn least(amount_of, is_less) {{ {least} }}\n",
        of.join(", "),
        parameters.join(", "),
    );
    let money = random.pick(&["m", "m", "n", "n", "m + l", "m * 2", "if c { m } else { l }", "round(m, 0)"]);
    let integer = random.pick(&["j", "j", "j + 1", "-j", "days_since(s)"]);
    let fact = format!("  fact{index}: 'f{index}(i, {integer}, d, {money}, l, p, b, c and not (j > 7), s, t, w, v)'\n");
    (text, fact)
}

#[test]
fn generated_functions_give_without_an_interpreter_what_they_give_with_one() {
    let is_soak = std::env::var_os("RECOUP_SOAK").is_some();
    let (packs, many) = if is_soak { (4_000, 40) } else { (120, 25) };
    let (mut lowered, mut all, mut told, mut asked) = (0_u64, 0_u64, 0_u64, 0_u64);
    for seed in 0..packs {
        let mut random = Random::new(seed);
        let (texts, facts): (Vec<String>, Vec<String>) = (0..6).map(|index| function(&mut random, index)).unzip();
        let engine = engine(&texts.concat(), &facts.concat());
        let natives = native(&engine);
        let (cases, known) = cases(&mut random, many);
        let count = natives.iter().filter(|is_native| **is_native).count() as u64;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decide(&engine, &cases)));
        let made = outcome.unwrap_or_else(|_| panic!("seed {seed}:\n{}", texts.concat()));
        (all, lowered) = (all + natives.len() as u64, lowered + count);
        // Calls of which all arguments are known, less those that the interpreter was asked for.
        let interpreted = known * (natives.len() as u64 - count);
        let left = made.saturating_sub(interpreted);
        (told, asked) = (told + (known * count).saturating_sub(left), asked + left);
    }
    println!("{lowered} of {all} functions need no interpreter; {told} calls told by code, {asked} asked");
    assert!(lowered * 4 > all, "{lowered} of {all} functions are lowered");
    assert!(told > asked && told > if is_soak { 100_000 } else { 2_000 }, "{told} told, {asked} asked");
    assert!(asked > 100, "too few calls that code cannot tell: {asked}");
}

/// A pack with one function over some of the fields, and a fact that calls it with them.
fn one(gives: &str, script: &str) -> Engine {
    let of: Vec<String> = PARAMETERS
        .iter()
        .map(|(name, kind)| format!("{name}: {}", if *kind == "choice" { "[open, shut, odd]" } else { kind }))
        .collect();
    let names: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let script = script.replace("fn f ", &format!("fn f({names}) "));
    let functions = format!("  f:\n    of: {{{}}}\n    gives: {gives}\n    script: |\n      {script}\n", of.join(", "));
    engine(&functions, &format!("  given: f({names})\n"))
}

#[test]
fn bodies_of_values_names_and_choices_need_no_interpreter() {
    let bodies = [
        ("integer", "fn f { i + j }"),
        ("integer", "fn f { return i + j; }"),
        ("integer", "fn f { 5; }"),
        ("integer", "fn f { if b { i; } else { abs(j); } }"),
        ("decimal", "fn f { j }"),
        ("decimal", "fn f { i / 10 }"),
        ("{type: decimal, decimals: 1}", "fn f { d * 3 }"),
        ("money", "fn f { 5 }"),
        ("money", "fn f { if c { j } else { m } }"),
        ("money", "fn f { let part = m * 10.percent; if part < 25 { return 25 } part }"),
        ("money", "fn f { min(m * 4.percent, 50) }"),
        ("money", "fn f { least(m) + 1 } fn least(balance) { min(balance * 4.percent, 50) }"),
        ("money", "fn f { let floor = 25; if m < floor { floor } else { max(m, floor) } }"),
        ("{type: money, absent: none}", "fn f { if b { none } else { m } }"),
        ("percent", "fn f { if c { 5 } else { 7.5 } }"),
        ("boolean", "fn f { b and j > 3 or not c }"),
        ("boolean", "fn f { w == \"open\" or w == v }"),
        ("boolean", "fn f { i in [1, 2, j - 1] == false }"),
        ("boolean", "fn f { i in 1..=5 }"),
        ("boolean", "fn f { m in [5, 10] }"),
        ("date", "fn f { if s > date(2026, 1, 9) { s + 3.days } else { t } }"),
        ("integer", "fn f { days_between(s, t) + days_since(s) }"),
        ("[open, shut, odd]", "fn f { if j == 1 { \"open\" } else if j == 2 { w } else { \"shut\" } }"),
        ("integer", "fn f { let j = j * 2; let j = j + 1; j }"),
        ("integer", "fn f { const two = 2; if b { if c { return 1 } } else { return two } i * two }"),
        // The value that nothing reads has to be had all the same.
        ("integer", "fn f { let unread = 10000000000 * j; 3 }"),
        ("integer", "fn f { let unread = s + j.days; if b { let more = i * i; 1 } else { 2 } }"),
        ("integer", "fn f { second(i * i, j) } fn second(first, other) { other }"),
        ("integer", "fn f { first(second(j)) } fn first(a) { a + 1 } fn second(a) { let c = a; c * 2 }"),
    ];
    let mut random = Random::new(3);
    let (cases, _) = cases(&mut random, 60);
    for (gives, script) in bodies {
        let engine = one(gives, script);
        let is_native = native(&engine) == [true];
        assert!(is_native || script.contains("j - 1"), "{script}");
        decide(&engine, &cases);
    }
}

#[test]
fn what_only_an_interpreter_can_do_is_left_to_it() {
    let bodies = [
        ("integer", "fn f { let count = 0; count += i; count }"),
        ("integer", "fn f { let count = 0; while count < 3 { count += 1; } count }"),
        ("integer", "fn f { for n in 1..3 { if n == i { return n } } 0 }"),
        ("integer", "fn f { switch i { 1 => 5, _ => 7 } }"),
        ("integer", "fn f { try { i / 0 } catch { } 3 }"),
        ("integer", "fn f { if b { throw \"odd\" } 3 }"),
        ("integer", "fn f { let list = [i, j]; list.sum() }"),
        ("integer", "fn f { [i, j].max(|n| n * 2) }"),
        ("integer", "fn f { i ?? 3 }"),
        ("boolean", "fn f { known(i) }"),
        // Of none, or of no statement at all, nothing is known.
        ("{type: integer, absent: none}", "fn f { if b { 5 } }"),
        ("{type: integer, absent: none}", "fn f { }"),
        ("integer", "fn f { i; j }"),
        // It calls itself.
        ("integer", "fn f { down(i) } fn down(n) { if n <= 0 { 0 } else { down(n - 1) } }"),
        // A function of a script is no method.
        ("integer", "fn f { i.twice() } fn twice(n) { n * 2 }"),
        ("integer", "fn f { twice(i, j) } fn twice(n) { n * 2 }"),
        // What is written out is a plain number to the interpreter: times a percentage it is one.
        ("money", "fn f { (if b { 50 } else { m }) * 10.percent }"),
        ("money", "fn f { min(m, 50) * 2.percent }"),
        ("decimal", "fn f { (if b { 50 } else { m }) / m }"),
        ("integer", "fn f { d }"),
        ("integer", "fn f { m }"),
        ("[open, shut, odd]", "fn f { \"lost\" }"),
        ("{type: money, absent: none}", "fn f { none }"),
        ("text", "fn f { \"a\" + \"b\" }"),
        ("decimal", "fn f { i / 7 }"),
        // What must be had before it is asked for stands where it may not be asked for.
        ("integer", "fn f { if b and second(i * i, j) > 3 { 1 } else { 2 } } fn second(first, other) { other }"),
    ];
    let mut random = Random::new(4);
    let (cases, _) = cases(&mut random, 30);
    for (gives, script) in bodies {
        let engine = one(gives, script);
        assert_eq!(native(&engine), [false], "{script}");
        decide(&engine, &cases);
    }
}

#[test]
fn errors_unknowns_and_none_are_those_of_the_interpreter() {
    let case = |fields: &str| {
        format!(
            r#"{{"case_id": "A", "j": 0, "d": "1.5", "l": "2.00", "p": "3", "c": true, "s": "2026-01-01", "w": "odd", {fields}}}"#
        )
    };
    let known = r#""i": 1, "m": "5.00", "b": true, "t": "2026-02-01", "v": "odd""#;
    let bodies = [
        // The left side decides before the right one fails.
        ("boolean", "fn f { j == 0 or 10 / j > 2 }", "false", "true"),
        ("boolean", "fn f { j != 0 and 10 / j > 2 }", "false", "false"),
        ("boolean", "fn f { 10 / j > 2 or j == 0 }", "false", "error"),
        ("boolean", "fn f { s + 9999999.days > s or j == 0 }", "true", "error"),
        ("boolean", "fn f { j == 0 or s + 9999999.days > s }", "true", "true"),
        // A name that nothing reads, of a value that fails.
        ("integer", "fn f { let unread = 10 / j; 3 }", "false", "error"),
        ("integer", "fn f { let unread = s + 9999999.days; 3 }", "true", "error"),
        ("integer", "fn f { let unread = 9223372036854775807 + i; 3 }", "true", "error"),
        ("integer", "fn f { if c { 3 } else { let unread = 9223372036854775807 + i; 3 } }", "true", "3"),
        ("integer", "fn f { second(9223372036854775807 + i, 3) } fn second(a, b) { b }", "true", "error"),
        // A result that is not as it is declared to be.
        ("{type: integer, max: 5}", "fn f { i + 5 }", "true", "error"),
        ("{type: integer, max: 6}", "fn f { i + 5 }", "true", "6"),
        ("{type: money, min: 0}", "fn f { l - m }", "true", "error"),
        ("{type: decimal, decimals: 0, rounding: half_even}", "fn f { d + 1 }", "true", "2"),
    ];
    for (gives, script, is_native, wanted) in bodies {
        let engine = one(gives, script);
        assert_eq!(native(&engine), [is_native == "true"], "{script}");
        // Unknown arguments that the body does not read make the call unknown.
        let unknown = [r#""i": 1, "m": "5.00", "b": true, "t": "2026-02-01""#, r#""i": 1, "b": true, "v": "odd""#];
        decide(&engine, &[case(known), case(unknown[0]), case(unknown[1])]);
        let mut evaluator = engine.evaluator(AS_OF.parse().expect("an instant")).expect("room");
        let mut evaluation = evaluator.evaluation();
        let mut found = |fields: &str| {
            let record = evaluator.read(&case(fields)).expect("the record fits");
            evaluator.evaluate_into(&record, &mut evaluation).expect("the room is of this pack");
            let (instant, kept, _) = crate::engine::kept(&evaluation, &evaluation);
            let whole = crate::eval::replay::whole(engine.planned(), instant, kept);
            format!("{:?}", whole.slots.last().expect("the fact is the last slot"))
        };
        let outcome = found(known);
        match wanted {
            "error" => assert!(outcome.starts_with("Err(Error"), "{script}: {outcome}"),
            wanted => assert!(outcome.starts_with("Ok(") && outcome.contains(wanted), "{script}: {outcome}"),
        }
        assert!(found(unknown[0]).starts_with("Err(Unknown"), "{script}");
    }
}

#[test]
fn a_none_argument_makes_the_call_none() {
    let engine = engine(
        "  f:\n    of: {n: money, i: integer}\n    gives: money\n    script: 'fn f(n, i) { if i > 5 { n + 1 } else { 3 } }'\n",
        "  given: f(n, j)\n  other: f(n ?? 5, j)\n  odd: f(n, i + i)\n",
    );
    assert_eq!(native(&engine), [true, true, true]);
    let (cases, _) = cases(&mut Random::new(6), 40);
    decide(&engine, &cases);
}

#[test]
fn a_pack_says_which_calls_need_an_interpreter() {
    let engine = engine(
        "  f:\n    about: twice\n    of: {i: integer}\n    gives: integer\n    script: 'fn f(i) { i * 2 }'\n  \
         g:\n    of: {w: text}\n    gives: boolean\n    script: 'fn g(w) { w == \"a\" }'\n  \
         h:\n    of: {m: money, d: decimal}\n    gives: decimal\n    script: 'fn h(m, d) { amount(m) * d }'\n",
        "  first: f(i) + f(j)\n  second: g(case_id) and f(i) > 3\n  third: h(m, d)\n  fourth: h(m, d * d * d * d)\n",
    );
    let expected = [
        "f(integer) gives integer, 2 of 3 calls native: twice",
        "g(text) gives boolean, interpreted, 1 call",
        "h(money, decimal) gives decimal, 1 of 2 calls native",
        "interpreted calls per case: 3",
    ];
    assert_eq!(engine.declared_functions(), expected);
}
