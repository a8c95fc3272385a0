//! Scripts: functions in Rhai that a pack declares, run in a sandbox.
//!
//! Takes the text of a script and what a function declares of itself; gives something that turns arguments into a
//! result. A script sees its arguments and the functions of the language, nothing else. What it gives is checked against
//! what is declared; what it reads that is not known makes the result unknown; all else that goes wrong is an error of
//! the rule that calls it, at its place in the script.

mod budget;
mod failures;
mod limits;
mod lists;
mod machine;
mod maps;
mod native;
mod parts;
mod shape;
mod soundness;
mod texts;
mod values;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use rhai::AST;

use self::failures::{explain, unreadable};
use self::machine::{Call, Called, Machine};
use self::shape::faults;
use self::values::{Foreign, Perhaps, into_script, out_of_script, word};
use crate::calendar::Calendar;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::declared::{Parameter, Run};
use crate::language::functions::{self, Context};
use crate::language::parse::{offset, token_len};
use crate::source::{Snippet, Span};
use crate::value::{ErrorCode, EvaluationError, Failure, Field, Outcome, RecordType, Type, Value, fitted};

pub use limits::ScriptLimits;
pub(crate) use soundness::fault as interpreter_fault;

/// The interpreter of a pack's scripts.
pub(crate) struct Scripts {
    machine: Arc<Machine>,
    limits: ScriptLimits,
}

/// A script that was read.
#[derive(Debug)]
pub(crate) struct Script {
    ast: AST,
    snippet: Snippet,
}

/// A function of a script, as a pack declares it.
pub(crate) struct ScriptFunction {
    pub(crate) script: Arc<Script>,
    pub(crate) name: Arc<str>,
    pub(crate) parameters: Arc<[Parameter]>,
    pub(crate) gives: Field,
    pub(crate) calendar: Option<Arc<Calendar>>,
}

impl Scripts {
    pub(crate) fn new(limits: ScriptLimits) -> Scripts {
        // Most packs have the same limits, and an interpreter keeps nothing of what it ran.
        static OF_DEFAULT: OnceLock<Arc<Machine>> = OnceLock::new();
        let machine = match limits == ScriptLimits::default() {
            true => OF_DEFAULT.get_or_init(|| Arc::new(Machine::new(limits))).clone(),
            false => Arc::new(Machine::new(limits)),
        };
        Scripts { machine, limits }
    }

    /// A script, where it can be read; what is wrong with it is reported.
    pub(crate) fn read(&self, snippet: &Snippet, findings: &mut Findings) -> Option<Script> {
        let ast = match self.machine.compile(&snippet.text) {
            Ok(ast) => ast,
            Err(error) => {
                let (message, help) = unreadable(error.err_type());
                let help = help.map(str::to_owned);
                let span = place(snippet, error.position());
                findings.push(Finding::error(Code::SyntaxError, span, message).maybe_help(help));
                return None;
            }
        };
        if let Some((start, end)) = date_literal(&snippet.text) {
            let written = snippet.text.get(start..end).unwrap_or("");
            let help = format!("write `date({})`", written.replace("-0", ", ").replace('-', ", "));
            let message = format!("a script reads `{written}` as a subtraction");
            findings.push(Finding::error(Code::InvalidDate, snippet.span(start, end), message).help(help));
            return None;
        }
        if let Some(fault) = faults(&ast).into_iter().next() {
            let span = place(snippet, fault.position);
            findings.push(Finding::error(fault.code, span, fault.message).help(fault.help));
            return None;
        }
        if !ast.statements().is_empty() {
            let position = ast.statements().first().map_or(rhai::Position::NONE, rhai::Stmt::position);
            let message = "a script holds functions and nothing beside them";
            findings.push(
                Finding::error(Code::UnsupportedSyntax, place(snippet, position), message)
                    .help("put this into a function: `fn name(parameter) { .. }`"),
            );
            return None;
        }
        Some(Script { ast, snippet: snippet.clone() })
    }

    /// What runs a function of a script.
    pub(crate) fn run(&self, function: ScriptFunction) -> Run {
        let (machine, limits) = (self.machine.clone(), self.limits);
        Arc::new(move |arguments, context| function.call(&machine, &limits, arguments, context))
    }
}

