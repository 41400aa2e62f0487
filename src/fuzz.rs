//! The functions of the fuzz targets in `tests/fuzz/`, one for each: any bytes may come, and nothing may panic.
//!
//! The test below runs the same functions over the corpora in `tests/fuzz/corpus/`, which hold the seeds and earlier
//! findings.

use std::time::Instant;

use crate::push::{Processor, Push};
use crate::types::*;
use crate::wire::answer::Answer;
use crate::wire::frames::{Found, Frames, Reads};
use crate::wire::package::{self, Encoding, Kind, Malformed, Reader};
use crate::wire::payload::with_fields;

#[cfg(feature = "gate")]
pub use crate::gate::fuzz::gate;
pub use crate::session::fuzz::session;
pub use crate::wire::frames::fuzz::frames;

/// The largest package read here.
const LIMIT: usize = 1 << 20;

/// Of each package what names it and its payload, and what ended the reading.
type Read = (Vec<(Vec<u8>, Vec<u8>)>, Option<Malformed>);

/// What a reader makes of a stream of packages.
fn read_packages(data: &[u8], step: usize) -> Read {
    let mut reader = Reader::new(LIMIT);
    let mut found = Vec::new();
    for piece in data.chunks(step) {
        let read = reader.read(piece, |package| {
            let method = match package.kind {
                Kind::OneWay { method } | Kind::Quest { method, .. } => method.to_vec(),
                Kind::Answer { .. } => Vec::new(),
            };
            found.push((method, package.payload.to_vec()));
            true
        });
        if let Err(malformed) = read {
            return (found, Some(malformed));
        }
    }
    (found, None)
}

/// The package reader: however the bytes are cut, the packages are the same.
pub fn package(data: &[u8]) {
    let Some((step, data)) = data.split_first() else { return };
    let in_pieces = read_packages(data, usize::from(*step) + 1);
    let whole = read_packages(data, LIMIT);
    assert_eq!(in_pieces.0, whole.0, "other packages when cut");
    // A header that is cut short is refused as soon as the offending byte is there.
    assert_eq!(in_pieces.1.is_some(), whole.1.is_some());
}

/// What comes behind the upgrade, in pieces of `step` bytes: frames, messages, packages.
fn read_stream(data: &[u8], step: usize, repair: bool) -> (Read, bool) {
    let mut frames = Frames::new(Reads::Client { repair }, LIMIT);
    let mut reader = Reader::new(LIMIT);
    let mut read: Read = (Vec::new(), None);
    for piece in data.chunks(step) {
        frames.push(piece);
        loop {
            let message = match frames.next() {
                Ok(Some(Found::Message(message))) => message,
                Ok(Some(Found::Nothing)) => continue,
                Ok(None) => break,
                Ok(Some(Found::Close(_))) | Err(_) => return (read, true),
            };
            let cut = reader.read(message, |package| {
                read.0.push((Vec::new(), package.payload.to_vec()));
                true
            });
            if let Err(malformed) = cut {
                read.1 = Some(malformed);
                return (read, true);
            }
        }
    }
    (read, false)
}

/// What the client reads from the gate: however the bytes are cut, the packages are the same.
pub fn stream(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let (repair, step) = (first & 1 == 0, usize::from(first >> 1) + 1);
    assert_eq!(read_stream(data, step, repair), read_stream(data, LIMIT, repair));
}

fn encoding(first: u8) -> Encoding {
    if first & 1 == 0 { Encoding::MsgPack } else { Encoding::Json }
}

