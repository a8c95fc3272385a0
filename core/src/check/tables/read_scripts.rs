//! Scripts in place of rows, out of the document.

use std::sync::Arc;

use super::Annotations;
use super::read::{RawRow, RawTable, TableReader};
use crate::check::arms;
use crate::diagnostic::{Code, Finding};
use crate::syntax::{Node, NodeKind};
use crate::value::Field;

impl TableReader<'_> {
    /// A row that is a script, behind those that are written out.
    pub(super) fn script_row(&mut self, table: &mut RawTable, node: &Node) {
        // Nothing can be said of which cases it leaves.
        table.is_sound = false;
        let name = table.id.rsplit('/').next().unwrap_or("").to_owned();
        let Some(script) = self.scripting.of_rule(node, &name, self.findings) else { return };
        let row = RawRow {
            id: Arc::from(format!("{}/script", table.id)),
            span: node.span,
            conditions: Vec::new(),
            outputs: table.outputs.iter().map(|_| None).collect(),
            annotations: Annotations::default(),
            skips_unknown: false,
            script: Some(script),
        };
        let same = table.rows.iter().find(|known| known.id == row.id);
        if let Some(same) = same {
            let message = "the id `script` is that of the row that the script is";
            self.findings.push(
                Finding::error(Code::DuplicateId, same.span, message)
                    .also(node.span, "the script")
                    .help("give the row another id"),
            );
        }
        table.rows.push(row);
    }

    /// A rule that is a script: it gives what `give` does not.
    pub(super) fn scripted(&mut self, row: &mut RawRow, script: &Node, give: Option<&Node>, outputs: &[Field]) {
        let given = |output: &Field| match give.map(|give| &give.kind) {
            Some(NodeKind::Map(map)) => map.get(&output.name).is_some(),
            _ => false,
        };
        let own: Vec<Field> = outputs.iter().filter(|output| given(output)).cloned().collect();
        let mut values = give.map_or_else(Vec::new, |give| self.give(Some(give), give.span, &own, "give")).into_iter();
        row.outputs = outputs.iter().map(|output| if given(output) { values.next().flatten() } else { None }).collect();
        if own.len() == outputs.len() {
            let message = "`give` says all outputs, and leaves none to the script";
            self.findings.push(Finding::error(Code::UnknownKey, script.span, message).help(
                "take those out of `give` that the script gives, or write the script as a function: `when: f(..)`",
            ));
        }
        let id = arms::plain(row.id.rsplit('/').next().unwrap_or("")).to_owned();
        row.script = self.scripting.of_rule(script, &id, self.findings);
    }
}
