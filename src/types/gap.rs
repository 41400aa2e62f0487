/// A part of a conversation in which messages may be missing, because catching up after a lost connection could not fetch
/// them.
///
/// Both times are included, and messages that came before the gap was reported may lie between them. A missing message is
/// not handed over later. The number of missing messages is unknown, and so is whether the service still has them; a
/// program can read the history of that time, or tell its user.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = started();
/// use rtm_client::types::{Gap, GapConversation};
///
/// client.on_gap(|gap: &Gap| match gap.conversation {
///     GapConversation::Group(gid) => println!("group {gid} is incomplete from {} on", gap.since),
///     GapConversation::Unknown => println!("anything may be incomplete from {} on", gap.since),
///     _ => {}
/// });
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The conversation with the gap.
    pub conversation: GapConversation,
    /// The beginning of the gap, in milliseconds since 1970; 0 if unknown.
    pub since: i64,
    /// The end of the gap, in milliseconds since 1970; [`i64::MAX`] means the moment when the gap is reported,
    /// where the service did not tell its time.
    /// Both ends may be given to [`HistoryRange`](crate::types::HistoryRange), to read what the history has.
    pub until: i64,
}

/// The conversation of a [`Gap`].
///
/// ```
/// use rtm_client::types::GapConversation;
///
/// fn title(conversation: &GapConversation) -> String {
///     match conversation {
///         GapConversation::P2p(peer) => format!("user {peer}"),
///         GapConversation::Group(gid) => format!("group {gid}"),
///         GapConversation::Room(rid) => format!("room {rid}"),
///         GapConversation::Broadcast => "messages to everybody".to_owned(),
///         _ => "all conversations".to_owned(),
///     }
/// }
/// assert_eq!(title(&GapConversation::Group(100)), "group 100");
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapConversation {
    /// The conversation with this user.
    P2p(i64),
    /// This group.
    Group(i64),
    /// This room.
    Room(i64),
    /// The broadcasts.
    Broadcast,
    /// Any conversation: the service did not say in which conversations messages were sent. The client still fetches the
    /// missed messages of conversations of which it has received a message.
    Unknown,
}
