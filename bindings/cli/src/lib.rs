//! The `recoup` command, as a library.
//!
//! ```text
//! recoup new DIR        a small working pack to start from
//! recoup check PACK     all findings about a pack
//! recoup test PACK      a pack's rule tests, and which rows and rules they make fire
//! recoup run PACK       the decisions of a portfolio
//! recoup explain PACK   why one case is decided as it is
//! recoup contact PACK   whether one contact may be made
//! recoup offer PACK     what becomes of one offer to settle
//! recoup pay PACK       what collectors and their teams earned
//! recoup schema PACK    the JSON Schema of a case or a decision
//! ```
//!
//! Takes arguments; gives an exit status: 0 good, 1 findings (an error in the pack, a failed test, a refused record),
//! 2 could not run. Holds no rule logic. Never ends the process, so that a host may call [`main`].
#![deny(missing_docs)]

mod check;
mod contact;
mod explain;
mod new;
mod offer;
mod pay;
mod run;
mod schema;
mod test;

// What the commands share.
mod cases;
mod one_case;
mod pack;
mod portfolio;
mod problem_kinds;
mod refusals;
mod replacement;
mod states;
mod status;
mod summary;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use status::{Status, Stop};

/// Runs the command that the arguments say; the first of them is the program's own name.
///
/// Writes to the standard streams. Reads the clock once, where a command that takes `--as-of` is not given it.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(exit_status(args))
}

/// As [`main`], for a host that is no program by itself: the exit status as a number, 0, 1 or 2.
pub fn exit_status(args: impl IntoIterator<Item = OsString>) -> u8 {
    let outcome = match CommandLine::try_parse_from(args) {
        Ok(command_line) => command_line.command.carry_out(),
        Err(usage) => {
            // Help and versions arrive here too. Where they cannot be printed there is nobody to tell.
            let _ = usage.print();
            return if usage.use_stderr() { status::COULD_NOT_RUN } else { Status::Good.exit_status() };
        }
    };
    match outcome {
        Ok(status) => status.exit_status(),
        Err(stop) => stop.report(),
    }
}

/// A rules engine for debt collections.
#[derive(Debug, Parser)]
#[command(
    name = "recoup",
    bin_name = "recoup",
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 good; 1 findings (an error in the pack, a failed test, a refused record); 2 could not run."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a small working pack to start from
    New(new::Arguments),
    /// Show all findings about a pack
    Check(check::Arguments),
    /// Run a pack's rule tests, and say which rows and rules they make fire
    Test(test::Arguments),
    /// Decide the cases of a file: one line of JSON each
    Run(run::Arguments),
    /// Explain the decision of one case
    Explain(explain::Arguments),
    /// Judge one contact by the pack's contact policies
    Contact(contact::Arguments),
    /// Judge one offer by the pack's settlement
    Offer(offer::Arguments),
    /// Work out what collectors and their teams earned: one line of JSON each
    Pay(pay::Arguments),
    /// Print the JSON Schema of a case or a decision
    Schema(schema::Arguments),
}

impl Command {
    fn carry_out(&self) -> Result<Status, Stop> {
        match self {
            Command::New(arguments) => new::carry_out(arguments),
            Command::Check(arguments) => check::carry_out(arguments),
            Command::Test(arguments) => test::carry_out(arguments),
            Command::Run(arguments) => run::carry_out(arguments),
            Command::Explain(arguments) => explain::carry_out(arguments),
            Command::Contact(arguments) => contact::carry_out(arguments),
            Command::Offer(arguments) => offer::carry_out(arguments),
            Command::Pay(arguments) => pay::carry_out(arguments),
            Command::Schema(arguments) => schema::carry_out(arguments),
        }
    }
}
