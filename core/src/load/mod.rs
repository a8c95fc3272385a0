//! Folders and memory into the files of packs. The only stage that reads rule files.
//!
//! Takes the name of a pack and a library; gives paths and texts. Limits sizes, keeps paths inside the pack's folder
//! (symbolic links resolved), and reports what cannot be read. Knows no YAML.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Code, Finding, Findings};
use crate::error::Error;
use crate::source::{SourceId, Sources};

/// The largest rule file, in bytes.
pub(crate) const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// The most files in one pack.
pub(crate) const FILES: usize = 10_000;
/// How deep folders may nest.
const FOLDER_DEPTH: usize = 16;

/// Where packs are found by name.
#[derive(Clone, Debug)]
pub(crate) enum Library {
    /// One pack in its own folder; its bases are folders of another.
    Folder { name: String, root: PathBuf, bases: PathBuf },
    /// Files by `PACK/path`.
    Memory(BTreeMap<String, Vec<u8>>),
}

/// The files of one pack, read and registered as sources.
#[derive(Debug, Default)]
pub(crate) struct PackFiles {
    /// By path inside the pack, with `/`; sorted.
    pub(crate) files: BTreeMap<String, SourceId>,
    /// Files that are there but could not be used; already reported.
    pub(crate) refused: Vec<String>,
}

impl Library {
    /// Whether the library has a pack of this name.
    pub(crate) fn has(&self, pack: &str) -> bool {
        match self {
            Library::Folder { .. } => is_plain_name(pack) && self.folder(pack).is_dir(),
            Library::Memory(files) => files.keys().any(|path| path.starts_with(&format!("{pack}/"))),
        }
    }

    /// Whether the library has a folder by this path.
    pub(crate) fn has_folder(&self, path: &str) -> bool {
        match self {
            Library::Folder { .. } => self.folder(path).is_dir(),
            Library::Memory(files) => files.keys().any(|file| file.starts_with(&format!("{path}/"))),
        }
    }

    /// The names of the folders in a folder of the library, sorted.
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        match self {
            Library::Folder { name, root, bases } => {
                let bases = bases.join(folder);
                Library::Folder { name: name.clone(), root: root.clone(), bases }.names()
            }
            Library::Memory(files) => {
                let inside = files.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
                let mut names: Vec<String> =
                    inside.filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned())).collect();
                names.dedup();
                names
            }
        }
    }

    fn folder(&self, pack: &str) -> PathBuf {
        match self {
            Library::Folder { name, root, .. } if name == pack => root.clone(),
            Library::Folder { bases, .. } => bases.join(pack),
            Library::Memory(_) => PathBuf::new(),
        }
    }

    /// The names of all packs of the library, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Library::Folder { bases, .. } => fs::read_dir(bases)
                .into_iter()
                .flatten()
                .filter_map(|entry| {
                    let entry = entry.ok()?;
                    entry.path().is_dir().then(|| entry.file_name().to_string_lossy().into_owned())
                })
                .collect(),
            Library::Memory(files) => {
                files.keys().filter_map(|path| path.split_once('/').map(|(pack, _)| pack.to_owned())).collect()
            }
        };
        names.sort();
        names.dedup();
        names
    }

    /// The files of a pack.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub(crate) fn read(&self, pack: &str, sources: &mut Sources, findings: &mut Findings) -> Result<PackFiles, Error> {
        let mut found: Vec<(String, Result<Vec<u8>, Refusal>)> = Vec::new();
        match self {
            Library::Memory(files) => {
                let prefix = format!("{pack}/");
                for (path, bytes) in files {
                    if let Some(inside) = path.strip_prefix(&prefix) {
                        found.push((inside.to_owned(), Ok(bytes.clone())));
                    }
                }
            }
            Library::Folder { .. } => {
                let root = self.folder(pack);
                let real_root = root
                    .canonicalize()
                    .map_err(|error| Error::new(format!("cannot read the pack `{}`: {error}", root.display())))?;
                walk(&root, &real_root, "", 0, &mut found)
                    .map_err(|error| Error::new(format!("cannot read the pack `{}`: {error}", root.display())))?;
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let mut files = PackFiles::default();
        for (index, (path, content)) in found.into_iter().enumerate() {
            let shown = format!("{pack}/{path}");
            // Spreadsheets are no text; the table that names one says so.
            let content = if path.ends_with(".xlsx") { Ok(Vec::new()) } else { content };
            if index >= FILES {
                let id = sources.add(shown, "");
                let message = format!("the pack has more than {FILES} files");
                findings.push(Finding::error(Code::TooManyFiles, sources.head(id), message));
                break;
            }
            match content.map(String::from_utf8) {
                Ok(Ok(text)) => {
                    let id = sources.add(shown, text);
                    files.files.insert(path, id);
                }
                Ok(Err(error)) => {
                    let good = error.utf8_error().valid_up_to();
                    let bytes = error.into_bytes();
                    let id = sources.add(shown, String::from_utf8_lossy(bytes.get(..good).unwrap_or(&[])));
                    let span = sources.span(id, good, good);
                    findings.push(
                        Finding::error(Code::NotUtf8, span, format!("this file is not UTF-8 text (byte {good})"))
                            .help("save it as UTF-8"),
                    );
                    files.refused.push(path);
                }
                Err(refusal) => {
                    let id = sources.add(shown, "");
                    findings.push(refusal.finding(sources.head(id)));
                    files.refused.push(path);
                }
            }
        }
        Ok(files)
    }
}

