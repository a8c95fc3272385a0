//! A file that takes the place of another only when it is complete.
//!
//! What is written goes to a file beside the target, which is renamed at the end; a run that does not end well leaves
//! the target as it was. A target that is no regular file (a pipe, a device) is written directly.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::status::Stop;

/// A file on its way into its place.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The target as the user named it.
    shown: PathBuf,
    writer: BufWriter<File>,
    /// Nothing where the target is written directly, or is in its place already.
    rename: Option<Rename>,
}

#[derive(Debug)]
struct Rename {
    partial: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Opens the file beside the target.
    pub(crate) fn of(path: &Path) -> Result<Replacement, Stop> {
        let cannot = |error: io::Error| Stop::cannot_write(path, &error);
        let metadata = fs::metadata(path).ok();
        if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Stop::cannot_write(path, &"it is a folder"));
        }
        if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(cannot)?;
            return Ok(Replacement { shown: path.to_owned(), writer: buffered(file), rename: None });
        }
        // A link stays a link: what it leads to is replaced.
        let target = if metadata.is_some() { path.canonicalize().map_err(cannot)? } else { path.to_owned() };
        let Some(name) = target.file_name() else { return Err(Stop::cannot_write(path, &"it does not name a file")) };
        let mut partial_name = OsString::from(".");
        partial_name.push(name);
        partial_name.push(format!(".{}.partial", std::process::id()));
        let partial = target.with_file_name(partial_name);
        let file = File::create(&partial).map_err(cannot)?;
        let rename = Some(Rename { partial, target });
        let replacement = Replacement { shown: path.to_owned(), writer: buffered(file), rename };
        if let Some(metadata) = metadata {
            // What only some may read stays so.
            replacement.writer.get_ref().set_permissions(metadata.permissions()).map_err(cannot)?;
        }
        Ok(replacement)
    }

    /// Puts the file in the target's place.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        self.put_in_place().map_err(|error| Stop::cannot_write(&self.shown, &error))
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Some(rename) = &self.rename {
            self.writer.get_ref().sync_all()?;
            fs::rename(&rename.partial, &rename.target)?;
        }
        self.rename = None;
        Ok(())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(rename) = &self.rename {
            // A file that cannot be removed says by its name what it is.
            let _ = fs::remove_file(&rename.partial);
        }
    }
}

fn buffered(file: File) -> BufWriter<File> {
    BufWriter::with_capacity(1 << 16, file)
}
