//! The rule of arguments, as `docs/architecture.md` has it: every call takes each allowed form of each argument. That this
//! compiles is the test.

#![expect(clippy::needless_borrows_for_generic_args, reason = "borrowed is one of the forms")]

use std::borrow::Borrow;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::types::{Content, File, HistoryRange, Moderation, OptionalList, OptionalText};
use rtm_client::{CatchUp, ClientOptions, LoginOptions, RtmClient, reply};

const SECOND: Duration = Duration::from_secs(1);

/// Not logged in: each call ends at once.
fn client() -> RtmClient {
    RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:1"))
}

fn file() -> File {
    File::from_bytes("name", [1])
}

#[test]
fn a_text_is_given_in_any_form() {
    let text = String::from("text");
    texts(&client(), || "text");
    texts(&client(), || text.clone());
    texts(&client(), || &text);
    options(|| "text");
    options(|| text.clone());
    options(|| &text);
    certificates(|| "text");
    certificates(|| text.clone());
    certificates(|| &text);
}

#[test]
fn bytes_are_given_in_any_form() {
    let vec = vec![1_u8];
    bytes(&client(), || [1_u8]);
    bytes(&client(), || b"1");
    bytes(&client(), || &vec[..]);
    bytes(&client(), || vec.clone());
    bytes(&client(), || &vec);
    certificates(|| [1_u8]);
    certificates(|| b"1");
    certificates(|| &vec[..]);
    certificates(|| vec.clone());
    certificates(|| &vec);
}

#[test]
fn a_list_is_given_in_any_form() {
    let vec = vec![1_i64];
    lists(&client(), || [1]);
    lists(&client(), || &[1]);
    lists(&client(), || &vec[..]);
    lists(&client(), || vec.clone());
    lists(&client(), || &vec);
    let pairs = [("k", "v")];
    client().add_attrs(&pairs, None, reply::ignore);
    client().add_attrs(&pairs[..], None, reply::ignore);
    client().add_attrs(&pairs.to_vec(), None, reply::ignore);
    client().add_attrs(pairs.to_vec(), None, reply::ignore);
    let _ = ClientOptions::new(1).attrs(&pairs).attrs(&pairs[..]).attrs(pairs.to_vec());
    let _ = CatchUp::new().mtypes([66]).mtypes(&[66][..]).mtypes(vec.clone()).mtypes(&vec);
    let gates = ["a.example:1".to_owned()];
    let _ = ClientOptions::new(1).backup_endpoints(&gates).backup_endpoints(&gates[..]);
    let _ =
        ClientOptions::new(1).backup_endpoints(gates.to_vec()).backup_endpoints(["a.example:1"]);
    // What is required may come from any iterator as well.
    client().get_online_users(1..=3, None, reply::ignore);
    client().get_online_users(vec.iter().copied(), None, reply::ignore);
}

#[test]
fn an_option_is_nothing_or_the_plain_value() {
    nothing(&client());
    plain(&client());
    let _ = ClientOptions::new(1).max_relogin_attempts(None).max_relogin_attempts(3);
    let _ = LoginOptions::default().ts(None).ts(1).lang(None).lang("text");
    let moderation = Moderation::default().strategy_id(None).strategy_id("text");
    let moderation = moderation.check_params("{}").check_params(None);
    assert_eq!((moderation.strategy_id.as_deref(), moderation.check_params), (Some("text"), None));
    let range = HistoryRange::default().begin(None).begin(1).end(None).end(1);
    let _ = range.mtypes(None).mtypes([30]).timeout(None).timeout(SECOND);
}

/// A text as an option keeps it.
fn options<'a, T>(t: impl Fn() -> T)
where
    T: AsRef<str> + Into<String> + Into<Content<'a>> + Into<OptionalText<'a>>,
{
    let options =
        ClientOptions::new(1).endpoint(t()).ssl_endpoint(t()).file_endpoint(t()).proxy(t());
    let _ = options.backup_endpoints([t()]).attrs([(t(), t())]);
    let _ = LoginOptions::default().lang(t());
    let _ = Moderation::default().strategy_id(t()).check_params(t());
    let _ = File::from_bytes(t(), t());
    let gate =
        Gate::builder().token(1, t()).group(1, [1]).group(1, &[1][..]).start().expect("a gate");
    gate.broadcast(1, 30, "text", t());
    gate.push(1, t(), "{}").expect("nobody is there");
    assert!(gate.faults().set_json(t()).is_err());
}

