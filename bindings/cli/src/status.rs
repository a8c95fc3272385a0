//! How a command ends, and the exit status that says so.

use std::fmt::Display;
use std::path::Path;

use recoup::Diagnostics;

use crate::terminal;

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// All is well.
    Good,
    /// Something was found: an error in the pack, a failed test, a refused record.
    Findings,
}

impl Status {
    /// Findings where there are any.
    pub(crate) fn of(has_findings: bool) -> Status {
        if has_findings { Status::Findings } else { Status::Good }
    }

    /// The process's exit status.
    pub(crate) fn exit_status(self) -> u8 {
        match self {
            Status::Good => 0,
            Status::Findings => 1,
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The pack has errors.
    PackRefused(Diagnostics),
    /// Bad usage, or a file that cannot be read or written.
    CouldNotRun(String),
}

impl Stop {
    /// A file that could not be written.
    pub(crate) fn cannot_write(path: &Path, error: &dyn Display) -> Stop {
        Stop::CouldNotRun(format!("cannot write `{}`: {error}", path.display()))
    }

    /// Tells the user, and gives the exit status.
    pub(crate) fn report(self) -> u8 {
        match self {
            Stop::PackRefused(diagnostics) => {
                terminal::tell_raw(&diagnostics.render_text(terminal::colour_of_stderr()));
                terminal::tell("the pack has errors and cannot be used: correct them and try again");
                Status::Findings.exit_status()
            }
            Stop::CouldNotRun(message) => {
                terminal::tell(&format!("error: {message}"));
                COULD_NOT_RUN
            }
        }
    }
}

/// The exit status of a command that could not do its work.
pub(crate) const COULD_NOT_RUN: u8 = 2;
