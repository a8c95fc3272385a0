//! `compare`: what recoup costs, as multiples of hand-written Rust, on one machine in one process.
//!
//! Takes the names of sections, all without one; gives a table for each. A section fails where an answer is wrong.

mod arrow;
mod column;
mod course;
mod load;
mod portfolio;
mod report;
mod row;
mod script;
mod scripted;
mod size;
mod stream;

use std::process::ExitCode;

use recoup_benches::Result;

use report::Report;

type Section = fn(&mut Report) -> Result<()>;

const SECTIONS: [(&str, Section); 10] = [
    ("row", row::measure),
    ("column", column::measure),
    ("stream", stream::measure),
    ("arrow", arrow::measure),
    ("size", size::measure),
    ("course", course::measure),
    ("script", script::measure),
    ("scripted", scripted::measure),
    ("load", load::measure),
    ("portfolio", portfolio::measure),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| SECTIONS.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no section `{unknown}`; there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    println!("recoup {}, one thread, {}", env!("CARGO_PKG_VERSION"), report::machine());
    for (name, section) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            let mut report = Report::default();
            if let Err(error) = section(&mut report) {
                eprintln!("{name}: {error}");
                return ExitCode::FAILURE;
            }
            println!("\n{}", report.text(name));
        }
    }
    ExitCode::SUCCESS
}