/// The payload of an answer, as every decoder reads it.
pub fn answers(data: &[u8]) {
    let Some((first, payload)) = data.split_first() else { return };
    let encoding = encoding(*first);
    let answer = Answer { status: first >> 7, encoding, payload };
    let _ = SendReply::decode(1, &answer);
    let _ = answer.read(|fields| Ok(fields.is_empty()));
    let _ = with_fields(encoding, payload, |fields| {
        let _ = HistoryResult::<HistoryMessage>::decode(fields);
        let _ = HistoryResult::<P2PMessage>::decode(fields);
        let _ = MessageInfo::decode(fields);
        let _ = Conversation::<HistoryMessage>::decode_list(fields);
        let _ = Conversation::<P2PMessage>::decode_list(fields);
        let _ = UnreadConversations::decode(fields);
        let _ = Sessions::decode(fields);
        let _ = UnreadMessages::decode(fields);
        let _ = P2PUnreadCounts::decode(fields);
        let _ = GroupUnreadCounts::decode(fields);
        let _ = GroupMembers::decode(fields);
        let _ = GroupCount::decode(fields);
        let _ = room_counts(fields);
        let _ = room_last_messages(fields);
        let _ = Info::decode(fields);
        let _ = OpenInfo::decode(fields);
        let _ = open_infos(fields);
        let _ = DataValue::decode(fields);
        let _ = ConnectionAttrs::decode(fields);
        let _ = DevicePushOptions::decode(fields);
        let _ = Translation::decode(fields);
        let _ = Profanity::decode(fields);
        let _ = TextCheck::decode(fields);
        let _ = MediaCheck::decode(fields);
        let _ = SpeechText::decode(fields);
        for key in ["uids", "mts", "val", "ok"] {
            let _ = (fields.ids(key), fields.int(key), fields.bool(key), Body::of(fields, key));
        }
    });
}

/// The answers on the way of a file: its token, what the file gate says, what a file message says of it.
pub fn files(data: &[u8]) {
    let Some((first, payload)) = data.split_first() else { return };
    let encoding = encoding(*first);
    let answer = Answer { status: first >> 7, encoding, payload };
    let _ = answer.read(FileToken::decode);
    let _ = UploadReply::decode(1, &answer);
    let _ = SendReply::decode(1, &answer);
    let _ = with_fields(encoding, payload, |fields| {
        FileInfo::of(&Body::of(fields, "msg"), &Text::of(fields, "attrs"))
    });
    let text = Text::from_wire(payload);
    let body = match text.clone() {
        Text::Utf8(text) => Body::Text(text),
        Text::Bytes(bytes) => Body::Binary(bytes),
    };
    let _ = FileInfo::of(&body, &text);
}

/// A stream of pushes, decoded, filtered and handed to handlers.
pub fn pushes(data: &[u8]) {
    use crate::push::server_push::*;
    let processor = Processor::new();
    for event in [RECV_MESSAGE, RECV_CHAT, RECV_GROUP_CMD, RECV_ROOM_AUDIO, RECV_BROADCAST_FILE] {
        processor.on(event, |message: &PushMessage| drop(message.file_info()));
    }
    let mut rest = data;
    while let Ok(Some((package, used))) = package::read(rest, LIMIT) {
        if let Kind::OneWay { method } | Kind::Quest { method, .. } = package.kind {
            // An empty name stands for the commonest.
            let push = Push::of(if method.is_empty() { b"pushmsg" } else { method });
            if let Some(push) = push {
                let _ =
                    processor.deliver(push, package.encoding, package.payload, 7, Instant::now());
            }
        }
        rest = rest.get(used..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: &[Target] = &[
        ("answers", super::answers),
        ("files", super::files),
        ("frames", super::frames),
        #[cfg(feature = "gate")]
        ("gate", super::gate),
        ("package", super::package),
        ("pushes", super::pushes),
        ("session", super::session),
        ("stream", super::stream),
    ];

    /// What was a seed or a finding once does no harm.
    #[test]
    fn the_corpora_do_no_harm() {
        // These tests are compiled in tests/heavy.
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        for (target, run) in TARGETS {
            let files = fs::read_dir(folder.join(target)).expect("a corpus for each target");
            let mut count = 0;
            for file in files {
                let path = file.expect("a file").path();
                println!("{}", path.display());
                run(&fs::read(&path).expect("it can be read"));
                count += 1;
            }
            assert!(count > 0, "no corpus for {target}");
        }
    }
}
