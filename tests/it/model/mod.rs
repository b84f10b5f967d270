//! The contract of a group as a model, compared with real groups.
//!
//! - A [script] says which actors a group gets, what they do, and what its owner does with the group.
//! - [`run`](run::run) does what the script says with a real group. The code of the user is the [world], and what its
//!   actors [execute]. It records a [trace](event) of everything that happens, in order: what is polled, interrupted,
//!   observed and dropped, grace periods, wakes, answers, and results.
//! - The [rules], and those for the [ends] of groups, are the contract. They read the trace event by event, and refuse
//!   the first event that the contract does not allow. The [state] is what they know at one place of the trace. They
//!   find it by looking at every actor: they say what a group promises, and not how it keeps the promise.
//!
//! Scripts come from a [random] search, and from an [exhaustive] one for small groups. Scripts that are worth keeping are
//! [replayed](replays). The fuzz target `script` (in `fuzz/`) finds more, guided by coverage.
//!
//! The contract leaves these open, and so do the rules:
//!
//! - When a poll ends early, once two actors have woken themselves or as many were polled as there are. The group must
//!   have woken its waker by then.
//! - The order in which a group that is dropped drops its actors.
//! - How often the group polls a grace period that was not woken, and how often it wakes its waker. The rules require a
//!   wake when there is something to do.
//! - When the group drops an output that is in no result, and what was set on it. It must do so before it ends.
//! - When an `Interrupted` yields, once it was ready. The actors of the model do not poll it again.
//!
//! The model leaves out panics in the drop of a grace period while it is replaced, two panics at once (they would abort
//! the process), source lines, and `Handle::stop`. An actor's name is its number.

mod ends;
mod event;
mod execute;
pub mod exhaustive;
mod random;
mod replays;
mod rules;
mod run;
pub mod script;
mod state;
mod user;
mod world;

use proptest::test_runner::TestCaseError;

use self::rules::check;
use self::run::run;
use self::script::{Script, Step};
use crate::harness::test_runner;

/// Runs a script, and panics if the group violates its contract.
#[track_caller]
fn replay(script: Script) {
    if let Err(broken) = check(run(&script)) {
        panic!("{broken}{script:?}");
    }
}

/// `tests/model` plays more of them, or others, with `PROPTEST_RNG_SEED=2 PROPTEST_CASES=100000`.
#[test]
fn random_scripts_keep_the_contract() {
    let (mut runner, seed) = test_runner(1_000);
    let result = runner.run(&random::scripts(), |script| {
        check(run(&script)).map_err(TestCaseError::fail)?;
        for end in [Step::Report, Step::Run] {
            let script = with_end(script.clone(), end);
            let checked = check(run(&script));
            checked.map_err(|broken| TestCaseError::fail(format!("{broken}of {script:?}\n")))?;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("with the seed {seed:?}: {error}");
    }
}

/// Makes a script end with the report or the result of the group, right after the last step that needs the group itself.
fn with_end(mut script: Script, end: Step) -> Script {
    let last = script.0.iter().rposition(|step| {
        !matches!(step, Step::Poll | Step::Settle | Step::Outside(_) | Step::Run | Step::Report)
    });
    let after = last.map_or(0, |last| last + 1);
    script.0.insert(after, end);
    script
}
