//! The pack that a command is about.

use std::path::{Path, PathBuf};

use recoup::{Engine, LoadError, LoadOptions, Severity};

use crate::status::Stop;
use crate::terminal::{counted, tell};

/// Which pack, and where its bases are.
#[derive(Debug, clap::Args)]
pub(crate) struct PackArguments {
    /// The pack's folder
    #[arg(value_name = "PACK")]
    pub(crate) pack: PathBuf,
    /// The folder in which the pack's bases are found by name [default: the pack's parent folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) library: Option<PathBuf>,
}

impl PackArguments {
    /// Loads the pack; findings are the caller's matter.
    pub(crate) fn load(&self) -> Result<Engine, LoadError> {
        let library = self.library.clone().unwrap_or_else(|| parent(&self.pack));
        // There is no host here: what it would supply is unknown, unless a test says it.
        LoadOptions::new().library(library).with_stand_ins().load(&self.pack)
    }

    /// Loads the pack for a command that cannot go on without it. Warnings are only mentioned.
    pub(crate) fn load_to_use(&self) -> Result<Engine, Stop> {
        let engine = self.load().map_err(|error| match error {
            LoadError::Refused(diagnostics) => Stop::PackRefused(diagnostics),
            LoadError::Unreadable(error) => Stop::CouldNotRun(error.to_string()),
        })?;
        let warnings = engine.diagnostics().count(Severity::Warning);
        if warnings > 0 {
            tell(&format!("the pack has {}: see `recoup check {}`", counted(warnings, "warning"), self.pack.display()));
        }
        Ok(engine)
    }
}

/// The parent folder, also of `.` and `..`, whose paths do not name it.
fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if folder.file_name().is_some() && !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) if folder.file_name().is_some() => PathBuf::from("."),
        _ => folder.join(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_the_parent_folder_however_the_pack_is_named() {
        for (folder, library) in [
            ("us", "."),
            ("us/", "."),
            ("./us", "."),
            ("rules/us", "rules"),
            (".", "./.."),
            ("..", "../.."),
            ("us/..", "us/../.."),
            ("/rules/us", "/rules"),
        ] {
            assert_eq!(parent(Path::new(folder)), Path::new(library), "{folder}");
        }
    }
}