/// Certificates and a key, as a text or as bytes.
#[cfg(feature = "tls")]
fn certificates<B: AsRef<[u8]>>(b: impl Fn() -> B) {
    let _ = ClientOptions::new(1).ca_certificates(b()).client_certificate(b(), b());
}

#[cfg(not(feature = "tls"))]
fn certificates<B: AsRef<[u8]>>(_: impl Fn() -> B) {}

fn texts<'a, T>(c: &RtmClient, t: impl Fn() -> T)
where
    T: AsRef<str> + Into<Content<'a>> + Into<OptionalText<'a>>,
{
    c.login(1, t(), |_, _| {}, None);
    c.login_with(1, t(), LoginOptions::default(), |_, _| {}, None);
    c.send_quest(t(), t(), None, reply::ignore);
    c.send_chat(1, t(), t(), None, None, reply::ignore);
    c.send_group_chat(1, t(), t(), None, None, reply::ignore);
    c.send_room_chat(1, None, t(), t(), None, None, reply::ignore);
    c.send_audio(1, t(), t(), None, None, reply::ignore);
    c.send_group_audio(1, t(), t(), None, None, reply::ignore);
    c.send_room_audio(1, None, t(), t(), None, None, reply::ignore);
    c.send_cmd(1, t(), t(), None, None, reply::ignore);
    c.send_group_cmd(1, t(), t(), None, None, reply::ignore);
    c.send_room_cmd(1, None, t(), t(), None, None, reply::ignore);
    c.set_translation_language(t(), None, reply::ignore);
    c.send_message(1, 1, t(), t(), None, None, reply::ignore);
    c.send_group_message(1, 1, t(), t(), None, None, reply::ignore);
    c.send_room_message(1, 1, t(), t(), None, None, reply::ignore);
    c.send_moderated_message(1, 1, t(), t(), Moderation::default(), None, None, reply::ignore);
    c.send_moderated_group_message(
        1,
        1,
        t(),
        t(),
        Moderation::default(),
        None,
        None,
        reply::ignore,
    );
    c.send_moderated_room_message(1, 1, t(), t(), Moderation::default(), None, None, reply::ignore);
    c.file_token(t(), None, None, None, None, None, reply::ignore);
    c.set_group_info(1, t(), t(), None, reply::ignore);
    c.set_room_info(1, t(), t(), None, reply::ignore);
    c.set_user_info(t(), t(), None, reply::ignore);
    c.data_set(t(), t(), None, reply::ignore);
    c.data_get(t(), None, reply::ignore);
    c.data_delete(t(), None, reply::ignore);
    c.add_attrs([(t(), t())], None, reply::ignore);
    c.add_debug_log(t(), t(), None, reply::ignore);
    c.add_device(t(), t(), None, reply::ignore);
    c.remove_device(t(), None, reply::ignore);
    c.kickout(t(), None, reply::ignore);
    c.translate(t(), t(), t(), t(), t(), None, reply::ignore);
    c.profanity(t(), None, None, reply::ignore);
    c.text_check(t(), t(), None, reply::ignore);
    c.image_check(t(), 1, t(), None, reply::ignore);
    c.audio_check(t(), 1, t(), t(), None, t(), None, reply::ignore);
    c.video_check(t(), 1, t(), t(), None, reply::ignore);
    c.speech2text(t(), 1, t(), t(), None, None, reply::ignore);
    c.speech_translation(t(), t(), t(), t(), None, None, reply::ignore);
}

