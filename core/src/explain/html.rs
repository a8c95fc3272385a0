//! The explanation as HTML for a page or a notebook. All text of records and rules is escaped.

use super::{Explanation, RowReason, TableReason};

/// Looks that do not depend on the page around.
const STYLE: &str = "\
.recoup{font:13px/1.5 system-ui,sans-serif}.recoup h4{margin:.9em 0 .2em}.recoup table{border-collapse:collapse}\
.recoup td,.recoup th{padding:.1em .8em .1em 0;text-align:left;vertical-align:top}.recoup .matched td{font-weight:600}\
.recoup .unknown td{color:#8a6100}.recoup .error td{color:#b00020}.recoup small{color:#777;font-weight:400}";

impl Explanation {
    /// The explanation as a piece of HTML: one `div`, with its style, without scripts and without links. All text that
    /// came with a record or a pack is escaped.
    pub fn to_html(&self) -> String {
        let mut html = format!("<div class=\"recoup\"><style>{STYLE}</style>");
        element("p", &format!("case {} as of {}, by {}", self.key, self.as_of, self.pack), &mut html);
        for table in &self.tables {
            render_table(table, &mut html);
        }
        let arms = self.arms.iter().map(|arm| {
            let name = arm.arm.as_deref().unwrap_or("none");
            [arm.experiment.clone(), name.to_owned(), arm.reason.clone()]
        });
        section("experiments", arms, &mut html);
        let facts = self.facts.iter().map(|fact| [fact.name.clone(), fact.value.clone(), fact.text.clone()]);
        section("facts", facts, &mut html);
        let printed = self.printed.iter().map(|(function, line)| [function.clone(), line.clone()]);
        section("printed", printed, &mut html);
        html.push_str("</div>");
        html
    }
}

fn render_table(table: &TableReason, html: &mut String) {
    let results: Vec<String> = table.results.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let said = if results.is_empty() { String::new() } else { format!(": {}", results.join(", ")) };
    html.push_str(&format!("<h4>{}{} <small>{}, ", escaped(&table.id), escaped(&said), escaped(table.hit)));
    html.push_str(&format!("{}</small></h4>", escaped(&table.place)));
    if let Some(failure) = &table.failure {
        element("p", &format!("no result: {failure}"), html);
    }
    if !table.rows.is_empty() {
        html.push_str("<table>");
        table.rows.iter().for_each(|row| render_row(row, html));
        html.push_str("</table>");
    }
    for miss in &table.near_misses {
        element("p", &format!("near: {miss}"), html);
    }
}

fn render_row(row: &RowReason, html: &mut String) {
    let class = if matches!(row.state, "matched" | "unknown" | "error") { row.state } else { "other" };
    html.push_str(&format!("<tr class=\"{class}\">"));
    element("td", row.state, html);
    element("td", &row.id, html);
    let because = row.because.iter().filter(|_| row.state == "matched").cloned();
    let reasons: Vec<String> = Some(row.reason.clone()).filter(|reason| !reason.is_empty()).into_iter().collect();
    let reason: Vec<String> = reasons.into_iter().chain(because).collect();
    html.push_str(&format!("<td>{}", escaped(&reason.join("; "))));
    if row.state == "matched" {
        let source = row.source.as_ref().map(|source| format!("source: {source}; ")).unwrap_or_default();
        html.push_str(&format!(" <small>{}at {}</small>", escaped(&source), escaped(&row.place)));
    }
    html.push_str("</td></tr>");
}

/// A heading with rows of cells; nothing where there are none.
fn section<const N: usize>(title: &str, rows: impl Iterator<Item = [String; N]>, html: &mut String) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    html.push_str(&format!("<h4>{title}</h4><table>"));
    for row in rows {
        html.push_str("<tr>");
        row.iter().for_each(|cell| element("td", cell, html));
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

fn element(name: &str, text: &str, html: &mut String) {
    html.push_str(&format!("<{name}>{}</{name}>", escaped(text)));
}

/// Text that stands for itself between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

    use crate::engine::Engine;

    #[test]
    fn text_of_records_and_rules_is_escaped() {
        let pack = r#"
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      name: {type: text}
rules:
  names:
    outputs: {said: text}
    hit: first
    list:
      - {id: named, when: name != "", give: {said: = name}, because: 'a <b>name</b> & more'}
"#;
        let engine = Engine::from_sources("small", [("small/pack.yaml", pack)]).expect("the pack loads");
        let record = r#"{"case_id": "<img src=x onerror='y'>", "name": "<script>\"&"}"#;
        let at = "2026-09-07T18:00:00Z".parse().expect("an instant");
        let html = engine.evaluate(record, at).expect("it is decided").explain().to_html();
        assert!(html.contains("said = &lt;script&gt;"), "{html}");
        assert!(html.contains("case &lt;img src=x onerror=&#39;y&#39;&gt; as of"), "{html}");
        assert!(html.contains("a &lt;b&gt;name&lt;/b&gt; &amp; more"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    }
}
