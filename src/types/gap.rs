/// A stretch of a conversation of which messages may be missing: what catching up after a lost connection could not have.
///
/// Both times are included, and messages that did come may lie between them. How many are missing is not known, nor whether the
/// service still has them; a program can ask for the history of that time, or tell its user.
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
    /// Where messages may be missing.
    pub conversation: GapConversation,
    /// From when on, in milliseconds since 1970; 0 where that is not known.
    pub since: i64,
    /// Until when, in milliseconds since 1970; [`i64::MAX`] for the moment the gap is told.
    pub until: i64,
}

/// The conversation a [`Gap`] is in.
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
    /// With this user.
    P2p(i64),
    /// Of this group.
    Group(i64),
    /// Of this room.
    Room(i64),
    /// What is sent to everybody.
    Broadcast,
    /// Any: the service did not say in which conversations something was sent.
    Unknown,
}
