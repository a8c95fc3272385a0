//! Scripts that mean harm: each ends as an error of the rule that calls it, in little time and little memory, and no
//! other case of the batch notices.
//!
//! Each file of `hostile/` says in its first line what must come: `// expect: script-limit` (the code of the error),
//! `// expect: value` or `// expect: unknown`, or `// expect: load syntax-error` where the script must be refused when
//! the pack loads. Its second line says what the message (or the value, or the name of what is not known) must hold:
//! `// says: ...`. A file is decided on a thread with the small stack that threads have by default, with good cases
//! before and after it.
//!
//! Time is that of the thread on a processor, since tests share their machine. Memory is the most that the process had
//! resident, over what it had before the first hostile script: what one script never gives back counts for the next.
//! Both are read where Linux tells them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use recoup::{Answer, Decision, Engine, LoadError};

/// The pack of the hostile script; `bystander` is a script beside it.
const PACK: &str = "
pack: hostile
version: 1.0.0
format: 1
currency: EUR
time_zone: Europe/Berlin
records:
  case:
    fields:
      case_id: {type: text, key: true}
      n: {type: integer}
      word: {type: text}
      items:
        type: list
        of:
          amount: {type: money}
          due: {type: date}
          share: {type: percent, absent: unknown}
functions:
  bystander:
    of: {n: integer, items: {type: list, of: {amount: {type: money}, due: {type: date}, share: {type: percent, absent: unknown}}}}
    gives: money
    script: |
      fn bystander(n, items) {
        let sum = n;
        for item in items {
          if item.amount > 1 { sum += item.amount; }
        }
        sum + items.filter(|item| item.amount > n).map(|item| item.amount).sum()
      }
  hostile:
    of: {n: integer, items: {type: list, of: {amount: {type: money}, due: {type: date}, share: {type: percent, absent: unknown}}}, word: text}
    gives: money
    script: hostile.rhai
facts:
  good: bystander(n, items)
  bad: hostile(n, items, word)
tables:
  asked:
    hit: first
    outputs: {good: money, bad: {type: money, absent: none}}
    grid: |
      | row       | n    | then good | then bad |
      |-----------|------|-----------|----------|
      | hostile   | 13   | = good    | = bad    |
      | otherwise |      | = good    | none     |
";

/// What stands in the place of the hostile script where the good cases are decided without it.
const HARMLESS: &str = "fn hostile(n, items, word) { n }";

/// The most memory that scripts may take, in KiB.
const MEMORY: u64 = 64 * 1024;

/// The longest that loading the pack and deciding its cases may take.
const LONGEST: Duration = Duration::from_secs(1);

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What a file must come to.
struct Expected<'a> {
    outcome: &'a str,
    says: &'a str,
}

/// What a file came to.
struct Came {
    outcome: String,
    says: String,
    good: Vec<String>,
}

/// What a file took: time, and KiB over what was resident before all.
struct Measured {
    took: Duration,
    memory: u64,
}

#[test]
fn hostile_scripts_are_contained() {
    let usual = std::panic::take_hook();
    let runner = std::thread::current().id();
    // Panics that are caught count too; those of this test itself are told as ever.
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == runner {
            return usual(info);
        }
        PANICS.fetch_add(1, Ordering::Relaxed);
        println!("a panic: {info}");
    }));
    let only = std::env::var("HOSTILE").ok();
    let files = scripts();
    assert!(files.len() >= 65, "there are {} hostile scripts", files.len());
    let (_, harmless) = measured(0, || run(HARMLESS));
    let before = resident("VmRSS");
    let mut faults = String::new();
    let mut measures = Vec::new();
    for file in files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a script can be read");
        let expected = expected(&text);
        let panics = PANICS.load(Ordering::Relaxed);
        let (measure, came) = measured(before, || run(&text));
        let (says, milliseconds) = (shortened(&came.says), measure.took.as_millis());
        println!("{name}: {milliseconds} ms, {} KiB: {}: {says}", measure.memory, came.outcome);
        for fault in faults_of(&expected, &came, &harmless, &measure) {
            let _ = writeln!(faults, "{name}: {fault}");
        }
        if PANICS.load(Ordering::Relaxed) > panics {
            let _ = writeln!(faults, "{name}: a panic");
        }
        measures.push((name, measure));
    }
    let slowest = measures.iter().max_by_key(|(_, measure)| measure.took);
    let largest = measures.iter().max_by_key(|(_, measure)| measure.memory);
    for (what, worst) in [("slowest", slowest), ("largest", largest)] {
        if let Some((name, measure)) = worst {
            println!("{what}: {name}, {} ms, {} KiB", measure.took.as_millis(), measure.memory);
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.sort();
    files
}

fn expected(text: &str) -> Expected<'_> {
    let mut lines = text.lines();
    let outcome = lines.next().and_then(|line| line.strip_prefix("// expect: ")).expect("line 1 says what must come");
    let says = lines.next().and_then(|line| line.strip_prefix("// says: ")).expect("line 2 says what the message says");
    Expected { outcome, says }
}

