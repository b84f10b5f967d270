//! All actors of a group, in one `FuturesUnordered`.

use alloc::vec::{self, Vec};
use core::future::Future;
use core::iter::Flatten;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::ready;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::actor::{drop_actor, Actor, After, Boxed};
use crate::exit::{Exit, Label, Outcome};
use crate::panic::{discard, first, Contained};
use crate::running::Running;

/// The place of a stage in the order of shutting down.
pub(crate) type Stage = u16;

/// The actors that have not exited, and those that have exited but are still to be interrupted.
pub(crate) struct Actors<A: ?Sized> {
    /// The actors that have not exited. There are also empty places, because a future cannot be removed from the set.
    /// `None` after the end of a group that left empty places, until an actor is added.
    set: Option<FuturesUnordered<Place<A>>>,
    /// The actors that exited before they were interrupted.
    exited: Vec<Place<A>>,
    /// How many actors were added. The next one has this index.
    pub(crate) added: u32,
    /// How many marks were set.
    marks: u32,
}

/// A place for one actor, with the fields that a shutdown reads for each. The fields are small, because larger ones
/// make a wake in a large group 10 % slower.
pub(crate) struct Place<A: ?Sized> {
    /// The actor's place in the order of adding, or the number of a mark.
    index: u32,
    /// The stage that the actor is in.
    pub(crate) stage: Stage,
    pub(crate) state: State,
    /// Whether the actor has been interrupted.
    pub(crate) is_interrupted: bool,
    /// `None`: the place is empty.
    actor: Option<Boxed<A>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Exited,
    /// The place has never had an actor: it is a mark.
    Mark,
}

/// What comes out of the set.
pub(crate) enum Turn<A: Actor + ?Sized> {
    /// An actor has exited.
    Exit(Place<A>, Exit<A::Output>),
    /// Every actor that was waiting to be polled when the mark with this number was set has been polled.
    Mark(u32),
    /// The actor of this place was dropped earlier.
    Empty,
}

/// Things in the order of adding.
pub(crate) type InOrder<X> = Flatten<vec::IntoIter<Option<X>>>;

impl<A: Actor + ?Sized> Actors<A> {
    /// Adds an actor, to be polled after those that are waiting to be polled. Returns its label.
    pub(crate) fn push(&mut self, stage: Stage, actor: Boxed<A>) -> &mut Label {
        let index = self.added;
        self.added = index.checked_add(1).expect(TOO_MANY_ACTORS);
        let set = self.set.get_or_insert_with(FuturesUnordered::new);
        set.push(Place::new(index, stage, Some(actor)));
        // The set iterates most recently added first.
        let mut actors = set.iter_mut().filter(|place| place.index == index);
        let actor = actors.find_map(|place| place.actor.as_mut());
        let actor = actor.expect("it was just added");
        actor.as_mut().label_mut()
    }

    /// Sets a mark, and returns its number. The mark comes out of the set when every actor that is now waiting to be
    /// polled has been polled, because the ready queue of the set is first in, first out.
    pub(crate) fn mark(&mut self) -> u32 {
        self.marks = self.marks.wrapping_add(1);
        let set = self.set.get_or_insert_with(FuturesUnordered::new);
        set.push(Place::new(self.marks, 0, None));
        self.marks
    }

    /// Keeps an actor that has exited, until it is interrupted.
    pub(crate) fn keep(&mut self, actor: Place<A>) {
        self.exited.push(actor);
    }

    /// Drops the actors that have exited and were interrupted.
    pub(crate) fn forget_interrupted(&mut self) {
        self.exited.retain(|actor| !actor.is_interrupted);
    }

    /// Returns the actors for which `is_due` holds, in the order of adding.
    pub(crate) fn due(&mut self, is_due: impl Fn(&Place<A>) -> bool) -> InOrder<&mut Place<A>> {
        let actors = self.set.iter_mut().flatten().chain(&mut self.exited);
        let due = actors.filter(|place| place.actor.is_some() && is_due(place));
        in_order(self.added, due.map(|place| (place.index, place)))
    }

    /// Returns the actors that have not exited and for which `is_shown` holds, in the order of adding.
    pub(crate) fn running(&self, is_shown: impl Fn(&Place<A>) -> bool) -> InOrder<Running<'_>> {
        let shown = self.set.iter().flatten().filter(|place| is_shown(place));
        let running = shown.filter_map(|place| {
            Some(Running {
                index: place.index,
                label: place.actor.as_ref()?.label(),
                is_interrupted: place.is_interrupted,
            })
        });
        in_order(self.added, running.map(|running| (running.index, running)))
    }

    /// Makes this empty again, when all actors have exited and were interrupted. The set is reused, unless it has empty
    /// places: their wakers could still wake the group.
    pub(crate) fn clear(&mut self) {
        self.set = self.set.take().filter(FuturesUnordered::is_empty);
        self.added = 0;
    }

    /// Moves the actors of `back` here, in the order of adding. Their stages come after the first `stages`.
    pub(crate) fn append(&mut self, back: &mut Self, stages: Stage) {
        for place in back.due(|_| true) {
            if let Some(actor) = place.actor.take() {
                self.push(place.stage + stages, actor);
            }
        }
    }

    /// Polls the actors that have been woken, until something comes out of the set. `None`: the set has no places.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Turn<A>>> {
        match &mut self.set {
            Some(set) => set.poll_next_unpin(cx),
            None => Poll::Ready(None),
        }
    }

    /// Drops every actor, even if dropping one panics: the set itself would leak the rest. `Err`: the first panic.
    pub(crate) fn drop_all(&mut self) -> Contained {
        let places = self.set.iter_mut().flatten().chain(&mut self.exited);
        let actors = places.filter_map(|place| place.actor.take());
        actors.map(drop_actor).fold(Ok(()), first)
    }
}

