//! stub
use super::pack::CheckedPack;
use super::tables::CheckedTable;
use crate::diagnostic::Findings;
pub(crate) fn analyse(_table: &CheckedTable, _pack: &CheckedPack, _findings: &mut Findings) {}
