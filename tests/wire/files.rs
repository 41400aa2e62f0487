//! A file call sends the recorded bytes to both gates.

use std::sync::mpsc::{self, Receiver};

use rtm_client::ClientOptions;

use crate::answers::{self, MID};
use crate::calls::{self, Outcome};
use crate::package;
use crate::peer::{Connection, DEADLINE, PID, Peer, Shared};
use crate::record::Value;
use crate::report::Verdict;
use crate::requests::{self, Mids};

/// The endpoint of the recording's client.
const ENDPOINT: &str = "127.0.0.1:13321";
/// `{token: "FTOKEN-0123456789abcdef", endpoint: "10.1.2.3:13131"}`, as the recording's gate answered.
const TOKEN: &[u8] = b"\x82\xa5token\xb7FTOKEN-0123456789abcdef\xa8endpoint\xae10.1.2.3:13131";
/// `{mtime: 1}`
const TAKEN: &[u8] = b"\x81\xa5mtime\x01";

pub(crate) struct Judge {
    shared: Shared,
    mids: Mids,
}

impl Judge {
    pub(crate) fn new(peer: Peer) -> Judge {
        Judge { shared: Shared::new(peer), mids: Mids::default() }
    }

    pub(crate) fn line(&mut self, line: &Value) -> Verdict {
        self.judge(line).into()
    }

    fn judge(&mut self, line: &Value) -> Result<Verdict, String> {
        let gate = line.get("file_gate");
        let options = match line.get("options") {
            Value::Nil => ClientOptions::new(PID).endpoint(ENDPOINT),
            _ => requests::options(line),
        };
        let url = options.file_gate_url();
        if url != gate.get("url").str() {
            return Ok(Verdict::different(gate.get("url").str(), url));
        }
        let mut session = self.shared.take()?;
        let (sender, outcome) = mpsc::channel();
        let js = line.get("js").str();
        if !calls::call(&session.client, js, line.get("args"), sender) {
            self.shared.put_back(session);
            return Ok(Verdict::Missing(js.to_owned()));
        }
        let request = requests::sent(&mut session.connection, &outcome)?;
        session.connection.send(&package::answer(false, request.seq, TOKEN));
        let mut file_gate = self.file_gate(&outcome)?;
        let upload = requests::sent(&mut file_gate, &outcome)?;
        file_gate.send(&package::answer(false, upload.seq, TAKEN));
        outcome.recv_timeout(DEADLINE).map_err(|_| "the callback was not called")?;
        self.shared.put_back(session);

        let auto_mid = line.get("auto_mid").truthy();
        match self.mids.compare(line.get("frame_hex"), &request, false)? {
            Verdict::Identical => self.mids.compare(gate.get("frame_hex"), &upload, auto_mid),
            other => Ok(other),
        }
    }

    fn file_gate(&self, outcome: &Receiver<Outcome>) -> Result<Connection, String> {
        self.shared.peer.accept().map_err(|err| match outcome.try_recv() {
            Ok(outcome) => format!("{err}, the callback got {outcome}"),
            Err(_) => err,
        })
    }
}

/// A line of the answers: `wire_method` says whether the request for a token is answered or the file itself.
pub(crate) fn answer(shared: &mut Shared, line: &Value) -> Result<Verdict, String> {
    let answer = line.get("answer_hex").unhex().ok_or("answer_hex is no hex")?;
    let js = line.get("js").str();
    let expected = answers::expected(js, line, &answer)?;
    let mut session = shared.take()?;
    let args = Value::Map(vec![("mid".into(), Value::Int(MID.into()))]);
    let (sender, outcome) = mpsc::channel();
    if !calls::call(&session.client, js, &args, sender) {
        return Ok(Verdict::Missing(js.to_owned()));
    }
    let request = requests::sent(&mut session.connection, &outcome)?;
    if line.get("wire_method").str() == "filetoken" {
        session.connection.send(&answers::numbered(&answer, request.seq));
    } else {
        session.connection.send(&package::answer(false, request.seq, TOKEN));
        let mut file_gate = shared.peer.accept()?;
        let upload = requests::sent(&mut file_gate, &outcome)?;
        file_gate.send(&answers::numbered(&answer, upload.seq));
    }
    let actual = outcome.recv_timeout(DEADLINE).map_err(|_| "the callback was not called")?;
    Ok(answers::compare(expected, actual))
}
