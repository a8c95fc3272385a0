//! The guide in `rules/README.md`: its blocks add up to packs that load and whose tests pass.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use recoup::LoadOptions;

#[test]
fn every_block_of_the_guide_loads_and_its_tests_pass() {
    let files = blocks();
    for pack in ["guide", "guide-overlay"] {
        let engine = match LoadOptions::new().with_stand_ins().from_sources(pack, files.clone()) {
            Ok(engine) => engine,
            Err(error) => panic!("{pack}: {error}"),
        };
        assert!(
            engine.diagnostics().iter().all(|found| found.severity != recoup::Severity::Warning),
            "{}",
            engine.diagnostics().render_short()
        );
        let report = engine.test();
        assert!(!report.tests.is_empty(), "{pack} has tests");
        let failures: Vec<String> = report
            .tests
            .iter()
            .filter(|test| !test.has_passed())
            .map(|test| format!("{}: {}\n{}", test.place, test.name, test.failures.join("\n")))
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

#[test]
fn the_guide_names_every_function() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/README.md");
    let text = fs::read_to_string(page).expect("the guide can be read");
    let missing: Vec<String> = recoup::function_reference()
        .into_iter()
        .filter(|function| {
            !text.contains(&format!("{}(", function.name)) && !text.contains(&format!(".{}", function.name))
        })
        .map(|function| function.signature)
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// The blocks fenced as ```yaml title=PATH, by path in the library; the same path again is appended.
fn blocks() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/README.md");
    let text = fs::read_to_string(page).expect("the guide can be read");
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut indent = String::new();
    for line in text.lines() {
        match (&current, line.trim_start().strip_prefix("```")) {
            (None, Some(fence)) => {
                indent = line.chars().take_while(|c| *c == ' ').collect();
                let title = fence.split_whitespace().find_map(|word| word.strip_prefix("title="));
                current = Some(title.map_or(String::new(), |title| match title.strip_prefix("../") {
                    Some(other) => other.to_owned(),
                    None => format!("guide/{title}"),
                }));
            }
            (Some(_), Some(_)) => current = None,
            (Some(path), None) if !path.is_empty() => {
                let file = files.entry(path.clone()).or_default();
                // A block in a list stands further to the right.
                file.push_str(line.strip_prefix(indent.as_str()).unwrap_or(line));
                file.push('\n');
            }
            _ => {}
        }
    }
    assert!(files.len() > 10, "the guide has {} files", files.len());
    files
}
