use super::OptionalText;
use crate::error::Error;
use crate::wire::answer::Answer;
use crate::wire::package::Encoding;

/// The answer of the service to a message that it took.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", 1700000000000001, None, callback);
/// let sent = reply.wait()?;
/// assert_eq!(sent.mid, 1700000000000001);
/// println!("message {} was sent at {}", sent.mid, sent.payload.mtime);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendReply {
    /// The message id, given or generated.
    pub mid: i64,
    /// The answer of the service.
    pub payload: SendPayload,
}

/// The answer's fields.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::gate::ConversationId;
/// use rtm_client::types::SendPayload;
///
/// let (callback, reply) = reply::channel();
/// client.send_chat(2, "hello", "", None, None, callback);
/// let SendPayload { mtime, .. } = reply.wait()?.payload;
/// assert_eq!(gate.stored(ConversationId::p2p(1, 2))[0].mtime, mtime);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendPayload {
    /// The time when the service took the message, in milliseconds since 1970; 0 if the service did not say.
    pub mtime: i64,
}

/// The settings for a check of a text by the service before the text is delivered.
///
/// ```
/// use rtm_client::types::Moderation;
///
/// let strict = Moderation::default().strategy_id("LOBBY");
/// assert_eq!(strict.check_params, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a moderation does nothing until a message is sent with it"]
pub struct Moderation {
    /// The strategy to check by, as set up for the project. `None` means the default strategy of the project.
    #[doc(alias = "strategyid")]
    pub strategy_id: Option<String>,
    /// Parameters of the check: a JSON text, which the documentation of the service describes. For chat (type 30) only.
    #[doc(alias = "checkParams")]
    pub check_params: Option<String>,
}

impl Moderation {
    /// Sets the strategy to check by.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{Moderation, mtype};
    ///
    /// let strict = Moderation::default().strategy_id("LOBBY");
    /// let (callback, reply) = reply::channel();
    /// client.send_moderated_message(2, mtype::CHAT, "hello", "", strict, None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn strategy_id<'a>(self, strategy_id: impl Into<OptionalText<'a>>) -> Self {
        Moderation { strategy_id: strategy_id.into().into_string(), ..self }
    }

    /// Sets the parameters of the check.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{Moderation, mtype};
    ///
    /// let known = Moderation::default().check_params(r#"{"nickname":"Ann"}"#);
    /// let (callback, reply) = reply::channel();
    /// client.send_moderated_message(2, mtype::CHAT, "hello", "", known, None, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_params<'a>(self, check_params: impl Into<OptionalText<'a>>) -> Self {
        Moderation { check_params: check_params.into().into_string(), ..self }
    }
}

impl SendReply {
    pub(crate) fn decode(mid: i64, answer: &Answer<'_>) -> Result<SendReply, Error> {
        let mtime = match plain_mtime(answer) {
            Some(mtime) => mtime,
            None => answer.read(|fields| Ok(fields.int("mtime")))?,
        };
        Ok(SendReply { mid, payload: SendPayload { mtime } })
    }
}

/// Reads the usual answer to a message, `{mtime: 64-bit integer}`, in place. `None` for all other answers.
fn plain_mtime(answer: &Answer<'_>) -> Option<i64> {
    if answer.status != 0 || answer.encoding != Encoding::MsgPack {
        return None;
    }
    match *answer.payload.strip_prefix(b"\x81\xa5mtime")? {
        [0xcf | 0xd3, a, b, c, d, e, f, g, h] => Some(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(status: u8, payload: &[u8]) -> Result<SendReply, Error> {
        SendReply::decode(7, &Answer { status, encoding: Encoding::MsgPack, payload })
    }

    fn mtime(value: &[u8]) -> i64 {
        let payload = [b"\x81\xa5mtime", value].concat();
        let reply = decode(0, &payload).unwrap();
        assert_eq!(reply.mid, 7);
        reply.payload.mtime
    }

    #[test]
    fn mtime_comes_in_any_form() {
        let time = 1_700_000_000_456_i64;
        let int = time.to_be_bytes();
        assert_eq!(mtime(&[b"\xd3", &int[..]].concat()), time);
        assert_eq!(mtime(&[b"\xcf", &int[..]].concat()), time);
        assert_eq!(mtime(&[b"\xcb", &(time as f64).to_be_bytes()[..]].concat()), time);
        assert_eq!(mtime(b"\xad1700000000456"), time);
        assert_eq!(mtime(&[b"\xd3", &i64::MAX.to_be_bytes()[..]].concat()), i64::MAX);
        assert_eq!(mtime(&[b"\xcf", &u64::MAX.to_be_bytes()[..]].concat()), -1);
        assert_eq!(mtime(b"\x05"), 5);
        assert_eq!(mtime(b"\xc0"), 0);
    }

    #[test]
    fn bytes_after_the_map_and_more_fields_do_no_harm() {
        let plain = [b"\x81\xa5mtime\xd3", &9_i64.to_be_bytes()[..], b"rest"].concat();
        assert_eq!(decode(0, &plain).unwrap().payload.mtime, 9);
        assert_eq!(decode(0, b"\x82\xa1a\x01\xa5mtime\x09").unwrap().payload.mtime, 9);
        assert_eq!(decode(0, b"\x80").unwrap().payload.mtime, 0);
    }

    #[test]
    fn an_error_stays_an_error() {
        let looks_fine = [b"\x81\xa5mtime\xd3", &9_i64.to_be_bytes()[..]].concat();
        assert_eq!(decode(1, &looks_fine).unwrap_err().code(), 20009);
        assert_eq!(decode(0, &looks_fine[..12]).unwrap_err().code(), 20009);
        assert_eq!(decode(0, b"").unwrap_err().code(), 20009);
        assert_eq!(decode(1, b"\x81\xa4code\xce\x00\x03\x0d\x54").unwrap_err().code(), 200020);
    }

    #[test]
    fn json_is_read_as_json() {
        let answer =
            Answer { status: 0, encoding: Encoding::Json, payload: br#"{"mtime":1700000000456}"# };
        assert_eq!(SendReply::decode(7, &answer).unwrap().payload.mtime, 1_700_000_000_456);
    }
}
