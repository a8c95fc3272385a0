//! The decisions of many cases as lines of JSON, without allocating for each.

use std::sync::Arc;

use super::{Engine, Evaluation};
use crate::decision::{DecidedCase, Decision, FailedResult, LineWriter, UnknownResult};
use crate::error::Error;
use crate::eval::Instant;

/// Writes the decisions of cases as JSON, one after the other: the bytes of [`Decision::to_json`], in a fraction of its
/// time, and what a summary counts.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
/// # pack: small
/// # version: 1.0.0
/// # format: 1
/// # currency: USD
/// # time_zone: America/New_York
/// # records:
/// #   case:
/// #     fields:
/// #       case_id: {type: text, key: true}
/// #       balance: {type: money}
/// # segmentation:
/// #   outputs: {segment: [large, small]}
/// #   grid: |
/// #     | row       | balance | then segment |
/// #     |-----------|---------|--------------|
/// #     | large     | >= 5000 | large        |
/// #     | otherwise |         | small        |
/// # "#)])?;
/// let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse()?)?;
/// let mut evaluation = evaluator.evaluation();
/// let mut writer = evaluator.writer();
/// let mut line = Vec::new();
/// for balance in ["12000.00", "80.50"] {
///     let record = evaluator.read(&format!(r#"{{"case_id": "A-1", "balance": {balance}}}"#))?;
///     evaluator.evaluate_into(&record, &mut evaluation)?;
///     line.clear();
///     writer.write(&evaluation, &mut line)?;
///     assert_eq!(line, evaluation.decision().to_json().as_bytes());
/// }
/// let ids = engine.rule_ids();
/// assert_eq!(writer.fired().iter().map(|row| ids[*row].as_str()).collect::<Vec<_>>(), ["segmentation/otherwise"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DecisionWriter {
    engine: Engine,
    lines: Arc<LineWriter>,
    fired: Vec<usize>,
    /// The decision of a case that has more to say than rows and values.
    decision: Option<Box<Decision>>,
}

impl DecisionWriter {
    pub(super) fn new(engine: Engine, instant: &Instant) -> DecisionWriter {
        let lines = Arc::new(LineWriter::new(&engine.parts(), engine.planned(), instant.as_of));
        DecisionWriter { engine, lines, fired: Vec::new(), decision: None }
    }

    /// Appends the JSON of a case's decision, with no line break. Once `line` has grown to what the cases need, nothing
    /// is allocated where all results of a case are known and its texts are the pack's own.
    ///
    /// # Errors
    /// Where the evaluation belongs to another pack.
    pub fn write(&mut self, evaluation: &Evaluation, line: &mut Vec<u8>) -> Result<(), Error> {
        if !self.engine.is(&evaluation.engine) {
            return Err(Error::new("the evaluation belongs to another pack"));
        }
        let (parts, pack) = (self.engine.parts(), self.engine.planned());
        let case = DecidedCase {
            instant: &evaluation.instant,
            evaluation: &evaluation.inner,
            has_state: evaluation.standing().has_state(),
            course: evaluation.course.as_deref(),
            next_review: &|| evaluation.next_review(),
        };
        let decision = self.lines.write(&parts, pack, &case, &mut self.fired, line);
        self.decision = decision.map(Box::new);
        Ok(())
    }

    /// The decision of the case that was written last, where it had to be made.
    #[cfg(feature = "arrow")]
    pub(crate) fn decision(&self) -> Option<&Decision> {
        self.decision.as_deref()
    }

    /// Whether what a row says when it fires is the same for all cases.
    #[cfg(feature = "arrow")]
    pub(crate) fn is_ready(&self, step: usize, bit: usize) -> bool {
        self.lines.is_ready(step, bit)
    }

    /// The rows and rules that fired in the case that was written last: their positions in [`Engine::rule_ids`], in the
    /// order of [`Decision::fired`].
    pub fn fired(&self) -> &[usize] {
        &self.fired
    }

    /// The arms that the case is in that was written last, by experiment; see [`Decision::arms`].
    pub fn arms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.decision.iter().flat_map(|decision| decision.arms())
    }

    /// What could not be decided in the case that was written last; see [`Decision::unknowns`].
    pub fn unknowns(&self) -> &[UnknownResult] {
        self.decision.as_ref().map_or(&[], |decision| decision.unknowns())
    }

    /// What failed in the case that was written last; see [`Decision::errors`].
    pub fn errors(&self) -> &[FailedResult] {
        self.decision.as_ref().map_or(&[], |decision| decision.errors())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

    use std::path::Path;

    use super::*;

    /// Writes all example cases that a shipped pack takes; how many there are, and of how many the decision was made.
    fn write(pack: &str, cases: &str, input: Option<&str>) -> (usize, usize) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let engine = Engine::load(root.join("rules").join(pack)).expect("the pack loads");
        let as_of = "2026-09-07T18:00:00-04:00".parse().expect("an instant");
        let mut evaluator = engine.evaluator(as_of).expect("an instant that can be");
        let (mut evaluation, mut writer) = (evaluator.evaluation(), evaluator.writer());
        let (mut all, mut made) = (0, 0);
        let mut lines = Vec::new();
        for row in engine.read_cases(root.join("examples/data").join(cases), input).expect("the cases are there") {
            let Ok(record) = evaluator.read_row(&row.expect("a row")) else { continue };
            // The lines of a writer of its own are compared there.
            evaluator.evaluate_into(&record, &mut evaluation).expect("they belong together");
            let start = lines.len();
            writer.write(&evaluation, &mut lines).expect("they belong together");
            assert_eq!(String::from_utf8_lossy(&lines[start..]), evaluation.decision().to_json());
            all += 1;
            made += usize::from(writer.decision.is_some());
        }
        (all, made)
    }

    #[test]
    fn lines_of_example_cases_are_their_decisions_and_few_decisions_are_made() {
        let (all, made) = write("card-portfolio", "cards.csv", Some("uci"));
        assert!(all >= 1000 && made * 100 <= all, "{made} of {all}");
        let (all, made) = write("base", "portfolio.ndjson", None);
        assert!(all >= 1000 && made * 2 <= all, "{made} of {all}");
        // FIXME: a pack with workflows leaves each line to the decision.
        let (all, made) = write("us-consumer", "portfolio.ndjson", None);
        assert!(all >= 1000 && made == all, "{made} of {all}");
    }

    #[test]
    fn an_evaluation_of_another_pack_is_refused_and_one_of_another_instant_is_not() {
        let engine = |pack| Engine::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules").join(pack));
        let (cards, consumers) = (engine("card-portfolio").expect("a pack"), engine("us-consumer").expect("a pack"));
        let at = |engine: &Engine, as_of: &str| {
            engine.evaluator(as_of.parse().expect("an instant")).expect("an instant that can be")
        };
        let (now, later) = ("2026-09-07T18:00:00-04:00", "2026-09-08T18:00:00-04:00");
        let mut writer = at(&cards, now).writer();
        let mut line = Vec::new();
        assert!(writer.write(&at(&consumers, now).evaluation(), &mut line).is_err());
        let evaluation = at(&cards, later).evaluation();
        writer.write(&evaluation, &mut line).expect("it belongs to the pack");
        assert_eq!(String::from_utf8_lossy(&line), evaluation.decision().to_json());
    }
}
