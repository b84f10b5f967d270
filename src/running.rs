//! The actors that have not exited, as a group shows them: [`Running`] and [`Waiting`].

use alloc::vec::Vec;
use core::fmt;
use core::panic::Location;

use crate::exit::{Exit, Label};

/// One actor that has not exited.
///
/// [`Group::running`](crate::Group::running), [`Handle::running`](crate::Handle::running) and [`Waiting::running`]
/// return these. It borrows nothing, so you can send it elsewhere. `Display` gives its label, in one line: its name or,
/// without one, the line that added it.
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
#[derive(Clone, Debug)]
pub struct Running {
    pub(crate) index: usize,
    pub(crate) label: Label,
    pub(crate) is_interrupted: bool,
}

impl Running {
    /// Returns the actor's place in the order of adding, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the name that the actor was [given](crate::Added::named), if any. It is not escaped.
    pub fn name(&self) -> Option<&str> {
        self.label.name.as_deref()
    }

    /// Returns the place in your code that added the actor: its file, line and column.
    pub fn location(&self) -> &'static Location<'static> {
        self.label.location
    }

    /// Returns whether the group had interrupted the actor.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(f)
    }
}

/// The actors that a group waits for while it shuts down, and the cause.
///
/// The observer that you set with [`Group::on_wait`](crate::Group::on_wait) gets one. `Display` gives the labels of the
/// actors in one line, joined by `", "`. It shows at most ten, and then says how many more there are: `and 7990 more`.
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
///     log.push(format!("{}, waiting for {}: {waiting}", waiting.cause(), waiting.len()));
/// });
///
/// smol::block_on(poll_once(&mut group));
/// drop(group);
/// assert_eq!(log, [r#"main returned "done", waiting for 1: stuck"#]);
/// ```
pub struct Waiting<'w, T> {
    pub(crate) cause: &'w Exit<T>,
    pub(crate) len: usize,
    /// Lists the actors. Called only if the observer asks for them, because it goes through all actors.
    pub(crate) running: &'w dyn Fn() -> Vec<Running>,
}

impl<T> Waiting<'_, T> {
    /// Returns the exit of the cause, which stopped the group.
    pub fn cause(&self) -> &Exit<T> {
        self.cause
    }

    /// Returns the actors of the current stage that have not exited, in the order of adding.
    ///
    /// Each call goes through all actors of the group. If you only need their number, call [`len`](Self::len).
    pub fn running(&self) -> impl Iterator<Item = Running> {
        (self.running)().into_iter()
    }

    /// Returns how many actors of the current stage have not exited, in constant time. It is never 0.
    #[allow(clippy::len_without_is_empty)] // it would always be false
    pub fn len(&self) -> usize {
        self.len
    }
}

impl<T> fmt::Display for Waiting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Labels((self.running)()).fmt(f)
    }
}

/// The labels of some actors, in one line. It shows at most ten.
pub(crate) struct Labels(pub(crate) Vec<Running>);

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        for (place, actor) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{actor}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Shows the label of the cause instead of its exit, so that it needs no `T: Debug`.
impl<T> fmt::Debug for Waiting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("cause", &self.cause.label)
            .field("running", &(self.running)())
            .finish()
    }
}
