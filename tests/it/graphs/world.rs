//! What surrounds a program: a clock, a log, and the loop that polls it.

use std::fmt::{Debug, Display};
use std::future::{poll_fn, Future};
use std::mem;
use std::pin::{pin, Pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures::FutureExt;
use run_group::{Group, Interrupted};

use super::clock::{Clock, Timer};

/// More seconds than any program runs.
const FOREVER: u64 = 100_000;

/// The surroundings of one program. Its clones share them.
#[derive(Clone, Default)]
pub struct World {
    clock: Clock,
    log: Arc<Mutex<Vec<String>>>,
    /// What the group waited for when `on_wait` was last called.
    waiting: Arc<Mutex<String>>,
}

impl World {
    /// Returns the time, in seconds since the beginning.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Returns a timer that is ready `seconds` after this call.
    pub fn after(&self, seconds: u64) -> Timer {
        self.clock.after(seconds)
    }

    /// Returns whether a timer waits.
    pub fn has_timers(&self) -> bool {
        self.clock.has_timers()
    }

    /// Waits again and again, like a loop that works every few seconds.
    pub async fn every<T>(&self, seconds: u64) -> T {
        loop {
            self.after(seconds).await;
        }
    }

    /// Adds a line to the log, with the time before it.
    pub fn log(&self, line: impl Display) {
        let line = format!("{} {line}", self.clock.now());
        self.log.lock().unwrap().push(line);
    }

    /// Returns the lines that were logged since the last call.
    pub fn take_log(&self) -> Vec<String> {
        mem::take(&mut self.log.lock().unwrap())
    }

    /// Logs the exits of a group.
    pub fn log_exits<T: Debug>(&self, group: &mut Group<'_, T>) {
        let world = self.clone();
        group.on_exit(move |exit| world.log(exit));
    }

    /// Keeps what the shutdown of a group waits for.
    pub fn keep_waits<T>(&self, group: &mut Group<'_, T>) {
        let kept = self.waiting.clone();
        group.on_wait(move |waiting| *kept.lock().unwrap() = waiting.to_string());
    }

    /// Returns the actors that the shutdown waited for last, as the last line of a log would show them.
    pub fn last_wait(&self) -> String {
        self.waiting.lock().unwrap().clone()
    }

    /// Returns a program that runs when a method of it is called.
    pub fn start<F: Future>(&self, program: F) -> Running<F> {
        Running {
            world: self.clone(),
            program: Box::pin(program),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        }
    }
}

/// A program that is polled only when it was woken.
pub struct Running<F> {
    world: World,
    program: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> Running<F> {
    /// Runs the program until the clock shows `time`. Panics if it ends before.
    #[track_caller]
    pub fn until(&mut self, time: u64) {
        loop {
            if self.settle().is_ready() {
                panic!("the program has ended: {:#?}", self.world.take_log());
            }
            if !self.world.clock.skip(time) {
                break;
            }
        }
        self.world.clock.set(time);
    }

    /// Runs the program until it ends.
    #[track_caller]
    pub fn end(mut self) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.settle() {
                return output;
            }
            if !self.world.clock.skip(FOREVER) {
                panic!("the program hangs: {:#?}", self.world.take_log());
            }
        }
    }

    /// Runs the program as a future, for `interrupt_at_every_poll`. `events` run until `interrupted` resolves, and then
    /// `stop` requests the shutdown. Before that, the clock does not advance beyond `time`.
    pub async fn interrupted_by(
        self,
        mut interrupted: Interrupted,
        events: impl Future,
        stop: impl FnOnce(),
        time: u64,
    ) -> F::Output {
        let shutdown = async {
            interrupted.unless(events).await;
            interrupted.await;
            stop();
        };
        self.beside(shutdown, time).await
    }

    /// Runs the program as a future. Beside it runs `shutdown`, which requests the shutdown and may do other things
    /// before that.
    ///
    /// Each poll of the future polls the program once. If the program then waits, the clock advances, but not beyond
    /// `time` before `shutdown` is ready.
    pub async fn beside(mut self, shutdown: impl Future<Output = ()>, time: u64) -> F::Output {
        let mut shutdown = pin!(shutdown.fuse());
        let mut limit = time;
        poll_fn(|cx| {
            if shutdown.as_mut().poll(cx).is_ready() {
                limit = FOREVER;
            }
            let polled = self.poll();
            if polled.is_pending() && (self.woken.0.load(SeqCst) || self.world.clock.skip(limit)) {
                cx.waker().wake_by_ref();
            }
            polled
        })
        .await
    }

    /// Polls the program as long as it is woken.
    fn settle(&mut self) -> Poll<F::Output> {
        while self.woken.0.load(SeqCst) {
            let polled = self.poll();
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }

    /// Polls the program once, if it is woken.
    fn poll(&mut self) -> Poll<F::Output> {
        if !self.woken.0.swap(false, SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(self.woken.clone());
        self.program.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

/// Whether the program was woken since it was last polled.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
