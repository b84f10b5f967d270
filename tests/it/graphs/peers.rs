//! A peer-to-peer node.
//!
//! Its actors are `ctrlc`, a listener, `lan`, which broadcasts every 5 seconds, a message bus, and a child for each peer.
//! A peer says its name first. What it says after that goes to all peers. When the node stops, each peer says goodbye,
//! which takes a while. The bus is the last to stop.
//!
//! By hand, a broker keeps a map of the peers, and there are two channels for each actor: one to stop it, and one that
//! says that it has stopped. A peer loses the second, so the node does not wait for goodbyes. If the listener fails, the
//! node continues without it.
//!
//! Here a connection is a child with the name of its address until the peer has said its name. Then it adds a child with
//! that name, and leaves. A failure of the listener stops the node, and the peers still say goodbye.
//!
//! | fault | test |
//! | --- | --- |
//! | a peer disconnects | `peer_that_disconnects_leaves`, `thousand_peers_leave_nothing_behind` |
//! | a peer panics | `peer_that_panics_leaves` |
//! | a peer never says its name | `silent_peer_holds_nothing_up` |
//! | a peer ignores the shutdown | `deaf_peer_alone_expires` |
//! | the listener fails | `peers_say_goodbye_when_the_listener_fails` |
//! | `lan` fails or panics | `peers_say_goodbye_when_lan_fails`, `peers_say_goodbye_when_lan_panics` |

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Handle, Interrupted, Report};
use smol::future::or;

use super::channel::Channel;
#[cfg(panic = "unwind")]
use super::report::names;
use super::report::{expired, failures};
use super::shutdown::{exit_code, hang, log_shutdown, Signal, Signals};
use super::world::{Running, World};
use super::Done;

/// How long a goodbye takes. The clock counts milliseconds.
const GOODBYE: u64 = 100;
const BROADCAST: u64 = 5_000;
const GRACE_PERIOD: u64 = 1_000;

#[derive(Default)]
struct Node {
    world: World,
    signals: Signals,
    connections: Channel<Result<(&'static str, Arc<Socket>), &'static str>>,
    lan_faults: Channel<fn() -> Done>,
    messages: Channel<String>,
    /// Whether the bus hangs when it is interrupted.
    has_stuck_bus: bool,
    /// The peers that have said their names.
    peers: Mutex<BTreeMap<String, Arc<Socket>>>,
}

/// What a peer says and hears.
#[derive(Default)]
struct Socket {
    said: Channel<&'static str>,
    heard: Channel<String>,
}

impl Node {
    fn group(&self) -> Group<'_, Done> {
        let mut front = Group::new();
        let peers = front.handle();
        front.add_abortable(self.signals.next().map(|_| Ok(()))).named("ctrlc");
        front.add_with(|interrupted| self.listen(peers, interrupted)).named("listener");
        front.add_abortable(self.lan()).named("lan");

        let mut back = Group::new();
        back.add_with(|interrupted| self.bus(interrupted)).named("bus");

        let mut group = front.before(back);
        let force = self.signals.force();
        group.grace_period(move || or(force.clone(), self.world.after(GRACE_PERIOD)));
        log_shutdown(&self.world, &mut group);
        group
    }

    async fn listen<'a>(&'a self, peers: Handle<'a, Done>, mut interrupted: Interrupted) -> Done {
        while let Some(Some(connection)) = interrupted.unless(self.connections.receive()).await {
            let ((address, socket), handle) = (connection?, peers.clone());
            peers
                .add_with(|interrupted| self.connection(socket, handle, interrupted))
                .stops_if(|_| false)
                .named(address);
        }
        self.connections.close();
        Ok(())
    }

    /// Waits until the peer has said its name.
    async fn connection<'a>(
        &'a self,
        socket: Arc<Socket>,
        peers: Handle<'a, Done>,
        mut interrupted: Interrupted,
    ) -> Done {
        if let Some(Some(name)) = interrupted.unless(socket.said.receive()).await {
            peers
                .add_with(|interrupted| self.peer(name, socket, interrupted))
                .stops_if(|_| false)
                .named(name);
        }
        Ok(())
    }

    async fn peer(&self, name: &str, socket: Arc<Socket>, mut interrupted: Interrupted) -> Done {
        let _listed = self.list(name, &socket);
        while let Some(said) = interrupted.unless(socket.said.receive()).await {
            match said {
                None => return Ok(()),
                Some("panic") => panic!("not a message"),
                Some("hang") => match hang(&self.world, name, interrupted.clone()).await {},
                Some(text) => self.messages.send(format!("{name}: {text}")),
            };
        }
        self.world.after(GOODBYE).await;
        socket.heard.send("goodbye".into());
        Ok(())
    }

    /// Puts a peer on the list until the returned value is dropped.
    fn list<'a>(&'a self, name: &'a str, socket: &Arc<Socket>) -> impl Drop + 'a {
        struct Listed<'a>(&'a Node, &'a str);
        impl Drop for Listed<'_> {
            fn drop(&mut self) {
                self.0.peers.lock().unwrap().remove(self.1);
            }
        }
        let mut peers = self.peers.lock().unwrap();
        peers.insert(name.into(), socket.clone());
        Listed(self, name)
    }

    async fn lan(&self) -> Done {
        let broadcast = async {
            loop {
                self.world.after(BROADCAST).await;
                self.messages.send("lan: here".into());
            }
        };
        let fault = async { self.lan_faults.receive().await.unwrap()() };
        or(fault, broadcast).await
    }

    async fn bus(&self, mut interrupted: Interrupted) -> Done {
        while let Some(Some(text)) = interrupted.unless(self.messages.receive()).await {
            for peer in self.peers.lock().unwrap().values() {
                peer.heard.send(text.clone());
            }
        }
        if self.has_stuck_bus {
            match hang(&self.world, "bus", interrupted).await {}
        }
        Ok(())
    }

    fn connect(&self, address: &'static str) -> Arc<Socket> {
        let socket = Arc::new(Socket::default());
        self.connections.send(Ok((address, socket.clone())));
        socket
    }

    /// Connects a peer that says its name.
    fn connect_as(&self, name: &'static str) -> Arc<Socket> {
        let socket = self.connect("10.0.0.7:1");
        socket.said.send(name);
        socket
    }

    /// Starts the node with two peers, `ann` and `bob`.
    fn start(&self) -> (Running<impl Future<Output = Report<Done>> + '_>, [Arc<Socket>; 2]) {
        let mut program = self.world.start(self.group().report());
        let peers = ["ann", "bob"].map(|name| self.connect_as(name));
        program.until(10);
        self.world.take_log();
        (program, peers)
    }
}

