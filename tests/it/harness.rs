//! Actors that a test controls, a log of what they do, and polls by hand.

use std::env;
use std::fmt::Display;
use std::future::{ready, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use proptest::test_runner::{Config, RngSeed, TestRunner};
use run_group::{Exit, Group};

/// What the actors return.
pub type Output = &'static str;

/// One test: its log, and the waker that it polls with. Its clones share both.
#[derive(Clone, Default)]
pub struct Test {
    lines: Arc<Mutex<Vec<String>>>,
    wakes: Arc<Wakes>,
}

/// Counts how often the waker was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Test {
    /// Polls a future once.
    pub fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    /// Polls a future once and asserts that it is not ready.
    #[track_caller]
    pub fn poll_pending<F: Future + Unpin>(&self, future: &mut F) {
        assert!(self.poll(future).is_pending(), "ready, after: {:?}", self.take_log());
    }

    /// Polls a future once, asserts that it is ready, and returns its output.
    #[track_caller]
    pub fn poll_ready<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        match self.poll(future) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("pending, after: {:?}", self.take_log()),
        }
    }

    /// Polls a future until it no longer wakes itself, and asserts that it is not ready.
    #[track_caller]
    pub fn settle<F: Future + Unpin>(&self, future: &mut F) {
        for _ in 0..1000 {
            self.take_wakes();
            self.poll_pending(future);
            if self.take_wakes() == 0 {
                return;
            }
        }
        panic!("it wakes itself forever: {:?}", self.take_log());
    }

    /// Returns how often the waker was woken since the last call.
    pub fn take_wakes(&self) -> usize {
        self.wakes.0.swap(0, SeqCst)
    }

    /// Returns how many wakers are held. A clone of this holds `lines` and `wakes`, and a waker only `wakes`.
    pub fn wakers(&self) -> usize {
        Arc::strong_count(&self.wakes) - Arc::strong_count(&self.lines)
    }

    /// Adds a line to the log.
    pub fn log(&self, line: impl Display) {
        self.lines.lock().unwrap().push(line.to_string());
    }

    /// Returns the lines that were added to the log since the last call.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    /// Returns those of these lines that contain `word`.
    pub fn take_lines_with(&self, word: &str) -> Vec<String> {
        let mut lines = self.take_log();
        lines.retain(|line| line.contains(word));
        lines
    }

    /// Returns an actor that is in no group yet. It waits until the test makes it do something else.
    pub fn actor(&self, name: Output) -> Actor {
        Actor { test: self.clone(), name, state: Arc::default() }
    }

    /// Adds an actor that returns `"stopped"` when it is interrupted.
    pub fn add_stoppable(&self, name: Output, group: &mut Group<'_, Output>) -> Actor {
        let actor = self.actor(name);
        actor.stops_when_interrupted();
        actor.add_to(group);
        actor
    }

    /// Adds an actor that does only what the test makes it do. Its interrupt just logs.
    pub fn add_manual(&self, name: Output, group: &mut Group<'_, Output>) -> Actor {
        let actor = self.actor(name);
        actor.add_to(group);
        actor
    }

    /// Adds an actor like `add_manual`. It leaves when it returns or panics, instead of stopping the group.
    pub fn add_leaving(&self, name: Output, group: &mut Group<'_, Output>) -> Actor {
        let actor = self.actor(name);
        group.add(actor.execute(), actor.interrupt()).stops_if(|_| false).named(name);
        actor
    }

    /// Returns a group of actors like those of `add_manual`, with these names.
    pub fn group<const N: usize>(
        &self,
        names: [Output; N],
    ) -> (Group<'static, Output>, [Actor; N]) {
        let mut group = Group::new();
        let actors = names.map(|name| self.add_manual(name, &mut group));
        (group, actors)
    }

    /// Logs each exit of a group.
    pub fn log_exits(&self, group: &mut Group<'_, Output>) {
        let test = self.clone();
        group.on_exit(move |exit| test.log(exit));
    }

    /// Returns a group that is stopping and waits for actors of these names. Its grace period is running, and ends when
    /// the second, its timer, returns. The cause is named `cause`.
    pub fn stopping_group<const N: usize>(
        &self,
        names: [Output; N],
    ) -> (Group<'static, Output>, Actor, [Actor; N]) {
        let (mut group, actors) = self.group(names);
        let timer = self.set_grace_period("timer", &mut group);
        group.add(ready("done"), |_| {}).named("cause");
        self.settle(&mut group);
        self.take_log();
        (group, timer, actors)
    }

    /// Sets a grace period that logs when it begins. It ends when the returned actor returns.
    pub fn set_grace_period(&self, name: Output, group: &mut Group<'_, Output>) -> Actor {
        let timer = self.actor(name);
        let (test, mut begin) = (self.clone(), timer.begin());
        group.grace_period(move || {
            test.log(format_args!("{name} begins"));
            begin()
        });
        timer
    }
}

