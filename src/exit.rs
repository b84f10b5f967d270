//! How an actor ended, [`Exit`], [`Outcome`] and [`Panic`], and what it is called, [`Label`].

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::any::Any;
use core::fmt::{self, Write};
use core::panic::Location;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "std")]
use crate::panic::resume;
use crate::panic::{Contained, Payload};

/// What an actor is called: its name or, without one, the line that added it.
#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) location: &'static Location<'static>,
}

/// One line, with the padding that the format asks for.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        match &self.name {
            Some(name) => OneLine(&mut line).write_str(name)?,
            None => write!(OneLine(&mut line), "{}", self.location)?,
        }
        f.pad(&line)
    }
}

/// Shows it as a string.
impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name:?}"),
            None => write!(f, "{:?}", self.location.to_string()),
        }
    }
}

/// Escapes control characters and line separators, so that what a name or a message contains cannot begin a new line.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                write!(self.0, "{}", c.escape_default())
            }
            c => self.0.write_char(c),
        })
    }
}

/// How one actor ended: which actor it was, whether it had been interrupted, and its outcome.
///
/// Every interrupt gets the exit of the cause. The observer that you set with [`on_exit`](crate::Group::on_exit) gets
/// each exit as it happens, and [`report`](crate::Group::report) returns those of the shutdown.
///
/// `Display` gives a line for a log. It starts with the [label](Self::label). For an actor that returned or panicked,
/// it adds `, interrupted` if the actor had been interrupted, and `, left` if it [has left](Self::has_left):
///
/// ```text
/// http returned Err(AddrInUse)
/// src/main.rs:31:11 returned Ok(()), interrupted
/// 10.0.0.7:5012 returned Ok(()), left
/// worker panicked: index out of bounds: the len is 3 but the index is 3
/// tail aborted
/// storage expired
/// ```
///
/// It is always one line: control characters in names, panic messages and outputs are escaped, so a line break is shown
/// as `\n`. [`name`](Self::name) and [`Panic::message`] are not escaped.
///
/// With `std`, the exit of an actor that returns a `Result` is also an error, for `?` and `Box<dyn Error>`.
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
#[doc(alias("result", "status"))]
pub struct Exit<T> {
    pub(crate) index: usize,
    pub(crate) label: Label,
    pub(crate) was_interrupted: bool,
    pub(crate) has_left: bool,
    pub(crate) outcome: Outcome<T>,
}

