//! The hand-over of the chair between `rtm-io`, the relief and the timer thread, as it is in the engine, under schedules
//! that shuttle chooses.
//!
//! The threads here do what those of the engine do, with a poll made of a flag. With `RTM_FULL` set many schedules
//! are tried: without it a few hundred.

#![cfg(test)]

#[path = "../../src/engine/chair.rs"]
#[allow(dead_code, reason = "what the program or the timer thread alone asks for")]
mod chair;
mod sync;

use std::collections::VecDeque;

use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread;
use std::time::{Duration, Instant};

use chair::{Chair, Look, Next, Pushed, Stand};

const RUN: u64 = 1;
const SECOND_RUN: u64 = 2;

/// What only the sitter touches: the socket of the model.
struct Io {
    run: u64,
    /// Events that were announced once and are not read yet.
    readable: bool,
}

/// What the kernel and the gate hold.
#[derive(Default)]
struct Kernel {
    /// Numbers the gate has sent.
    arriving: VecDeque<usize>,
    /// Announced once, as with an edge-triggered poll.
    announced: bool,
    woken: bool,
    /// The first run is to end when its sitter looks; it has.
    close: bool,
    ended: bool,
    close_second: bool,
    /// Whether the callback that waits for it may return.
    may_return: bool,
}

struct World {
    chair: Chair<Box<Io>, Vec<usize>>,
    kernel: Mutex<Kernel>,
    polled: Condvar,
    /// As `State::sitter`: whether who sits has to be woken.
    asleep: Mutex<bool>,
    /// How many threads sit in the chair of each run, and how many run callbacks.
    sitting: [AtomicUsize; 3],
    running: AtomicUsize,
    /// What the callbacks have seen, in order.
    seen: Mutex<Vec<usize>>,
    /// What happens in the callback of the first number.
    slow: Box<dyn Fn(&World) + Send + Sync>,
    over: AtomicBool,
}

impl World {
    fn new(slow: impl Fn(&World) + Send + Sync + 'static) -> Arc<World> {
        let world = Arc::new(World {
            chair: Chair::new(false),
            kernel: Mutex::default(),
            polled: Condvar::new(),
            asleep: Mutex::new(false),
            sitting: std::array::from_fn(|_| AtomicUsize::new(0)),
            running: AtomicUsize::new(0),
            seen: Mutex::default(),
            slow: Box::new(slow),
            over: AtomicBool::new(false),
        });
        world.chair.begin(RUN, Box::new(Io { run: RUN, readable: false }));
        world
    }

    /// The gate sends a number.
    fn arrive(&self, number: usize) {
        let mut kernel = self.kernel.lock().unwrap();
        kernel.arriving.push_back(number);
        kernel.announced = true;
        self.polled.notify_all();
    }

    fn wake(&self) {
        self.kernel.lock().unwrap().woken = true;
        self.polled.notify_all();
    }

    fn wake_sleeper(&self) {
        if std::mem::take(&mut *self.asleep.lock().unwrap()) {
            self.wake();
        }
    }

    fn close(&self) {
        self.kernel.lock().unwrap().close = true;
        self.wake();
    }

    /// The readiness wait.
    fn poll(&self, io: &mut Io, wait: bool) {
        let mut kernel = self.kernel.lock().unwrap();
        while wait && !kernel.announced && !kernel.woken {
            kernel = self.polled.wait(kernel).unwrap();
        }
        io.readable |= std::mem::take(&mut kernel.announced);
        kernel.woken = false;
    }

    /// A pass, at most two numbers read. `None` when the run is over; otherwise what was read, and whether to sleep.
    fn pass(&self, io: &mut Io) -> Option<(Option<Vec<usize>>, bool)> {
        assert_eq!(self.sitting[io.run as usize].load(SeqCst), 1, "who sits sits alone");
        let mut kernel = self.kernel.lock().unwrap();
        if kernel.close && io.run == RUN {
            kernel.ended = true;
            return None;
        }
        if kernel.close_second && io.run == SECOND_RUN {
            return None;
        }
        let most = if io.readable { kernel.arriving.len().min(2) } else { 0 };
        let read: Vec<_> = kernel.arriving.drain(..most).collect();
        io.readable &= !read.is_empty();
        drop(kernel);
        let sleeps = read.is_empty();
        *self.asleep.lock().unwrap() = sleeps;
        Some(((!sleeps).then_some(read), sleeps))
    }

    fn sat_down(&self, run: u64) {
        assert_eq!(self.sitting[run as usize].fetch_add(1, SeqCst), 0, "the chair is taken");
    }

    fn stood_up(&self, run: u64) {
        self.sitting[run as usize].fetch_sub(1, SeqCst);
    }

    fn run(&self, batch: Vec<usize>) {
        self.run_while(batch, || true);
    }

