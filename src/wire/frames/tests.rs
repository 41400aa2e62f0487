use proptest::prelude::*;
use proptest::sample::select;

use super::fuzz::{End, Heard, compare, read};
use super::*;
use crate::testing::few_or_many;

const CLIENT: Reads = Reads::Client { repair: false };
const REPAIRS: Reads = Reads::Client { repair: true };
const KEY: [u8; 4] = [0x12, 0xff, 0x00, 0x9c];

fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let len = payload.len();
    let masked = if key.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match len {
        0..126 => frame.push(masked | len as u8),
        126..=0xffff => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            frame.push(masked | 127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&key.unwrap_or_default());
    if key.is_none() {
        frame.truncate(frame.len() - 4);
    }
    let start = frame.len();
    frame.extend_from_slice(payload);
    mask(&mut frame[start..], key.unwrap_or_default());
    frame
}

fn key_of(role: Reads) -> Option<[u8; 4]> {
    (role == Reads::Gate).then_some(KEY)
}

/// A package's first bytes and a payload.
fn package(len: usize) -> Vec<u8> {
    let start = b"FPNN".iter().copied().chain((0..=120).cycle());
    start.take(len).collect()
}

/// As the service sends it.
fn service_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = frame(0x82, payload, None);
    if payload.len() == 126 {
        frame.drain(2..4);
    }
    frame
}

/// All that is allocated.
fn memory(frames: &Frames) -> usize {
    let pong = frames.pong.as_ref().map_or(0, Vec::capacity);
    frames.buffer.capacity() + frames.gathered.capacity() + pong
}

/// The bytes come all at once, as far as there is room; returns the messages.
fn feed(frames: &mut Frames, mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    loop {
        match frames.next().unwrap() {
            Some(Found::Message(message)) => messages.push(message.to_vec()),
            Some(_) => {}
            None if bytes.is_empty() => return messages,
            None => {
                let room = frames.room();
                let n = room.len().min(bytes.len());
                room[..n].copy_from_slice(&bytes[..n]);
                frames.filled(n);
                bytes = &bytes[n..];
            }
        }
    }
}

#[test]
fn messages_come_whole_wherever_the_stream_is_cut() {
    for role in [CLIENT, REPAIRS, Reads::Gate] {
        let key = key_of(role);
        let payloads = [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 70_001, 300_000].map(package);
        let bytes: Vec<u8> = payloads.iter().flat_map(|p| frame(0x82, p, key)).collect();
        for size in [1, 2, 3, 7, 126, 1000, 16 << 10, 1 << 20] {
            let heard = read(&bytes, &[size], role, 300_000);
            assert_eq!(heard.messages, payloads, "{role:?}, {size} at a time");
            assert_eq!(heard.end, End::Open);
        }
    }
}

#[test]
fn fragments_make_a_message_with_control_frames_between() {
    for role in [CLIENT, Reads::Gate] {
        let key = key_of(role);
        let text = "a text of 43 bytes, h\u{e4}lf of it \u{1f600} not ASCII".as_bytes();
        let mut bytes = frame(0x01, b"", key);
        for piece in text.chunks(1) {
            bytes.extend(frame(0x00, piece, key));
            bytes.extend(frame(0x89, b"ping", key));
            bytes.extend(frame(0x8a, b"pong", key));
        }
        bytes.extend(frame(0x80, b"", key));
        bytes.extend(frame(0x82, b"next", key));
        let heard = read(&bytes, &[5], role, 1000);
        assert_eq!(heard.messages, [text, b"next"]);
        assert_eq!(heard.pings, vec![b"ping"; text.len()]);
        compare(&bytes, &[5], role, 1000);
    }
}

#[test]
fn one_pong_waits_for_the_latest_ping() {
    for role in [CLIENT, Reads::Gate] {
        let mut frames = Frames::new(role, 1000);
        assert_eq!(frames.take_pong(), None);
        for n in 0..100 {
            feed(&mut frames, &frame(0x89, &[n; 125], key_of(role)));
        }
        assert_eq!(frames.take_pong(), Some(vec![99; 125]));
        assert_eq!(frames.take_pong(), None);
        feed(&mut frames, &frame(0x89, b"", key_of(role)));
        assert_eq!(frames.take_pong(), Some(vec![]));
    }
}

