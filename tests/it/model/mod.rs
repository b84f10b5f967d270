//! The group against its contract.
//!
//! A [script](script) says which actors a group gets, what they do, and what is done to the group. It is [played](play) with
//! the group itself. The user's code in it, the [world], writes a [trace](event) of everything that happens: what is polled,
//! interrupted, observed and dropped, in which order; grace periods; wakes; results. The contract stands in [rules],
//! which read the trace event by event and refuse the first that the contract does not allow. They say what is promised, and
//! not how it is done; what is [known](state) at one place of the trace is found out by asking every actor.
//!
//! Scripts are drawn [at random](random), or [all](exhaustive) that there are for a small group. Those that are worth keeping
//! are [replayed](replays). The fuzz target `script` (in `fuzz/`) draws them with coverage as its guide.
//!
//! The contract leaves open, and so do the rules:
//!
//! - When a poll ends early, once two actors have woken themselves or as many were polled as there are. The group has then
//!   woken its waker.
//! - The order in which a group that is dropped drops its actors.
//! - How often a grace period is polled that was not woken, and how often the group wakes its waker. That it does when there is
//!   something to do is seen.
//! - When an output is dropped that no result has, as long as it is before the end.
//!
//! Left out are panics in the drop of a grace period while it is replaced, two panics at once, which would abort, and lines. An
//! actor's name is its number.

mod event;
mod exhaustive;
mod random;
mod replays;
mod rules;
mod run;
mod script;
mod state;
mod world;

use std::env;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use self::rules::check;
use self::run::run;
use self::script::{Script, Step};

/// Plays a script, in which the group has to keep its contract.
#[track_caller]
fn replay(script: Script) {
    if let Err(broken) = check(run(&script)) {
        panic!("{broken}{script:?}");
    }
}

/// To find other scripts than last time, or more: `PROPTEST_RNG_SEED=2 PROPTEST_CASES=100000 cargo test --test it model`.
#[test]
fn random_scripts_keep_the_contract() {
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
        check(run(&script)).map_err(TestCaseError::fail)?;
        let script = with_report(script);
        let checked = check(run(&script));
        checked.map_err(|broken| TestCaseError::fail(format!("{broken}of {script:?}\n")))?;
        Ok(())
    });
    if let Err(error) = result {
        panic!("with the seed {seed:?}: {error}");
    }
}

/// Has a script end with the report of the group, from the last step on that needs the group itself.
fn with_report(mut script: Script) -> Script {
    let last = script.0.iter().rposition(|step| {
        !matches!(
            step,
            Step::Poll | Step::Settle | Step::Outside(_) | Step::Report
        )
    });
    let after = last.map_or(0, |last| last + 1);
    script.0.insert(after, Step::Report);
    script
}
