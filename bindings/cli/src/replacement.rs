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
    /// As the user named it.
    shown: PathBuf,
    /// The file beside the target and the target itself; nothing where the target is written directly.
    partial: Option<(PathBuf, PathBuf)>,
    writer: Option<BufWriter<File>>,
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
            return Ok(Replacement::writing(path, None, file));
        }
        // A link stays a link: what it leads to is replaced.
        let target = if metadata.is_some() { path.canonicalize().map_err(cannot)? } else { path.to_owned() };
        let Some(name) = target.file_name() else { return Err(Stop::cannot_write(path, &"it does not name a file")) };
        let mut partial_name = OsString::from(".");
        partial_name.push(name);
        partial_name.push(format!(".{}.partial", std::process::id()));
        let partial = target.with_file_name(partial_name);
        let file = File::create(&partial).map_err(cannot)?;
        if let Some(metadata) = metadata {
            // A target that only some may read must not become readable to all; where that fails, the run does.
            fs::set_permissions(&partial, metadata.permissions()).map_err(cannot)?;
        }
        Ok(Replacement::writing(path, Some((partial, target)), file))
    }

    fn writing(path: &Path, partial: Option<(PathBuf, PathBuf)>, file: File) -> Replacement {
        Replacement { shown: path.to_owned(), partial, writer: Some(BufWriter::with_capacity(1 << 16, file)) }
    }

    /// Puts the file in the target's place.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        self.put_in_place().map_err(|error| Stop::cannot_write(&self.shown, &error))
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some((partial, target)) = &self.partial {
            file.sync_all()?;
            drop(file);
            fs::rename(partial, target)?;
            self.partial = None;
        }
        Ok(())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(writer) => writer.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some((partial, _)) = &self.partial {
            self.writer = None;
            // What is left behind has a name that says what it is.
            let _ = fs::remove_file(partial);
        }
    }
}
