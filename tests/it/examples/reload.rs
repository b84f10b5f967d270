//! The example `reload`, from outside: a process, the file it reads, its signals, its exit code.

use super::program::assert_fails;

#[cfg(unix)]
#[test]
fn missing_file_is_one_line_and_status_1() {
    let error = std::fs::read("missing").unwrap_err();
    assert_fails("reload", &["missing"], &format!("cannot read missing: {error}"));
}

#[cfg(windows)]
#[test]
fn system_without_sighup_is_one_line_and_status_1() {
    assert_fails("reload", &["names"], "cannot wait for SIGHUP: unsupported signal");
}

#[cfg(unix)]
mod signals {
    use std::fs;
    use std::path::PathBuf;

    use rustix::process::Signal;

    use super::super::header::promised_output;
    use super::super::program::Program;

    /// The program and its file of names.
    struct Reload {
        program: Program,
        file: PathBuf,
    }

    impl Reload {
        /// Starts the program with a file of its own.
        #[track_caller]
        fn start(test: &str, names: &str) -> Self {
            let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
            fs::write(&file, names).unwrap();
            let program = Program::example("reload", &[&file]);
            Self { program, file }
        }

        /// Reads the next line, with the number of the header in place of the process.
        #[track_caller]
        fn line(&mut self) -> String {
            let line = self.program.line();
            let pid = line.trim_start_matches(|other: char| !other.is_ascii_digit());
            match pid {
                "" => line,
                pid => line.replace(pid, "4711"),
            }
        }

        /// Replaces the names and sends the signal.
        #[track_caller]
        fn reload(&self, names: &str) {
            fs::write(&self.file, names).unwrap();
            self.program.signal(Signal::HUP);
        }
    }

    #[test]
    fn prints_what_its_header_promises() {
        let source = include_str!("../../../examples/reload.rs");
        let promised = promised_output(source, "Then press Ctrl-C in the first terminal:");
        let mut promised = promised.lines();

        let mut reload = Reload::start("prints_what_its_header_promises", "mail\n");
        assert_eq!(Some(&*reload.line()), promised.next());
        assert_eq!(Some(&*reload.line()), promised.next());
        reload.reload("mail\nnews\n");
        assert_eq!(Some(&*reload.line()), promised.next());
        reload.reload("news\n");
        assert_eq!(Some(&*reload.line()), promised.next());

        reload.program.signal(Signal::INT);
        let rest: String = promised.map(|line| format!("{line}\n")).collect();
        reload.program.end().assert_went_well(&rest);
    }

    #[test]
    fn unreadable_file_does_not_end_it() {
        let mut reload = Reload::start("unreadable_file_does_not_end_it", "mail");
        assert_eq!(reload.line(), "to read the names again: kill -HUP 4711");
        assert_eq!(reload.line(), "mail runs");

        fs::remove_file(&reload.file).unwrap();
        reload.program.signal(Signal::HUP);
        let error = fs::read(&reload.file).unwrap_err();
        let line = format!("cannot read {}: {error}", reload.file.display());
        assert_eq!(reload.program.error_line(), line);

        // The file that could not be read has not stopped `mail`.
        reload.reload("mail news");
        assert_eq!(reload.line(), "news runs");
    }

    #[test]
    fn name_that_comes_back_starts_again() {
        let mut reload = Reload::start("name_that_comes_back_starts_again", "mail news");
        assert_eq!(reload.line(), "to read the names again: kill -HUP 4711");
        assert_eq!(reload.line(), "mail runs");
        assert_eq!(reload.line(), "news runs");
        for _ in 0..3 {
            reload.reload("news");
            assert_eq!(reload.line(), "mail returned Ok(()), left");
            reload.reload("news mail mail");
            assert_eq!(reload.line(), "mail runs");
        }

        reload.program.signal(Signal::TERM);
        reload.program.end().assert_went_well(
            "signals returned Ok(())\nreload aborted\nmail returned Ok(()), interrupted\nnews returned Ok(()), interrupted\n",
        );
    }
}
