//! Actors that share an `Rc` and borrow: two of them read one text, from the left and from the right, until they meet.
//!
//! The actors of a group take turns on one thread, so the actors of a `LocalGroup` need not be `Send`. They can share
//! their work through `Rc` and `RefCell`, without a lock. They can also borrow from the function that runs the group.
//! Once the group has finished, that function can use what it lent.
//!
//! ```text
//! cargo run --example local
//! ```
//!
//! When the left actor has read the last word, the right one is polled one last time, and finds that there is none. The
//! program prints, in this order:
//!
//! ```text
//! from the left: to
//! from the right: be
//! from the left: be
//! from the right: to
//! from the left: or
//! from the right: not
//! left returned 3
//! right returned 3, interrupted
//! the text is `to be or not to be`
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use run_group::Group;
use smol::future::yield_now;

use terminal::{no_arguments, println};

mod terminal;

fn main() {
    no_arguments();
    let text = String::from("to be or not to be");
    let mut exits = Vec::new();

    let words = Rc::new(RefCell::new(text.split(' ')));
    let left = words.clone();
    let right = words;

    let mut group = Group::local();
    group.add_abortable(read("left", move || left.borrow_mut().next())).named("left");
    group.add_abortable(read("right", move || right.borrow_mut().next_back())).named("right");
    group.on_exit(|exit| exits.push(exit.to_string()));
    smol::block_on(group);

    for exit in exits {
        println!("{exit}");
    }
    println!("the text is `{text}`");
}

/// Reads words until `next` returns `None`, and returns how many there were. Yields to the other actor after each word.
async fn read<'text>(side: &str, mut next: impl FnMut() -> Option<&'text str>) -> usize {
    let mut count = 0;
    while let Some(word) = next() {
        println!("from the {side}: {word}");
        count += 1;
        yield_now().await;
    }
    count
}
