//! What a scenario needs of an executor, and what the scenarios share.

use std::fmt::{Debug, Display};
use std::future::{poll_fn, Future};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use futures::future::{select, Either};
use run_group::{Exit, Report};

use super::{Pointer, Portable, Task};
use crate::Listening;

/// An executor with its timer.
pub trait Runtime {
    /// Returns why the executor cannot run on this machine, if it cannot.
    fn refusal() -> Option<String> {
        None
    }

    /// Returns why a task that wakes itself in every poll starves the executor's timers and other tasks, if it does.
    fn starves() -> Option<String> {
        Self::refusal()
    }

    /// Runs a future to its end.
    fn run(future: Task);

    /// Returns the executor's timer.
    fn sleep(duration: Duration) -> Task;
}

/// An executor with more than one task.
pub trait Spawn: Runtime {
    /// Spawns a task, and returns a future that awaits its end. Dropping the future drops the task.
    fn spawn(task: Task) -> Task;
}

/// An executor with a network.
pub trait Serve: Runtime {
    /// Listens on a free port, sends its address, and echoes the four bytes that each client sends, one client after
    /// the other. It ignores a client that disconnects earlier.
    fn serve(listening: Listening) -> Task<io::Result<()>>;
}

/// A short time. The tests pass with any other duration.
pub const MOMENT: Duration = Duration::from_millis(2);

/// Longer than any test waits.
pub const AGES: Duration = Duration::from_secs(3600);

/// How many tasks or threads add actors, and how many each.
pub const TASKS: usize = 4;
pub const ACTORS: usize = 25;

/// Of children, the first of each of these many stays.
pub const STAYS: usize = 5;

/// The events of a test. Clones share them.
#[derive(Clone, Default)]
pub struct Log(Pointer<Mutex<Vec<String>>>);

impl Log {
    pub fn log(&self, line: impl Display) {
        self.0.lock().unwrap().push(line.to_string());
    }

    /// Returns the events since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns a value that logs `line` when it is dropped.
    pub fn at_drop(&self, line: &'static str) -> AtDrop {
        AtDrop(self.clone(), line)
    }
}

pub struct AtDrop(Log, &'static str);

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.0.log(self.1);
    }
}

pub fn run<R: Runtime>(future: impl Future<Output = ()> + Portable + 'static) {
    R::run(Box::pin(future));
}

/// Sends a word of four bytes, and returns the answer.
pub fn ask(server: SocketAddr, word: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(word.as_bytes()).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Wakes itself in every poll, and never returns.
pub async fn busy<T>() -> T {
    wake_itself(usize::MAX).await;
    unreachable!("no test takes that long")
}

/// Wakes itself in every poll, and returns in the poll with this number.
pub async fn wake_itself(polls: usize) {
    let mut left = polls;
    poll_fn(|cx| {
        left -= 1;
        if left == 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Polls a future until the timer ends, and asserts that it is pending.
pub async fn assert_runs_for_a_moment<R: Runtime, F: Future + Unpin>(future: &mut F) {
    let moment = pin!(R::sleep(MOMENT));
    let first = select(future, moment).await;
    assert!(matches!(first, Either::Right(_)), "it is ready");
}

/// Returns each exit as text.
pub fn lines<T: Debug>(exits: Report<T>) -> Vec<String> {
    exits.iter().map(Exit::to_string).collect()
}