#[cfg(test)]
impl Scripts {
    /// What an expression comes to in a script, over values by name.
    pub(crate) fn value_of(&self, expression: &str, values: &[(&str, Type, Value)]) -> Outcome {
        let names: Vec<&str> = values.iter().map(|(name, ..)| *name).collect();
        let text = format!("fn gives({}) {{ {expression} }}", names.join(", "));
        let mut findings = Findings::default();
        let mut sources = crate::source::Sources::default();
        let id = sources.add("script", text.as_str());
        let snippet = Snippet::verbatim(&text, sources.span(id, 0, text.len()));
        let script = self.read(&snippet, &mut findings);
        let script = script.unwrap_or_else(|| panic!("{}", findings.finish(&sources).render_short()));
        let held = values.iter().map(|(_, base, value)| into_script(&Ok(value.clone()), base));
        let held = held.collect::<Result<Vec<_>, Failure>>()?;
        let at = chrono::DateTime::<chrono::Utc>::UNIX_EPOCH;
        let context = Context::at(at, chrono_tz::America::New_York, 2);
        let Called { result, missing } = self.machine.call(&script.ast, "gives", held, Call::new(&context, None));
        if let Some(missing) = missing {
            return Err(missing);
        }
        match result {
            Ok(given) => Ok(out_of_script(&given).unwrap_or_else(|Foreign(word)| panic!("{expression} gives {word}"))),
            Err(error) => {
                let trouble = explain(&error, &self.limits);
                Err(EvaluationError::new(trouble.code, trouble.message).into())
            }
        }
    }
}

impl Script {
    /// Whether a function of the script asks how far a day is from today.
    pub(crate) fn reads_today(&self) -> bool {
        let mut reads = false;
        self.ast.walk(&mut |path: &[rhai::ASTNode<'_>]| {
            use rhai::{ASTNode, Expr, Stmt};
            if let Some(
                ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)),
            ) = path.last()
            {
                reads |= functions::reads_today(&call.name);
            }
            true
        });
        reads
    }

    /// How many parameters the script's function of this name has; nothing where it has none of this name.
    pub(crate) fn parameters_of(&self, name: &str) -> Option<usize> {
        self.functions().find(|(known, _)| *known == name).map(|(_, parameters)| parameters.len())
    }

    /// The names of a function's parameters.
    pub(crate) fn parameter_names(&self, name: &str) -> Option<Vec<String>> {
        let mut functions = self.functions();
        let (_, parameters) = functions.find(|(known, _)| *known == name)?;
        Some(parameters.into_iter().map(str::to_owned).collect())
    }

    /// The parts of a parameter that a function reads; nothing where it hands the parameter on as a whole.
    pub(crate) fn parts_read(&self, function: &str, parameter: &str) -> Option<Vec<String>> {
        parts::read(&self.ast, function, parameter)
    }

    /// The functions of the script, and their parameters.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let functions = self.ast.iter_functions().map(|function| (function.name, function.params));
        // Closures are functions of the script, too.
        functions.filter(|(name, _)| !name.contains('$'))
    }
}

impl ScriptFunction {
    fn call(&self, machine: &Machine, limits: &ScriptLimits, arguments: &[Outcome], context: &Context<'_>) -> Outcome {
        let mut held = Vec::with_capacity(arguments.len());
        for (argument, parameter) in arguments.iter().zip(self.parameters.iter()) {
            held.push(if parameter.takes_unknown {
                rhai::Dynamic::from(Perhaps { outcome: argument.clone(), of: parameter.base.clone() })
            } else {
                into_script(argument, &parameter.base)?
            });
        }
        let call = Call::new(context, self.calendar.clone());
        let Called { result, missing } = machine.call(&self.script.ast, &self.name, held, call);
        if let Some(missing) = missing {
            return Err(missing);
        }
        match result {
            Ok(given) if given.is_map() && matches!(self.gives.base, Type::Record(_)) => {
                let (Type::Record(of), Some(map)) = (&self.gives.base, given.read_lock::<rhai::Map>()) else {
                    return Ok(Value::None);
                };
                outputs(&map, of).map_err(|error| {
                    let message = format!("`{}`: {}", self.name, error.message);
                    self.failure(EvaluationError { message, ..error }, rhai::Position::NONE)
                })
            }
            Ok(given) => match out_of_script(&given).map(|value| fitted(value, &self.gives)) {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(Some(error))) => Err(self.failure(error, rhai::Position::NONE)),
                Ok(Err(None)) => Err(self.failure(self.wrong_result(&word(&given)), rhai::Position::NONE)),
                Err(Foreign(word)) => Err(self.failure(self.wrong_result(&word), rhai::Position::NONE)),
            },
            Err(error) => {
                let trouble = explain(&error, limits);
                let calls: Vec<String> = trouble.calls.iter().rev().map(|name| format!("`{name}`")).collect();
                let led = match calls.as_slice() {
                    [] => String::new(),
                    calls => format!(" (in {})", calls.join(", called by ")),
                };
                let error = EvaluationError::new(trouble.code, format!("`{}`: {}{led}", self.name, trouble.message));
                Err(self.failure(error, trouble.position))
            }
        }
    }

    fn wrong_result(&self, found: &str) -> EvaluationError {
        let wanted = match &self.gives.base {
            Type::Record(of) => {
                let names: Vec<String> = of.fields.iter().map(|field| format!("{}: ..", field.name)).collect();
                format!("a map of its outputs, `#{{{}}}`, or none", names.join(", "))
            }
            base => wanted(base),
        };
        let message = format!("`{}` is declared to give {wanted}, but gives {found}", self.name);
        EvaluationError::new(ErrorCode::ScriptFailed, message)
    }

    fn failure(&self, error: EvaluationError, position: rhai::Position) -> Failure {
        let span = (!position.is_none()).then(|| place(&self.script.snippet, position));
        EvaluationError { span, ..error }.into()
    }
}

