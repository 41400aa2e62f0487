//! Messages that are sent again after a relogin, because the connection was lost before their answer came.

use super::call::Ending;
use crate::error::Error;
use crate::error_code::rtm;
use crate::wire::answer::Answer;
use crate::wire::frame_buffer::FrameBuffer;
use crate::wire::package::Encoding;

/// The data for sending a message again. The queue counts its bytes.
pub(crate) struct Kept {
    pub(super) frame: FrameBuffer,
    /// Whether the message was sent before, on a lost connection.
    pub(super) resent: bool,
}

/// The answer to a message that the service had taken the first time; the service does not give the time.
const TAKEN: Answer<'static> =
    Answer { status: 0, encoding: Encoding::MsgPack, payload: b"\x81\xa5mtime\x00" };

/// The end of a send that is sent again. If the service knows the mid already, the send has succeeded; any other error
/// says nothing about the first attempt.
pub(super) fn resent(ending: Ending) -> Ending {
    Box::new(move |result: Result<Answer<'_>, Error>| {
        let failed = match result {
            Ok(answer) => match answer.read(|_| Ok(())) {
                Ok(()) => return ending(Ok(answer)),
                Err(error) if error.code() == rtm::DUPLICATED_MID => return ending(Ok(TAKEN)),
                Err(error) => error,
            },
            Err(error) => error,
        };
        ending(Err(failed.of_unknown_delivery()));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Delivery;
    use crate::error_code::fpnn;
    use crate::types::SendReply;
    use std::sync::mpsc;

    /// The result of a repeated send with that answer.
    fn end(result: Result<Answer<'_>, Error>) -> Result<SendReply, Error> {
        let (sender, ended) = mpsc::channel();
        let ending: Ending = Box::new(move |result| {
            let reply = result.and_then(|answer| SendReply::decode(7, &answer));
            sender.send(reply).expect("the test waits");
        });
        resent(ending)(result);
        ended.recv().expect("it ends once")
    }

    fn answer(status: u8, payload: &[u8]) -> Result<Answer<'_>, Error> {
        Ok(Answer { status, encoding: Encoding::MsgPack, payload })
    }

    #[test]
    fn a_mid_that_the_service_knows_is_success() {
        assert_eq!(end(answer(0, b"\x81\xa5mtime\x05")).unwrap().payload.mtime, 5);
        let reply = end(answer(1, b"\x81\xa4code\xce\x00\x03\x0d\x75")).unwrap();
        assert_eq!((reply.mid, reply.payload.mtime), (7, 0));
    }

    #[test]
    fn nothing_else_says_what_became_of_the_first_time() {
        let late = Error::new(fpnn::CORE_TIMEOUT, "").unsent();
        for (result, code) in [
            (answer(1, b"\x81\xa4code\xce\x00\x03\x0d\x76"), 200054),
            (answer(0, b""), 20009),
            (Err(late), 20003),
        ] {
            let error = end(result).unwrap_err();
            assert_eq!((error.code(), error.delivery()), (code, Delivery::Unknown));
        }
    }
}
