//! pollster, with the timer of futures-timer.

use run_group_runtimes::{executor, suite};

suite!(block_on: local on BlockOn);

executor!(local BlockOn { run: pollster::block_on, sleep: futures_timer::Delay::new });
