//! Two actors: when one returns, the group interrupts both, and finishes when the other has returned too.
//!
//! ```text
//! cargo run --example basic
//! ```
//!
//! It prints, in this order:
//!
//! ```text
//! the first actor waits
//! the second actor returns
//! the first actor is interrupted
//! the second actor is interrupted too, though it has returned
//! the first actor returns
//! the group has ended with the output of the second actor
//! ```

use futures::channel::oneshot;
use run_group::Group;

use terminal::{no_arguments, println};

mod terminal;

fn main() {
    no_arguments();
    if let Some(output) = smol::block_on(group()) {
        println!("the group has ended with the output of {output}");
    }
}

/// Returns a group of two actors.
pub fn group() -> Group<'static, &'static str> {
    let mut group = Group::new();

    let (stop, stopped) = oneshot::channel::<()>();
    group.add(
        async {
            println!("the first actor waits");
            let _ = stopped.await;
            println!("the first actor returns");
            "the first actor"
        },
        |_| {
            println!("the first actor is interrupted");
            let _ = stop.send(());
        },
    );

    group.add(
        async {
            println!("the second actor returns");
            "the second actor"
        },
        |_| println!("the second actor is interrupted too, though it has returned"),
    );

    group
}
