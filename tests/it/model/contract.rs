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
    pub stages: VecDeque<Terms>,
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
pub struct Terms {
    pub actors: Vec<usize>,
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
        loop {
            // From the first exit on, one stage after the other is interrupted and waited for.
            while !self.exits.is_empty() {
                self.interrupt();
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
            } else if self.out().any(|who| !self.actors[who].started) {
                continue; // No break before everybody has been polled once.
            } else if self.is_over() {
                for who in self.stages[0].actors.clone() {
                    self.drop_out(who, Outcome::Expired);
                }
            } else {
                return false;
            }
        }
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
        if let Some(observer) = stage.and_then(|stage| stage.observer) {
            self.call_or_note(|cast| cast.observe(observer, end));
        }
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
        let stage = &mut self.stages[0];
        if let (GracePeriod::Set(grace), false) = (stage.grace, stage.actors.is_empty()) {
            stage.grace = GracePeriod::Begun(grace);
            if !self.call_or_note(|cast| cast.begin(grace)) {
                self.stages[0].grace = GracePeriod::Over;
            }
        }
    }

    /// Drops an actor where it stands, if it has not exited.
    fn drop_out(&mut self, who: usize, outcome: Outcome) {
        if self.is_out(who) {
            let outcome = self.release(who, outcome);
            self.exit(who, outcome);
        }
    }

    /// Returns whether the grace period of the stage is over. It is dropped when it has resolved.
    fn is_over(&mut self) -> bool {
        let GracePeriod::Begun(grace) = self.stages[0].grace else {
            return self.stages[0].grace == GracePeriod::Over;
        };
        let over = self.call(|cast| cast.poll_grace(grace));
        self.note(over.map(drop));
        if over == Ok(true) {
            self.stages[0].grace = GracePeriod::Over;
            self.call_or_note(|cast| cast.drop_grace(grace));
        }
        over != Ok(false)
    }

    /// Leaves the stage, of which all have exited. Its grace period is dropped.
    fn leave(&mut self) {
        let left = self.stages.pop_front();
        if let Some(GracePeriod::Begun(grace)) = left.map(|stage| stage.grace) {
            self.call_or_note(|cast| cast.drop_grace(grace));
        }
    }

    /// Says how the group has ended, and makes it as new.
    fn end(&mut self) -> bool {
        let event = match (self.reports, self.panic, self.stray, self.exits.first()) {
            (false, Some(site), ..) | (true, _, Some(site), _) => Event::Resumed(site),
            (true, ..) => Event::Reported(self.exits.clone()),
            (false, .., cause) => Event::Ready(cause.map(|exit| exit.who)),
        };
        self.cast.say(event);
        self.renew();
        true
    }
}
