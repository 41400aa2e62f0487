//! Which tokens let a user in.

use std::io;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::builder::Config;

/// Whether the token lets the user in. A token with a time is one of version 2.
pub(super) fn accepted(config: &Config, uid: i64, token: &str, ts: Option<i64>) -> bool {
    if let (Some(ts), Some(secret)) = (ts, &config.token_secret) {
        return is_signed(secret, config.pid, uid, ts, token);
    }
    if config.tokens.is_empty() {
        return config.token_secret.is_none();
    }
    config.tokens.get(&uid).is_some_and(|known| known.contains(token))
}

/// Whether `token` is `base64(HMAC-SHA256(base64-decoded secret, "pid:uid:ts"))`.
fn is_signed(secret: &str, pid: i64, uid: i64, ts: i64, token: &str) -> bool {
    let key = BASE64.decode(secret.as_bytes()).ok();
    let Some(mut mac) = key.and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok()) else {
        return false;
    };
    mac.update(format!("{pid}:{uid}:{ts}").as_bytes());
    BASE64.decode(token.as_bytes()).is_ok_and(|signature| mac.verify_slice(&signature).is_ok())
}

pub(super) fn check_secret(secret: &Option<String>) -> io::Result<()> {
    match secret.as_ref().map(|secret| BASE64.decode(secret.as_bytes())) {
        Some(Err(error)) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the token secret is no base64: {error}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_signed;

    #[test]
    fn the_published_check_value_holds() {
        let secret = "c2VjcmV0a2V5LWJ5dGVz";
        let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw=";
        assert!(is_signed(secret, 11000001, 123456, 1700000000, token));
        assert!(!is_signed(secret, 11000001, 123457, 1700000000, token));
        assert!(!is_signed(secret, 11000001, 123456, 1700000000, "nonsense"));
    }
}