impl<A: ?Sized> Default for Actors<A> {
    fn default() -> Self {
        Self {
            set: Some(FuturesUnordered::new()),
            exited: Vec::new(),
            added: 0,
            marks: 0,
        }
    }
}

impl<A: ?Sized> Place<A> {
    /// Returns a place for an actor or, without one, a mark.
    fn new(index: u32, stage: Stage, actor: Option<Boxed<A>>) -> Self {
        Self {
            index,
            stage,
            state: actor.as_ref().map_or(State::Mark, |_| State::Running),
            is_interrupted: false,
            actor,
        }
    }
}

impl<T, A: Actor<Output = T> + ?Sized> Place<A> {
    /// Interrupts the actor. Returns its exit if this drops the actor. `Err`: the interrupt of an actor that had
    /// already exited panicked.
    ///
    /// Always inlined: a shutdown then takes 1 % fewer instructions.
    #[inline(always)]
    pub(crate) fn interrupt(&mut self, cause: &Exit<T>) -> Contained<Option<Exit<T>>> {
        self.is_interrupted = true;
        let actor = self.actor.as_mut();
        let after = actor.map_or(After::Wait, |actor| actor.as_mut().interrupt(cause));
        match (after, self.state) {
            (After::Panic(payload), State::Exited) => Err(payload),
            (After::Wait, _) | (After::Abort, State::Exited) => Ok(None),
            (After::Panic(payload), _) => Ok(self.end(Outcome::Panicked(payload))),
            (After::Abort, _) => Ok(self.end(Outcome::Aborted)),
        }
    }

    /// Drops execute, and returns the actor's exit.
    pub(crate) fn end(&mut self, outcome: Outcome<T>) -> Option<Exit<T>> {
        self.exit(outcome).map(|(_, exit)| exit)
    }

    /// Takes the actor out of its place, drops execute, and returns the exit. Its outcome is `outcome`, unless dropping
    /// execute panics.
    ///
    /// Not inlined, so that a wake does not pay for its stack space.
    #[inline(never)]
    fn exit(&mut self, outcome: Outcome<T>) -> Option<(Self, Exit<T>)> {
        let mut actor = self.actor.take()?;
        let outcome = match (outcome, actor.as_mut().release()) {
            (outcome, Ok(())) => outcome,
            (Outcome::Panicked(payload), Err(second)) => {
                discard(second);
                Outcome::Panicked(payload)
            }
            (outcome, Err(payload)) => {
                discard(outcome);
                Outcome::Panicked(payload)
            }
        };
        self.state = State::Exited;
        let Label { name, location } = actor.as_mut().label_mut();
        let (name, location) = (name.take(), *location);
        let exit = Exit {
            index: self.index,
            label: Label { name, location },
            was_interrupted: self.is_interrupted,
            outcome,
        };
        let actor = Some(actor);
        Some((Self { actor, ..*self }, exit))
    }
}

/// Ready when the actor has exited, or at once if the place is empty.
impl<A: Actor + ?Sized> Future for Place<A> {
    type Output = Turn<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Turn<A>> {
        let this = &mut *self;
        let Some(actor) = &mut this.actor else {
            return Poll::Ready(match this.state {
                State::Mark => Turn::Mark(this.index),
                State::Running | State::Exited => Turn::Empty,
            });
        };
        let outcome = ready!(actor.as_mut().poll(cx));
        let exited = this.exit(outcome);
        Poll::Ready(exited.map_or(Turn::Empty, |(actor, exit)| Turn::Exit(actor, exit)))
    }
}

/// Returns things in the order of adding. Their indices are below `added`, so each goes to the place of its index.
/// Sorting them would take five kilobytes of code.
fn in_order<X>(added: u32, things: impl Iterator<Item = (u32, X)>) -> InOrder<X> {
    let mut places = Vec::new();
    places.resize_with(added as usize, || None);
    for (index, thing) in things {
        places[index as usize] = Some(thing);
    }
    places.into_iter().flatten()
}

const TOO_MANY_ACTORS: &str = "a group has room for 4 294 967 295 actors";
