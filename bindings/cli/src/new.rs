//! `recoup new`: a small working pack to start from.
//!
//! The pack is the folder `starter/` of this crate, with its name replaced.

use std::fs;
use std::path::{Path, PathBuf};

use crate::status::{Status, Stop};
use crate::terminal::print;

/// What `recoup new` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder to make, whose name becomes the pack's name
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const FILES: [(&str, &str); 4] = [
    ("pack.yaml", include_str!("../starter/pack.yaml")),
    ("rules.yaml", include_str!("../starter/rules.yaml")),
    ("tests.yaml", include_str!("../starter/tests.yaml")),
    ("README.md", include_str!("../starter/README.md")),
];

/// The name that the files of `starter/` have in the pack's place.
const PLACEHOLDER: &str = "starter";

/// Makes the pack, and says what to run next.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let folder = &arguments.folder;
    let shown = folder.display();
    let name = pack_name(folder)?;
    if folder.exists() {
        let mut entries = fs::read_dir(folder)
            .map_err(|error| Stop::CouldNotRun(format!("cannot read the folder `{shown}`: {error}")))?;
        if entries.next().is_some() {
            return Err(Stop::CouldNotRun(format!("`{shown}` is not empty: name a folder that does not exist yet")));
        }
    }
    fs::create_dir_all(folder).map_err(|error| Stop::cannot_write(folder, &error))?;
    for (file, content) in FILES {
        let path = folder.join(file);
        fs::write(&path, renamed(file, content, &name)).map_err(|error| Stop::cannot_write(&path, &error))?;
    }
    // As a shell takes it for one word.
    let word = if shown.to_string().contains(' ') { format!("\"{shown}\"") } else { shown.to_string() };
    print(&format!("made the pack `{name}` in `{shown}`\nnext, run:\n  recoup check {word}\n  recoup test {word}\n"))?;
    Ok(Status::Good)
}

/// The name of the folder, which is the pack's name.
fn pack_name(folder: &Path) -> Result<String, Stop> {
    let real = if folder.exists() { folder.canonicalize().ok() } else { Some(folder.to_owned()) };
    let name = real.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else {
        return Err(Stop::CouldNotRun(format!("`{}` does not name a folder", folder.display())));
    };
    let is_id = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !is_id {
        return Err(Stop::CouldNotRun(format!(
            "`{name}` cannot be the name of a pack: use only the letters a to z, digits, `_` and `-`"
        )));
    }
    Ok(name)
}

fn renamed(file: &str, content: &str, name: &str) -> String {
    if file.ends_with(".yaml") {
        content.replace(&format!("pack: {PLACEHOLDER}\n"), &format!("pack: {}\n", yaml(name)))
    } else {
        content.replace(PLACEHOLDER, name)
    }
}

/// The name as YAML text: in quotes where YAML could take it for a number or a word of its own.
fn yaml(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(
            name.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_plain { name.to_owned() } else { format!("\"{name}\"") }
}
