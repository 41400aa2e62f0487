//! A game: 60 frames a second, and callbacks run in the frame, where the game's state is.
//!
//! ```console
//! $ cargo run --example game_loop
//! $ cargo run --example game_loop -- --endpoint HOST:PORT --pid P --uid U --token T --rid R
//! ```
//!
//! With `Callbacks::Manual` the client runs no callback by itself. `run_callbacks(Duration::ZERO)` runs the callbacks
//! that are due and never waits, so a frame only pays for its handlers.

mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::{Account, Args, Outcome, TIMEOUT, check};
use rtm_client::types::mtype;
use rtm_client::{Callbacks, RtmClient, reply, server_push};

const HELP: &str = "\
game_loop: two seconds of a game at 60 frames a second, at a gate of its own or at the one named

  cargo run --example game_loop
  cargo run --example game_loop -- --endpoint HOST:PORT --pid P --uid U --token T --rid R

  --rid R   the room the game is played in; by default 400";

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
const FRAMES: usize = 120;
/// The number of frames between two positions: ten positions a second.
const SEND_EVERY: usize = 6;
const WIDTH: i64 = 40;

/// The positions of all players.
#[derive(Default)]
struct World {
    players: BTreeMap<i64, i64>,
}

/// The news from the network. Handlers own their values, so they send the news to the loop through a channel.
enum News {
    Moved {
        uid: i64,
        x: i64,
    },
    /// A call failed, or has done its work.
    Answer(Result<&'static str, String>),
}

fn main() -> ExitCode {
    common::main(HELP, &["rid"], run)
}

fn run(args: &Args) -> Outcome {
    let (account, gate) = args.account_or_gate()?;
    let rid = args.number("rid")?.unwrap_or(400);
    // At our own gate there is another player.
    let other = gate.as_ref().map(|gate| follower(Account::at(gate, account.uid + 1), rid));
    let other = other.transpose()?;

    let client = RtmClient::new(account.options().callbacks(Callbacks::Manual));
    let (sender, news) = channel();
    join(&client, &account, rid, &sender);

    let mut world = World::default();
    let mut frames = Vec::with_capacity(FRAMES);
    let mut playing = false;
    let (mut moves, mut answers) = (0, 0);
    let mut next = Instant::now();
    let started = next;
    while frames.len() < FRAMES || answers < moves {
        let begun = Instant::now();
        check(begun - started < TIMEOUT, || format!("{answers} answers to {moves} moves"))?;

        // 1. The network: callbacks and handlers run here, on this thread.
        client.run_callbacks(Duration::ZERO)?;
        for news in news.try_iter() {
            match news {
                News::Moved { uid, x } => _ = world.players.insert(uid, x),
                News::Answer(Ok("enter_room")) => playing = true,
                News::Answer(Ok(_)) => answers += 1,
                News::Answer(Err(error)) => return Err(error.into()),
            }
        }

        // 2. The game.
        let frame = frames.len();
        if playing && frame < FRAMES {
            let x = (frame as i64 / 2) % WIDTH;
            world.players.insert(account.uid, x);
            if frame % SEND_EVERY == 0 {
                moves += 1;
                send_move(&client, rid, x, &sender);
            }
        }

        // 3. The picture. Every twentieth frame is enough here.
        if frame % 20 == 0 && frame < FRAMES {
            println!("frame {frame:3}  {}", draw(&world, account.uid));
        }

        frames.push(begun.elapsed());
        next += FRAME;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }

    frames.sort();
    let at = |part: f64| frames[((frames.len() - 1) as f64 * part) as usize];
    println!(
        "{} frames, time used in each: median {:?}, 99 % under {:?}, longest {:?}",
        frames.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("{moves} moves sent, all answered");
    check(at(0.5) < FRAME, || "frames take too long".to_owned())?;

    client.close();
    if let Some(other) = other {
        for seen in 0..moves {
            let moved = other.moves.recv_timeout(TIMEOUT);
            moved.map_err(|_| format!("the other player saw {seen} moves of {moves}"))?;
        }
        println!("the other player saw all of them");
        let last = world.players.get(&other.uid);
        println!("and was last seen at {last:?}");
        check(last.is_some(), || "the other player was never seen".to_owned())?;
    }
    Ok(())
}

/// Logs in, then enters the room. Nothing here waits: the answers come in later frames.
fn join(client: &RtmClient, account: &Account, rid: i64, news: &Sender<News>) {
    let moved = news.clone();
    client.processor().on(server_push::RECV_ROOM_MESSAGE, move |message| {
        if let Some(x) = position(message.msg.as_str()) {
            let _ = moved.send(News::Moved { uid: message.from, x });
        }
    });

    let news = news.clone();
    let weak = client.downgrade();
    client.login(
        account.uid,
        &account.token,
        move |ok, error_code| {
            let Some(client) = weak.upgrade() else { return };
            if !ok {
                let _ = news.send(News::Answer(Err(format!("login: code {error_code}"))));
                return;
            }
            client.enter_room(rid, TIMEOUT, move |err, _| {
                let answer = err.map_or(Ok("enter_room"), |err| Err(format!("enter_room: {err}")));
                let _ = news.send(News::Answer(answer));
            });
        },
        TIMEOUT,
    );
}

fn send_move(client: &RtmClient, rid: i64, x: i64, news: &Sender<News>) {
    let news = news.clone();
    client.send_room_message(rid, MOVE, format!("x={x}"), "", None, TIMEOUT, move |err, _| {
        let answer = err.map_or(Ok("send_room_message"), |err| Err(common::in_words(&err)));
        let _ = news.send(News::Answer(answer));
    });
}

/// A message type of the game's own.
const MOVE: i64 = mtype::FIRST_OF_APPLICATION;

fn position(text: Option<&str>) -> Option<i64> {
    text?.strip_prefix("x=")?.parse().ok()
}

fn draw(world: &World, me: i64) -> String {
    let mut line = vec!['·'; WIDTH as usize];
    for (&uid, &x) in &world.players {
        if let Some(place) = line.get_mut(x as usize) {
            *place = if uid == me { '@' } else { 'o' };
        }
    }
    line.into_iter().collect()
}

struct Follower {
    uid: i64,
    moves: Receiver<i64>,
    /// Ends when this sender is dropped.
    _client: RtmClient,
}

/// A player who follows the path of the other player, from the other end.
fn follower(account: Account, rid: i64) -> Outcome<Follower> {
    let client = RtmClient::new(account.options());
    let (sender, moves) = channel();
    let weak = client.downgrade();
    client.processor().on(server_push::RECV_ROOM_MESSAGE, move |message| {
        let Some((client, x)) = weak.upgrade().zip(position(message.msg.as_str())) else { return };
        let _ = sender.send(x);
        let text = format!("x={}", WIDTH - 1 - x);
        client.send_room_message(rid, MOVE, text, "", None, None, reply::ignore);
    });

    let (callback, reply) = reply::login();
    client.login(account.uid, &account.token, callback, TIMEOUT);
    reply.wait()?;
    let (callback, reply) = reply::channel();
    client.enter_room(rid, TIMEOUT, callback);
    reply.wait()?;
    Ok(Follower { uid: account.uid, moves, _client: client })
}