#[test]
fn nothing_comes_behind_a_close() {
    let codes = [
        (&b""[..], None),
        (&[3, 0xe8], Some(1000)),
        (b"\x0f\xa0go away", Some(4000)),
        // What may not be sent.
        (&[0, 0], Some(1002)),
        (&[3, 0xed], Some(1002)),
        (&[0xff, 0xff], Some(1002)),
    ];
    for role in [CLIENT, Reads::Gate] {
        for (payload, code) in codes {
            let mut frames = Frames::new(role, 1000);
            frames.push(&frame(0x88, payload, key_of(role)));
            frames.push(&frame(0x82, b"behind", key_of(role)));
            for _ in 0..3 {
                assert_eq!(frames.next(), Ok(Some(Found::Close(code))));
                frames.push(b"more");
            }
        }
    }
}

/// As soon as the header is there, that is before the payload.
#[test]
fn what_is_wrong_is_refused_with_its_code() {
    use ProtocolError as E;
    let wrong = [
        (&[0xc2, 5][..], E::NonZeroReservedBits),
        (&[0xa2, 5], E::NonZeroReservedBits),
        (&[0x92, 5], E::NonZeroReservedBits),
        (&[0x83, 5], E::InvalidOpcode(3)),
        (&[0x8b, 5], E::InvalidOpcode(11)),
        (&[0x09, 5], E::FragmentedControlFrame),
        (&[0x89, 126, 0, 126], E::ControlFrameTooBig),
        (&[0x80, 5], E::UnexpectedContinueFrame),
        (&[0x02, 0, 0x82, 5], E::ExpectedFragment(Data::Binary)),
        (&[0x01, 0, 0x01, 5], E::ExpectedFragment(Data::Text)),
        (&[0x82, 0x85, 1, 2, 3, 4], E::MaskedFrameFromServer),
        (&[0x88, 1, 3], E::InvalidCloseSequence),
    ];
    for (bytes, error) in wrong {
        let heard = read(bytes, &[1], REPAIRS, 1000);
        assert_eq!(heard, Heard { end: End::Refused(error.into()), ..Heard::default() });
    }
    let unmasked = read(&[0x82, 5], &[1], Reads::Gate, 1000);
    assert_eq!(unmasked.end, End::Refused(E::UnmaskedFrameFromClient.into()));
    let texts = [
        &b"\x81\x01\xff"[..],
        b"\x01\x01\xff",
        b"\x81\x01\xc3",
        b"\x01\x01\xc3\x80\x00",
        b"\x88\x03\x03\xe8\xff",
    ];
    for bytes in texts {
        assert_eq!(read(bytes, &[1], CLIENT, 1000).end, End::Refused(FrameError::NotUtf8));
    }
    assert_eq!(FrameError::NotUtf8.code(), fpnn::PROTO_INVALID_PACKAGE);
    assert_eq!(FrameError::from(E::NonZeroReservedBits).code(), fpnn::PROTO_INVALID_PACKAGE);
}

#[test]
fn the_longest_message_passes_and_a_longer_one_is_refused_by_its_header() {
    for role in [REPAIRS, Reads::Gate] {
        for limit in [0, 5, 125, 126, 1000, 70_000] {
            let (key, longest) = (key_of(role), vec![7; limit]);
            let mut frames = Frames::new(role, limit);
            assert_eq!(feed(&mut frames, &frame(0x82, &longest, key)), [&longest[..]]);
            let two = [frame(0x02, &longest, key), frame(0x80, b"", key)].concat();
            assert_eq!(feed(&mut frames, &two), [&longest[..]]);
            let declared = limit as u64 + 1;
            let error = FrameError::TooLong { declared, limit };
            assert_eq!(error.code(), fpnn::CORE_INVALID_PACKAGE);
            let mut long = frame(0x82, &vec![7; limit + 1], key);
            long.truncate(long.len() - limit - 1);
            feed(&mut frames, &frame(0x02, &longest, key));
            for (mut frames, bytes) in
                [(Frames::new(role, limit), long), (frames, frame(0x00, b"x", key))]
            {
                frames.push(&bytes);
                assert_eq!(frames.next(), Err(error.clone()));
            }
        }
    }
}

