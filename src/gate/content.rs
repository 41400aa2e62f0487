//! The kind of a file, by its content.

use crate::types::mtype::{AUDIO_FILE as AUDIO, IMAGE, VIDEO};

/// Bytes, and where in a file they stand.
type Mark = (usize, &'static [u8]);

/// The marks of a kind of file, the type of its messages, and of its content. The first that fits counts.
const KINDS: [(&[Mark], i64, &str); 24] = [
    (&[(0, b"\x89PNG\r\n\x1a\n")], IMAGE, "image/png"),
    (&[(0, b"\xff\xd8\xff")], IMAGE, "image/jpeg"),
    (&[(0, b"GIF8")], IMAGE, "image/gif"),
    (&[(0, b"RIFF"), (8, b"WEBP")], IMAGE, "image/webp"),
    (&[(0, b"BM"), (6, b"\0\0\0\0")], IMAGE, "image/bmp"),
    (&[(4, b"ftypavif")], IMAGE, "image/avif"),
    (&[(4, b"ftypheic")], IMAGE, "image/heic"),
    (&[(4, b"ftypmif1")], IMAGE, "image/heic"),
    (&[(0, b"ID3")], AUDIO, "audio/mpeg"),
    (&[(0, b"\xff\xfb")], AUDIO, "audio/mpeg"),
    (&[(0, b"\xff\xf3")], AUDIO, "audio/mpeg"),
    (&[(0, b"\xff\xf2")], AUDIO, "audio/mpeg"),
    (&[(0, b"\xff\xf1")], AUDIO, "audio/aac"),
    (&[(0, b"\xff\xf9")], AUDIO, "audio/aac"),
    (&[(0, b"RIFF"), (8, b"WAVE")], AUDIO, "audio/wav"),
    (&[(0, b"#!AMR")], AUDIO, "audio/amr"),
    (&[(0, b"OggS")], AUDIO, "audio/ogg"),
    (&[(0, b"fLaC")], AUDIO, "audio/flac"),
    (&[(4, b"ftypM4A")], AUDIO, "audio/mp4"),
    (&[(4, b"ftypqt")], VIDEO, "video/quicktime"),
    (&[(4, b"ftyp")], VIDEO, "video/mp4"),
    (&[(0, b"\x1a\x45\xdf\xa3")], VIDEO, "video/webm"),
    (&[(0, b"RIFF"), (8, b"AVI ")], VIDEO, "video/x-msvideo"),
    (&[(0, b"FLV\x01")], VIDEO, "video/x-flv"),
];

/// The type of messages with such a file and the type of its content, where the content is known.
pub(super) fn recognized(file: &[u8]) -> Option<(i64, &'static str)> {
    let fits = |&(at, bytes): &Mark| file.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    let kind = KINDS.iter().find(|(marks, ..)| marks.iter().all(fits));
    kind.map(|&(_, mtype, content_type)| (mtype, content_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_from_the_others() {
        for (marks, mtype, content_type) in KINDS {
            let mut file = vec![0x55; 64];
            for (at, bytes) in marks {
                file.splice(at..&(at + bytes.len()), bytes.iter().copied());
            }
            assert_eq!(recognized(&file), Some((mtype, content_type)));
        }
    }

    #[test]
    fn what_is_not_known_stays_so() {
        for file in [&b""[..], b"hello", b"RIFF", b"RIFFxxxxABCD", b"\xff\xfe\0h", b"BM is text"] {
            assert_eq!(recognized(file), None, "{file:?}");
        }
    }
}
