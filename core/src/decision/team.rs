//! What teams earned, for hosts: the pool of each team, how it came about, and what each member gets of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::pay::{error_json, unknown_json};
use super::{Answer, FailedResult, List, Ordered, Parts, UnknownResult, findings, json};
use crate::check::team_pool::CheckedTeamPool;
use crate::conduct::pool::{Part, Pooled};
use crate::conduct::team::{Members, Refused};
use crate::pack_identity::PackIdentity;
use crate::record::Problem;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// What all teams of some records earned.
#[derive(Clone, Debug)]
pub struct TeamPay {
    pools: Vec<TeamPool>,
    without_team: Vec<String>,
    refused: Vec<RefusedMember>,
}

/// What one team earned together, and what its members get of it.
///
/// Its JSON is the same bytes for the same pack, records in any order, and `as_of`, but for the numbers of refused
/// records. Amounts are text.
#[derive(Clone, Debug)]
pub struct TeamPool {
    team: String,
    as_of: DateTime<Utc>,
    pack: Arc<PackIdentity>,
    base: Outcome,
    above: Outcome,
    percent: String,
    cap: Option<Outcome>,
    cut: Option<String>,
    pool: Outcome,
    shares: Vec<PoolShare>,
    withheld: Option<Withheld>,
    refused: Vec<RefusedMember>,
    because: Option<String>,
    source: Option<String>,
    unknowns: Vec<UnknownResult>,
    errors: Vec<FailedResult>,
    show: Show,
}

/// What one member of a team gets of its pool.
#[derive(Clone, Debug)]
pub struct PoolShare {
    key: String,
    base: Outcome,
    weight: Outcome,
    share: Outcome,
    show: Show,
}

/// Why the pool of a team is not paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withheld {
    /// There is a pool, but the weight of every member is 0.
    NoWeight,
    /// A record that belongs to the team, or may, is refused: there is no pool.
    RefusedRecord,
}

/// A record that is no member of a team, for it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedMember {
    /// The number of its row, or its place among the records, counted from 1.
    pub record: u64,
    /// Its key, where that can be told.
    pub key: Option<String>,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

impl TeamPay {
    pub(crate) fn new(pools: Vec<TeamPool>, members: &Members) -> TeamPay {
        let refused = members.refused.iter().map(RefusedMember::of).collect();
        let mut without_team = members.without_team.clone();
        without_team.sort();
        TeamPay { pools, without_team, refused }
    }

    /// The pools, in the order of the names of the teams.
    pub fn pools(&self) -> &[TeamPool] {
        &self.pools
    }

    /// The pool of a team.
    pub fn pool_of(&self, team: &str) -> Option<&TeamPool> {
        self.pools.iter().find(|pool| pool.team == team)
    }

    /// The keys of those who are in no team, in their order.
    pub fn without_team(&self) -> &[String] {
        &self.without_team
    }

    /// The records that are refused, in the order in which they were given.
    pub fn refused(&self) -> &[RefusedMember] {
        &self.refused
    }
}

impl TeamPool {
    pub(crate) fn new(
        parts: &Parts<'_>,
        checked: &CheckedTeamPool,
        team: &str,
        pooled: &Pooled,
        as_of: DateTime<Utc>,
    ) -> TeamPool {
        let mut pool = TeamPool::none(parts, checked, team, as_of);
        pool.base = money(&pooled.base);
        pool.above = money(&pooled.above);
        pool.cap = pooled.cap.as_ref().map(money);
        pool.cut = pooled.cut.map(|cut| pool.show.text(&Value::Money(cut)));
        pool.pool = money(&pooled.pool);
        pool.shares = pooled.parts.iter().map(|part| PoolShare::of(part, pool.show)).collect();
        pool.withheld = pooled.has_no_weight.then_some(Withheld::NoWeight);
        for (at, failure) in &pooled.failures {
            let at = format!("{}/{at}", checked.id);
            findings::add(parts, at.trim_end_matches('/'), failure, &mut pool.unknowns, &mut pool.errors);
        }
        pool
    }

    /// The pool of a team that is not made, for records that belong to it, or may, are refused.
    pub(crate) fn kept_back(
        parts: &Parts<'_>,
        checked: &CheckedTeamPool,
        team: &str,
        members: &Members,
        as_of: DateTime<Utc>,
    ) -> TeamPool {
        TeamPool {
            withheld: Some(Withheld::RefusedRecord),
            refused: members.refused_of(team).map(RefusedMember::of).collect(),
            ..TeamPool::none(parts, checked, team, as_of)
        }
    }

    /// A pool of which nothing is said yet.
    fn none(parts: &Parts<'_>, checked: &CheckedTeamPool, team: &str, as_of: DateTime<Utc>) -> TeamPool {
        let show = Show { currency_decimals: parts.checked.header.currency_decimals };
        TeamPool {
            team: team.to_owned(),
            as_of,
            pack: parts.identity.clone(),
            base: Ok(Value::None),
            above: Ok(Value::None),
            percent: show.text(&Value::Decimal(checked.percent)),
            cap: None,
            cut: None,
            pool: Ok(Value::None),
            shares: Vec::new(),
            withheld: None,
            refused: Vec::new(),
            because: checked.because.clone(),
            source: checked.source.clone(),
            unknowns: Vec::new(),
            errors: Vec::new(),
            show,
        }
    }