    /// Runs a batch, at least one of it, while there is time. Returns the rest.
    fn run_while(&self, batch: Vec<usize>, has_time: impl Fn() -> bool) -> Option<Vec<usize>> {
        assert_eq!(self.running.fetch_add(1, SeqCst), 0, "one thread runs callbacks");
        let mut batch = VecDeque::from(batch);
        while let Some(number) = batch.pop_front() {
            self.seen.lock().unwrap().push(number);
            if number == 0 {
                (self.slow)(self);
            }
            if !has_time() {
                break;
            }
        }
        self.running.fetch_sub(1, SeqCst);
        (!batch.is_empty()).then(|| batch.into())
    }

    fn run_left_over(&self) {
        while let Next::Run(batch) = self.left_over() {
            self.run(batch);
        }
    }

    fn left_over(&self) -> Next<Box<Io>, Vec<usize>> {
        let next = self.chair.left_over();
        if let Next::End { wake: true } = next {
            self.wake_sleeper();
        }
        next
    }
}

/// `rtm-io`. Who had to wait for the chair wants it back at once, or never while there is something to run.
fn run_io(world: &World, run: u64, patient: bool) {
    let Some(mut io) = world.chair.sit(run) else { return };
    assert_eq!(io.run, run, "a thread sits in the chair of its run");
    let mut more = false;
    loop {
        world.sat_down(run);
        if more {
            world.poll(&mut io, false);
        }
        let batch = loop {
            let Some((read, sleeps)) = world.pass(&mut io) else {
                world.stood_up(run);
                drop(io);
                if world.chair.end(run).1 {
                    world.run_left_over();
                }
                return;
            };
            world.stood_up(run);
            match world.chair.stand_up(io, read) {
                Stand::Run { batch, .. } => break batch,
                Stand::Sit(back) | Stand::Tell(back) => io = back,
            }
            world.sat_down(run);
            if sleeps {
                world.poll(&mut io, true);
            }
        };
        let rest = world.run_while(batch, || !world.chair.is_in_a_hurry());
        let mut next = world.chair.sit_down(run, rest);
        let now = Instant::now();
        let mut until = Some(if patient { now + Duration::from_secs(3600) } else { now });
        if let Next::Wait = next {
            next = loop {
                match world.chair.next(run, until) {
                    Next::TimedOut => {
                        world.wake();
                        until = None;
                    }
                    Next::Run(batch) => world.run(batch),
                    next => break next,
                }
            };
        }
        match next {
            Next::Sit { io: back, more: left } => (io, more) = (back, left),
            Next::Run(batch) => {
                world.run(batch);
                return world.run_left_over();
            }
            Next::End { wake } => {
                if wake {
                    world.wake_sleeper();
                }
                return;
            }
            Next::Wait | Next::TimedOut => unreachable!("waited for above"),
        }
    }
}

/// `rtm-relief`.
fn run_relief(world: &World) {
    while let Some(mut io) = world.chair.relieve(RUN) {
        loop {
            world.sat_down(RUN);
            let Some((read, sleeps)) = world.pass(&mut io) else {
                world.stood_up(RUN);
                drop(io);
                world.chair.end(RUN);
                return;
            };
            world.stood_up(RUN);
            match world.chair.hand_on(io, read) {
                Some(back) => io = back,
                None => break,
            }
            world.sat_down(RUN);
            if sleeps {
                world.poll(&mut io, true);
            }
            world.stood_up(RUN);
        }
    }
}

/// The timer thread, whose milliseconds pass whenever the schedule says so. Every look finds time to have passed.
fn run_timer(world: &World) {
    while !world.over.load(SeqCst) {
        if world.chair.look(RUN) == Look::Quiet {
            thread::yield_now();
        }
        thread::yield_now();
    }
}

/// Queues a number as any thread does that does not sit.
fn push(world: &Arc<World>, number: usize) {
    match world.chair.push(vec![number]) {
        Pushed::Seen | Pushed::Tell => {}
        Pushed::Wake => world.wake_sleeper(),
        Pushed::Run => world.run_left_over(),
    }
}

fn schedules() -> usize {
    if std::env::var_os("RTM_FULL").is_some() { 10_000 } else { 300 }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, schedules());
}

/// Runs the threads of a client until `numbers` have been seen and the session is closed. Returns what was seen.
fn client(world: &Arc<World>, patient: bool, also: impl FnOnce()) -> Vec<usize> {
    let spawn = |body: fn(&World, bool)| {
        let world = world.clone();
        thread::spawn(move || body(&world, patient))
    };
    let io = spawn(|world, patient| run_io(world, RUN, patient));
    let relief = spawn(|world, _| run_relief(world));
    let timer = spawn(|world, _| run_timer(world));
    also();
    io.join().unwrap();
    relief.join().unwrap();
    world.over.store(true, SeqCst);
    timer.join().unwrap();
    world.seen.lock().unwrap().clone()
}

