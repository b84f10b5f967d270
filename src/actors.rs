//! All actors of a group, in one `FuturesUnordered`.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::future::Future;
use core::mem;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::ready;
use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::task::noop_waker_ref;

use crate::actor::{drop_actor, Actor, Boxed, Profile};
use crate::exit::{Exit, Label, Outcome, Panic};
use crate::panic::{contain, discard, earlier, Contained};
use crate::running::Running;
use crate::stages::Stage;

/// The actors that have not exited, and those that have exited but are still to be interrupted.
pub(crate) struct Actors<A: ?Sized> {
    /// The actors that have not exited. There are also empty places, because a future cannot be removed from the set.
    set: FuturesUnordered<Place<A>>,
    /// The actors that exited before they were interrupted.
    exited: Vec<Place<A>>,
    /// How many actors were added. The next one has this index.
    pub(crate) added: usize,
}

/// A place for one actor, with the fields that a shutdown reads for each.
pub(crate) struct Place<A: ?Sized> {
    /// The actor's place in the order of adding.
    index: usize,
    /// The stage that the actor is in.
    pub(crate) stage: Stage,
    pub(crate) state: State,
    /// `None`: the place is empty.
    actor: Option<Boxed<A>>,
}

/// How far an actor has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    /// It was interrupted, and has not exited.
    Interrupted,
    /// It exited before it was interrupted.
    Exited,
}

/// What comes out of the set: an actor that has returned or panicked, and its exit. `None`: the place was empty.
type Turn<A> = Option<(Place<A>, Exit<<A as Actor>::Output>)>;

impl<A: Actor + ?Sized> Actors<A> {
    /// Adds an actor, to be polled after those that are waiting to be polled. Returns its profile.
    pub(crate) fn push(&mut self, stage: Stage, actor: Boxed<A>) -> &mut Profile<A::Output> {
        let index = self.added;
        self.added = index.checked_add(1).expect(TOO_MANY_ACTORS);
        self.set.push(Place { index, stage, state: State::Running, actor: Some(actor) });
        // The set iterates most recently added first.
        let mut places = self.set.iter_mut().filter(|place| place.index == index);
        let actor = places.find_map(|place| place.actor.as_mut());
        actor.expect("it was just added").as_mut().profile_mut()
    }

    /// Keeps an actor that has exited, until it is interrupted.
    pub(crate) fn keep(&mut self, actor: Place<A>) {
        self.exited.push(actor);
    }

    /// Returns the actors of these stages that have not exited, or have exited but are still to be interrupted, in the
    /// order of adding.
    pub(crate) fn of(&mut self, stages: Range<Stage>) -> Vec<&mut Place<A>> {
        self.exited.retain(|place| place.actor.is_some()); // the others have been interrupted
        let mut of = Vec::with_capacity(self.set.len() + self.exited.len());
        for place in self.exited.iter_mut().rev().chain(&mut self.set) {
            if place.actor.is_some() && stages.contains(&place.stage) {
                of.push(place);
            }
        }
        in_order(of)
    }

    /// Returns the actors of these stages that have not exited, in the order of adding.
    pub(crate) fn running(&self, stages: Range<Stage>) -> Vec<Running> {
        let places = self.set.iter().filter(|place| stages.contains(&place.stage));
        let running = in_order(places.collect()).into_iter().filter_map(|place| {
            Some(Running {
                index: place.index,
                label: place.actor.as_ref()?.profile().label.clone(),
                is_interrupted: place.state == State::Interrupted,
            })
        });
        running.collect()
    }

    /// Makes this empty again, when all actors have exited and were interrupted. The set is reused, unless it has empty
    /// places: their wakers could still wake the group.
    pub(crate) fn clear(&mut self) {
        if !self.set.is_empty() {
            self.set = FuturesUnordered::new();
        }
        self.exited.clear();
        self.added = 0;
    }

    /// Moves the actors of `back` here, in the order of adding. Their stages come after the first `stages`.
    pub(crate) fn append(&mut self, back: &mut Self, stages: Stage) {
        for place in back.of(0..Stage::MAX) {
            if let Some(actor) = place.actor.take() {
                self.push(place.stage + stages, actor);
            }
        }
    }

