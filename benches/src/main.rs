//! The measurements, one command each.

use std::process::ExitCode;

use run_group_benches::{by_hand, group, poll_to_end, ratios, wake};

const USAGE: &str = "usage: run-group-benches ratios [WORD]
       run-group-benches curves DIRECTORY
       run-group-benches rounds add|add-with|by-hand|group-wake|bare-wake ACTORS ROUNDS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["ratios"] => ratios::all(""),
        ["ratios", wanted] => ratios::all(wanted),
        ["curves", directory] => curves(directory),
        ["rounds", what, actors, rounds] => match (actors.parse(), rounds.parse()) {
            (Ok(actors @ 1..), Ok(count)) => rounds_of(what, actors, count),
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

/// Plays this many rounds and nothing else, so that their instructions can be counted.
fn rounds_of(what: &str, actors: usize, rounds: usize) -> Result<(), String> {
    let check = |first| assert_eq!(first, Some(actors - 1));
    match what {
        "add" => (0..rounds).for_each(|_| check(poll_to_end(group::life_by_add(actors)))),
        "add-with" => (0..rounds).for_each(|_| check(poll_to_end(group::life(actors)))),
        "by-hand" => (0..rounds).for_each(|_| check(poll_to_end(by_hand::life(actors)))),
        "group-wake" => {
            let mut group = wake::group(actors);
            (0..rounds).for_each(|_| group.another());
        }
        "bare-wake" => {
            let mut group = wake::boxed(actors);
            (0..rounds).for_each(|_| group.another());
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