fn bytes<'a, B: Into<Content<'a>>>(c: &RtmClient, b: impl Fn() -> B) {
    c.send_chat(1, b(), "t", None, None, reply::ignore);
    c.send_group_chat(1, b(), "t", None, None, reply::ignore);
    c.send_room_chat(1, None, b(), "t", None, None, reply::ignore);
    c.send_audio(1, b(), "t", None, None, reply::ignore);
    c.send_group_audio(1, b(), "t", None, None, reply::ignore);
    c.send_room_audio(1, None, b(), "t", None, None, reply::ignore);
    c.send_cmd(1, b(), "t", None, None, reply::ignore);
    c.send_group_cmd(1, b(), "t", None, None, reply::ignore);
    c.send_room_cmd(1, None, b(), "t", None, None, reply::ignore);
    c.send_message(1, 1, b(), "t", None, None, reply::ignore);
    c.send_group_message(1, 1, b(), "t", None, None, reply::ignore);
    c.send_room_message(1, 1, b(), "t", None, None, reply::ignore);
    c.send_moderated_message(1, 1, b(), "t", Moderation::default(), None, None, reply::ignore);
    c.send_moderated_group_message(
        1,
        1,
        b(),
        "t",
        Moderation::default(),
        None,
        None,
        reply::ignore,
    );
    c.send_moderated_room_message(1, 1, b(), "t", Moderation::default(), None, None, reply::ignore);
    let _ = File::from_bytes("name", b());
    c.image_check(b(), 1, None, None, reply::ignore);
    c.audio_check(b(), 1, "t", None, None, None, None, reply::ignore);
    c.video_check(b(), 1, "t", None, None, reply::ignore);
    c.speech2text(b(), 1, "t", None, None, None, reply::ignore);
    c.speech_translation(b(), "t", None, None, None, None, reply::ignore);
}

fn lists<'a, L>(c: &RtmClient, l: impl Fn() -> L)
where
    L: IntoIterator<Item: Borrow<i64>> + Into<OptionalList<'a>>,
{
    c.get_p2p_conversation_list(None, l(), None, reply::ignore);
    c.get_p2p_unread_conversation_list(None, l(), None, reply::ignore);
    c.get_group_conversation_list(None, l(), None, reply::ignore);
    c.get_group_unread_conversation_list(None, l(), None, reply::ignore);
    c.get_unread_conversation_list(None, None, l(), None, reply::ignore);
    c.get_p2p_unread_message_num(l(), None, l(), None, reply::ignore);
    c.get_group_unread_message_num(l(), None, l(), None, reply::ignore);
    c.get_group_message(1, true, 1, None, None, None, l(), None, reply::ignore);
    c.get_room_message(1, true, 1, None, None, None, l(), None, reply::ignore);
    c.get_broadcast_message(true, 1, None, None, None, l(), None, reply::ignore);
    c.get_p2p_message(1, true, 1, None, None, None, l(), None, reply::ignore);
    c.get_p2p_message_by_message_id(1, true, 1, 1, None, None, l(), None, reply::ignore);
    c.get_group_message_by_message_id(1, true, 1, 1, None, None, l(), None, reply::ignore);
    c.get_room_message_by_message_id(1, true, 1, 1, None, None, l(), None, reply::ignore);
    c.get_broadcast_message_by_message_id(true, 1, 1, None, None, l(), None, reply::ignore);
    c.get_p2p_message_count(1, None, None, l(), None, reply::ignore);
    c.get_group_message_count(1, None, None, l(), None, reply::ignore);
    c.get_room_message_count(1, None, None, l(), None, reply::ignore);
    c.get_broadcast_message_count(None, None, l(), None, reply::ignore);
    c.file_token("t", l(), None, None, None, None, reply::ignore);
    c.add_friends(l(), None, reply::ignore);
    c.delete_friends(l(), None, reply::ignore);
    c.add_blacks(l(), None, reply::ignore);
    c.delete_blacks(l(), None, reply::ignore);
    c.add_group_members(1, l(), None, reply::ignore);
    c.delete_group_members(1, l(), None, reply::ignore);
    c.get_groups_open_info(l(), None, reply::ignore);
    c.get_room_count(l(), None, reply::ignore);
    c.get_rooms_open_info(l(), None, reply::ignore);
    c.enter_rooms(l(), None, reply::ignore);
    c.get_user_rooms_and_last_msg(l(), None, reply::ignore);
    c.get_online_users(l(), None, reply::ignore);
    c.get_user_open_info(l(), None, reply::ignore);
    c.add_device_push_option(1, 1, l(), None, reply::ignore);
    c.remove_device_push_option(1, 1, l(), None, reply::ignore);
}

