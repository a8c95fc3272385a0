//! The corpus of `core/tests/corpus`, run by the reference evaluator. Its files say what they hold.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::Findings;
use crate::engine::{Engine, LoadError};
use crate::record::Raw;
use crate::source::Sources;
use crate::syntax::{Map, Node, NodeKind, Style, yaml};
use crate::value::show::Show;
use crate::value::{Failure, text};

/// The pack around the expressions of `language/`.
const PACK: &str = "\
pack: corpus
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: us-federal
";
const SURROUNDINGS: &str = "\
calendars:
  us-federal:
    weekend: [sat, sun]
    valid_from: 2025-01-01
    valid_until: 2028-12-31
    holidays: {2026-09-07: Labor Day, 2026-11-26: Thanksgiving, 2026-12-25: Christmas}
rates:
  prime: {unit: percent, from: {2026-01-01: 2.15, 2026-07-01: 2.40}, valid_until: 2026-12-31}
";

#[test]
fn every_expression_of_the_corpus_gives_what_it_says() {
    let files = files("language");
    assert!(files.len() >= 15, "the corpus has {} files of expressions", files.len());
    let outcomes: Vec<(usize, Vec<String>)> = in_threads(&files, run_expressions);
    let count: usize = outcomes.iter().map(|(count, _)| count).sum();
    let failures: Vec<String> = outcomes.into_iter().flat_map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "{} of {count} expressions differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_pack_of_the_corpus_decides_as_it_says() {
    let files = files("packs");
    assert!(files.len() >= 30, "the corpus has {} packs", files.len());
    let outcomes: Vec<(usize, Vec<String>)> = in_threads(&files, run_pack);
    let count: usize = outcomes.iter().map(|(count, _)| count).sum();
    let failures: Vec<String> = outcomes.into_iter().flat_map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "{} failures in {count} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn scripts_mean_what_expressions_mean() {
    let outcomes = in_threads(&files("language"), script_outcomes);
    let of = |wanted: fn(&Scripted) -> bool| outcomes.iter().flatten().filter(|(_, found)| wanted(found)).count();
    let differing: Vec<&String> = outcomes
        .iter()
        .flatten()
        .filter(|(_, found)| matches!(found, Scripted::Differs))
        .map(|(expression, _)| expression)
        .collect();
    assert!(differing.is_empty(), "{} expressions differ in a script:\n{differing:#?}", differing.len());
    let (alike, fail, refused) = (
        of(|found| matches!(found, Scripted::Agrees)),
        of(|found| matches!(found, Scripted::Fails)),
        of(|found| matches!(found, Scripted::Refused)),
    );
    // Errors: a failing operand before the one that decides. Refused: dates as literals, what only conditions read.
    assert!(alike > 600 && fail * 8 < alike, "{alike} agree, {fail} fail only in scripts, {refused} are refused");
}

/// What an expression with known operands comes to in a script, beside the expression itself.
enum Scripted {
    Agrees,
    Differs,
    /// The script fails where the expression gives a value.
    Fails,
    /// No script can say it.
    Refused,
}

/// The expressions of a file as functions of what they read, those that read nothing unknown.
fn script_outcomes(path: &Path) -> Vec<(String, Scripted)> {
    let (text, node) = document(path);
    let file = map(&node);
    let as_of = text::timestamp(scalar(file, "as_of")).unwrap_or_else(|problem| panic!("{}", problem.message));
    let fields = block(&text, "fields:");
    let record = record_of(file);
    let names: Vec<&str> =
        fields.lines().filter_map(|line| line.trim().split_once(": {")).map(|(name, _)| name).collect();
    let mut outcomes = Vec::new();
    for case in list(file, "cases") {
        let (expr, wanted) = (scalar(map(case), "expr"), scalar(map(case), "gives"));
        if wanted.starts_with("refused") || wanted.starts_with("unknown") || wanted.starts_with("record") {
            continue;
        }
        let is_read = |name: &&&str| expr.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == **name);
        let read: Vec<&str> = names.iter().filter(is_read).copied().collect();
        let of: String = fields
            .lines()
            .filter(|line| read.iter().any(|name| line.trim().starts_with(&format!("{name}: {{"))))
            .map(|line| format!("  {}\n", takes_none(line)))
            .collect();
        let gives = match wanted.split_once(' ') {
            Some(("error", _)) => "integer",
            Some(("duration" | "list" | "choice", _)) => continue,
            // An amount that a function gives is rounded.
            Some(("money", amount)) if amount.split_once('.').is_some_and(|(_, cents)| cents.len() > 2) => continue,
            Some((word, _)) => word,
            None => "integer",
        };
        let arguments = read.join(", ");
        let functions = format!(
            "functions:\n  f:\n    of:\n{}    gives: {{type: {gives}, absent: none{}}}\n    script: |\n      fn f({arguments}) {{\n        {expr}\n      }}\n",
            if of.is_empty() { "      {}\n".to_owned() } else { of },
            if gives == "decimal" { ", decimals: 28" } else { "" },
        );
        let found = gives_of(&format!("f({arguments})"), &functions, &fields, &record, as_of);
        let outcome = match found.as_str() {
            found if found == wanted => Scripted::Agrees,
            found if found.starts_with("refused") => Scripted::Refused,
            // Which of its errors a script meets first follows from the order of its steps.
            found if found.starts_with("error") => match wanted.starts_with("error") {
                true => Scripted::Agrees,
                false => Scripted::Fails,
            },
            // Something else that is read is not known.
            found if found.starts_with("unknown") => continue,
            _ => Scripted::Differs,
        };
        outcomes.push((format!("{expr}: {found}, not {wanted}"), outcome));
    }
    outcomes
}

