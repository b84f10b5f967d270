//! pollster, with the timer of futures-timer.

use std::time::Duration;

use futures_timer::Delay;
use run_group_runtimes::{local, suite};

suite!(block_on: local on BlockOn);

struct BlockOn;

impl local::Runtime for BlockOn {
    fn run(future: local::Task) {
        pollster::block_on(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(Delay::new(duration))
    }
}
