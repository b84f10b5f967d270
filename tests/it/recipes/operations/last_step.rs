use run_group::{Group, Report};
use std::{fs, io, path::Path, process};

type Output = io::Result<()>;

/// Removes a file when this is dropped.
struct Remove<'a>(&'a Path);

impl Drop for Remove<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

fn run(group: Group<'_, Output>, pid_file: &Path) -> io::Result<Report<Output>> {
    fs::write(pid_file, process::id().to_string())?;
    let _remove = Remove(pid_file); // at the end of this function, even if it panics
    let report = smol::block_on(group.report());
    println!("all actors have exited"); // a last step
    Ok(report)
}

fn main() -> io::Result<Report<Output>> {
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) }).named("main job");
    run(group, &std::env::temp_dir().join(format!("recipe {}.pid", process::id())))
}
// The recipe ends here.

use std::future::ready;
use std::path::PathBuf;

use crate::recipes::assert_is_a_recipe;

/// Returns a path that nothing else uses.
fn path(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("run-group {} {test}.pid", process::id()))
}

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("last_step.rs"));
    assert!(!main().unwrap().is_failure());
}

#[test]
fn file_is_there_while_actors_run() {
    let path = path("running");
    let mut group = Group::new();
    group.add_abortable(async {
        fs::read_to_string(&path).map(|id| assert_eq!(id, process::id().to_string()))
    });
    assert!(!run(group, &path).unwrap().is_failure());
    assert!(!path.exists());
}

#[test]
fn failure_is_in_the_report() {
    let path = path("failure");
    let mut group = Group::new();
    group.add(ready(Err(io::ErrorKind::StorageFull.into())), |_| {});
    assert!(run(group, &path).unwrap().is_failure());
    assert!(!path.exists());
}

#[test]
fn nothing_runs_without_the_file() {
    let path = path("missing").join("folder");
    let mut group = Group::new();
    group.add_abortable(async { panic!("must not run") });
    assert_eq!(run(group, &path).unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// A panic in an actor is an exit, and one in an observer is resumed.
#[cfg(panic = "unwind")]
#[test]
fn file_is_removed_after_a_panic() {
    let path = path("panic");
    let mut group = Group::new();
    group.add_abortable(async { panic!("no such page") });
    assert!(run(group, &path).unwrap().is_failure());
    assert!(!path.exists());

    let mut group = Group::new();
    group.add_abortable(ready(Ok(())));
    group.on_exit(|_| panic!("no such metric"));
    let run = std::panic::AssertUnwindSafe(|| run(group, &path));
    assert!(std::panic::catch_unwind(run).is_err());
    assert!(!path.exists());
}

/// Something else has removed the file.
#[test]
fn missing_file_is_no_failure() {
    let path = path("removed");
    let mut group = Group::new();
    group.add_abortable(async { fs::remove_file(&path) });
    assert!(!run(group, &path).unwrap().is_failure());
}