/// A field as a parameter that takes none, and nothing unknown.
fn takes_none(line: &str) -> String {
    let mut said = line.trim_end().trim_end_matches('}').to_owned();
    for absence in [", absent: none", ", absent: unknown"] {
        said = said.replace(absence, "");
    }
    format!("{said}, absent: none}}")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of the corpus can be read").path())
        .collect();
    files.sort();
    files
}

/// Runs files on two threads; outcomes in the order of the files.
fn in_threads<T: Send>(files: &[PathBuf], run: fn(&Path) -> T) -> Vec<T> {
    let (first, second) = files.split_at(files.len() / 2);
    std::thread::scope(|scope| {
        let handle = scope.spawn(|| second.iter().map(|file| run(file)).collect::<Vec<T>>());
        let mut outcomes: Vec<T> = first.iter().map(|file| run(file)).collect();
        outcomes.extend(handle.join().expect("the second thread ends well"));
        outcomes
    })
}

fn document(path: &Path) -> (String, Node) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut sources = Sources::default();
    let mut findings = Findings::default();
    let id = sources.add(path.display().to_string(), text.clone());
    let node = yaml::parse(id, &sources, &mut findings);
    let diagnostics = findings.finish(&sources);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render_short());
    (text, node.expect("the file holds a document"))
}

fn map(node: &Node) -> &Map {
    match &node.kind {
        NodeKind::Map(map) => map,
        _ => panic!("a map was expected"),
    }
}

fn list<'a>(map: &'a Map, key: &str) -> &'a [Node] {
    match map.get(key).map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        _ => panic!("a list `{key}` was expected"),
    }
}

fn scalar<'a>(map: &'a Map, key: &str) -> &'a str {
    map.get(key).and_then(Node::text).unwrap_or_else(|| panic!("`{key}` was expected"))
}

fn run_expressions(path: &Path) -> (usize, Vec<String>) {
    let (text, node) = document(path);
    let file = map(&node);
    let as_of = text::timestamp(scalar(file, "as_of")).unwrap_or_else(|problem| panic!("{}", problem.message));
    let fields = block(&text, "fields:");
    let record = record_of(file);
    let cases = list(file, "cases");
    let mut failures = Vec::new();
    for case in cases {
        let case = map(case);
        let (expr, wanted) = (scalar(case, "expr"), scalar(case, "gives"));
        let found = expression_gives(expr, &fields, &record, as_of);
        if found != wanted {
            failures.push(format!(
                "{}: {expr}\n    gives {found}\n    not   {wanted}",
                path.file_name().unwrap_or_default().display()
            ));
        }
    }
    (cases.len(), failures)
}