    /// Polls the actors that have been woken, until one returns or panics.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Place<A>, Exit<A::Output>)> {
        loop {
            match self.set.poll_next_unpin(cx) {
                Poll::Ready(Some(Some(exited))) => return Poll::Ready(exited),
                Poll::Ready(Some(None)) => {} // an empty place
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Drops every actor, even if dropping one panics: the set itself would leak the rest. `Err`: the first panic.
    pub(crate) fn drop_all(&mut self) -> Contained {
        let places = self.set.iter_mut().chain(&mut self.exited);
        let actors = places.filter_map(|place| place.actor.take());
        actors.map(drop_actor).fold(Ok(()), earlier)
    }
}

impl<A: ?Sized> Default for Actors<A> {
    fn default() -> Self {
        Self { set: FuturesUnordered::new(), exited: Vec::new(), added: 0 }
    }
}

impl<T, A: Actor<Output = T> + ?Sized> Place<A> {
    /// Interrupts the actor. Returns its exit if it exits by that. `Err`: the interrupt of an actor that had already
    /// exited panicked.
    ///
    /// Always inlined: a shutdown then takes 1 % fewer instructions.
    #[inline(always)]
    pub(crate) fn interrupt(&mut self, cause: &Exit<T>) -> Contained<Option<Exit<T>>> {
        let has_exited = self.state == State::Exited;
        self.state = State::Interrupted;
        let actor = self.actor.as_mut();
        let outcome = actor.and_then(|actor| actor.as_mut().interrupt(cause));
        if has_exited {
            self.actor = None;
            return match outcome {
                Some(Outcome::Panicked(panic)) => panic.into_err(),
                _ => Ok(None),
            };
        }
        Ok(match outcome {
            None => None,
            Some(Outcome::Aborted) => self.poll_last().or_else(|| self.end(Outcome::Aborted)),
            Some(outcome) => self.end(outcome),
        })
    }

    /// Polls the actor one last time, before it is dropped. Returns its exit, if it returns or panics.
    ///
    /// The waker wakes nothing. With the group's own, an actor that was dropped could wake a group that has ended.
    pub(crate) fn poll_last(&mut self) -> Option<Exit<T>> {
        let mut actor = self.actor.take()?; // without `std`, one that panics is not polled again
        let polled = actor.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
        self.actor = Some(actor);
        match polled {
            Poll::Ready(outcome) => self.end(outcome),
            Poll::Pending => None,
        }
    }

    /// Drops the actor, and returns its exit.
    pub(crate) fn end(&mut self, outcome: Outcome<T>) -> Option<Exit<T>> {
        self.exit(outcome).map(|(_, exit)| exit)
    }

    /// Returns whether this exit stops the group. `Err`: the user's function panicked.
    pub(crate) fn stops_if(&self, exit: &Exit<T>) -> Contained<bool> {
        let stops_if = self.actor.as_ref().map(|actor| actor.profile().stops_if);
        stops_if.map_or(Ok(true), |stops_if| contain(|| stops_if(exit)))
    }

    /// Takes the actor out of its place, drops its future, and returns the exit. The outcome is `outcome`, unless
    /// dropping the future panics.
    ///
    /// Not inlined, so that a wake does not pay for its stack space.
    #[inline(never)]
    fn exit(&mut self, mut outcome: Outcome<T>) -> Turn<A> {
        let mut actor = self.actor.take()?;
        match actor.as_mut().release() {
            Err(later) if matches!(outcome, Outcome::Panicked(_)) => discard(later),
            Err(payload) => {
                let panicked = Outcome::Panicked(Panic::new(payload));
                discard(mem::replace(&mut outcome, panicked));
            }
            Ok(()) => {}
        }
        let label = &mut actor.as_mut().profile_mut().label;
        let name = label.name.take();
        let exit = Exit {
            index: self.index,
            label: Label { name, ..*label },
            was_interrupted: self.state == State::Interrupted,
            has_left: false,
            outcome,
        };
        self.state = State::Exited;
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
            return Poll::Ready(None);
        };
        let outcome = ready!(actor.as_mut().poll(cx));
        Poll::Ready(this.exit(outcome))
    }
}

/// Returns places in the order of adding.
///
/// The set iterates most recently polled first. So if no actor was polled out of order, this only reverses. A heap
/// takes less code than the sorts of a slice, by several kilobytes.
fn in_order<P: Ord>(mut places: Vec<P>) -> Vec<P> {
    places.reverse();
    match places.windows(2).all(|two| two[0] <= two[1]) {
        true => places,
        false => BinaryHeap::from(places).into_sorted_vec(),
    }
}

/// Places compare by their indices.
impl<A: ?Sized> Ord for Place<A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.index.cmp(&other.index)
    }
}

impl<A: ?Sized> PartialOrd for Place<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A: ?Sized> PartialEq for Place<A> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<A: ?Sized> Eq for Place<A> {}

const TOO_MANY_ACTORS: &str = "a group has room for 4 294 967 295 actors on a 32-bit target";
