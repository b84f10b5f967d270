//! The scenarios in which other threads add actors, for executors whose tasks are `Send`.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::thread;

use futures::future::FutureExt;
use run_group::{Exit, Group};

use super::runtime::{Runtime, ACTORS, STAYS, TASKS};

/// Several threads add actors, then one more requests the shutdown. The actors of each thread keep their order.
pub fn threads_add_actors<R: Runtime>() {
    R::run(Box::pin(async {
        let mut group = Group::new();
        group.add_with(|interrupted| interrupted.map(|()| (TASKS, 0))).named("resident");
        let handle = group.handle();
        let threads: Vec<_> = (0..TASKS)
            .map(|thread| {
                let handle = handle.clone();
                thread::spawn(move || {
                    for number in 0..ACTORS {
                        handle
                            .add_with(|interrupted| interrupted.map(move |()| (thread, number)))
                            .named(format!("{thread}.{number}"));
                    }
                    assert!(!handle.is_closed());
                })
            })
            .collect();
        let shutdown = handle.clone();
        thread::spawn(move || {
            for thread in threads {
                thread.join().unwrap();
            }
            shutdown.add(async { (TASKS, 1) }, |_| {}).named("shutdown");
        });

        let mut exits = Vec::from(group.report().await);
        assert_eq!(exits[0].name(), Some("shutdown"));
        exits.sort_by_key(Exit::index);
        assert_eq!(exits.len(), TASKS * ACTORS + 2);
        let outputs: Vec<_> = exits.into_iter().filter_map(Exit::into_output).collect();
        for thread in 0..TASKS {
            let numbers = outputs.iter().filter(|output| output.0 == thread);
            let numbers: Vec<_> = numbers.map(|output| output.1).collect();
            assert_eq!(numbers, Vec::from_iter(0..ACTORS));
        }
        assert!(handle.is_closed());
    }));
}

/// Several threads add actors while the group shuts down. Each actor either exits in the group or is dropped unpolled.
pub fn threads_add_actors_until_the_end<R: Runtime>() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    R::run(Box::pin(async {
        let polled = Arc::new(AtomicUsize::new(0));
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut group = Group::new();
        group.add_with(|interrupted| interrupted).named("resident");
        let handle = group.handle();
        let threads: Vec<_> = (0..TASKS)
            .map(|_| {
                let (handle, polled, dropped) = (handle.clone(), polled.clone(), dropped.clone());
                thread::spawn(move || {
                    let mut added = 0;
                    // Without a limit, the group would wait for as long as the threads add.
                    while added < 40 * ACTORS && !handle.is_closed() {
                        let (polled, here) = (polled.clone(), Dropped(dropped.clone()));
                        let execute = async move {
                            let _here = here;
                            polled.fetch_add(1, SeqCst);
                        };
                        handle.add(execute, |_| {});
                        added += 1;
                    }
                    added
                })
            })
            .collect();

        let exits = group.report().await.len();
        let added: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(exits, polled.load(SeqCst) + 1);
        assert_eq!(added, dropped.load(SeqCst));
    }));
}

/// Several threads add children. Most of them leave, and some stay until a thread stops the group.
pub fn threads_add_children<R: Runtime>() {
    R::run(Box::pin(async {
        let left = Arc::new(AtomicUsize::new(0));
        let mut group = Group::new();
        let handle = group.handle();
        group.add_with(|interrupted| interrupted).named("resident");
        let seen = left.clone();
        group.on_exit(move |exit| {
            seen.fetch_add(usize::from(exit.has_left()), SeqCst);
        });
        let threads: Vec<_> = (0..TASKS)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || {
                    for number in 0..40 * ACTORS {
                        let stays = number % STAYS == 0;
                        let child = handle.add_with(|interrupted| async move {
                            if stays {
                                interrupted.await;
                            }
                        });
                        child.stops_if(|_| false);
                    }
                })
            })
            .collect();
        let stops = handle.clone();
        thread::spawn(move || {
            for thread in threads {
                thread.join().unwrap();
            }
            stops.stop(());
        });

        let report = group.report().await;
        let [left, children] = [left.load(SeqCst), TASKS * 40 * ACTORS];
        assert_eq!(left + report.len(), children + 2);
        // Those that stay are in the report, and those that were added last may be.
        assert!(report.len() >= 2 + children / STAYS);
        assert!(report[1..].iter().all(Exit::was_interrupted));
        assert!(handle.is_closed());
    }));
}
