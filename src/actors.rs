//! All actors of a group, in one `FuturesUnordered`.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::task::{Context, Poll};

use futures_util::ready;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::actor::{Actor, Exited, Parts, State};
use crate::panic::{contain, first, resume_in_drop};

/// The actors that have not exited, and those that have but are still to be interrupted.
pub(crate) struct Actors<P: ?Sized> {
    /// Whoever has not exited. Between them stand the empty places of those that were dropped, since the set cannot let
    /// go of a future that does not return. `None` when a set was cleared that had such places, until an actor is added.
    running: Option<FuturesUnordered<Actor<P>>>,
    /// Whoever exited before being interrupted.
    exited: Vec<Actor<P>>,
}

impl<P: ?Sized> Actors<P> {
    /// Adds an actor, to be polled after those added before it.
    pub(crate) fn push(&mut self, actor: Actor<P>) {
        self.running
            .get_or_insert_with(FuturesUnordered::new)
            .push(actor);
    }

    /// Keeps an actor that has exited, until it is interrupted.
    pub(crate) fn keep(&mut self, actor: Actor<P>) {
        self.exited.push(actor);
    }

    /// Lets go of the actors that have exited and were interrupted.
    pub(crate) fn forget_interrupted(&mut self) {
        self.exited.retain(|actor| !actor.interrupted);
    }

    /// Makes everything as new, when everybody has exited and was interrupted. The set stays, unless it has places left.
    pub(crate) fn clear(&mut self) {
        self.running = self.running.take().filter(FuturesUnordered::is_empty);
    }

    /// Returns how many places there are in the set.
    pub(crate) fn len(&self) -> usize {
        self.running.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Returns whether every actor has been polled, of which the one with the index `newest` was added last.
    ///
    /// New actors are polled in the order of adding, so all have been if the newest has. The set lists first whom it has
    /// polled last. So this looks at no more actors than were polled after the newest, or since an actor was added.
    pub(crate) fn all_started(&self, newest: u32) -> bool {
        let mut actors = self.running.iter().flatten();
        let tells = actors.find(|actor| {
            !actor.is_empty() && (actor.state == State::Added || actor.index == newest)
        });
        tells.map_or(true, |actor| actor.state != State::Added)
    }

    /// Returns the actors for which `due` holds, in the order of adding.
    pub(crate) fn in_order(
        &mut self,
        due: impl Fn(&Actor<P>) -> bool + Copy,
    ) -> impl Iterator<Item = &mut Actor<P>> {
        let due = move |actor: &&mut Actor<P>| !actor.is_empty() && due(actor);
        let mut actors = Vec::with_capacity(self.len() + self.exited.len());
        let mut exited = self.exited.iter_mut().rev().filter(due).peekable();
        for running in self.running.iter_mut().flatten().filter(due) {
            while let Some(newer) = exited.next_if(|exited| exited.index > running.index) {
                actors.push(newer);
            }
            actors.push(running);
        }
        actors.extend(exited);
        // The set lists the newest first, and the last to exit is mostly the newest: then there is nothing to sort.
        actors.sort_unstable_by_key(|actor| Reverse(actor.index));
        actors.into_iter().rev()
    }

    /// Takes over the actors of `others`, in their order, and changes each with `change`.
    pub(crate) fn append(&mut self, mut others: Self, change: impl Fn(&mut Actor<P>)) {
        for place in others.in_order(|_| true) {
            let mut actor = place.take();
            change(&mut actor);
            if actor.state == State::Exited {
                self.keep(actor);
            } else {
                actor.state = State::Added; // it is polled once more, in its new place
                self.push(actor);
            }
        }
    }
}

impl<P: Parts + ?Sized> Actors<P> {
    /// Polls whoever was woken, until one has exited. `None`: nobody is left.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Exited<P>>> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(None);
        };
        loop {
            match ready!(running.poll_next_unpin(cx)) {
                Some(Some(exited)) => return Poll::Ready(Some(exited)),
                Some(None) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<P: ?Sized> Default for Actors<P> {
    fn default() -> Self {
        Self {
            running: Some(FuturesUnordered::new()),
            exited: Vec::new(),
        }
    }
}

/// Drops every actor, also where dropping one panics, and goes on with the first such panic afterwards.
///
/// The set by itself would leak all that were left at the panic.
impl<P: ?Sized> Drop for Actors<P> {
    fn drop(&mut self) {
        let mut panic = Ok(());
        for actor in self.running.iter_mut().flatten().chain(&mut self.exited) {
            panic = first(panic, contain(|| drop(actor.take())));
        }
        if let Err(payload) = panic {
            resume_in_drop(payload);
        }
    }
}
