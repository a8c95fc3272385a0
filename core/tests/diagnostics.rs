//! Faulty packs and what is said of them: every file of `tests/diagnostics` is one mistake, with its exact rendering.
//!
//! `UPDATE_EXPECT=1` rewrites the renderings; the codes that a file names are never rewritten.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use recoup::{Code, Colour, Diagnostic, Diagnostics, LoadError, LoadOptions, Severity};

const PACK: &str = "\
pack: broken
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: us-federal
channels: [call, sms, email]
";

const RECORDS: &str = "\
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money, min: 0}
      days_past_due: {type: integer, min: 0}
      product: {type: choice, of: [card, loan, auto]}
      credit_score: {type: integer, min: 300, max: 850, absent: unknown}
      closed_on: {type: date, absent: none}
      opened_on: {type: date}
      disputed: {type: boolean}
      phone: {type: text, absent: none, private: true}
      age: {type: integer, absent: none, decides: false}
      rate_agreed: {type: percent, absent: none}
      contacts:
        type: list
        of:
          at: {type: timestamp, time: true}
          channel: {type: choice, of: channels}
          outcome: {type: choice, of: [no_answer, conversation]}
calendars:
  us-federal: {weekend: [sat, sun], valid_from: 2025-01-01, valid_until: 2028-12-31, holidays: {2026-09-07: Labor Day}}
";

/// What the cases of `contact` have beside: where a debtor may be, and a list with dates.
const CONTACT_RECORDS: &str = "      time_zones: {type: list, of: zone, place: true}
      letters:
        type: list
        of:
          sent_on: {type: date, time: true}
      remarks: {type: list, of: text, absent: unknown}
      blocked_to: {type: date, absent: none}
";

const EXPECTED: &str = "=== expected";

#[test]
fn every_mistake_is_reported_as_its_file_says() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in case_files() {
        cases += 1;
        let text = fs::read_to_string(&path).expect("a case can be read");
        let case = Case::parse(&path, &text);
        let diagnostics = case.load(&LoadOptions::new());
        let rendered = shortened(&diagnostics.render_text(Colour::Never));
        failures.extend(case.wrong_codes(&diagnostics));
        let golden = format!("{}{EXPECTED}\n{rendered}\n", case.source);
        if update {
            fs::write(&path, golden).expect("a golden can be written");
        } else if text != golden {
            failures.push(format!("{}: the rendering differs:\n{rendered}", case.name));
        }
    }
    assert!(cases >= 100, "only {cases} kinds of mistakes");
    assert!(failures.is_empty(), "{} failures in {cases} cases:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn without_the_analysis_nothing_is_missing_but_its_warnings_and_notes() {
    let is_proof = |diagnostic: &&Diagnostic| {
        matches!(
            diagnostic.code,
            Code::Gap
                | Code::Overlap
                | Code::UnreachableRow
                | Code::UnreachableStage
                | Code::DeadEnd
                | Code::CasesWithoutContactPolicy
                | Code::AnalysisLimit
        )
    };
    let mut proofs = 0;
    for path in case_files() {
        let text = fs::read_to_string(&path).expect("a case can be read");
        let case = Case::parse(&path, &text);
        // A folder of its own: the other test loads the same case.
        let case = Case { name: format!("unproved/{}", case.name), ..case };
        let all = case.load(&LoadOptions::new());
        let unproved = case.load(&LoadOptions::new().without_analysis());
        proofs += all.iter().filter(is_proof).count();
        assert!(all.iter().filter(is_proof).all(|proof| proof.severity != Severity::Error), "{}", case.name);
        let rest = |diagnostics: &Diagnostics| {
            diagnostics.iter().filter(|found| !is_proof(found)).cloned().collect::<Vec<Diagnostic>>()
        };
        assert_eq!(rest(&all), rest(&unproved), "{}", case.name);
        if !unproved.has_errors() {
            assert_eq!(unproved.iter().filter(is_proof).count(), 1, "{}: the note that it was skipped", case.name);
        }
    }
    assert!(proofs > 10, "only {proofs} findings of the analysis");
}

#[test]
fn every_code_has_a_case() {
    let mut named = BTreeSet::new();
    for path in case_files() {
        let text = fs::read_to_string(&path).expect("a case can be read");
        named.extend(Case::parse(&path, &text).codes);
    }
    // A pack with more files than the limit would take minutes to write; what needs a host is tested in `host.rs`, and
    // what needs another interpreter where it is.
    let elsewhere =
        ["too-many-files", "wrong-host-function", "unused-host-function", "stand-in", "unsound-interpreter"];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.slug())
        .filter(|slug| !named.contains(*slug) && !elsewhere.contains(slug))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

fn case_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut files = Vec::new();
    for group in fs::read_dir(root).expect("the corpus is there") {
        let group = group.expect("a group can be read").path();
        if group.is_dir() {
            files.extend(
                fs::read_dir(group).expect("a group can be read").map(|file| file.expect("a case can be read").path()),
            );
        }
    }
    files.sort();
    files
}

