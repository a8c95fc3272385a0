//! What deciding needs beside a pack, kept from one case to the next.
//!
//! A few rooms lie ready; whoever finds them all in use makes one of his own. So no thread waits for another, a host
//! function may decide cases itself, and a process that was forked in the middle of a decision goes on without that room.

use std::sync::{Mutex, TryLockError};

use chrono::{DateTime, Utc};
use recoup::{Engine, Evaluation, Evaluator, Record};

use crate::fill::Order;

/// How many rooms lie ready.
const ROOMS: usize = 8;
/// How many evaluations wait to be used again.
const SPARE: usize = 32;

/// What deciding one case after the other at an instant needs.
pub(crate) struct Room {
    pub(crate) evaluator: Evaluator,
    pub(crate) record: Record,
    pub(crate) order: Order,
    /// What decisions held that nobody holds any more.
    #[expect(clippy::vec_box, reason = "what a decision holds is handed on, and never moved in memory")]
    spare: Vec<Box<Evaluation>>,
}

/// The rooms of a pack.
#[derive(Default)]
pub(crate) struct Rooms {
    rooms: [Mutex<Option<Box<Room>>>; ROOMS],
}

impl Rooms {
    /// Takes back what a decision held that nobody holds any more.
    pub(crate) fn give_back(&self, evaluation: Box<Evaluation>) {
        for place in &self.rooms {
            let Ok(mut held) = place.try_lock() else { continue };
            if let Some(room) = &mut *held
                && room.spare.len() < SPARE
            {
                room.spare.push(evaluation);
                return;
            }
        }
    }

    /// Does work in a room for an instant.
    ///
    /// # Errors
    /// Where the instant lies outside the years that the engine knows.
    pub(crate) fn work<T>(
        &self,
        engine: &Engine,
        as_of: DateTime<Utc>,
        work: impl FnOnce(&mut Room) -> T,
    ) -> Result<T, recoup::Error> {
        for place in &self.rooms {
            let mut held = match place.try_lock() {
                Ok(held) => held,
                // Whoever panicked there left nothing behind.
                Err(TryLockError::Poisoned(poisoned)) => {
                    place.clear_poison();
                    let mut held = poisoned.into_inner();
                    *held = None;
                    held
                }
                Err(TryLockError::WouldBlock) => continue,
            };
            return match &mut *held {
                Some(room) if room.evaluator.as_of() == as_of => Ok(work(room)),
                other => Ok(work(other.insert(Box::new(Room::new(engine, as_of)?)))),
            };
        }
        Ok(work(&mut Room::new(engine, as_of)?))
    }
}

impl Room {
    fn new(engine: &Engine, as_of: DateTime<Utc>) -> Result<Room, recoup::Error> {
        let evaluator = engine.evaluator(as_of)?;
        let record = evaluator.record();
        Ok(Room { evaluator, record, order: Order::new(), spare: Vec::new() })
    }

    /// What a case can come to, to be filled.
    pub(crate) fn evaluation(&mut self) -> Box<Evaluation> {
        self.spare.pop().unwrap_or_else(|| Box::new(self.evaluator.evaluation()))
    }
}