/// Checks the end of a node with two peers: they say goodbye, and the bus is the last to stop.
#[track_caller]
fn check_goodbyes(node: &Node, peers: &[Arc<Socket>; 2], time: u64, cause: &str, aborted: &[&str]) {
    let mut expected = vec![format!("{time} {cause}")];
    expected.extend(aborted.iter().map(|name| format!("{time} {name} aborted")));
    if !cause.starts_with("listener") {
        expected.push(format!("{time} listener returned Ok(()), interrupted"));
    }
    expected.push(format!("{time} waiting for ann, bob"));
    for name in ["ann", "bob", "bus"] {
        let time = time + GOODBYE;
        expected.push(format!("{time} {name} returned Ok(()), interrupted"));
    }
    assert_eq!(node.world.take_log(), expected);
    for peer in peers {
        assert_eq!(peer.heard.take().last().unwrap(), "goodbye");
    }
}

#[test]
fn peers_hear_each_other_and_the_lan() {
    let node = Node::default();
    let (mut program, [ann, bob]) = node.start();
    ann.said.send("hello");
    program.until(20);
    bob.said.send("hi");
    program.until(5_000);
    for peer in [ann, bob] {
        assert_eq!(peer.heard.take(), ["ann: hello", "bob: hi", "lan: here"]);
    }
}

#[test]
fn peers_say_goodbye_and_the_bus_stops_last() {
    let node = Node::default();
    let (mut program, peers) = node.start();
    program.until(50);
    node.signals.send(Signal::Int);
    let report = program.end();
    check_goodbyes(&node, &peers, 50, "ctrlc returned Ok(())", &["lan"]);
    assert_eq!(exit_code(&report), 0);
    assert!(node.connections.is_closed());
}

/// Both stages end at once. Every actor is still interrupted, and is polled one last time.
#[test]
fn second_signal_forces_both_stages() {
    for together in [true, false] {
        let node = Node { has_stuck_bus: true, ..Node::default() };
        let (mut program, [ann, bob]) = node.start();
        ann.said.send("hang");
        program.until(50);
        node.signals.send(Signal::Int);
        if !together {
            program.until(60);
        }
        node.signals.send(Signal::Int);
        let report = program.end();
        let log = node.world.take_log();
        let end = [
            "ann is polled, interrupted",
            "ann expired",
            "bob expired",
            "bus is polled, interrupted",
            "bus expired",
        ];
        let now = node.world.now();
        assert_eq!(now, if together { 50 } else { 60 });
        let end = end.map(|line| format!("{now} {line}"));
        assert!(log.ends_with(&end), "{log:#?}");
        assert_eq!(exit_code(&report), 1);
        assert_eq!(bob.heard.take(), [""; 0]);
    }
}

#[test]
fn peer_that_disconnects_leaves() {
    let node = Node::default();
    let (mut program, [ann, bob]) = node.start();
    ann.said.close();
    program.until(20);
    assert_eq!(node.world.take_log(), ["10 ann returned Ok(()), left"]);
    bob.said.send("hello");
    program.until(30);
    assert_eq!(bob.heard.take(), ["bob: hello"]);
    assert_eq!(ann.heard.take(), [""; 0]);
}

