//! The states of cases, as the host stored them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use recoup::State;

use crate::status::Stop;
use crate::terminal::escaped;

/// The states of a file, by the key of their case.
#[derive(Debug, Default)]
pub(crate) struct States {
    by_case: HashMap<String, State>,
}

impl States {
    /// Reads a file with one state a line: as a host stored them, or in the decisions of an earlier run.
    pub(crate) fn read(path: &Path) -> Result<States, Stop> {
        let could_not = |what: String| Stop::CouldNotRun(format!("the states in `{}`: {what}", path.display()));
        let file = File::open(path).map_err(|error| could_not(error.to_string()))?;
        let mut states = States::default();
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|error| could_not(error.to_string()))?;
            if line.trim().is_empty() {
                continue;
            }
            let at = |what: &str| could_not(format!("line {}: {}", index + 1, escaped(what)));
            let Some(text) = state_of(&line).map_err(|error| at(&error.to_string()))? else { continue };
            let state = State::from_json(&text).map_err(|error| at(&error.to_string()))?;
            let case = state.case().to_owned();
            if states.by_case.insert(case.clone(), state).is_some() {
                return Err(at(&format!("the case `{case}` has a state before this one")));
            }
        }
        Ok(states)
    }

    /// The state of a case.
    pub(crate) fn of(&self, case: &str) -> Option<&State> {
        self.by_case.get(case)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_case.is_empty()
    }
}

/// The text of the state in a line: the line itself, or what a decision says. Nothing for a decision without one.
fn state_of(line: &str) -> Result<Option<String>, serde_json::Error> {
    let json: serde_json::Value = serde_json::from_str(line)?;
    Ok(match json.get("engine").and(json.get("state")) {
        Some(serde_json::Value::Null) => None,
        Some(state) => Some(state.to_string()),
        None if json.get("engine").is_some() => None,
        None => Some(line.to_owned()),
    })
}
