//! How a pack is loaded, for hosts that want more than [`Engine::load`]. Holds no logic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::{Engine, LoadError};
use crate::host::{IntoHostFunction, Supplied};
use crate::load::{self, Library};
use crate::script::ScriptLimits;

/// How a pack is loaded: where its bases are, whether it is analysed, what the host supplies, what scripts may use.
///
/// # The analysis
///
/// A load checks a pack, then analyses it. The check finds every error. The analysis proves what it can about tables:
/// gaps, overlaps, rows that never decide. It adds warnings and notes only, so it never decides whether a pack can be
/// used, and decisions are the same with it and without. For large packs it is about half of the time of a load.
///
/// A host that loads a pack again and again, which was released after a full load, may skip it:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use recoup::{Code, LoadOptions};
///
/// let files = [("small/pack.yaml", r#"
/// pack: small
/// version: 1.0.0
/// format: 1
/// currency: USD
/// time_zone: America/New_York
/// records:
///   case:
///     fields:
///       case_id: {type: text, key: true}
///       balance: {type: money}
/// segmentation:
///   outputs: {segment: [large, small]}
///   grid: |
///     | row   | balance | then segment |
///     |-------|---------|--------------|
///     | large | >= 5000 | large        |
///     | small | < 4000  | small        |
/// "#)];
/// let codes = |engine: &recoup::Engine| engine.diagnostics().iter().map(|found| found.code).collect::<Vec<_>>();
///
/// let analysed = LoadOptions::new().from_sources("small", files)?;
/// assert_eq!(codes(&analysed), [Code::Gap]);
///
/// let released = LoadOptions::new().without_analysis().from_sources("small", files)?;
/// assert_eq!(codes(&released), [Code::AnalysisLimit]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    library: Option<PathBuf>,
    settings: Settings,
}

/// What a load is made with, beside the files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) analysis: Analysis,
    pub(crate) limits: ScriptLimits,
    pub(crate) supplied: Supplied,
}

/// Whether the tables of a pack are analysed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Analysis {
    #[default]
    Run,
    Skip,
}

impl LoadOptions {
    /// The options of [`Engine::load`]: bases lie beside the pack, and it is analysed.
    pub fn new() -> LoadOptions {
        LoadOptions::default()
    }

    /// Finds bases by name in this folder, not in the one that the pack lies in. Packs from memory have their own.
    #[must_use]
    pub fn library(self, folder: impl AsRef<Path>) -> LoadOptions {
        LoadOptions { library: Some(folder.as_ref().to_path_buf()), ..self }
    }

    /// Leaves the analysis out. [`Engine::diagnostics`] then has a note that says so: that no gap is reported does not
    /// mean that there is none.
    #[must_use]
    pub fn without_analysis(self) -> LoadOptions {
        LoadOptions { settings: Settings { analysis: Analysis::Skip, ..self.settings }, ..self }
    }

    /// Supplies a function that packs call by this name; see [`host`](crate::host). One of the same name takes the place
    /// of the one before.
    #[must_use]
    pub fn function<A>(mut self, name: impl Into<String>, function: impl IntoHostFunction<A>) -> LoadOptions {
        self.settings.supplied.functions.insert(name.into(), function.into_host_function());
        self
    }

    /// Stands in for functions that the host does not supply, for tools that have no host: what they give is unknown,
    /// unless a rule test says what it is. Without this a pack that needs such a function is refused.
    #[must_use]
    pub fn with_stand_ins(mut self) -> LoadOptions {
        self.settings.supplied.stands_in = true;
        self
    }

    /// Sets what a call of a script may use.
    #[must_use]
    pub fn limits(mut self, limits: ScriptLimits) -> LoadOptions {
        self.settings.limits = limits;
        self
    }

    /// Loads the pack in a folder.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load(&self, folder: impl AsRef<Path>) -> Result<Engine, LoadError> {
        let (name, library) = load::locate(folder.as_ref(), self.library.as_deref()).map_err(LoadError::Unreadable)?;
        Engine::compile(&library, &name, &self.settings)
    }

    /// Loads a pack from memory, as [`Engine::from_sources`] does.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn from_sources<P, C>(&self, pack: &str, files: impl IntoIterator<Item = (P, C)>) -> Result<Engine, LoadError>
    where
        P: Into<String>,
        C: Into<Vec<u8>>,
    {
        let files: BTreeMap<String, Vec<u8>> =
            files.into_iter().map(|(path, content)| (path.into(), content.into())).collect();
        Engine::compile(&Library::Memory(files), pack, &self.settings)
    }
}
