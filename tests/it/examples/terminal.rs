//! What all examples do on a terminal: they say how to call them, and do not panic if their output is closed.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::program::Program;

/// The examples that are built only with `std`.
const WITH_STD: [&str; 8] =
    ["echo", "http_server", "jobs", "outside", "reload", "sidecar", "stages", "stuck"];

fn is_built(name: &str) -> bool {
    cfg!(feature = "std") || !WITH_STD.contains(&name)
}

/// Returns the name of every example, and the command that its header says runs it.
fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let sources = files.filter(|file| file.extension() == Some(OsStr::new("rs")));
    let examples = sources.map(|file| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(file).unwrap();
        let command = source.lines().find_map(|line| line.strip_prefix("//! cargo run ")).unwrap();
        let command = command.split(" >").next().unwrap(); // without the file that it prints into
        (name, format!("cargo run {command}"))
    });
    examples.filter(|(name, _)| is_built(name)).collect()
}

/// Checks that an example does not start with these arguments: one line on standard error, and status 2.
#[track_caller]
fn assert_refuses(name: &str, arguments: &[impl AsRef<OsStr>], error: &str) {
    let ended = Program::example(name, arguments).end();
    let (_, command) = examples().into_iter().find(|example| example.0 == name).unwrap();
    assert_eq!(ended.stderr, format!("Error: {error}; usage: {command}\n"));
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.status, Some(2));
}

#[test]
fn help_is_the_command_of_the_header() {
    for (name, command) in examples() {
        for arguments in [&["-h"][..], &["--help"], &["first", "--help"]] {
            let ended = Program::example(&name, arguments).end();
            ended.assert_went_well(&format!("usage: {command}\n"));
        }
    }
}

#[test]
fn wrong_arguments_are_one_line_and_status_2() {
    for (name, command) in examples() {
        assert_refuses(&name, &["--verbose"], "unknown option `--verbose`");

        let (_, arguments) = command.split_once(" -- ").unwrap_or_default();
        if !arguments.ends_with("...") {
            let mut given = vec!["1"; arguments.split_whitespace().count()];
            given.push("extra");
            assert_refuses(&name, &given, "unexpected argument `extra`");
        }
    }
    let is_no_number = "invalid digit found in string";
    assert_refuses("nested", &["client"], "unknown failure `client`");
    assert_refuses("threads", &["many"], &format!("bad limit `many`: {is_no_number}"));
    #[cfg(feature = "std")]
    {
        assert_refuses("jobs", &["10", "many"], &format!("bad job `many`: {is_no_number}"));
        assert_refuses("reload", &[""; 0], "FILE is missing");
        assert_refuses("sidecar", &["main job"], "unknown failure `main job`");
        assert_refuses("stages", &["cellar"], "unknown stage `cellar`");
    }
    #[cfg(unix)]
    {
        let bytes: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9");
        assert_refuses("tcp_server", &[bytes], r#"the argument "caf\xE9" is not Unicode"#);
    }
}

/// An example ends in the same way whether its output is closed or not. If the output is its purpose, it fails.
#[cfg(unix)]
#[test]
fn closed_output_is_no_panic() {
    for (name, _) in examples() {
        Program::with_closed_output(&name, &["--help"]).end().assert_went_well("");

        let arguments: &[&str] = match &*name {
            "echo" | "http_server" | "reload" | "tcp_server" => continue, // see below
            "jobs" => &["10", "fail"],
            "stages" => &["web"],
            "threads" => &["100"],
            _ => &[],
        };
        let mut program = Program::with_closed_output(&name, arguments);
        if name == "lines" {
            program.type_in("one\n");
        }
        let closed = program.end();
        if ["lines", "timeline"].contains(&&*name) {
            assert!(closed.stderr.starts_with("Error: "), "{closed:?}");
            assert_eq!(closed.stderr.lines().count(), 1, "{closed:?}");
            assert_eq!(closed.status, Some(1));
        } else {
            let open = Program::example(&name, arguments).end();
            assert_eq!(closed.stderr, open.stderr, "{name}");
            assert_eq!(closed.status, open.status, "{name}");
        }
    }
}

#[cfg(unix)]
mod signals {
    use super::*;

    use std::net::Shutdown;

    use rustix::process::Signal;

    use super::super::client::{connect, rest};

    /// The servers print when a client leaves and when they shut down.
    #[test]
    fn servers_continue_when_their_output_is_closed() {
        let servers = [("echo", 1), ("http_server", 2), ("tcp_server", 1)];
        for (name, addresses) in servers.into_iter().filter(|(name, _)| is_built(name)) {
            let mut program = Program::example(name, &vec!["127.0.0.1:0"; addresses]);
            let address = program.address();
            program.close_output();
            for _ in 0..2 {
                let mut client = connect(address);
                client.shutdown(Shutdown::Write).unwrap();
                rest(&mut client);
            }
            program.signal(Signal::TERM);
            program.end().assert_went_well("");
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn reload_continues_when_its_output_is_closed() {
        let file =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("continues_when_its_output_is_closed");
        fs::write(&file, "mail").unwrap();
        let mut program = Program::example("reload", &[&file]);
        program.line();
        assert_eq!(program.line(), "mail runs");
        program.close_output();
        fs::remove_file(&file).unwrap();
        program.signal(Signal::HUP);
        let error = fs::read(&file).unwrap_err();
        assert_eq!(program.error_line(), format!("cannot read {}: {error}", file.display()));
        program.signal(Signal::TERM);
        program.end().assert_went_well("");
    }
}
