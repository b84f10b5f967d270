//! The program of `with_handle`, with a child of another type. The difference in size shows how much flash a type of
//! child takes.

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
        let child = async { size::countdown(2).await };
        handle.add(child, |_| {}).stops_if(|_| false).named("two");
        size::countdown(3).await
    };
    group.add(listener, |_| {});
    group.add(size::countdown(5), |_| {});
    size::run(group)
}
