//! What collectors earn.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::evaluator::in_years;
use super::{Engine, RecordError};
use crate::calendar::date_at;
use crate::check::inputs;
use crate::check::pay_plan::CheckedPayPlan;
use crate::conduct::pay::earned;
use crate::decision::CollectorPay;
use crate::error::Error;
use crate::eval::beside::Beside;
use crate::families::Table;
use crate::input::{CaseReader, CaseSource, CollectorReader, CollectorRow};
use crate::record::{Problem, Raw, RecordReader, Surroundings, json};

impl Engine {
    /// What a collector earned by the pack's pay plan, `incentives.collector`. `record` is JSON text: one record of the
    /// kind that the plan goes over, with what was brought in within one period.
    ///
    /// `pay = (tiers + accelerator) * gates`, rounded once, and no more than the cap; the formulas are those of
    /// [`finance::PayPlan`](crate::finance::PayPlan). What reversals take back is the difference to the pay for the same
    /// period without the payments that were reversed in time.
    ///
    /// A gate, a mark or a cap that is not known makes the pay unknown only where it could change it.
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
    ///       collected: {type: money, min: 0}
    ///       qa_score: {type: integer, absent: unknown}
    /// incentives:
    ///   collector:
    ///     over: collector
    ///     base: collected
    ///     tiers: {mode: marginal, steps: {0: 0, 30000: 4, 50000: 6}}
    ///     gates:
    ///       - {id: quality, when: qa_score < 90, times: 0.5}
    /// "#)])?;
    /// let as_of = "2026-09-30T18:00:00-04:00".parse()?;
    /// let pay = engine.collector_pay(r#"{"collector_id": "C-1", "collected": 62000, "qa_score": 95}"#, as_of)?;
    /// assert_eq!(pay.pay(), recoup::Answer::Known("1520.00".to_owned()));
    /// let pay = engine.collector_pay(r#"{"collector_id": "C-1", "collected": 62000}"#, as_of)?;
    /// assert_eq!(pay.pay(), recoup::Answer::Unknown(vec!["qa_score".to_owned()]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All problems of the record, where it is not valid; and where the pack has no pay plan.
    pub fn collector_pay(&self, record: &str, as_of: DateTime<Utc>) -> Result<CollectorPay, RecordError> {
        let raw =
            json::parse(record).map_err(|message| RecordError { problems: vec![Problem::new("", message, None)] })?;
        self.pay_of_raw(&raw, as_of)
    }

    /// Whether the pack has a pay plan for collectors.
    pub fn has_pay_plan(&self) -> bool {
        self.planned().checked.pay_plan.is_some()
    }

    /// Opens the records of collectors in a file: CSV, NDJSON or JSON, by the end of its name.
    ///
    /// # Errors
    /// When the file cannot be read, its columns do not fit, or the pack has neither a pay plan nor a pool for teams.
    pub fn read_collectors(&self, path: impl AsRef<Path>) -> Result<CollectorReader, Error> {
        let checked = self.planned().checked;
        let of_pool = || checked.team_pool.as_ref().map(|pool| &pool.record);
        let record = match checked.pay_plan.as_ref().map(|plan| &plan.record).or_else(of_pool) {
            Some(record) => record.clone(),
            None => {
                return Err(Error::new("the pack pays no collectors: declare `incentives:`, `collector:` or `team:`"));
            }
        };
        let (input, header) = (inputs::plain(&record), &checked.header);
        let (zone, currency_decimals) = (header.zone, header.currency_decimals);
        let source = CaseSource { what: "collectors", input, record, zone, currency_decimals };
        CaseReader::open(path.as_ref(), source, self.planned()).map(CollectorReader::new)
    }

    /// What the collector of a row earned; see [`Engine::collector_pay`].
    ///
    /// # Errors
    /// All problems of the row and its record.
    pub fn collector_pay_of(&self, row: &CollectorRow, as_of: DateTime<Utc>) -> Result<CollectorPay, RecordError> {
        let raw = row.record(as_of).map_err(|problems| RecordError { problems })?;
        self.pay_of_raw(&raw, as_of)
    }

    pub(crate) fn pay_of_raw(&self, raw: &Raw, as_of: DateTime<Utc>) -> Result<CollectorPay, RecordError> {
        in_years(as_of)?;
        let (plan, gates) = self.pay_plan()?;
        let checked = self.planned().checked;
        let today = date_at(as_of, checked.header.zone);
        let surroundings = Surroundings { as_of, today, currency: None };
        let fields =
            RecordReader::read(&plan.record, raw, surroundings).map_err(|problems| RecordError { problems })?;
        let beside = Beside::new(checked, &plan.record, &fields, as_of);
        let earned = earned(&beside, plan, gates, today, checked.header.currency_decimals);
        Ok(CollectorPay::new(&self.parts(), plan, &fields, &earned, as_of))
    }

    fn pay_plan(&self) -> Result<(&CheckedPayPlan, &Table), Error> {
        let pack = self.planned();
        let plan = pack.checked.pay_plan.as_ref().zip(pack.lowered.gates.as_ref());
        plan.ok_or_else(|| Error::new("the pack has no pay plan: declare `incentives:`, `collector:`"))
    }
}
