//! What a reviewer would look for in the tree: arrows between stages, front pages, lengths, words that must not stand.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The stages in the order of the data; each uses only what stands before it. The first ones are a kernel that all use.
const KERNEL: [&str; 7] = ["source", "diagnostic", "value", "error", "pack_identity", "calendar", "finance"];
const STAGES: [&str; 16] = [
    "load", "syntax", "language", "record", "state", "check", "families", "plan", "eval", "conduct", "input",
    "decision", "explain", "testing", "engine", "arrow",
];

/// The longest source file; longer ones say in their `//!` why.
const LINES: usize = 600;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

fn each_file(check: impl Fn(&str, &str)) {
    let mut found = Vec::new();
    files(&source(), &mut found);
    assert!(found.len() > 50, "the crate has {} files", found.len());
    for path in found {
        let text = fs::read_to_string(&path).expect("a file can be read");
        let name = path.strip_prefix(source()).expect("it lies in src").to_string_lossy().replace('\\', "/");
        check(&name, &text);
    }
}

#[test]
fn stages_use_only_what_stands_before_them() {
    let rank = |name: &str| STAGES.iter().position(|stage| *stage == name);
    each_file(|name, text| {
        let stage = name.split(['/', '.']).next().unwrap_or("");
        let tests = name.contains("differential")
            || ["generated", "laws", "trials"].contains(&stage)
            || ["corpus.rs", "agreement.rs", "lib.rs"].contains(&name);
        if tests {
            return;
        }
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
        for used in
            code.split("crate::").skip(1).filter_map(|rest| rest.split([':', ';', ',', '{', ' ', '(', '.']).next())
        {
            if KERNEL.contains(&stage) {
                assert!(KERNEL.contains(&used) || rank(used).is_none(), "{name} (kernel) uses the stage {used}");
            } else if let (Some(own), Some(other)) = (rank(stage), rank(used)) {
                assert!(other <= own, "{name} uses {used}, which stands after it");
            }
        }
    });
}

#[test]
fn every_file_begins_with_what_it_is() {
    each_file(|name, text| assert!(text.starts_with("//!"), "{name} has no front page"));
}

#[test]
fn files_are_of_a_length_that_can_be_read() {
    each_file(|name, text| {
        let says_why =
            text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("Long because"));
        assert!(text.lines().count() <= LINES || says_why, "{name} has {} lines", text.lines().count());
    });
}

#[test]
fn no_binary_float_stands_in_the_core() {
    each_file(|name, text| {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let has = line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "f64" || word == "f32");
            assert!(!has || line.contains("visit_f64"), "{name}: {line}");
        }
    });
}
