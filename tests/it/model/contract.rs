//! The contract, as a program: what a group does, without futures, wakers or anything that is there to be fast.
//!
//! What the group counts, marks and keeps sorted, this finds out anew whenever it is needed, by asking every actor.

use std::collections::VecDeque;

use super::cast::{Cast, End, Event, Outcome, Site, Turn};
use super::queue::Queue;
use super::script::How;

/// A group of actors, who are numbers.
#[derive(Clone)]
pub struct Model {
    pub cast: Cast,
    /// All that were ever added, by number.
    pub actors: Vec<State>,
    /// The stages that are still to be stopped. The first is the one that stops first, or is stopping.
    pub stages: VecDeque<Stage>,
    /// What was set, the inner before the outer. The last is for the group: for all its stages.
    pub terms: Vec<Terms>,
    /// Whether somebody may not have been polled yet.
    pub starting: bool,
    /// What has happened, in this order. The first is the cause.
    pub exits: Vec<End>,
    /// The first panic, and the first that is nobody's exit.
    pub panic: Option<Site>,
    pub stray: Option<Site>,
    /// Who is to be polled.
    pub queue: Queue,
    /// Whether the group is to be polled.
    pub due: bool,
    /// Whether it is the report that is polled.
    pub reports: bool,
}

#[derive(Clone)]
pub struct State {
    pub how: How,
    pub index: usize,
    pub started: bool,
    pub interrupted: bool,
    pub exited: bool,
}

#[derive(Clone, Default)]
pub struct Stage {
    /// Tells it from the others.
    pub number: usize,
    pub actors: Vec<usize>,
}

#[derive(Clone, Default)]
pub struct Terms {
    /// The numbers of the stages they are for.
    pub stages: Vec<usize>,
    pub observer: Option<usize>,
    pub grace: GracePeriod,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub enum GracePeriod {
    #[default]
    Unlimited,
    Set(usize),
    Begun(usize),
    Over,
}

impl Model {
    /// Polls the group. Returns whether it has ended.
    pub fn poll_once(&mut self) -> bool {
        let mut breaks = 0_usize;
        // The grace period has the first turn. What it says counts when the actors have had theirs.
        let mut over = self.is_told().then(|| self.is_over());
        loop {
            // From the first exit on, one stage after the other is interrupted and waited for.
            while !self.exits.is_empty() {
                if !self.is_told() {
                    self.interrupt();
                    over = None;
                }
                if self.stages[0].actors.iter().any(|&who| self.is_out(who)) {
                    break;
                }
                self.leave();
                if self.stages.is_empty() {
                    return self.end();
                }
            }
            if let Some((who, outcome)) = self.turn() {
                self.exit(who, outcome);
            } else if self.out().next().is_none() {
                return self.end();
            } else if self.is_starting(breaks) {
                breaks += 1; // No break before everybody has been polled once.
            } else if over.unwrap_or_else(|| self.is_over()) {
                for who in self.stages[0].actors.clone() {
                    self.drop_out(who, Outcome::Expired);
                }
            } else {
                return false;
            }
        }
    }

    /// Returns whether the breaks are to be ignored. It is looked up after 1, 2, 4, 8 of them.
    fn is_starting(&mut self, breaks: usize) -> bool {
        if (breaks + 1).is_power_of_two() {
            let unstarted = self.out().any(|who| !self.actors[who].started);
            self.starting &= unstarted;
        }
        self.starting && breaks < self.queue.places()
    }

    /// Polls who was woken, in this order, until one exits, nobody is left, or it is time for a break: when two have woken
    /// themselves, or as many were polled as there are places. It counts anew after a place that was empty.
    fn turn(&mut self) -> Option<(usize, Outcome)> {
        let (mut polled, mut yielded, mut places) = (0, 0, self.queue.places());
        while let Some(who) = self.queue.pop() {
            if !self.is_out(who) {
                self.queue.remove(who);
                (polled, yielded, places) = (0, 0, self.queue.places());
                continue;
            }
            self.actors[who].started = true;
            let told = self.actors[who].interrupted;
            let outcome = match self.call(|cast| cast.execute(who, told)) {
                Turn::Returned => Outcome::Returned(who),
                Turn::Panicked(site) => Outcome::Panicked(site),
                Turn::Pending => {
                    polled += 1;
                    yielded += usize::from(self.queue.is_woken(who));
                    if yielded == 2 || polled == places {
                        self.due = true;
                        return None;
                    }
                    continue;
                }
            };
            let outcome = self.release(who, outcome);
            self.queue.remove(who);
            return Some((who, outcome));
        }
        None
    }

    /// Drops an execute. If that panics, it is the outcome, unless another panic is.
    fn release(&mut self, who: usize, outcome: Outcome) -> Outcome {
        match (self.call(|cast| cast.drop_execute(who)), outcome) {
            (_, Outcome::Panicked(site)) | (Err(site), _) => Outcome::Panicked(site),
            (Ok(()), outcome) => outcome,
        }
    }

