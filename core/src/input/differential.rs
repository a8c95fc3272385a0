//! Fast reading against slow reading, over files out of a seed: the same fields bit for bit, and never a case where
//! the slow way has a problem. The rows and cells of CSV are compared with those of the `csv` crate.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::csv_rows::{CellRoom, CsvRows, Quotes};
use super::{CaseRow, Raw};
use crate::engine::Engine;
use crate::eval::Fields;
use crate::generated::GeneratedPack;
use crate::record::json;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).expect("a limit fits")).expect("a number fits")
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// So many times in the gate, or with RECOUP_SOAK.
fn times(gate: u64, soak: u64) -> u64 {
    if std::env::var_os("RECOUP_SOAK").is_some() { soak } else { gate }
}

/// Texts that are nearly values, and values that are oddly written.
const ODD: [&str; 111] = [
    "0",
    "-0",
    "+1",
    "1",
    "-1",
    " 1",
    "1 ",
    "\t1",
    "1.",
    ".5",
    "-.5",
    "1.5",
    "-1.50",
    "1.500",
    "12.345",
    "12.344999",
    "0.005",
    "0.015",
    "-0.005",
    "2.5",
    "3.5",
    "-2.5",
    "00012",
    "-007",
    "1e3",
    "1E3",
    "1e+3",
    "1.00E+05",
    "1.5e-1",
    "-1.5e-2",
    "1e0",
    "1e-0",
    "1e",
    "e5",
    "1e5.0",
    "1e+",
    "1e-30",
    "0e400",
    "1e19",
    "1e28",
    "1e-7",
    "12345e-3",
    "--1",
    "1-",
    "1,5",
    "1,234.50",
    "1.234,50",
    "1 234",
    "1_2",
    "0x5",
    "5 USD",
    "$5",
    "12%",
    "12 %",
    "%",
    "1e1%",
    "999999999999999999",
    "9999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999.99",
    "92233720368547758.07",
    "92233720368547758.08",
    "9999999999999999999999999999",
    "10000000000000000000000000000",
    "0.0000000000000000000000000001",
    "12.3000000000000007",
    "0.1234567",
    "100",
    "101",
    "-2",
    "8",
    "9",
    "TRUE",
    "true",
    "false",
    "True",
    "yes",
    "Y",
    "N",
    "card",
    "loan",
    "Card",
    "card ",
    "?",
    "2026-02-28",
    "2026-02-30",
    "2024-02-29",
    "2026-2-3",
    "0001-01-01",
    "0000-01-01",
    "9999-12-31",
    "12026-01-01",
    "2026-12-15",
    "2026-12-16",
    "07.09.2026",
    "2026-09-07T18:00:00Z",
    "2026-09-07 18:00:00+02:00",
    "2026-09-07T18:00:60Z",
    "2026-12-15T12:00:00Z",
    "2026-12-15T12:00:00.000001Z",
    "2026-09-07 18:00",
    "Europe/Berlin",
    "Europe/berlin",
    "14 days",
    "2 months",
    "[1, 2]",
    "née \u{a0}ß",
    "\"",
];

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + u8::try_from(random.below(10)).expect("a digit"))).collect()
}

/// A cell: an odd text, a number, a date, an instant, or nothing.
fn cell(random: &mut Random) -> String {
    match random.below(15) {
        0..4 => random.pick(&ODD).to_owned(),
        4..8 => {
            let mut number = if random.chance(20) { "-" } else { "" }.to_owned();
            let whole = if random.chance(80) { 1 + random.below(5) } else { random.below(21) };
            number += &digits(random, whole);
            if random.chance(50) {
                let fraction = if random.chance(70) { random.below(4) } else { random.below(20) };
                number += random.pick(&[".", ".", ","]);
                number += &digits(random, fraction);
            }
            if random.chance(15) {
                let count = 1 + random.below(2);
                let power = digits(random, count);
                let _ = write!(number, "{}{}{power}", random.pick(&["e", "E"]), random.pick(&["", "+", "-"]));
            }
            number
        }
        8 => format!("20{}-0{}-{}{}", digits(random, 2), random.below(10), random.below(4), digits(random, 1)),
        9 => {
            let date = format!("20{}-0{}-1{}", digits(random, 2), 1 + random.below(9), random.below(10));
            let zone = random.pick(&["Z", "z", "", "+02:00", "-04:30", "-00:00", "+24:00", "+0200"]);
            let between = random.pick(&["T", "T", " ", "t", ""]);
            format!("{date}{between}{}:{}:{}{zone}", digits(random, 2), digits(random, 2), digits(random, 2))
        }
        10..14 => {
            let words =
                ["a", "b", "true", "false", "card", "loan", "UTC", "Europe/Berlin", "14 days", "[1, 2]", "w0_1"];
            random.pick(&words).to_owned()
        }
        _ => String::new(),
    }
}

