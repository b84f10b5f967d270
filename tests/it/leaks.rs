//! A group leaves nothing allocated, however it ends, and drops everything that it was given.
//!
//! The groups are random, but the same in each run: actors of all kinds, with and without names, in one stage or
//! several, with and without grace periods, observers and handles. Some actors leave. Other tests show that a value is
//! dropped at the right time. This one shows that each value is dropped, and only once.

mod totals;
mod tracked;

use std::future::{pending, poll_fn, Future};
use std::mem::take;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt, OptionFuture};
use run_group::{Group, Interrupt, Interrupted, Outcome};
#[cfg(feature = "std")]
use run_group::{Handle, Running};
use smol::future::yield_now;

use self::totals::Totals;
use self::tracked::{Drops, Kind, Random, Tracked};
use crate::harness::Test;

#[test]
fn nothing_is_left_of_100_000_groups() {
    // What a thread allocates on first use stays allocated. So run each kind of group before measuring.
    for number in 0..1_000 {
        Round::new(number).run(&mut Totals::new());
    }
    let mut totals = Totals::new();
    for number in 0..100_000 {
        let end = End::of(number);
        let left = measure(|| Round::new(number).run(&mut totals));
        let left = (left.count_current, left.bytes_current);
        assert_eq!(left, (0, 0), "allocations and bytes, of {number}, {end:?}");
    }
    totals.assert_enough();
}

/// Whether a group catches panics. If it does not, nothing panics here.
const PANICS: bool = cfg!(all(feature = "std", panic = "unwind"));

/// How a group ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Awaited,
    Run,
    Reported,
    Expired,
    UsedAgain,
    DroppedUnpolled,
    DroppedRunning,
    DroppedStopping,
    Panicked,
    DroppedPanicking,
}

impl End {
    const ALL: &'static [Self] = &[
        Self::Awaited,
        Self::Run,
        Self::Reported,
        Self::Expired,
        Self::UsedAgain,
        Self::DroppedUnpolled,
        Self::DroppedRunning,
        Self::DroppedStopping,
        Self::Panicked,
        Self::DroppedPanicking,
    ];

    /// How many of these can happen: if nothing panics, all but the last two.
    const COUNT: usize = Self::ALL.len() - if PANICS { 0 } else { 2 };

    fn of(number: usize) -> Self {
        Self::ALL[number % Self::COUNT]
    }

    /// Returns what its actors may do. If it needs a cause, one of them returns at once instead.
    fn behaviors(self) -> &'static [Behavior] {
        match self {
            Self::Awaited | Self::Run | Self::Reported | Self::UsedAgain => &[
                Behavior::Return,
                Behavior::ReturnLater,
                Behavior::ReturnWhenInterrupted,
                Behavior::Leave,
            ],
            Self::Expired | Self::DroppedStopping => {
                &[Behavior::ReturnLater, Behavior::ReturnWhenInterrupted, Behavior::Ignore]
            }
            Self::DroppedUnpolled | Self::DroppedRunning | Self::DroppedPanicking => {
                &[Behavior::Leave, Behavior::ReturnWhenInterrupted, Behavior::Ignore]
            }
            Self::Panicked => &[
                Behavior::Return,
                Behavior::ReturnWhenInterrupted,
                Behavior::Panic,
                Behavior::PanicWhenInterrupted,
            ],
        }
    }

    /// Returns whether the group ends by itself, and so needs an actor that returns at once.
    fn needs_a_cause(self) -> bool {
        !matches!(self, Self::DroppedUnpolled | Self::DroppedRunning | Self::DroppedPanicking)
    }

    fn panics(self) -> bool {
        matches!(self, Self::Panicked | Self::DroppedPanicking)
    }
}

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behavior {
    Return,
    /// It returns, and does not stop the group.
    Leave,
    ReturnLater,
    ReturnWhenInterrupted,
    Ignore,
    Panic,
    PanicWhenInterrupted,
}

