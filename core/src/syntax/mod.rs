//! Sources into spanned documents: YAML nodes, text grids, CSV grids.
//!
//! Takes files, gives [`Node`]s in which every key, scalar and cell knows its place. Knows no rule construct and no
//! type: what the keys mean is `check`'s matter.

pub(crate) mod balance;
pub(crate) mod csv_grid;
pub(crate) mod grid;
pub(crate) mod node;
pub(crate) mod yaml;

pub(crate) use grid::Grid;
pub(crate) use node::{Entry, Map, Node, NodeKind, Style};