    /// The name of the team.
    pub fn team(&self) -> &str {
        &self.team
    }

    /// The instant at which it was worked out.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// What counts of all members together; none where a record is refused.
    pub fn base(&self) -> Answer {
        Answer::of(&self.base, self.show)
    }

    /// The target of the team.
    pub fn above(&self) -> Answer {
        Answer::of(&self.above, self.show)
    }

    /// What the cap took off; nothing where that is not known.
    pub fn cut(&self) -> Option<&str> {
        self.cut.as_deref()
    }

    /// What the team earned together; none where a record is refused.
    pub fn pool(&self) -> Answer {
        Answer::of(&self.pool, self.show)
    }

    /// What each member gets, in the order of their keys. Together they are the pool, unless it is withheld.
    pub fn shares(&self) -> &[PoolShare] {
        &self.shares
    }

    /// Why the pool is not paid out, where it is not.
    pub fn withheld(&self) -> Option<Withheld> {
        self.withheld
    }

    /// The refused records that keep the pool back.
    pub fn refused(&self) -> &[RefusedMember] {
        &self.refused
    }

    /// What is not known, with the fields that are missing.
    pub fn unknowns(&self) -> &[UnknownResult] {
        &self.unknowns
    }

    /// What failed.
    pub fn errors(&self) -> &[FailedResult] {
        &self.errors
    }

    /// Whether there is something in the pool, and it is split.
    pub fn is_paid_out(&self) -> bool {
        let has_pool = matches!(&self.pool, Ok(Value::Money(amount)) if !amount.is_zero());
        has_pool && self.withheld.is_none() && self.shares.iter().all(|share| share.share.is_ok())
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// An amount by its name, for rule tests.
    pub(crate) fn outcome(&self, item: &str) -> &Outcome {
        match item {
            "base" => &self.base,
            "above" => &self.above,
            _ => &self.pool,
        }
    }
}

impl PoolShare {
    fn of(part: &Part, show: Show) -> PoolShare {
        PoolShare {
            key: part.key.clone(),
            base: money(&part.base),
            weight: part.weight.clone().map(Value::Decimal),
            share: money(&part.share),
            show,
        }
    }

    /// The key of the member's record, as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What counts of the member.
    pub fn base(&self) -> Answer {
        Answer::of(&self.base, self.show)
    }

    /// The weight by which the pool is split.
    pub fn weight(&self) -> Answer {
        Answer::of(&self.weight, self.show)
    }

    /// What the member gets.
    pub fn share(&self) -> Answer {
        Answer::of(&self.share, self.show)
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.share
    }
}

impl Withheld {
    /// The reason in one word, such as `no-weight`.
    pub fn slug(self) -> &'static str {
        match self {
            Withheld::NoWeight => "no-weight",
            Withheld::RefusedRecord => "refused-record",
        }
    }
}

impl RefusedMember {
    fn of(refused: &Refused) -> RefusedMember {
        RefusedMember { record: refused.number, key: refused.key.clone(), problems: refused.problems.clone() }
    }
}

impl Serialize for TeamPool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let show = self.show;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("team", &self.team)?;
        map.serialize_entry("as_of", &show.text(&Value::Timestamp(self.as_of)))?;
        map.serialize_entry("pack", &*self.pack)?;
        map.serialize_entry("base", &show.outcome_json(&self.base))?;
        map.serialize_entry("above", &show.outcome_json(&self.above))?;
        map.serialize_entry("percent", &self.percent)?;
        map.serialize_entry("cap", &self.cap.as_ref().map(|cap| show.outcome_json(cap)))?;
        map.serialize_entry("cut", &self.cut)?;
        map.serialize_entry("pool", &show.outcome_json(&self.pool))?;
        map.serialize_entry("shares", &List(&self.shares, share_json))?;
        map.serialize_entry("withheld", &self.withheld.map(Withheld::slug))?;
        map.serialize_entry("refused", &List(&self.refused, refused_json))?;
        map.serialize_entry("because", &self.because)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("unknowns", &List(&self.unknowns, unknown_json))?;
        map.serialize_entry("errors", &List(&self.errors, error_json))?;
        map.end()
    }
}

fn share_json(share: &PoolShare) -> Ordered {
    let outcome = |outcome: &Outcome| share.show.outcome_json(outcome);
    Ordered(vec![
        ("key", json(share.key.as_str())),
        ("base", outcome(&share.base)),
        ("weight", outcome(&share.weight)),
        ("share", outcome(&share.share)),
    ])
}

fn refused_json(refused: &RefusedMember) -> Ordered {
    let problems: Vec<String> = refused.problems.iter().map(Problem::to_string).collect();
    Ordered(vec![("record", json(refused.record)), ("key", json(refused.key.clone())), ("problems", json(problems))])
}

fn money(amount: &Result<Decimal, Failure>) -> Outcome {
    amount.clone().map(Value::Money)
}