/// A row as bytes: with quotes where they are needed and where not, rarely with what is no row of this header.
fn write_row(random: &mut Random, cells: &[String], delimiter: u8, bytes: &mut Vec<u8>) {
    let all_quoted = random.chance(10);
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            bytes.push(delimiter);
        }
        let is_special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if all_quoted || cell.bytes().any(is_special) || random.chance(3) {
            bytes.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
        } else {
            bytes.extend_from_slice(cell.as_bytes());
        }
    }
    match random.below(200) {
        0 => bytes.push(delimiter),
        1 => bytes.push(0xe9),
        2 => bytes.extend_from_slice(b"\"x"),
        _ => {}
    }
    bytes.extend_from_slice(random.pick::<str>(&["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n"]).as_bytes());
}

/// What was compared.
#[derive(Debug, Default)]
struct Seen {
    rows: usize,
    read: usize,
    refused: usize,
}

/// Reads a file in every way and compares.
#[track_caller]
fn compare(engine: &Engine, input: Option<&str>, as_of: DateTime<Utc>, name: &str, bytes: &[u8]) -> Seen {
    // Beside the test itself: nothing is written outside of the target folder.
    let file = format!("reading-{}-{name}.csv", std::process::id());
    let path: PathBuf = std::env::current_exe().expect("a test has a path").with_file_name(file);
    std::fs::write(&path, bytes).expect("a file can be written");
    let open = || engine.read_cases(&path, input).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (rows, mut cases) = (open(), open());
    std::fs::remove_file(&path).expect("a file can be removed");
    let mut rows = rows.map(|row| row.expect("a row"));
    let evaluator = engine.evaluator(as_of).expect("an evaluator");
    let mut record = evaluator.record();
    let mut fields = Fields::room(engine.planned().checked.record.fields.len());
    let (mut room, mut seen, mut key) = (CellRoom::default(), Seen::default(), String::new());
    let mut reading = evaluator.clone();
    while let Some(batch) = cases.next_batch(7).expect("a batch") {
        for index in 0..batch.len() {
            let row: CaseRow = batch.row(index).expect("a row");
            assert_eq!(format!("{row:?}"), format!("{:?}", rows.next().expect("a row")), "{name}");
            let is_fast = batch.read(index, engine.planned(), as_of, &mut room, &mut fields).is_some();
            let again = reading.read_into(&batch, index, &mut record);
            seen.rows += 1;
            match evaluator.read_row(&row) {
                Ok(slow) => {
                    assert!(is_fast, "{name}: not read, but {slow:?}\n{row:?}");
                    assert_eq!(format!("{fields:?}"), format!("{:?}", slow.fields), "{name}: {row:?}");
                    assert_eq!(format!("{:?}", record.fields), format!("{:?}", slow.fields), "{name}: {row:?}");
                    if input.is_some() && seen.rows.is_multiple_of(50) {
                        let mut evaluation = reading.evaluation();
                        reading.evaluate_into(&record, &mut evaluation).expect("they belong together");
                        record.key_into(&mut key);
                        assert_eq!(key, evaluation.decision().key());
                    }
                    seen.read += 1;
                }
                Err(slow) => {
                    assert!(!is_fast, "{name}: {fields:?}, but {slow}\n{row:?}");
                    assert_eq!(again.expect_err("refused").problems, slow.problems);
                    seen.refused += 1;
                }
            }
        }
    }
    assert!(rows.next().is_none());
    seen
}

