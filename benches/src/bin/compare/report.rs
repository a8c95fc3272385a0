//! Lines of a section, and how they are printed.

use std::fs;

/// The lines of a section.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<[String; 3]>,
}

impl Report {
    /// A time for one case, and how many times another it is.
    pub fn time(&mut self, what: &str, nanoseconds: f64, times: Option<(f64, &str)>) {
        let times = times.map_or_else(String::new, |(ratio, other)| format!("{} {other}", multiple(ratio)));
        self.lines.push([what.to_owned(), time(nanoseconds), times]);
    }

    /// How many times one thing is another.
    pub fn ratio(&mut self, what: &str, ratio: f64, other: &str) {
        self.lines.push([what.to_owned(), String::new(), format!("{} {other}", multiple(ratio))]);
    }

    /// Any other measure.
    pub fn number(&mut self, what: &str, number: String) {
        self.lines.push([what.to_owned(), number, String::new()]);
    }

    /// The section as a table.
    pub fn text(&self, section: &str) -> String {
        let mut text =
            format!("| {section:<52} | {:>12} | {:<28} |\n|{:-<54}|{:->13}:|{:-<30}|\n", "", "times", "", "", "");
        for [what, measure, times] in &self.lines {
            text.push_str(&format!("| {what:<52} | {measure:>12} | {times:<28} |\n"));
        }
        text
    }
}

/// The processor where the system names it, and the platform.
pub fn machine() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = information
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(':'))
        .map_or("an unnamed processor", |(_, name)| name.trim());
    format!("{name}, {}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

fn multiple(ratio: f64) -> String {
    if ratio >= 100.0 { format!("{ratio:.0} ×") } else { format!("{ratio:.2} ×") }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 100.0 => format!("{short:.1} ns"),
        short if short < 10_000.0 => format!("{short:.0} ns"),
        middle if middle < 10_000_000.0 => format!("{:.1} µs", middle / 1e3),
        long => format!("{:.1} ms", long / 1e6),
    }
}
