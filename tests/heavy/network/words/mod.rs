//! What an error on the way to a gate says: a row for each sentence, played over real sockets.

mod given;
mod reach;
mod tls;
mod tunnel;
mod upgrade;
mod uploads;

use rtm_client::ClientOptions;

use crate::{login, refused};

/// A sentence, in which PEER stands for who it is about, and what brings it about.
struct Row {
    says: &'static str,
    play: fn() -> Said,
}

enum Said {
    Text {
        text: String,
        peer: String,
    },
    /// That cannot be had on this machine.
    Skipped(&'static str),
}

fn play(rows: &[Row]) {
    for row in rows {
        match (row.play)() {
            Said::Text { text, peer } => {
                let expected = row.says.replace("PEER", &peer);
                assert!(text.contains(&expected), "not {expected:?}: {text}");
            }
            Said::Skipped(why) => println!("skipped: {why}: {:?}", row.says),
        }
    }
}

/// What the error of a login says that fails while `serve` does the other end.
fn said(options: ClientOptions, peer: impl Into<String>, serve: impl FnOnce()) -> Said {
    let (client, record) = login(options);
    serve();
    Said::Text { text: refused(&client, &record), peer: peer.into() }
}
