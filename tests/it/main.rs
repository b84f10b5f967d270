//! Tests.

mod basic;
mod client;
mod echo;
mod http_server;
mod lines;
mod program;
mod tcp_server;
