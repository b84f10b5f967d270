//! The actors that have not exited, as a group shows them: [`Running`] and [`Waiting`].

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::panic::Location;

use crate::exit::{Exit, Label};

/// One actor that has not exited.
///
/// [`Group::running`](crate::Group::running) and [`Waiting::running`] return these. `Display` gives its label: its name
/// or, without one, the line that added it.
///
/// # Examples
///
/// ```
/// use run_group::Group;
///
/// let mut group: Group<'_, ()> = Group::new();
/// group.add_abortable(std::future::pending()).named("tail");
/// let running = group.running().next().unwrap();
/// assert_eq!(running.index(), 0);
/// assert_eq!(running.name(), Some("tail"));
/// assert_eq!(running.location().file(), file!());
/// assert!(!running.is_interrupted());
/// assert_eq!(running.to_string(), "tail");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Running<'g> {
    pub(crate) index: u32,
    pub(crate) label: &'g Label,
    pub(crate) is_interrupted: bool,
}

impl Running<'_> {
    /// Returns the actor's place in the order of adding, from 0.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    /// Returns the name that the actor was [given](crate::Added::named), if any.
    pub fn name(&self) -> Option<&str> {
        self.label.name.as_deref()
    }

    /// Returns the place in your code that added the actor: its file, line and column.
    pub fn location(&self) -> &'static Location<'static> {
        self.label.location
    }

    /// Returns whether the actor has been interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }
}

impl fmt::Display for Running<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(f)
    }
}

/// The actors that a group waits for while it shuts down, and the cause.
///
/// The observer that you set with [`Group::on_wait`](crate::Group::on_wait) gets one. `Display` gives the labels of the
/// actors, joined by `", "`.
///
/// # Examples
///
/// ```
/// use run_group::Group;
/// use smol::future::poll_once;
///
/// let mut log = Vec::new();
/// let mut group = Group::new();
/// group.add(async { "done" }, |_| {}).named("main");
/// group.add(std::future::pending(), |_| {}).named("stuck");
/// group.on_wait(|waiting| {
///     let number = waiting.running().count();
///     log.push(format!("{}, waiting for {number}: {waiting}", waiting.cause()));
/// });
///
/// smol::block_on(poll_once(&mut group));
/// drop(group);
/// assert_eq!(log, [r#"main returned "done", waiting for 1: stuck"#]);
/// ```
pub struct Waiting<'w, T> {
    pub(crate) cause: &'w Exit<T>,
    pub(crate) running: &'w [Running<'w>],
}

impl<T> Waiting<'_, T> {
    /// Returns the exit of the cause, which began the shutdown.
    pub fn cause(&self) -> &Exit<T> {
        self.cause
    }

    /// Returns the actors of the current stage that have not exited, in the order of adding.
    pub fn running(&self) -> impl Iterator<Item = Running<'_>> {
        self.running.iter().copied()
    }
}

impl<T> fmt::Display for Waiting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.running.iter().map(ToString::to_string).collect();
        f.write_str(&labels.join(", "))
    }
}

/// Shows the label of the cause instead of its exit, so that it needs no `T: Debug`.
impl<T> fmt::Debug for Waiting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("cause", &self.cause.label)
            .field("running", &self.running)
            .finish()
    }
}
