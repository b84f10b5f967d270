//! Recipes of the guide "In production". Some of their tests run as a process.

mod at_least;
mod blocked;
mod bounded;
#[cfg(unix)]
mod by_signal;
#[cfg_attr(not(unix), allow(dead_code))] // its program waits for signals
mod container;
mod errors;
mod hung;
mod last_stage;
mod last_step;
mod order;
mod pool;
mod ready;
mod registry;
mod status;
#[cfg(target_os = "linux")]
mod systemd;

/// Runs the test `name` of this module once more, as a process that has these variables. In that process, returns
/// `None`: there, the test is the program.
#[cfg(unix)]
fn as_program(name: &str, variables: &[&str]) -> Option<crate::examples::program::Program> {
    if std::env::var_os("RUN_GROUP_PROGRAM").is_some() {
        return None;
    }
    let name = format!("recipes::operations::{name}");
    let test = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let command = [&*test, "--exact", "--nocapture", &*name];
    let arguments = [&["RUN_GROUP_PROGRAM=1"], variables, &command].concat();
    Some(crate::examples::program::Program::at("env", &arguments))
}
