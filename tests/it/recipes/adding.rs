use run_group::{Exit, Group, Handle, Interrupted};
use smol::channel::{unbounded, Receiver};
use std::collections::HashMap;

type Output = Result<(), String>;

enum Command {
    Start(&'static str),
    Stop(&'static str),
}

/// Starts and stops services until interrupted.
async fn control(
    mut interrupted: Interrupted,
    commands: Receiver<Command>,
    handle: Handle<'_, Output>,
) -> Output {
    let mut running = HashMap::new();
    while let Some(Ok(command)) = interrupted.unless(commands.recv()).await {
        match command {
            Command::Start(name) => handle
                .add_with(|interrupted| {
                    running.insert(name, interrupted.other_end());
                    service(interrupted, name)
                })
                .stops_if(Exit::is_failure)
                .named(name),
            Command::Stop(name) => drop(running.remove(name)), // which interrupts it
        }
    }
    Ok(())
}

/// Does the work of one service until interrupted.
async fn service(interrupted: Interrupted, name: &str) -> Output {
    if name == "broken" {
        return Err("no such device".into());
    }
    interrupted.await;
    Ok(())
}

fn main() {
    let (send, commands) = unbounded();
    let mut log = Vec::new();
    let mut group = Group::new();
    let handle = group.handle();
    group.add_with(|interrupted| control(interrupted, commands, handle)).named("control");
    group.on_exit(|exit| log.push(exit.to_string()));

    send.try_send(Command::Start("logger")).unwrap();
    send.try_send(Command::Start("hotplug")).unwrap();
    send.try_send(Command::Stop("logger")).unwrap();
    send.try_send(Command::Start("broken")).unwrap();
    let error = smol::block_on(group.run()).unwrap_err();
    assert_eq!(error, "no such device");
    assert_eq!(
        log,
        [
            "logger returned Ok(()), left",
            r#"broken returned Err("no such device")"#,
            "control returned Ok(()), interrupted",
            "hotplug returned Ok(()), interrupted",
        ]
    );
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;

use super::assert_is_a_recipe;
use crate::harness::Test;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("adding.rs"));
    main();
}

/// Runs the commands, and returns what runs after that.
fn running_after(commands: Vec<Command>) -> Vec<String> {
    let (send, receive) = unbounded();
    for command in commands {
        send.try_send(command).unwrap();
    }
    let mut group = Group::new();
    let handle = group.handle();
    group.add_with(|interrupted| control(interrupted, receive, handle)).named("control");
    Test::default().settle(&mut group);
    group.running().map(|actor| actor.to_string()).collect()
}

#[test]
fn service_starts_again_after_it_was_stopped() {
    let commands =
        vec![Command::Start("logger"), Command::Stop("logger"), Command::Start("logger")];
    assert_eq!(running_after(commands), ["control", "logger"]);
}

#[test]
fn starting_twice_replaces_the_service() {
    let commands = vec![Command::Start("logger"), Command::Start("logger")];
    assert_eq!(running_after(commands), ["control", "logger"]);
}

#[test]
fn stopping_what_does_not_run_does_nothing() {
    let commands = vec![Command::Start("hotplug"), Command::Stop("logger")];
    assert_eq!(running_after(commands), ["control", "hotplug"]);
}

/// Whenever that happens, `control` returns, and stops every service that it has started.
#[test]
fn interrupted_at_every_poll_it_stops_its_services() {
    let results = interrupt_at_every_poll(|interrupted| async {
        let (send, receive) = unbounded();
        for command in
            [Command::Start("logger"), Command::Start("hotplug"), Command::Stop("logger")]
        {
            send.try_send(command).unwrap();
        }
        let mut services = Group::new();
        let handle = services.handle();
        let result = control(interrupted, receive, handle).await;
        assert_eq!((&mut services).await, None); // those that have started have left
        result
    });
    assert_eq!(results, vec![Ok(()); results.len()]);
    assert!(results.len() >= 2);
}

#[test]
fn dropped_commands_stop_the_group() {
    let (send, receive) = unbounded();
    send.try_send(Command::Start("logger")).unwrap();
    drop(send);
    let mut group = Group::new();
    let handle = group.handle();
    group.add_with(|interrupted| control(interrupted, receive, handle)).named("control");
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "control returned Ok(())\nlogger returned Ok(()), interrupted");
}