/// Waits until so much was seen: a lost wake-up or event is a deadlock, which shuttle reports.
fn wait_for(world: &World, numbers: usize) {
    while world.seen.lock().unwrap().len() < numbers {
        thread::yield_now();
    }
}

#[test]
fn what_arrives_is_seen_once_and_in_order_whoever_sits() {
    for patient in [false, true] {
        check(move || {
            let world = World::new(|_| {
                // A slow callback: the others run meanwhile.
                for _ in 0..6 {
                    thread::yield_now();
                }
            });
            let seen = client(&world, patient, || {
                for number in 0..5 {
                    world.arrive(number);
                    if number % 2 == 0 {
                        thread::yield_now();
                    }
                }
                wait_for(&world, 5);
                world.close();
            });
            assert_eq!(seen, [0, 1, 2, 3, 4]);
        });
    }
}

#[test]
fn a_slow_callback_is_relieved() {
    check(|| {
        // The callback ends only when the relief has read what came after.
        let world = World::new(|world| {
            world.arrive(1);
            while !world.kernel.lock().unwrap().arriving.is_empty() {
                thread::yield_now();
            }
        });
        let seen = client(&world, false, || {
            world.arrive(0);
            wait_for(&world, 2);
            world.close();
        });
        assert_eq!(seen, [0, 1]);
    });
}

#[test]
fn what_others_queue_runs_whoever_sits() {
    check(|| {
        let world = World::new(|_| thread::yield_now());
        let seen = client(&world, false, || {
            let other = world.clone();
            let other = thread::spawn(move || {
                for number in 10..13 {
                    push(&other, number);
                }
            });
            world.arrive(0);
            world.arrive(1);
            other.join().unwrap();
            wait_for(&world, 5);
            world.close();
        });
        let (queued, arrived): (Vec<_>, Vec<_>) = seen.iter().partition(|number| **number >= 10);
        assert_eq!((queued, arrived), (vec![10, 11, 12], vec![0, 1]));
    });
}

/// Nothing arrives that would wake anybody: each number has to.
#[test]
fn what_others_queue_wakes_who_sleeps() {
    for patient in [false, true] {
        check(move || {
            let world = World::new(|world| {
                // Until the relief sits and sleeps, if the callback is looked after in time.
                for _ in 0..30 {
                    if *world.asleep.lock().unwrap() {
                        break;
                    }
                    thread::yield_now();
                }
            });
            let seen = client(&world, patient, || {
                push(&world, 10);
                wait_for(&world, 1);
                world.arrive(0);
                wait_for(&world, 2);
                push(&world, 11);
                wait_for(&world, 3);
                push(&world, 12);
                wait_for(&world, 4);
                world.close();
            });
            assert_eq!(seen, [10, 0, 11, 12]);
        });
    }
}

#[test]
fn a_close_inside_a_slow_callback_ends_the_run_and_loses_nothing() {
    check(|| {
        let world = World::new(|world| {
            world.close();
            thread::yield_now();
        });
        let seen = client(&world, false, || {
            world.arrive(0);
            wait_for(&world, 1);
        });
        assert_eq!(seen, [0]);
        // After the end whoever queues something runs it.
        push(&world, 7);
        assert_eq!(*world.seen.lock().unwrap(), [0, 7]);
    });
}

/// A login during the slow callback of an older run: callbacks of the new run wait for the old one's, whose thread leaves
/// the rest to the new run's and does not sit in its chair.
#[test]
fn a_new_run_waits_for_the_callback_of_the_old_one() {
    check(|| {
        let world = World::new(|world| {
            world.close();
            while !world.kernel.lock().unwrap().may_return {
                thread::yield_now();
            }
        });
        let (its, new) = (world.clone(), Arc::new(Mutex::new(None)));
        let second = new.clone();
        client(&world, false, move || {
            its.arrive(0);
            while !its.kernel.lock().unwrap().ended {
                thread::yield_now();
            }
            its.chair.begin(SECOND_RUN, Box::new(Io { run: SECOND_RUN, readable: false }));
            let world = its.clone();
            *second.lock().unwrap() =
                Some(thread::spawn(move || run_io(&world, SECOND_RUN, false)));
            // Nothing arrives that would wake the new run.
            while !*its.asleep.lock().unwrap() {
                thread::yield_now();
            }
            push(&its, 1);
            its.kernel.lock().unwrap().may_return = true;
            wait_for(&its, 2);
            push(&its, 2);
            its.arrive(3);
            wait_for(&its, 4);
        });
        let mut seen = std::mem::take(&mut *world.seen.lock().unwrap());
        assert_eq!(seen[..2], [0, 1]);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3]);
        world.kernel.lock().unwrap().close_second = true;
        world.wake();
        let new = new.lock().unwrap().take();
        new.unwrap().join().unwrap();
    });
}
