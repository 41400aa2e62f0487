//! No thread to be had, or no descriptor: what fails says why, nothing is owed for ever, and it works again afterwards.
//!
//! The limit of threads is one of a user that is not root, so each test runs in a process of its own as a user of its own.
//! Only root can start such a process: for others these tests say so and do nothing.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use common::{DEADLINE, client_threads, eventually};
use rtm_client::gate::Gate;
use rtm_client::{Callbacks, ClientOptions, RtmClient, reply};
use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

/// The variable that makes this test binary the process in which a test runs.
const INSIDE: &str = "RTM_TEST_SHORTAGE";

static ALONE: Mutex<()> = Mutex::new(());

/// Runs that test in a process of its own, as a user of its own.
fn as_another_user(test: &str, body: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !getuid().is_root() {
        return println!("{test} does nothing: only root can start a process as another user");
    }
    // One at a time: a file that another process still writes cannot be run.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // A copy, for that user may not reach the original.
    let name = format!("shortage-{}", std::process::id());
    let copy = std::env::temp_dir().join(name);
    std::fs::copy(std::env::current_exe().expect("the test's binary"), &copy).expect("a copy");
    let readable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&copy, readable).expect("its owner's right");
    // Threads count by user: nobody else is this one.
    let user = 100_000 + std::process::id();
    let output = Command::new(&copy)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .current_dir("/")
        .gid(user)
        .uid(user)
        .output();
    std::fs::remove_file(&copy).expect("it was there");
    let output = output.expect("a process");
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success() && said[0].contains("1 passed"), "{}{}", said[0], said[1]);
}

fn limit(resource: Resource, current: Option<u64>) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: current.or(maximum), maximum }).expect("a lower limit");
}

/// Leaves that many threads to be had.
fn leave_threads(free: u64) {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux").count() as u64;
    limit(Resource::Nproc, Some(threads + free));
    let more = thread::Builder::new().spawn(|| ());
    assert_eq!(more.is_ok(), free > 0, "the limit does not hold");
    more.into_iter().for_each(|thread| thread.join().expect("it does nothing"));
}

fn enough_threads() {
    limit(Resource::Nproc, None);
}

