//! The Files page.

use rtm_client::RtmClient;
use rtm_client::types::File;

use super::{Args, Sink};
use crate::ours;
use crate::peer::TIMEOUT;

pub(super) fn call(c: &RtmClient, js: &str, a: Args<'_>, s: &Sink) -> bool {
    match js {
        "fileToken" => c.file_token(
            a.text("cmd"),
            a.opt_ints("tos").as_deref(),
            a.opt_int("to"),
            a.opt_int("rid"),
            a.opt_int("gid"),
            TIMEOUT,
            s.data(ours::file_token),
        ),
        "sendFile" => {
            c.send_file(a.int("mtype"), a.int("to"), file(a), a.opt_int("mid"), TIMEOUT, s.sent())
        }
        "sendGroupFile" => c.send_group_file(
            a.int("mtype"),
            a.int("gid"),
            file(a),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        "sendRoomFile" => c.send_room_file(
            a.int("mtype"),
            a.int("rid"),
            file(a),
            a.opt_int("mid"),
            TIMEOUT,
            s.sent(),
        ),
        _ => return false,
    }
    true
}

fn file(a: Args<'_>) -> File {
    let file = a.value("file");
    File::from_bytes(file.get("name").str(), file.get("hex").unhex().unwrap_or_default())
}