#[test]
fn a_missing_length_is_put_in_wherever_the_stream_is_cut() {
    let mut packages = [126, 30, 126, 126, 127, 0x4650, 126, 0x4650].map(package);
    // Its second byte, the sixth of the frame, is what tells that its length is there.
    packages[7][0] = b'N';
    let bytes: Vec<u8> = packages.iter().flat_map(|p| service_frame(p)).collect();
    let end = bytes.len() - 0x4650;
    for cut in (0..700).chain(end - 10..end + 10) {
        let heard = read(&bytes, &[cut, bytes.len()], REPAIRS, 1 << 20);
        assert_eq!(heard.messages, packages, "cut after {cut}");
        assert_eq!(heard.end, End::Open);
    }
    assert_eq!(read(&bytes, &[1], REPAIRS, 1 << 20).messages, packages);
    // Six bytes tell the two apart; two more say nothing.
    for bytes in [&b"\x82\x7eFPNN"[..], b"\x82\x7eFPFPNN"] {
        for len in 0..bytes.len() {
            assert_eq!(read(&bytes[..len], &[1], REPAIRS, 1 << 20), Heard::default());
        }
    }
}

#[test]
fn a_missing_length_is_put_in_for_a_client_that_asks_for_it() {
    let bytes = service_frame(&package(126));
    assert_eq!(read(&bytes, &[1], CLIENT, 1 << 20).messages, Vec::<Vec<u8>>::new());
    let refused = FrameError::TooLong { declared: 126, limit: 125 };
    assert_eq!(read(&bytes, &[1], REPAIRS, 125).end, End::Refused(refused));
    let fragment = [&[0x02, 0][..], &bytes].concat();
    let refused = ProtocolError::ExpectedFragment(Data::Binary);
    assert_eq!(read(&fragment, &[1], REPAIRS, 1000).end, End::Refused(refused.into()));
}

#[test]
fn a_header_allocates_nothing() {
    let claims = [u64::MAX, u64::MAX >> 1, 1 << 40, 1 << 32, 64 << 20, 1 << 20];
    for (longest, first) in claims.iter().flat_map(|claim| [(*claim, 0x82), (*claim, 0x01)]) {
        for role in [REPAIRS, Reads::Gate] {
            let longest = usize::try_from(longest).unwrap_or(usize::MAX);
            let mut frames = Frames::new(role, longest);
            assert_eq!(memory(&frames), 0);
            let second = if role == Reads::Gate { 0xff } else { 127 };
            let head = [&[first, second][..], &longest.to_be_bytes(), &[1; 100]].concat();
            for _ in 0..10 {
                feed(&mut frames, &head);
                frames.room();
                assert!(memory(&frames) <= FIRST, "{} for {longest}", memory(&frames));
            }
        }
    }
}

#[test]
fn memory_follows_what_has_arrived_and_is_given_back() {
    const LONG: usize = 8 << 20;
    for role in [REPAIRS, Reads::Gate] {
        let key = key_of(role);
        let whole = frame(0x82, &vec![7; LONG], key);
        let fragment = frame(0x00, &[7; 1000], key);
        let fragments = std::iter::repeat_n(fragment.as_slice(), LONG / 1000);
        let frame_drips: Vec<&[u8]> = whole.chunks(1000).collect();
        let begin = frame(0x01, b"", key);
        let end = frame(0x80, b"", key);
        let fragment_drips: Vec<&[u8]> =
            std::iter::once(&begin[..]).chain(fragments).chain([&end[..]]).collect();
        for drips in [frame_drips, fragment_drips] {
            let mut frames = Frames::new(role, LONG);
            let (mut arrived, mut messages) = (0, 0);
            for drip in drips {
                arrived += drip.len();
                messages += feed(&mut frames, drip).len();
                let bound = 2 * arrived + FIRST;
                assert!(memory(&frames) <= bound, "{} after {arrived}", memory(&frames));
                if messages == 0 {
                    frames.room();
                    assert!(memory(&frames) <= bound, "{} after {arrived}", memory(&frames));
                }
            }
            assert_eq!(messages, 1);
            assert!(memory(&frames) <= 2 * KEPT, "{} is kept", memory(&frames));
            feed(&mut frames, &frame(0x82, b"next", key));
            assert!(memory(&frames) <= 2 * KEPT, "{} is kept", memory(&frames));
            frames.shrink();
            assert_eq!(memory(&frames), 0);
        }
    }
}

