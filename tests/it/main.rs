//! Tests.

mod basic;
mod client;
mod echo;
mod lines;
mod program;
mod tcp_server;
