//! Runs one scenario, or prints why it is skipped. Ends a scenario that hangs.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A test that takes longer hangs: its work takes milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `scenario`, unless `refusal` returns a reason why the executor cannot run here.
///
/// After a lost wake, a test hangs. The process then prints the name of the test and exits, because nothing else ends
/// an executor that waits.
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
