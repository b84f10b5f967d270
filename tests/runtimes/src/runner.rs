//! Runs one scenario, says why if it does not, and ends one that hangs.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a test may take before it counts as hanging. What it does takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `scenario`, unless the executor gives a reason why it cannot be had here.
///
/// A wake that gets lost makes a test hang. Then the process ends, with the name of the test, since there is no other
/// way out of an executor that waits.
pub fn test(refusal: fn() -> Option<String>, scenario: impl FnOnce()) {
    let name = thread::current().name().unwrap_or("?").to_owned();
    if let Some(reason) = refusal() {
        say(&format!("{name} is skipped: {reason}"));
        return;
    }
    let (_running, ended) = mpsc::channel::<Infallible>();
    thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(PATIENCE) {
            say(&format!("{name} hangs"));
            process::exit(1);
        }
    });
    scenario();
}

/// Prints a line past the test harness, which would keep it to itself.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
