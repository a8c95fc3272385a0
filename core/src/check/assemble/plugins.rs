//! Plugins: folders of functions that a pack names with the versions that it takes.
//!
//! Takes `plugins` of the pack and its bases; adds what each declares to the pack's own functions. A plugin lies in the
//! folder `plugins` of the library. What lies in its folder `example` shows it in use, and is a pack of its own.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::Assembler;
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::error::Error;
use crate::load::{self, PackFiles};
use crate::source::Snippet;
use crate::syntax::node::{MapReader, Style};
use crate::syntax::{Entry, Map, Node, NodeKind, yaml};

/// The folder of the library in which plugins lie.
const FOLDER: &str = "plugins";
/// What a plugin says about itself.
const MANIFEST: &str = "plugin.yaml";
/// The key under which a function's plugin stands.
pub(crate) const PLUGIN: &str = "@plugin";

impl Assembler<'_> {
    /// Adds the functions of the plugins that a document names. Whether one was refused.
    pub(super) fn plugins(&mut self, root: &mut Map) -> Result<bool, Error> {
        let Some(NodeKind::Map(named)) = root.get("plugins").map(|node| node.kind.clone()) else {
            return Ok(false);
        };
        let mut lacks_one = false;
        for plugin in &named.entries {
            match self.plugin(plugin)? {
                Some(functions) => self.add_functions(root, functions, plugin),
                None => lacks_one = true,
            }
        }
        Ok(lacks_one)
    }

    /// The functions of one plugin; nothing where it cannot be used.
    fn plugin(&mut self, named: &Entry) -> Result<Option<Map>, Error> {
        let name = named.key.as_str();
        let path = format!("{FOLDER}/{name}");
        if !load::is_plain_name(name) || !self.library.has_folder(&path) {
            let names = self.library.names_in(FOLDER);
            let help = did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
                format!("put its folder into `{FOLDER}` of the library: the folder beside the pack, or `--library`")
            });
            let message = format!("the library has no plugin `{name}`");
            self.findings.push(Finding::error(Code::UnknownPlugin, named.key_span, message).help(help));
            return Ok(None);
        }
        let mut files = self.library.read(&path, self.sources, self.findings)?;
        files.files.retain(|path, _| !path.starts_with("example/"));
        let Some(source) = files.files.get(MANIFEST).copied() else {
            let message = format!("the plugin `{name}` has no `{MANIFEST}`");
            let help = "it says the name, the version and the functions of the plugin";
            self.findings.push(Finding::error(Code::UnknownPlugin, named.key_span, message).help(help));
            return Ok(None);
        };
        self.digested.push((format!("{path}/{MANIFEST}"), source));
        let Some(document) = yaml::parse(source, self.sources, self.findings) else { return Ok(None) };
        let what = format!("the plugin `{name}`");
        let Some(mut reader) = MapReader::new(&document, &what, self.findings) else { return Ok(None) };
        let own_name = reader.required("plugin", self.findings);
        let version = reader.required("version", self.findings);
        reader.optional("title", self.findings);
        let functions = reader.required("functions", self.findings);
        reader.finish(self.findings);
        if let Some(node) = own_name.filter(|node| node.text() != Some(name)) {
            let message = format!("this plugin calls itself another name than its folder, `{name}`");
            self.findings
                .push(Finding::error(Code::UnknownPlugin, node.span, message).help(format!("write `plugin: {name}`")));
        }
        let fits = version.is_some_and(|version| self.fits(named, version));
        let functions = functions.and_then(|node| node.as_map("`functions`", self.findings)).cloned();
        let (Some(mut functions), true) = (functions, fits) else { return Ok(None) };
        self.plugin_scripts(&path, &files, &mut functions);
        Ok(Some(functions))
    }

    /// Whether a plugin has a version that the pack takes.
    fn fits(&mut self, named: &Entry, version: &Node) -> bool {
        let Some(range) = named.value.as_text("the versions of a plugin", self.findings) else { return false };
        let Some(own) = version.as_text("`version`", self.findings) else { return false };
        let range = match VersionReq::parse(range) {
            Ok(range) => range,
            Err(error) => {
                let message = format!("`{range}` says no versions: {error}");
                let help = "write such as `^1.2`: from 1.2.0 on, below 2.0.0";
                self.findings.push(Finding::error(Code::PluginVersion, named.value.span, message).help(help));
                return false;
            }
        };
        match Version::parse(own) {
            Ok(own) if range.matches(&own) => true,
            Ok(own) => {
                let message = format!("the plugin `{}` has the version {own}, and the pack takes {range}", named.key);
                self.findings.push(
                    Finding::error(Code::PluginVersion, named.value.span, message)
                        .also(version.span, "its version")
                        .help("take this version, or put another one into the library"),
                );
                false
            }
            Err(error) => {
                let message = format!("`{own}` is no version: {error}");
                self.findings
                    .push(Finding::error(Code::PluginVersion, version.span, message).help("write such as `1.2.0`"));
                false
            }
        }
    }

    /// Puts the scripts of a plugin's files in the places of their names.
    fn plugin_scripts(&mut self, path: &str, files: &PackFiles, functions: &mut Map) {
        let mut used: BTreeSet<String> = BTreeSet::from([MANIFEST.to_owned()]);
        for function in &mut functions.entries {
            if let NodeKind::Map(map) = &mut function.value.kind {
                self.script_file(path, files, map, &mut used);
            }
        }
        self.unused(files, &used);
    }

    fn add_functions(&mut self, root: &mut Map, functions: Map, plugin: &Entry) {
        if !root.entries.iter().any(|entry| entry.key == "functions") {
            let value = Node { span: plugin.key_span, kind: NodeKind::Map(Map::default()) };
            root.entries.push(Entry { key: "functions".to_owned(), key_span: plugin.key_span, value });
        }
        let own = root.entries.iter_mut().find(|entry| entry.key == "functions").map(|entry| &mut entry.value.kind);
        let Some(NodeKind::Map(own)) = own else { return };
        for mut function in functions.entries {
            if let Some(first) = own.entries.iter().find(|known| known.key == function.key) {
                let message =
                    format!("`{}` of the plugin `{}` has the name of another function", function.key, plugin.key);
                self.findings.push(
                    Finding::error(Code::DuplicateId, function.key_span, message)
                        .also(first.key_span, "the other one")
                        .help("rename the pack's own, or do without one of the plugins"),
                );
                continue;
            }
            if let NodeKind::Map(map) = &mut function.value.kind {
                let value = Node::scalar(Snippet::verbatim(&plugin.key, plugin.key_span), Style::Plain);
                map.entries.push(Entry { key: PLUGIN.to_owned(), key_span: plugin.key_span, value });
            }
            own.entries.push(function);
        }
    }
}