/// Whether a name of a pack is a name, not a path.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) && !name.contains(['/', '\\'])
}

/// Why a file was not read.
enum Refusal {
    TooLarge(u64),
    Unreadable(String),
    Outside,
}

impl Refusal {
    fn finding(self, span: crate::source::Span) -> Finding {
        match self {
            Refusal::TooLarge(bytes) => Finding::error(
                Code::FileTooLarge,
                span,
                format!("this file has {bytes} bytes, the limit is {FILE_BYTES}"),
            )
            .help("split it; case data belongs in `--cases`, not in the pack"),
            Refusal::Unreadable(reason) => {
                Finding::error(Code::UnreadableFile, span, format!("this file cannot be read: {reason}"))
            }
            Refusal::Outside => Finding::error(Code::PathOutsidePack, span, "this link leads out of the pack's folder")
                .help("copy the file into the pack"),
        }
    }
}

fn walk(
    folder: &Path,
    real_root: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, Result<Vec<u8>, Refusal>)>,
) -> std::io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let real = match entry.path().canonicalize() {
            Ok(real) => real,
            Err(error) => {
                found.push((path, Err(Refusal::Unreadable(error.kind().to_string()))));
                continue;
            }
        };
        if !real.starts_with(real_root) {
            found.push((path, Err(Refusal::Outside)));
            continue;
        }
        let metadata = fs::metadata(&real)?;
        if metadata.is_dir() {
            if depth < FOLDER_DEPTH && found.len() <= FILES {
                walk(&entry.path(), real_root, &format!("{path}/"), depth + 1, found)?;
            } else {
                found.push((path, Err(Refusal::Unreadable(format!("folders nest deeper than {FOLDER_DEPTH}")))));
            }
        } else if is_document(&name) {
            // People's texts beside the rules: never read.
        } else if !metadata.is_file() {
            found.push((path, Err(Refusal::Unreadable("it is no file".to_owned()))));
        } else if found.len() > FILES {
            return Ok(());
        } else if metadata.len() > FILE_BYTES {
            found.push((path, Err(Refusal::TooLarge(metadata.len()))));
        } else {
            let mut content = Vec::new();
            let read = fs::File::open(&real).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut content));
            let content = read.map(|_| content).map_err(|error| Refusal::Unreadable(error.kind().to_string()));
            found.push((path, content));
        }
    }
    Ok(())
}

/// Files for people, which may lie in a pack without being named.
pub(crate) fn is_document(name: &str) -> bool {
    name.ends_with(".md") || name == "LICENSE"
}

/// The path inside the pack that `named` means, seen from the pack's folder; nothing where it leaves the pack.
pub(crate) fn inside(named: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if named.contains('\\') {
        return None;
    }
    for component in Path::new(named).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// The pack's name in a library, for the folder of a pack and the folder of its bases: without one, the folder that the
/// pack lies in.
///
/// # Errors
/// When a folder is not there, or has no name.
pub(crate) fn locate(folder: &Path, bases: Option<&Path>) -> Result<(String, Library), Error> {
    let real = |path: &Path, what: &str| {
        if path.exists() && !path.is_dir() {
            return Err(Error::new(format!("cannot read the {what}: `{}` is not a folder", path.display())));
        }
        path.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(format!("cannot read the {what}: `{}` does not exist", path.display()))
            }
            _ => Error::new(format!("cannot read the {what} `{}`: {error}", path.display())),
        })
    };
    let root = real(folder, "pack")?;
    let name = root.file_name().and_then(|name| name.to_str());
    let Some(name) = name else {
        return Err(Error::new(format!("`{}` is not the folder of a pack", folder.display())));
    };
    let bases = match bases {
        Some(bases) => real(bases, "library")?,
        None => root.parent().unwrap_or(&root).to_path_buf(),
    };
    Ok((name.to_owned(), Library::Folder { name: name.to_owned(), root, bases }))
}
