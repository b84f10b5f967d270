//! What was set on a group, and for which of its stages: grace periods, observers, and the inboxes of handles.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::mem;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};

#[cfg(feature = "std")]
use futures_channel::mpsc::{unbounded, UnboundedReceiver, UnboundedSender};
#[cfg(feature = "std")]
use futures_util::stream::StreamExt;

use crate::actors::Stage;
use crate::kind::Kind;
use crate::panic::{contain, first, resume, Contained};
#[cfg(feature = "std")]
use crate::{actor::drop_actor, kind::BoxedActor, panic::resume_in_drop};

/// What was set on a group and on the groups that it combines: inner before outer, front before back.
pub(crate) struct Settings<'a, T, S: Kind>(Vec<Setting<'a, T, S>>);

/// What was set on one group.
pub(crate) struct Setting<'a, T, S: Kind> {
    /// The stages of that group.
    stages: Range<Stage>,
    /// Begins the grace period of a stage.
    begin: Option<Box<S::Begin<'a>>>,
    grace_period: GracePeriod<'a, S>,
    pub(crate) on_exit: Option<Box<S::OnExit<'a, T>>>,
    on_wait: Option<Box<S::OnWait<'a, T>>>,
    /// Whether `on_wait` has been called since it was set.
    has_seen_wait: bool,
    #[cfg(feature = "std")]
    inbox: Option<Inbox<'a, T, S>>,
}

/// The state of the grace period in the current stage.
enum GracePeriod<'a, S: Kind> {
    /// It has not begun, or there is none.
    NotBegun,
    /// It lasts until this resolves.
    Running(Pin<Box<S::Timer<'a>>>),
    /// It has ended.
    Over,
}

/// The actors that handles have added and that no poll has taken in. The sender is cloned for each handle, and shows
/// whether the inbox is empty.
#[cfg(feature = "std")]
struct Inbox<'a, T, S: Kind> {
    sender: Sender<'a, T, S>,
    actors: UnboundedReceiver<BoxedActor<'a, T, S>>,
}

/// The end of an inbox that a handle holds.
#[cfg(feature = "std")]
pub(crate) type Sender<'a, T, S> = UnboundedSender<BoxedActor<'a, T, S>>;

impl<'a, T, S: Kind> Settings<'a, T, S> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns what was set on the group itself, which has this many stages.
    ///
    /// Only the group itself has all these stages, because the groups that it combines have fewer. Its own entry is the
    /// last, or is missing.
    pub(crate) fn own(&mut self, stages: Stage) -> &mut Setting<'a, T, S> {
        if self.0.last().map(|setting| &setting.stages) != Some(&(0..stages)) {
            self.0.push(Setting::new(0..stages));
        }
        self.0.last_mut().expect("it was pushed")
    }

    /// Returns the settings that apply to `stage`, inner before outer.
    fn of(&mut self, stage: Stage) -> impl Iterator<Item = &mut Setting<'a, T, S>> {
        let settings = self.0.iter_mut();
        settings.filter(move |setting| setting.stages.contains(&stage))
    }

    /// Returns whether nothing was set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves the settings of `back` here. Its stages come after the first `stages`.
    pub(crate) fn append(&mut self, back: &mut Self, stages: Stage) {
        self.0.extend(back.0.drain(..).map(|setting| Setting {
            stages: setting.stages.start + stages..setting.stages.end + stages,
            ..setting
        }));
    }

    /// Returns the observers of exits in `stage`.
    pub(crate) fn on_exit(&mut self, stage: Stage) -> impl Iterator<Item = &mut S::OnExit<'a, T>> {
        self.of(stage)
            .filter_map(|setting| setting.on_exit.as_deref_mut())
    }

    /// Returns the observers to call with what the group waits for in `stage`: all of them if that `has_changed`,
    /// otherwise only those that have not been called since they were set.
    pub(crate) fn on_wait(
        &mut self,
        stage: Stage,
        has_changed: bool,
    ) -> impl Iterator<Item = &mut S::OnWait<'a, T>> {
        self.of(stage).filter_map(move |setting| {
            let has_seen_it = mem::replace(&mut setting.has_seen_wait, true) && !has_changed;
            setting.on_wait.as_deref_mut().filter(|_| !has_seen_it)
        })
    }

    /// Begins the grace periods of `stage` that have not begun, then polls them all. Returns whether one is over, and
    /// the first panic as `Err`. A grace period that panics is over, because otherwise the shutdown would have no
    /// limit.
    pub(crate) fn limit(&mut self, stage: Stage, cx: &mut Context<'_>) -> (bool, Contained) {
        let begun = self.of(stage).map(Setting::begin).fold(Ok(()), first);
        let polls = self.of(stage).map(|setting| setting.poll_grace_period(cx));
        let polled = polls.fold(begun, first);
        let mut states = self.of(stage).map(|setting| &setting.grace_period);
        let is_over = states.any(|state| matches!(state, GracePeriod::Over));
        (is_over, polled)
    }

    /// Drops the settings that no stage after this one needs, and resets the grace periods of the others. `Err`: the
    /// first panic while doing so.
    pub(crate) fn end(&mut self, stage: Stage) -> Contained {
        let is_needed = |setting: &Setting<'_, T, S>| setting.stages.end > stage + 1;
        let left = self.0.iter_mut().map(|setting| match is_needed(setting) {
            true => setting.reset(),
            false => setting.close(),
        });
        let left = left.fold(Ok(()), first);
        self.0.retain(is_needed);
        left
    }

    /// Drops everything, even if dropping some of it panics. `Err`: the first such panic.
    pub(crate) fn close(&mut self) -> Contained {
        let closed = self.0.iter_mut().map(Setting::close).fold(Ok(()), first);
        self.0.clear();
        closed
    }
}

