//! Nothing is left of a group, however it ends: no byte, and nothing that it was given.
//!
//! Dice make up the groups, and fall the same way each time: actors of all kinds, with and without names, in one stage or
//! several, with and without grace periods, observers and handles. Other tests show that things are dropped at the right
//! time. These show that they are dropped, and once.

use std::future::{pending, poll_fn, Future};
use std::mem::take;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::panicking;

use allocation_counter::measure;
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt, OptionFuture};
#[cfg(feature = "std")]
use run_group::Handle;
use run_group::{Group, Interrupted, Outcome};
use smol::future::yield_now;

use crate::harness::Test;

#[test]
fn nothing_is_left_of_100_000_groups() {
    // A thread allocates some things for good when it does something for the first time.
    for number in 0..1_000 {
        Round::new(number).play(&mut Tally::new());
    }
    let mut tally = Tally::new();
    for number in 0..100_000 {
        let end = End::of(number);
        let left = measure(|| Round::new(number).play(&mut tally));
        let left = (left.count_current, left.bytes_current);
        assert_eq!(left, (0, 0), "allocations and bytes, of {number}, {end:?}");
    }
    tally.assert_enough();
}

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
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panicked,
    #[cfg(all(feature = "std", panic = "unwind"))]
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
        #[cfg(all(feature = "std", panic = "unwind"))]
        Self::Panicked,
        #[cfg(all(feature = "std", panic = "unwind"))]
        Self::DroppedPanicking,
    ];

    fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    /// What its actors do, except for the one that returns first.
    fn deeds(self) -> &'static [Deed] {
        match self {
            Self::Awaited | Self::Run | Self::Reported | Self::UsedAgain => {
                &[Deed::Return, Deed::ReturnLater, Deed::Obey]
            }
            Self::Expired | Self::DroppedStopping => &[Deed::ReturnLater, Deed::Obey, Deed::Ignore],
            Self::DroppedUnpolled | Self::DroppedRunning => &[Deed::Obey, Deed::Ignore],
            #[cfg(all(feature = "std", panic = "unwind"))]
            Self::Panicked => &[
                Deed::Return,
                Deed::Obey,
                Deed::Panic,
                Deed::PanicWhenInterrupted,
            ],
            #[cfg(all(feature = "std", panic = "unwind"))]
            Self::DroppedPanicking => &[Deed::Obey, Deed::Ignore],
        }
    }

    /// Whether it ends by itself, so that it needs an actor that returns at once.
    fn needs_a_cause(self) -> bool {
        match self {
            Self::DroppedUnpolled | Self::DroppedRunning => false,
            #[cfg(all(feature = "std", panic = "unwind"))]
            Self::DroppedPanicking => false,
            _ => true,
        }
    }

    fn panics(self) -> bool {
        match self {
            #[cfg(all(feature = "std", panic = "unwind"))]
            Self::Panicked | Self::DroppedPanicking => true,
            _ => false,
        }
    }
}

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Return,
    ReturnLater,
    Obey,
    Ignore,
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panic,
    #[cfg(all(feature = "std", panic = "unwind"))]
    PanicWhenInterrupted,
}

/// Adds an actor to a group or through a handle, which have the same methods.
macro_rules! add_to {
    ($to:expr, $round:expr, $deed:expr, $more:expr) => {{
        let (deed, more) = ($deed, $more);
        let thing = $round.thing(What::Execute);
        let outside = $round.outside.clone();
        let added = match $round.dice.roll(3) {
            0 => {
                let (interrupter, interrupted) = oneshot::channel::<()>();
                let interrupt = $round.thing(What::Interrupt);
                let execute = Execute::new(deed, thing, outside, more, interrupted);
                $to.add(execute, move |_| {
                    #[cfg(all(feature = "std", panic = "unwind"))]
                    if deed == Deed::PanicWhenInterrupted {
                        interrupt.ledger.panic();
                    }
                    drop((interrupter, interrupt));
                })
            }
            1 => $to.add_with(|interrupted| {
                let mut interrupted = Some(interrupted);
                // An actor that does not wait for it may as well give it away.
                if let (Deed::Ignore, Some(outside)) = (deed, &outside) {
                    let mut outside = outside.lock().unwrap();
                    outside.interrupted.extend(interrupted.take());
                }
                let interrupted = OptionFuture::from(interrupted);
                Execute::new(deed, thing, outside, more, interrupted)
            }),
            _ => $to.add_abortable(Execute::new(deed, thing, outside, more, pending::<()>())),
        };
        match $round.dice.roll(3) {
            0 => added.named("literal"),
            1 => added.named(format!("{deed:?}")),
            _ => {}
        }
    }};
}