fn nothing(c: &RtmClient) {
    c.login(1, "t", |_, _| {}, None);
    c.login_with(1, "t", LoginOptions::default(), |_, _| {}, None);
    c.send_quest("t", "t", None, reply::ignore);
    c.send_chat(1, "t", "t", None, None, reply::ignore);
    c.send_group_chat(1, "t", "t", None, None, reply::ignore);
    c.send_room_chat(1, None, "t", "t", None, None, reply::ignore);
    c.send_audio(1, "t", "t", None, None, reply::ignore);
    c.send_group_audio(1, "t", "t", None, None, reply::ignore);
    c.send_room_audio(1, None, "t", "t", None, None, reply::ignore);
    c.send_cmd(1, "t", "t", None, None, reply::ignore);
    c.send_group_cmd(1, "t", "t", None, None, reply::ignore);
    c.send_room_cmd(1, None, "t", "t", None, None, reply::ignore);
    c.delete_chat(1, 1, 1, 1, None, reply::ignore);
    c.get_chat(1, 1, 1, 1, None, reply::ignore);
    c.get_group_chat(1, true, 1, None, None, None, None, reply::ignore);
    c.get_room_chat(1, true, 1, None, None, None, None, reply::ignore);
    c.get_broadcast_chat(true, 1, None, None, None, None, reply::ignore);
    c.get_p2p_chat(1, true, 1, None, None, None, None, reply::ignore);
    c.get_session(None, reply::ignore);
    c.set_translation_language("t", None, reply::ignore);
    c.get_p2p_conversation_list(None, None, None, reply::ignore);
    c.get_p2p_unread_conversation_list(None, None, None, reply::ignore);
    c.get_group_conversation_list(None, None, None, reply::ignore);
    c.get_group_unread_conversation_list(None, None, None, reply::ignore);
    c.get_unread_conversation_list(None, None, None, None, reply::ignore);
    c.remove_session(1, None, reply::ignore);
    c.remove_session_one_way(1, None, reply::ignore);
    c.send_message(1, 1, "t", "t", None, None, reply::ignore);
    c.send_group_message(1, 1, "t", "t", None, None, reply::ignore);
    c.send_room_message(1, 1, "t", "t", None, None, reply::ignore);
    c.get_unread_message(None, None, reply::ignore);
    c.clean_unread_message(None, reply::ignore);
    c.get_p2p_unread_message_num([1], None, None, None, reply::ignore);
    c.get_group_unread_message_num([1], None, None, None, reply::ignore);
    c.get_group_message(1, true, 1, None, None, None, None, None, reply::ignore);
    c.get_room_message(1, true, 1, None, None, None, None, None, reply::ignore);
    c.get_broadcast_message(true, 1, None, None, None, None, None, reply::ignore);
    c.get_p2p_message(1, true, 1, None, None, None, None, None, reply::ignore);
    c.get_message(1, 1, 1, 1, None, reply::ignore);
    c.delete_message(1, 1, 1, 1, None, reply::ignore);
    c.get_unread_message_with_logout_time(true, None, reply::ignore);
    c.send_moderated_message(1, 1, "t", "t", Moderation::default(), None, None, reply::ignore);
    c.send_moderated_group_message(
        1,
        1,
        "t",
        "t",
        Moderation::default(),
        None,
        None,
        reply::ignore,
    );
    c.send_moderated_room_message(1, 1, "t", "t", Moderation::default(), None, None, reply::ignore);
    c.get_p2p_message_by_message_id(1, true, 1, 1, None, None, None, None, reply::ignore);
    c.get_group_message_by_message_id(1, true, 1, 1, None, None, None, None, reply::ignore);
    c.get_room_message_by_message_id(1, true, 1, 1, None, None, None, None, reply::ignore);
    c.get_broadcast_message_by_message_id(true, 1, 1, None, None, None, None, reply::ignore);
    c.get_p2p_message_count(1, None, None, None, None, reply::ignore);
    c.get_group_message_count(1, None, None, None, None, reply::ignore);
    c.get_room_message_count(1, None, None, None, None, reply::ignore);
    c.get_broadcast_message_count(None, None, None, None, reply::ignore);
    c.file_token("t", None, None, None, None, None, reply::ignore);
    c.send_file(1, 1, file(), None, None, reply::ignore);
    c.send_group_file(1, 1, file(), None, None, reply::ignore);
    c.send_room_file(1, 1, file(), None, None, reply::ignore);
    c.upload_file(1, file(), None, reply::ignore);
    c.add_friends([1], None, reply::ignore);
    c.delete_friends([1], None, reply::ignore);
    c.get_friends(None, reply::ignore);
    c.add_blacks([1], None, reply::ignore);
    c.delete_blacks([1], None, reply::ignore);
    c.get_blacks(None, reply::ignore);
    c.add_group_members(1, [1], None, reply::ignore);
    c.delete_group_members(1, [1], None, reply::ignore);
    c.get_group_members(1, None, None, reply::ignore);
    c.get_group_count(1, None, None, reply::ignore);
    c.get_user_groups(None, reply::ignore);
    c.set_group_info(1, None, None, None, reply::ignore);
    c.get_group_info(1, None, reply::ignore);
    c.get_group_open_info(1, None, reply::ignore);
    c.get_groups_open_info([1], None, reply::ignore);
    c.enter_room(1, None, reply::ignore);
    c.leave_room(1, None, reply::ignore);
    c.get_user_rooms(None, reply::ignore);
    c.get_room_members(1, None, reply::ignore);
    c.get_room_count([1], None, reply::ignore);
    c.set_room_info(1, None, None, None, reply::ignore);
    c.get_room_info(1, None, reply::ignore);
    c.get_room_open_info(1, None, reply::ignore);
    c.get_rooms_open_info([1], None, reply::ignore);
    c.enter_rooms([1], None, reply::ignore);
    c.get_user_rooms_and_last_msg(None, None, reply::ignore);
    c.get_online_users([1], None, reply::ignore);
    c.set_user_info(None, None, None, reply::ignore);
    c.get_user_info(None, reply::ignore);
    c.get_user_open_info([1], None, reply::ignore);
    c.data_set("t", None, None, reply::ignore);
    c.data_get("t", None, reply::ignore);
    c.data_delete("t", None, reply::ignore);
    c.add_attrs([("k", "v")], None, reply::ignore);
    c.get_attrs(None, reply::ignore);
    c.add_debug_log("t", "t", None, reply::ignore);
    c.add_device("t", "t", None, reply::ignore);
    c.remove_device("t", None, reply::ignore);
    c.add_device_push_option(1, 1, None, None, reply::ignore);
    c.remove_device_push_option(1, 1, None, None, reply::ignore);
    c.get_device_push_option(None, reply::ignore);
    c.get_server_time(None, reply::ignore);
    c.kickout("t", None, reply::ignore);
    c.translate("t", None, "t", None, None, None, reply::ignore);
    c.profanity("t", None, None, reply::ignore);
    c.text_check("t", None, None, reply::ignore);
    c.image_check("t", 1, None, None, reply::ignore);
    c.audio_check("t", 1, "t", None, None, None, None, reply::ignore);
    c.video_check("t", 1, "t", None, None, reply::ignore);
    c.speech2text("t", 1, "t", None, None, None, reply::ignore);
    c.speech_translation("t", "t", None, None, None, None, reply::ignore);
}

