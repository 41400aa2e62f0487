//! A call sends the recorded bytes.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver};

use rtm_client::{ClientOptions, RtmClient};

use crate::calls::{self, Outcome};
use crate::package::{self, Package};
use crate::peer::{Connection, DEADLINE, PID, Peer, Session, Shared, TIMEOUT, UID};
use crate::record::{Value, hex};
use crate::report::Verdict;

pub(crate) struct Judge {
    shared: Shared,
    mids: Mids,
}

impl Judge {
    pub(crate) fn new(peer: Peer) -> Judge {
        Judge { shared: Shared::new(peer), mids: Mids::default() }
    }

    pub(crate) fn line(&mut self, line: &Value) -> Verdict {
        match line.get("js").str() {
            "endpoint" => endpoint(line),
            "login" => self.login(line).into(),
            "bye" => self.bye(line).into(),
            js => self.call(js, line).into(),
        }
    }

    fn login(&mut self, line: &Value) -> Result<Verdict, String> {
        let client = RtmClient::new(options(line).endpoint(self.shared.peer.address()));
        self.shared.peer.forget();
        let args = line.get("args");
        client.login(args.at(0).int(), args.at(1).str(), |_ok, _code| {}, TIMEOUT);
        let auth = self.shared.peer.accept()?.package(|| false);
        client.close();
        self.compare(line, &auth?)
    }

    fn bye(&mut self, line: &Value) -> Result<Verdict, String> {
        let mut session = Session::login(&self.shared.peer, UID, |_| {})?;
        session.client.bye();
        let package = session.connection.package(|| false)?;
        self.compare(line, &package)
    }

    fn call(&mut self, js: &str, line: &Value) -> Result<Verdict, String> {
        let mut session = self.shared.take()?;
        let (sender, outcome) = mpsc::channel();
        if !calls::call(&session.client, js, line.get("args"), sender) {
            self.shared.put_back(session);
            return Ok(Verdict::Missing(js.to_owned()));
        }
        let package = sent(&mut session.connection, &outcome)?;
        session.connection.send(&package::answer(false, package.seq, &[0x80]));
        outcome.recv_timeout(DEADLINE).map_err(|_| "the callback was not called")?;
        self.shared.put_back(session);
        self.compare(line, &package)
    }

    fn compare(&mut self, line: &Value, package: &Package) -> Result<Verdict, String> {
        self.mids.compare(line.get("frame_hex"), package, line.get("auto_mid").truthy())
    }
}

/// The mids made up so far.
#[derive(Default)]
pub(crate) struct Mids(HashSet<i64>);

impl Mids {
    /// Whether the package is the recorded one but for its number, and with `auto_mid` but for the 8 bytes of its mid.
    pub(crate) fn compare(
        &mut self,
        frame_hex: &Value,
        package: &Package,
        auto_mid: bool,
    ) -> Result<Verdict, String> {
        let expected = frame_hex.unhex().ok_or("frame_hex is no hex")?;
        let mut actual = package.cleared();
        if auto_mid {
            let at = mid_at(&expected).ok_or("auto_mid without a mid in frame_hex")?;
            let made = actual.get_mut(at.clone()).ok_or("the package is too short for a mid")?;
            let mid = i64::from_be_bytes((&*made).try_into().map_err(|_| "no mid")?);
            if mid <= 0 || !self.0.insert(mid) {
                return Ok(Verdict::different("a new, positive mid", mid));
            }
            made.copy_from_slice(&expected[at]);
        }
        Ok(Verdict::of(hex(&expected), hex(&actual)))
    }
}

/// The package of the call just made, unless the callback says that none was sent.
pub(crate) fn sent(
    connection: &mut Connection,
    outcome: &Receiver<Outcome>,
) -> Result<Package, String> {
    let mut refused = None;
    let package = connection.package(|| {
        refused = outcome.try_recv().ok();
        refused.is_some()
    });
    match refused {
        Some(outcome) => Err(format!("nothing was sent, the callback got {outcome}")),
        None => package,
    }
}

/// Where the int64 of the key `mid` stands.
fn mid_at(frame: &[u8]) -> Option<Range<usize>> {
    const KEY: &[u8] = b"\xa3mid\xd3";
    let start = frame.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let at = start..start + 8;
    frame.get(at.clone()).map(|_| at)
}

fn endpoint(line: &Value) -> Verdict {
    Verdict::of(line.get("ws_url").str(), &options(line).gate_url()[..])
}

pub(crate) fn options(line: &Value) -> ClientOptions {
    let recorded = line.get("options");
    let pid = if recorded.has("pid") { recorded.get("pid").int() } else { PID };
    let mut options = ClientOptions::new(pid).auto_reconnect(false);
    if recorded.has("endpoint") {
        options = options.endpoint(recorded.get("endpoint").str());
    }
    if recorded.has("ssl_endpoint") {
        options = options.ssl_endpoint(recorded.get("ssl_endpoint").str());
    }
    if !recorded.get("attrs").is_nil() {
        let attrs = recorded.get("attrs").entries().iter();
        options = options.attrs(attrs.map(|(key, value)| (key.as_str(), value.str())));
    }
    options
}
