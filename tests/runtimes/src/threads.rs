//! The scenarios in which other threads add actors, for executors whose tasks are `Send`.

use std::mem::take;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use futures::future::FutureExt;
use run_group::{Exit, Group};

use super::runtime::{Runtime, ACTORS, STAYS, TASKS};

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

/// Several threads add children. Most of them leave, and some stay until a thread stops the group. Those of each thread
/// keep their order.
pub fn threads_add_children<R: Runtime>() {
    const CHILDREN: usize = 40 * ACTORS;
    R::run(Box::pin(async {
        let exits = Arc::new(Mutex::new(Vec::new()));
        let mut group = Group::new();
        let handle = group.handle();
        group.add_with(|interrupted| interrupted.map(|()| (TASKS, 0))).named("resident");
        let seen = exits.clone();
        group.on_exit(move |exit| {
            let exit = (exit.index(), *exit.output().unwrap(), exit.has_left());
            seen.lock().unwrap().push(exit);
        });
        let threads: Vec<_> = (0..TASKS)
            .map(|thread| {
                let handle = handle.clone();
                thread::spawn(move || {
                    for number in 0..CHILDREN {
                        let stays = number % STAYS == 0;
                        let child = handle.add_with(move |interrupted| async move {
                            if stays {
                                interrupted.await;
                            }
                            (thread, number)
                        });
                        child.stops_if(|_| false);
                    }
                    assert!(!handle.is_closed());
                })
            })
            .collect();
        let stops = handle.clone();
        thread::spawn(move || {
            for thread in threads {
                thread.join().unwrap();
            }
            stops.stop((TASKS, 1));
        });

        let report = group.report().await;
        assert_eq!(report[0].output(), Some(&(TASKS, 1)));
        assert!(report[1..].iter().all(Exit::was_interrupted));
        assert!(handle.is_closed());

        let mut exits = take(&mut *exits.lock().unwrap());
        exits.sort();
        assert!(exits.iter().map(|(index, ..)| *index).eq(0..TASKS * CHILDREN + 2));
        for thread in 0..TASKS {
            let outputs = exits.iter().map(|(_, output, _)| *output);
            let numbers = outputs.filter(|output| output.0 == thread).map(|output| output.1);
            assert!(numbers.eq(0..CHILDREN));
        }
        // Those that stay are in the report, and those that were added last may be.
        let left = exits.iter().filter(|(_, _, has_left)| *has_left).count();
        assert_eq!(left + report.len(), exits.len());
        assert!(report.len() >= 2 + TASKS * CHILDREN / STAYS);
    }));
}