fn record_of(file: &Map) -> Raw {
    let mut record = match file.get("record") {
        Some(node) => match Raw::from_node(node) {
            Raw::Map(entries) => entries,
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    record.push(("case_id".to_owned(), Raw::Plain("corpus".to_owned())));
    Raw::Map(record)
}

/// The indented lines below a top-level key.
fn block(text: &str, key: &str) -> String {
    text.lines()
        .skip_while(|line| *line != key)
        .skip(1)
        .take_while(|line| line.starts_with(' ') || line.is_empty())
        .map(|line| format!("    {line}\n"))
        .collect()
}

fn expression_gives(expr: &str, fields: &str, record: &Raw, as_of: chrono::DateTime<chrono::Utc>) -> String {
    gives_of(expr, "", fields, record, as_of)
}

fn gives_of(expr: &str, functions: &str, fields: &str, record: &Raw, as_of: chrono::DateTime<chrono::Utc>) -> String {
    let quoted = expr.replace('\'', "''");
    let rules = format!(
        "{SURROUNDINGS}{functions}records:\n  case:\n    fields:\n      case_id: {{type: text, key: true}}\n{fields}facts:\n  it_gives: '{quoted}'\n"
    );
    let engine = match Engine::from_sources("corpus", [("corpus/pack.yaml", PACK), ("corpus/rules.yaml", &rules)]) {
        Ok(engine) => engine,
        Err(LoadError::Refused(diagnostics)) => {
            let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.slug()).collect();
            codes.dedup();
            return format!("refused {}", codes.join(" "));
        }
        Err(error) => return error.to_string(),
    };
    let decided = match engine.evaluate_raw(record, as_of) {
        Ok(decided) => decided,
        Err(error) => return error.to_string(),
    };
    let parts = engine.parts();
    let Some(fact) = parts.checked.facts.first() else { return "no fact".to_owned() };
    let show = Show { currency_decimals: 2 };
    match &decided.trace().slots[fact.slot.0 as usize] {
        Ok(value) if value.is_none() => "none".to_owned(),
        Ok(value) => format!("{} {}", fact.expr.base.word(), show.text(value)),
        Err(Failure::Unknown(facts)) => format!("unknown {}", facts.join(", ")).trim_end().to_owned(),
        Err(Failure::Error(error)) => format!("error {}", error.code.slug()),
    }
}

/// The packs of the corpus with their cases as tests: the name, and the files by path.
pub(crate) fn packs() -> Vec<(String, Vec<(String, String)>)> {
    files("packs").iter().map(|path| pack_files(path)).collect()
}

/// Adds the files of a pack that lies in a folder, by path.
pub(crate) fn folder(library: &Path, pack: &str, found: &mut Vec<(String, String)>) {
    let mut open = vec![library.join(pack)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry of a pack can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(library).expect("it lies there").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"))));
            }
        }
    }
}

fn pack_files(path: &Path) -> (String, Vec<(String, String)>) {
    let (_, node) = document(path);
    let file = map(&node);
    let files: Vec<(String, String)> = map(file.get("files").expect("a pack has files"))
        .entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.text().unwrap_or("").to_owned()))
        .collect();
    let has_folders = files.iter().any(|(path, _)| path.ends_with("/pack.yaml"));
    let name = if has_folders { "main" } else { "corpus" };
    let mut sources: Vec<(String, String)> = files
        .into_iter()
        .map(|(path, text)| (if has_folders { path } else { format!("corpus/{path}") }, text))
        .collect();
    let mut tests = "tests:\n".to_owned();
    let cases = list(file, "cases");
    for case in cases {
        let case = map(case);
        let as_of = case.get("as_of").or_else(|| file.get("as_of")).and_then(Node::text).expect("a case has an as_of");
        tests.push_str(&format!(
            "  - name: {}\n    as_of: {as_of}\n    given: {}\n    expect: {}\n",
            flow(case.get("name").expect("a case has a name")),
            flow(case.get("record").expect("a case has a record")),
            flow(case.get("expect").expect("a case expects something")),
        ));
        for key in ["state", "attempt", "offer"] {
            if let Some(node) = case.get(key) {
                tests.push_str(&format!("    {key}: {}\n", flow(node)));
            }
        }
    }
    sources.push((format!("{name}/zz-cases.yaml"), tests));
    (name.to_owned(), sources)
}

fn run_pack(path: &Path) -> (usize, Vec<String>) {
    let (name, sources) = pack_files(path);
    let title = path.file_name().unwrap_or_default().display().to_string();
    let engine = match Engine::from_sources(&name, sources) {
        Ok(engine) => engine,
        Err(error) => return (0, vec![format!("{title}: {error}")]),
    };
    let tests = engine.test().tests;
    let failures = tests
        .iter()
        .filter(|test| !test.has_passed())
        .map(|test| format!("{title}: {}\n    {}", test.name, test.failures.join("\n    ")))
        .collect();
    (tests.len(), failures)
}

/// A node as YAML in one line.
pub(crate) fn flow(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Scalar(scalar)
            if scalar.style == Style::Plain && !scalar.snippet.text.contains([',', '[', ']', '{', '}', '#']) =>
        {
            scalar.snippet.text.clone()
        }
        NodeKind::Scalar(scalar) => format!("'{}'", scalar.snippet.text.replace('\'', "''")),
        NodeKind::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(map) => {
            let entries: Vec<String> = map
                .entries
                .iter()
                .map(|entry| format!("'{}': {}", entry.key.replace('\'', "''"), flow(&entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
