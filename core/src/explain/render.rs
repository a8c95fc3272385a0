//! The explanation as text for a terminal.

use super::{Explanation, RowReason, TableReason};

impl Explanation {
    /// The explanation as text: results first, then each row with its reason.
    pub fn to_text(&self) -> String {
        let mut text = format!("case {} as of {}, by {}\n", self.key, self.as_of, self.pack);
        for table in &self.tables {
            text.push('\n');
            render_table(table, &mut text);
        }
        if !self.arms.is_empty() {
            text.push_str("\nexperiments\n");
            let width = self.arms.iter().map(|arm| arm.experiment.chars().count()).max().unwrap_or(0);
            for arm in &self.arms {
                let name = arm.arm.as_deref().unwrap_or("none");
                text.push_str(&format!("  {:<width$}  {name}: {}\n", arm.experiment, arm.reason));
            }
        }
        if !self.facts.is_empty() {
            text.push_str("\nfacts\n");
            let width = self.facts.iter().map(|fact| fact.name.chars().count()).max().unwrap_or(0);
            for fact in &self.facts {
                let said = if fact.text.is_empty() { String::new() } else { format!("  = {}", fact.text) };
                text.push_str(&format!("  {:<width$}  {}{said}\n", fact.name, fact.value));
            }
        }
        if !self.printed.is_empty() {
            text.push_str("\nprinted\n");
            for (function, line) in &self.printed {
                text.push_str(&format!("  {function}: {line}\n"));
            }
        }
        text
    }
}

fn render_table(table: &TableReason, text: &mut String) {
    let results: Vec<String> = table.results.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    text.push_str(&table.id);
    if !results.is_empty() {
        text.push_str(&format!(": {}", results.join(", ")));
    }
    text.push_str(&format!("   ({}, {})\n", table.hit, table.place));
    if let Some(failure) = &table.failure {
        text.push_str(&format!("  no result: {failure}\n"));
    }
    let width = table.rows.iter().map(|row| row.id.chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        text.push_str(&format!("  {} {:<width$}  {}\n", mark(row), row.id, details(row)).replace("  \n", "\n"));
    }
    for miss in &table.near_misses {
        text.push_str(&format!("  near: {miss}\n"));
    }
}

fn mark(row: &RowReason) -> &'static str {
    match row.state {
        "matched" => "+",
        "unknown" => "?",
        "error" => "!",
        _ => "-",
    }
}

fn details(row: &RowReason) -> String {
    let mut parts = Vec::new();
    if !matches!(row.state, "matched" | "not matched" | "unknown" | "error") {
        parts.push(row.state.to_owned());
    }
    if !row.reason.is_empty() {
        parts.push(row.reason.clone());
    }
    if row.state == "matched" {
        parts.extend(row.because.clone());
        if let Some(source) = &row.source {
            parts.push(format!("source: {source}"));
        }
        if let Some(status) = &row.status {
            parts.push(format!("status: {status}"));
        }
        parts.push(format!("at {}", row.place));
    }
    parts.join("; ")
}
