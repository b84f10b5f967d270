//! The group against a model of it.
//!
//! A [script](script) says who is added to a group, what the actors do and what is done to the group. It is
//! [played](play) twice, with the [group itself](real) and with the [contract as a program](contract). The user's code
//! in it is done by the same [cast](cast) in both, which also writes down what it sees: who is polled, interrupted,
//! observed, dropped, in which order; grace periods; the result. The two traces are [compared](compare), event by event.
//!
//! Scripts are drawn [at random](random), or [all](exhaustive) that there are for a small group. Those that are worth keeping
//! are [replayed](replays). The fuzz target `script` (in `fuzz/`) draws them with coverage as its guide.
//!
//! The model is exact. It knows when `FuturesUnordered` takes a break, so it also says what happens when the group is
//! polled once and no further. It leaves out:
//!
//! - The order in which a group that is dropped drops its actors, which nobody is promised. What is seen meanwhile is sorted.
//! - How often a grace period is polled that is not over, and how often the waker is woken. That it is woken when there
//!   is something to do is seen, since the group is settled as an executor would: it is polled only when it was woken.
//! - [`before`](run_group::Group::before) between two groups of which the second was polled already.
//! - Panics in the drop of a grace period while it is replaced by another, and two panics at once, which would abort.
//! - Names and lines. An actor's name is its number.

mod cast;
mod compare;
mod contract;
mod exhaustive;
mod owner;
mod play;
mod queue;
mod random;
mod real;
mod replays;
mod script;

use std::env;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use self::compare::compare;
use self::script::{Script, Step};

/// Plays a script, which has to go as the model says.
#[track_caller]
fn replay(script: Script) {
    if let Err(difference) = compare(&script) {
        panic!("{difference}{script:?}");
    }
}

/// To find other scripts than last time, or more: `PROPTEST_RNG_SEED=2 PROPTEST_CASES=100000 cargo test --test it model`.
#[test]
fn random_scripts_play_as_the_model_says() {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 10_000;
    }
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let seed = config.rng_seed;
    let result = TestRunner::new(config).run(&random::scripts(), |script| {
        compare(&script).map_err(TestCaseError::fail)?;
        let script = with_a_report(script);
        compare(&script)
            .map_err(|difference| TestCaseError::fail(format!("{difference}of {script:?}\n")))
    });
    if let Err(error) = result {
        panic!("with the seed {seed:?}: {error}");
    }
}

/// Has a script end with the report of the group, from the last step on that needs the group itself.
fn with_a_report(mut script: Script) -> Script {
    let last = script.0.iter().rposition(|step| {
        !matches!(
            step,
            Step::PollOnce | Step::Settle | Step::Outside(_) | Step::Report
        )
    });
    script
        .0
        .insert(last.map_or(0, |last| last + 1), Step::Report);
    script
}
