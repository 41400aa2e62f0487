//! What comes from the gate, on its way to tungstenite.
//!
//! * The answer to the upgrade is handed on in one piece: tungstenite takes one in many small pieces for an attack.
//! * The service leaves the length out of the header of a frame of exactly 126 bytes: `82 7e`, and at once the package
//!   that starts with `46 50 4e 4e`. The length is put in. A package of 0x4650 bytes starts behind its length, that is
//!   with `82 7e 46 50 46 50 4e 4e`, so those four bytes prove which of the two it is.
//! * A long frame is handed on as fragments, for tungstenite reserves whatever length a header claims.
//!
//! Bytes are read where the reader wants them, and copied only behind an insertion.

use std::io::{self, ErrorKind, Read};

/// Longer frames are handed on in pieces of that size. No shorter than what a header of 10 bytes is for.
const PIECE: u64 = 256 << 10;

/// The longest header, without a key.
const LONG_HEADER: usize = 10;

/// The bit of a header's first byte that says that the message ends with the frame.
const FIN: u8 = 0x80;

/// The longest answer to the upgrade.
const LONGEST_HEAD: usize = 64 << 10;

/// How a frame begins that lacks its length.
const LACKING: &[u8] = b"\x82\x7eFPNN";

pub(super) struct Incoming {
    /// Whether this is still the answer to the upgrade.
    in_head: bool,
    frames: Frames,
    /// What cannot be handed on before more has come: the head so far, or a header cut short.
    held: Vec<u8>,
    /// What is handed on before anything else is read; those before `handed` have been.
    ready: Vec<u8>,
    handed: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "bounds are of our own making: a read returns no more than it was given room for, `Frames::next` goes no \
              further than the end, `handed` stops there; property tests and the fuzz target `stream` hold it to that"
)]
impl Incoming {
    /// `longest` is the longest frame that is accepted; a longer one is left to tungstenite to refuse.
    pub(super) fn new(repair: bool, longest: usize) -> Incoming {
        Incoming {
            in_head: true,
            frames: Frames { repair, longest: longest as u64, payload: 0, rest: 0, fin: 0 },
            held: Vec::new(),
            ready: Vec::new(),
            handed: 0,
        }
    }

    pub(super) fn read(&mut self, buf: &mut [u8], source: &mut impl Read) -> io::Result<usize> {
        loop {
            if self.handed < self.ready.len() {
                return Ok(self.hand_on(buf));
            }
            // What is held must fit before what is read.
            if self.in_head || buf.len() <= LONG_HEADER {
                let mut chunk = [0; 1024];
                match source.read(&mut chunk)? {
                    0 if self.held.is_empty() => return Ok(0),
                    0 => std::mem::swap(&mut self.ready, &mut self.held),
                    n => self.take(&chunk[..n])?,
                }
                continue;
            }
            let kept = self.held.len();
            let (front, back) = buf.split_at_mut(kept);
            let n = source.read(back)?;
            front.copy_from_slice(&self.held);
            self.held.clear();
            if n == 0 {
                return Ok(kept);
            }
            let good = self.check(&mut buf[..kept + n]);
            if good > 0 {
                return Ok(good);
            }
        }
    }

