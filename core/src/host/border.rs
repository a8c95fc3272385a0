//! Values across the border to a host and back, and what a load compares.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::function::{HostFunction, HostHint};
use super::{HostError, HostValue};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::declared::{Parameter, Run};
use crate::source::Span;
use crate::value::{
    Absence, Duration, DurationUnit, ErrorCode, EvaluationError, Failure, Field, Outcome, Type, Value, fitted,
};

/// What a host supplies to the packs that it loads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supplied {
    pub(crate) functions: BTreeMap<String, HostFunction>,
    /// Whether functions that are not supplied are stood in for: unknown, unless a test says what they give.
    pub(crate) stands_in: bool,
}

/// A function of the host as a pack declares it.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) parameters: &'a Arc<[Parameter]>,
    pub(crate) gives: &'a Field,
    pub(crate) span: Span,
}

/// What functions of the host give in a test, by name.
pub(crate) type StandIns = Vec<(Arc<str>, Outcome)>;

thread_local! {
    static STAND_INS: RefCell<StandIns> = const { RefCell::new(Vec::new()) };
}

/// Does something while functions of the host give these values.
pub(crate) fn stand_in<T>(values: &StandIns, work: impl FnOnce() -> T) -> T {
    let before = STAND_INS.replace(values.clone());
    let result = work();
    STAND_INS.replace(before);
    result
}

impl Supplied {
    /// What runs a function that a pack wants; nothing where it is not there, or is another one.
    pub(crate) fn run(&self, wanted: &Wanted<'_>, findings: &mut Findings) -> Option<Run> {
        let Some(function) = self.functions.get(wanted.name) else {
            if self.stands_in {
                let message =
                    format!("the host supplies `{}`: here it gives nothing that is known", wanted.signature());
                findings.push(
                    Finding::note(Code::StandIn, wanted.span, message)
                        .help("a test says what it gives: `host: {NAME: VALUE}`"),
                );
                return Some(stood_in(wanted.name));
            }
            let near = did_you_mean(wanted.name, self.functions.keys().map(String::as_str));
            let message = format!("the host does not supply `{}`", wanted.signature());
            let help = near.unwrap_or_else(|| {
                "supply it where the pack is loaded: `LoadOptions::function` in Rust, `functions=` in Python".to_owned()
            });
            findings.push(Finding::error(Code::MissingHostFunction, wanted.span, message).help(help));
            return None;
        };
        if let Some(message) = wanted.differs(function) {
            let help = format!("the pack declares {}; change one of them", wanted.signature());
            findings.push(Finding::error(Code::WrongHostFunction, wanted.span, message).help(help));
            return None;
        }
        let (call, name) = (function.call.clone(), Arc::<str>::from(wanted.name));
        let (parameters, gives) = (wanted.parameters.clone(), wanted.gives.clone());
        let run = move |arguments: &[Outcome], _: &crate::language::functions::Context<'_>| {
            if let Some(given) = said_by_test(&name) {
                return given;
            }
            let parameters = arguments.iter().zip(parameters.iter());
            let taken: Vec<HostValue> =
                parameters.map(|(argument, parameter)| into_host(argument, &parameter.base)).collect();
            let failed = |message: String| {
                Failure::from(EvaluationError::new(ErrorCode::HostFailed, format!("`{name}`: {message}")))
            };
            match catch_unwind(AssertUnwindSafe(|| call(&taken))) {
                Ok(Ok(given)) => gives_of(&given, &gives).map_err(|failure| match failure {
                    Refused::Unknown => Failure::unknown(&name),
                    Refused::Wrong(message) => failed(message),
                }),
                Ok(Err(HostError(message))) => Err(failed(message)),
                Err(panic) => Err(failed(format!("the host's function panics: {}", said(&*panic)))),
            }
        };
        Some(Arc::new(run))
    }

    /// Functions that the host supplies and the pack does not declare.
    pub(crate) fn report_unused<'a>(
        &self,
        declared: impl Iterator<Item = &'a str>,
        head: Span,
        findings: &mut Findings,
    ) {
        let declared: Vec<&str> = declared.collect();
        for name in self.functions.keys().filter(|name| !declared.contains(&name.as_str())) {
            let message = format!("the host supplies `{name}`, which the pack does not declare");
            let help = did_you_mean(name, declared.iter().copied());
            let help = help
                .unwrap_or_else(|| "declare it under `functions:` with `host: true`, or do not register it".to_owned());
            findings.push(Finding::warning(Code::UnusedHostFunction, head, message).help(help));
        }
    }
}

