//! The subjects by name. In a turn, a subject runs a number of rounds and returns the CPU time of its thread.

use std::time::Duration;

#[cfg(feature = "others")]
use crate::others;
use crate::pairs::rounds;
use crate::{by_hand, children, group, poll_to_end, process, wake};

/// Runs this many rounds, and returns the time that they took.
pub type Turn = Box<dyn FnMut(u32) -> Duration>;

/// With this many actors or more, each subject has a process of its own.
pub const MANY: usize = 100_000;

/// Returns the turns of a subject with this many actors, in this process if there are few.
pub fn turns(what: &str, actors: usize) -> Turn {
    match actors {
        MANY.. => process::own(what, actors),
        _ => here(what, actors).expect("it is a subject"),
    }
}

/// Returns the turns of a subject in this process.
pub fn here(what: &str, n: usize) -> Result<Turn, String> {
    Ok(match what {
        "add" => lives(n, |n| poll_to_end(group::life_by_add(n))),
        "add-with" => lives(n, |n| poll_to_end(group::life(n))),
        "by-hand" => lives(n, |n| poll_to_end(by_hand::life(n))),
        "group-wake" => wakes(wake::group(n)),
        "bare-wake" => wakes(wake::boxed(n)),
        "typed-wake" => wakes(wake::typed(n)),
        "handle-wake" => wakes(children::wakes(n)),
        "children" => Box::new(rounds(children::in_group(n, children::add))),
        "executor" => Box::new(rounds(children::on_executor(n))),
        "joiners" => Box::new(rounds(children::joiners(n))),
        "exits" => Box::new(rounds(children::exits_one_a_poll(n, false))),
        "observed-exits" => Box::new(rounds(children::exits_one_a_poll(n, true))),
        #[cfg(feature = "others")]
        _ => of_others(what, n)?,
        #[cfg(not(feature = "others"))]
        _ => return Err(format!("`{what}` is no subject without the feature `others`")),
    })
}

#[cfg(feature = "others")]
fn of_others(what: &str, n: usize) -> Result<Turn, String> {
    use crate::echo::{self, Clients};
    use others::{futures_concurrency, tokio_graceful_shutdown};

    let runtime = others::tokio::runtime();
    let executor = smol::LocalExecutor::new();
    Ok(match what {
        "add-with-on-tokio" => lives(n, move |n| runtime.block_on(group::life(n))),
        "tokio" => lives(n, move |n| others::tokio::life(&runtime, n)),
        "tokio-graceful-shutdown" => lives(n, move |n| tokio_graceful_shutdown::life(&runtime, n)),
        "add-with-on-smol" => lives(n, |n| smol::block_on(group::life(n))),
        "smol" => lives(n, move |n| others::smol::life(&executor, n)),
        "future-group" => lives(n, |n| poll_to_end(futures_concurrency::life(n))),
        "future-group-wake" => wakes(futures_concurrency::wakes(n)),
        _ => match what.split_once('-') {
            Some(("echo", server)) => echo::turns(server, Clients::Stay(n)),
            Some(("connections", server)) => echo::turns(server, Clients::ComeAndGo(n)),
            _ => return Err(format!("`{what}` is no subject")),
        },
    })
}

/// Returns the turns of lives of `n` actors.
pub fn lives(n: usize, mut life: impl FnMut(usize) -> Option<usize> + 'static) -> Turn {
    Box::new(rounds(move || assert_eq!(life(n), Some(n - 1))))
}

fn wakes(mut group: wake::Wakes<impl wake::Running + 'static>) -> Turn {
    Box::new(rounds(move || group.another()))
}