    /// Hands on what is ready.
    fn hand_on(&mut self, buf: &mut [u8]) -> usize {
        let left = &self.ready[self.handed..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.handed += n;
        if self.handed == self.ready.len() {
            self.ready.clear();
            self.handed = 0;
        }
        n
    }

    /// Takes bytes that were not read where they are wanted.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let searched = self.held.len();
        self.held.extend_from_slice(bytes);
        let mut frames = std::mem::take(&mut self.held);
        if self.in_head {
            let Some(end) = head_end(&frames, searched) else {
                if frames.len() > LONGEST_HEAD {
                    let text = "the answer to the upgrade has no end";
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
                self.held = frames;
                return Ok(());
            };
            self.in_head = false;
            self.ready.extend_from_slice(&frames[..end]);
            frames.drain(..end);
        }
        self.mend(&mut frames);
        Ok(())
    }

    /// Checks bytes in their place. Returns how many can be handed on as they are; the others are kept.
    fn check(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        match self.frames.next(bytes, &mut at) {
            Found::End => {}
            Found::Cut => self.held.extend_from_slice(&bytes[at..]),
            Found::Insert(missing) => {
                self.ready.extend_from_slice(missing.bytes());
                self.mend(&mut bytes[at..]);
            }
        }
        at
    }

    /// Makes bytes ready.
    fn mend(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        loop {
            let start = at;
            let found = self.frames.next(bytes, &mut at);
            self.ready.extend_from_slice(&bytes[start..at]);
            match found {
                Found::End => return,
                Found::Cut => return self.held.extend_from_slice(&bytes[at..]),
                Found::Insert(missing) => self.ready.extend_from_slice(missing.bytes()),
            }
        }
    }
}

/// The end of an HTTP head, or of what cannot be one. `searched` bytes are known not to hold it.
pub(super) fn head_end(bytes: &[u8], searched: usize) -> Option<usize> {
    if !bytes.iter().zip(b"HTTP/").all(|(a, b)| a == b) {
        return Some(bytes.len());
    }
    let from = searched.saturating_sub(2);
    let lines = bytes.get(from..)?.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| from + at + 1).find_map(|next| match bytes.get(next..)? {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

/// Where the frames of a stream begin and end.
struct Frames {
    repair: bool,
    longest: u64,
    /// How many bytes there are before the next header.
    payload: u64,
    /// How many bytes of a long frame come after these, and the FIN bit of its last piece.
    rest: u64,
    fin: u8,
}

#[derive(Debug)]
enum Found {
    /// Nothing more to see.
    End,
    /// A header that cannot be read before more has come.
    Cut,
    /// These bytes belong there.
    Insert(Missing),
}

#[derive(Debug)]
enum Missing {
    /// The length of 126 bytes.
    Length,
    /// The header of a long frame's next piece.
    Header([u8; LONG_HEADER]),
}

impl Missing {
    fn bytes(&self) -> &[u8] {
        match self {
            Missing::Length => &[0, 126],
            Missing::Header(header) => header,
        }
    }
}

impl Frames {
    /// Goes on from `at` to where something is to be done, or to the end.
    fn next(&mut self, bytes: &mut [u8], at: &mut usize) -> Found {
        loop {
            let left = (bytes.len() - *at) as u64;
            if self.payload >= left {
                self.payload -= left;
                *at = bytes.len();
                return Found::End;
            }
            *at += self.payload as usize;
            self.payload = 0;
            if self.rest > 0 {
                self.payload = self.rest.min(PIECE);
                self.rest -= self.payload;
                let first = if self.rest == 0 { self.fin } else { 0 };
                return Found::Insert(Missing::Header(long_header(first, self.payload)));
            }
            let frame = bytes.get_mut(*at..).unwrap_or_default();
            if self.repair && lacks_length(frame) {
                if frame.len() < LACKING.len() {
                    return Found::Cut;
                }
                self.payload = 126;
                *at += 2;
                return Found::Insert(Missing::Length);
            }
            let Some((header, payload)) = lengths(frame) else { return Found::Cut };
            self.payload = payload;
            if header == LONG_HEADER && payload > PIECE && payload <= self.longest {
                self.cut(frame);
            }
            *at += header;
        }
    }

    /// Makes the long frame that starts there end after its first piece. Control frames cannot be cut; no frame of
    /// the gate is masked.
    fn cut(&mut self, frame: &mut [u8]) {
        let &mut [first, second, ..] = frame else { return };
        if first & 0x08 != 0 || second & 0x80 != 0 {
            return;
        }
        self.fin = first & FIN;
        self.rest = self.payload - PIECE;
        self.payload = PIECE;
        if let Some(header) = frame.first_chunk_mut() {
            *header = long_header(first & !FIN, PIECE);
        }
    }
}

/// Whether a frame begins there, as far as can be seen, that lacks its length.
fn lacks_length(frame: &[u8]) -> bool {
    frame.len() >= 2 && frame.iter().zip(LACKING).all(|(a, b)| a == b)
}

/// How long the frame's header is, and what follows it; the key of a masked frame counts as payload.
fn lengths(frame: &[u8]) -> Option<(usize, u64)> {
    let second = frame.get(1)?;
    let (header, payload) = match second & 0x7f {
        126 => (4, u16::from_be_bytes(*frame.get(2..)?.first_chunk()?).into()),
        127 => (LONG_HEADER, u64::from_be_bytes(*frame.get(2..)?.first_chunk()?)),
        short => (2, short.into()),
    };
    let key = if second & 0x80 == 0 { 0 } else { 4 };
    Some((header, payload.saturating_add(key)))
}

fn long_header(first: u8, payload: u64) -> [u8; LONG_HEADER] {
    let [a, b, c, d, e, f, g, h] = payload.to_be_bytes();
    [first, 127, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    use proptest::prelude::*;
    use tungstenite::Message;
    use tungstenite::protocol::{Role, WebSocket};

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    /// Gives one piece after another, at most as much as is asked for.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.front_mut() else { return Ok(0) };
            if piece.is_empty() {
                self.0.pop_front();
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = piece.len().min(buf.len());
            buf[..n].copy_from_slice(&piece[..n]);
            piece.drain(..n);
            Ok(n)
        }
    }

    /// A package's first bytes and a payload.
    fn package(len: usize) -> Vec<u8> {
        let start = b"FPNN".iter().copied().chain((0..=250).cycle());
        start.take(len).collect()
    }

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let len = payload.len();
        let mut frame = vec![first];
        match len {
            0..126 => frame.push(len as u8),
            126..=0xffff => {
                frame.push(126);
                frame.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(payload);
        frame
    }

    /// As the service sends it.
    fn service_frame(payload: &[u8]) -> Vec<u8> {
        let mut frame = frame(0x82, payload);
        if payload.len() == 126 {
            frame.drain(2..4);
        }
        frame
    }

    /// The bytes in pieces that end at those places.
    fn split(bytes: &[u8], ends: impl IntoIterator<Item = usize>) -> Pieces {
        let mut pieces = VecDeque::new();
        let mut from = 0;
        for end in ends.into_iter().chain([bytes.len()]) {
            let end = end.clamp(from, bytes.len());
            if end > from {
                pieces.push_back(bytes[from..end].to_vec());
            }
            from = end;
        }
        Pieces(pieces)
    }

    fn read_all(incoming: &mut Incoming, mut source: Pieces, size: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buf = vec![0; size];
        loop {
            match incoming.read(&mut buf, &mut source) {
                Ok(0) => return all,
                Ok(n) => all.extend_from_slice(&buf[..n]),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }

    /// What tungstenite makes of bytes that come so.
    fn messages(incoming: Incoming, source: Pieces) -> Vec<Vec<u8>> {
        struct Through(Incoming, Pieces);
        impl Read for Through {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.read(buf, &mut self.1)
            }
        }
        impl io::Write for Through {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                Ok(buf.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let through = Through(incoming, source);
        let mut socket = WebSocket::from_raw_socket(through, Role::Client, None);
        let mut messages = Vec::new();
        loop {
            match socket.read() {
                Ok(Message::Binary(bytes)) => messages.push(bytes.to_vec()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return messages,
            }
        }
    }

    /// Past the upgrade.
    fn open(repair: bool) -> Incoming {
        Incoming { in_head: false, ..Incoming::new(repair, 64 << 20) }
    }

    #[test]
    fn the_length_is_put_in_wherever_the_stream_is_split() {
        let packages = [package(126), package(30), package(126), package(126), package(127)];
        let bytes: Vec<u8> = packages.iter().flat_map(|p| service_frame(p)).collect();
        for end in 0..bytes.len() {
            assert_eq!(messages(open(true), split(&bytes, [end])), packages, "split at {end}");
        }
        assert_eq!(messages(open(true), split(&bytes, 0..bytes.len())), packages);
        let sound: Vec<u8> = packages.iter().flat_map(|p| frame(0x82, p)).collect();
        for size in 1..40 {
            let read = read_all(&mut open(true), split(&bytes, (0..bytes.len()).step_by(7)), size);
            assert_eq!(read, sound, "read {size} bytes at a time");
        }
    }

    #[test]
    fn a_package_of_18000_bytes_is_left_alone() {
        let packages = [package(0x4650), package(126), package(0x4650)];
        let bytes: Vec<u8> = packages.iter().flat_map(|p| service_frame(p)).collect();
        assert_eq!(bytes[..8], *b"\x82\x7eFPFPNN");
        for end in 0..12 {
            assert_eq!(messages(open(true), split(&bytes, [end])), packages, "split at {end}");
        }
        let sound = frame(0x82, &package(0x4650));
        assert_eq!(read_all(&mut open(true), split(&sound, 0..20), 4096), sound);
    }

    #[test]
    fn only_the_proven_defect_is_mended() {
        let sound = frame(0x82, &package(126));
        let broken = service_frame(&package(126));
        let mut other = broken.clone();
        other[5] = b'M';
        for (repair, bytes) in [(true, sound), (true, other), (false, broken)] {
            assert_eq!(read_all(&mut open(repair), split(&bytes, []), 4096), bytes);
            assert_eq!(read_all(&mut open(repair), split(&bytes, 0..20), 4096), bytes);
        }
    }

    #[test]
    fn the_answer_to_the_upgrade_comes_in_one_piece_with_what_follows_it() {
        let mut bytes = HEAD.to_vec();
        bytes.extend(service_frame(&package(126)));
        let mut sound = HEAD.to_vec();
        sound.extend(frame(0x82, &package(126)));
        for end in 0..bytes.len() {
            let mut source = split(&bytes, [end]);
            let mut incoming = Incoming::new(true, 1 << 20);
            let mut buf = [0; 4096];
            let n = loop {
                match incoming.read(&mut buf, &mut source) {
                    Ok(n) => break n,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            };
            assert!(buf[..n].starts_with(HEAD), "split at {end}");
            let mut all = buf[..n].to_vec();
            all.extend(read_all(&mut incoming, source, 4096));
            assert_eq!(all, sound, "split at {end}");
        }
    }

    #[test]
    fn what_is_no_answer_to_an_upgrade_is_not_waited_for() {
        for (bytes, end) in
            [(&b"SSH-2.0-x\r\n"[..], 1), (b"\x15\x03\x01", 0), (b"HTTP/1.1 500 X\n\nbody", 16)]
        {
            let incoming = &mut Incoming::new(true, 1 << 20);
            assert_eq!(read_all(incoming, split(bytes, [end]), 4096), bytes);
        }
        let mut source = split(&[b"HTTP/1.1 101 ", &[b'a'; LONGEST_HEAD][..]].concat(), []);
        let mut incoming = Incoming::new(true, 1 << 20);
        let error = incoming.read(&mut [0; 4096], &mut source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_long_frame_comes_as_fragments() {
        let long = package(3 * PIECE as usize + 1);
        let exact = package(2 * PIECE as usize);
        let packages = [long.clone(), package(126), exact, package(PIECE as usize)];
        let bytes: Vec<u8> = packages.iter().flat_map(|p| service_frame(p)).collect();
        assert_eq!(messages(open(true), split(&bytes, [])), packages);
        assert_eq!(messages(open(true), split(&bytes, (0..bytes.len()).step_by(1000))), packages);
        let mut incoming = open(true);
        let mut buf = [0; 64];
        assert_eq!(incoming.read(&mut buf, &mut split(&bytes, [])).unwrap(), 64);
        assert_eq!(buf[..10], long_header(0x02, PIECE));

        // Refused by its length, not by what comes of it.
        let claimed = [&[0x82, 127][..], &(1u64 << 40).to_be_bytes(), b"FPNN"].concat();
        assert_eq!(read_all(&mut open(true), split(&claimed, []), 4096), claimed);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_it_comes(
            lens in prop::collection::vec(
                prop_oneof![
                    4 => 4..200usize,
                    4 => Just(126usize),
                    1 => Just(0x4650usize),
                    1 => 60_000..70_000usize,
                    1 => 262_000..600_000usize,
                ],
                1..8,
            ),
            steps in prop::collection::vec(1..5000usize, 1..40),
        ) {
            let packages: Vec<Vec<u8>> = lens.iter().map(|len| package(*len)).collect();
            let bytes: Vec<u8> = packages.iter().flat_map(|p| service_frame(p)).collect();
            let ends = steps.iter().cycle().scan(0, |end, step| {
                *end += step;
                Some(*end)
            });
            let ends = ends.take_while(|end| *end < bytes.len());
            prop_assert_eq!(messages(open(true), split(&bytes, ends)), packages);
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), step in 1..20usize) {
            let ends = (0..bytes.len()).step_by(step);
            let read = read_all(&mut open(true), split(&bytes, ends), 16);
            prop_assert!(read.len() >= bytes.len());
        }
    }
}
