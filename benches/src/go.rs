//! oklog/run itself, in a Go process, which runs its turns on request and times them itself.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Where Debian installs its packages of Go libraries.
const GOPATH: &str = "/usr/share/gocode";

/// The process.
pub struct Go {
    /// The version of Go and, from Debian's package, that of oklog/run.
    pub version: String,
    process: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Go {
    /// Builds and starts the program. `Err` says what is missing.
    pub fn start() -> Result<Self, String> {
        if !Path::new(GOPATH).join("src/github.com/oklog/run").is_dir() {
            return Err("oklog/run is not here: install golang-github-oklog-run-dev".into());
        }
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = own.join("../target/oklog-run");
        let go = |arguments: &[&str]| {
            let mut command = Command::new("go");
            command.args(arguments).current_dir(own.join("go"));
            command.env("GO111MODULE", "off").env("GOPATH", GOPATH);
            command.env("GOFLAGS", "").env("GOPROXY", "off");
            command
        };
        let mut build = go(&["build", "-o"]);
        let built = build.arg(&program).arg("main.go").status();
        let built =
            built.map_err(|error| format!("go does not start, install golang-go: {error}"))?;
        if !built.success() {
            return Err(format!("go build: {built}"));
        }
        let mut process = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let ask = process.stdin.take();
        let answer = process.stdout.take().expect("it is piped");
        let mut version = said(&mut go(&["env", "GOVERSION"]));
        let package = said(Command::new("dpkg-query").args([
            "--show",
            "--showformat=${Version}",
            "golang-github-oklog-run-dev",
        ]));
        if !package.is_empty() {
            version = format!("oklog/run {package}, {version}");
        }
        Ok(Self {
            version,
            process,
            ask,
            answer: BufReader::new(answer),
        })
    }

    /// Runs this many rounds of the life of a group of `n`, and returns the time that passed.
    pub fn life(&mut self, n: usize, rounds: u32) -> Duration {
        self.run(n, rounds)[0]
    }

    /// Like [`life`](Self::life), but returns the CPU time of all threads.
    pub fn work_of_life(&mut self, n: usize, rounds: u32) -> Duration {
        self.run(n, rounds)[1]
    }

    fn run(&mut self, n: usize, rounds: u32) -> [Duration; 2] {
        let ask = self.ask.as_mut().expect("it is open until the drop");
        writeln!(ask, "{n} {rounds}").expect("Go has ended");
        let mut line = String::new();
        self.answer.read_line(&mut line).expect("Go has ended");
        let (passed, worked) = line.trim().split_once(' ').expect("Go has said why");
        [passed, worked].map(|time| Duration::from_nanos(time.parse().expect("it is a number")))
    }
}

/// Ends the process by closing its input.
impl Drop for Go {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.process.wait();
    }
}

/// Returns the output of a command, empty if it fails.
fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default())
        .trim()
        .into()
}
