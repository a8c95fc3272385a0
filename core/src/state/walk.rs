//! What the walk through the stages does to a working copy of a state: entering, resuming, and what else an evaluation
//! changes. The copy keeps its revision until the walk is over.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::State;
use super::content::{Arm, Content, LeftEntry, Place};
use crate::pack_identity::PackIdentity;

impl State {
    /// Becomes a working copy of another state, in the room that it has.
    pub(crate) fn copy_from(&mut self, other: &State) {
        let State { content, revision } = self;
        let Content {
            format,
            case,
            place,
            entry,
            entries,
            steps,
            previous,
            cooldowns,
            arms,
            approvals,
            holds,
            moved,
            pack,
        } = content;
        let of = &other.content;
        (*format, *entry, *entries) = (of.format, of.entry, of.entries);
        case.clone_from(&of.case);
        place.clone_from(&of.place);
        steps.clone_from(&of.steps);
        previous.clone_from(&of.previous);
        cooldowns.clone_from(&of.cooldowns);
        arms.clone_from(&of.arms);
        approvals.clone_from(&of.approvals);
        holds.clone_from(&of.holds);
        moved.clone_from(&of.moved);
        pack.clone_from(&of.pack);
        revision.clone_from(&other.revision);
    }

    /// Begins a workflow, where the case is in none. Cooldowns, arms, approvals and holds stay.
    pub(crate) fn begin(&mut self, workflow: &str, stage: &str, today: NaiveDate) {
        let content = &mut self.content;
        if content.place.is_some() {
            return;
        }
        content.place = Some(Place { workflow: workflow.into(), stage: stage.into(), since: today });
        (content.entry, content.entries) = (1, 1);
    }

    /// Enters a stage of the workflow anew. The entry that is left can be resumed; one into the entered stage no longer
    /// can. Where the case is in no workflow, nothing changes.
    pub(crate) fn enter(&mut self, stage: impl Into<Arc<str>>, today: NaiveDate) {
        let stage = stage.into();
        let content = &mut self.content;
        let Some(place) = &mut content.place else { return };
        let entries = content.entries.saturating_add(1);
        let left = LeftEntry {
            days: place.days(today),
            stage: std::mem::replace(&mut place.stage, stage.clone()),
            entry: std::mem::replace(&mut content.entry, entries),
            steps: std::mem::take(&mut content.steps),
        };
        content.entries = entries;
        place.since = today;
        // Each stage stands once: where the case is in it, or where it was left last.
        content.previous.retain(|known| known.stage != stage && known.stage != left.stage);
        if left.stage != stage {
            content.previous.insert(0, left);
        }
    }

    /// Resumes the entry that was left last: its steps are done, and the days away do not count. The entry that ends
    /// here is gone. Says whether there was one to resume.
    pub(crate) fn resume_previous(&mut self, today: NaiveDate) -> bool {
        let content = &mut self.content;
        let Some(place) = content.place.as_mut().filter(|_| !content.previous.is_empty()) else { return false };
        let resumed = content.previous.remove(0);
        place.stage = resumed.stage;
        content.entry = resumed.entry;
        content.steps = resumed.steps;
        // A day that does not exist is refused with the new revision.
        place.since = today.checked_sub_days(Days::new(resumed.days.into())).unwrap_or(NaiveDate::MIN);
        true
    }

    /// Gives stages their new names, everywhere. Where two stages become one, the entry that was left last stays.
    pub(crate) fn rename_stages<K: Borrow<str> + Ord, V: AsRef<str>>(&mut self, renamed: &BTreeMap<K, V>) {
        let content = &mut self.content;
        if let Some(moved) = &mut content.moved
            && let Some(new) = renamed.get(moved.from.as_str())
        {
            moved.from = new.as_ref().to_owned();
        }
        let left = content.previous.iter_mut().map(|left| &mut left.stage);
        let place = content.place.iter_mut().map(|place| &mut place.stage);
        for stage in place.chain(left) {
            if let Some(new) = renamed.get(&**stage) {
                *stage = new.as_ref().into();
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
        self.content.pack = pack.into();
    }

    /// Each stage stands once: where the case is in it, or where it was left last.
    fn drop_repeated_stages(&mut self) {
        let content = &mut self.content;
        let mut seen: HashSet<Arc<str>> = content.place.iter().map(|place| place.stage.clone()).collect();
        content.previous.retain(|left| seen.insert(left.stage.clone()));
    }
}
