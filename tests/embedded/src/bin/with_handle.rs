//! The smallest program with a group that takes in a child. Its size, compared with that of `without_group`, shows how
//! much flash a group with a handle takes.

#![no_std]
#![no_main]

#[path = "../size.rs"]
mod size;

use cortex_m_rt::entry;
use run_group::Group;

#[entry]
fn main() -> ! {
    size::init_heap();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = async move {
        let child = size::countdown(1);
        handle.add(child, |_| {}).stops_if(|_| false).named("one");
        size::countdown(3).await
    };
    group.add(listener, |_| {});
    group.add(size::countdown(5), |_| {});
    size::run(group)
}