/// What is wrong with what a file came to.
fn faults_of(expected: &Expected<'_>, came: &Came, harmless: &Came, measure: &Measured) -> Vec<String> {
    let mut faults = Vec::new();
    if came.outcome != expected.outcome || !came.says.contains(expected.says) {
        let says = shortened(&came.says);
        faults.push(format!(
            "`{}: {}` is expected, it came to `{}: {says}`",
            expected.outcome, expected.says, came.outcome
        ));
    }
    if !came.outcome.starts_with("load") && came.good != harmless.good {
        faults.push("the good cases differ".to_owned());
    }
    for inside in ["::", "i64", "Dynamic", "ImmutableString", "Engine", "rhai", "Rhai", "FnPtr", "anon$", "get$"] {
        if came.says.contains(inside) {
            faults.push(format!("`{inside}` is no word for a message: {}", shortened(&came.says)));
        }
    }
    if came.says.len() > 600 {
        faults.push(format!("a message of {} bytes", came.says.len()));
    }
    if measure.took > LONGEST {
        faults.push(format!("{} ms", measure.took.as_millis()));
    }
    if measure.memory > MEMORY {
        faults.push(format!("{} KiB", measure.memory));
    }
    faults
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Runs this on a thread of its own, with the stack that threads have by default.
fn measured(before: u64, work: impl FnOnce() -> Came + Send) -> (Measured, Came) {
    // Sets the most that was resident back to what is; where that is refused, the most of all files is told for each.
    let _ = fs::write("/proc/self/clear_refs", "5");
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let timed = || {
            let start = Instant::now();
            let came = work();
            let on_processor = fs::read_to_string("/proc/thread-self/schedstat").ok();
            let nanoseconds = on_processor.and_then(|text| text.split(' ').next()?.parse().ok());
            (nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos), came)
        };
        let (took, came) = thread.spawn_scoped(scope, timed).expect("a thread starts").join().expect("it ends well");
        (Measured { took, memory: resident("VmHWM").saturating_sub(before) }, came)
    })
}

/// What the process has resident, in KiB: now (`VmRSS`), or at the most (`VmHWM`).
fn resident(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Loads the pack with a script and decides a case that calls it between cases that do not.
fn run(script: &str) -> Came {
    let engine = match Engine::from_sources("hostile", [("hostile/pack.yaml", PACK), ("hostile/hostile.rhai", script)])
    {
        Ok(engine) => engine,
        Err(LoadError::Refused(diagnostics)) => {
            let first = diagnostics.iter().next().expect("a refusal has a reason");
            let help = first.help.as_deref().map_or(String::new(), |help| format!(" (help: {help})"));
            let outcome = format!("load {}", first.code.slug());
            return Came { outcome, says: format!("{}{help}", first.message), good: Vec::new() };
        }
        Err(error) => panic!("{error}"),
    };
    let as_of = "2026-09-10T12:00:00Z".parse().expect("an instant");
    let mut good = Vec::new();
    let mut hostile = None;
    for n in [1, 2, 13, 3] {
        let share = if n == 13 { "" } else { r#", "share": 7"# };
        let record = format!(
            r#"{{"case_id": "A{n}", "n": {n}, "word": "spam and ham", "items": [
                {{"amount": 10, "due": "2026-01-02"{share}}}, {{"amount": {n}.50, "due": "2026-03-04", "share": 5}}]}}"#
        );
        let decision = engine.evaluate(&record, as_of).expect("the record is valid").decision;
        good.push(format!("{n}: {:?}", decision.get("asked.good")));
        if n == 13 {
            hostile = Some(decision);
        }
    }
    let (outcome, says) = outcome(&hostile.expect("a case is hostile"));
    Came { outcome, says, good }
}

fn outcome(decision: &Decision) -> (String, String) {
    match decision.get("asked.bad").expect("the pack has this output") {
        Answer::Known(text) => ("value".to_owned(), text),
        Answer::None => ("value".to_owned(), "none".to_owned()),
        Answer::Unknown(facts) => ("unknown".to_owned(), facts.join(", ")),
        Answer::Error(code) => {
            let error = decision.errors().iter().find(|error| error.code == code).expect("the error is told");
            (code.slug().to_owned(), error.message.clone())
        }
    }
}
