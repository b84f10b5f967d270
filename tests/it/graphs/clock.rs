//! A clock that the test advances.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A clock that shows seconds. All of its clones show the same.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Time>>);

#[derive(Default)]
struct Time {
    now: u64,
    /// The wakers of the timers that wait, by the time when they are due and then in the order in which they were made.
    sleepers: BTreeMap<(u64, usize), Waker>,
    /// How many timers were made.
    timers: usize,
}

impl Clock {
    /// Returns what the clock shows.
    pub fn now(&self) -> u64 {
        self.0.lock().unwrap().now
    }

    /// Returns a timer that is ready `seconds` after this call.
    pub fn after(&self, seconds: u64) -> Timer {
        let mut time = self.0.lock().unwrap();
        time.timers += 1;
        Timer { clock: self.clone(), key: (time.now + seconds, time.timers) }
    }

    /// Returns whether a timer waits.
    pub fn has_timers(&self) -> bool {
        !self.0.lock().unwrap().sleepers.is_empty()
    }

    /// Advances to the next time when a timer is due, but not beyond `limit`, and wakes the timers that are due then.
    ///
    /// Returns whether there were any.
    pub fn skip(&self, limit: u64) -> bool {
        let mut time = self.0.lock().unwrap();
        match time.sleepers.keys().next() {
            Some((due, _)) if *due <= limit => time.now = *due,
            _ => return false,
        }
        let first_later = (time.now + 1, 0);
        let later = time.sleepers.split_off(&first_later);
        let due = mem::replace(&mut time.sleepers, later);
        drop(time);
        due.into_values().for_each(Waker::wake);
        true
    }

    /// Advances to `now`. No timer is due before that.
    pub fn set(&self, now: u64) {
        self.0.lock().unwrap().now = now;
    }
}

/// A future that is ready when it is due.
pub struct Timer {
    clock: Clock,
    key: (u64, usize),
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.0.lock().unwrap();
        if time.now >= self.key.0 {
            return Poll::Ready(());
        }
        time.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clock.0.lock().unwrap().sleepers.remove(&self.key);
    }
}