/// What a client reports, at once.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn put(&self) -> impl Fn(String) + Send + 'static {
        let said = self.0.clone();
        move |text| said.lock().expect("no panic").push(text)
    }

    fn all(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

fn client(options: ClientOptions) -> (RtmClient, Said) {
    let (client, said) = (RtmClient::new(options), Said::default());
    let put = said.put();
    client.on_error_recorder(move |error| put(common::record::in_words(error)));
    (client, said)
}

fn options(gate: &Gate) -> ClientOptions {
    ClientOptions::new(gate.pid()).endpoint(gate.endpoint())
}

/// A login and a call succeed.
fn works(client: &RtmClient) {
    let (callback, login) = reply::login();
    client.login(1, "token", callback, DEADLINE);
    login.wait().expect("a login");
    let (sender, ended) = mpsc::channel();
    client.get_server_time(None, move |error, _| sender.send(error.is_none()).expect("it waits"));
    assert_eq!(ended.recv_timeout(DEADLINE), Ok(true));
    client.close_and_wait(DEADLINE).expect("the threads end");
}

fn call(client: &RtmClient, said: &Said) {
    let put = said.put();
    client.get_server_time(None, move |error, _| {
        put(format!("call {}", error.map_or(0, |error| error.code())));
    });
}

fn login(client: &RtmClient, said: &Said) {
    let put = said.put();
    client.login(1, "token", move |ok, code| put(format!("login {ok} {code}")), DEADLINE);
}

fn is_about_threads(text: &str) -> bool {
    text.contains("threads of the client") && text.contains("temporarily unavailable")
}

/// What is owed runs before the call returns.
#[test]
fn no_thread() {
    as_another_user("no_thread", || {
        let gate = Gate::builder().start().expect("a gate");
        let (client, said) = client(options(&gate));
        let (go, gone) = mpsc::channel::<()>();
        let (began, begins) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let caller = client.clone();
        let caller = thread::spawn(move || {
            gone.recv().expect("the test says when");
            caller.get_server_time(None, move |_, _| {
                began.send(()).expect("the test waits");
                let _ = released.recv();
            });
        });
        leave_threads(0);
        for _ in 0..3 {
            call(&client, &said);
            assert_eq!(said.all(), ["call 20012"]);
            login(&client, &said);
            let login = said.all();
            assert!(is_about_threads(&login[0]), "{login:?}");
            assert_eq!(login[1..], ["login false 20012"]);
            // A callback may call, and its own callback runs as well.
            let (inner, put, also) = (client.clone(), said.put(), said.clone());
            client.get_server_time(None, move |_, _| {
                call(&inner, &also);
                put("outer".to_owned());
            });
            assert_eq!(said.all(), ["outer", "call 20012"]);
            let (callback, waits) = reply::login();
            client.login(1, "token", callback, DEADLINE);
            assert_eq!(waits.wait().map_err(|error| error.code()), Err(20012));
            assert_eq!(said.all().len(), 1, "the error event");
            client.close_and_wait(Duration::ZERO).expect("there are no threads");
            let stats = client.stats();
            assert_eq!((stats.waiting_callbacks, stats.in_flight), (0, 0));
        }
        // A callback inside a call is waited for as any other.
        go.send(()).expect("it waits");
        begins.recv_timeout(DEADLINE).expect("the callback runs");
        let ended = client.close_and_wait(Duration::from_millis(20));
        assert_eq!(ended.map_err(|error| error.code()), Err(20003));
        drop(release);
        client.close_and_wait(DEADLINE).expect("it has ended");
        caller.join().expect("no panic");
        enough_threads();
        works(&client);
    });
}

/// The I/O thread cannot be started after the timer thread was.
#[test]
fn one_thread() {
    as_another_user("one_thread", || {
        let gate = Gate::builder().start().expect("a gate");
        let (client, said) = client(options(&gate));
        leave_threads(1);
        for _ in 0..3 {
            login(&client, &said);
            call(&client, &said);
            client.close_and_wait(DEADLINE).expect("the threads end");
            let all = said.all();
            assert!(is_about_threads(&all[0]), "{all:?}");
            assert_eq!(all[1..], ["login false 20012", "call 20012"]);
            assert_eq!(client.stats().waiting_callbacks, 0);
            eventually("no threads", || client_threads() == ["rtm-gate"]);
        }
        enough_threads();
        works(&client);
    });
}

/// Callbacks run by the program never run inside a call.
#[test]
fn no_thread_and_callbacks_run_by_the_program() {
    as_another_user("no_thread_and_callbacks_run_by_the_program", || {
        let gate = Gate::builder().start().expect("a gate");
        let (client, said) = client(options(&gate).callbacks(Callbacks::Manual));
        leave_threads(0);
        call(&client, &said);
        login(&client, &said);
        let (callback, waits) = reply::login();
        client.login(1, "token", callback, DEADLINE);
        assert_eq!(waits.wait().map_err(|error| error.code()), Err(20012));
        assert!(said.all().is_empty());
        assert_eq!(client.run_callbacks(Duration::ZERO).map_err(|error| error.code()), Ok(4));
        let all = said.all();
        assert_eq!((all.len(), &*all[0], &*all[2]), (4, "call 20012", "login false 20012"));
        assert!(is_about_threads(&all[1]) && is_about_threads(&all[3]), "{all:?}");
        client.close_and_wait(Duration::ZERO).expect("there are no threads");
    });
}

/// A name takes one more thread.
#[test]
fn no_thread_for_the_name() {
    as_another_user("no_thread_for_the_name", || {
        let gate = Gate::builder().start().expect("a gate");
        let endpoint = gate.endpoint().replace("127.0.0.1", "localhost");
        let (client, said) = client(options(&gate).endpoint(endpoint));
        leave_threads(2);
        login(&client, &said);
        eventually("the login ends", || said.0.lock().expect("no panic").len() == 2);
        let all = said.all();
        assert!(
            all[0].contains("to look up the name localhost") && all[0].contains("unavailable"),
            "{all:?}"
        );
        assert_eq!(all[1], "login false 20012");
        client.close_and_wait(DEADLINE).expect("the threads end");
        enough_threads();
        works(&client);
    });
}

/// The connection stands still while the callback goes on, and works again afterwards. When there is a thread, it comes.
#[test]
fn no_thread_for_the_relief() {
    as_another_user("no_thread_for_the_relief", || {
        let gate = Gate::builder().start().expect("a gate");
        let (client, said) = client(options(&gate));
        let (callback, waits) = reply::login();
        leave_threads(2);
        client.login(1, "token", callback, DEADLINE);
        waits.wait().expect("a login");
        for _ in 0..5 {
            let (sender, begun) = mpsc::channel();
            client.get_server_time(None, move |_, _| {
                sender.send(()).expect("the test waits");
                thread::sleep(Duration::from_millis(30));
            });
            begun.recv_timeout(DEADLINE).expect("the callback runs");
            let (callback, waits) = reply::channel();
            client.get_server_time(DEADLINE, callback);
            call(&client, &said);
            waits.wait().expect("an answer");
            eventually("the callback of a neighbour", || said.all() == ["call 0"]);
            assert!(!client_threads().iter().any(|name| name == "rtm-relief"));
        }
        enough_threads();
        let (sender, begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        client.get_server_time(None, move |_, _| {
            sender.send(()).expect("the test waits");
            let _ = released.recv();
        });
        begun.recv_timeout(DEADLINE).expect("the callback runs");
        let (callback, waits) = reply::channel();
        client.get_server_time(DEADLINE, callback);
        waits.wait().expect("an answer, while the callback goes on");
        drop(release);
        client.close_and_wait(DEADLINE).expect("the threads end");
    });
}

#[test]
fn no_descriptor() {
    as_another_user("no_descriptor", || {
        let gate = Gate::builder().start().expect("a gate");
        let (client, said) = client(options(&gate));
        limit(Resource::Nofile, Some(0));
        login(&client, &said);
        client.close_and_wait(DEADLINE).expect("the threads end");
        let all = said.all();
        assert!(all[0].contains("Too many open files"), "{all:?}");
        assert_eq!(all[1..], ["login false 20012"]);
        limit(Resource::Nofile, None);
        works(&client);
    });
}
