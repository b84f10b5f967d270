use run_group::{Group, Interrupted};
use smol::{future::or, Timer};
use std::future::pending;
use std::time::Duration;

/// How long a client has to disconnect after the interrupt.
const PAUSE: Duration = Duration::from_millis(10);

/// Serves a client until it disconnects. Once interrupted, disconnects it after a pause.
async fn serve(interrupted: Interrupted, client: &str) -> Result<(), &'static str> {
    let late = interrupted.clone();
    let served = or(talk(interrupted, client), async {
        late.await;
        Timer::after(PAUSE).await;
        Err("was closed")
    });
    let result = served.await;
    close(client).await;
    result
}

/// Talks to the client until it disconnects. Once interrupted, asks it to.
async fn talk(interrupted: Interrupted, client: &str) -> Result<(), &'static str> {
    interrupted.await;
    match client {
        "idle" => Ok(()),
        _ => pending().await,
    }
}

/// Sends the client a last message.
async fn close(client: &str) {
    if client == "unreachable" {
        pending().await // for example because the client does not read
    }
}

fn main() {
    let mut group = Group::new();
    let handle = group.handle();
    for name in ["idle", "busy"] {
        let actor = |interrupted| serve(interrupted, name);
        handle.add_with(actor).stops_if(|_| false).named(name);
    }
    group.add_abortable(async { Ok(()) }).named("signals");
    group.grace_period(|| Timer::after(100 * PAUSE)); // for clients that hang in `close`

    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        r#"signals returned Ok(())
idle returned Ok(()), interrupted
busy returned Err("was closed"), interrupted"#
    );
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("closing.rs"));
    main();
}

#[test]
fn client_that_cannot_be_closed_expires_alone() {
    let (is_closed, closed) = smol::channel::bounded::<()>(1);
    let mut group = Group::new();
    for client in ["busy", "unreachable"] {
        group.add_with(|interrupted| serve(interrupted, client)).named(client);
    }
    group.add_abortable(async { Ok(()) }).named("signals");
    group.grace_period(|| async { closed.recv().await });
    group.on_exit(|exit| {
        if exit.name() == Some("busy") {
            is_closed.close();
        }
    });
    let report = smol::block_on(group.report());
    assert_eq!(report[1].name(), Some("busy"));
    assert_eq!(report[2].to_string(), "unreachable expired");
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| serve(interrupted, "idle"));
    assert_eq!(results, [Ok(()), Ok(())]);
}

#[test]
fn busy_client_is_closed_whenever_it_is_interrupted() {
    for polls in 0..3 {
        let (interrupt, interrupted) = Interrupted::channel();
        let mut served = std::pin::pin!(serve(interrupted, "busy"));
        for _ in 0..polls {
            assert!(smol::block_on(smol::future::poll_once(served.as_mut())).is_none());
        }
        interrupt.interrupt();
        assert_eq!(smol::block_on(served), Err("was closed"));
    }
}
