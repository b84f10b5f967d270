//! Times lives and wakes with criterion, which compares them with its last run:
//!
//! ```sh
//! cargo bench -p run-group-benches
//! cargo bench -p run-group-benches -- wake
//! ```

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use run_group_benches::{by_hand, group, others, poll_to_end, wake};

fn life(criterion: &mut Criterion) {
    let runtime = others::tokio::runtime();
    let executor = smol::LocalExecutor::new();
    let mut lives = criterion.benchmark_group("life");
    for n in [3, 10, 100, 1000, 10_000] {
        let mut bench = |name: &str, life: &dyn Fn(usize) -> Option<usize>| {
            lives.throughput(Throughput::Elements(n as u64));
            lives.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter(|| assert_eq!(life(n), Some(n - 1)));
            });
        };
        bench("run-group by add", &|n| poll_to_end(group::life_by_add(n)));
        bench("run-group by add_with", &|n| poll_to_end(group::life(n)));
        bench("by hand", &|n| poll_to_end(by_hand::life(n)));
        bench("Tokio", &|n| others::tokio::life(&runtime, n));
        bench("smol", &|n| others::smol::life(&executor, n));
    }
}

fn wake(criterion: &mut Criterion) {
    let mut wakes = criterion.benchmark_group("wake");
    for n in [1, 10, 100, 1000, 10_000, 100_000] {
        let mut group = wake::group(n);
        wakes.bench_function(BenchmarkId::new("run-group", n), |bencher| {
            bencher.iter(|| group.another());
        });
        let mut bare = wake::boxed(n);
        wakes.bench_function(BenchmarkId::new("FuturesUnordered", n), |bencher| {
            bencher.iter(|| bare.another());
        });
    }
}

criterion_group!(times, life, wake);
criterion_main!(times);
