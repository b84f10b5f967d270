//! The smallest program with a group. Its size, compared with that of `without_group`, shows how much flash a group
//! takes.

#![no_std]
#![no_main]

#[path = "../size.rs"]
mod size;

use cortex_m_rt::entry;
use run_group::Group;

#[entry]
fn main() -> ! {
    size::init_heap();
    let mut group = Group::new();
    group.add(size::countdown(5), |_| {});
    group.add(size::countdown(3), |_| {});
    size::run(group)
}
