//! The examples, run as a user runs them.

mod basic;
mod client;
mod echo;
mod header;
mod http_server;
mod lines;
mod local;
mod nested;
mod outside;
mod program;
mod sidecar;
mod stages;
mod tcp_server;
mod threads;
