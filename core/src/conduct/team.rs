//! Who is in which team: the records of collectors, brought together by the field that names the team.
//!
//! Takes records in any order; gives the members of each team in the order of their keys, so that the order of a file
//! says nothing. A record that is refused is no member, and is kept beside the teams that it may belong to.

use std::collections::{BTreeMap, HashMap};

use crate::check::team_pool::CheckedTeamPool;
use crate::record::{Problem, Raw, RecordReader, Surroundings};
use crate::value::show::Show;
use crate::value::{Field, Outcome, Value};

/// A record as it was given.
#[derive(Debug)]
pub(crate) struct GivenMember {
    /// The number of its row, or its place, counted from 1.
    pub(crate) number: u64,
    pub(crate) record: Result<Raw, Vec<Problem>>,
    /// What it says of its key and its team, also where it is wrong elsewhere; nothing where that cannot be told.
    pub(crate) key: Option<Raw>,
    pub(crate) team: Option<Raw>,
}

/// The members of all teams.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// By the name of the team, by the key of the member: the fields.
    pub(crate) teams: BTreeMap<String, BTreeMap<String, Vec<Outcome>>>,
    /// The keys of those who are in no team.
    pub(crate) without_team: Vec<String>,
    pub(crate) refused: Vec<Refused>,
}

/// A record that is not taken.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) number: u64,
    pub(crate) key: Option<String>,
    team: Team,
    pub(crate) problems: Vec<Problem>,
}

/// Which team a record belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Team {
    Named(String),
    /// It says that there is none.
    None,
    /// It cannot be told, so that it may be any.
    Any,
}

impl GivenMember {
    /// The record that a text or a rule file holds.
    pub(crate) fn new(number: u64, record: Result<Raw, Vec<Problem>>, pool: &CheckedTeamPool) -> GivenMember {
        let said = |field: Option<&Field>| match (&record, field) {
            (Ok(Raw::Map(entries)), Some(field)) => {
                let entry = entries.iter().find(|(name, _)| **name == *field.name);
                Some(entry.map_or(Raw::Absent, |(_, raw)| raw.clone()))
            }
            _ => None,
        };
        let (key, team) = (said(key_field(pool)), said(team_field(pool)));
        GivenMember { number, record, key, team }
    }
}

impl Members {
    /// The members that the records are. A key that several records have is refused in all of them: which of them is
    /// right cannot be told.
    pub(crate) fn of(
        given: Vec<GivenMember>,
        pool: &CheckedTeamPool,
        surroundings: Surroundings<'_>,
        show: Show,
    ) -> Members {
        let field = |field: Option<&Field>, raw: Option<&Raw>| RecordReader::read_field(field?, raw?, surroundings);
        let text = |outcome: Option<Outcome>| outcome.and_then(Result::ok).map(|value| show.text(&value));
        let mut read = Vec::new();
        let mut keys: HashMap<String, usize> = HashMap::new();
        for GivenMember { number, record, key, team } in given {
            let key = text(field(key_field(pool), key.as_ref()));
            if let Some(key) = &key {
                *keys.entry(key.clone()).or_default() += 1;
            }
            let team = match field(team_field(pool), team.as_ref()) {
                Some(Ok(Value::None)) => Team::None,
                Some(Ok(team)) => Team::Named(show.text(&team)),
                Some(Err(_)) | None => Team::Any,
            };
            let fields = record.and_then(|raw| RecordReader::read(&pool.record, &raw, surroundings));
            read.push((number, key, team, fields));
        }
        let mut members = Members::default();
        for (number, key, team, fields) in read {
            let is_twice = key.as_ref().is_some_and(|key| keys.get(key).is_some_and(|count| *count > 1));
            let fields = fields.and_then(|fields| match problem(pool, key.as_deref().filter(|_| is_twice), &team) {
                Some(problem) => Err(vec![problem]),
                None => Ok(fields),
            });
            match (fields, team) {
                (Ok(_), Team::None) => members.without_team.extend(key),
                (Ok(fields), Team::Named(team)) => {
                    let own = members.teams.entry(team).or_default();
                    own.extend(key.map(|key| (key, fields)));
                }
                (Ok(_), Team::Any) => {}
                (Err(problems), team) => {
                    if let Team::Named(team) = &team {
                        members.teams.entry(team.clone()).or_default();
                    }
                    members.refused.push(Refused { number, key, team, problems });
                }
            }
        }
        members
    }

    /// The refused records that may belong to a team.
    pub(crate) fn refused_of(&self, team: &str) -> impl Iterator<Item = &Refused> {
        self.refused.iter().filter(move |refused| match &refused.team {
            Team::Named(own) => own == team,
            Team::None => false,
            Team::Any => true,
        })
    }
}

/// Why a record that is valid by itself is not taken: its key is that of another one too, or its team is not known.
fn problem(pool: &CheckedTeamPool, repeated_key: Option<&str>, team: &Team) -> Option<Problem> {
    let name = |field: Option<&Field>| field.map_or_else(String::new, |field| field.name.to_string());
    match (repeated_key, team) {
        (Some(key), _) => Some(Problem::new(
            name(key_field(pool)),
            format!("the key `{key}` is that of another record too"),
            Some("give each collector and period a key of its own".to_owned()),
        )),
        (None, Team::Any) => Some(Problem::new(
            name(team_field(pool)),
            "the team is not known, so that it may be any",
            Some("say which team the record belongs to".to_owned()),
        )),
        (None, Team::Named(_) | Team::None) => None,
    }
}

fn key_field(pool: &CheckedTeamPool) -> Option<&Field> {
    pool.record.fields.get(pool.record.key_index()?)
}

fn team_field(pool: &CheckedTeamPool) -> Option<&Field> {
    pool.record.fields.get(pool.team.0 as usize)
}
