//! How an actor ended, [`Exit`] and [`Outcome`], and what it is called, [`Label`].

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::any::Any;
use core::fmt;
use core::panic::Location;

/// What an actor is called: its name or, without one, the line that added it.
pub struct Label {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) location: &'static Location<'static>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.pad(name),
            None => fmt::Display::fmt(self.location, f),
        }
    }
}

/// Shows it as a string.
impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// How one actor ended: which actor it was, whether it had been interrupted, and its outcome.
///
/// Every interrupt gets the exit of the cause. The observer that you set with [`on_exit`](crate::Group::on_exit) gets
/// each exit as it happens, and [`report`](crate::Group::report) returns them all.
///
/// `Display` gives a line for a log. It starts with the [label](Self::label). For an actor that returned or panicked,
/// it adds `, interrupted` if the actor had been interrupted:
///
/// ```text
/// http returned Err(AddrInUse)
/// src/main.rs:31:11 returned Ok(()), interrupted
/// worker panicked: index out of bounds: the len is 3 but the index is 3
/// tail aborted
/// storage expired
/// ```
///
/// # Examples
///
/// ```
/// use run_group::{Group, Outcome};
///
/// let mut group = Group::new();
/// group.add(async { 7 }, |_| {}).named("seven");
/// group.add_abortable(std::future::pending());
///
/// let exits = smol::block_on(group.report());
/// assert_eq!(exits[0].index(), 0);
/// assert_eq!(exits[0].name(), Some("seven"));
/// assert_eq!(exits[0].location().file(), file!());
/// assert_eq!(exits[0].output(), Some(&7));
/// assert!(!exits[0].was_interrupted());
/// assert_eq!(exits[0].to_string(), "seven returned 7");
/// assert!(matches!(exits[1].outcome(), Outcome::Aborted));
/// ```
pub struct Exit<T> {
    pub(crate) index: u32,
    pub(crate) label: Label,
    pub(crate) was_interrupted: bool,
    pub(crate) outcome: Outcome<T>,
}

impl<T> Exit<T> {
    /// Returns the actor's place in the order of adding, from 0.
    ///
    /// In a group of several stages, the indices continue: the actors of the [back](crate::Group::before) follow those
    /// of the front.
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

    /// Returns what to call the actor in a log: its name or, without one, the line that added it as `file:line:column`.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async {}, |_| {}).named("http");
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[0].label().to_string(), "http");
    /// ```
    pub fn label(&self) -> impl fmt::Display + '_ {
        &self.label
    }

    /// Returns whether the actor had been interrupted before it exited.
    ///
    /// `false` for an actor that returned or panicked by itself: the cause, and any actor of a later stage that exited
    /// before its stage was interrupted.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Returns the outcome.
    pub fn outcome(&self) -> &Outcome<T> {
        &self.outcome
    }

    /// Returns the outcome by value.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::{Group, Outcome};
    ///
    /// let mut group = Group::new();
    /// group.add(async { "done" }, |_| {});
    /// for exit in smol::block_on(group.report()) {
    ///     match exit.into_outcome() {
    ///         Outcome::Returned(output) => assert_eq!(output, "done"),
    ///         Outcome::Panicked(payload) => std::panic::resume_unwind(payload),
    ///         _ => unreachable!("no actor was dropped"),
    ///     }
    /// }
    /// ```
    pub fn into_outcome(self) -> Outcome<T> {
        self.outcome
    }

    /// Returns the output, if the actor returned.
    pub fn output(&self) -> Option<&T> {
        match &self.outcome {
            Outcome::Returned(output) => Some(output),
            _ => None,
        }
    }

    /// Returns the output by value, if the actor returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { "done" }, |_| {});
    /// group.add_abortable(std::future::pending());
    /// let exits = smol::block_on(group.report());
    /// let outputs: Vec<_> = exits.into_iter().filter_map(|exit| exit.into_output()).collect();
    /// assert_eq!(outputs, ["done"]);
    /// ```
    pub fn into_output(self) -> Option<T> {
        match self.outcome {
            Outcome::Returned(output) => Some(output),
            _ => None,
        }
    }
}

impl<V, E> Exit<Result<V, E>> {
    /// Returns the error, if the actor returned one.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Err::<(), _>("disk full") }, |_| {});
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[0].error(), Some(&"disk full"));
    /// ```
    pub fn error(&self) -> Option<&E> {
        self.output()?.as_ref().err()
    }

    /// Returns whether the actor failed: it returned an error, panicked or expired.
    ///
    /// An actor that returned `Ok` or was aborted did not fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Ok(()) }, |_| {});
    /// group.add_abortable(std::future::pending());
    /// group.add_with(|interrupted| async {
    ///     interrupted.await;
    ///     Err("cannot flush")
    /// });
    ///
    /// let exits = smol::block_on(group.report());
    /// let failures: Vec<bool> = exits.iter().map(|exit| exit.is_failure()).collect();
    /// assert_eq!(failures, [false, false, true]);
    /// ```
    pub fn is_failure(&self) -> bool {
        !matches!(self.outcome, Outcome::Returned(Ok(_)) | Outcome::Aborted)
    }
}

impl<T: fmt::Debug> fmt::Display for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.label)?;
        match &self.outcome {
            Outcome::Returned(output) => write!(f, "returned {output:?}")?,
            Outcome::Panicked(payload) => match message(&**payload) {
                Some(message) => write!(f, "panicked: {message}")?,
                None => f.write_str("panicked")?,
            },
            // Only an actor that was interrupted is aborted or expires, so the line need not say it.
            Outcome::Aborted => return f.write_str("aborted"),
            Outcome::Expired => return f.write_str("expired"),
        }
        if self.was_interrupted {
            f.write_str(", interrupted")?;
        }
        Ok(())
    }
}

impl<T: fmt::Debug> fmt::Debug for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("index", &self.index)
            .field("name", &self.label.name)
            .field("location", &format_args!("{}", self.label.location))
            .field("was_interrupted", &self.was_interrupted)
            .field("outcome", &self.outcome)
            .finish()
    }
}

/// What an actor ended with: an output, or the reason why there is none.
///
/// # Examples
///
/// ```
/// use run_group::{Group, Outcome};
///
/// let mut group = Group::new();
/// group.add(async { "done" }, |_| {});
/// group.add_abortable(std::future::pending());
/// group.add(std::future::pending(), |_| {});
/// group.grace_period(|| async {}); // ends at once
///
/// let exits = smol::block_on(group.report());
/// assert!(matches!(exits[0].outcome(), Outcome::Returned("done")));
/// assert!(matches!(exits[1].outcome(), Outcome::Aborted));
/// assert!(matches!(exits[2].outcome(), Outcome::Expired));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// Its execute returned this.
    Returned(T),
    /// Its execute panicked, or was dropped because its interrupt had panicked. Holds the payload of the panic.
    ///
    /// If dropping execute panics, the outcome is `Panicked`, whatever it would have been. Without the feature `std` no
    /// actor has this outcome, because a panic unwinds through the group.
    Panicked(Box<dyn Any + Send>),
    /// It was [abortable](crate::Group::add_abortable), and was dropped when its stage was interrupted.
    Aborted,
    /// It was still running when the [grace period](crate::Group::grace_period) ended, and was dropped.
    Expired,
}

/// Returns the message of a panic, if its payload is a string, as with `panic!`.
fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(message) => Some(message),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}