impl<T> Exit<T> {
    /// Returns the actor's place in the order of adding, from 0.
    ///
    /// An index is not reused while the group runs. In a group of [several stages](crate::Group::before), the indices
    /// continue from stage to stage.
    pub fn index(&self) -> usize {
        self.index
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
    /// It is one line, and takes padding: `{:>20}` and `{:.5}` apply to it.
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

    /// Returns whether the group had interrupted the actor before it exited.
    ///
    /// `false` for an actor that returned or panicked by itself: the cause, an actor that left, and any actor of a
    /// later stage that exited before its stage was interrupted. Also `false` if the actor was stopped in another way,
    /// such as through [`other_end`](crate::Interrupted::other_end).
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Returns whether the actor left: it exited without stopping the group, because of
    /// [`stops_if`](crate::Added::stops_if).
    ///
    /// Only an observer set with [`on_exit`](crate::Group::on_exit) sees such an exit.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut log = Vec::new();
    /// let mut group = Group::new();
    /// group.add(async { "cached" }, |_| {}).stops_if(|_| false).named("cache");
    /// group.on_exit(|exit| log.push((exit.has_left(), exit.to_string())));
    /// assert_eq!(smol::block_on(group), None); // no actor stopped it
    /// assert_eq!(log, [(true, r#"cache returned "cached", left"#.to_string())]);
    /// ```
    pub fn has_left(&self) -> bool {
        self.has_left
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
    ///         Outcome::Panicked(panic) => panic.resume(),
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

    /// Returns the error by value, if the actor returned one.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Err::<(), _>("disk full") }, |_| {});
    /// let report = smol::block_on(group.report());
    /// let errors: Vec<_> = report.into_iter().filter_map(|exit| exit.into_error()).collect();
    /// assert_eq!(errors, ["disk full"]);
    /// ```
    pub fn into_error(self) -> Option<E> {
        self.into_output()?.err()
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
    /// group.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     Err("cannot flush")
    /// });
    ///
    /// let exits = smol::block_on(group.report());
    /// let failures: Vec<bool> = exits.iter().map(|exit| exit.is_failure()).collect();
    /// assert_eq!(failures, [false, false, true]);
    /// ```
    #[doc(alias("failed", "error"))]
    pub fn is_failure(&self) -> bool {
        !matches!(self.outcome, Outcome::Returned(Ok(_)) | Outcome::Aborted)
    }
}

/// Shows one line, whatever is in it.
impl<T: fmt::Debug> fmt::Display for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = OneLine(f);
        write!(line, "{} ", self.label)?;
        match &self.outcome {
            Outcome::Returned(output) => write!(line, "returned {output:?}")?,
            Outcome::Panicked(panic) => match panic.message() {
                Some(message) => write!(line, "panicked: {message}")?,
                None => line.write_str("panicked")?,
            },
            // Only an actor that was interrupted is aborted or expires, so the line need not say it.
            Outcome::Aborted => return line.write_str("aborted"),
            Outcome::Expired => return line.write_str("expired"),
        }
        if self.was_interrupted {
            line.write_str(", interrupted")?;
        }
        if self.has_left {
            line.write_str(", left")?;
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
            .field("has_left", &self.has_left)
            .field("outcome", &self.outcome)
            .finish()
    }
}

/// Lets a program return the first failure of its [report](crate::Report::into_result) from `main`.
#[cfg(feature = "std")]
impl<V: fmt::Debug, E: fmt::Debug> std::error::Error for Exit<Result<V, E>> {}

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
#[doc(alias("JoinError"))]
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// Its future returned this.
    Returned(T),
    /// Its future panicked, or was dropped because its interrupt had panicked.
    ///
    /// If dropping its future panics, the outcome is `Panicked`, whatever it would have been. Without the feature `std`
    /// no actor has this outcome, because a panic unwinds through the group.
    Panicked(Panic),
    /// It was [abortable](crate::Group::add_abortable), and was dropped when its stage was interrupted, because it did
    /// not return in its last poll.
    #[doc(alias("cancelled"))]
    Aborted,
    /// It was still running when the [grace period](crate::Group::grace_period) ended, and was dropped, because it did
    /// not return in its last poll.
    #[doc(alias("timeout", "deadline"))]
    Expired,
}

/// A panic that was caught in an actor.
///
/// [`Outcome::Panicked`] holds one. `Display` and `Debug` show its message, or say that there is none. Unlike a bare
/// payload it is `Sync`, so a report can be borrowed across an `.await` in a spawned task.
///
/// Without the feature `std` there is never one, because a panic unwinds through the group. The type exists
/// nevertheless, so that the same code compiles with and without it.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use run_group::{Group, Outcome};
///
/// let mut group: Group<'_, ()> = Group::new();
/// group.add(async { panic!("no route") }, |_| {}).named("dialer");
///
/// let report = smol::block_on(group.report());
/// assert_eq!(report[0].to_string(), "dialer panicked: no route");
/// let Outcome::Panicked(panic) = report[0].outcome() else { unreachable!() };
/// assert_eq!(panic.message(), Some("no route"));
/// # }
/// ```
#[doc(alias("catch_unwind"))]
pub struct Panic(Inner);

#[cfg(feature = "std")]
type Inner = Box<Thrown>; // boxed, so that an exit takes 64 bytes
#[cfg(not(feature = "std"))]
type Inner = Payload; // there is none

#[cfg(feature = "std")]
struct Thrown {
    message: Option<Cow<'static, str>>,
    /// A mutex, because a payload need not be `Sync`.
    payload: Mutex<Payload>,
}

impl Panic {
    #[cfg(feature = "std")]
    pub(crate) fn new(payload: Payload) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(&literal) => Some(literal.into()),
            None => payload.downcast_ref::<String>().map(|message| message.clone().into()),
        };
        let payload = Mutex::new(payload);
        Self(Box::new(Thrown { message, payload }))
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn new(payload: Payload) -> Self {
        Self(payload)
    }

    /// Returns the message, if the payload is a string, as with `panic!`. It is not escaped.
    pub fn message(&self) -> Option<&str> {
        #[cfg(feature = "std")]
        return self.0.message.as_deref();
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }

    /// Returns the payload, as [`std::panic::catch_unwind`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::{Group, Outcome};
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// group.add(async { std::panic::panic_any(404) }, |_| {});
    /// for exit in smol::block_on(group.report()) {
    ///     let Outcome::Panicked(panic) = exit.into_outcome() else { unreachable!() };
    ///     assert_eq!(panic.message(), None);
    ///     assert_eq!(panic.into_payload().downcast_ref(), Some(&404));
    /// }
    /// # }
    /// ```
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        #[cfg(feature = "std")]
        return self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner);
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }

    /// Returns `Err` with the payload.
    pub(crate) fn into_err<R>(self) -> Contained<R> {
        #[cfg(feature = "std")]
        return Err(self.into_payload());
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }

    /// Continues the panic, with its payload, without printing its message again.
    ///
    /// # Panics
    ///
    /// Always.
    pub fn resume(self) -> ! {
        #[cfg(feature = "std")]
        resume(self.into_payload());
        #[cfg(not(feature = "std"))]
        match self.0 {}
    }
}

/// The message, in one line.
impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message().unwrap_or(NO_MESSAGE);
        OneLine(f).write_str(message)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message().unwrap_or(NO_MESSAGE);
        f.debug_tuple("Panic").field(&message).finish()
    }
}

const NO_MESSAGE: &str = "no message";
