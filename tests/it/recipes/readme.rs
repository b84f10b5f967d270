use run_group::Group;
use smol::{io, net::TcpListener, prelude::*, Timer};

fn add_listener(group: &mut Group<'_, io::Result<()>>, listener: TcpListener) {
    let handle = group.handle();
    group.add_with(|mut interrupted| async move {
        while let Some(accepted) = interrupted.unless(listener.accept()).await {
            if let Ok((mut client, address)) = accepted {
                handle
                    .add(async move { client.write_all(b"hello\n").await }, |_cause| {})
                    .stops_if(|_exit| false) // no client stops the group
                    .named(address.to_string());
            } else {
                Timer::after(std::time::Duration::from_millis(100)).await; // too many files
            }
        }
        Ok(())
    });
}
// The recipe ends here.

use std::net::SocketAddr;

use smol::net::TcpStream;

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("readme.rs"));
}

/// Runs a group of the listener and `client` until one of them returns. Returns the lines of the exits before that.
fn clients_that_left(
    listener: std::net::TcpListener,
    client: impl Future<Output = io::Result<()>> + Send,
) -> Vec<String> {
    let mut exits = Vec::new();
    let mut group = Group::new();
    add_listener(&mut group, listener.try_into().unwrap());
    group.add_abortable(client).named("client");
    group.on_exit(|exit| exits.push(exit.to_string()));
    smol::block_on(group.run()).unwrap();
    let end = exits.iter().position(|line| line == "client returned Ok(())").unwrap();
    exits.truncate(end);
    exits
}

/// Connects, and reads the greeting.
async fn visit(address: SocketAddr) -> io::Result<()> {
    let mut greeting = String::new();
    TcpStream::connect(address).await?.read_to_string(&mut greeting).await?;
    assert_eq!(greeting, "hello\n");
    Ok(())
}

#[test]
fn resets_do_not_stop_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let exits = clients_that_left(listener, async {
        for _ in 0..70 {
            let client = TcpStream::connect(address).await?;
            rustix::net::sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO))?;
        }
        visit(address).await
    });
    assert!(exits.len() >= 70, "{exits:?}");
    assert!(exits.iter().all(|line| line.ends_with(", left")), "{exits:?}");
}

/// Accepting a client fails until the socket listens.
#[test]
fn failing_to_accept_does_not_stop_it() {
    use rustix::net::{bind, listen, socket, AddressFamily, SocketType};

    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = std::net::TcpListener::from(socket);
    listener.accept().unwrap_err();

    let socket = listener.try_clone().unwrap();
    let exits = clients_that_left(listener, async {
        listen(&socket, 1)?;
        visit(socket.local_addr()?).await
    });
    assert_eq!(exits.len(), 1, "{exits:?}");
}
