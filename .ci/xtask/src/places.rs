//! Where the gate works, and how it runs commands.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

pub(crate) struct Places {
    /// The root of the repository; every command runs here.
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// What the gate writes, in a folder of this process, so that two gates do not meet.
    pub(crate) scratch: PathBuf,
}

impl Places {
    pub(crate) fn new() -> Self {
        let own =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = own.ancestors().nth(2).unwrap_or(&own).to_owned();
        let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        let scratch = target.join("gate").join(std::process::id().to_string());
        Self { root, target, scratch }
    }

    /// Cargo with these arguments, and without the variables that change what the tests do.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).args(arguments.split(' '));
        cargo.env_remove("RECOUP_SOAK").env_remove("UPDATE_EXPECT");
        cargo
    }

    pub(crate) fn recoup(&self, command: &str) -> Command {
        let name = format!("recoup{}", std::env::consts::EXE_SUFFIX);
        let mut recoup = Command::new(self.target.join("release").join(name));
        recoup.current_dir(&self.root).arg(command);
        recoup
    }
}

/// Runs a command whose output the user sees.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs a command that has to end with this status; returns what it printed, and shows it only when it did not.
pub(crate) fn run_quietly(command: &mut Command, expected: i32) -> Outcome<String> {
    let output = command.output().map_err(|error| format!("cannot start {}: {error}", shown(command)))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(expected) {
        return Ok(printed);
    }
    eprint!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("{} ended with {}, not {expected}", shown(command), output.status))
}

pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args()).map(|word| word.to_string_lossy());
    format!("`{}`", words.collect::<Vec<_>>().join(" "))
}

pub(crate) fn empty_folder(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| cannot("remove", folder, &error))?;
    }
    fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))
}

/// The names of the files of a folder, without text for people.
pub(crate) fn data_files(folder: &Path) -> Outcome<BTreeSet<OsString>> {
    let files = entries(folder)?.into_iter().filter(|path| path.is_file());
    let data = files.filter(|path| path.extension().is_none_or(|extension| extension != "md"));
    Ok(data.filter_map(|path| path.file_name().map(OsString::from)).collect())
}

/// The paths in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Outcome<BTreeSet<PathBuf>> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    list().map_err(|error| cannot("list", folder, &error))
}

pub(crate) fn bytes(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| cannot("read", path, &error))
}

pub(crate) fn text(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| cannot("read", path, &error))
}

pub(crate) fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} `{}`: {error}", path.display())
}