/// Adds an actor to a group or through a handle. A macro, because the two have the same methods but no common trait.
macro_rules! add_to {
    ($to:expr, $round:expr, $behavior:expr, $leaves:expr, $before_return:expr) => {{
        let (behavior, before_return) = ($behavior, $before_return);
        let tracked = $round.tracked(Kind::Execute);
        let leftovers = $round.leftovers.clone();
        let added = match $round.random.below(3) {
            0 => {
                let (interrupter, interrupted) = oneshot::channel::<()>();
                let interrupt = $round.tracked(Kind::Interrupt);
                let execute =
                    Execute::new(behavior, tracked, leftovers, before_return, interrupted);
                $to.add(execute, move |_| {
                    if behavior == Behavior::PanicWhenInterrupted {
                        interrupt.drops.panic();
                    }
                    drop((interrupter, interrupt));
                })
            }
            1 => $to.add_with(|interrupted| {
                if let (true, Some(leftovers)) = ($round.random.one_in(4), &leftovers) {
                    leftovers.lock().unwrap().keep_family(&interrupted);
                }
                let mut interrupted = Some(interrupted);
                // An actor that ignores its interruption may give `Interrupted` away.
                if let (Behavior::Ignore, Some(leftovers)) = (behavior, &leftovers) {
                    let mut leftovers = leftovers.lock().unwrap();
                    leftovers.interrupted.extend(interrupted.take());
                }
                let interrupted = OptionFuture::from(interrupted);
                Execute::new(behavior, tracked, leftovers, before_return, interrupted)
            }),
            _ => $to.add_abortable(Execute::new(
                behavior,
                tracked,
                leftovers,
                before_return,
                pending::<()>(),
            )),
        };
        let added = match $leaves {
            true => added.stops_if(|_| false),
            false => added,
        };
        match $round.random.below(3) {
            0 => added.named("literal"),
            1 => added.named(format!("{behavior:?}")),
            _ => {}
        }
    }};
}

/// One group, from `Group::new` to its end.
struct Round {
    end: End,
    actors: usize,
    test: Test,
    random: Random,
    drops: Drops,
    /// How many exits of actors that have left were observed.
    left: Arc<AtomicUsize>,
    /// What outlives the group, in some rounds.
    leftovers: Option<Arc<Mutex<Leftovers>>>,
}

impl Round {
    fn new(number: usize) -> Self {
        let mut random = Random(number as u64);
        let nth_of_its_end = number / End::COUNT;
        Self {
            end: End::of(number),
            actors: match nth_of_its_end % 50 {
                0 => 1 + nth_of_its_end / 50 % 100,
                _ => 1 + random.below(4),
            },
            test: Test::default(),
            leftovers: random.one_in(4).then(Arc::default),
            random,
            drops: Drops::default(),
            left: Arc::default(),
        }
    }