/// One group, from `Group::new` to its end.
struct Round {
    end: End,
    actors: usize,
    test: Test,
    dice: Dice,
    ledger: Ledger,
    /// What the actors of this group leave outside of it, if they do.
    outside: Option<Arc<Mutex<Outside>>>,
}

impl Round {
    fn new(number: usize) -> Self {
        let mut dice = Dice(number as u64);
        let nth_of_its_end = number / End::ALL.len();
        Self {
            end: End::of(number),
            actors: match nth_of_its_end % 50 {
                0 => 1 + nth_of_its_end / 50 % 100,
                _ => 1 + dice.roll(4),
            },
            test: Test::default(),
            outside: dice.one_in(4).then(Arc::default),
            dice,
            ledger: Ledger::default(),
        }
    }

    /// Plays it, and checks that each thing that came up was dropped once.
    fn play(mut self, tally: &mut Tally) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.play_to_the_end(tally)));
        if let Err(payload) = ended {
            // Any other payload is the panic of an assertion.
            if !payload.is::<Thing>() {
                resume_unwind(payload);
            }
            tally.panics += 1;
        }
        if let Some(outside) = &self.outside {
            outside.lock().unwrap().go();
        }
        tally.groups[self.actors - 1] += 1;
        for (what, drops) in take(&mut *self.ledger.0.lock().unwrap()) {
            assert_eq!(drops, 1, "of {what:?}, {:?}", self.end);
            tally.things[what as usize] += 1;
        }
    }

    fn play_to_the_end(&mut self, tally: &mut Tally) {
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
                    match self.dice.roll(3) {
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
                tally.expired += exits.iter().filter(|exit| expired(exit.outcome())).count();
            }
            End::UsedAgain => {
                let mut group = Group::new();
                for _ in 0..3 {
                    self.fill(&mut group, self.actors, true);
                    self.set_settings(&mut group);
                    let output = self.finish(&mut group);
                    assert!(output.is_some());
                }
                // It may be dropped with something in it, or without.
                self.fill(&mut group, self.dice.0 as usize % 2, false);
            }
            End::DroppedUnpolled => match (self.group(), self.dice.roll(3)) {
                (group, 0) => drop(group),
                (group, 1) => drop(group.run()),
                (group, _) => drop(group.report()),
            },
            End::DroppedRunning => {
                let mut group = self.group();
                self.test.poll_pending(&mut group);
            }
            End::DroppedStopping => match (self.group(), self.dice.one_in(2)) {
                (mut group, true) => {
                    let _ = self.test.poll(&mut group);
                    tally.halfway += usize::from(!group.is_empty());
                }
                (group, false) => {
                    let mut report = Box::pin(group.report());
                    tally.halfway += usize::from(self.test.poll(&mut report).is_pending());
                }
            },
            #[cfg(all(feature = "std", panic = "unwind"))]
            End::Panicked => match (self.group(), self.dice.one_in(2)) {
                (group, true) => drop(self.finish(group)),
                (group, false) => drop(self.finish(group.report())),
            },
            #[cfg(all(feature = "std", panic = "unwind"))]
            End::DroppedPanicking => {
                let mut group = self.group();
                if self.dice.one_in(2) {
                    self.test.poll_pending(&mut group);
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
        panic!("it never ends");
    }

    /// Returns a group of one stage or several.
    fn group(&mut self) -> Group<'static, Output> {
        let mut group = Group::new();
        let mut cause = self.end.needs_a_cause();
        let (mut stages, mut left) = (1 + self.dice.roll(3), self.actors);
        while stages > 0 {
            let actors = match stages {
                1 => left,
                _ => self.dice.roll(left + 1),
            };
            let mut stage = Group::new();
            self.fill(&mut stage, actors, cause && actors > 0);
            self.set_settings(&mut stage);
            // They may be running already when they are put together.
            if self.end == End::DroppedRunning && actors > 0 && self.dice.one_in(4) {
                self.test.poll_pending(&mut stage);
            }
            group = match self.dice.one_in(2) {
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

    /// Adds this many actors. If there is to be a `cause`, one of them returns at once.
    fn fill(&mut self, group: &mut Group<'static, Output>, actors: usize, cause: bool) {
        let first = self.dice.roll(actors.max(1));
        for actor in 0..actors {
            let deeds = self.end.deeds();
            let deed = match cause && actor == first {
                true => Deed::Return,
                false => deeds[self.dice.roll(deeds.len())],
            };
            self.add(group, deed);
        }
    }

    /// Adds an actor, to the group or through a handle.
    fn add(&mut self, group: &mut Group<'static, Output>, deed: Deed) {
        #[cfg(not(feature = "std"))]
        let more = None;
        #[cfg(feature = "std")]
        let more = self.more(group);
        #[cfg(feature = "std")]
        if self.dice.one_in(3) {
            let handle = group.handle();
            add_to!(handle, self, deed, more);
            if let (true, Some(outside)) = (self.dice.one_in(4), &self.outside) {
                outside.lock().unwrap().handles.push(handle);
            }
            return;
        }
        add_to!(group, self, deed, more);
    }

    /// Returns what an actor does before it returns: nothing, or it adds another actor through a handle that it holds.
    #[cfg(feature = "std")]
    fn more(&mut self, group: &mut Group<'static, Output>) -> Option<More> {
        self.dice.one_in(6).then(|| {
            let (handle, thing) = (group.handle(), self.ledger.thing(What::Handed));
            let more = move || {
                let execute = Execute::new(Deed::Return, thing, None, None, async {});
                handle.add_abortable(execute);
            };
            Box::new(more) as More
        })
    }

    /// Returns a thing for the group. If the group is to panic, its drop may panic.
    fn thing(&mut self, what: What) -> Thing {
        let mut thing = self.ledger.thing(what);
        thing.drop_panics = self.end.panics() && self.dice.one_in(6);
        thing
    }

    /// Sets a grace period and observers, or only some of these, or none, or a second one that replaces the first.
    fn set_settings(&mut self, group: &mut Group<'static, Output>) {
        while self.dice.one_in(3) {
            self.set_grace_period(group, None);
        }
        while self.dice.one_in(3) {
            let observer = self.thing(What::Observer);
            let panics = self.end.panics() && self.dice.one_in(2);
            group.on_exit(move |_| {
                if panics {
                    observer.ledger.panic();
                }
            });
        }
        while self.dice.one_in(3) {
            let observer = self.thing(What::Observer);
            let panics = self.end.panics() && self.dice.one_in(2);
            group.on_wait(move |_| {
                if panics {
                    observer.ledger.panic();
                }
            });
        }
    }

    /// Sets a grace period that is over after this many polls, or never.
    fn set_grace_period(&mut self, group: &mut Group<'static, Output>, polls: Option<usize>) {
        let grace_period = self.ledger.thing(What::GracePeriod);
        let panics = self.end.panics();
        let begin_panics = panics && self.dice.one_in(4);
        let poll_panics = panics && self.dice.one_in(4);
        let drop_panics = panics && self.dice.one_in(4);
        group.grace_period(move || {
            if begin_panics {
                grace_period.ledger.panic();
            }
            let mut timer = grace_period.ledger.thing(What::Timer);
            timer.drop_panics = drop_panics;
            async move {
                if poll_panics {
                    timer.ledger.panic();
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

type Output = Result<(), Thing>;

/// What an actor does before it returns.
type More = Box<dyn FnOnce() + Send>;

/// The execute of an actor.
///
/// Not an `async` block, which would leak its output if the drop of something in it panics.
struct Execute {
    work: BoxFuture<'static, Output>,
    _thing: Thing,
}

impl Execute {
    fn new(
        deed: Deed,
        thing: Thing,
        outside: Option<Arc<Mutex<Outside>>>,
        more: Option<More>,
        interrupted: impl Future + Send + 'static,
    ) -> Self {
        let ledger = thing.ledger.clone();
        let work = async move {
            if let Some(outside) = outside {
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                outside.lock().unwrap().wakers.push(waker);
            }
            match deed {
                Deed::Return => {}
                Deed::ReturnLater => yield_now().await,
                Deed::Ignore => pending().await,
                #[cfg(all(feature = "std", panic = "unwind"))]
                Deed::Panic => ledger.panic(),
                _ => _ = interrupted.await,
            }
            if let Some(more) = more {
                more();
            }
            Err(ledger.thing(What::Output))
        };
        Self {
            work: work.boxed(),
            _thing: thing,
        }
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
struct Outside {
    wakers: Vec<Waker>,
    interrupted: Vec<Interrupted>,
    #[cfg(feature = "std")]
    handles: Vec<Handle<'static, Output>>,
}

impl Outside {
    /// Wakes every actor, although they have all been dropped, and drops what is left.
    fn go(&mut self) {
        #[cfg(feature = "std")]
        for handle in self.handles.drain(..) {
            assert!(handle.is_closed());
            handle.add_abortable(pending());
        }
        self.interrupted.clear();
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// What comes up in a round and has to be dropped once.
#[derive(Clone, Copy, Debug)]
enum What {
    Execute,
    Interrupt,
    Output,
    GracePeriod,
    Timer,
    Observer,
    Payload,
    /// The execute of an actor that another actor adds.
    Handed,
}

/// The things that came up, and how often each was dropped.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<Vec<(What, usize)>>>);

struct Thing {
    ledger: Ledger,
    number: usize,
    drop_panics: bool,
}

impl Ledger {
    fn thing(&self, what: What) -> Thing {
        let mut things = self.0.lock().unwrap();
        things.push((what, 0));
        Thing {
            ledger: self.clone(),
            number: things.len() - 1,
            drop_panics: false,
        }
    }

    /// Panics with a thing, without printing a message.
    fn panic(&self) -> ! {
        resume_unwind(Box::new(self.thing(What::Payload)))
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        self.ledger.0.lock().unwrap()[self.number].1 += 1;
        if self.drop_panics && !panicking() {
            self.ledger.panic();
        }
    }
}

/// A generator of numbers that look random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// What came up in all rounds.
struct Tally {
    /// How many things, by [`What`].
    things: [usize; 8],
    /// How many groups of one actor, of two, and so on.
    groups: Vec<usize>,
    /// How many groups were dropped while they were stopping.
    halfway: usize,
    /// How many actors expired.
    expired: usize,
    /// How many groups resumed a panic.
    panics: usize,
}

impl Tally {
    fn new() -> Self {
        Self {
            things: [0; 8],
            groups: vec![0; 100],
            halfway: 0,
            expired: 0,
            panics: 0,
        }
    }

    /// Checks that enough of everything came up. Otherwise the test would show little.
    fn assert_enough(&self) {
        let with_panics = usize::from(cfg!(all(feature = "std", panic = "unwind")));
        for (what, least) in [
            (What::Execute, 300_000),
            (What::Interrupt, 100_000),
            (What::Output, 100_000),
            (What::GracePeriod, 50_000),
            (What::Timer, 10_000),
            (What::Observer, 50_000),
            (What::Payload, 10_000 * with_panics),
            (What::Handed, 30_000 * usize::from(cfg!(feature = "std"))),
        ] {
            let came = self.things[what as usize];
            assert!(came >= least, "{what:?}: {came}");
        }
        assert!(self.groups.iter().all(|groups| *groups > 0));
        assert!(self.halfway >= 3_000, "{}", self.halfway);
        assert!(self.expired >= 5_000, "{}", self.expired);
        assert!(self.panics >= 5_000 * with_panics, "{}", self.panics);
    }
}
