//! Sessions, conversation lists, unread messages.

use rtm_client::types::{P2PMessage, Sessions, UnreadMessages};
use rtm_client::{RtmClient, server_push};

use crate::support::{GROUP, PATIENCE, code, gate, get, login, next, pushes, say, send, strangers};

fn p2p_ids(sessions: &Sessions) -> Vec<i64> {
    sessions.p2p.iter().map(|session| session.id).collect()
}

fn sessions(client: &RtmClient) -> Sessions {
    get(|callback| client.get_session(None, callback)).unwrap()
}

#[test]
fn who_talked_is_listed_until_removed() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    assert!(sessions(&one).p2p.is_empty());
    say(&one, 2, "hello");
    assert_eq!((p2p_ids(&sessions(&one)), p2p_ids(&sessions(&two))), (vec![2], vec![1]));
    assert_eq!(sessions(&one).group.iter().map(|group| group.id).collect::<Vec<_>>(), [GROUP]);

    get(|callback| one.remove_session_one_way(2, None, callback)).unwrap();
    assert_eq!((p2p_ids(&sessions(&one)), p2p_ids(&sessions(&two))), (vec![], vec![1]));
    say(&one, 2, "hello again");
    get(|callback| one.remove_session(2, None, callback)).unwrap();
    assert!(sessions(&one).p2p.is_empty() && sessions(&two).p2p.is_empty());
}

/// A gate where user 2 was online, went, and then got three chats of user 1 and two of the group.
fn with_unread_messages() -> (rtm_client::gate::Gate, RtmClient, RtmClient) {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let heard = pushes(&two, server_push::RECV_CHAT);
    say(&one, 2, "read");
    next(&heard);
    two.bye();
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
    for text in ["first", "second", "third"] {
        say(&one, 2, text);
    }
    for text in ["hello", "everyone"] {
        send(|callback| one.send_group_chat(GROUP, text, "", None, None, callback)).unwrap();
    }
    let two = login(&gate, 2);
    (gate, one, two)
}

#[test]
fn unread_conversations_show_their_count_and_last_message() {
    let (_gate, _one, two) = with_unread_messages();
    let all = get(|callback| two.get_p2p_conversation_list(None, None, None, callback)).unwrap();
    let [with_one] = &all[..] else { panic!("one conversation: {all:?}") };
    assert_eq!((with_one.id, with_one.unread), (1, 3));
    let last = with_one.last_msg.as_ref().unwrap();
    assert_eq!(last.msg, "third");
    assert_eq!(last.direction, P2PMessage::RECEIVED);
    let unread =
        get(|callback| two.get_p2p_unread_conversation_list(None, None, None, callback)).unwrap();
    assert_eq!(unread, all);

    let groups =
        get(|callback| two.get_group_conversation_list(None, None, None, callback)).unwrap();
    let [group] = &groups[..] else { panic!("one group: {groups:?}") };
    assert_eq!((group.id, group.unread), (GROUP, 2));
    let last = group.last_msg.as_ref().unwrap();
    assert_eq!((last.from, last.msg.as_str()), (1, Some("everyone")));
    let unread =
        get(|callback| two.get_group_unread_conversation_list(None, None, None, callback)).unwrap();
    assert_eq!(unread, groups);

    let list = |clear: bool| {
        get(|callback| two.get_unread_conversation_list(clear, None, None, None, callback)).unwrap()
    };
    let both = list(true);
    assert_eq!((&both.p2p, &both.group), (&all, &groups));
    let none = list(false);
    assert!(none.p2p.is_empty() && none.group.is_empty());
}

#[test]
fn types_and_times_choose_what_counts() {
    let (_gate, _one, two) = with_unread_messages();
    let none = get(|callback| two.get_p2p_unread_conversation_list(None, vec![32], None, callback));
    assert!(none.unwrap().is_empty());
    let ever = get(|callback| two.get_p2p_conversation_list(1, None, None, callback)).unwrap();
    assert_eq!(ever[0].unread, 4);
}

#[test]
fn unread_messages_are_counted_until_they_are_read() {
    let (_gate, _one, two) = with_unread_messages();
    let unread = |clear: Option<bool>| {
        get(|callback| two.get_unread_message(clear, None, callback)).unwrap()
    };
    let both = unread(None);
    assert_eq!((&both.p2p[..], &both.group[..], both.logout_time), (&[1][..], &[GROUP][..], None));
    let timed =
        get(|callback| two.get_unread_message_with_logout_time(false, None, callback)).unwrap();
    assert!(timed.logout_time.is_some_and(|time| time > 1_700_000_000_000), "{timed:?}");
    assert_eq!((timed.p2p, timed.group), (both.p2p, both.group));

    let counts =
        get(|callback| two.get_p2p_unread_message_num([1], None, None, None, callback)).unwrap();
    assert_eq!(counts.p2p[&1], 3);
    assert!(counts.ltime[&1] > 1_700_000_000_000);
    let counts =
        get(|callback| two.get_group_unread_message_num([GROUP], None, None, None, callback));
    assert_eq!(counts.unwrap().group[&GROUP], 2);
    let commands =
        get(|callback| two.get_p2p_unread_message_num([1], None, vec![32], None, callback));
    assert_eq!(commands.unwrap().p2p.get(&1).copied().unwrap_or(0), 0);

    get(|callback| two.clean_unread_message(None, callback)).unwrap();
    assert_eq!(unread(None), UnreadMessages::default());
}

#[test]
fn lists_have_limits() {
    let gate = gate();
    let client = login(&gate, 1);
    for (count, expected) in [(0, 200033), (101, 200032)] {
        let counts = get(|callback| {
            client.get_p2p_unread_message_num(strangers(count), None, None, None, callback)
        });
        assert_eq!(code(counts), expected);
        let counts = get(|callback| {
            client.get_group_unread_message_num(strangers(count), None, None, None, callback)
        });
        assert_eq!(code(counts), expected);
    }
}
