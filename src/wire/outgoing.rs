//! The one buffer for the output of a socket: whole frame after whole frame, so that no frame can cut another in two, and
//! a frame that is not begun can be taken back.

use super::frame_buffer::{Waiting, first};

/// Bytes already written are dropped from the front only from this many on.
const COMPACT: usize = 64 << 10;

/// A buffer that grew larger than this is given back once it is empty.
const KEPT: usize = 4 << 20;

#[derive(Default)]
pub(crate) struct Outgoing {
    /// From the start of a frame on; those before `written` have been written.
    bytes: Vec<u8>,
    written: usize,
}

impl Outgoing {
    /// Where to append whole frames.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.bytes
    }

    /// What is to be written next.
    pub(crate) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// So many bytes of that are written.
    pub(crate) fn wrote(&mut self, n: usize) {
        self.written += n;
        if self.written < self.bytes.len() {
            return;
        }
        self.written = 0;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }

    /// Gives back the frames that are written, once they are a quarter of what is held.
    pub(crate) fn compact(&mut self) {
        if self.written <= COMPACT || self.written <= self.bytes.len() / 4 {
            return;
        }
        let begun = self.frames().take_while(|(at, frame)| at + frame.len <= self.written);
        let whole = begun.last().map_or(0, |(at, frame)| at + frame.len);
        self.bytes.drain(..whole);
        self.written -= whole;
        if self.bytes.capacity() > KEPT {
            self.bytes.shrink_to_fit();
        }
    }

    /// The frames, each with where it begins.
    fn frames(&self) -> impl Iterator<Item = (usize, Waiting)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let at = next;
            let frame = first(self.bytes.get(at..)?)?;
            next += frame.len;
            Some((at, frame))
        })
    }

    /// The numbers of the quests whose frames are not begun.
    pub(crate) fn not_begun(&self) -> impl Iterator<Item = u32> {
        self.frames().filter(|(at, _)| *at >= self.written).filter_map(|(_, frame)| frame.seq)
    }

    /// Takes out the frames that are not begun and whose quests have one of these numbers, given in order of the frames.
    pub(crate) fn take_back(&mut self, quests: &[u32]) {
        let mut quests = quests.iter().peekable();
        let (mut at, mut kept) = (0, 0);
        while let Some(frame) = self.bytes.get(at..).and_then(first) {
            let unwanted =
                at >= self.written && quests.next_if(|quest| frame.seq == Some(**quest)).is_some();
            if !unwanted {
                self.bytes.copy_within(at..at + frame.len, kept);
                kept += frame.len;
            }
            at += frame.len;
        }
        self.bytes.drain(kept..at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame_buffer::FrameBuffer;
    use crate::wire::package::write_quest;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The frame of a quest with that number.
    fn frame(seq: u32, size: usize) -> Vec<u8> {
        let (mut frame, mut bytes) = (FrameBuffer::default(), Vec::new());
        frame.build(|out| {
            write_quest(out, Some(0), "sendmsg", |out| out.resize(out.len() + size, 7))
        });
        frame.append_with_seq(&mut bytes, seq);
        bytes
    }

    proptest! {
        /// What reaches the socket is each frame once, whole and in order, but for those that were taken back unbegun.
        #[test]
        fn frames_go_out_whole(
            sizes in vec(0_usize..40_000, 1..12),
            steps in vec((any::<bool>(), 0_usize..60_000), 1..40),
        ) {
            let frames: Vec<_> = (0..).zip(&sizes).map(|(seq, size)| frame(seq, *size)).collect();
            let (mut out, mut socket, mut gone) = (Outgoing::default(), Vec::new(), Vec::new());
            let mut queued = frames.iter();
            for (write, amount) in steps {
                if write {
                    let n = out.unwritten().len().min(amount);
                    socket.extend_from_slice(&out.unwritten()[..n]);
                    out.wrote(n);
                    out.compact();
                } else if let Some(frame) = queued.next() {
                    out.buffer().extend_from_slice(frame);
                } else if let Some(seq) = { out.not_begun().nth(amount % 3) } {
                    out.take_back(&[seq]);
                    gone.push(seq);
                }
            }
            queued.for_each(|frame| out.buffer().extend_from_slice(frame));
            socket.extend_from_slice(out.unwritten());
            let kept = (0..).zip(&frames).filter(|(seq, _)| !gone.contains(seq));
            let expected: Vec<u8> = kept.flat_map(|(_, frame)| frame.clone()).collect();
            prop_assert!(socket == expected);
        }
    }
}