/// The outputs that a map says, each as it is stored; or what is wrong with it.
fn outputs(map: &rhai::Map, of: &RecordType) -> Result<Value, EvaluationError> {
    let failed = |message: String| EvaluationError::new(ErrorCode::ScriptFailed, message);
    if let Some(stray) = map.keys().find(|key| of.index_of(key).is_none()) {
        let help = did_you_mean(stray, of.fields.iter().map(|field| &*field.name));
        let help = help.map_or(String::new(), |help| format!("; {help}"));
        return Err(failed(format!("it gives `{stray}`, which is no output{help}")));
    }
    let mut parts = Vec::with_capacity(of.fields.len());
    for field in &of.fields {
        let wrong = |found: &str| {
            let wanted = wanted(&field.base);
            failed(format!("the output `{}` is {wanted}, but it gives {found}", field.name))
        };
        let value = match map.get(&*field.name) {
            None if field.maybe_none() => Value::None,
            None => return Err(failed(format!("it gives no `{}`", field.name))),
            Some(held) => match out_of_script(held).map(|value| fitted(value, field)) {
                Ok(Ok(value)) => value,
                Ok(Err(Some(error))) => {
                    let message = format!("the output `{}`: {}", field.name, error.message);
                    return Err(EvaluationError { message, ..error });
                }
                Ok(Err(None)) => return Err(wrong(&word(held))),
                Err(Foreign(word)) => return Err(wrong(&word)),
            },
        };
        parts.push(Ok(value));
    }
    Ok(Value::Record(parts.into()))
}

/// What is wanted, in words.
fn wanted(base: &Type) -> String {
    match base {
        Type::Choice(words) => format!("one of {}", words.join(", ")),
        base => base.to_string(),
    }
}

/// The place of the token at a position of a script.
fn place(snippet: &Snippet, position: rhai::Position) -> Span {
    if position.is_none() {
        return snippet.whole();
    }
    let start = offset(position, &snippet.text);
    snippet.span(start, start + token_len(&snippet.text, start))
}

/// Where a script, outside its texts and comments, says a date as a condition would.
fn date_literal(script: &str) -> Option<(usize, usize)> {
    let bytes = script.as_bytes();
    let is_date = |at: usize| {
        let digit = |offset: usize| bytes.get(at + offset).is_some_and(u8::is_ascii_digit);
        let dash = |offset: usize| bytes.get(at + offset) == Some(&b'-');
        let (year, month, day) = ((0..4).all(digit), (5..7).all(digit), (8..10).all(digit));
        year && month && day && dash(4) && dash(7) && !digit(10)
    };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = script.get(at..).unwrap_or("");
        at += match byte {
            b'"' | b'`' => {
                let quote = *byte;
                let mut length = 1;
                while let Some(next) = bytes.get(at + length).filter(|next| **next != quote) {
                    length += if *next == b'\\' && quote == b'"' { 2 } else { 1 };
                }
                length + 1
            }
            b'/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' => {
                if is_date(at) {
                    return Some((at, at + 10));
                }
                let word = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                word.max(1)
            }
            _ => 1,
        };
    }
    None
}
