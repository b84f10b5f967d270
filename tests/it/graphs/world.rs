//! What surrounds a program: the time, a log, and the hand that polls it.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use run_group::Group;

use super::clock::{Clock, Timer};

/// No program runs as long as this, in seconds.
const FOR_EVER: u64 = 100_000;

/// The surroundings of one program. All clones are the same.
#[derive(Clone, Default)]
pub struct World {
    clock: Clock,
    log: Arc<Mutex<Vec<String>>>,
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

    /// Waits again and again, like a loop that has something to do at times.
    pub async fn every<T>(&self, seconds: u64) -> T {
        loop {
            self.after(seconds).await;
        }
    }

    /// Adds a line to the log, with the time before it.
    pub fn say(&self, line: impl Display) {
        let line = format!("{} {line}", self.clock.now());
        self.log.lock().unwrap().push(line);
    }

    /// Returns what was said since this was asked last.
    pub fn log(&self) -> Vec<String> {
        mem::take(&mut self.log.lock().unwrap())
    }

    /// Has a group say every exit.
    pub fn observe<T: Debug>(&self, group: &mut Group<'_, T>) {
        let world = self.clone();
        group.on_exit(move |exit| world.say(exit));
    }

    /// Starts a program. It runs when it is told how far.
    pub fn start<F: Future>(&self, program: F) -> Running<F> {
        Running {
            world: self.clone(),
            program: Box::pin(program),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        }
    }
}

/// A program that is polled by hand, and only when it was woken.
pub struct Running<F> {
    world: World,
    program: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> Running<F> {
    /// Goes on until the clock shows `time`. The program has not ended then.
    #[track_caller]
    pub fn until(&mut self, time: u64) {
        loop {
            if self.settle().is_ready() {
                panic!("it has ended: {:#?}", self.world.log());
            }
            if !self.world.clock.skip(time) {
                break;
            }
        }
        self.world.clock.set(time);
    }

    /// Goes on until the program ends.
    #[track_caller]
    pub fn end(mut self) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.settle() {
                return output;
            }
            if !self.world.clock.skip(FOR_EVER) {
                panic!("it hangs: {:#?}", self.world.log());
            }
        }
    }

    /// Polls the program as long as it is woken.
    fn settle(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.woken.clone());
        while self.woken.0.swap(false, SeqCst) {
            let polled = self.program.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }
}

/// Whether the program was woken since it was polled last.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
