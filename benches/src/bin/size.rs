//! A program whose size shows how much code a group takes. `benches/size` builds it once for each subject.
//!
//! `SUBJECT` and `ACTORS` are read when it is compiled, so that it contains only the code of one subject.

use std::future::{pending, Future};
use std::pin::{pin, Pin};
use std::task::{Context, Poll, Waker};

use futures_channel::oneshot;
use futures_util::stream::{FuturesUnordered, StreamExt};
use run_group::Group;

enum Subject {
    /// One future, without a group.
    Alone,
    /// What one writes without a crate for it, with one actor.
    ByHand,
    /// A group with [`ACTORS`] actors, added with [`Group::add`].
    Add,
    /// The same, with [`Group::add_with`].
    AddWith,
}

const SUBJECT: Subject = match option_env!("SUBJECT") {
    Some(subject) => match subject.as_bytes() {
        b"alone" => Subject::Alone,
        b"by-hand" => Subject::ByHand,
        b"add" => Subject::Add,
        b"add-with" => Subject::AddWith,
        _ => panic!("no such SUBJECT"),
    },
    None => Subject::AddWith,
};

const ACTORS: usize = match option_env!("ACTORS") {
    Some(actors) => match usize::from_str_radix(actors, 10) {
        Ok(actors @ ..=30) => actors,
        _ => panic!("ACTORS is not a number up to 30"),
    },
    None => 1,
};

fn main() {
    // A number that the compiler does not know.
    let n = std::env::args().count();
    match SUBJECT {
        Subject::Alone => show(async move {
            if n > 100 {
                pending::<()>().await;
            }
            Some(n)
        }),
        Subject::ByHand => show(by_hand(n)),
        Subject::Add | Subject::AddWith => show(group(n)),
    }
}

fn show(future: impl Future<Output = Option<usize>>) {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            println!("{output:?}");
            return;
        }
    }
}

type Execute = Pin<Box<dyn Future<Output = usize> + Send>>;
type Interrupt = Box<dyn FnOnce() + Send>;

async fn by_hand(n: usize) -> Option<usize> {
    let mut running: FuturesUnordered<Execute> = FuturesUnordered::new();
    let mut interrupts: Vec<Interrupt> = Vec::new();
    let (interrupt, interrupted) = oneshot::channel::<()>();
    running.push(Box::pin(async move {
        if n > 100 {
            let _ = interrupted.await;
        }
        n
    }));
    interrupts.push(Box::new(|| drop(interrupt)));
    let first = running.next().await;
    interrupts.drain(..).for_each(|interrupt| interrupt());
    while running.next().await.is_some() {}
    first
}

fn group(n: usize) -> Group<'static, usize> {
    let mut group = Group::new();
    add_all(&mut group, n);
    group
}

#[rustfmt::skip] // as a table
fn add_all(group: &mut Group<'static, usize>, n: usize) {
    add::<0>(group, n); add::<1>(group, n); add::<2>(group, n); add::<3>(group, n); add::<4>(group, n);
    add::<5>(group, n); add::<6>(group, n); add::<7>(group, n); add::<8>(group, n); add::<9>(group, n);
    add::<10>(group, n); add::<11>(group, n); add::<12>(group, n); add::<13>(group, n); add::<14>(group, n);
    add::<15>(group, n); add::<16>(group, n); add::<17>(group, n); add::<18>(group, n); add::<19>(group, n);
    add::<20>(group, n); add::<21>(group, n); add::<22>(group, n); add::<23>(group, n); add::<24>(group, n);
    add::<25>(group, n); add::<26>(group, n); add::<27>(group, n); add::<28>(group, n); add::<29>(group, n);
}

/// Adds an actor if `I` is less than [`ACTORS`]. As in most programs, each has its own type and its own place in the
/// source.
#[track_caller]
fn add<const I: usize>(group: &mut Group<'static, usize>, n: usize) {
    if I >= ACTORS {
        return;
    }
    if let Subject::Add = SUBJECT {
        let (interrupt, interrupted) = oneshot::channel::<()>();
        let execute = async move {
            if n > 100 + I {
                let _ = interrupted.await;
            }
            n + I
        };
        group.add(execute, |_| drop(interrupt));
    } else {
        group.add_with(move |interrupted| async move {
            if n > 100 + I {
                interrupted.await;
            }
            n + I
        });
    }
}
