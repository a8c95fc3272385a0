//! The second workload: the policy with a workflow, cadences and contact policies, for cases with a past.
//!
//! `pack` writes it for recoup, `baseline` is the same in hand-written Rust, `cases` gives a committed case a history.

pub mod baseline;
pub mod cases;
pub mod pack;

use chrono::{DateTime, NaiveDate, Utc};

use crate::baseline::Outcome;
use crate::engine::{self, Answers, Evaluation, Record, Rows};
use crate::policy::Policy;
use crate::{Error, Result, cases as committed};

pub use cases::Case;

/// What a case comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// What the policy says; its stage is the one in which the case stands behind the walk.
    pub outcome: Outcome,
    /// Day 0 of that stage.
    pub since: NaiveDate,
    /// What is to be done, in order.
    pub actions: Vec<Action>,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The same for the same case, entry, step and day.
    pub id: ActionId,
    /// The step that asks for it.
    pub step: &'static str,
    /// The channel that is taken.
    pub channel: Option<Channel>,
    /// Whether it can be done.
    pub status: Status,
    /// What the contact policies say of each channel that was tried.
    pub tried: Vec<Tried>,
    /// When it can be done, where it must not be done now.
    pub not_before: Option<DateTime<Utc>>,
}

/// The first bytes of a hash.
pub type ActionId = [u8; 16];

/// What the contact policies say of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in a decision")]
pub struct Tried {
    pub channel: Channel,
    pub verdict: Verdict,
    pub next_allowed_at: Option<DateTime<Utc>>,
}

/// A name for each value of an enum, and back.
macro_rules! names {
    ($(#[$about:meta])* $name:ident: $($value:ident = $text:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "as in a pack or a decision")]
        pub enum $name {
            $($value,)*
        }

        impl $name {
            /// As it is written.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$value => $text,)*
                }
            }

            /// As it was written.
            ///
            /// # Errors
            /// When there is none of this name.
            pub fn of(name: &str) -> Result<$name> {
                match name {
                    $($text => Ok($name::$value),)*
                    _ => Err(format!("{} has no value `{name}`", stringify!($name)).into()),
                }
            }
        }
    };
}
pub(crate) use names;

names! {
    /// The ways to reach a debtor.
    Channel: Call = "call" Sms = "sms" Email = "email" Letter = "letter"
}
names! {
    /// What the contact policies say; later ones are stricter.
    Verdict: Allow = "allow" Review = "review" Deny = "deny"
}
names! {
    /// Whether an action can be done.
    Status: Ready = "ready" Blocked = "blocked" NeedsReview = "needs_review"
}

/// Cases with a past, in every form, and the engine that decides them.
pub struct Workload {
    /// What decides them; a contender takes a copy.
    pub rows: Rows,
    /// The cases.
    pub cases: Vec<Case>,
    /// The same in slots, with their states.
    pub records: Vec<Record>,
}

/// The instant of every decision: evening in the east of the United States, afternoon in the west.
///
/// # Errors
/// None that is seen; the text is a constant.
pub fn as_of() -> Result<DateTime<Utc>> {
    Ok("2026-09-07T21:15:00-04:00".parse()?)
}

impl Workload {
    /// The committed cases, each with a past.
    ///
    /// # Errors
    /// When recoup does not give what the hand-written rules give.
    pub fn new() -> Result<Workload> {
        let policy = Policy::committed()?;
        let engine = engine::load(&pack::sources(&policy)?)?;
        let rows = Rows::at(&engine, as_of()?)?;
        let cases = cases::generated(&committed::committed()?, as_of()?)?;
        let records = cases.iter().map(|case| -> Result<Record> {
            let mut record = rows.read(&cases::record(&policy, case))?;
            rows.put_past(&mut record, case)?;
            Ok(record)
        });
        let records = records.collect::<Result<Vec<_>>>()?;
        let workload = Workload { rows, cases, records };
        workload.compare(&policy)?;
        Ok(workload)
    }

    fn compare(&self, policy: &Policy) -> Result<()> {
        let mut rows = self.rows.clone();
        let mut evaluation: Evaluation = rows.evaluation();
        for (case, record) in self.cases.iter().zip(&self.records) {
            rows.decide(record, &mut evaluation)?;
            let found = Answers::of(&evaluation).course(policy)?;
            let expected = baseline::decide(case, as_of()?);
            if found != expected {
                let message = format!("{}: {found:#?}, but {expected:#?} is right\n{case:?}", case.key);
                return Err(Error::from(message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recoup_gives_the_course_of_the_hand_written_rules() {
        let workload = Workload::new().unwrap();
        let as_of = as_of().unwrap();
        let courses: Vec<Course> = workload.cases.iter().map(|case| baseline::decide(case, as_of)).collect();
        let moved = courses.iter().zip(&workload.cases).filter(|(course, case)| course.since != case.since).count();
        let actions: Vec<&Action> = courses.iter().flat_map(|course| &course.actions).collect();
        let of = |status| actions.iter().filter(|action| action.status == status).count();
        let later = actions.iter().filter(|action| action.not_before.is_some()).count();
        // What is compared is worth comparing.
        assert!(moved > 100, "{moved} cases move");
        let (ready, blocked, review) = (of(Status::Ready), of(Status::Blocked), of(Status::NeedsReview));
        assert!(ready > 400 && blocked > 80 && review > 15, "{ready} ready, {blocked} blocked, {review} for review");
        assert!(later > 60, "{later} actions wait for their time");
    }
}
