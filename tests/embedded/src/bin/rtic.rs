//! The contract in a software task of RTIC, with the delays of its monotonic.

#![no_std]
#![no_main]

use core::future::Future;

use rtic_monotonics::{systick::prelude::*, Monotonic};
use run_group_embedded::contract::Clock;

systick_monotonic!(Mono, 1_000);

struct Rtic;

impl Clock for Rtic {
    fn now() -> u32 {
        Mono::now().ticks()
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        Mono::delay_until(<Mono as Monotonic>::Instant::from_ticks(tick))
    }
}

#[rtic::app(device = run_group_embedded::board::chip, dispatchers = [UART0])]
mod app {
    use super::{Mono, Rtic};
    use run_group_embedded::{board, contract};

    #[shared]
    struct Shared {}

    #[local]
    struct Local {}

    #[init]
    fn init(cx: init::Context) -> (Shared, Local) {
        board::init_heap();
        Mono::start(cx.core.SYST, 12_000_000);
        work::spawn().ok().unwrap();
        (Shared {}, Local {})
    }

    #[task]
    async fn work(_: work::Context) {
        contract::run::<Rtic>().await
    }
}