/// The end of a long frame is known: what comes behind is read after it.
#[test]
fn a_long_frame_needs_no_more_than_its_length_at_its_end() {
    let long = frame(0x82, &vec![7; 1_100_000], None);
    let mut frames = Frames::new(REPAIRS, 1 << 30);
    let (most, last) = long.split_at(long.len() - 1);
    feed(&mut frames, most);
    assert!(memory(&frames) <= long.len() + LEAST, "{}", memory(&frames));
    assert_eq!(feed(&mut frames, last).len(), 1);
}

#[test]
fn shrinking_loses_nothing() {
    let bytes = [frame(0x02, b"one, ", None), frame(0x80, b"two", None)].concat();
    let mut frames = Frames::new(CLIENT, 1000);
    let mut messages = Vec::new();
    for byte in bytes {
        messages.extend(feed(&mut frames, &[byte]));
        frames.shrink();
    }
    assert_eq!(messages, [b"one, two"]);
}

#[test]
fn there_is_always_room() {
    let short: Vec<u8> = (0..5000).flat_map(|n| frame(0x82, &vec![7; n % 300], None)).collect();
    let long = frame(0x82, &[7; 500_000], None);
    for (bytes, size) in [(&short, 1), (&short, 13), (&short, 1000), (&short, 4096), (&long, 1000)]
    {
        let mut frames = Frames::new(CLIENT, 500_000);
        for piece in bytes.chunks(size) {
            let empty = frames.at == frames.end;
            let room = frames.room().len();
            assert!(room >= if empty { FIRST } else { LEAST }, "{room}");
            feed(&mut frames, piece);
        }
    }
}

/// A frame's first byte and its payload, mostly such as go together.
fn any_frame() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let text = || {
        prop_oneof![
            4 => "[a-z\u{e4}\u{20ac}\u{1f600}]{0,20}".prop_map(String::into_bytes),
            // Parts of characters.
            1 => select(vec![&b"\xc3"[..], b"\xa4", b"\xe2\x82", b"\xac", b"\xf0\x9f", b"\x98\x80"])
                .prop_map(<[u8]>::to_vec),
        ]
    };
    let bytes = || {
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..4),
            4 => prop::collection::vec(any::<u8>(), 120..130),
            2 => (0..3000_usize).prop_map(package),
            1 => select(vec![65_535_usize, 65_536, 70_000]).prop_map(package),
        ]
    };
    let code = select(vec![1000_u16, 1002, 1005, 1016, 3000, 4999, 5000]);
    let close = (code, text()).prop_map(|(code, text)| [&code.to_be_bytes(), &text[..]].concat());
    prop_oneof![
        6 => (select(vec![0x82_u8, 0x82, 0x02, 0x00, 0x80]), bytes()),
        6 => (select(vec![0x81_u8, 0x81, 0x01, 0x00, 0x80]), text()),
        4 => (select(vec![0x89_u8, 0x8a]), prop_oneof![4 => text(), 1 => bytes()]),
        1 => (Just(0x88_u8), prop_oneof![4 => close, 1 => bytes()]),
        1 => (any::<u8>(), bytes()),
    ]
}

fn any_role() -> impl Strategy<Value = Reads> {
    select(vec![CLIENT, Reads::Gate])
}

fn any_cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        prop::collection::vec(1..10_usize, 1..10),
        prop::collection::vec(1..5000_usize, 1..5),
        Just(vec![1 << 20]),
    ]
}

