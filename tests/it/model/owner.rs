//! What the owner of the model can do with it, and what is the same of every group.

use std::collections::VecDeque;
use std::mem::{replace, take};

use super::cast::{Cast, Event, Site, Whom};
use super::contract::{GracePeriod, Model, Stage, State, Terms};
use super::play::Subject;
use super::queue::Queue;
use super::script::{self, Act, Actor, Grace};

impl Subject for Model {
    fn poll(&mut self) -> bool {
        self.due = false;
        self.poll_once()
    }

    fn is_due(&self) -> bool {
        self.due
    }

    fn add(&mut self, actor: &Actor) {
        self.add_to(0, actor);
        self.due = true;
    }

    fn bound(&mut self, grace: &Grace) {
        let new = GracePeriod::Set(self.cast.enter_grace(grace));
        if let GracePeriod::Begun(old) = replace(&mut self.own().grace, new) {
            let _left_out = self.call(|cast| cast.drop_grace(old));
        }
        self.due = true;
    }

    fn observe(&mut self, acts: &[Act]) {
        let observer = self.cast.enter_observer(acts);
        self.own().observer = Some(observer);
        self.due = true;
    }

    fn before(&mut self, stage: &script::Stage) {
        let is_new = self.stages.len() == 1
            && self.stages[0].actors.is_empty()
            && self
                .terms
                .iter()
                .all(|terms| terms.observer.is_none() && terms.grace == GracePeriod::Unlimited);
        if is_new {
            // A new group before another is the other.
            self.stages.clear();
            self.terms.clear();
        }
        let number = self.stages.back().map_or(0, |last| last.number + 1);
        self.stages.push_back(Stage {
            number,
            actors: Vec::new(),
        });
        for actor in &stage.actors {
            self.add_to(self.stages.len() - 1, actor);
        }
        let grace = stage
            .grace
            .as_ref()
            .map(|grace| self.cast.enter_grace(grace));
        let observer = stage
            .observer
            .as_ref()
            .map(|acts| self.cast.enter_observer(acts));
        self.terms.push(Terms {
            stages: vec![number],
            observer,
            grace: grace.map_or(GracePeriod::Unlimited, GracePeriod::Set),
        });
        if !is_new {
            self.terms.push(Terms {
                stages: self.stages.iter().map(|stage| stage.number).collect(),
                ..Terms::default()
            });
        }
        self.due = true;
    }

    fn report(&mut self) {
        self.reports = true;
        self.due = true;
    }

    fn reports(&self) -> bool {
        self.reports
    }

    fn drop_it(&mut self) {
        let before = self.cast.seen();
        let mut panic = Ok(());
        for who in self.out().collect::<Vec<_>>() {
            panic = self.call(|cast| cast.drop_execute(who)).and(panic);
        }
        for terms in take(&mut self.terms) {
            if let GracePeriod::Begun(grace) = terms.grace {
                panic = self.call(|cast| cast.drop_grace(grace)).and(panic);
            }
        }
        self.cast.sort_since(before);
        if panic.is_err() {
            self.cast.say(Event::DropPanicked);
        }
        self.renew();
    }

    fn outside(&mut self, act: &Act) {
        self.call(|cast| cast.outside(act));
    }

    fn len(&self) -> usize {
        self.out().count()
    }

    fn say(&mut self, event: Event) {
        self.cast.say(event);
    }

    fn trace(self) -> Vec<Event> {
        self.cast.trace()
    }
}

impl Model {
    fn add_to(&mut self, stage: usize, actor: &Actor) {
        let who = self.cast.enter(actor);
        self.actors.push(State {
            how: actor.how,
            index: self.exits.len() + self.out().count(),
            started: false,
            interrupted: false,
            exited: false,
        });
        self.stages[stage].actors.push(who);
        self.queue.add(who);
        self.starting = true;
    }

    /// Returns what was set on the group itself.
    fn own(&mut self) -> &mut Terms {
        self.terms.last_mut().expect("there is always one")
    }

    /// Returns whether an actor has not exited.
    pub fn is_out(&self, who: usize) -> bool {
        !self.actors[who].exited
    }

    /// Returns who has not exited.
    pub fn out(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.actors.len()).filter(|&who| self.is_out(who))
    }

    /// Returns who has been polled and waits to be woken.
    pub fn waiting(&self) -> impl Iterator<Item = usize> + '_ {
        self.out().filter(|&who| !self.queue.is_woken(who))
    }

    /// Calls upon the cast, and wakes whom it has woken.
    pub fn call<R>(&mut self, f: impl FnOnce(&mut Cast) -> R) -> R {
        let result = f(&mut self.cast);
        for whom in self.cast.take_woken() {
            match whom {
                Whom::Actor(who) => self.wake(who),
                Whom::Grace(grace) => {
                    let begun = GracePeriod::Begun(grace);
                    self.due |= self.terms.iter().any(|terms| terms.grace == begun);
                }
            }
        }
        result
    }

    /// Calls upon the cast for something whose panic is nobody's exit. Returns whether there was none.
    pub fn call_or_note(&mut self, f: impl FnOnce(&mut Cast) -> Result<(), Site>) -> bool {
        let result = self.call(f);
        self.note(result);
        result.is_ok()
    }

    /// Records a panic that is nobody's exit.
    pub fn note(&mut self, result: Result<(), Site>) {
        self.stray = self.stray.or(result.err());
        self.panic = self.panic.or(result.err());
    }

    pub fn wake(&mut self, who: usize) {
        self.due |= self.queue.wake(who);
    }

    /// Makes the group as new. All that were in it are gone.
    pub fn renew(&mut self) {
        let (cast, mut actors) = (take(&mut self.cast), take(&mut self.actors));
        actors.iter_mut().for_each(|actor| actor.exited = true);
        *self = Self {
            cast,
            actors,
            ..Self::default()
        };
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            cast: Cast::default(),
            actors: Vec::new(),
            stages: VecDeque::from([Stage::default()]),
            terms: vec![Terms {
                stages: vec![0],
                ..Terms::default()
            }],
            starting: false,
            exits: Vec::new(),
            panic: None,
            stray: None,
            queue: Queue::default(),
            due: false,
            reports: false,
        }
    }
}
