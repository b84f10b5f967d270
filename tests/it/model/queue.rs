//! Who of the model is to be polled, and in which order: that in which they were woken.

use std::collections::VecDeque;

/// A queue of actors, as `FuturesUnordered` keeps it.
#[derive(Clone, Default)]
pub struct Queue {
    woken: VecDeque<usize>,
    /// Who has a place in the queue, or will have when woken: whoever has not exited; and whoever was dropped, until its
    /// turn has come once more.
    places: Vec<usize>,
}

impl Queue {
    /// Adds an actor, which is to be polled.
    pub fn add(&mut self, who: usize) {
        self.places.push(who);
        self.woken.push_back(who);
    }

    /// Wakes an actor, and returns whether that changes something: to be woken twice is to be woken.
    pub fn wake(&mut self, who: usize) -> bool {
        let sleeps = self.places.contains(&who) && !self.is_woken(who);
        if sleeps {
            self.woken.push_back(who);
        }
        sleeps
    }

    /// Returns whether an actor is to be polled.
    pub fn is_woken(&self, who: usize) -> bool {
        self.woken.contains(&who)
    }

    /// Returns whose turn it is.
    pub fn pop(&mut self) -> Option<usize> {
        self.woken.pop_front()
    }

    /// Takes the place of an actor away.
    pub fn remove(&mut self, who: usize) {
        self.places.retain(|&other| other != who);
        self.woken.retain(|&other| other != who);
    }

    /// Returns how many places there are.
    pub fn places(&self) -> usize {
        self.places.len()
    }
}
