//! The reasons why a gate was not reached, one for each attempt.

use std::time::Duration;

use crate::error::Error;
use crate::error_code::fpnn;
use crate::time::Time;

/// How many failures an error tells of.
const TOLD: usize = 10;

/// Why an attempt failed, or all of them.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// How long a gate that is too busy wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(text: String) -> Failure {
        Error::new(fpnn::CORE_INVALID_CONNECTION, text).into()
    }

    pub(crate) fn caused(
        text: String,
        by: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Failure {
        Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, by).into()
    }

    fn in_words(&self) -> String {
        let cause = std::error::Error::source(&self.error);
        let text = self.error.message();
        cause.map_or_else(|| text.to_owned(), |cause| format!("{text} ({cause})"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, retry_after: None }
    }
}

/// The failures of the attempts so far.
#[derive(Default)]
pub(crate) struct Failures(Vec<Failure>);

impl Failures {
    pub(crate) fn push(&mut self, failure: Failure) {
        self.0.push(failure);
    }

    /// The failure of a connection that took longer than `after`, out of `most` at the most.
    pub(crate) fn too_late(&self, after: Time, most: Duration, under_way: String) -> Failure {
        let failed = several(self.0.iter().map(Failure::in_words));
        let both = [failed, under_way].into_iter().filter(|text| !text.is_empty());
        let after = Duration::from_millis(after.saturating_add(500_000) / 1_000_000);
        let which = match after < most {
            true => "the timeout of the login",
            false => "the connection timeout",
        };
        let text = format!("connecting took longer than {after:?}, {which}: {}", several(both));
        Failure { retry_after: self.retry_after(), ..Failure::new(text) }
    }

    /// The failure of a connection whose attempts have all failed.
    pub(crate) fn all(&mut self) -> Failure {
        let retry_after = self.retry_after();
        match self.0.pop() {
            None => Failure::new("there is no gate to connect to".to_owned()),
            Some(only) if self.0.is_empty() => only,
            Some(last) => {
                self.0.push(last);
                let text = several(self.0.iter().map(Failure::in_words));
                Failure { retry_after, ..Failure::new(text) }
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.iter().filter_map(|failure| failure.retry_after).max()
    }
}

/// One after the other, those there is room for.
pub(crate) fn several(sentences: impl Iterator<Item = String>) -> String {
    let mut sentences: Vec<_> = sentences.collect();
    let more = sentences.len().saturating_sub(TOLD);
    sentences.truncate(TOLD);
    if more > 0 {
        sentences.push(format!("and {more} more"));
    }
    sentences.join("; ")
}