fn plain(c: &RtmClient) {
    c.login(1, "t", |_, _| {}, SECOND);
    c.login_with(1, "t", LoginOptions::default(), |_, _| {}, SECOND);
    c.send_quest("t", "t", SECOND, reply::ignore);
    c.send_chat(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_group_chat(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_room_chat(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.send_audio(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_group_audio(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_room_audio(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.send_cmd(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_group_cmd(1, "t", "t", 1, SECOND, reply::ignore);
    c.send_room_cmd(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.delete_chat(1, 1, 1, 1, SECOND, reply::ignore);
    c.get_chat(1, 1, 1, 1, SECOND, reply::ignore);
    c.get_group_chat(1, true, 1, 1, 1, 1, SECOND, reply::ignore);
    c.get_room_chat(1, true, 1, 1, 1, 1, SECOND, reply::ignore);
    c.get_broadcast_chat(true, 1, 1, 1, 1, SECOND, reply::ignore);
    c.get_p2p_chat(1, true, 1, 1, 1, 1, SECOND, reply::ignore);
    c.get_session(SECOND, reply::ignore);
    c.set_translation_language("t", SECOND, reply::ignore);
    c.get_p2p_conversation_list(1, [1], SECOND, reply::ignore);
    c.get_p2p_unread_conversation_list(1, [1], SECOND, reply::ignore);
    c.get_group_conversation_list(1, [1], SECOND, reply::ignore);
    c.get_group_unread_conversation_list(1, [1], SECOND, reply::ignore);
    c.get_unread_conversation_list(true, 1, [1], SECOND, reply::ignore);
    c.remove_session(1, SECOND, reply::ignore);
    c.remove_session_one_way(1, SECOND, reply::ignore);
    c.send_message(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.send_group_message(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.send_room_message(1, 1, "t", "t", 1, SECOND, reply::ignore);
    c.get_unread_message(true, SECOND, reply::ignore);
    c.clean_unread_message(SECOND, reply::ignore);
    c.get_p2p_unread_message_num([1], 1, [1], SECOND, reply::ignore);
    c.get_group_unread_message_num([1], 1, [1], SECOND, reply::ignore);
    c.get_group_message(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_room_message(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_broadcast_message(true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_p2p_message(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_message(1, 1, 1, 1, SECOND, reply::ignore);
    c.delete_message(1, 1, 1, 1, SECOND, reply::ignore);
    c.get_unread_message_with_logout_time(true, SECOND, reply::ignore);
    c.send_moderated_message(1, 1, "t", "t", Moderation::default(), 1, SECOND, reply::ignore);
    c.send_moderated_group_message(1, 1, "t", "t", Moderation::default(), 1, SECOND, reply::ignore);
    c.send_moderated_room_message(1, 1, "t", "t", Moderation::default(), 1, SECOND, reply::ignore);
    c.get_p2p_message_by_message_id(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_group_message_by_message_id(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_room_message_by_message_id(1, true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_broadcast_message_by_message_id(true, 1, 1, 1, 1, [1], SECOND, reply::ignore);
    c.get_p2p_message_count(1, 1, 1, [1], SECOND, reply::ignore);
    c.get_group_message_count(1, 1, 1, [1], SECOND, reply::ignore);
    c.get_room_message_count(1, 1, 1, [1], SECOND, reply::ignore);
    c.get_broadcast_message_count(1, 1, [1], SECOND, reply::ignore);
    c.file_token("t", [1], 1, 1, 1, SECOND, reply::ignore);
    c.send_file(1, 1, file(), 1, SECOND, reply::ignore);
    c.send_group_file(1, 1, file(), 1, SECOND, reply::ignore);
    c.send_room_file(1, 1, file(), 1, SECOND, reply::ignore);
    c.upload_file(1, file(), SECOND, reply::ignore);
    c.add_friends([1], SECOND, reply::ignore);
    c.delete_friends([1], SECOND, reply::ignore);
    c.get_friends(SECOND, reply::ignore);
    c.add_blacks([1], SECOND, reply::ignore);
    c.delete_blacks([1], SECOND, reply::ignore);
    c.get_blacks(SECOND, reply::ignore);
    c.add_group_members(1, [1], SECOND, reply::ignore);
    c.delete_group_members(1, [1], SECOND, reply::ignore);
    c.get_group_members(1, true, SECOND, reply::ignore);
    c.get_group_count(1, true, SECOND, reply::ignore);
    c.get_user_groups(SECOND, reply::ignore);
    c.set_group_info(1, "t", "t", SECOND, reply::ignore);
    c.get_group_info(1, SECOND, reply::ignore);
    c.get_group_open_info(1, SECOND, reply::ignore);
    c.get_groups_open_info([1], SECOND, reply::ignore);
    c.enter_room(1, SECOND, reply::ignore);
    c.leave_room(1, SECOND, reply::ignore);
    c.get_user_rooms(SECOND, reply::ignore);
    c.get_room_members(1, SECOND, reply::ignore);
    c.get_room_count([1], SECOND, reply::ignore);
    c.set_room_info(1, "t", "t", SECOND, reply::ignore);
    c.get_room_info(1, SECOND, reply::ignore);
    c.get_room_open_info(1, SECOND, reply::ignore);
    c.get_rooms_open_info([1], SECOND, reply::ignore);
    c.enter_rooms([1], SECOND, reply::ignore);
    c.get_user_rooms_and_last_msg([1], SECOND, reply::ignore);
    c.get_online_users([1], SECOND, reply::ignore);
    c.set_user_info("t", "t", SECOND, reply::ignore);
    c.get_user_info(SECOND, reply::ignore);
    c.get_user_open_info([1], SECOND, reply::ignore);
    c.data_set("t", "t", SECOND, reply::ignore);
    c.data_get("t", SECOND, reply::ignore);
    c.data_delete("t", SECOND, reply::ignore);
    c.add_attrs([("k", "v")], SECOND, reply::ignore);
    c.get_attrs(SECOND, reply::ignore);
    c.add_debug_log("t", "t", SECOND, reply::ignore);
    c.add_device("t", "t", SECOND, reply::ignore);
    c.remove_device("t", SECOND, reply::ignore);
    c.add_device_push_option(1, 1, [1], SECOND, reply::ignore);
    c.remove_device_push_option(1, 1, [1], SECOND, reply::ignore);
    c.get_device_push_option(SECOND, reply::ignore);
    c.get_server_time(SECOND, reply::ignore);
    c.kickout("t", SECOND, reply::ignore);
    c.translate("t", "t", "t", "t", "t", SECOND, reply::ignore);
    c.profanity("t", true, SECOND, reply::ignore);
    c.text_check("t", "t", SECOND, reply::ignore);
    c.image_check("t", 1, "t", SECOND, reply::ignore);
    c.audio_check("t", 1, "t", "t", 1, "t", SECOND, reply::ignore);
    c.video_check("t", 1, "t", "t", SECOND, reply::ignore);
    c.speech2text("t", 1, "t", "t", 1, SECOND, reply::ignore);
    c.speech_translation("t", "t", "t", "t", 1, SECOND, reply::ignore);
}

/// The functions above have every call that takes such an argument, going by the page of calls.
#[test]
fn no_call_is_left_out() {
    let read = |path: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file")
    };
    let (page, this) = (read("docs/calls.md"), read("tests/arguments.rs"));
    let body = |function: &str| {
        let (_, after) = this
            .split_once(&format!("\nfn {function}<"))
            .or_else(|| this.split_once(&format!("\nfn {function}(")))
            .expect("a function");
        after.split_once("\n}\n").expect("its end").0
    };
    let kinds = [
        ("texts", &[": &str", ": Content", ": OptionalText", "K: AsRef<str>"][..]),
        ("bytes", &[": Content"]),
        ("lists", &[": OptionalList", "Item = i64>"]),
        ("nothing", &["timeout: Option<Duration>"]),
        ("plain", &["timeout: Option<Duration>"]),
    ];
    let mut called = 0;
    for row in page.lines().filter(|row| row.contains("timeout: Option<Duration>")) {
        let signature =
            row.split("[`").nth(1).and_then(|rest| rest.split("`](").next()).expect("a call");
        let name = signature.split(['(', '<']).next().expect("a name");
        for (function, arguments) in kinds {
            if arguments.iter().any(|argument| signature.contains(argument)) {
                let has = body(function).contains(&format!("c.{name}("));
                assert!(has, "{function} lacks {signature}");
                called += 1;
            }
        }
    }
    assert!(called > 300, "{called} calls");
}
