//! Rules with `when` and `unless`: rule lists, escalations, scores.

use chrono::NaiveDate;

use super::facts::quoted;
use super::scope::{Name, Writer};
use crate::check::tables::HitPolicy;
use crate::value::{Duration, Range, Type};

impl Writer {
    /// A rule list as YAML below its name; its outputs are added to the scope.
    pub(super) fn rule_list(&mut self, name: &str, days: &[NaiveDate]) -> String {
        let hit = self.hit_policy(false);
        let outputs = self.outputs(hit);
        let mut text = format!("    hit: {}\n", hit.name());
        if self.random.chance(8) {
            text.push_str("    on_unknown: skip\n");
        }
        text.push_str(&self.outputs_yaml(&outputs, "    "));
        text.push_str("    list:\n");
        let same = hit == HitPolicy::Any && self.random.chance(60);
        let mut given: Vec<String> = Vec::new();
        for index in 0..self.count_of_rules() {
            text.push_str(&self.rule(index, "      ", days));
            if self.random.chance(6) {
                text.push_str("        on_unknown: skip\n");
            }
            if !same || given.is_empty() || self.random.chance(10) {
                given = outputs.iter().map(|output| self.given(output)).collect();
            }
            text.push_str("        give:\n");
            for (output, value) in outputs.iter().zip(&given) {
                // A value that may be none may be left out.
                if !output.field.maybe_none() || self.random.chance(80) || outputs.len() == 1 {
                    text.push_str(&format!("          {}: {}\n", output.field.name, quoted(value)));
                }
            }
            if outputs.iter().all(|output| output.field.maybe_none()) && text.ends_with("give:\n") {
                text.push_str(&format!("          {}: none\n", outputs[0].field.name));
            }
        }
        if hit.is_single() && self.random.chance(55) {
            text.push_str("    otherwise:\n");
            for output in &outputs {
                let value = self.given(output);
                text.push_str(&format!("      {}: {}\n", output.field.name, quoted(&value)));
            }
        }
        self.add_outputs(name, hit, &outputs);
        text
    }

    /// The escalations as YAML below the name of the section.
    pub(super) fn escalations(&mut self, days: &[NaiveDate]) -> String {
        let mut text = String::new();
        for index in 0..self.count_of_rules() {
            text.push_str(&self.rule(index, "  ", days));
            let level = match self.random.below(3) {
                0 => format!("= {}", self.sure(&Type::Integer, 1).text),
                _ => self.random.between(-1, 5).to_string(),
            };
            text.push_str(&format!("    give:\n      level: {}\n", quoted(&level)));
            if self.random.chance(60) {
                let desk = match self.random.below(4) {
                    0 => format!("= {}", self.sure(&Type::Text, 1).text),
                    _ => self.random.pick(&["clerk", "team_lead", "legal"]).to_string(),
                };
                text.push_str(&format!("      assign_to: {}\n", quoted(&desk)));
            }
            if self.random.chance(70) {
                text.push_str(&format!("      due_in: {}\n", quoted(&self.deadline())));
            }
        }
        text
    }

    fn deadline(&mut self) -> String {
        let count = *self.random.pick(&[0, 1, 2, 5, 30, 3_000]);
        match self.random.below(10) {
            0..3 if self.has_calendar => Duration::BusinessDays(count).to_string(),
            3 => Duration::Months(count).to_string(),
            4 => Duration::Exact(count * 3_600).to_string(),
            5..7 => {
                let number = self.expr(&Type::Integer, 1);
                format!("= ({}).days", number.text)
            }
            _ => Duration::Days(count).to_string(),
        }
    }

    /// A score as YAML below its name; its points are added to the scope.
    pub(super) fn score(&mut self, name: &str, days: &[NaiveDate]) -> String {
        let mut text = String::new();
        let is_computed = self.random.chance(40);
        let mut base = Type::Integer;
        for index in 0..self.count_of_rules() {
            text.push_str(&self.rule(index, "    ", days));
            let points = match self.random.below(10) {
                0..4 if is_computed => {
                    base = Type::Decimal;
                    let of = if self.random.chance(50) { Type::Integer } else { Type::Decimal };
                    format!("= {}", self.sure(&of, 2).text)
                }
                4 if is_computed => {
                    base = Type::Decimal;
                    format!("{}.{}", self.random.between(-9, 9), self.random.between(1, 999))
                }
                5 => "0".to_owned(),
                6 if self.random.chance(15) => i64::MAX.to_string(),
                _ => self.random.between(-50, 100).to_string(),
            };
            text.push_str(&format!("      points: {}\n", quoted(&points)));
        }
        self.add(Name { path: name.to_owned(), base, maybe_none: false, range: Range::default(), origin: None });
        text
    }

    fn count_of_rules(&mut self) -> usize {
        if self.random.chance(2) { 70 + self.random.below(70) } else { 1 + self.random.below(9) }
    }

    /// The id, the conditions and the dates of a rule.
    fn rule(&mut self, index: usize, indent: &str, days: &[NaiveDate]) -> String {
        let mut text = format!("{indent}- id: r{index}\n");
        if !self.random.chance(6) {
            let conditions = self.conditions();
            text.push_str(&self.listed("when", &conditions, indent));
        }
        if self.random.chance(18) {
            let conditions: Vec<String> = (0..1 + self.random.below(2)).map(|_| self.question()).collect();
            text.push_str(&self.listed("unless", &conditions, indent));
        }
        if self.random.chance(12) {
            let [from, until] = self.dates(days);
            for (key, date) in [("valid_from", from), ("valid_until", until)] {
                if let Some(date) = date {
                    text.push_str(&format!("{indent}  {key}: {date}\n"));
                }
            }
        }
        text
    }

    fn listed(&mut self, key: &str, conditions: &[String], indent: &str) -> String {
        match conditions {
            [only] if self.random.chance(70) => format!("{indent}  {key}: {}\n", quoted(only)),
            conditions => {
                let lines: String =
                    conditions.iter().map(|condition| format!("{indent}    - {}\n", quoted(condition))).collect();
                format!("{indent}  {key}:\n{lines}")
            }
        }
    }

    /// Conditions of a rule: one to four, sometimes several about one name.
    fn conditions(&mut self) -> Vec<String> {
        let count = 1 + self.random.weighted(&[5, 4, 2, 1]);
        let about = self.named_that(|name| !matches!(name.base, Type::Record(_))).filter(|_| self.random.chance(15));
        (0..count)
            .map(|_| match &about {
                Some(name) => self.question_about(name),
                None => {
                    let depth = self.random.weighted(&[5, 4, 2]);
                    self.condition(depth)
                }
            })
            .collect()
    }
}
