//! `recoup test`: a pack's rule tests, and which rows and rules they make fire.

use std::io::Write;
use std::path::{Path, PathBuf};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use recoup::{TestReport, TestResult};

use crate::pack::PackArguments;
use crate::replacement::Replacement;
use crate::status::{Status, Stop};
use crate::terminal::{print, tell};

/// What `recoup test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    /// Write the results to a file too, as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// List also the tests that passed
    #[arg(short, long)]
    verbose: bool,
}

/// Prints what failed, what no test made fire, and the count.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let junit = arguments.junit.as_deref();
    let engine = match arguments.pack.load_to_use() {
        Ok(engine) => engine,
        Err(stop) => {
            // A report of an earlier run must not stand for this one.
            if let (Some(file), Stop::PackRefused(diagnostics)) = (junit, &stop) {
                write_junit(file, &arguments.pack.pack.to_string_lossy(), [refused_pack(&diagnostics.render_short())])?;
            }
            return Err(stop);
        }
    };
    let report = engine.test();
    if let Some(file) = junit {
        write_junit(file, &engine.pack().name, report.tests.iter().map(junit_case))?;
    }
    if report.tests.is_empty() {
        tell("the pack has no tests: write some under the key `tests` of any of its files");
        return Ok(Status::Good);
    }
    print(&results(&report, arguments.verbose))?;
    Ok(Status::of(report.failed() > 0))
}

fn results(report: &TestReport, lists_passed: bool) -> String {
    let mut text = String::new();
    for test in &report.tests {
        if test.has_passed() {
            if lists_passed {
                text.push_str(&format!("passed  {}  ({})\n", test.name, test.place));
            }
            continue;
        }
        text.push_str(&format!("failed  {}  ({})\n", test.name, test.place));
        for failure in &test.failures {
            text.push_str(&indented(failure));
        }
        if let Some(explanation) = &test.explanation {
            text.push('\n');
            text.push_str(&indented(explanation));
        }
        text.push('\n');
    }
    let uncovered: Vec<_> = report.uncovered().collect();
    let total = report.coverage.len();
    if total > 0 {
        let end = if uncovered.is_empty() { "" } else { "; no test makes these fire:" };
        text.push_str(&format!("{} of {total} rows and rules fired{end}\n", total - uncovered.len()));
        for coverage in uncovered {
            text.push_str(&format!("  {}  ({})\n", coverage.id, coverage.place));
        }
    }
    text.push_str(&format!("{} passed, {} failed\n", report.passed(), report.failed()));
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

fn write_junit(file: &Path, suite_name: &str, cases: impl IntoIterator<Item = TestCase>) -> Result<(), Stop> {
    let mut suite = TestSuite::new(suite_name);
    suite.add_test_cases(cases);
    let mut report = Report::new("recoup test");
    report.add_test_suite(suite);
    let text = report.to_string().map_err(|error| Stop::cannot_write(file, &error))?;
    let mut replacement = Replacement::of(file)?;
    replacement.write_all(text.as_bytes()).map_err(|error| Stop::cannot_write(file, &error))?;
    replacement.finish()
}

fn junit_case(test: &TestResult) -> TestCase {
    let mut status = TestCaseStatus::success();
    if !test.has_passed() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let failures = test.failures.join("\n");
        status.set_message(failures.lines().next().unwrap_or_default());
        let explanation = test.explanation.as_deref().map(|text| format!("\n\n{text}")).unwrap_or_default();
        status.set_description(format!("{}\n{failures}{explanation}", test.place));
    }
    let mut case = TestCase::new(test.name.as_str(), status);
    case.set_classname(file_of(&test.place));
    case
}

fn refused_pack(findings: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message("the pack has errors and cannot be used");
    status.set_description(findings);
    TestCase::new("the pack loads", status)
}

/// The path of `path:line:column`.
fn file_of(place: &str) -> &str {
    place.rsplitn(3, ':').last().unwrap_or(place)
}
