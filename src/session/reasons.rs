//! The reasons for ends, in words.

use crate::error::Error;
use crate::error_code::{fpnn, rtm};

/// What a login ends with that the program does not want any more.
pub(super) fn closed_meanwhile() -> Error {
    let text = "the client was closed before the login was answered";
    Error::new(fpnn::CORE_CONNECTION_CLOSED, text)
}

/// What an attempt fails with for which the program had no token, but may have one later.
pub(super) fn no_token_yet() -> Error {
    Error::new(rtm::INVALID_AUTH_TOKEN, "the program has no token yet")
}

/// Why there is no session after the program has closed it.
pub(crate) fn closed_by_program() -> Error {
    ended("the program has closed it")
}

/// Why there is no session any more.
pub(super) fn ended(why: &str) -> Error {
    Error::new(fpnn::CORE_INVALID_CONNECTION, format!("the session has ended: {why}"))
}

/// The same where an error is the reason.
pub(super) fn ended_by(why: &str, error: Error) -> Error {
    let text = format!("the session has ended: {why}");
    Error::with_source(fpnn::CORE_INVALID_CONNECTION, text, error)
}

/// Codes after which trying again cannot help.
pub(super) fn is_final(code: i32) -> bool {
    matches!(
        code,
        fpnn::CORE_FORBIDDEN
            | rtm::INVALID_PROJECT_ID_OR_USER_ID
            | rtm::INVALID_PROJECT_ID_OR_SIGN
            | rtm::PERMISSION_DENIED
            | rtm::AUTH_DENIED
            | rtm::ADMIN_LOGIN
            | rtm::ADMIN_ONLY
            | rtm::INVALID_AUTH_TOKEN
            | rtm::BLOCKED_USER
    )
}
