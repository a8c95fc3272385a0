//! `recoup check`: all findings about a pack.

use clap::ValueEnum;
use recoup::{Diagnostics, Engine, LoadError, Severity};

use crate::pack::PackArguments;
use crate::status::{Status, Stop};
use crate::terminal::{self, counted, tell};

/// What `recoup check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pack: PackArguments,
    /// How findings are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Say also the pack's version and digest, its number of rows, and what its overlays did
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// With the lines of the files
    Text,
    /// One line a finding
    Short,
    /// A JSON array
    Json,
}

/// Shows the findings on standard output, and how many there are on standard error.
pub(crate) fn carry_out(arguments: &Arguments) -> Result<Status, Stop> {
    let loaded = arguments.pack.load();
    let diagnostics = match &loaded {
        Ok(engine) => engine.diagnostics(),
        Err(LoadError::Refused(diagnostics)) => diagnostics,
        Err(LoadError::Unreadable(error)) => return Err(Stop::CouldNotRun(error.to_string())),
    };
    show(diagnostics, arguments.format)?;
    tell(&count_line(diagnostics));
    if arguments.verbose
        && let Ok(engine) = &loaded
    {
        tell(&about(engine));
    }
    Ok(Status::of(diagnostics.has_errors()))
}

fn show(diagnostics: &Diagnostics, format: Format) -> Result<(), Stop> {
    match format {
        Format::Text => terminal::print_raw(&diagnostics.render_text(terminal::colour_of_stdout())),
        Format::Short => terminal::print(&diagnostics.render_short()),
        Format::Json => terminal::print_raw(&format!("{:#}\n", diagnostics.to_json())),
    }
}

fn count_line(diagnostics: &Diagnostics) -> String {
    if diagnostics.is_empty() {
        return "no findings".to_owned();
    }
    [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (diagnostics.count(severity), severity))
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| counted(count, severity.word()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn about(engine: &Engine) -> String {
    let pack = engine.pack();
    let mut lines = vec![
        format!("pack            {}", pack.name),
        format!("version         {}", pack.version),
        format!("digest          {}", pack.digest),
        format!("rows and rules  {}", engine.rule_ids().len()),
    ];
    if !engine.overlays().is_empty() {
        lines.push("overlays".to_owned());
        lines.extend(engine.overlays().iter().map(|overlay| format!("  {overlay}")));
    }
    lines.join("\n")
}