struct Case {
    name: String,
    /// The file without its golden part.
    source: String,
    codes: BTreeSet<String>,
    files: Vec<(String, Vec<u8>)>,
    links: Vec<(String, String)>,
}

impl Case {
    fn parse(path: &Path, text: &str) -> Case {
        let group = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let name = format!("{group}/{}", path.file_stem().unwrap_or_default().to_string_lossy());
        let source = match text.find(&format!("{EXPECTED}\n")) {
            Some(at) => text[..at].to_owned(),
            None => format!("{}\n", text.trim_end_matches('\n')),
        };
        let mut case =
            Case { name, source: source.clone(), codes: BTreeSet::new(), files: Vec::new(), links: Vec::new() };
        let mut current: Option<(String, String)> = None;
        for line in source.split_inclusive('\n') {
            if let Some(path) = line.strip_prefix("--- ") {
                case.files.extend(current.take().map(|(path, text)| (path, text.into_bytes())));
                current = Some((path.trim().to_owned(), String::new()));
            } else if let Some((_, text)) = &mut current {
                text.push_str(line);
            } else {
                case.directive(line.trim_end());
            }
        }
        case.files.extend(current.map(|(path, text)| (path, text.into_bytes())));
        let mut records = RECORDS.to_owned();
        if case.name.starts_with("contact/") {
            let at = records.find("calendars:").expect("the records end");
            records.insert_str(at, CONTACT_RECORDS);
        }
        for (path, text) in [("pack.yaml", PACK), ("records.yaml", &records)] {
            if !case.files.iter().any(|(known, _)| known == path) {
                case.files.push((path.to_owned(), text.as_bytes().to_vec()));
            }
        }
        case
    }

    fn directive(&mut self, line: &str) {
        let parts = |rest: &str, by: &str| {
            let (path, value) = rest.split_once(by).unwrap_or_else(|| panic!("{}: {line}", self.name));
            (path.trim().to_owned(), value.trim().to_owned())
        };
        if let Some(codes) = line.strip_prefix("codes:") {
            self.codes.extend(codes.split_whitespace().map(str::to_owned));
        } else if let Some(rest) = line.strip_prefix("hex: ") {
            let (path, hex) = parts(rest, "=");
            let bytes = hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal digits"));
            self.files.push((path, bytes.collect()));
        } else if let Some(rest) = line.strip_prefix("symlink: ") {
            self.links.push(parts(rest, "->"));
        } else if let Some(rest) = line.strip_prefix("repeat: ") {
            let (path, value) = parts(rest, "=");
            let fields: Vec<String> = value.split('|').map(|field| field.trim().replace("\\n", "\n")).collect();
            let [count, prefix, unit, suffix] = fields.as_slice() else { panic!("{}: {line}", self.name) };
            let count: usize = count.parse().expect("a count");
            self.files.push((path, format!("{prefix}{}{suffix}", unit.repeat(count)).into_bytes()));
        }
    }

    fn load(&self, options: &LoadOptions) -> Diagnostics {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diagnostics").join(self.name.replace('/', "-"));
        if root.exists() {
            fs::remove_dir_all(&root).expect("an old case can be removed");
        }
        let pack = root.join("broken");
        fs::create_dir_all(&pack).expect("a folder can be made");
        for (path, content) in &self.files {
            let path = pack.join(path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
            fs::write(path, content).expect("a file can be written");
        }
        for (path, target) in &self.links {
            std::os::unix::fs::symlink(target, pack.join(path)).expect("a link can be made");
        }
        let loaded = options.load(&pack);
        fs::remove_dir_all(&root).expect("a case can be removed");
        match loaded {
            Ok(engine) => engine.diagnostics().clone(),
            Err(LoadError::Refused(diagnostics)) => diagnostics,
            Err(LoadError::Unreadable(error)) => panic!("{}: {error}", self.name),
        }
    }

    /// The codes that the file names and that were not reported; the errors that were reported and that it does not name.
    fn wrong_codes(&self, diagnostics: &Diagnostics) -> Vec<String> {
        let mut wrong = Vec::new();
        for code in &self.codes {
            if !diagnostics.iter().any(|diagnostic| diagnostic.code.slug() == code) {
                wrong.push(format!(
                    "{}: `{code}` is not reported:\n{}",
                    self.name,
                    shortened(&diagnostics.render_short())
                ));
            }
        }
        for diagnostic in diagnostics.iter() {
            if diagnostic.severity == Severity::Error && !self.codes.contains(diagnostic.code.slug()) {
                wrong.push(format!(
                    "{}: `{}` is reported too: {}",
                    self.name,
                    diagnostic.code.slug(),
                    shortened(&diagnostic.message)
                ));
            }
        }
        if self.codes.is_empty() {
            wrong.push(format!("{}: the file names no codes", self.name));
        }
        wrong
    }
}

/// Renderings of very long lines are cut, so that goldens stay readable.
fn shortened(text: &str) -> String {
    text.lines()
        .map(|line| {
            let cut: String = line.chars().take(300).collect();
            format!("{}\n", cut.trim_end())
        })
        .collect()
}