/// One field of each kind, alone with its key, so that rows are not refused for the sake of another.
const KINDS: [(&str, &str); 43] = [
    ("{type: integer}", ""),
    ("{type: integer, min: -2, max: 8, absent: none}", ""),
    ("{type: integer, absent: unknown}", "float: round"),
    ("{type: integer, default: 7}", "float: round, decimal_mark: ','"),
    ("{type: money}", ""),
    ("{type: money, min: 0.01, max: 9999.99, absent: none}", ""),
    ("{type: money, absent: none}", "float: round"),
    ("{type: money, absent: none, min: 0, rounding: half_even}", "float: round"),
    ("{type: money, absent: unknown, rounding: up}", "float: round, decimal_mark: ',', grouping: '.'"),
    ("{type: money, absent: unknown, rounding: down}", "float: round, grouping: ','"),
    ("{type: money}", "decimal_mark: ','"),
    ("{type: money}", "grouping: ','"),
    ("{type: money}", "grouping: '-'"),
    ("{type: money}", "decimal_mark: 'e'"),
    ("{type: decimal, decimals: 0}", ""),
    ("{type: decimal, decimals: 3, min: -1, max: 1000}", "float: round"),
    ("{type: decimal, decimals: 9}", ""),
    ("{type: decimal, decimals: 10}", ""),
    ("{type: decimal, decimals: 28}", "float: round"),
    ("{type: percent, absent: none}", ""),
    ("{type: percent, min: 0, max: 100}", "float: round"),
    ("{type: percent, absent: unknown}", "decimal_mark: ','"),
    ("{type: boolean}", ""),
    ("{type: boolean, absent: none}", "values: {Y: true, N: false, '': none, '?': unknown}"),
    ("{type: choice, of: [card, loan], absent: unknown}", ""),
    ("{type: choice, of: [card, loan]}", "values: {a: card, b: loan, '1': card, '2': loan}"),
    ("{type: date}", ""),
    ("{type: date, min: 2020-01-01, max: 2030-12-31, absent: none}", ""),
    ("{type: date, absent: unknown}", "format: '%d.%m.%Y'"),
    ("{type: timestamp, absent: none}", ""),
    ("{type: timestamp, absent: none}", "zone: Europe/Berlin"),
    ("{type: duration, unit: days, absent: none}", ""),
    ("{type: zone, absent: none}", ""),
    ("{type: integer, absent: none}", "empty: ['0', '-1']"),
    ("{type: text, absent: unknown}", "empty: [a, 'n/a', '1']"),
    ("{type: boolean, absent: none}", "empty: 'false'"),
    ("{type: choice, of: [card, loan], absent: none}", "values: {a: card, b: loan}, empty: ['?', '1']"),
    ("{type: text}", ""),
    ("{type: text, min: 2, max: 5, absent: none}", ""),
    ("{type: text, default: none given}", "values: {a: x, b: y, '?': unknown}"),
    ("{type: list, of: integer, absent: none}", ""),
    ("{type: integer, min: 0, absent: none}", "values: {a: 3, '1': 4, '?': unknown, b: none}"),
    (
        "{type: integer, absent: none, private: true}",
        "formula: 'div(P * 10, 4)', columns: {P: {type: integer, absent: none}}",
    ),
];

fn engine_of(field: &str, source: &str) -> Engine {
    let column = if source.contains("formula") { "" } else { "column: P, " };
    let pack = format!(
        "pack: one\nversion: 1.0.0\nformat: 1\ncurrency: USD\ntime_zone: Europe/Berlin\nrecords:\n  case:\n    fields:\n      case_id: {{type: text, key: true}}\n      it: {field}\n      currency: {{type: text, absent: none}}\ninputs:\n  crm:\n    record: case\n    fields:\n      it: {{{column}{source}}}\nfacts:\n  is_given:\n    value: known(it)\nsegmentation:\n  outputs: {{segment: [given, other]}}\n  grid: |\n    | row       | is_given | then segment |\n    |-----------|----------|--------------|\n    | given     | true     | given        |\n    | otherwise |          | other        |\n"
    );
    Engine::from_sources("one", [("one/pack.yaml", pack)]).unwrap_or_else(|error| panic!("{field} {source}: {error}"))
}

#[test]
fn cells_of_every_kind_are_read_alike() {
    let as_of = "2026-12-15T12:00:00Z".parse().expect("an instant");
    for (index, (field, source)) in KINDS.into_iter().enumerate() {
        let engine = engine_of(field, source);
        let mut random = Random(u64::try_from(index).expect("a few"));
        let mut bytes = b"case_id,P,currency\n".to_vec();
        for odd in ODD {
            write_row(&mut Random(6), &["A".to_owned(), odd.to_owned(), String::new()], b',', &mut bytes);
        }
        for _ in 0..times(250, 50_000) {
            let key = if random.chance(97) { "A" } else { random.pick(&["", " ", "\n", "ß\""]) };
            let currency = if random.chance(95) { "USD" } else { random.pick(&["EUR", "", "usd"]) };
            let cells = [key.to_owned(), cell(&mut random), currency.to_owned()];
            write_row(&mut random, &cells, b',', &mut bytes);
        }
        let seen = compare(&engine, Some("crm"), as_of, &format!("kind-{index}"), &bytes);
        assert!(seen.read > 8 && seen.refused > 0, "{field} {source}: {seen:?}");
    }
}

/// The cell in which a JSON value of a case stands.
fn cell_of(raw: &Raw, written: &str) -> String {
    match raw {
        Raw::Absent | Raw::Unknown => String::new(),
        Raw::Boolean(value) => value.to_string(),
        Raw::Number(text) | Raw::Text(text) | Raw::Plain(text) => text.clone(),
        Raw::List(_) | Raw::Map(_) => written.to_owned(),
    }
}