#[test]
fn thousand_peers_leave_nothing_behind() {
    let node = Node::default();
    let mut group = node.group();
    let handle = group.handle();
    let mut program = node.world.start(group.report());
    for time in 1..=1_000 {
        let peer = node.connect_as("ann");
        if time % 2 == 0 {
            program.until(time);
        }
        peer.said.send("hello");
        peer.said.close();
        program.until(time);
        assert_eq!(Arc::strong_count(&peer), 1);
    }
    let running = handle.running();
    program.until(1_001);
    let running = running.now_or_never().unwrap();
    let labels: Vec<_> = running.iter().map(ToString::to_string).collect();
    assert_eq!(labels, ["ctrlc", "listener", "lan", "bus"]);
    assert!(node.peers.lock().unwrap().is_empty());
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(report.len(), 4);
    assert_eq!(node.world.now(), 1_001);
}

#[cfg(panic = "unwind")]
#[test]
fn peer_that_panics_leaves() {
    let node = Node::default();
    let (mut program, [ann, bob]) = node.start();
    ann.said.send("panic");
    bob.said.send("hello");
    program.until(20);
    let line = "10 ann panicked: not a message, left";
    assert_eq!(node.world.take_log(), [line]);
    assert_eq!(bob.heard.take(), ["bob: hello"]);
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(names(&report), ["ctrlc", "listener", "lan", "bus", "bob"]);
    assert_eq!(exit_code(&report), 0);
}

/// The others talk meanwhile. When the node stops, it closes at once, without a goodbye.
#[test]
fn silent_peer_holds_nothing_up() {
    let node = Node::default();
    let mut program = node.world.start(node.group().report());
    let silent = node.connect("10.0.0.9:1");
    let bob = node.connect_as("bob");
    program.until(10);
    bob.said.send("hello");
    program.until(50);
    assert_eq!(bob.heard.take(), ["bob: hello"]);
    node.world.take_log();
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    let log = node.world.take_log();
    assert!(log.contains(&"50 10.0.0.9:1 returned Ok(()), interrupted".into()));
    assert!(log.contains(&"50 waiting for bob".into()), "{log:#?}");
    assert_eq!(silent.heard.take(), [""; 0]);
}

#[test]
fn deaf_peer_alone_expires() {
    let node = Node::default();
    let (mut program, [ann, bob]) = node.start();
    ann.said.send("hang");
    program.until(50);
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(expired(&report), ["ann"]);
    assert_eq!(failures(&report), ["ann expired"]);
    assert_eq!(exit_code(&report), 1);
    assert_eq!(bob.heard.take(), ["goodbye"]);
    let log = node.world.take_log();
    assert!(log.contains(&"150 waiting for ann".into()), "{log:#?}");
    assert_eq!(node.world.now(), 50 + GRACE_PERIOD);
}

#[test]
fn peers_say_goodbye_when_the_listener_fails() {
    let node = Node::default();
    let (mut program, peers) = node.start();
    program.until(50);
    node.connections.send(Err("no more sockets"));
    let report = program.end();
    let cause = "listener returned Err(\"no more sockets\")";
    check_goodbyes(&node, &peers, 50, cause, &["ctrlc", "lan"]);
    assert_eq!(exit_code(&report), 1);
}

#[test]
fn peers_say_goodbye_when_lan_fails() {
    let node = Node::default();
    let (program, peers) = node.start();
    node.lan_faults.send(|| Err("no network"));
    let report = program.end();
    let cause = "lan returned Err(\"no network\")";
    check_goodbyes(&node, &peers, 10, cause, &["ctrlc"]);
    assert_eq!(exit_code(&report), 1);
}

#[cfg(panic = "unwind")]
#[test]
fn peers_say_goodbye_when_lan_panics() {
    let node = Node::default();
    let (program, peers) = node.start();
    node.lan_faults.send(|| panic!("no network"));
    let report = program.end();
    let cause = "lan panicked: no network";
    check_goodbyes(&node, &peers, 10, cause, &["ctrlc"]);
    assert_eq!(exit_code(&report), 1);
}

/// Each peer whose name was heard says goodbye, also one that says its name as the node stops.
#[test]
fn signal_at_every_poll_says_every_goodbye() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let node = Node::default();
        let mut peers = Vec::new();
        let events = async {
            for name in ["ann", "bob", "cid"] {
                node.world.after(50).await;
                let peer = node.connect(name);
                node.world.after(1).await;
                peer.said.send(name);
                peer.said.send("hello");
                peers.push(peer);
            }
        };
        let stop = || node.signals.send(Signal::Int);
        let program = node.world.start(node.group().report());
        let report = program.interrupted_by(interrupted, events, stop, 200).await;
        (report, peers)
    });
    for (report, peers) in &runs {
        assert_eq!(exit_code(report), 0, "{report}");
        assert_eq!(report.last().unwrap().name(), Some("bus"));
        for peer in peers {
            let unheard = peer.said.take().len();
            let heard = peer.heard.take();
            let has_goodbye = heard.last().is_some_and(|last| last == "goodbye");
            assert_eq!(has_goodbye, unheard < 2);
        }
    }
}