impl Wanted<'_> {
    fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(|parameter| parameter.base.to_string()).collect();
        format!("{}({}) gives {}", self.name, parameters.join(", "), self.gives.base)
    }

    /// How the types of a function differ from those that are declared.
    fn differs(&self, function: &HostFunction) -> Option<String> {
        let name = self.name;
        if let Some(counts) = function.counts.as_ref().filter(|counts| !counts.contains(&self.parameters.len())) {
            let (least, most, wants) = (counts.start(), counts.end(), self.parameters.len());
            let takes = match () {
                () if least == most => least.to_string(),
                () if *most == usize::MAX => format!("{least} or more"),
                () => format!("{least} to {most}"),
            };
            return Some(format!("the host's `{name}` takes {takes} parameters, but the pack declares {wants}"));
        }
        let (parameters, gives) = function.types.as_ref()?;
        if function.counts.is_none() && parameters.len() != self.parameters.len() {
            let (has, wants) = (parameters.len(), self.parameters.len());
            return Some(format!("the host's `{name}` has {has} parameters, but the pack declares {wants}"));
        }
        for (hint, parameter) in parameters.iter().zip(self.parameters.iter()) {
            let (own, base) = (&parameter.name, &parameter.base);
            if !is_alike(*hint, base) {
                return Some(format!(
                    "the host's `{name}` takes {} as `{own}`, but the pack declares {base}",
                    hint.word
                ));
            }
            if parameter.takes_none && !hint.maybe_none {
                return Some(format!(
                    "`{own}` may be none, which the host's `{name}` does not take (`Option` in Rust, `| None` in Python)"
                ));
            }
            if parameter.takes_unknown && !hint.maybe_unknown {
                return Some(format!(
                    "`{own}` may be unknown, which the host's `{name}` does not take (`HostValue` in Rust, `| Unknown` in Python)"
                ));
            }
        }
        // A whole number is an amount, too.
        let is_amount = gives.word == "integer" && function.counts.is_some() && self.gives.base.is_number();
        if !is_alike(*gives, &self.gives.base) && !is_amount {
            let base = &self.gives.base;
            return Some(format!("the host's `{name}` gives {}, but the pack declares {base}", gives.word));
        }
        let may_be_absent = matches!(self.gives.absence, Absence::None | Absence::Unknown);
        if gives.maybe_none && gives.word != "any" && !may_be_absent {
            return Some(format!("the host's `{name}` may give none, but the pack does not say what that means"));
        }
        None
    }
}

/// Whether a type of a host stands for a type of a pack.
fn is_alike(hint: HostHint, base: &Type) -> bool {
    match (hint.word, base) {
        ("any", _) | ("text", Type::Choice(_)) | ("number", Type::Decimal | Type::Money | Type::Percent) => true,
        (word, base) => word == base.word(),
    }
}

/// What runs in place of a function that nobody supplies.
fn stood_in(name: &str) -> Run {
    let name: Arc<str> = Arc::from(name);
    Arc::new(move |_: &[Outcome], _: &crate::language::functions::Context<'_>| {
        said_by_test(&name).unwrap_or_else(|| Err(Failure::unknown(&name)))
    })
}

/// What a test says that a function gives.
fn said_by_test(name: &str) -> Option<Outcome> {
    STAND_INS.with_borrow(|values| values.iter().find(|(known, _)| **known == *name).map(|(_, given)| given.clone()))
}

/// Why what a host gives is no result.
enum Refused {
    Unknown,
    Wrong(String),
}

/// What a host gives, as the pack stores it.
fn gives_of(given: &HostValue, gives: &Field) -> Result<Value, Refused> {
    let wrong = || Refused::Wrong(format!("it is declared to give {}, but gives {}", gives.base, word(given)));
    if matches!(given, HostValue::Unknown) || matches!((given, &gives.absence), (HostValue::None, Absence::Unknown)) {
        return Err(Refused::Unknown);
    }
    let value = out_of_host(given).ok_or_else(wrong)?;
    match fitted(value, gives) {
        Ok(value) => Ok(value),
        Err(Some(error)) => Err(Refused::Wrong(error.message)),
        Err(None) => Err(wrong()),
    }
}

