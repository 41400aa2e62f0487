//! The tokens that let a user in.

use std::io;

use data_encoding::BASE64;
use ring::hmac::{self, HMAC_SHA256};

use super::builder::Config;

/// Whether the token lets the user in at that time, in milliseconds. A token with a time of its own is one of version 2.
pub(super) fn accepted(config: &Config, uid: i64, token: &str, ts: Option<i64>, now: i64) -> bool {
    if let (Some(ts), Some(secret)) = (ts, &config.token_secret) {
        let valid = ts.abs_diff(now / 1000) <= config.token_validity.as_secs();
        return valid && is_signed(secret, config.pid, uid, ts, token);
    }
    if config.tokens.is_empty() {
        return config.token_secret.is_none();
    }
    config.tokens.get(&uid).is_some_and(|known| known.contains(token))
}

/// Whether `token` is `base64(HMAC-SHA256(base64-decoded secret, "pid:uid:ts"))`.
fn is_signed(secret: &str, pid: i64, uid: i64, ts: i64, token: &str) -> bool {
    let decoded = (BASE64.decode(secret.as_bytes()), BASE64.decode(token.as_bytes()));
    let (Ok(secret), Ok(signature)) = decoded else { return false };
    let key = hmac::Key::new(HMAC_SHA256, &secret);
    hmac::verify(&key, format!("{pid}:{uid}:{ts}").as_bytes(), &signature).is_ok()
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
    use std::time::Duration;

    use super::super::builder::GateBuilder;
    use super::*;

    #[test]
    fn the_published_check_value_holds() {
        let secret = "c2VjcmV0a2V5LWJ5dGVz";
        let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw=";
        assert!(is_signed(secret, 11000001, 123456, 1700000000, token));
        assert!(!is_signed(secret, 11000001, 123457, 1700000000, token));
        assert!(!is_signed(secret, 11000001, 123456, 1700000000, "nonsense"));
    }

    #[test]
    fn a_token_is_valid_for_a_time() {
        const TS: i64 = 1_700_000_000;
        let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw=";
        let builder = GateBuilder::new().token_secret("c2VjcmV0a2V5LWJ5dGVz");
        let week = 7 * 24 * 60 * 60;
        let accepted_at =
            |config: &Config, now: i64| accepted(config, 123456, token, Some(TS), now * 1000);
        for (now, expected) in [(0, true), (week, true), (-week, true), (week + 1, false)] {
            assert_eq!(accepted_at(&builder.config, TS + now), expected, "{now}");
            assert_eq!(accepted_at(&builder.config, TS - now), expected, "{now}");
        }
        let builder = builder.token_validity(Duration::MAX);
        assert!(accepted_at(&builder.config, 0));
        for ts in [i64::MIN, i64::MAX] {
            assert!(!accepted(&builder.config, 123456, token, Some(ts), 0));
        }
    }
}
