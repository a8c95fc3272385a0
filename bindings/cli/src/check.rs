//! `recoup check`: all findings about a pack.

use clap::{ArgAction, ValueEnum};
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
    /// Say also the pack's version and digest, its number of rows, what its overlays did, and which rules do not run in
    /// columns; `-vv` for the whole plan
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
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
    if arguments.verbose > 0
        && let Ok(engine) = &loaded
    {
        tell(&about(engine));
    }
    if arguments.verbose > 1
        && let Ok(engine) = &loaded
    {
        tell(&format!("\nplan: {}", engine.plan_text().trim_end()));
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
    let (pack, plan) = (engine.pack(), engine.plan_text());
    let mut lines = vec![
        format!("pack            {}", pack.name),
        format!("version         {}", pack.version),
        format!("digest          {}", pack.digest),
        format!("rows and rules  {}", engine.rule_ids().len()),
        format!("plan            {}", plan.lines().next().unwrap_or_default()),
    ];
    if !engine.overlays().is_empty() {
        lines.push("overlays".to_owned());
        lines.extend(engine.overlays().iter().map(|overlay| format!("  {overlay}")));
    }
    let functions = engine.declared_functions();
    if !functions.is_empty() {
        lines.push("functions".to_owned());
        lines.extend(functions.iter().map(|function| format!("  {function}")));
    }
    let fallbacks = engine.fallbacks();
    if fallbacks.is_empty() {
        lines.push("fallbacks       none: every rule runs in columns".to_owned());
    } else {
        lines.push("fallbacks".to_owned());
        lines.extend(fallbacks.iter().map(|fallback| format!("  {fallback}")));
    }
    lines.join("\n")
}
