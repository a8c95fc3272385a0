//! Functions of Rust as functions of a host: what they take and give is read off their types.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{HostError, HostValue, Money, Percent};
use crate::value::Type;

/// What runs a function.
pub(super) type Called = Arc<dyn Fn(&[HostValue]) -> Result<HostValue, HostError> + Send + Sync>;

/// A function that a host supplies, with its types where they are known.
#[derive(Clone)]
pub struct HostFunction {
    /// The types of its parameters and of its result; nothing where it takes and gives any value.
    pub(super) types: Option<(Vec<HostHint>, HostHint)>,
    /// How many parameters it can take, where that is not said by the types.
    pub(super) counts: Option<RangeInclusive<usize>>,
    pub(super) call: Called,
}

/// A type as a host says it of a parameter or of the result of a function: what a load compares with the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostHint {
    /// `money`, `text` ..; `number` for all numbers with decimals, `any` for all.
    pub(super) word: &'static str,
    pub(super) maybe_none: bool,
    pub(super) maybe_unknown: bool,
}

impl HostHint {
    /// Any value.
    pub const ANY: HostHint = HostHint { word: "any", maybe_none: true, maybe_unknown: true };

    /// A type by its word: one that packs write, such as `boolean`, `text` (also for a choice) or `list`; `number` for
    /// `decimal`, `money` and `percent`; `any`. Nothing for another word.
    pub fn of(word: &str) -> Option<HostHint> {
        if word == "any" {
            return Some(HostHint::ANY);
        }
        let word = Type::WORDS.iter().chain(&["number"]).find(|known| **known == word)?;
        Some(HostHint { word, maybe_none: false, maybe_unknown: false })
    }

    /// The type, or none.
    #[must_use]
    pub fn or_none(self) -> HostHint {
        HostHint { maybe_none: true, ..self }
    }

    /// The type, or what is not known.
    #[must_use]
    pub fn or_unknown(self) -> HostHint {
        HostHint { maybe_unknown: true, ..self }
    }
}

impl HostFunction {
    /// A function whose types are those of a closure; see [`IntoHostFunction`].
    pub fn new<A>(function: impl IntoHostFunction<A>) -> HostFunction {
        function.into_host_function()
    }

    /// A function that takes and gives values of any type, for hosts that know them only when it is called. What it gives
    /// is compared with what the pack declares each time.
    pub fn of_values(
        call: impl Fn(&[HostValue]) -> Result<HostValue, HostError> + Send + Sync + 'static,
    ) -> HostFunction {
        HostFunction { types: None, counts: None, call: Arc::new(call) }
    }

    /// Says how many parameters a function of any values can take: a load refuses a pack that declares another number.
    #[must_use]
    pub fn taking(self, counts: RangeInclusive<usize>) -> HostFunction {
        HostFunction { counts: Some(counts), ..self }
    }

    /// Says the types of a function of any values, as far as they are known: a load refuses a pack that declares others.
    /// Parameters that are not said take any value. How many there are, [`HostFunction::taking`] says.
    #[must_use]
    pub fn hinted(self, parameters: Vec<HostHint>, gives: HostHint) -> HostFunction {
        let counts = self.counts.clone().or(Some(0..=usize::MAX));
        HostFunction { types: Some((parameters, gives)), counts, ..self }
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.types {
            Some((parameters, gives)) => {
                let parameters: Vec<&str> = parameters.iter().map(|parameter| parameter.word).collect();
                write!(f, "({}) gives {}", parameters.join(", "), gives.word)
            }
            None => f.write_str("a function of any values"),
        }
    }
}

/// A type of Rust that stands for a type of a pack: `bool`, `i64`, [`Decimal`], [`Money`], [`Percent`], `String`,
/// [`NaiveDate`], [`DateTime<Utc>`]; an `Option` of one where there may be none; [`HostValue`] for any.
pub trait HostType: Sized {
    /// The type as a pack writes it; `any` for all.
    const WORD: &'static str;
    /// Whether none goes with it.
    const MAYBE_NONE: bool = false;
    /// The value, where it is of this type.
    fn from_host(value: &HostValue) -> Option<Self>;
    /// The value for the pack.
    fn into_host(self) -> HostValue;
}

