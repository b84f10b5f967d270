//! Actors that a test controls, a log of what happens to them, and polls by hand.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use run_group::{Exit, Group};

/// What the actors of a play return.
pub type Word = &'static str;

/// One test: its log, and the waker that it polls with.
#[derive(Clone, Default)]
pub struct Play {
    log: Arc<Mutex<Vec<String>>>,
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

impl Play {
    /// Polls a future once.
    pub fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    /// Polls a future once and asserts that it is not ready.
    #[track_caller]
    pub fn poll_pending<F: Future + Unpin>(&self, future: &mut F) {
        assert!(
            self.poll(future).is_pending(),
            "ready, after: {:?}",
            self.log()
        );
    }

    /// Polls a future once, asserts that it is ready, and returns its output.
    #[track_caller]
    pub fn poll_ready<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        match self.poll(future) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("pending, after: {:?}", self.log()),
        }
    }

    /// Polls a future until it no longer wakes itself, so that all that can happen has happened.
    #[track_caller]
    pub fn settle<F: Future + Unpin>(&self, future: &mut F) {
        for _ in 0..1000 {
            self.take_wakes();
            self.poll_pending(future);
            if self.take_wakes() == 0 {
                return;
            }
        }
        panic!("it wakes itself for ever: {:?}", self.log());
    }

    /// Returns how often the waker was woken since the last call.
    pub fn take_wakes(&self) -> usize {
        self.wakes.0.swap(0, SeqCst)
    }

    /// Adds a line to the log.
    pub fn say(&self, line: impl Display) {
        self.log.lock().unwrap().push(line.to_string());
    }

    /// Returns the lines that were added since the last call.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    /// Returns an actor that waits, until the test has it do something else.
    pub fn actor(&self, name: Word) -> Actor {
        Actor {
            play: self.clone(),
            name,
            state: Arc::default(),
        }
    }

    /// Adds an actor that returns `"obeys"` when it is interrupted.
    pub fn obedient(&self, name: Word, group: &mut Group<'_, Word>) -> Actor {
        let actor = self.actor(name);
        actor.obeys();
        actor.join(group);
        actor
    }

    /// Adds an actor that ignores its interrupt.
    pub fn stubborn(&self, name: Word, group: &mut Group<'_, Word>) -> Actor {
        let actor = self.actor(name);
        actor.join(group);
        actor
    }

    /// Logs each exit of a group.
    pub fn observe(&self, group: &mut Group<'_, Word>) {
        let play = self.clone();
        group.on_exit(move |exit| play.say(exit));
    }

    /// Sets a grace period that logs when it begins. It ends when the actor that is returned does.
    pub fn grace_period(&self, name: Word, group: &mut Group<'_, Word>) -> Actor {
        let timer = self.actor(name);
        let (play, mut begin) = (self.clone(), timer.begin());
        group.grace_period(move || {
            play.say(format_args!("{name} begins"));
            begin()
        });
        timer
    }
}

/// A remote control of an actor. All of its clones control the same one.
#[derive(Clone)]
pub struct Actor {
    play: Play,
    name: Word,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// What execute does whenever it is polled.
    turn: Mutex<Turn>,
    /// The waker that it was last polled with.
    waker: Mutex<Option<Waker>>,
    /// Whether it returns when it is interrupted.
    obeys: AtomicBool,
    /// Whether execute has been dropped.
    dropped: AtomicBool,
    /// Whether dropping execute panics.
    drop_panics: AtomicBool,
}

#[derive(Default, Clone, Copy)]
enum Turn {
    #[default]
    Wait,
    WakeMyself,
    Return(Word),
    #[cfg(panic = "unwind")]
    Panic(Word),
}

impl Actor {
    /// Returns its execute. It logs when it is polled, and when it is dropped before it has returned.
    pub fn execute(&self) -> Execute {
        Execute(self.clone())
    }

    /// Returns a closure for `Group::grace_period`. Each future that it returns is an execute of this actor.
    pub fn begin(&self) -> impl FnMut() -> Execute + Send + 'static {
        let actor = self.clone();
        move || actor.execute()
    }

    /// Returns its interrupt. It logs the name of the cause.
    pub fn interrupt(&self) -> impl FnOnce(&Exit<Word>) + Send + 'static {
        let actor = self.clone();
        move |cause| {
            let of = cause.name().unwrap_or("?");
            actor.play.say(format_args!("{}! (by {of})", actor.name));
            if actor.state.obeys.load(SeqCst) {
                actor.returns("obeys");
            }
        }
    }

    /// Adds it to a group, with its name.
    pub fn join(&self, group: &mut Group<'_, Word>) {
        group.add(self.execute(), self.interrupt()).named(self.name);
    }

    /// Has it return `obeys` when it is interrupted.
    pub fn obeys(&self) {
        self.state.obeys.store(true, SeqCst);
    }

    /// Has it wait again, as at the beginning.
    pub fn waits(&self) {
        self.next(Turn::Wait);
    }

    /// Has it wake itself whenever it is polled.
    pub fn spins(&self) {
        self.next(Turn::WakeMyself);
    }

    /// Has it return.
    pub fn returns(&self, word: Word) {
        self.next(Turn::Return(word));
    }

    /// Has it panic.
    #[cfg(panic = "unwind")]
    pub fn panics(&self, word: Word) {
        self.next(Turn::Panic(word));
    }

    /// Has it panic when it is dropped.
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

    /// Returns whether an execute of it was dropped.
    pub fn is_dropped(&self) -> bool {
        self.state.dropped.load(SeqCst)
    }

    fn next(&self, turn: Turn) {
        *self.state.turn.lock().unwrap() = turn;
        self.wake();
    }
}

/// The execute of an [`Actor`].
pub struct Execute(Actor);

impl Future for Execute {
    type Output = Word;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Word> {
        let Actor { play, name, state } = &self.0;
        play.say(name);
        let turn = *state.turn.lock().unwrap();
        match turn {
            Turn::Return(word) => return Poll::Ready(word),
            #[cfg(panic = "unwind")]
            Turn::Panic(word) => panic!("{word}"),
            Turn::WakeMyself => cx.waker().wake_by_ref(),
            Turn::Wait => {}
        }
        *state.waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        let Actor { play, name, state } = &self.0;
        state.dropped.store(true, SeqCst);
        if matches!(*state.turn.lock().unwrap(), Turn::Wait | Turn::WakeMyself) {
            play.say(format_args!("{name} dropped"));
        }
        if state.drop_panics.load(SeqCst) {
            panic!("{name} panics in drop");
        }
    }
}
