//! Runs one scenario, or says why it is skipped. Ends one that hangs.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A test that takes longer hangs, because its work takes milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `scenario`, unless the executor gives a reason why it cannot run here.
///
/// A lost wake makes a test hang. Then the process prints the name of the test and exits, because there is no other way out
/// of an executor that waits.
pub fn test(refusal: fn() -> Option<String>, scenario: impl FnOnce()) {
    let name = thread::current().name().unwrap_or("?").to_owned();
    if let Some(reason) = refusal() {
        say(&format!("{name} is skipped: {reason}"));
        return;
    }
    let (_running, ended) = mpsc::channel::<Infallible>();
    thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LIMIT) {
            say(&format!("{name} hangs"));
            process::exit(1);
        }
    });
    scenario();
}

/// Prints a line that the test harness does not capture.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