#[test]
fn generated_records_are_read_alike() {
    let (mut rows, mut read, mut refused) = (0, 0, 0);
    for seed in 0..times(60, 6_000) {
        let pack = GeneratedPack::new(seed);
        let engine = pack.engine();
        let mut random = Random(seed);
        let fields = &engine.planned().checked.record.fields;
        let names: Vec<String> = fields.iter().map(|field| field.name.to_string()).collect();
        let mut bytes = names.join(",").into_bytes();
        bytes.push(b'\n');
        let oddness = *[0, 0, 1, 5].get(random.below(4)).expect("one of four");
        for case in 0..100 {
            // The times of a case lie before its own instant: all are read at the first.
            let text = pack.case(case * 12);
            let Ok(Raw::Map(entries)) = json::parse(&text) else { panic!("{text}") };
            let values: serde_json::Value = serde_json::from_str(&text).expect("a case is JSON");
            let cells: Vec<String> = names
                .iter()
                .map(|name| match entries.iter().find(|(key, _)| key == name) {
                    _ if random.chance(oddness) => cell(&mut random),
                    Some((_, raw)) => cell_of(raw, &values[name].to_string()),
                    None => String::new(),
                })
                .collect();
            write_row(&mut random, &cells, b',', &mut bytes);
        }
        let seen = compare(&engine, None, pack.as_of(0), &format!("seed-{seed}"), &bytes);
        rows += seen.rows;
        read += seen.read;
        refused += seen.refused;
    }
    assert!(read > rows / 4 && refused > rows / 20, "{read} of {rows} read, {refused} refused");
}

/// Gives the bytes in pieces.
struct Pieces<'a> {
    bytes: &'a [u8],
    random: Random,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (1 + self.random.below(9)).min(buffer.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(count);
        buffer[..count].copy_from_slice(piece);
        self.bytes = rest;
        Ok(count)
    }
}

#[test]
fn rows_and_cells_are_those_of_the_csv_crate() {
    let mut open = 0;
    for seed in 0..times(20_000, 2_000_000) {
        let mut random = Random(seed);
        let delimiter = *[b',', b';', b'\t', b'a'].get(random.below(4)).expect("one of four");
        let letters = [delimiter, delimiter, b'"', b'"', b'\n', b'\r', b'x', b'1', 0xc3, b' '];
        let few = random.chance(50);
        let bytes: Vec<u8> = (0..random.below(if few { 30 } else { 300 }))
            .map(|_| if random.chance(if few { 0 } else { 80 }) { b'x' } else { letters[random.below(10)] })
            .collect();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(bytes.as_slice());
        let wanted: Vec<csv::ByteRecord> = reader.byte_records().map(|record| record.expect("a record")).collect();
        let mut rows = CsvRows::new(Pieces { bytes: &bytes, random }, delimiter);
        let (mut room, mut count) = (CellRoom::default(), 0);
        while let Some(row) = rows.next().expect("a row") {
            let wanted = wanted.get(count).unwrap_or_else(|| panic!("seed {seed}: {bytes:?}"));
            count += 1;
            if let Quotes::Open(_) = row.quotes {
                open += 1;
                continue;
            }
            let cells = room.split(row.bytes, delimiter, row.quotes == Quotes::Some);
            let found: Vec<&[u8]> = cells.iter().collect();
            assert_eq!(found, wanted.iter().collect::<Vec<_>>(), "seed {seed}: {bytes:?}");
        }
        assert_eq!(count, wanted.len(), "seed {seed}: {bytes:?}");
    }
    assert!(open > 100, "{open}");
}

#[test]
fn rows_are_numbered_by_the_line_in_which_they_begin() {
    let bytes = b"h\r\na\r\n\r\nb\n\"c\n\nd\"\ne\n\"f";
    let mut rows = CsvRows::new(bytes.as_slice(), b',');
    let mut seen = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        seen.push((row.line, row.quotes));
    }
    let (none, some) = (Quotes::None, Quotes::Some);
    assert_eq!(seen, [(1, none), (2, none), (4, none), (5, some), (8, none), (9, Quotes::Open(9))]);
}

#[test]
fn a_quote_that_is_not_closed_for_long_is_an_error() {
    let mut bytes = b"h\n1\n\"".to_vec();
    bytes.resize(17 * 1024 * 1024, b'x');
    bytes.extend_from_slice(b"\"\n2\n");
    let mut rows = CsvRows::new(bytes.as_slice(), b',');
    assert!(rows.next().expect("a row").is_some() && rows.next().expect("a row").is_some());
    let message = rows.next().expect_err("too long").to_string();
    assert!(message.contains("line 3") && message.contains("16777216"), "{message}");
    assert!(rows.next().expect("the end").is_none());
}
