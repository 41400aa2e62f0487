//! The data of a gate as JSON: people write seeds, a gate writes snapshots, and both are read in the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::store::{Bytes, ConversationId, Draft, Info, Message, Store, User};
use crate::types::mtype;

/// The version of the format. A later one may mean something else by the same words.
const VERSION: u32 = 1;
/// The largest row id: as many rows as there can ever be may come behind it.
const LAST_ROW: i64 = i64::MAX / 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Saved {
    version: u32,
    /// The last row id in use.
    #[serde(skip_serializing_if = "is_default")]
    last_row: i64,
    users: BTreeMap<i64, SavedUser>,
    groups: BTreeMap<i64, SavedGroup>,
    rooms: BTreeMap<i64, SavedInfo>,
    /// In order of time.
    messages: Vec<SavedMessage>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SavedUser {
    #[serde(skip_serializing_if = "is_default")]
    oinfo: Blob,
    #[serde(skip_serializing_if = "is_default")]
    pinfo: Blob,
    #[serde(skip_serializing_if = "is_default")]
    friends: BTreeSet<i64>,
    #[serde(skip_serializing_if = "is_default")]
    blacks: BTreeSet<i64>,
    #[serde(skip_serializing_if = "is_default")]
    data: BTreeMap<String, Blob>,
    /// Data whose keys are no text.
    #[serde(skip_serializing_if = "is_default")]
    raw_data: Vec<(Blob, Blob)>,
    #[serde(skip_serializing_if = "is_default")]
    devices: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_default")]
    p2p_options: BTreeMap<i64, Vec<i64>>,
    #[serde(skip_serializing_if = "is_default")]
    group_options: BTreeMap<i64, Vec<i64>>,
    #[serde(skip_serializing_if = "is_default")]
    logout: i64,
    #[serde(skip_serializing_if = "is_default")]
    read_until: i64,
    /// With whom the conversation has been taken out of the session list.
    #[serde(skip_serializing_if = "is_default")]
    unlisted: BTreeSet<i64>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SavedGroup {
    members: BTreeSet<i64>,
    #[serde(skip_serializing_if = "is_default")]
    oinfo: Blob,
    #[serde(skip_serializing_if = "is_default")]
    pinfo: Blob,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SavedInfo {
    #[serde(skip_serializing_if = "is_default")]
    oinfo: Blob,
    #[serde(skip_serializing_if = "is_default")]
    pinfo: Blob,
}

/// `to`, `gid` or `rid` says where it went; none of them is a broadcast.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMessage {
    from: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gid: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rid: Option<i64>,
    /// The row id; without, the next.
    #[serde(default, skip_serializing_if = "is_default")]
    id: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    mid: i64,
    #[serde(default = "chat")]
    mtype: i64,
    #[serde(default)]
    msg: Blob,
    #[serde(default, skip_serializing_if = "is_default")]
    attrs: Blob,
    /// Without, the time the gate was started.
    #[serde(default, skip_serializing_if = "is_default")]
    mtime: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    deleted: bool,
}

/// A text; or in base64, bytes that came as str though they are no text, and bytes that came as bin.
#[derive(Serialize, Deserialize, PartialEq)]
#[serde(untagged, expecting = "a text, or an object with `str` or `bin` in base64")]
pub(super) enum Blob {
    Text(String),
    Str { str: String },
    Bin { bin: String },
}

impl Default for Blob {
    fn default() -> Blob {
        Blob::Text(String::new())
    }
}

impl Blob {
    fn new(bytes: &[u8]) -> Blob {
        Blob::of(Bytes { bytes, binary: false })
    }

    pub(super) fn of(body: Bytes<'_>) -> Blob {
        match std::str::from_utf8(body.bytes) {
            _ if body.binary => Blob::Bin { bin: BASE64.encode(body.bytes) },
            Ok(text) => Blob::Text(text.to_owned()),
            Err(_) => Blob::Str { str: BASE64.encode(body.bytes) },
        }
    }

    /// The bytes, and whether they are to be bin.
    pub(super) fn read(self) -> Result<(Vec<u8>, bool), String> {
        let (base64, binary) = match self {
            Blob::Text(text) => return Ok((text.into_bytes(), false)),
            Blob::Str { str } => (str, false),
            Blob::Bin { bin } => (bin, true),
        };
        match BASE64.decode(base64.as_bytes()) {
            Ok(bytes) => Ok((bytes, binary)),
            Err(error) => Err(format!("{base64:?} is no base64: {error}")),
        }
    }

    fn bytes(self) -> Result<Vec<u8>, String> {
        self.read().map(|(bytes, _)| bytes)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn chat() -> i64 {
    mtype::CHAT
}

impl Default for Saved {
    fn default() -> Saved {
        Saved {
            version: VERSION,
            last_row: 0,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            rooms: BTreeMap::new(),
            messages: Vec::new(),
        }
    }
}

impl Saved {
    pub(super) fn parse(json: &str) -> io::Result<Saved> {
        // A list would be read as the values of the fields.
        if !json.trim_start().starts_with('{') && !json.trim_start().is_empty() {
            return Err(invalid("line 1: expected an object".to_owned()));
        }
        let saved: Saved =
            serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        if saved.version != VERSION {
            let text = format!("version is {}, this gate reads {VERSION}", saved.version);
            return Err(invalid(text));
        }
        Ok(saved)
    }

    pub(super) fn json(&self) -> String {
        // Nothing in it can fail: keys are texts and numbers.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn of(store: &Store) -> Saved {
        let mut users: BTreeMap<i64, SavedUser> =
            store.users.iter().map(|(&uid, user)| (uid, saved_user(user))).collect();
        let mut messages = Vec::new();
        for (&conversation, log) in store.logs() {
            messages.extend(log.iter().map(|message| saved_message(conversation, message)));
            if let ConversationId::P2p(a, b) = conversation {
                for (uid, other) in [(a, b), (b, a)] {
                    if !log.listed_for(uid < other) {
                        users.entry(uid).or_default().unlisted.insert(other);
                    }
                }
            }
        }
        messages.sort_unstable_by_key(|message| message.id);
        let groups = store.groups.iter().map(|(&gid, group)| {
            let (oinfo, pinfo) = saved_info(&group.info);
            (gid, SavedGroup { members: group.members.clone(), oinfo, pinfo })
        });
        let rooms = store.rooms.iter().map(|(&rid, info)| {
            let (oinfo, pinfo) = saved_info(info);
            (rid, SavedInfo { oinfo, pinfo })
        });
        Saved {
            version: VERSION,
            last_row: store.last_row(),
            users,
            groups: groups.collect(),
            rooms: rooms.collect(),
            messages,
        }
    }

    /// Puts everything into the store, besides what is there.
    pub(super) fn restore(self, store: &mut Store, now: i64) -> io::Result<()> {
        self.fill(store, now).map_err(invalid)
    }

    fn fill(self, store: &mut Store, now: i64) -> Result<(), String> {
        check_row("last_row", self.last_row)?;
        for (gid, group) in self.groups {
            let members: Vec<i64> = group.members.into_iter().collect();
            store.add_members(gid, &members);
            if let Some(known) = store.groups.get_mut(&gid) {
                known.info = Info { open: group.oinfo.bytes()?, private: group.pinfo.bytes()? };
            }
        }
        for (rid, info) in self.rooms {
            let info = Info { open: info.oinfo.bytes()?, private: info.pinfo.bytes()? };
            store.rooms.insert(rid, info);
        }
        for (at, message) in self.messages.into_iter().enumerate() {
            restore_message(store, message, now).map_err(|why| format!("messages[{at}]: {why}"))?;
        }
        for (uid, user) in self.users {
            restore_user(store, uid, user).map_err(|why| format!("users.{uid}: {why}"))?;
        }
        store.skip_rows(self.last_row);
        Ok(())
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn saved_info(info: &Info) -> (Blob, Blob) {
    (Blob::new(&info.open), Blob::new(&info.private))
}

fn saved_user(user: &User) -> SavedUser {
    let (oinfo, pinfo) = saved_info(&user.info);
    let mut data = BTreeMap::new();
    let mut raw_data = Vec::new();
    for (key, value) in &user.data {
        match std::str::from_utf8(key) {
            Ok(key) => drop(data.insert(key.to_owned(), Blob::new(value))),
            Err(_) => raw_data.push((Blob::new(key), Blob::new(value))),
        }
    }
    SavedUser {
        oinfo,
        pinfo,
        friends: user.friends.clone(),
        blacks: user.blacks.clone(),
        data,
        raw_data,
        devices: user.devices.clone(),
        p2p_options: user.p2p_options.clone(),
        group_options: user.group_options.clone(),
        logout: user.logout,
        read_until: user.read_until,
        unlisted: BTreeSet::new(),
    }
}

fn restore_user(store: &mut Store, uid: i64, saved: SavedUser) -> Result<(), String> {
    let user = store.user(uid);
    user.info = Info { open: saved.oinfo.bytes()?, private: saved.pinfo.bytes()? };
    user.friends = saved.friends;
    user.blacks = saved.blacks;
    for (key, value) in saved.data {
        user.data.insert(key.into_bytes(), value.bytes()?);
    }
    for (key, value) in saved.raw_data {
        user.data.insert(key.bytes()?, value.bytes()?);
    }
    user.devices = saved.devices;
    user.p2p_options = saved.p2p_options;
    user.group_options = saved.group_options;
    user.logout = saved.logout;
    user.read_until = saved.read_until;
    for other in saved.unlisted {
        store.remove_session(uid, other, true);
    }
    Ok(())
}

fn saved_message(conversation: ConversationId, message: &Message) -> SavedMessage {
    let (mut to, mut gid, mut rid) = (None, None, None);
    match conversation {
        ConversationId::P2p(a, b) => to = Some(if message.from == a { b } else { a }),
        ConversationId::Group(id) => gid = Some(id),
        ConversationId::Room(id) => rid = Some(id),
        ConversationId::Broadcast => {}
    }
    SavedMessage {
        from: message.from,
        to,
        gid,
        rid,
        id: message.id,
        mid: message.mid,
        mtype: message.mtype,
        msg: Blob::of(message.body()),
        attrs: Blob::new(&message.attrs),
        mtime: message.mtime,
        deleted: message.deleted,
    }
}

fn check_row(name: &str, row: i64) -> Result<(), String> {
    if (0..=LAST_ROW).contains(&row) {
        return Ok(());
    }
    Err(format!("{name} is {row}, allowed are 0 to {LAST_ROW}"))
}

fn restore_message(store: &mut Store, saved: SavedMessage, now: i64) -> Result<(), String> {
    let SavedMessage { from, mid, mtype, .. } = saved;
    let conversation = match (saved.to, saved.gid, saved.rid) {
        (Some(to), None, None) => ConversationId::p2p(from, to),
        (None, Some(gid), None) => ConversationId::Group(gid),
        (None, None, Some(rid)) => ConversationId::Room(rid),
        (None, None, None) => ConversationId::Broadcast,
        _ => return Err("more than one of to, gid, rid".to_owned()),
    };
    check_row("id", saved.id)?;
    let (body, binary) = saved.msg.read()?;
    let attrs = saved.attrs.bytes()?;
    let body = Bytes { bytes: &body, binary };
    let draft = Draft { from, mid, mtype, body, attrs: &attrs };
    store.skip_rows(saved.id.saturating_sub(1));
    store.post(conversation, &draft, if saved.mtime == 0 { now } else { saved.mtime });
    if saved.deleted {
        store.delete(conversation, from, mid);
    }
    Ok(())
}

/// Writes a file so that whoever reads it, at whatever moment, finds the old or the new content whole.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let written = std::fs::File::create(&new).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    });
    if written.is_err() {
        // What is not whole is of no use; where it cannot be taken away, it is written over the next time.
        let _ = std::fs::remove_file(&new);
        return written;
    }
    // The rename lasts once the directory is on disk; where directories cannot be opened, it does so by itself.
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Ok(directory) = std::fs::File::open(directory.unwrap_or(Path::new("."))) {
        directory.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(json: &str) -> io::Result<Store> {
        let mut store = Store::default();
        Saved::parse(json)?.restore(&mut store, 5000)?;
        Ok(store)
    }

    #[test]
    fn what_is_saved_comes_back() {
        let json = r#"{"version":1,"last_row":9,"users":{
            "1":{"oinfo":"open","friends":[2,3],"blacks":[4],"data":{"k":"v"},
                "raw_data":[[{"str":"/w=="},"x"]],"devices":{"token":"fcm"},"p2p_options":{"2":[30]},
                "logout":7,"read_until":2,"unlisted":[2]},"2":{}},
            "groups":{"100":{"members":[1,2],"pinfo":{"str":"/w=="}}},"rooms":{"200":{"oinfo":"room"}},
            "messages":[
                {"from":1,"to":2,"id":1,"mid":7,"mtype":30,"msg":"hé","attrs":"{}","mtime":1000},
                {"from":2,"to":1,"id":3,"mid":7,"mtype":51,"msg":{"bin":"AP8="},"mtime":1000},
                {"from":1,"gid":100,"id":4,"mid":8,"mtype":30,"msg":"","mtime":2000,"deleted":true},
                {"from":9,"id":6,"mid":8,"mtype":30,"msg":"all","mtime":2000}]}"#;
        let store = restored(json).unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let again = Saved::of(&store).json();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), json);
        assert!(store.p2p_sessions(1).is_empty());
        assert_eq!(store.p2p_sessions(2), [1]);
        assert!(store.groups_of(2).eq([100]));
    }

    #[test]
    fn a_seed_says_little() {
        let json = r#"{"messages":[{"from":1,"to":2,"msg":"one"},{"from":2,"to":1,"msg":"two"}]}"#;
        let store = restored(json).unwrap();
        let log = store.log(ConversationId::p2p(1, 2)).unwrap();
        let rows: Vec<_> = log.iter().map(|row| (row.id, row.mtype, row.mtime)).collect();
        assert_eq!(rows, [(1, 30, 5000), (2, 30, 5000)]);
        assert!(restored("{}").is_ok());
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let place = std::env::temp_dir().join(format!("gate-saved-{}", std::process::id()));
        // A directory, which no file takes the place of.
        std::fs::create_dir_all(place.join("taken")).unwrap();
        assert!(write_whole(&place.join("taken"), b"{}").is_err());
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1);
        write_whole(&place.join("free"), b"{}").unwrap();
        assert_eq!(std::fs::read(place.join("free")).unwrap(), b"{}");
        std::fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn the_largest_row_is_not_the_last() {
        let json =
            format!(r#"{{"last_row":{LAST_ROW},"messages":[{{"from":1,"id":{LAST_ROW}}}]}}"#);
        let mut store = restored(&json).unwrap();
        let body = Bytes { bytes: b"", binary: false };
        let draft = Draft { from: 1, mid: 1, mtype: 30, body, attrs: b"" };
        store.post(ConversationId::Broadcast, &draft, 5000);
        assert_eq!(store.last_row(), LAST_ROW + 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, words) in [
            ("", "line 1 column 0"),
            (r#"{"user":{}}"#, "unknown field `user`, expected one of"),
            (r#"{"version":2}"#, "version is 2, this gate reads 1"),
            (r#"{"messages":[{"to":2}]}"#, "missing field `from`"),
            (r#"{"messages":[{"from":1,"to":2,"gid":3}]}"#, "messages[0]: more than one of"),
            (r#"{"messages":[{"from":1,"msg":{"bin":"?"}}]}"#, "messages[0]: \"?\" is no base64"),
            (r#"{"users":{"1":{"friends":["x"]}}}"#, "expected i64"),
            (r#"{"users":{"1":{"oinfo":5}}}"#, "a text, or an object with `str` or `bin`"),
            ("[]", "line 1: expected an object"),
            (" [1]", "line 1: expected an object"),
            (r#"{"last_row":9223372036854775807}"#, "last_row is 9223372036854775807, allowed"),
            (r#"{"last_row":-1}"#, "last_row is -1, allowed are 0 to"),
            (
                r#"{"messages":[{"from":1},{"from":1,"id":9223372036854775807}]}"#,
                "messages[1]: id is 9223372036854775807, allowed are 0 to",
            ),
            (r#"{"messages":[{"from":1,"id":-2}]}"#, "messages[0]: id is -2, allowed are 0 to"),
        ] {
            let error = restored(json).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{json}: {error}");
        }
    }
}
