//! Pushes of the gate: decoded, filtered for duplicates, routed by mtype to the listeners.

pub mod server_push;

mod duplicates;
mod processor;

pub use processor::Processor;

pub(crate) use processor::excludes;

/// What a quest of the gate is, or would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Push {
    Ping,
    Kickout,
    KickoutRoom,
    Message(Category),
    /// A message that was not pushed: the client has fetched it.
    CaughtUp(Category),
}

/// Where a message was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Category {
    P2P,
    Group,
    Room,
    Broadcast,
}

impl Push {
    const ALL: [Push; 7] = [
        Push::Message(Category::P2P),
        Push::Message(Category::Group),
        Push::Message(Category::Room),
        Push::Message(Category::Broadcast),
        Push::Ping,
        Push::Kickout,
        Push::KickoutRoom,
    ];

    /// The push of that method; `None` if there is none, which the gate is told with 20004.
    pub(crate) fn of(method: &[u8]) -> Option<Push> {
        Push::ALL.into_iter().find(|push| push.method().as_bytes() == method)
    }

    pub(crate) fn method(self) -> &'static str {
        match self {
            Push::Ping => "ping",
            Push::Kickout => "kickout",
            Push::KickoutRoom => "kickoutroom",
            Push::Message(category) | Push::CaughtUp(category) => match category {
                Category::P2P => "pushmsg",
                Category::Group => "pushgroupmsg",
                Category::Room => "pushroommsg",
                Category::Broadcast => "pushbroadcastmsg",
            },
        }
    }

    /// Whether the gate waits for an answer, if it sent the push as a two-way quest.
    pub(crate) fn answered(self) -> bool {
        !matches!(self, Push::Kickout | Push::KickoutRoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_a_fixed_set() {
        for push in Push::ALL {
            assert_eq!(Push::of(push.method().as_bytes()), Some(push));
        }
        for method in ["", "pushchat", "pushfile", "pushmsg2", "Ping", "toString", "constructor"] {
            assert_eq!(Push::of(method.as_bytes()), None, "{method}");
        }
        assert_eq!(Push::of(b"\xff"), None);
    }

    #[test]
    fn kicks_are_never_answered() {
        let unanswered: Vec<_> = Push::ALL.into_iter().filter(|push| !push.answered()).collect();
        assert_eq!(unanswered, [Push::Kickout, Push::KickoutRoom]);
    }
}