/// The test's control of one actor. Its clones control the same actor.
#[derive(Clone)]
pub struct Actor {
    test: Test,
    name: Output,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// What execute does when it is polled.
    on_poll: Mutex<OnPoll>,
    /// The waker that execute was last polled with.
    waker: Mutex<Option<Waker>>,
    /// Whether its interrupt makes it return.
    is_stoppable: AtomicBool,
    /// Whether execute was dropped.
    is_dropped: AtomicBool,
    /// Whether dropping execute panics.
    drop_panics: AtomicBool,
}

#[derive(Default, Clone, Copy)]
enum OnPoll {
    #[default]
    Wait,
    WakeItself,
    Return(Output),
    #[cfg(panic = "unwind")]
    Panic(Output),
}

impl Actor {
    /// Returns its execute. For an actor `a`, it logs `a` when it is polled, and `a dropped` when it is dropped before it
    /// has returned.
    pub fn execute(&self) -> Execute {
        Execute(self.clone())
    }

    /// Returns a closure for `Group::grace_period`. It returns executes of this actor.
    pub fn begin(&self) -> impl FnMut() -> Execute + Send + 'static {
        let actor = self.clone();
        move || actor.execute()
    }

    /// Returns its interrupt. For an actor `a` and a cause `b`, it logs `a! (by b)`.
    pub fn interrupt(&self) -> impl FnOnce(&Exit<Output>) + Send + 'static {
        let actor = self.clone();
        move |cause| {
            let cause = cause.name().unwrap_or("?");
            actor.test.log(format_args!("{}! (by {cause})", actor.name));
            if actor.state.is_stoppable.load(SeqCst) {
                actor.returns("stopped");
            }
        }
    }

    /// Adds it to a group, with its name.
    pub fn add_to(&self, group: &mut Group<'_, Output>) {
        group.add(self.execute(), self.interrupt()).named(self.name);
    }

    /// Makes it return `"stopped"` when it is interrupted.
    pub fn stops_when_interrupted(&self) {
        self.state.is_stoppable.store(true, SeqCst);
    }

    /// Makes it wait again, as at the beginning.
    pub fn waits(&self) {
        self.set(OnPoll::Wait);
    }

    /// Makes it wake itself whenever it is polled.
    pub fn spins(&self) {
        self.set(OnPoll::WakeItself);
    }

    /// Makes it return.
    pub fn returns(&self, output: Output) {
        self.set(OnPoll::Return(output));
    }

    /// Makes it panic.
    #[cfg(panic = "unwind")]
    pub fn panics(&self, message: &'static str) {
        self.set(OnPoll::Panic(message));
    }

    /// Makes the drop of its execute panic.
    #[cfg(all(feature = "std", panic = "unwind"))]
    pub fn panics_in_drop(&self) {
        self.state.drop_panics.store(true, SeqCst);
    }

    /// Wakes it.
    pub fn wake(&self) {
        if let Some(waker) = self.state.waker.lock().unwrap().take() {
            waker.wake();
        }
    }

    /// Returns whether its execute was dropped.
    pub fn is_dropped(&self) -> bool {
        self.state.is_dropped.load(SeqCst)
    }

    fn set(&self, on_poll: OnPoll) {
        *self.state.on_poll.lock().unwrap() = on_poll;
        self.wake();
    }
}

/// The execute of an [`Actor`].
pub struct Execute(Actor);

impl Future for Execute {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let Actor { test, name, state } = &self.0;
        test.log(name);
        let on_poll = *state.on_poll.lock().unwrap();
        match on_poll {
            OnPoll::Return(output) => return Poll::Ready(output),
            #[cfg(panic = "unwind")]
            OnPoll::Panic(message) => panic!("{message}"),
            OnPoll::WakeItself => cx.waker().wake_by_ref(),
            OnPoll::Wait => {}
        }
        *state.waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        let Actor { test, name, state } = &self.0;
        state.is_dropped.store(true, SeqCst);
        let on_poll = *state.on_poll.lock().unwrap();
        if matches!(on_poll, OnPoll::Wait | OnPoll::WakeItself) {
            test.log(format_args!("{name} dropped"));
        }
        if state.drop_panics.load(SeqCst) {
            panic!("{name} panics in drop");
        }
    }
}

/// Runs a test of `module` once more, alone, in a process of its own, and returns what that process has printed. In
/// that process, returns `None`: there, the test does what is looked at.
#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub fn in_process(module: &str, test: &str) -> Option<std::process::Output> {
    const IN_PROCESS: &str = "RUN_GROUP_TEST_IN_PROCESS";
    if env::var_os(IN_PROCESS).is_some() {
        return None;
    }
    let (_crate, module) = module.split_once("::").unwrap();
    let mut command = std::process::Command::new(env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", &format!("{module}::{test}")]);
    Some(command.env(IN_PROCESS, "1").output().unwrap())
}

/// Returns a runner for this many random cases, and its seed. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` set others.
pub fn test_runner(cases: u32) -> (TestRunner, RngSeed) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let seed = config.rng_seed;
    (TestRunner::new(config), seed)
}