    /// Runs the group, and checks that each tracked value was dropped once.
    fn run(mut self, totals: &mut Totals) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.run_to_its_end(totals)));
        if let Err(payload) = ended {
            // Any other payload is the panic of an assertion.
            if !payload.is::<Tracked>() {
                resume_unwind(payload);
            }
            totals.panics += 1;
        }
        if let Some(leftovers) = &self.leftovers {
            leftovers.lock().unwrap().use_up();
        }
        totals.left += self.left.load(SeqCst);
        totals.groups[self.actors - 1] += 1;
        for (what, drops) in take(&mut *self.drops.0.lock().unwrap()) {
            assert_eq!(drops, 1, "of {what:?}, {:?}", self.end);
            totals.tracked[what as usize] += 1;
        }
    }

    fn run_to_its_end(&mut self, totals: &mut Totals) {
        match self.end {
            End::Awaited => {
                let group = self.group();
                let output = self.finish(group);
                assert!(output.is_some());
            }
            End::Run => {
                let group = self.group();
                let result = self.finish(group.run());
                assert!(result.is_err());
            }
            End::Reported => {
                let group = self.group();
                for exit in self.finish(group.report()) {
                    match self.random.below(3) {
                        0 => drop(exit.into_output()),
                        1 => drop(exit.into_outcome()),
                        _ => drop(exit),
                    }
                }
            }
            End::Expired => {
                let mut group = self.group();
                self.set_grace_period(&mut group, Some(self.actors % 3));
                let exits = self.finish(group.report());
                let expired = |outcome: &Outcome<_>| matches!(outcome, Outcome::Expired);
                totals.expired += exits.iter().filter(|exit| expired(exit.outcome())).count();
            }
            End::UsedAgain => {
                let mut group = Group::new();
                for _ in 0..3 {
                    self.fill(&mut group, self.actors, true);
                    self.set_settings(&mut group);
                    let output = self.finish(&mut group);
                    assert!(output.is_some());
                }
                // It is dropped with an actor or without.
                self.fill(&mut group, self.random.0 as usize % 2, false);
            }
            End::DroppedUnpolled => match (self.group(), self.random.below(3)) {
                (group, 0) => drop(group),
                (group, 1) => drop(group.run()),
                (group, _) => drop(group.report()),
            },
            End::DroppedRunning => {
                let mut group = self.group();
                let _ = self.test.poll(&mut group); // ready, if all actors have left
            }
            End::DroppedStopping => match (self.group(), self.random.one_in(2)) {
                (mut group, true) => {
                    let _ = self.test.poll(&mut group);
                    totals.dropped_stopping += usize::from(!group.is_empty());
                }
                (group, false) => {
                    let mut report = Box::pin(group.report());
                    totals.dropped_stopping +=
                        usize::from(self.test.poll(&mut report).is_pending());
                }
            },
            End::Panicked => match (self.group(), self.random.one_in(2)) {
                (group, true) => drop(self.finish(group)),
                (group, false) => drop(self.finish(group.report())),
            },
            End::DroppedPanicking => {
                let mut group = self.group();
                if self.random.one_in(2) {
                    let _ = self.test.poll(&mut group); // ready, if all actors have left
                }
            }
        }
    }

    /// Polls a future until it is ready.
    fn finish<F: Future>(&self, future: F) -> F::Output {
        let mut future = Box::pin(future);
        for _ in 0..1_000 {
            if let Poll::Ready(output) = self.test.poll(&mut future) {
                return output;
            }
        }
        panic!("the group never ends");
    }

    /// Returns a group of one stage or several.
    fn group(&mut self) -> Group<'static, Output> {
        let mut group = Group::new();
        let mut cause = self.end.needs_a_cause();
        let (mut stages, mut left) = (1 + self.random.below(3), self.actors);
        while stages > 0 {
            let actors = match stages {
                1 => left,
                _ => self.random.below(left + 1),
            };
            let mut stage = Group::new();
            self.fill(&mut stage, actors, cause && actors > 0);
            self.set_settings(&mut stage);
            // Some stages are running before they are combined.
            if self.end == End::DroppedRunning && actors > 0 && self.random.one_in(4) {
                let _ = self.test.poll(&mut stage);
            }
            group = match self.random.one_in(2) {
                true => group.before(stage),
                false => stage.before(group),
            };
            cause &= actors == 0;
            left -= actors;
            stages -= 1;
        }
        self.set_settings(&mut group);
        group
    }

    /// Adds this many actors. With `cause`, one of them returns at once.
    fn fill(&mut self, group: &mut Group<'static, Output>, actors: usize, cause: bool) {
        let first = self.random.below(actors.max(1));
        for actor in 0..actors {
            let behaviors = self.end.behaviors();
            let behavior = match cause && actor == first {
                true => Behavior::Return,
                false => behaviors[self.random.below(behaviors.len())],
            };
            let is_cause = cause && actor == first;
            let leaves = !is_cause && (behavior == Behavior::Leave || self.random.one_in(4));
            self.add(group, behavior, leaves);
        }
    }

    /// Adds an actor, to the group or through a handle. If it returns by itself, it may leave.
    fn add(&mut self, group: &mut Group<'static, Output>, behavior: Behavior, leaves: bool) {
        #[cfg(not(feature = "std"))]
        let before_return = None;
        #[cfg(feature = "std")]
        let before_return = self.before_return(group);
        #[cfg(feature = "std")]
        if self.random.one_in(3) {
            let handle = group.handle();
            add_to!(handle, self, behavior, leaves, before_return);
            if let (true, Some(leftovers)) = (self.random.one_in(4), &self.leftovers) {
                let mut leftovers = leftovers.lock().unwrap();
                leftovers.answers.push(handle.running().boxed());
                leftovers.handles.push(handle);
            }
            return;
        }
        add_to!(group, self, behavior, leaves, before_return);
    }

    /// Returns what an actor does before it returns: nothing, or it adds another actor through a handle.
    #[cfg(feature = "std")]
    fn before_return(&mut self, group: &mut Group<'static, Output>) -> Option<BeforeReturn> {
        self.random.one_in(6).then(|| {
            let (handle, tracked) = (group.handle(), self.drops.tracked(Kind::Added));
            let before_return = move || {
                let execute = Execute::new(Behavior::Return, tracked, None, None, async {});
                handle.add_abortable(execute);
            };
            Box::new(before_return) as BeforeReturn
        })
    }

    /// Returns a value for the group. In a group that panics, its drop may panic.
    fn tracked(&mut self, what: Kind) -> Tracked {
        let mut tracked = self.drops.tracked(what);
        tracked.drop_panics = self.end.panics() && self.random.one_in(6);
        tracked
    }

    /// Sets any number of grace periods and observers. The last of each kind replaces the others.
    fn set_settings(&mut self, group: &mut Group<'static, Output>) {
        while self.random.one_in(3) {
            self.set_grace_period(group, None);
        }
        while self.random.one_in(3) {
            let observer = self.tracked(Kind::Observer);
            let panics = self.end.panics() && self.random.one_in(2);
            let left = self.left.clone();
            group.on_exit(move |exit| {
                left.fetch_add(usize::from(exit.has_left()), SeqCst);
                if panics {
                    observer.drops.panic();
                }
            });
        }
        while self.random.one_in(3) {
            let observer = self.tracked(Kind::Observer);
            let panics = self.end.panics() && self.random.one_in(2);
            group.on_wait(move |_| {
                if panics {
                    observer.drops.panic();
                }
            });
        }
    }

    /// Sets a grace period that ends after this many polls, or never.
    fn set_grace_period(&mut self, group: &mut Group<'static, Output>, polls: Option<usize>) {
        let grace_period = self.drops.tracked(Kind::GracePeriod);
        let panics = self.end.panics();
        let begin_panics = panics && self.random.one_in(4);
        let poll_panics = panics && self.random.one_in(4);
        let drop_panics = panics && self.random.one_in(4);
        group.grace_period(move || {
            if begin_panics {
                grace_period.drops.panic();
            }
            let mut timer = grace_period.drops.tracked(Kind::Timer);
            timer.drop_panics = drop_panics;
            async move {
                if poll_panics {
                    timer.drops.panic();
                }
                match polls {
                    Some(polls) => {
                        for _ in 0..polls {
                            yield_now().await;
                        }
                    }
                    None => pending().await,
                }
                drop(timer);
            }
        });
    }
}

