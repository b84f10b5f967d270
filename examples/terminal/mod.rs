//! What all examples do on a terminal: they say how to call them, and do not panic if their output is closed.

#![allow(dead_code, unused_imports)] // no example uses all of it

use std::env::args_os;
use std::fmt::{self, Display};
use std::process::exit;

/// Like the macro of the standard library, but the program continues if the output is closed, as by `| head -n 1`.
macro_rules! println {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($line)*);
    }};
}

/// Like the macro of the standard library, but the program continues if standard error is closed.
macro_rules! eprintln {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($line)*);
    }};
}

pub(crate) use {eprintln, println};

/// The arguments of an example, as in `Usage("[ADDRESS]")`. It is displayed as the command that runs the example.
pub struct Usage(pub &'static str);

impl Usage {
    /// Returns the arguments. `None`: it is not given. Exits if there are more, or as [`all`](Self::all) does.
    pub fn arguments<const N: usize>(&self) -> [Option<String>; N] {
        let mut given = self.all().into_iter();
        let arguments = std::array::from_fn(|_| given.next());
        if let Some(extra) = given.next() {
            self.fail(format_args!("unexpected argument `{extra}`"));
        }
        arguments
    }

    /// Returns any number of arguments. Exits after `--help`, or if there is an option that the example does not have.
    pub fn all(&self) -> Vec<String> {
        let arguments: Vec<_> = args_os()
            .skip(1)
            .map(|argument| {
                argument.into_string().unwrap_or_else(|bytes| {
                    self.fail(format_args!("the argument {bytes:?} is not Unicode"))
                })
            })
            .collect();
        if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
            println!("usage: {self}");
            exit(0);
        }
        if let Some(option) = arguments.iter().find(|argument| argument.starts_with('-')) {
            self.fail(format_args!("unknown option `{option}`"));
        }
        arguments
    }

    /// Says what is wrong with the arguments, and exits with 2.
    pub fn fail(&self, error: impl Display) -> ! {
        eprintln!("Error: {error}; usage: {self}");
        exit(2);
    }
}

impl Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo run --example {}", env!("CARGO_CRATE_NAME"))?;
        if !self.0.is_empty() {
            write!(f, " -- {}", self.0)?;
        }
        Ok(())
    }
}

/// For an example that has no arguments.
pub fn no_arguments() {
    let [] = Usage("").arguments();
}
