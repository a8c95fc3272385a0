//! What the walk through the stages does to a working copy of a state: entering, resuming, and what else an evaluation
//! changes. The copy keeps its revision until the walk is over.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate};

use super::State;
use super::content::{Arm, LeftEntry};
use crate::pack_identity::PackIdentity;

impl State {
    /// Enters a stage anew. The entry that is left can be resumed; one into the entered stage no longer can.
    pub(crate) fn enter(&mut self, stage: &str, today: NaiveDate) {
        let days = self.content.days_in_stage(today);
        let content = &mut self.content;
        let entries = content.entries.saturating_add(1);
        let left = LeftEntry {
            stage: std::mem::replace(&mut content.stage, stage.to_owned()),
            days,
            entry: std::mem::replace(&mut content.entry, entries),
            steps: std::mem::take(&mut content.steps),
        };
        content.entries = entries;
        content.since = today;
        content.previous.insert(0, left);
        self.drop_repeated_stages();
    }

    /// Resumes the entry that was left last: its steps are done, and the days away do not count. The entry that ends
    /// here is gone. Says whether there was one to resume.
    pub(crate) fn resume_previous(&mut self, today: NaiveDate) -> bool {
        let content = &mut self.content;
        if content.previous.is_empty() {
            return false;
        }
        let resumed = content.previous.remove(0);
        content.stage = resumed.stage;
        content.entry = resumed.entry;
        content.steps = resumed.steps;
        // A day that does not exist is refused with the new revision.
        content.since = today.checked_sub_days(Days::new(resumed.days.into())).unwrap_or(NaiveDate::MIN);
        true
    }

    /// Gives stages their new names, everywhere. Where two stages become one, the entry that was left last stays.
    pub(crate) fn rename_stages<K: Borrow<str> + Ord, V: AsRef<str>>(&mut self, renamed: &BTreeMap<K, V>) {
        let content = &mut self.content;
        let moved = content.moved.iter_mut().map(|moved| &mut moved.from);
        let left = content.previous.iter_mut().map(|left| &mut left.stage);
        for stage in std::iter::once(&mut content.stage).chain(left).chain(moved) {
            if let Some(new) = renamed.get(stage.as_str()) {
                *stage = new.as_ref().to_owned();
            }
        }
        self.drop_repeated_stages();
    }

    /// Puts the case into an arm of an experiment.
    pub(crate) fn set_arm(&mut self, experiment: &str, arm: &str) {
        let arms = &mut self.content.arms;
        let arm = Arm { experiment: experiment.to_owned(), arm: arm.to_owned() };
        match arms.iter_mut().find(|known| known.experiment == experiment) {
            Some(known) => *known = arm,
            None => {
                let place = arms.partition_point(|known| known.experiment.as_str() < experiment);
                arms.insert(place, arm);
            }
        }
    }

    /// Says which pack the state is made with.
    pub(crate) fn set_pack(&mut self, pack: PackIdentity) {
        self.content.pack = pack;
    }

    /// Each stage stands once: where the case is in it, or where it was left last.
    fn drop_repeated_stages(&mut self) {
        let content = &mut self.content;
        let mut seen = HashSet::from([content.stage.clone()]);
        content.previous.retain(|left| seen.insert(left.stage.clone()));
    }
}
