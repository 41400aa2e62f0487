//! What happens when the gate goes away: kills it under a client, and starts it again on the same port.
//!
//! ```console
//! $ cargo run --example reconnect
//! $ cargo run --example reconnect -- --endpoint HOST:PORT --pid P --uid U --token T --seconds 60
//! ```
//!
//! A gate that is not ours cannot be killed: there the example says what it sees, while you pull the cable.

mod common;

use std::fmt;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::{Account, Args, Outcome, TIMEOUT, check};
use rtm_client::gate::Gate;
use rtm_client::{
    ClientOptions, Error, RegressiveStrategy, RtmClient, error_code, reply, server_push,
};

const HELP: &str = "\
reconnect: what becomes of calls, pushes and rooms when the gate goes away

  cargo run --example reconnect
  cargo run --example reconnect -- --endpoint HOST:PORT --pid P --uid U --token T --seconds N

  --seconds N   how long to watch a gate that is not ours; by default 5";

const ROOM: i64 = 400;
const ANN: i64 = 101;
const BOB: i64 = 102;

/// What a client is told.
enum News {
    Push(String),
    Error(Error),
    Relogin { successful: bool, retry_again: bool, error_code: i32, retried_count: u32 },
    Closed(i32),
    RoomEntered(Result<(), Error>),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::Push(text) => write!(f, "a push: {text}"),
            News::Error(error) => write!(f, "error recorder: {error}"),
            News::Relogin { successful: true, retried_count, .. } => {
                write!(f, "logged in again, at attempt {retried_count}")
            }
            News::Relogin { retry_again, error_code, retried_count, .. } => {
                let then = if *retry_again { "will try again" } else { "gives up" };
                write!(f, "attempt {retried_count} failed with {error_code}, {then}")
            }
            News::Closed(code) => write!(f, "the session is closed, code {code}"),
            News::RoomEntered(Ok(())) => write!(f, "entered the room"),
            News::RoomEntered(Err(error)) => write!(f, "could not enter the room: {error}"),
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
    let user = User::login("you", account, account.options(), Instant::now())?;
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

fn kill_and_restart() -> Outcome {
    let begun = Instant::now();
    let gate = Gate::builder().start()?;
    let (endpoint, account) = (gate.endpoint(), Account::at(&gate, ANN));
    println!("A gate at {}", gate.url());

    // Short waits between the attempts; the default goes up to 8 s.
    let strategy = RegressiveStrategy::new()
        .start_connect_failed_count(2)
        .max_interval_seconds(1)
        .linear_regressive_count(2);
    let options = || account.options().regressive_strategy(strategy);
    let ann = User::login("Ann", &account, options(), begun)?;
    let bob = User::login("Bob", &Account { uid: BOB, ..account.clone() }, options(), begun)?;
    for user in [&ann, &bob] {
        user.wait_for("the room", |news| matches!(news, News::RoomEntered(Ok(()))))?;
    }
    bob.say("before")?;
    ann.hears("before")?;

    // A call that is in flight when the connection ends: the gate gets it and does not answer.
    gate.faults().on("sendmsg").never_answer();
    let (callback, in_flight) = reply::channel();
    ann.client.send_chat(BOB, "are you there?", "", None, None, callback);
    bob.wait_for("the message", |news| matches!(news, News::Push(_)))?;

    println!("\nThe gate is killed.");
    drop(gate);
    let lost = in_flight.wait().err().ok_or("a call was answered by a gate that was killed")?;
    ann.line(format_args!("the call in flight: {}", lost.error));
    check(lost.error.code() == error_code::fpnn::CORE_CONNECTION_CLOSED, || {
        format!("the call in flight ended with {}", lost.error)
    })?;

    let (callback, reply) = reply::channel();
    ann.client.send_chat(BOB, "hello?", "", None, None, callback);
    let refused = reply.wait().err().ok_or("a call was answered without a gate")?;
    ann.line(format_args!("a call made meanwhile: {}", refused.error));
    for user in [&ann, &bob] {
        user.wait_for("a failed attempt", |news| {
            matches!(news, News::Relogin { successful: false, retry_again: true, .. })
        })?;
    }

    println!("\nThe gate is started again, on the same port.");
    let gate = Gate::builder().listen(&*endpoint).start()?;
    for user in [&ann, &bob] {
        user.wait_for("the relogin", |news| {
            matches!(news, News::Relogin { successful: true, error_code: 0, .. })
        })?;
        // A room is left when the connection ends. The handler of the relogin has entered it again.
        user.wait_for("the room", |news| matches!(news, News::RoomEntered(Ok(()))))?;
    }

    // Whether the service acted on the call that was in flight is not known. With its mid it can be sent again: the
    // receiver sees it once. Bob has it, from before; the duplicate filter lasts over the outage.
    let (callback, reply) = reply::channel();
    ann.client.send_chat(BOB, "are you there?", "", lost.mid, TIMEOUT, callback);
    reply.wait()?;
    ann.line(format_args!("sent again with the same mid, {}", lost.mid));
    ann.say("after")?;
    // Nothing but this: had the message come a second time, it would have come first.
    bob.hears("after")?;
    bob.line("has not seen the message twice");
    check(gate.connections() == 2, || format!("{} connections", gate.connections()))?;

    println!("\nThe clients are closed: no attempts follow.");
    for user in [&ann, &bob] {
        user.client.close();
        user.wait_for("the end", |news| matches!(news, News::Closed(0)))?;
    }
    Ok(())
}

impl User {
    /// Logs in; enters the room then and after each relogin.
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
                let _ = sender.send(News::Push(message.msg.to_string()));
            });
        }
        let errors = sender.clone();
        client.on_error_recorder(move |error| {
            let _ = errors.send(News::Error(error.clone()));
        });
        let closed = sender.clone();
        client.on_session_closed(move |code| {
            let _ = closed.send(News::Closed(code));
        });
        let weak = client.downgrade();
        let relogins = sender.clone();
        client.on_relogin_completed(move |successful, retry_again, error_code, retried_count| {
            let _ =
                relogins.send(News::Relogin { successful, retry_again, error_code, retried_count });
            if let (true, Some(client)) = (successful, weak.upgrade()) {
                let sender = relogins.clone();
                client.enter_room(ROOM, TIMEOUT, move |err, _| {
                    let _ = sender.send(News::RoomEntered(err.map_or(Ok(()), Err)));
                });
            }
        });

        let (callback, reply) = reply::login();
        client.login(account.uid, &account.token, callback, TIMEOUT);
        reply.wait()?;
        client.enter_room(ROOM, TIMEOUT, move |err, _| {
            let _ = sender.send(News::RoomEntered(err.map_or(Ok(()), Err)));
        });
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

    /// The next push is that one.
    fn hears(&self, text: &str) -> Outcome {
        match self.wait_for("a push", |news| matches!(news, News::Push(_)))? {
            News::Push(heard) if heard == text => Ok(()),
            other => {
                Err(format!("{} was told this: {other}; in place of {text:?}", self.name).into())
            }
        }
    }
}
