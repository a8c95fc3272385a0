//! What the generators of the example data share: seeded random numbers, JSON text, and the cases themselves.
//!
//! `cargo run -p recoup-examples --bin portfolio` and `--bin cards` write the files below `examples/data`. The seed is
//! part of each program, and all arithmetic is on integers, so they write the same bytes on every machine.

pub mod json;
pub mod portfolio;
pub mod random;