type Output = Result<(), Tracked>;

/// What an actor does before it returns.
type BeforeReturn = Box<dyn FnOnce() + Send>;

/// The execute of an actor.
///
/// Not an `async` block, because that would leak its output if the drop of a local variable panics.
struct Execute {
    work: BoxFuture<'static, Output>,
    _held: Tracked,
}

impl Execute {
    fn new(
        behavior: Behavior,
        tracked: Tracked,
        leftovers: Option<Arc<Mutex<Leftovers>>>,
        before_return: Option<BeforeReturn>,
        interrupted: impl Future + Send + 'static,
    ) -> Self {
        let drops = tracked.drops.clone();
        let work = async move {
            if let Some(leftovers) = leftovers {
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                leftovers.lock().unwrap().wakers.push(waker);
            }
            match behavior {
                Behavior::Return | Behavior::Leave => {}
                Behavior::ReturnLater => yield_now().await,
                Behavior::Ignore => pending().await,
                Behavior::Panic => drops.panic(),
                _ => _ = interrupted.await,
            }
            if let Some(before_return) = before_return {
                before_return();
            }
            Err(drops.tracked(Kind::Output))
        };
        Self { work: work.boxed(), _held: tracked }
    }
}

impl Future for Execute {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.work.poll_unpin(cx)
    }
}

/// What may outlive a group.
#[derive(Default)]
struct Leftovers {
    wakers: Vec<Waker>,
    interrupted: Vec<Interrupted>,
    other_ends: Vec<Interrupt>,
    #[cfg(feature = "std")]
    handles: Vec<Handle<'static, Output>>,
    #[cfg(feature = "std")]
    answers: Vec<BoxFuture<'static, Vec<Running>>>,
}

impl Leftovers {
    /// Keeps an `Interrupt` for this and, with `std`, a clone that waits.
    fn keep_family(&mut self, interrupted: &Interrupted) {
        self.other_ends.push(interrupted.other_end());
        #[cfg(feature = "std")]
        {
            let mut clone = interrupted.clone();
            Test::default().poll_pending(&mut clone);
            self.interrupted.push(clone);
        }
    }

    /// Uses everything that is left, although the group and its actors were dropped.
    fn use_up(&mut self) {
        #[cfg(feature = "std")]
        for handle in self.handles.drain(..) {
            assert!(handle.is_closed());
            handle.add_abortable(pending());
        }
        #[cfg(feature = "std")]
        for answer in self.answers.drain(..) {
            answer.now_or_never().unwrap();
        }
        self.interrupted.clear();
        self.other_ends.clear();
        self.wakers.drain(..).for_each(Waker::wake);
    }
}