macro_rules! host_type {
    ($type:ty, $word:literal, $variant:ident, |$value:ident| $from:expr, |$own:ident| $into:expr) => {
        impl HostType for $type {
            const WORD: &'static str = $word;

            fn from_host(value: &HostValue) -> Option<Self> {
                match value {
                    HostValue::$variant($value) => Some($from),
                    _ => None,
                }
            }

            fn into_host(self) -> HostValue {
                let $own = self;
                HostValue::$variant($into)
            }
        }
    };
}

host_type!(bool, "boolean", Boolean, |value| *value, |own| own);
host_type!(i64, "integer", Integer, |value| *value, |own| own);
host_type!(Decimal, "decimal", Decimal, |value| *value, |own| own);
host_type!(Money, "money", Money, |value| Money(*value), |own| own.0);
host_type!(Percent, "percent", Percent, |value| Percent(*value), |own| own.0);
host_type!(String, "text", Text, |value| value.to_string(), |own| Arc::from(own));
host_type!(NaiveDate, "date", Date, |value| *value, |own| own);
host_type!(DateTime<Utc>, "timestamp", Timestamp, |value| *value, |own| own);

impl HostType for HostValue {
    const WORD: &'static str = "any";
    const MAYBE_NONE: bool = true;

    fn from_host(value: &HostValue) -> Option<Self> {
        Some(value.clone())
    }

    fn into_host(self) -> HostValue {
        self
    }
}

impl<T: HostType> HostType for Option<T> {
    const WORD: &'static str = T::WORD;
    const MAYBE_NONE: bool = true;

    fn from_host(value: &HostValue) -> Option<Self> {
        match value {
            HostValue::None => Some(None),
            value => T::from_host(value).map(Some),
        }
    }

    fn into_host(self) -> HostValue {
        self.map_or(HostValue::None, T::into_host)
    }
}

/// A closure of up to six parameters, each of a [`HostType`], that gives a `Result` of one; its error is shown as it
/// displays itself.
pub trait IntoHostFunction<A> {
    /// The function with its types.
    fn into_host_function(self) -> HostFunction;
}

impl IntoHostFunction<HostFunction> for HostFunction {
    fn into_host_function(self) -> HostFunction {
        self
    }
}

fn hint<T: HostType>() -> HostHint {
    HostHint { word: T::WORD, maybe_none: T::MAYBE_NONE, maybe_unknown: T::WORD == HostHint::ANY.word }
}

fn argument<T: HostType>(arguments: &[HostValue], index: usize) -> Result<T, HostError> {
    let found = arguments.get(index).and_then(T::from_host);
    found.ok_or_else(|| HostError(format!("its parameter {} takes {}", index + 1, T::WORD)))
}

macro_rules! into_host_function {
    ($($parameter:ident $index:literal),*) => {
        impl<F, R, E, $($parameter),*> IntoHostFunction<($($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Result<R, E> + Send + Sync + 'static,
            R: HostType,
            E: fmt::Display,
            $($parameter: HostType,)*
        {
            fn into_host_function(self) -> HostFunction {
                let types = (vec![$(hint::<$parameter>()),*], hint::<R>());
                let call = move |arguments: &[HostValue]| {
                    let _ = arguments;
                    let result = self($(argument::<$parameter>(arguments, $index)?),*);
                    result.map(R::into_host).map_err(|error| HostError(error.to_string()))
                };
                HostFunction { types: Some(types), counts: None, call: Arc::new(call) }
            }
        }
    };
}

into_host_function!();
into_host_function!(A 0);
into_host_function!(A 0, B 1);
into_host_function!(A 0, B 1, C 2);
into_host_function!(A 0, B 1, C 2, D 3);
into_host_function!(A 0, B 1, C 2, D 3, G 4);
into_host_function!(A 0, B 1, C 2, D 3, G 4, H 5);
