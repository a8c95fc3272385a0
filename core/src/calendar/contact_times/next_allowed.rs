//! The first whole minute at which all rules allow at all places, where time is all that there is to policies: what the
//! tests compare with the oracle.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{HORIZON_DAYS, Local, TimeRule, out_of_range};
use crate::value::{ErrorCode, EvaluationError};

const MINUTE: i64 = 60;

/// The rules of one policy about time, and the zones of all places where the person may be: every rule is judged in each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyTimes<'a> {
    pub(crate) zones: &'a [Tz],
    pub(crate) rules: &'a [TimeRule<'a>],
}

/// The first whole minute of UTC, not before `from` and at most [`HORIZON_DAYS`] after it, at which every rule of every
/// policy allows in all its zones. None where there is none.
///
/// It goes from one time at which a rule may change its mind to the next, never minute by minute.
///
/// # Errors
///
/// Where no rule denies a minute and one cannot be judged, so that it is not known whether the minute is the first; and
/// for a policy without zones.
pub(crate) fn next_allowed(
    policies: &[PolicyTimes<'_>],
    from: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, EvaluationError> {
    if policies.iter().any(|policy| policy.zones.is_empty()) {
        return Err(EvaluationError::new(ErrorCode::InvalidArgument, "there is no time zone to judge a contact in"));
    }
    let last = from.checked_add_signed(TimeDelta::days(HORIZON_DAYS)).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let mut at = whole_minute(from)?;
    while at <= last {
        match judge(policies, at, last)? {
            Judgement::Allowed => return Ok(Some(at)),
            Judgement::DeniedUntil(next) => at = whole_minute(next)?,
            Judgement::DeniedForEver => break,
        }
    }
    Ok(None)
}

enum Judgement {
    Allowed,
    /// At each instant before this one, which is later than the one that was judged.
    DeniedUntil(DateTime<Utc>),
    DeniedForEver,
}

fn judge(policies: &[PolicyTimes<'_>], at: DateTime<Utc>, last: DateTime<Utc>) -> Result<Judgement, EvaluationError> {
    let mut denied_until: Option<DateTime<Utc>> = None;
    let mut error = None;
    for policy in policies {
        for zone in policy.zones {
            let local = Local::of(*zone, at)?;
            for rule in policy.rules {
                match rule.allows(&local) {
                    Ok(true) => {}
                    Ok(false) => {
                        let until = rule.denies_until(&local, last)?;
                        let Some(until) = until else { return Ok(Judgement::DeniedForEver) };
                        denied_until = denied_until.max(Some(until));
                    }
                    // A minute that another rule denies is denied whatever this one would come to.
                    Err(failed) => error = error.or(Some(failed)),
                }
            }
        }
    }
    match (denied_until, error) {
        (Some(until), _) => {
            // INVARIANT: a rule that denies opens later. Should one say otherwise, the search is slow, but it ends.
            debug_assert!(at < until, "a rule that denies at {at} opens at {until}");
            let next_second = at.checked_add_signed(TimeDelta::seconds(1)).ok_or_else(|| out_of_range(at))?;
            Ok(Judgement::DeniedUntil(until.max(next_second)))
        }
        (None, Some(error)) => Err(error),
        (None, None) => Ok(Judgement::Allowed),
    }
}

/// An instant, or the whole minute that follows.
fn whole_minute(at: DateTime<Utc>) -> Result<DateTime<Utc>, EvaluationError> {
    let second = at.timestamp();
    let begun = second - second.rem_euclid(MINUTE);
    if begun == second && at.timestamp_subsec_nanos() == 0 {
        return Ok(at);
    }
    DateTime::from_timestamp(begun + MINUTE, 0).ok_or_else(|| out_of_range(at))
}
