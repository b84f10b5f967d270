use run_group::{Group, Interrupted};
use smol::Timer;
use std::time::Duration;

type Output = Result<(), String>;

/// Stands for an actor that works until it is interrupted.
async fn work(interrupted: Interrupted) -> Output {
    interrupted.await;
    Ok(())
}

/// Returns a group of two stages: the web shuts down first, then the storage.
fn program<'a>() -> Group<'a, Output> {
    let mut web = Group::new();
    web.add_with(work).named("http");
    web.grace_period(|| Timer::after(Duration::from_secs(10)));

    let mut storage = Group::new();
    storage.add_with(work).named("database");
    storage.grace_period(|| Timer::after(Duration::from_secs(30)));

    let mut group = web.before(storage);
    group.on_exit(|exit| println!("{exit}"));
    group
}

fn main() {
    let mut group = program();
    group.add_abortable(async { Ok(()) }).named("signals"); // joins the web
    assert_eq!(smol::block_on(group.run()), Ok(()));
}
// The recipe ends here.

use super::{assert_is_a_recipe, printed};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("stages.rs"));
}

#[test]
fn web_shuts_down_first() {
    main();
    let lines = [
        "signals returned Ok(())",
        "http returned Ok(()), interrupted",
        "database returned Ok(()), interrupted",
    ];
    assert_eq!(printed(), lines);
}

/// A part of the last stage fails while the program runs.
#[test]
fn web_shuts_down_before_the_storage_that_failed() {
    let mut broken = Group::new();
    broken.add_abortable(async { Err("disk full".into()) }).named("broken disk");
    let report = smol::block_on(program().before(broken).report());
    assert_eq!(
        report.to_string(),
        r#"broken disk returned Err("disk full")
http returned Ok(()), interrupted
database returned Ok(()), interrupted"#
    );
}
