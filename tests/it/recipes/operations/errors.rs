use anyhow::Context;
use run_group::{Group, Report};
use std::fmt;

/// An error with its causes. Shows all of them in one line, where `anyhow::Error` has a line for each.
struct Error(anyhow::Error);

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

/// For `?`.
impl<E: Into<anyhow::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

async fn serve(port: &str) -> Result<(), Error> {
    let _port: u16 = port.parse().with_context(|| format!("no such port: {port}"))?;
    Ok(())
}

fn main() {
    let mut group = Group::new();
    group.add_abortable(serve("http")).named("web");
    let report: Report<_> = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "web returned Err(no such port: http: invalid digit found in string)"
    );
}
// The recipe ends here.

use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("errors.rs"));
    main();
}

/// Runs a group of one actor. Returns its exit.
fn exit(output: Result<(), Error>) -> String {
    let mut group = Group::new();
    group.add_abortable(async { output }).named("web");
    smol::block_on(group.report()).to_string()
}

#[test]
fn all_causes_are_shown() {
    let error = anyhow::anyhow!("no route").context("cannot connect").context("cannot start");
    assert_eq!(exit(Err(error.into())), "web returned Err(cannot start: cannot connect: no route)");
}

#[test]
fn line_breaks_are_escaped() {
    let error = anyhow::anyhow!("no route\nto host");
    assert_eq!(exit(Err(error.into())), r"web returned Err(no route\nto host)");
}

/// Without the type of the recipe.
#[test]
fn causes_of_anyhow_have_a_line_each() {
    let error = anyhow::anyhow!("no route").context("cannot connect");
    let mut group = Group::new();
    group.add_abortable(async { Err::<(), _>(error) }).named("web");
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), r"web returned Err(cannot connect\n\nCaused by:\n    no route)");
}

#[test]
fn question_mark_takes_any_error() {
    let parse = || -> Result<u16, Error> { Ok("http".parse()?) };
    assert_eq!(format!("{:?}", parse().unwrap_err()), "invalid digit found in string");
}
