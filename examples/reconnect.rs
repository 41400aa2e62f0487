//! A lost gate: the example kills the gate of two clients, and starts the gate again on the same port. Messages in flight
//! are sent again, new messages wait, and missed messages are caught up with.
//!
//! ```console
//! $ cargo run --example reconnect
//! $ cargo run --example reconnect -- --endpoint HOST:PORT --pid P --uid U --token T --seconds 60
//! ```
//!
//! The example cannot kill a gate of somebody else: then it reports the states, while you pull the cable.

mod common;

use std::fmt;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::{Account, Args, Outcome, TIMEOUT, check};
use rtm_client::gate::Gate;
use rtm_client::types::Gap;
use rtm_client::{
    CatchUp, ClientOptions, ConnectionState, Error, RegressiveStrategy, RtmClient, error_code,
    reply, server_push,
};

const HELP: &str = "\
reconnect: what becomes of calls, messages and rooms when the gate goes away

  cargo run --example reconnect
  cargo run --example reconnect -- --endpoint HOST:PORT --pid P --uid U --token T --seconds N

  --seconds N   how long to watch a gate that is not ours; by default 5";

const ROOM: i64 = 400;
const ANN: i64 = 101;
const BOB: i64 = 102;

/// The events of a client.
enum News {
    State(ConnectionState),
    Message { text: String, caught_up: bool },
    Gap(Gap),
    Error(Error),
    Closed(i32),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::State(ConnectionState::Reconnecting { attempt, next_attempt: Some(at) }) => {
                let left = at.saturating_duration_since(Instant::now());
                write!(f, "offline: attempt {attempt} in {:.1} s", left.as_secs_f64())
            }
            News::State(ConnectionState::Reconnecting { attempt, .. }) => {
                write!(f, "offline: attempt {attempt}")
            }
            News::State(ConnectionState::Online) => write!(f, "online"),
            News::State(state) => write!(f, "{state:?}"),
            News::Message { text, caught_up: true } => {
                write!(f, "a message that was missed: {text}")
            }
            News::Message { text, .. } => write!(f, "a message: {text}"),
            News::Gap(gap) => write!(f, "messages may be missing: {gap:?}"),
            News::Error(error) => write!(f, "error recorder: {error}"),
            News::Closed(code) => write!(f, "the session is closed, code {code}"),
        }
    }
}

struct User {
    name: &'static str,
    client: RtmClient,
    news: Receiver<News>,
    begun: Instant,
}

fn main() -> ExitCode {
    common::main(HELP, &["seconds"], run)
}

fn run(args: &Args) -> Outcome {
    match args.account()? {
        Some(account) => watch(&account, args.number("seconds")?.unwrap_or(5)),
        None => kill_and_restart(),
    }
}

fn watch(account: &Account, seconds: u64) -> Outcome {
    let user = User::login("you", account, options(account), Instant::now())?;
    println!("watching for {seconds} s");
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while let Some(news) = user.next(deadline)? {
        if let News::Closed(code) = news {
            return Err(format!("the session was closed with {code}").into());
        }
    }
    user.client.close();
    Ok(())
}

/// All options for a lost connection.
fn options(account: &Account) -> ClientOptions {
    account
        .options()
        .resume_rooms(true)
        .queue_while_reconnecting(1 << 20, Duration::from_secs(60))
        .resend_in_flight(true)
        .catch_up(CatchUp::new())
}

