//! A built example, run as a user runs it: a process with arguments, output, signals and an exit code.

use std::ffi::OsStr;
use std::io::{empty, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, Once};
use std::thread::spawn;
use std::time::Duration;

/// How long a program may run before it counts as hanging. Only a failing test ever waits for it.
const LIMIT: Duration = Duration::from_secs(60);

/// A running example. It is killed when this is dropped, or when it hangs.
pub struct Program {
    child: Arc<Mutex<Child>>,
    /// `None` once its input has ended.
    stdin: Option<ChildStdin>,
    stdout: BufReader<Box<dyn Read + Send>>,
    /// The lines of its standard error. Read by a thread, so that the program never waits for it.
    stderr: Receiver<String>,
    /// Dropping it ends the watch over the program.
    _watched: Sender<()>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or `None` if a signal killed it.
    pub status: Option<i32>,
    /// The signal that killed it.
    #[cfg(unix)]
    pub signal: Option<i32>,
    /// The output that the test had not read yet.
    pub stdout: String,
    /// The lines of its standard error that the test had not read yet.
    pub stderr: String,
}

impl Program {
    /// Starts an example of this crate.
    #[track_caller]
    pub fn example(name: &str, arguments: &[impl AsRef<OsStr>]) -> Self {
        Self::at(path(name), arguments)
    }

    /// Starts an example whose output is closed from the beginning.
    #[cfg(unix)]
    #[track_caller]
    pub fn with_closed_output(name: &str, arguments: &[impl AsRef<OsStr>]) -> Self {
        // A socket and not a pipe, because another test's child may hold a pipe open for a moment.
        let (output, _) = std::os::unix::net::UnixStream::pair().unwrap();
        output.shutdown(std::net::Shutdown::Both).unwrap();
        Self::start(path(name), arguments, std::os::fd::OwnedFd::from(output).into())
    }