/// Handles.
#[cfg(feature = "std")]
impl<'a, T, S: Kind> Settings<'a, T, S> {
    /// Takes out the actors that handles have added, each with the first stage that it may join. Registers the waker to
    /// be woken when more are added.
    pub(crate) fn take_added(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Vec<(Stage, BoxedActor<'a, T, S>)> {
        let mut added = Vec::new();
        for Setting { stages, inbox, .. } in &mut self.0 {
            let Some(inbox) = inbox else { continue };
            let mut left = inbox.sender.len();
            while let Poll::Ready(Some(actor)) = inbox.actors.poll_next_unpin(cx) {
                added.push((stages.start, actor));
                if left == 0 {
                    cx.waker().wake_by_ref(); // this poll must end even if other threads keep adding
                    break;
                }
                left -= 1;
            }
        }
        added
    }

    /// Returns whether there is an actor to take out that may join `stage`.
    pub(crate) fn has_added(&mut self, stage: Stage) -> bool {
        let mut inboxes = self.of(stage).filter_map(|setting| setting.inbox.as_ref());
        inboxes.any(|inbox| !inbox.sender.is_empty())
    }
}

impl<'a, T, S: Kind> Setting<'a, T, S> {
    fn new(stages: Range<Stage>) -> Self {
        Self {
            stages,
            begin: None,
            grace_period: GracePeriod::NotBegun,
            on_exit: None,
            on_wait: None,
            has_seen_wait: false,
            #[cfg(feature = "std")]
            inbox: None,
        }
    }

    /// Sets the grace period. If dropping the previous one panics, it is replaced nevertheless, and then the panic
    /// continues.
    pub(crate) fn set_grace_period(&mut self, begin: Box<S::Begin<'a>>) {
        let dropped = first(self.reset(), contain(|| self.begin = None));
        self.begin = Some(begin);
        dropped.unwrap_or_else(|payload| resume(payload));
    }

    /// Sets the observer that is called with what the group waits for.
    pub(crate) fn set_on_wait(&mut self, observer: Box<S::OnWait<'a, T>>) {
        self.has_seen_wait = false;
        self.on_wait = Some(observer);
    }

    /// Returns the sender that a handle needs.
    #[cfg(feature = "std")]
    pub(crate) fn sender(&mut self) -> Sender<'a, T, S> {
        let inbox = self.inbox.get_or_insert_with(|| {
            let (sender, actors) = unbounded();
            Inbox { sender, actors }
        });
        inbox.sender.clone()
    }

    /// Begins the grace period, unless it has begun. `Err`: `begin` panicked, and the grace period is over.
    fn begin(&mut self) -> Contained {
        if let (GracePeriod::NotBegun, Some(begin)) = (&self.grace_period, &mut self.begin) {
            self.grace_period = GracePeriod::Over;
            self.grace_period = GracePeriod::Running(contain(begin)?);
        }
        Ok(())
    }

    /// Polls the grace period, if it is running. `Err`: its future panicked, and the grace period is over.
    fn poll_grace_period(&mut self, cx: &mut Context<'_>) -> Contained {
        match mem::replace(&mut self.grace_period, GracePeriod::Over) {
            GracePeriod::Running(mut timer) => match contain(|| timer.as_mut().poll(cx)) {
                Ok(Poll::Pending) => self.grace_period = GracePeriod::Running(timer),
                over => return first(over.map(drop), contain(|| drop(timer))),
            },
            unchanged => self.grace_period = unchanged,
        }
        Ok(())
    }

    /// Resets the grace period for the next stage. `Err`: its future panicked when it was dropped.
    fn reset(&mut self) -> Contained {
        contain(|| self.grace_period = GracePeriod::NotBegun)
    }

    /// Drops everything, even if dropping some of it panics. `Err`: the first such panic.
    fn close(&mut self) -> Contained {
        let dropped = [
            self.reset(),
            contain(|| self.begin = None),
            contain(|| self.on_exit = None),
            contain(|| self.on_wait = None),
            #[cfg(feature = "std")]
            contain(|| self.inbox = None),
        ];
        dropped.into_iter().fold(Ok(()), first)
    }
}

/// Closes the handles, and drops the actors that were not taken in, even if dropping one panics.
#[cfg(feature = "std")]
impl<T, S: Kind> Drop for Inbox<'_, T, S> {
    fn drop(&mut self) {
        self.actors.close();
        let actors = core::iter::from_fn(|| self.actors.try_recv().ok());
        if let Err(payload) = actors.map(drop_actor).fold(Ok(()), first) {
            resume_in_drop(payload);
        }
    }
}