fn kill_and_restart() -> Outcome {
    let begun = Instant::now();
    let gate = Gate::builder().start()?;
    let (endpoint, account) = (gate.endpoint(), Account::at(&gate, ANN));
    println!("A gate at {}", gate.url());

    // Ann waits for a minute between two attempts, Bob for half a second and then for one.
    let patient =
        RegressiveStrategy::new().start_connect_failed_count(0).linear_regressive_count(1);
    let eager = patient.max_interval_seconds(1).linear_regressive_count(2);
    let patient = patient.max_interval_seconds(60);
    let ann = options(&account).regressive_strategy(patient);
    let ann = User::login("Ann", &account, ann, begun)?;
    let account = Account { uid: BOB, ..account };
    let bob = options(&account).regressive_strategy(eager);
    let bob = User::login("Bob", &account, bob, begun)?;
    bob.say("before")?;
    ann.hears("before", false)?;

    // A message in flight when the connection ends: the gate takes the message and does not answer.
    gate.faults().on("sendmsg").never_answer();
    let (callback, on_its_way) = reply::channel();
    ann.client.send_chat(BOB, "are you there?", "", None, None, callback);
    bob.hears("are you there?", false)?;

    println!("\nThe gate is killed.");
    let remembered = gate.snapshot();
    drop(gate);
    for user in [&ann, &bob] {
        user.wait_for("the loss", |news| {
            matches!(news, News::State(ConnectionState::Reconnecting { .. }))
        })?;
    }
    let (callback, reply) = reply::channel();
    ann.client.get_server_time(None, callback);
    let failed = reply.wait().err().ok_or("a call was answered without a gate")?;
    ann.line(format_args!("a call made meanwhile: {failed}"));
    check(failed.code() == error_code::fpnn::CORE_CONNECTION_CLOSED, || failed.to_string())?;
    let (callback, queued) = reply::channel();
    ann.client.send_chat(BOB, "hello?", "", None, None, callback);
    ann.line("a message made meanwhile waits");

    println!("\nThe gate is started again, on the same port. Bob is back first, and writes.");
    let gate = Gate::builder().listen(&*endpoint).seed(remembered).start()?;
    bob.wait_for("the relogin", |news| matches!(news, News::State(ConnectionState::Online)))?;
    for text in ["I am here", "where are you?"] {
        let (callback, reply) = reply::channel();
        bob.client.send_chat(ANN, text, "", None, TIMEOUT, callback);
        reply.wait()?;
    }

    println!("\nAnn's program learns that the network is there again.");
    ann.client.check_connection();
    ann.wait_for("the relogin", |news| matches!(news, News::State(ConnectionState::Online)))?;
    // Bob has the first message already, because the gate knows its mid.
    let mid = on_its_way.wait().map_err(|failed| failed.error)?.mid;
    ann.line(format_args!(
        "the message on its way was sent again, with its mid {mid}, and has arrived"
    ));
    queued.wait().map_err(|failed| failed.error)?;
    ann.line("the message made meanwhile has arrived");
    bob.hears("hello?", false)?;
    ann.hears("I am here", true)?;
    ann.hears("where are you?", true)?;
    bob.say("after")?;
    // Only this message comes: a repeated message would have come first. And Ann is in the room again.
    ann.hears("after", false)?;
    check(gate.connections() == 2, || format!("{} connections", gate.connections()))?;

    println!("\nThe clients are closed: no attempts follow.");
    for user in [&ann, &bob] {
        user.client.close();
        user.wait_for("the end", |news| matches!(news, News::Closed(0)))?;
    }
    Ok(())
}

impl User {
    /// Logs in, and enters the room.
    fn login(
        name: &'static str,
        account: &Account,
        options: ClientOptions,
        begun: Instant,
    ) -> Outcome<User> {
        let client = RtmClient::new(options);
        let (sender, news) = channel();
        for push in [server_push::RECV_CHAT, server_push::RECV_ROOM_CHAT] {
            let sender = sender.clone();
            client.processor().on(push, move |message| {
                let (text, caught_up) = (message.msg.to_string(), message.caught_up);
                let _ = sender.send(News::Message { text, caught_up });
            });
        }
        let (states, errors, gaps) = (sender.clone(), sender.clone(), sender.clone());
        client.on_connection_state(move |state| drop(states.send(News::State(*state))));
        client.on_error_recorder(move |error| drop(errors.send(News::Error(error.clone()))));
        client.on_gap(move |gap| drop(gaps.send(News::Gap(gap.clone()))));
        client.on_session_closed(move |code| drop(sender.send(News::Closed(code))));

        let (callback, reply) = reply::login();
        client.login(account.uid, &account.token, callback, TIMEOUT);
        reply.wait()?;
        let (callback, reply) = reply::channel();
        client.enter_room(ROOM, TIMEOUT, callback);
        reply.wait()?;
        Ok(User { name, client, news, begun })
    }

    fn line(&self, text: impl fmt::Display) {
        println!("{:7.3} s  {}  {text}", self.begun.elapsed().as_secs_f64(), self.name);
    }

    /// The next thing the client is told, said; nothing if there is none before the deadline.
    fn next(&self, deadline: Instant) -> Outcome<Option<News>> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.news.recv_timeout(left) {
            Ok(news) => {
                self.line(format_args!("{news}"));
                Ok(Some(news))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err("the client is gone".into()),
        }
    }

    fn wait_for(&self, what: &str, is_it: impl Fn(&News) -> bool) -> Outcome<News> {
        let deadline = Instant::now() + TIMEOUT;
        while let Some(news) = self.next(deadline)? {
            if is_it(&news) {
                return Ok(news);
            }
        }
        Err(format!("{} waited for {what} in vain", self.name).into())
    }

    fn say(&self, text: &str) -> Outcome {
        let (callback, reply) = reply::channel();
        self.client.send_room_chat(ROOM, None, text, "", None, TIMEOUT, callback);
        reply.wait()?;
        Ok(())
    }

    /// The next message is that one.
    fn hears(&self, expected: &str, missed: bool) -> Outcome {
        let told = |news: &News| matches!(news, News::Message { .. } | News::Gap(_));
        match self.wait_for("a message", told)? {
            News::Message { text, caught_up } if text == expected && caught_up == missed => Ok(()),
            other => {
                let name = self.name;
                Err(format!("{name} was told this: {other}; in place of {expected:?}").into())
            }
        }
    }
}
