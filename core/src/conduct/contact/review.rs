//! How long what is said of an attempt stays so: each rule of time, and the next minute at which it is allowed.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::looking::Looking;
use super::next::whole_minute;
use super::{Found, Judge, Next, Place, calendar};
use crate::calendar::contact_times::{HORIZON_DAYS, just_behind, next_day, relapse};
use crate::check::contact::Form;
use crate::eval::runner::Runner;
use crate::value::Duration;

/// How many days on it is looked again for a minute that lies too far ahead.
const AHEAD_DAYS: i64 = 32;

/// What a rule of time says bounds a review, where it is asked of the present.
pub(super) fn look_on(runner: &mut Runner<'_>, looking: &Looking, form: &Form, zone: Tz, at: DateTime<Utc>) {
    let calendar = calendar(runner);
    if let Some(review) = runner.review().filter(|review| !review.is_elsewhere()) {
        let borders = [looking.turns(form, zone, at, calendar), relapse(zone, at)];
        borders.into_iter().flatten().for_each(|border| review.at(border));
    }
}

impl<'a> Judge<'a, '_> {
    /// The next minute at which an attempt is allowed bounds a review, of one that is not allowed now. The search for it
    /// has been looked at as far as it reads the case.
    pub(super) fn review(&mut self, runner: &mut Runner<'a>, at: DateTime<Utc>, next: &Next) {
        if runner.review().is_none() {
            return;
        }
        let mut borders: Vec<Option<DateTime<Utc>>> = Vec::new();
        match next {
            Next::At(next) => borders.push(Some(*next)),
            Next::Never(_) => {}
            Next::Beyond => borders.push(self.comes_near(runner, at)),
        }
        // Contacts that were allowed in the same decision go with time, and so does the end of a wait for them.
        if !self.room.made.is_empty() {
            let zones = self.room.places.iter().filter_map(|place| match place {
                Place::At(zone) => Some(*zone),
                _ => None,
            });
            borders.extend(zones.map(|zone| next_day(zone, at)));
            let rules = self.contact.policies.iter().flat_map(|policy| &policy.rules);
            let mut windows = rules.filter_map(|rule| match &rule.form {
                Form::Limit { window, .. } => Some(*window),
                _ => None,
            });
            if windows.any(|window| matches!(window, Duration::Exact(_))) {
                borders.push(whole_minute(at).and_then(just_behind));
            }
        }
        if let Some(review) = runner.review() {
            borders.into_iter().flatten().for_each(|border| review.at(border));
        }
    }

    /// When the next minute at which an attempt is allowed comes within the days that are looked at, or an instant before.
    fn comes_near(&mut self, runner: &mut Runner<'a>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let later = at.checked_add_signed(TimeDelta::days(AHEAD_DAYS))?;
        let mut found = Found::default();
        self.look(runner, later, &mut found);
        match self.next(runner, later, &found) {
            Next::At(next) => next.checked_sub_signed(TimeDelta::days(HORIZON_DAYS)).filter(|border| *border > at),
            Next::Beyond => Some(later),
            Next::Never(_) => None,
        }
        .or_else(|| just_behind(at))
    }
}
