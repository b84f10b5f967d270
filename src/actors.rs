//! All actors of a group, in one `FuturesUnordered`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::ready;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::actor::{Actor, Parts};
use crate::exit::{Exit, Label, Outcome};
use crate::panic::{contain, first, resume_in_drop};

/// The actors that have not exited, and those that have but are still to be interrupted.
pub(crate) struct Actors<P: ?Sized> {
    /// Whoever has not exited. Between them stand the slots of those that were dropped, since the set cannot let go of
    /// a future that does not return. `None` when a set was cleared that had such slots, until an actor is added.
    running: Option<FuturesUnordered<Slot<P>>>,
    /// Whoever exited before being interrupted.
    exited: Vec<Slot<P>>,
}

impl<P: ?Sized> Actors<P> {
    /// Adds an actor, to be polled after those added before it, and returns its label.
    pub(crate) fn push(&mut self, actor: Pin<Box<Actor<P>>>) -> &mut Label {
        let running = self.running.get_or_insert_with(FuturesUnordered::new);
        running.push(Slot(Some(actor)));
        // The set lists the newest first.
        let pushed = running.iter_mut().next();
        let actor = pushed.and_then(|slot| slot.0.as_mut());
        actor
            .expect("it was pushed just now")
            .as_mut()
            .project()
            .label
    }

    /// Keeps an actor that has exited, until it is interrupted.
    pub(crate) fn keep(&mut self, actor: Pin<Box<Actor<P>>>) {
        self.exited.push(Slot(Some(actor)));
    }

    /// Lets go of the actors that have exited and were interrupted.
    pub(crate) fn forget_interrupted(&mut self) {
        self.exited
            .retain(|slot| slot.holds(|actor| !actor.interrupted));
    }

    /// Makes everything as new, when everybody has exited and was interrupted. The set stays, unless it has slots left.
    pub(crate) fn clear(&mut self) {
        self.running = self.running.take().filter(FuturesUnordered::is_empty);
    }

    /// Returns how many slots there are in the set.
    pub(crate) fn len(&self) -> usize {
        self.running.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Returns whether every actor has been polled, of which the one with the index `newest` was added last.
    ///
    /// New actors are polled in the order of adding, so all have been if the newest has. The set lists first whom it has
    /// polled last. So this looks at no more actors than were polled after the newest, or since an actor was added.
    pub(crate) fn all_started(&self, newest: usize) -> bool {
        let slots = self.running.iter().flatten();
        let mut actors = slots.filter_map(|slot| slot.0.as_ref());
        let tells = actors.find(|actor| !actor.started || actor.label.index == newest);
        tells.map_or(true, |actor| actor.started)
    }

    /// Returns the slots of the actors for which `due` holds, in the order of adding.
    pub(crate) fn in_order(&mut self, due: impl Fn(&Actor<P>) -> bool) -> Vec<&mut Slot<P>> {
        let mut slots = Vec::with_capacity(self.len() + self.exited.len());
        slots.extend(self.slots().filter(|slot| slot.holds(&due)));
        slots.sort_unstable_by_key(|slot| slot.0.as_ref().map(|actor| actor.label.index));
        slots
    }

    /// Returns every slot, in no particular order.
    fn slots(&mut self) -> impl Iterator<Item = &mut Slot<P>> {
        self.running.iter_mut().flatten().chain(&mut self.exited)
    }

    /// Takes over the actors of `others`, in their order, and changes each with `change`.
    pub(crate) fn append(&mut self, mut others: Self, change: impl Fn(Pin<&mut Actor<P>>)) {
        for slot in others.in_order(|_| true) {
            let Some(mut actor) = slot.0.take() else {
                continue;
            };
            change(actor.as_mut());
            if actor.exited {
                self.keep(actor);
            } else {
                self.push(actor);
            }
        }
    }
}

impl<P: Parts + ?Sized> Actors<P> {
    /// Polls whoever was woken, until one has exited: it and its outcome are returned. `None`: nobody is left.
    #[allow(clippy::type_complexity)] // a pair in three layers of std
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Pin<Box<Actor<P>>>, Outcome<P::Output>)>> {
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
        for slot in self.slots() {
            panic = first(panic, contain(|| drop(slot.0.take())));
        }
        if let Err(payload) = panic {
            resume_in_drop(payload);
        }
    }
}

/// A place for one actor, empty once the actor was taken out.
pub(crate) struct Slot<P: ?Sized>(Option<Pin<Box<Actor<P>>>>);

impl<P: ?Sized> Slot<P> {
    /// Returns whether an actor is here, and `true` of it.
    fn holds(&self, fact: impl FnOnce(&Actor<P>) -> bool) -> bool {
        self.0.as_deref().is_some_and(fact)
    }
}

impl<P: Parts + ?Sized> Slot<P> {
    /// Returns the actor, if one is here.
    pub(crate) fn actor(&mut self) -> Option<Pin<&mut Actor<P>>> {
        self.0.as_mut().map(Pin::as_mut)
    }

    /// Drops the actor where it stands and returns its exit.
    pub(crate) fn end(&mut self, outcome: Outcome<P::Output>) -> Option<Exit<P::Output>> {
        self.0.take().map(|mut actor| actor.as_mut().end(outcome))
    }
}

/// Ready with the actor and its outcome when it has one, or with `None` if the place is empty.
impl<P: Parts + ?Sized> Future for Slot<P> {
    type Output = Option<(Pin<Box<Actor<P>>>, Outcome<P::Output>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match self.actor() {
            Some(actor) => ready!(actor.poll(cx)),
            None => return Poll::Ready(None),
        };
        Poll::Ready(self.0.take().map(|actor| (actor, outcome)))
    }
}
