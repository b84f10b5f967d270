use run_group::{Exit, Group, Interrupted};
use smol::channel::{unbounded, Receiver};

async fn serve(mut interrupted: Interrupted, queue: Receiver<&str>) -> Result<u32, String> {
    let mut answered = 0;
    while let Some(Ok(request)) = interrupted.unless(queue.recv()).await {
        answer(request).await?;
        answered += 1;
    }
    queue.close(); // accept no new ones
    while let Ok(request) = queue.recv().await {
        answer(request).await?;
        answered += 1;
    }
    Ok(answered)
}

async fn answer(request: &str) -> Result<(), String> {
    smol::future::yield_now().await;
    match request {
        "bad" => Err("bad request".into()),
        _ => Ok(()),
    }
}

fn main() {
    let (send, queue) = unbounded();
    send.try_send("first").unwrap();
    send.try_send("second").unwrap();
    let mut group = Group::new();
    group.add_abortable(async { Ok(0) }); // stops the group at once
    group.add_with(|interrupted| serve(interrupted, queue)).stops_if(Exit::is_failure);
    let report = smol::block_on(group.report());
    assert_eq!(report[1].output(), Some(&Ok(2)));
    assert!(send.try_send("third").is_err());

    let (send, queue) = unbounded();
    send.try_send("bad").unwrap();
    send.try_send("second").unwrap();
    let mut group = Group::new();
    group.add_with(|interrupted| serve(interrupted, queue)).stops_if(Exit::is_failure);
    assert_eq!(smol::block_on(group), Some(Err("bad request".into())));
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("draining.rs"));
    main();
}

/// Runs the actor with these requests in its queue, and interrupts it at every poll.
fn at_every_poll(requests: [&'static str; 2]) -> Vec<Result<u32, String>> {
    interrupt_at_every_poll(|interrupted| async move {
        let (send, queue) = unbounded();
        for request in requests {
            send.try_send(request).unwrap();
        }
        serve(interrupted, queue).await
    })
}

#[test]
fn answers_every_request_whenever_it_is_interrupted() {
    assert_eq!(at_every_poll(["first", "second"]), vec![Ok(2); 4]);
}

#[test]
fn fails_whenever_it_is_interrupted() {
    let error = Err("bad request".to_string());
    assert_eq!(at_every_poll(["first", "bad"]), vec![error; 4]);
}

#[test]
fn leaves_when_all_senders_are_dropped() {
    let (send, queue) = unbounded();
    send.try_send("first").unwrap();
    drop(send);
    let mut left = None;
    let mut group = Group::new();
    group.add_with(|interrupted| serve(interrupted, queue)).stops_if(Exit::is_failure);
    group.on_exit(|exit| left = Some((exit.has_left(), exit.output().cloned())));
    assert_eq!(smol::block_on(group), None);
    assert_eq!(left, Some((true, Some(Ok(1)))));
}
