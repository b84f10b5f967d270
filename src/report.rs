//! [`Report`]: every exit that belongs to a shutdown.

use alloc::vec::{self, Vec};
use core::fmt;
use core::ops::Deref;
use core::slice;
#[cfg(feature = "std")]
use std::io::Write;
#[cfg(feature = "std")]
use std::process::{ExitCode, Termination};

use crate::exit::Exit;

/// The exits that belong to the shutdown of a group, in the order in which they happened. The cause comes first.
///
/// [`Group::report`](crate::Group::report) returns it. It is a list: it dereferences to a slice of [`Exit`]s, iterates,
/// and converts to a `Vec`. `Display` gives a line for each exit, without a line break at the end. It is empty if
/// nothing stopped the group. An actor that [has left](Exit::has_left) is not in it.
///
/// # As the result of `main`
///
/// If the actors return a `Result`, `main` can return the report. The program then exits with 0 or, if there is a
/// [failure](Self::failures), with 1. For each failure, it prints a line such as `Error: storage expired` to standard
/// error.
///
/// ```
/// use run_group::{Group, Report};
///
/// # #[cfg(not(feature = "std"))] fn main() {}
/// # #[cfg(feature = "std")]
/// fn main() -> Report<Result<(), std::io::Error>> {
///     let mut group = Group::new();
///     group.add(async { Ok(()) }, |_| {}).named("signals");
///     smol::block_on(group.report())
/// }
/// ```
///
/// # Examples
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add(async { Ok(()) }, |_| {}).named("signals");
/// group.add_with(|interrupted| async move {
///     interrupted.await;
///     Err("cannot flush")
/// }).named("storage");
///
/// let report = smol::block_on(group.report());
/// assert_eq!(report.len(), 2);
/// assert_eq!(report.cause().unwrap().name(), Some("signals"));
/// assert!(report.is_failure());
/// assert_eq!(report.to_string(), "\
/// signals returned Ok(())
/// storage returned Err(\"cannot flush\"), interrupted");
/// ```
#[doc(alias("exit code", "status", "ExitCode"))]
#[derive(Debug)]
pub struct Report<T>(pub(crate) Vec<Exit<T>>);

impl<T> Report<T> {
    /// Returns the exit that stopped the group, if there is one.
    pub fn cause(&self) -> Option<&Exit<T>> {
        self.first()
    }
}

impl<V, E> Report<Result<V, E>> {
    /// Returns the exits that are failures: an actor returned an error, panicked or expired.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, Result<(), &str>> = Group::new();
    /// group.add(async { Ok(()) }, |_| {});
    /// group.add(std::future::pending(), |_| {}).named("stuck");
    /// group.grace_period(|| async {});
    /// let report = smol::block_on(group.report());
    /// let failures: Vec<String> = report.failures().map(|exit| exit.to_string()).collect();
    /// assert_eq!(failures, ["stuck expired"]);
    /// ```
    pub fn failures(&self) -> impl Iterator<Item = &Exit<Result<V, E>>> {
        self.iter().filter(|exit| exit.is_failure())
    }

    /// Returns whether there is a failure.
    pub fn is_failure(&self) -> bool {
        self.failures().next().is_some()
    }

    /// Returns the first failure as `Err`.
    ///
    /// [`Group::run`](crate::Group::run) returns only errors. A failure can also be a panic or an expiry.
    ///
    /// # Errors
    ///
    /// The first exit that is a failure. It is an [`Error`](std::error::Error), so you can use `?`.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// # #[cfg(not(feature = "std"))] fn main() {}
    /// # #[cfg(feature = "std")] fn main() {
    /// async fn program() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     let mut group = Group::new();
    ///     group.add(async { Err::<(), _>("disk full") }, |_| {}).named("storage");
    ///     group.report().await.into_result()?;
    ///     Ok(())
    /// }
    ///
    /// let error = smol::block_on(program()).unwrap_err();
    /// assert_eq!(error.to_string(), r#"storage returned Err("disk full")"#);
    /// # }
    /// ```
    pub fn into_result(self) -> Result<(), Exit<Result<V, E>>> {
        let failure = self.into_iter().find(Exit::is_failure);
        failure.map_or(Ok(()), Err)
    }
}

/// Prints each failure to standard error. Exits with 1 if there is one, otherwise with 0.
#[cfg(feature = "std")]
impl<V: fmt::Debug, E: fmt::Debug> Termination for Report<Result<V, E>> {
    fn report(self) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        for failure in self.failures() {
            let _ = writeln!(stderr, "Error: {failure}"); // if it is closed, the exit code is still 1
        }
        ExitCode::from(u8::from(self.is_failure()))
    }
}

impl<T> Deref for Report<T> {
    type Target = [Exit<T>];

    fn deref(&self) -> &[Exit<T>] {
        &self.0
    }
}

impl<T> IntoIterator for Report<T> {
    type Item = Exit<T>;
    type IntoIter = vec::IntoIter<Exit<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'r, T> IntoIterator for &'r Report<T> {
    type Item = &'r Exit<T>;
    type IntoIter = slice::Iter<'r, Exit<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> From<Report<T>> for Vec<Exit<T>> {
    fn from(report: Report<T>) -> Self {
        report.0
    }
}

impl<T> Default for Report<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: fmt::Debug> fmt::Display for Report<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, exit) in self.iter().enumerate() {
            let line_break = if place == 0 { "" } else { "\n" };
            write!(f, "{line_break}{exit}")?;
        }
        Ok(())
    }
}
