//! The bytes of a message call, written by hand: what `send_chat` sends.

/// What every call of the benchmark sends.
pub(crate) const TO: i64 = 2;
pub(crate) const MSG: &str = "a message of thirty-two letters.";

const METHOD: &[u8] = b"sendmsg";
const HEADER: usize = 16;

/// The package of `send_chat(TO, MSG, "", mid, …)`.
pub(crate) fn send_chat(seq: u32, mid: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(104);
    header(&mut out, seq, METHOD);
    out.extend_from_slice(b"\x85\xa2to\xd3");
    out.extend_from_slice(&TO.to_be_bytes());
    out.extend_from_slice(b"\xa3mid\xd3");
    out.extend_from_slice(&mid.to_be_bytes());
    out.extend_from_slice(b"\xa5mtype\x1e\xa3msg\xd9");
    out.push(MSG.len() as u8);
    out.extend_from_slice(MSG.as_bytes());
    out.extend_from_slice(b"\xa5attrs\xa0");
    finish(&mut out, METHOD);
    out
}

pub(crate) fn auth(seq: u32) -> Vec<u8> {
    let mut out = Vec::new();
    header(&mut out, seq, b"auth");
    out.push(0x80);
    finish(&mut out, b"auth");
    out
}

fn header(out: &mut Vec<u8>, seq: u32, method: &[u8]) {
    out.extend_from_slice(b"FPNN\x01\x80\x01");
    out.push(method.len() as u8);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(method);
}

fn finish(out: &mut [u8], method: &[u8]) {
    let size = (out.len() - HEADER - method.len()) as u32;
    out[8..12].copy_from_slice(&size.to_le_bytes());
}

/// The number of an answer and the time it carries. The peer puts the size of the quest there, so that both sides of
/// a comparison can be seen to send the same.
pub(crate) fn answer(package: &[u8]) -> (u32, i64) {
    let seq = package[12..16].try_into().map(u32::from_le_bytes);
    let time = package[package.len() - 8..].try_into().map(i64::from_be_bytes);
    (seq.expect("four bytes"), time.expect("eight bytes"))
}
