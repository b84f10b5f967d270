//! Tests.

mod basic;
mod echo;
mod header;
mod local;
mod nested;
mod program;
mod stages;
mod threads;