/// Frames of all kinds, most of them where they may stand, some with a byte changed, some cut.
fn any_stream(role: Reads) -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec(any_frame(), 0..12);
    let keys = prop::collection::vec(any::<[u8; 4]>(), 12);
    let changes = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ];
    let cut = prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)];
    (frames, keys, changes, cut, prop::bool::weighted(0.8)).prop_map(
        move |(list, keys, changes, cut, order)| {
            let mut bytes = Vec::new();
            let mut gathering = false;
            for ((mut first, payload), key) in list.into_iter().zip(keys) {
                // Half of the streams have their fragments in order.
                if order && first & 0x08 == 0 {
                    first = match (gathering, first & 0x0f) {
                        (true, _) => first & 0xf0,
                        (false, 0) => first | 0x02,
                        (false, _) => first,
                    };
                    gathering = first & FIN == 0;
                }
                bytes.extend(frame(first, &payload, (role == Reads::Gate).then_some(key)));
            }
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            if let (Some(cut), false) = (cut, bytes.is_empty()) {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        },
    )
}

const FIN: u8 = 0x80;

fn any_limit() -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => Just(1 << 20),
        1 => select(vec![0_usize, 10, 125, 126, 1000, 65_535]),
    ]
}

proptest! {
    #![proptest_config(few_or_many(200, 20_000))]

    /// tungstenite's WebSocket is the oracle.
    #[test]
    fn any_stream_means_what_it_means_to_tungstenite(
        (role, data) in any_role().prop_flat_map(|role| (Just(role), any_stream(role))),
        cuts in any_cuts(),
        limit in any_limit(),
    ) {
        compare(&data, &cuts, role, limit);
    }

    #[test]
    fn any_bytes_mean_what_they_mean_to_tungstenite(
        data in prop::collection::vec(any::<u8>(), 0..200),
        cuts in any_cuts(),
        role in any_role(),
        limit in any_limit(),
    ) {
        compare(&data, &cuts, role, limit);
    }

    /// The oracle reads the stream with the lengths put in.
    #[test]
    fn repaired_frames_are_frames(
        list in prop::collection::vec(any_frame(), 0..12),
        lacking in prop::collection::vec(any::<bool>(), 12),
        cuts in any_cuts(),
    ) {
        let (mut sent, mut sound) = (Vec::new(), Vec::new());
        for ((first, payload), lacking) in list.into_iter().zip(lacking) {
            let (first, payload) = if lacking { (0x82, package(126)) } else { (first, payload) };
            sound.extend(frame(first, &payload, None));
            sent.extend(if lacking { service_frame(&payload) } else { frame(first, &payload, None) });
        }
        let limit = 1 << 20;
        let heard = read(&sent, &cuts, REPAIRS, limit);
        prop_assert_eq!(heard, read(&sound, &[limit], CLIENT, limit));
        compare(&sound, &cuts, CLIENT, limit);
    }

    /// The short way finds what the long way finds.
    #[test]
    fn a_short_message_is_what_its_header_says(
        first in prop_oneof![Just(0x82_u8), any::<u8>()],
        second in any::<u8>(),
        rest in prop::collection::vec(any::<u8>(), 0..200),
        limit in select(vec![0_usize, 10, 125, 1000]),
        inside in any::<bool>(),
        repair in any::<bool>(),
    ) {
        let mut frames = Frames::new(Reads::Client { repair }, limit);
        if inside {
            feed(&mut frames, &[0x02, 0]);
        }
        frames.push(&[&[first, second][..], &rest].concat());
        let head = frames.head();
        if let Some(payload) = frames.short_message() {
            let head = head.unwrap().unwrap();
            prop_assert_eq!(head.payload, payload);
            prop_assert_eq!(head.opcode, OpCode::Data(Data::Binary));
            prop_assert!(head.is_final && head.key.is_none() && !inside);
        } else if first == 0x82 && second < 126 && usize::from(second) <= rest.len() {
            prop_assert!(head.is_err(), "a whole short message is missed");
        }
    }

    #[test]
    fn masking_is_exclusive_or_with_the_key_again_and_again(bytes in prop::collection::vec(any::<u8>(), 0..40), key: [u8; 4]) {
        let mut masked = bytes.clone();
        mask(&mut masked, key);
        for (at, byte) in masked.iter().enumerate() {
            prop_assert_eq!(*byte, bytes[at] ^ key[at % 4]);
        }
    }
}