    /// Starts the program at `path`.
    #[track_caller]
    pub fn at(path: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>]) -> Self {
        Self::start(path, arguments, Stdio::piped())
    }

    #[track_caller]
    fn start(path: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>], output: Stdio) -> Self {
        let mut command = Command::new(path);
        let mut child = command
            .args(arguments)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{command:?}: {error}; `cargo build --examples` makes it")
            });
        let stdin = child.stdin.take();
        let stdout: Box<dyn Read + Send> = match child.stdout.take() {
            Some(stdout) => Box::new(stdout),
            None => Box::new(empty()),
        };
        let stdout = BufReader::new(stdout);
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, stderr) = channel();
        spawn(move || {
            for line in errors.lines() {
                let _ = sender.send(line.unwrap() + "\n");
            }
        });

        let child = Arc::new(Mutex::new(child));
        let hanging = child.clone();
        let (watched, ended) = channel();
        spawn(move || {
            if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                let _ = hanging.lock().unwrap().kill();
            }
        });
        Self { child, stdin, stdout, stderr, _watched: watched }
    }

    /// Waits for the next line that the program prints.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the program has ended: {line:?}");
        line.truncate(line.trim_end().len());
        line
    }

    /// Waits for the next line that the program prints to standard error.
    #[cfg(unix)]
    #[track_caller]
    pub fn error_line(&mut self) -> String {
        let line = self.stderr.recv().expect("the program has ended");
        line.trim_end().to_owned()
    }

    /// Waits for the line `listening on ADDRESS` and returns the address.
    #[track_caller]
    pub fn address(&mut self) -> SocketAddr {
        let line = self.line();
        let address = line.strip_prefix("listening on ").expect(&line);
        address.parse().expect(&line)
    }

    /// Waits until the program prints something, without reading it.
    #[cfg(unix)] // no other test needs it
    #[track_caller]
    pub fn wait_for_output(&mut self) {
        let printed = self.stdout.fill_buf().unwrap();
        assert!(!printed.is_empty(), "the program has ended");
    }

    /// Types `text` into the program.
    #[track_caller]
    pub fn type_in(&mut self, text: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_ref()).unwrap();
    }

    /// Ends the program's input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Closes the program's output.
    #[cfg(unix)] // no other test needs it
    pub fn close_output(&mut self) {
        self.stdout = BufReader::new(Box::new(empty()));
    }

    /// Takes the listener at this address away from the program. A program rarely loses its listener, and never by its
    /// own fault.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn lose_listener(&self, address: SocketAddr) {
        use rustix::process::{pidfd_getfd, pidfd_open, Pid, PidfdFlags, PidfdGetfdFlags};

        let pid = Pid::from_child(&self.child.lock().unwrap());
        let program = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        // The program's open files, as far as the system gives them out.
        let files =
            (3..100).filter_map(|file| pidfd_getfd(&program, file, PidfdGetfdFlags::empty()).ok());
        let listener = files
            .map(std::net::TcpStream::from)
            .find(|socket| socket.local_addr().is_ok_and(|local| local == address))
            .unwrap();
        listener.shutdown(std::net::Shutdown::Both).unwrap();
    }

    /// Lets the program have no more than this many open files.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn limit_files(&self, number: u64) {
        use rustix::process::{prlimit, Pid, Resource, Rlimit};

        let pid = Pid::from_child(&self.child.lock().unwrap());
        let limit = Rlimit { current: Some(number), maximum: Some(number) };
        prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    }

    /// Sends the program a signal.
    #[cfg(unix)]
    #[track_caller]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.lock().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the program has ended, and checks that it never started: one line on standard error, status 1,
    /// and nothing else.
    #[track_caller]
    pub fn fails(self, line: &str) {
        let ended = self.end();
        assert_eq!(ended.stderr, format!("{line}\n"));
        assert_eq!(ended.stdout, "");
        assert_eq!(ended.status, Some(1));
    }

    /// Waits until the program has ended, and only then reads the rest of its output.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let stderr = self.stderr.iter().collect();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let status = self.child.lock().unwrap().wait().unwrap();
        Ended {
            status: status.code(),
            #[cfg(unix)]
            signal: std::os::unix::process::ExitStatusExt::signal(&status),
            stdout,
            stderr,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Ended {
    /// Checks that it went well: status 0, `stdout` as the rest of the output, and nothing on standard error.
    #[track_caller]
    pub fn assert_went_well(&self, stdout: &str) {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.stdout, stdout);
        assert_eq!(self.stderr, "");
    }
}

/// Runs an example that cannot start, and checks that it [fails](Program::fails) with the error `line`.
#[track_caller]
pub fn assert_fails(name: &str, arguments: &[impl AsRef<OsStr>], line: &str) {
    Program::example(name, arguments).fails(&format!("Error: {line}"));
}

/// Returns where `cargo test` puts an example: beside the folder of this test's own binary.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = profile.join("examples").join(name);
    static EXAMPLES: Once = Once::new();
    EXAMPLES.call_once(|| {
        if !path.exists() {
            build();
        }
    });
    path
}

/// Builds the examples, as `cargo test` does, but `cargo test --test it` does not. If that is not where this test looks
/// for them, for example because it was built for another target, starting one fails and says so.
#[allow(unexpected_cfgs)] // the example under Tokio, which shares this file, has no features
fn build() {
    let cargo = std::env::var_os("CARGO")
        .expect("`cargo build --examples`, because cargo does not run this test");
    let mut command = Command::new(cargo);
    command.args(["build", "--profile", "test", "--examples"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    if cfg!(not(feature = "std")) {
        command.arg("--no-default-features");
    }
    if cfg!(feature = "portable-atomic") {
        command.args(["--features", "portable-atomic"]);
    }
    let status = command.status();
    assert!(matches!(&status, Ok(status) if status.success()), "{command:?}: {status:?}");
}