fn into_host(outcome: &Outcome, base: &Type) -> HostValue {
    let value = match outcome {
        Ok(value) => value,
        Err(_) => return HostValue::Unknown,
    };
    match (value, base) {
        (Value::None, _) => HostValue::None,
        (Value::Boolean(value), _) => HostValue::Boolean(*value),
        (Value::Integer(value), _) => HostValue::Integer(*value),
        (Value::Decimal(value), _) => HostValue::Decimal(*value),
        (Value::Money(value), _) => HostValue::Money(*value),
        (Value::Percent(value), _) => HostValue::Percent(*value),
        (Value::Text(value), _) => HostValue::Text(value.clone()),
        (Value::Date(value), _) => HostValue::Date(*value),
        (Value::Timestamp(value), _) => HostValue::Timestamp(*value),
        (Value::Duration(value), _) => match value.unit() {
            DurationUnit::Days => HostValue::Days(value.count()),
            DurationUnit::Months => HostValue::Months(value.count()),
            DurationUnit::BusinessDays => HostValue::BusinessDays(value.count()),
            DurationUnit::Exact => HostValue::Seconds(value.count()),
        },
        (Value::Zone(value), _) => HostValue::Zone(Arc::from(value.name())),
        (Value::List(items), base) => {
            let of = match base {
                Type::List(item) => item.base.clone(),
                _ => Type::Any,
            };
            HostValue::List(items.iter().map(|item| into_host(item, &of)).collect())
        }
        (Value::Record(parts), Type::Record(of)) => {
            let parts = of.fields.iter().zip(parts.iter());
            HostValue::Record(parts.map(|(field, part)| (field.name.clone(), into_host(part, &field.base))).collect())
        }
        (Value::Record(_), _) => HostValue::Unknown,
    }
}

/// A value of a host as one of a pack; nothing for a record, and for a zone that there is not.
fn out_of_host(given: &HostValue) -> Option<Value> {
    Some(match given {
        HostValue::None => Value::None,
        HostValue::Boolean(value) => Value::Boolean(*value),
        HostValue::Integer(value) => Value::Integer(*value),
        HostValue::Decimal(value) => Value::Decimal(value.normalize()),
        HostValue::Money(value) => Value::Money(value.normalize()),
        HostValue::Percent(value) => Value::Percent(value.normalize()),
        HostValue::Text(value) => Value::Text(value.clone()),
        HostValue::Date(value) => Value::Date(*value),
        HostValue::Timestamp(value) => Value::Timestamp(*value),
        HostValue::Days(count) => Value::Duration(Duration::of(DurationUnit::Days, *count)),
        HostValue::Months(count) => Value::Duration(Duration::of(DurationUnit::Months, *count)),
        HostValue::BusinessDays(count) => Value::Duration(Duration::of(DurationUnit::BusinessDays, *count)),
        HostValue::Seconds(count) => Value::Duration(Duration::of(DurationUnit::Exact, *count)),
        HostValue::Zone(name) => Value::Zone(name.parse().ok()?),
        HostValue::List(items) => {
            let items: Option<Vec<Outcome>> = items.iter().map(|item| out_of_host(item).map(Ok)).collect();
            Value::List(items?.into())
        }
        HostValue::Record(_) | HostValue::Unknown => return None,
    })
}

fn word(given: &HostValue) -> &'static str {
    match given {
        HostValue::None => "none",
        HostValue::Unknown => "what is not known",
        HostValue::Boolean(_) => "a boolean",
        HostValue::Integer(_) => "an integer",
        HostValue::Decimal(_) => "a decimal",
        HostValue::Money(_) => "money",
        HostValue::Percent(_) => "a percentage",
        HostValue::Text(_) => "a text",
        HostValue::Date(_) => "a date",
        HostValue::Timestamp(_) => "a timestamp",
        HostValue::Days(_) | HostValue::Months(_) | HostValue::BusinessDays(_) | HostValue::Seconds(_) => "a duration",
        HostValue::Zone(_) => "a zone",
        HostValue::List(_) => "a list",
        HostValue::Record(_) => "a record",
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say why")
}
