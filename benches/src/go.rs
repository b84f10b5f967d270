//! oklog/run itself, in a Go process that runs its turns on request and times them itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::Process;

/// Where Debian installs its packages of Go libraries.
const GOPATH: &str = "/usr/share/gocode";

/// The process.
pub struct Go(Process);

impl Go {
    /// Builds and starts the program. The error says what is missing.
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
        Process::start(&mut Command::new(&program))
            .map(Self)
            .map_err(|error| format!("{}: {error}", program.display()))
    }

    /// Runs this many rounds of the life of a group of `n`, and returns the time that passed.
    pub fn life(&mut self, n: usize, rounds: u32) -> Duration {
        self.run(n, rounds)[0]
    }

    /// Like [`life`](Self::life), but returns the CPU time of all threads.
    pub fn work_of_life(&mut self, n: usize, rounds: u32) -> Duration {
        self.run(n, rounds)[1]
    }

    fn run(&mut self, n: usize, rounds: u32) -> Vec<Duration> {
        self.0.ask(&format!("{n} {rounds}"))
    }
}
