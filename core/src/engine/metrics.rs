//! Metrics of a portfolio that was decided.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Engine, Evaluation, Evaluator};
use crate::conduct::metrics::{Totals, sample};
use crate::error::Error;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// The metrics of a pack over the cases that were added.
///
/// The same cases in the same order give the same figures.
#[derive(Clone, Debug)]
pub struct Metrics {
    engine: Engine,
    as_of: chrono::DateTime<chrono::Utc>,
    totals: Totals,
}

/// What the metrics of a pack take of a case.
#[derive(Clone, Debug, Default)]
pub struct MetricSample {
    taken: Vec<Vec<Outcome>>,
}

/// What a metric came to.
#[derive(Clone, Debug)]
pub struct Metric {
    name: String,
    value: Outcome,
    unit: Option<String>,
    about: Option<String>,
    source: Option<String>,
    unknown_cases: u64,
    show: Show,
}

impl Evaluator {
    /// The metrics of no cases yet.
    pub fn metrics(&self) -> Metrics {
        let totals = Totals::new(self.engine.planned().checked);
        Metrics { engine: self.engine.clone(), as_of: self.as_of(), totals }
    }
}

impl Evaluation {
    /// What the metrics of the pack take of the case.
    pub fn metric_sample(&self) -> MetricSample {
        let pack = self.engine.planned();
        if pack.checked.metrics.is_empty() {
            return MetricSample::default();
        }
        MetricSample { taken: sample(&self.runner()) }
    }
}

impl Metrics {
    /// Whether the pack has no metrics.
    pub fn is_empty(&self) -> bool {
        self.engine.planned().checked.metrics.is_empty()
    }

    /// Adds a case that was decided.
    ///
    /// # Errors
    /// Where the evaluation belongs to another pack.
    pub fn add(&mut self, evaluation: &Evaluation) -> Result<(), Error> {
        if !self.engine.is(&evaluation.engine) {
            return Err(Error::new("the evaluation belongs to another pack"));
        }
        self.add_sample(&evaluation.metric_sample());
        Ok(())
    }

    /// Adds what was taken of a case of this pack, perhaps in another thread.
    pub fn add_sample(&mut self, sample: &MetricSample) {
        self.totals.add(self.engine.planned().checked, &sample.taken);
    }

    /// What the metrics came to, in the order of the pack.
    pub fn all(&self) -> Vec<Metric> {
        let checked = self.engine.planned().checked;
        let show = Show { currency_decimals: checked.header.currency_decimals };
        let figures = self.totals.figures(checked, self.as_of);
        let metrics = checked.metrics.iter().zip(figures);
        metrics
            .map(|(metric, figure)| Metric {
                name: metric.name.to_string(),
                value: figure.value,
                unit: metric.unit.clone(),
                about: metric.about.clone(),
                source: metric.source.clone(),
                unknown_cases: figure.unknown,
                show,
            })
            .collect()
    }

    /// One object of JSON: what each metric came to, by its name.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Metric {
    /// The metric's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The figure as text; `unknown` where something that it takes is not known, and how it failed where it did.
    pub fn text(&self) -> String {
        match &self.value {
            Err(Failure::Error(error)) => format!("{}: {}", error.code.about(), error.message),
            outcome => self.show.outcome_text(outcome),
        }
    }

    /// The figure, where it is known.
    pub fn value(&self) -> Option<String> {
        self.value.as_ref().ok().filter(|value| !value.is_none()).map(|value| self.show.text(value))
    }

    /// What the figure is counted in.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// In how many cases something that it takes is not known, or failed.
    pub fn unknown_cases(&self) -> u64 {
        self.unknown_cases
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.all().iter().map(|metric| (metric.name.clone(), metric.clone())))
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let value = match &self.value {
            Ok(Value::None) => serde_json::Value::Null,
            outcome => self.show.outcome_json(outcome),
        };
        map.serialize_entry("value", &value)?;
        map.serialize_entry("unit", &self.unit)?;
        map.serialize_entry("unknown_cases", &self.unknown_cases)?;
        map.serialize_entry("about", &self.about)?;
        map.serialize_entry("source", &self.source)?;
        map.end()
    }
}
