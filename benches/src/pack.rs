//! Policies as a rule pack: takes policies and tables, gives the YAML files that an analyst would write.
//!
//! The first policy's segmentation is the pack's; those of further policies are tables, which their settlements read.

use std::fmt::Write as _;

use crate::policy::{Condition, Field, Kind, Policy, ROLES, Test};

/// The name of every pack that is written here.
pub const NAME: &str = "bench";

/// Files by their paths, as `Engine::from_sources` takes them.
pub type Sources = Vec<(String, String)>;

/// The pack that decides by all policies at once. They share the fields of the first.
pub fn of_policies(policies: &[Policy]) -> Sources {
    let mut escalations = String::from("escalations:\n");
    let mut sources = Vec::new();
    for (copy, policy) in policies.iter().enumerate() {
        let suffix = suffix(copy);
        if copy == 0 {
            sources.push(file("pack.yaml", header()));
            sources.push(file("case.yaml", record(policy, &[])));
            sources.push(file("segmentation.yaml", segmentation(policy).text("", "segmentation")));
        }
        let mut text = String::from("tables:\n");
        if copy > 0 {
            text.push_str(&segmentation(policy).text("  ", &format!("segmentation{suffix}")));
        }
        text.push_str(&settlement(policy, copy).text("  ", &format!("settlement{suffix}")));
        text.push_str(&incentive(policy).text("  ", &format!("incentive{suffix}")));
        text.push_str(&transition(policy).text("  ", &format!("transition{suffix}")));
        sources.push(file(&format!("tables{suffix}.yaml"), text));
        for rule in &policy.triggers {
            escalations.push_str(&escalation(policy, &rule.then.0, &rule.conditions, copy));
        }
    }
    sources.push(file("escalations.yaml", escalations));
    sources
}

/// The pack of a policy without its stages and transitions, for a workflow that says them.
pub fn without_stages(policy: &Policy) -> Sources {
    let mut escalations = String::from("escalations:\n");
    for rule in &policy.triggers {
        escalations.push_str(&escalation(policy, &rule.then.0, &rule.conditions, 0));
    }
    let tables = settlement(policy, 0).text("  ", "settlement") + &incentive(policy).text("  ", "incentive");
    vec![
        file("pack.yaml", header() + "channels: [call, sms, email, letter]\n"),
        file("case.yaml", record(policy, &["stage", "days_in_stage"])),
        file("segmentation.yaml", segmentation(policy).text("", "segmentation")),
        file("tables.yaml", format!("tables:\n{tables}")),
        file("escalations.yaml", escalations),
    ]
}

/// How a pack says a fee beside its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// As an expression.
    Expression,
    /// By a script that runs without an interpreter.
    Lowered,
    /// By a script that says the same with an assignment, which an interpreter runs.
    Interpreted,
}

/// The pack of a policy with a fee that all cases pay: `fee.due`.
pub fn with_fee(policy: &Policy, fee: Fee) -> Sources {
    let steps = match fee {
        Fee::Expression => None,
        Fee::Lowered => Some(
            "      let part = min(balance * 2.percent, 40);\n      \
             if days_past_due > 90 and broken_promises > 1 { part + 15 } else { part }\n",
        ),
        Fee::Interpreted => Some(
            "      let part = min(balance * 2.percent, 40);\n      \
             if days_past_due > 90 and broken_promises > 1 { part += 15; }\n      part\n",
        ),
    };
    let fact = match steps {
        Some(_) => "fee_of(balance, days_past_due, broken_promises)",
        None => {
            "min(balance * 2.percent, 40) + (if days_past_due > 90 and broken_promises > 1 { money(15) } else { money(0) })"
        }
    };
    let function = steps.map_or_else(String::new, |steps| {
        format!(
            "functions:\n  fee_of:\n    of: {{balance: money, days_past_due: integer, broken_promises: integer}}\n    \
             gives: money\n    script: |\n      fn fee_of(balance, days_past_due, broken_promises) {{\n{steps}      }}\n"
        )
    });
    let table = "tables:\n  fee:\n    outputs: {due: money}\n    grid: |\n      | row | then due |\n      |---|---|\n      \
                 | otherwise | = fee_due |\n";
    let mut sources = of_policies(std::slice::from_ref(policy));
    sources.push(file("fee.yaml", format!("{function}facts:\n  fee_due: {fact}\n{table}")));
    sources
}

/// A pack of one first-hit table, `large.row`, whose result is the number of the row that holds, or 0.
pub fn of_one_table(policy: &Policy, rows: &[Vec<Condition>]) -> Sources {
    let mut table = Table::new("    row: integer\n".to_owned());
    for (number, conditions) in rows.iter().enumerate() {
        let number = number + 1;
        table.rows.push(row(policy, 0, format!("r{number}"), conditions).then("row", number.to_string()));
    }
    table.rows.push(Row::otherwise().then("row", "0".to_owned()));
    vec![
        file("pack.yaml", header()),
        file("case.yaml", record(policy, &[])),
        file("tables.yaml", format!("tables:\n{}", table.text("  ", "large"))),
    ]
}