    /// Records an exit, and shows it to the observer of its stage.
    fn exit(&mut self, who: usize, outcome: Outcome) {
        self.actors[who].exited = true;
        if let Outcome::Panicked(site) = outcome {
            self.panic = self.panic.or(Some(site));
        }
        let end = End {
            who,
            index: self.actors[who].index,
            was_interrupted: self.actors[who].interrupted,
            outcome,
        };
        self.exits.push(end.clone());
        let mut stages = self.stages.iter();
        let stage = stages.find(|stage| stage.actors.contains(&who));
        for term in self.terms_of(stage.map(|stage| stage.number)) {
            if let Some(observer) = self.terms[term].observer {
                self.call_or_note(|cast| cast.observe(observer, end.clone()));
            }
        }
    }

    /// Returns whether all of the stage have been interrupted, and its grace period has begun.
    fn is_told(&self) -> bool {
        let is_set = |term: &usize| matches!(self.terms[*term].grace, GracePeriod::Set(_));
        !self.exits.is_empty()
            && self.stages[0]
                .actors
                .iter()
                .all(|&who| self.actors[who].interrupted)
            && !self
                .terms_of(Some(self.stages[0].number))
                .iter()
                .any(is_set)
    }

    /// Interrupts whoever of the stage has not been, in the order of adding, and begins its grace period.
    fn interrupt(&mut self) {
        for who in self.stages[0].actors.clone() {
            if self.actors[who].interrupted {
                continue;
            }
            self.actors[who].interrupted = true;
            let cause = self.exits[0].clone();
            match self.actors[who].how {
                How::Signalled => self.wake(who),
                How::Abortable => self.drop_out(who, Outcome::Aborted),
                How::Told if self.is_out(who) => {
                    if let Err(site) = self.call(|cast| cast.interrupt(who, cause)) {
                        self.drop_out(who, Outcome::Panicked(site));
                    }
                }
                How::Told => _ = self.call_or_note(|cast| cast.interrupt(who, cause)),
            }
        }
        // A stage without actors is passed over.
        if self.stages[0].actors.is_empty() {
            return;
        }
        for term in self.terms_of(Some(self.stages[0].number)) {
            if let GracePeriod::Set(grace) = self.terms[term].grace {
                self.terms[term].grace = GracePeriod::Begun(grace);
                if !self.call_or_note(|cast| cast.begin(grace)) {
                    self.terms[term].grace = GracePeriod::Over;
                }
            }
        }
    }

    /// Returns the places of the terms that are for a stage.
    fn terms_of(&self, stage: Option<usize>) -> Vec<usize> {
        let is_for =
            |&term: &usize| stage.is_some_and(|number| self.terms[term].stages.contains(&number));
        (0..self.terms.len()).filter(is_for).collect()
    }

    /// Drops an actor where it stands, if it has not exited.
    fn drop_out(&mut self, who: usize, outcome: Outcome) {
        if self.is_out(who) {
            let outcome = self.release(who, outcome);
            self.exit(who, outcome);
        }
    }

    /// Returns whether a grace period of the stage is over. It is dropped when it has resolved.
    fn is_over(&mut self) -> bool {
        if self.exits.is_empty() {
            return false;
        }
        for term in self.terms_of(Some(self.stages[0].number)) {
            let GracePeriod::Begun(grace) = self.terms[term].grace else {
                if self.terms[term].grace == GracePeriod::Over {
                    return true;
                }
                continue;
            };
            let over = self.call(|cast| cast.poll_grace(grace));
            self.note(over.map(drop));
            if over != Ok(false) {
                self.terms[term].grace = GracePeriod::Over;
                self.call_or_note(|cast| cast.drop_grace(grace));
                return true;
            }
        }
        false
    }

    /// Leaves the stage, of which all have exited. The grace periods that nobody needs any more are dropped.
    fn leave(&mut self) {
        self.stages.pop_front();
        for term in 0..self.terms.len() {
            let left = self.stages.iter().map(|stage| stage.number);
            let is_done = !left
                .into_iter()
                .any(|number| self.terms[term].stages.contains(&number));
            if let (GracePeriod::Begun(grace), true) = (self.terms[term].grace, is_done) {
                self.terms[term].grace = GracePeriod::Over;
                self.call_or_note(|cast| cast.drop_grace(grace));
            }
        }
    }

    /// Says how the group has ended, and makes it as new.
    fn end(&mut self) -> bool {
        let event = match (self.reports, self.panic, self.stray, self.exits.first()) {
            (false, Some(site), ..) | (true, _, Some(site), _) => Event::Resumed(site),
            (true, ..) => Event::Reported(self.exits.clone()),
            (false, .., cause) => Event::Ready(cause.map(|exit| exit.who)),
        };
        let was_empty = self.exits.is_empty() && !self.reports;
        self.cast.say(event);
        if !was_empty {
            self.renew(); // What is set on an empty group stays.
        }
        true
    }
}
