//! The events of a [`Processor`](crate::Processor), each with the type of its data.
//!
//! In JavaScript these are the members of `RTMConfig.SERVER_PUSH`.

use crate::listeners::Event;
use crate::types::{Kickout, KickoutRoom, Ping, PushMessage};

/// The service ended this session, for example because the project allows one connection for each user, and the user has
/// logged in elsewhere. There is no relogin. The local gate allows several connections by default
/// (`GateBuilder::multi_login`); `Gate::kick` sends this event too. Wire name `kickout`.
#[doc(alias = "kickOut")]
pub const KICK_OUT: Event<Kickout> = Event::new("kickout");
/// This user was removed from a room. Wire name `kickoutroom`.
#[doc(alias = "kickOutRoom")]
pub const KICK_OUT_ROOM: Event<KickoutRoom> = Event::new("kickoutroom");
/// The service asked whether the connection is alive. Wire name `ping`.
#[doc(alias = "recvPing")]
pub const RECV_PING: Event<Ping> = Event::new("ping");

/// A message to this user of a type that has no event of its own: 0 to 29, 33 to 39, and from 51. Wire name
/// `pushmsg`.
#[doc(alias = "recvMessage")]
pub const RECV_MESSAGE: Event<PushMessage> = Event::new("pushmsg");
/// A message of a group of a type that has no event of its own: 0 to 29, 33 to 39, and from 51. Wire name
/// `pushgroupmsg`.
#[doc(alias = "recvGroupMessage")]
pub const RECV_GROUP_MESSAGE: Event<PushMessage> = Event::new("pushgroupmsg");
/// A message of a room of a type that has no event of its own: 0 to 29, 33 to 39, and from 51. Wire name
/// `pushroommsg`.
#[doc(alias = "recvRoomMessage")]
pub const RECV_ROOM_MESSAGE: Event<PushMessage> = Event::new("pushroommsg");
/// A message to everybody of a type that has no event of its own: 0 to 29, 33 to 39, and from 51. Wire name
/// `pushbroadcastmsg`.
#[doc(alias = "recvBroadcastMessage")]
pub const RECV_BROADCAST_MESSAGE: Event<PushMessage> = Event::new("pushbroadcastmsg");

/// A chat text to this user: mtype 30. In JavaScript `pushchat`.
#[doc(alias = "recvChat")]
pub const RECV_CHAT: Event<PushMessage> = Event::new("pushchat");
/// A chat text of a group: mtype 30. In JavaScript `pushgroupchat`.
#[doc(alias = "recvGroupChat")]
pub const RECV_GROUP_CHAT: Event<PushMessage> = Event::new("pushgroupchat");
/// A chat text of a room: mtype 30. In JavaScript `pushroomchat`.
#[doc(alias = "recvRoomChat")]
pub const RECV_ROOM_CHAT: Event<PushMessage> = Event::new("pushroomchat");
/// A chat text to everybody: mtype 30. In JavaScript `pushbroadcastchat`.
#[doc(alias = "recvBroadcastChat")]
pub const RECV_BROADCAST_CHAT: Event<PushMessage> = Event::new("pushbroadcastchat");

/// Chat audio to this user: mtype 31. Without a handler for this event, the audio goes to [`RECV_FILE`]. In JavaScript
/// `pushaudio`.
#[doc(alias = "recvAudio")]
pub const RECV_AUDIO: Event<PushMessage> = Event::new("pushaudio");
/// Chat audio of a group: mtype 31. Without a handler for this event, the audio goes to [`RECV_GROUP_FILE`]. In
/// JavaScript `pushgroupaudio`.
#[doc(alias = "recvGroupAudio")]
pub const RECV_GROUP_AUDIO: Event<PushMessage> = Event::new("pushgroupaudio");
/// Chat audio of a room: mtype 31. Without a handler for this event, the audio goes to [`RECV_ROOM_FILE`]. In JavaScript
/// `pushroomaudio`.
#[doc(alias = "recvRoomAudio")]
pub const RECV_ROOM_AUDIO: Event<PushMessage> = Event::new("pushroomaudio");
/// Chat audio to everybody: mtype 31. Without a handler for this event, the audio goes to [`RECV_BROADCAST_FILE`]. In
/// JavaScript `pushbroadcastaudio`.
#[doc(alias = "recvBroadcastAudio")]
pub const RECV_BROADCAST_AUDIO: Event<PushMessage> = Event::new("pushbroadcastaudio");

/// A command to this user: mtype 32. In JavaScript `pushcmd`.
#[doc(alias = "recvCmd")]
pub const RECV_CMD: Event<PushMessage> = Event::new("pushcmd");
/// A command of a group: mtype 32. In JavaScript `pushgroupcmd`.
#[doc(alias = "recvGroupCmd")]
pub const RECV_GROUP_CMD: Event<PushMessage> = Event::new("pushgroupcmd");
/// A command of a room: mtype 32. In JavaScript `pushroomcmd`.
#[doc(alias = "recvRoomCmd")]
pub const RECV_ROOM_CMD: Event<PushMessage> = Event::new("pushroomcmd");
/// A command to everybody: mtype 32. In JavaScript `pushbroadcastcmd`.
#[doc(alias = "recvBroadcastCmd")]
pub const RECV_BROADCAST_CMD: Event<PushMessage> = Event::new("pushbroadcastcmd");

/// A file to this user: mtype 40 to 50. In JavaScript `pushfile`.
#[doc(alias = "recvFile")]
pub const RECV_FILE: Event<PushMessage> = Event::new("pushfile");
/// A file of a group: mtype 40 to 50. In JavaScript `pushgroupfile`.
#[doc(alias = "recvGroupFile")]
pub const RECV_GROUP_FILE: Event<PushMessage> = Event::new("pushgroupfile");
/// A file of a room: mtype 40 to 50. In JavaScript `pushroomfile`.
#[doc(alias = "recvRoomFile")]
pub const RECV_ROOM_FILE: Event<PushMessage> = Event::new("pushroomfile");
/// A file to everybody: mtype 40 to 50. In JavaScript `pushbroadcastfile`.
#[doc(alias = "recvBroadcastFile")]
pub const RECV_BROADCAST_FILE: Event<PushMessage> = Event::new("pushbroadcastfile");
