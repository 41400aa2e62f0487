//! The session machine under any schedule.

use super::*;

/// Each login gets its outcome once, an outage ends once, and after a close nothing is due.
pub fn session(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let mut session = Session::new(SessionOptions {
        auto_reconnect: first & 1 == 0,
        retry_first_login: first >> 5 & 1 == 1,
        connection_timeout: SECOND,
        max_ping_interval: SECOND,
        strategy: RegressiveStrategy {
            start_connect_failed_count: u32::from(first >> 1 & 3),
            max_interval_seconds: u32::from(first >> 3 & 7),
            linear_regressive_count: u32::from(first >> 6),
        },
        max_attempts: (first >> 6 == 3).then_some(2),
        jitter: f64::from(first >> 6) / 3.0,
    });
    let codes = [fpnn::CORE_CONNECTION_CLOSED, rtm::DUPLICATED_AUTH, rtm::BLOCKED_USER, 0];
    let (mut now, mut owed, mut established) = (0_u64, 0, false);
    let mut outputs = Vec::new();
    // At the end the program closes.
    for byte in data.iter().copied().chain([1]) {
        let error = Error::new(codes.get(usize::from(byte >> 6)).copied().unwrap_or(0), "");
        let input = match byte & 15 {
            // The engine closes before it logs in.
            0 if session.is_idle() => Input::Login { timeout: u64::from(byte >> 4) * SECOND },
            0 | 1 => Input::Close,
            2 if byte >> 6 == 0 => Input::Drained,
            2 => Input::Bye { until: (byte >> 6 == 1).then(|| now.saturating_add(10 * SECOND)) },
            3 => Input::Connected,
            4 if byte >> 6 == 0 => Input::Busy { until: now.saturating_add(SECOND) },
            4 => Input::ConnectFailed(error),
            5 => Input::Authenticated(Ok(true)),
            6 => Input::Authenticated(Ok(false)),
            7 => Input::Authenticated(Err(error)),
            8 => Input::ByeAnswered,
            9 => Input::Lost(error),
            10 => match byte >> 6 {
                0 => Input::Doubt,
                1 => Input::Check,
                _ => {
                    session.heard(now);
                    assert!(!session.is_probing(), "it has answered");
                    continue;
                }
            },
            11 => Input::Kickout,
            12 if byte >> 6 == 0 => Input::Destroy,
            12 => Input::Verdict(match byte >> 6 {
                1 => Verdict::Go,
                2 => Verdict::TryAgain,
                _ => Verdict::No,
            }),
            13 => {
                now = session.deadline().max(now).min(NEVER - 1);
                Input::Due
            }
            // Half a second, or a day.
            14 => {
                now = now.saturating_add(SECOND / 2);
                Input::Due
            }
            _ => {
                now = now.saturating_add(86_400 * SECOND);
                Input::Due
            }
        };
        if matches!(input, Input::Login { .. }) {
            owed = 1;
        }
        let over = matches!(input, Input::Close | Input::Destroy);
        let chance = f64::from(byte) / 255.0;
        session.step(Moment { now, chance }, input, &mut outputs);
        for output in outputs.drain(..) {
            match output {
                Output::LoginDone(end) => {
                    let ok = end.error().is_none();
                    assert_eq!(owed, 1, "an outcome nobody waits for");
                    owed = 0;
                    established = ok;
                }
                Output::Emit(SessionEvent::Closed(_)) => {
                    assert!(established, "closed before it was open");
                    established = false;
                }
                _ => {}
            }
        }
        if over {
            assert!(session.is_idle() && session.deadline() == NEVER, "not over");
            // Destroyed without an event.
            established = false;
        }
        if session.is_idle() {
            assert!(!session.is_draining(), "it has left");
            assert_eq!(owed, 0, "a login without an outcome");
            assert!(!established, "ended without an event");
        }
    }
}
