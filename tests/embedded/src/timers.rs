//! A list of timers, for executors that have none, or none that an actor can use.

use core::cell::RefCell;
use core::future::{poll_fn, Future};
use core::task::{Poll, Waker};

use critical_section::Mutex;

/// The timers that are running.
pub struct Timers(Mutex<RefCell<[Option<Timer>; 16]>>);

/// The tick of a timer, and the waker that waits for it.
type Timer = (u32, Waker);

impl Timers {
    #[allow(clippy::new_without_default)] // it is for statics
    pub const fn new() -> Self {
        Self(Mutex::new(RefCell::new([const { None }; 16])))
    }

    /// Returns a future that resolves in `tick`, by the clock `now`.
    pub fn until(
        &'static self,
        tick: u32,
        now: fn() -> u32,
    ) -> impl Future<Output = ()> + Send + 'static {
        poll_fn(move |cx| {
            critical_section::with(|cs| {
                if now() >= tick {
                    return Poll::Ready(());
                }
                let mut timers = self.0.borrow_ref_mut(cs);
                let is_same = |(at, waker): &Timer| *at == tick && waker.will_wake(cx.waker());
                if !timers.iter().flatten().any(is_same) {
                    let free = timers.iter_mut().find(|place| place.is_none());
                    *free.expect("a place for each timer") = Some((tick, cx.waker().clone()));
                }
                Poll::Pending
            })
        })
    }

    /// Wakes what waits for this tick or an earlier one.
    pub fn wake(&self, tick: u32) {
        critical_section::with(|cs| {
            for place in self.0.borrow_ref_mut(cs).iter_mut() {
                if let Some((_, waker)) = place.take_if(|(at, _)| *at <= tick) {
                    waker.wake();
                }
            }
        })
    }

    /// Returns the tick of the earliest timer.
    pub fn next(&self) -> Option<u32> {
        critical_section::with(|cs| {
            let timers = self.0.borrow_ref(cs);
            timers.iter().flatten().map(|(at, _)| *at).min()
        })
    }
}
