//! What teams of collectors earn.

use chrono::{DateTime, Utc};

use super::Engine;
use super::evaluator::in_years;
use crate::calendar::date_at;
use crate::check::team_pool::CheckedTeamPool;
use crate::conduct::pool::{Member, pooled};
use crate::conduct::team::{GivenMember, Members};
use crate::decision::{TeamPay, TeamPool};
use crate::error::Error;
use crate::eval::beside::Beside;
use crate::input::CollectorRow;
use crate::record::{Problem, Raw, Surroundings, json};
use crate::value::show::Show;

impl Engine {
    /// What each team earned together by the pack's `incentives.team`, and what its members get of it. Each of the
    /// `records` is JSON text: one record of the kind that the pool goes over, of one member of a team in one period.
    ///
    /// A pool is the percentage of what all members brought in above the target of the team, rounded once, and no more
    /// than the cap. It is split in proportion to the weights by [`finance::split`](crate::finance::split), so that the
    /// shares add up to it to the last cent. Members stand in the order of their keys, and of equal remainders the first
    /// gets the cent: the order of the records says nothing.
    ///
    /// A record that is refused keeps back the pool of its team: what its member brought in is missing. Where its team
    /// cannot be told it keeps back all pools. Who is in no team is in no pool.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// pack: small
    /// version: 1.0.0
    /// format: 1
    /// currency: USD
    /// time_zone: America/New_York
    /// records:
    ///   case:
    ///     fields:
    ///       case_id: {type: text, key: true}
    ///   collector:
    ///     fields:
    ///       collector_id: {type: text, key: true}
    ///       team_id: {type: text, absent: none}
    ///       collected: {type: money}
    ///       hours_worked: {type: decimal, decimals: 2}
    /// incentives:
    ///   team:
    ///     over: collector
    ///     team: team_id
    ///     base: collected
    ///     above: 250000
    ///     percent: 1
    ///     split_by: hours_worked
    /// "#)])?;
    /// let records = [
    ///     r#"{"collector_id": "C-1", "team_id": "T-1", "collected": 150000, "hours_worked": 160}"#,
    ///     r#"{"collector_id": "C-2", "team_id": "T-1", "collected": 110000, "hours_worked": 80}"#,
    /// ];
    /// let pay = engine.team_pay(records, "2026-09-30T18:00:00-04:00".parse()?)?;
    /// let pool = pay.pool_of("T-1").expect("its members were given");
    /// assert_eq!(pool.pool(), recoup::Answer::Known("100.00".to_owned()));
    /// assert_eq!(pool.shares()[0].share(), recoup::Answer::Known("66.67".to_owned()));
    /// assert_eq!(pool.shares()[1].share(), recoup::Answer::Known("33.33".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the pack has no pool for teams, or `as_of` is no instant of the calendar. Problems of records are told by
    /// the result.
    pub fn team_pay<R: AsRef<str>>(
        &self,
        records: impl IntoIterator<Item = R>,
        as_of: DateTime<Utc>,
    ) -> Result<TeamPay, Error> {
        let parsed = records
            .into_iter()
            .map(|record| json::parse(record.as_ref()).map_err(|message| vec![Problem::new("", message, None)]));
        self.team_pay_of_raws(parsed, as_of)
    }

    /// What the teams of the collectors in some rows earned; see [`Engine::team_pay`].
    ///
    /// # Errors
    /// As those of [`Engine::team_pay`].
    pub fn team_pay_of(&self, rows: &[CollectorRow], as_of: DateTime<Utc>) -> Result<TeamPay, Error> {
        let pool = self.checked_team_pool()?;
        let given = rows.iter().map(|row| {
            let field = |index: Option<usize>| index.and_then(|index| row.field(index));
            GivenMember {
                number: row.number(),
                record: row.record(as_of),
                key: field(pool.record.key_index()),
                team: field(Some(pool.team.0 as usize)),
            }
        });
        self.team_pay_of_members(given.collect(), as_of)
    }

    /// Whether the pack has a pool for teams.
    pub fn has_team_pool(&self) -> bool {
        self.planned().checked.team_pool.is_some()
    }

    pub(crate) fn team_pay_of_raws(
        &self,
        records: impl IntoIterator<Item = Result<Raw, Vec<Problem>>>,
        as_of: DateTime<Utc>,
    ) -> Result<TeamPay, Error> {
        let pool = self.checked_team_pool()?;
        let given = (1..).zip(records).map(|(number, record)| GivenMember::new(number, record, pool));
        self.team_pay_of_members(given.collect(), as_of)
    }

    fn team_pay_of_members(&self, given: Vec<GivenMember>, as_of: DateTime<Utc>) -> Result<TeamPay, Error> {
        in_years(as_of)?;
        let (pool, parts) = (self.checked_team_pool()?, self.parts());
        let checked = parts.checked;
        let surroundings = Surroundings { as_of, today: date_at(as_of, checked.header.zone), currency: None };
        let currency_decimals = checked.header.currency_decimals;
        let members = Members::of(given, pool, surroundings, Show { currency_decimals });
        let pools = members.teams.iter().map(|(team, records)| {
            if members.refused_of(team).next().is_some() {
                return TeamPool::kept_back(&parts, pool, team, &members, as_of);
            }
            let records: Vec<Member<'_>> = records
                .iter()
                .map(|(key, fields)| Member { key, beside: Beside::new(checked, &pool.record, fields, as_of) })
                .collect();
            let pooled = pooled(&records, pool, currency_decimals);
            TeamPool::new(&parts, pool, team, &pooled, as_of)
        });
        Ok(TeamPay::new(pools.collect(), &members))
    }

    fn checked_team_pool(&self) -> Result<&CheckedTeamPool, Error> {
        let pool = self.planned().checked.team_pool.as_ref();
        pool.ok_or_else(|| Error::new("the pack has no pool for teams: declare `incentives:`, `team:`"))
    }
}