/// The id of a trigger's escalation.
pub fn escalation_id(trigger: &str, copy: usize) -> String {
    format!("{}{}", trigger.trim_start_matches("T_").to_lowercase(), suffix(copy).replace('_', "-"))
}

/// What the name of a table of a copy ends in; the first copy has plain names.
pub fn suffix(copy: usize) -> String {
    if copy == 0 { String::new() } else { format!("_{}", copy + 1) }
}

/// A file of the pack.
pub fn file(name: &str, text: String) -> (String, String) {
    (format!("{NAME}/{name}"), text)
}

fn header() -> String {
    format!(
        "pack: {NAME}\nversion: 1.0.0\nformat: 1\ntitle: The policy of the benchmarks\ncurrency: USD\n\
         time_zone: America/New_York\n"
    )
}

// The record.

/// The record, without the fields of these names.
fn record(policy: &Policy, without: &[&str]) -> String {
    let mut text =
        String::from("records:\n  case:\n    fields:\n      case_id:\n        type: text\n        key: true\n");
    for field in policy.case_fields().iter().filter(|field| !without.contains(&field.name.as_str())) {
        let _ = writeln!(text, "      {}:", field.name);
        match &field.kind {
            Kind::Money => text.push_str("        type: money\n"),
            Kind::Integer => text.push_str("        type: integer\n"),
            Kind::Thousandths => text.push_str("        type: decimal\n        decimals: 3\n"),
            Kind::Boolean => text.push_str("        type: boolean\n"),
            Kind::Choice(names) => {
                text.push_str("        type: choice\n        of:\n");
                text.push_str(&items("          ", names));
            }
        }
        if let Some((min, max)) = limits(field) {
            let _ = writeln!(text, "        min: {min}\n        max: {max}");
        }
    }
    text
}

/// The least and greatest value that a record may hold: what is plausible in collections, well beyond the cases.
fn limits(field: &Field) -> Option<(&'static str, &'static str)> {
    Some(match (&field.kind, field.name.as_str()) {
        (Kind::Money, _) => ("0", "1000000"),
        (Kind::Thousandths, _) => ("0", "1"),
        (Kind::Integer, "credit_score") => ("0", "1000"),
        (Kind::Integer, name) if name.ends_with("_7d") || name.ends_with("_promises") => ("0", "100"),
        (Kind::Integer, _) => ("0", "10000"),
        _ => return None,
    })
}

fn items(indent: &str, names: &[impl AsRef<str>]) -> String {
    names.iter().fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "{indent}- {}", name.as_ref());
        text
    })
}

// The tables.

fn segmentation(policy: &Policy) -> Table {
    let mut table = Table::new(choice_output("segment", segments(policy)));
    for (number, rule) in policy.segmentation.iter().enumerate() {
        let segment = policy.fields.last().map_or_else(String::new, |field| field.kind.text(rule.then.0));
        let row = row(policy, 0, format!("g{}", number + 1), &rule.conditions);
        table.rows.push(row.then("segment", segment));
    }
    table
}

fn settlement(policy: &Policy, copy: usize) -> Table {
    let mut table = Table::new(format!("    discount_bps: integer\n{}", choice_output("role", &ROLES)));
    for (number, rule) in policy.settlement.iter().enumerate() {
        let row = row(policy, copy, format!("s{}", number + 1), &rule.conditions);
        table
            .rows
            .push(row.then("discount_bps", rule.then.basis_points.to_string()).then("role", rule.then.role.clone()));
    }
    table.rows.push(Row::otherwise().then("discount_bps", "0".to_owned()).then("role", "NONE".to_owned()));
    table
}

fn incentive(policy: &Policy) -> Table {
    let mut table = Table::new("    incentive:\n      type: money\n      rounding: down\n".to_owned());
    for (number, rule) in policy.incentive.iter().enumerate() {
        let row = row(policy, 0, format!("i{}", number + 1), &rule.conditions);
        let part = format!("= balance * 0.{:04}", rule.then.0);
        table.rows.push(row.then("incentive", part.trim_end_matches('0').to_owned()));
    }
    table
}

fn transition(policy: &Policy) -> Table {
    let stages = policy.choices("stage").unwrap_or_default();
    let mut table = Table::new(choice_output("next_stage", stages));
    for (number, rule) in policy.transitions.iter().enumerate() {
        let mut row = row(policy, 0, format!("t{}", number + 1), &rule.conditions);
        row.cells.insert(0, ("stage".to_owned(), rule.then.from.clone()));
        table.rows.push(row.then("next_stage", rule.then.to.clone()));
    }
    table.rows.push(Row::otherwise().then("next_stage", "= stage".to_owned()));
    table
}

/// A first-hit table on its way.
struct Table {
    /// The outputs, as lines of YAML.
    outputs: String,
    rows: Vec<Row>,
}

/// A row of a table: cells by their columns.
struct Row {
    id: String,
    cells: Vec<(String, String)>,
    then: Vec<(String, String)>,
}

impl Row {
    fn otherwise() -> Row {
        Row { id: "otherwise".to_owned(), cells: Vec::new(), then: Vec::new() }
    }

