//! The measurements, one command each.

use std::process::ExitCode;

use run_group_benches::{process, ratios, subjects};

const USAGE: &str = "usage: run-group-benches ratios [WORD]
       run-group-benches curves DIRECTORY
       run-group-benches rounds SUBJECT ACTORS ROUNDS
       run-group-benches turns SUBJECT ACTORS
SUBJECT is a name in src/subjects.rs; `turns` reads a number of rounds from each line of its input";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["ratios"] => ratios::all(""),
        ["ratios", wanted] => ratios::all(wanted),
        ["curves", directory] => curves(directory),
        // Only these rounds, so that a tool can count their instructions.
        ["rounds", what, actors, rounds] => match (actors.parse(), rounds.parse()) {
            (Ok(actors @ 1..), Ok(count)) => {
                subjects::here(what, actors).map(|mut turn| _ = turn(count))
            }
            _ => Err(USAGE.into()),
        },
        ["turns", what, actors] => match actors.parse() {
            Ok(actors @ 1..) => process::turns(what, actors),
            _ => Err(USAGE.into()),
        },
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "others")]
fn curves(directory: &str) -> Result<(), String> {
    run_group_benches::curves::all(std::path::Path::new(directory))
}

#[cfg(not(feature = "others"))]
fn curves(_: &str) -> Result<(), String> {
    Err("this was built without the feature `others`, which the curves are drawn with".into())
}
