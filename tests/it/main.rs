//! Tests.

mod basic;
mod echo;
mod header;
mod nested;
mod program;
mod stages;
mod threads;
