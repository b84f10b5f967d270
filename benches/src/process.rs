//! A process that takes turns on request. It reads a line, and answers with a line of times.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::subjects::{self, Turn};

/// The process.
pub struct Process {
    process: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = process.stdin.take();
        let answer = process.stdout.take().expect("it is piped");
        Ok(Self { process, ask, answer: BufReader::new(answer) })
    }

    /// Sends a line, and returns the times in the answer.
    pub fn ask(&mut self, line: &str) -> Vec<Duration> {
        let ask = self.ask.as_mut().expect("it is open until the drop");
        writeln!(ask, "{line}").expect("the process has ended");
        let mut answer = String::new();
        let read = self.answer.read_line(&mut answer);
        assert_ne!(read.expect("a pipe"), 0, "the process has ended");
        let times = answer.split_whitespace();
        times.map(|time| Duration::from_nanos(time.parse().expect("it is a number"))).collect()
    }
}

/// Ends the process by closing its input.
impl Drop for Process {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.process.wait();
    }
}

/// Returns the turns of a subject in a process of its own, which is this program again.
///
/// There, it does not get memory that another subject has returned to the allocator. This matters for large groups.
pub(crate) fn own(what: &str, actors: usize) -> Turn {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["turns", what, &actors.to_string()]);
    let mut process = Process::start(&mut command).expect("this program starts");
    Box::new(move |rounds| process.ask(&rounds.to_string())[0])
}

/// What the process of [`own`] does: it reads numbers of rounds, runs as many, and prints their time.
pub fn turns(what: &str, actors: usize) -> Result<(), String> {
    let mut turn = subjects::here(what, actors)?;
    for line in io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let rounds = line.parse().map_err(|error| format!("{line:?}: {error}"))?;
        println!("{}", turn(rounds).as_nanos());
    }
    Ok(())
}
