//! The one function that every call goes through.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::RtmClient;
use crate::engine::{Complete, Kind, Note};
use crate::error::{Error, SendError};
use crate::reply;
use crate::resume::Change;
use crate::time::Time;
use crate::wire::answer::Answer;
use crate::wire::payload::{Fields, MapWriter, write_map};

impl RtmClient {
    /// Every call of the API comes here: sends the quest `method` with the payload that `payload` writes, and calls
    /// `callback` once, with the data that `decode` makes from the fields of the answer.
    pub(crate) fn call<T, P, C>(
        &self,
        method: &'static str,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(&Fields<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: Send + 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<Error>, Option<T>) + Send + 'static,
    {
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let complete = completion(decode, callback);
        let engine = &self.handle.engine;
        engine.call(Kind::Call, method, engine.now(), payload, timeout.into(), complete);
    }

    /// The same for a quest of the program's own, whose payload is written already. The error is why there is none.
    pub(crate) fn quest<T: Send + 'static>(
        &self,
        method: &str,
        payload: Result<Vec<u8>, Error>,
        timeout: impl Into<Option<Duration>>,
        decode: fn(&Fields<'_>) -> Result<T, Error>,
        callback: impl FnOnce(Option<Error>, Option<T>) + Send + 'static,
    ) {
        let complete = completion(decode, callback);
        let engine = &self.handle.engine;
        match payload {
            Ok(payload) => {
                let payload = |out: &mut Vec<u8>| out.extend_from_slice(&payload);
                engine.call(Kind::Call, method, engine.now(), payload, timeout.into(), complete);
            }
            Err(error) => engine.fail(complete, error),
        }
    }

    /// The same for a call without data whose success is a change to be resumed after a relogin, if the options say so.
    pub(crate) fn change<P, C>(
        &self,
        change: Change,
        method: &'static str,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        callback: C,
    ) where
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<Error>, Option<()>) + Send + 'static,
    {
        let engine = &self.handle.engine;
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let mut complete = completion(|_| Ok(()), callback);
        let counts = change.counts(&engine.options);
        complete.note = counts.then(|| Box::new(Note::Change(change)));
        engine.call(Kind::Call, method, engine.now(), payload, timeout.into(), complete);
    }

    /// The same for a call that sends a message: the errors carry the mid, and the data is made from the mid and the
    /// answer.
    #[expect(clippy::too_many_arguments, reason = "the one door of everything that sends")]
    pub(crate) fn send<T, P, C>(
        &self,
        method: &'static str,
        now: Time,
        mid: i64,
        payload: P,
        timeout: impl Into<Option<Duration>>,
        decode: fn(i64, &Answer<'_>) -> Result<T, Error>,
        callback: C,
    ) where
        T: Send + 'static,
        P: FnOnce(&mut MapWriter<'_>),
        C: FnOnce(Option<SendError>, Option<T>) + Send + 'static,
    {
        let complete = move |answer: Result<Answer<'_>, Error>| match answer
            .and_then(|answer| decode(mid, &answer))
        {
            Ok(data) => callback(None, Some(data)),
            Err(error) => callback(Some(SendError { mid, error }), None),
        };
        let payload = |out: &mut Vec<u8>| write_map(out, payload);
        let complete = Complete::new(reply::is_reply::<SendError, T, C>(), complete);
        self.handle.engine.call(Kind::Send, method, now, payload, timeout.into(), complete);
    }

    /// The mid given, or a new one if there is none or it is 0.
    pub(crate) fn mid(&self, given: Option<i64>, now: Time) -> i64 {
        if let Some(mid) = given.filter(|&mid| mid != 0) {
            return mid;
        }
        let super::Handle { engine, last_mid, stamp } = &*self.handle;
        let millis = engine.wall_millis(now);
        let next = |last: i64| Some(next_millis(last, millis));
        let last = match last_mid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(last) | Err(last) => last,
        };
        next_millis(last, millis) << STAMP_BITS | stamp
    }
}

/// The number of bits of a mid that distinguish the clients of a user.
pub(super) const STAMP_BITS: u32 = 20;

/// The time in milliseconds, but never a time that was used before, however many mids are made in a millisecond, and
/// wherever the clock jumps.
fn next_millis(last: i64, millis: i64) -> i64 {
    millis.max(last + 1)
}

/// The end of a call: decodes the answer and calls back.
fn completion<T, C>(decode: fn(&Fields<'_>) -> Result<T, Error>, callback: C) -> Complete
where
    T: Send + 'static,
    C: FnOnce(Option<Error>, Option<T>) + Send + 'static,
{
    let complete = move |answer: Result<Answer<'_>, Error>| match answer
        .and_then(|answer| answer.read(decode))
    {
        Ok(data) => callback(None, Some(data)),
        Err(error) => callback(Some(error), None),
    };
    Complete::new(reply::is_reply::<Error, T, C>(), complete)
}

#[cfg(test)]
mod tests {
    use super::next_millis;

    #[test]
    fn mids_grow_wherever_the_clock_jumps() {
        const DAY: i64 = 86_400_000;
        let now = 1_800_000_000_000;
        let clock = [now, now, now + 1, now + DAY, now + 1, now - DAY, 0, -DAY, now + 2 * DAY];
        let mut last = 0;
        for millis in clock {
            for _ in 0..2000 {
                let next = next_millis(last, millis);
                assert!(next > last, "{next} after {last}");
                last = next;
            }
        }
        assert_eq!(last, now + 2 * DAY + 1999, "the clock's again");
    }
}