    fn then(mut self, output: &str, text: String) -> Row {
        self.then.push((format!("then {output}"), text));
        self
    }

    fn cell(&self, column: &str) -> &str {
        let cell = self.cells.iter().chain(&self.then).find(|(known, _)| known == column);
        cell.map_or("", |(_, text)| text)
    }
}

impl Table {
    fn new(outputs: String) -> Table {
        Table { outputs, rows: Vec::new() }
    }

    fn text(&self, indent: &str, name: &str) -> String {
        let mut text = format!("{name}:\n  hit: first\n  outputs:\n");
        text.push_str(&self.outputs);
        text.push_str("  grid: |\n");
        let mut columns: Vec<&str> = Vec::new();
        for (column, _) in self.rows.iter().flat_map(|row| &row.cells).chain(self.rows.iter().flat_map(|row| &row.then))
        {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        let lines: Vec<Vec<&str>> = [std::iter::once("row").chain(columns.iter().copied()).collect()]
            .into_iter()
            .chain(self.rows.iter().map(|row| {
                std::iter::once(row.id.as_str()).chain(columns.iter().map(|column| row.cell(column))).collect()
            }))
            .collect();
        let widths: Vec<usize> = (0..=columns.len())
            .map(|place| lines.iter().filter_map(|line| line.get(place)).map(|cell| cell.len()).max().unwrap_or(0))
            .collect();
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} |"));
            let _ = writeln!(text, "    |{}", cells.collect::<String>());
            if number == 0 {
                let _ = writeln!(
                    text,
                    "    |{}",
                    widths.iter().map(|width| format!("{:-<1$}|", "", width + 2)).collect::<String>()
                );
            }
        }
        text.lines().map(|line| format!("{indent}{line}\n")).collect()
    }
}

fn row(policy: &Policy, copy: usize, id: String, conditions: &[Condition]) -> Row {
    // A row for all that is left is called so.
    let id = if conditions.is_empty() { "otherwise".to_owned() } else { id };
    let cells = conditions
        .iter()
        .filter_map(|condition| {
            let field = policy.fields.get(condition.field)?;
            Some((column(policy, condition.field, copy), cell(&field.kind, &condition.test)))
        })
        .collect();
    Row { id, cells, then: Vec::new() }
}

/// The name of a field's column; the segment of a copy comes from the copy's table.
fn column(policy: &Policy, field: usize, copy: usize) -> String {
    let name = policy.fields.get(field).map_or("", |field| &field.name);
    if copy > 0 && field == policy.segment_field() {
        return format!("segmentation{}.{name}", suffix(copy));
    }
    name.to_owned()
}

fn cell(kind: &Kind, test: &Test) -> String {
    match test {
        Test::Range { low: Some(low), high: Some(high) } => {
            format!("{} to under {}", kind.text(*low), kind.text(*high))
        }
        Test::Range { low: Some(low), high: None } => format!(">= {}", kind.text(*low)),
        Test::Range { low: None, high: Some(high) } => format!("< {}", kind.text(*high)),
        Test::Range { low: None, high: None } => String::new(),
        Test::In(values) => values.iter().map(|value| kind.text(*value)).collect::<Vec<_>>().join(", "),
        Test::Is(wanted) => wanted.to_string(),
    }
}

fn choice_output(name: &str, values: &[impl AsRef<str>]) -> String {
    format!("    {name}:\n      type: choice\n      of:\n{}", items("        ", values))
}

fn segments(policy: &Policy) -> &[String] {
    policy.choices("segment").unwrap_or_default()
}

// The escalations.

fn escalation(policy: &Policy, trigger: &str, conditions: &[Condition], copy: usize) -> String {
    let mut text = format!("  - id: {}\n    when:\n", escalation_id(trigger, copy));
    for line in expressions(policy, conditions) {
        let _ = writeln!(text, "      - {line}");
    }
    text.push_str("    give:\n      level: 1\n      assign_to: team_lead\n      due_in: 2 days\n");
    let _ = writeln!(text, "    because: the trigger {trigger} of the policy");
    text
}

/// Conditions as expressions.
pub fn expressions<'a>(policy: &'a Policy, conditions: &'a [Condition]) -> impl Iterator<Item = String> + 'a {
    let fields = conditions.iter().filter_map(|condition| Some((policy.fields.get(condition.field)?, condition)));
    fields.map(|(field, condition)| expression(field, &condition.test))
}

fn expression(field: &Field, test: &Test) -> String {
    let Field { name, kind } = field;
    match test {
        Test::Range { low, high } => {
            let low = low.map(|low| format!("{name} >= {}", kind.text(low)));
            let high = high.map(|high| format!("{name} < {}", kind.text(high)));
            low.into_iter().chain(high).collect::<Vec<_>>().join(" and ")
        }
        Test::In(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("\"{}\"", kind.text(*value))).collect();
            format!("{name} in [{}]", values.join(", "))
        }
        Test::Is(true) => name.clone(),
        Test::Is(false) => format!("not {name}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pack_in_files_is_the_one_that_is_written_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        for (path, text) in of_policies(&[Policy::committed().unwrap()]) {
            let path = folder.join(path);
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", path.display());
        }
    }
}
