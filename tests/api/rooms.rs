//! Rooms.

use rtm_client::gate::Gate;
use rtm_client::server_push;

use crate::support::{
    PATIENCE, ROOM, code, enter, gate, get, login, next, pushes, send, strangers,
};

#[test]
fn who_enters_is_inside_until_leaving() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let inside = || {
        let members = get(|callback| one.get_room_members(ROOM, None, callback)).unwrap();
        let counts = get(|callback| one.get_room_count([ROOM, 7], None, callback)).unwrap();
        assert_eq!((counts[&ROOM], counts[&7]), (members.len() as i64, 0));
        members
    };
    assert!(inside().is_empty());
    for client in [&one, &two] {
        get(|callback| client.enter_room(ROOM, None, callback)).unwrap();
    }
    assert_eq!(inside(), [1, 2]);
    assert_eq!(get(|callback| two.get_user_rooms(None, callback)).unwrap(), [ROOM]);
    get(|callback| two.leave_room(ROOM, None, callback)).unwrap();
    assert_eq!(inside(), [1]);
    assert!(get(|callback| two.get_user_rooms(None, callback)).unwrap().is_empty());
    let refused = send(|callback| two.send_room_chat(ROOM, None, "x", "", None, None, callback));
    assert_eq!(code(refused), 200040);
}

#[test]
fn a_room_ends_with_the_connection() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    one.close();
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
    assert!(get(|callback| two.get_room_members(ROOM, None, callback)).unwrap().is_empty());
}

#[test]
fn several_rooms_where_the_project_allows() {
    let gate = Gate::builder().multi_room(true).start().unwrap();
    let one = login(&gate, 1);
    get(|callback| one.enter_rooms([300, 301], None, callback)).unwrap();
    assert_eq!(get(|callback| one.get_user_rooms(None, callback)).unwrap(), [300, 301]);
    let sent = send(|cb| one.send_room_chat(300, None, "hello", "", None, None, cb)).unwrap();
    let last = |mtypes: Option<Vec<i64>>| {
        get(|cb| one.get_user_rooms_and_last_msg(mtypes.as_deref(), None, cb))
    };
    let all = last(None).unwrap();
    let row = all[&300].as_ref().unwrap();
    assert_eq!((row.from, row.mid, row.msg.as_str()), (1, sent.mid, Some("hello")));
    assert_eq!(all[&301], None);
    assert_eq!(last(Some(vec![51])).unwrap()[&300], None);
    let many = get(|callback| one.enter_rooms(302..312, None, callback));
    assert_eq!(code(many), 200047);
    let none = get(|callback| one.enter_rooms([0; 0], None, callback));
    assert_eq!(code(none), 200033);
}

#[test]
fn one_room_where_it_does_not() {
    let gate = gate();
    let one = login(&gate, 1);
    enter(&one, 300);
    enter(&one, 301);
    assert_eq!(get(|callback| one.get_user_rooms(None, callback)).unwrap(), [301]);
}

#[test]
fn who_is_removed_hears_of_it() {
    let gate = gate();
    let one = login(&gate, 1);
    let (sender, removed) = std::sync::mpsc::channel();
    one.processor().on(server_push::KICK_OUT_ROOM, move |kick| sender.send(kick.rid).unwrap());
    enter(&one, ROOM);
    gate.kick_from_room(1, ROOM);
    assert_eq!(removed.recv_timeout(PATIENCE), Ok(ROOM));
    assert!(get(|callback| one.get_user_rooms(None, callback)).unwrap().is_empty());
}

#[test]
fn infos_are_kept_for_those_inside() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    enter(&one, ROOM);
    get(|callback| one.set_room_info(ROOM, "open", "inside", None, callback)).unwrap();
    get(|callback| one.set_room_info(ROOM, None, "changed", None, callback)).unwrap();
    let info = get(|callback| one.get_room_info(ROOM, None, callback)).unwrap();
    assert_eq!((info.oinfo, info.pinfo), ("open".into(), "changed".into()));
    let open = get(|callback| two.get_room_open_info(ROOM, None, callback)).unwrap();
    assert_eq!(open.oinfo, "open");
    let infos = get(|callback| two.get_rooms_open_info([ROOM, 7], None, callback)).unwrap();
    assert_eq!((&infos[&ROOM], &infos[&7]), (&"open".into(), &"".into()));
    let refused = [
        code(get(|callback| two.get_room_info(ROOM, None, callback))),
        code(get(|callback| two.set_room_info(ROOM, "x", None, None, callback))),
    ];
    assert_eq!(refused, [200040; 2]);
    let large = get(|cb| one.set_room_info(ROOM, &*"x".repeat(65536), None, None, cb));
    assert_eq!(code(large), 200035);
}

#[test]
fn lists_have_limits() {
    let gate = gate();
    let one = login(&gate, 1);
    for (count, expected) in [(0, 200033), (101, 200032)] {
        let refused = [
            code(get(|callback| one.get_room_count(strangers(count), None, callback))),
            code(get(|callback| one.get_rooms_open_info(strangers(count), None, callback))),
        ];
        assert_eq!(refused, [expected; 2], "{count}");
    }
}

#[test]
fn a_broadcast_reaches_who_is_in_no_room() {
    let gate = gate();
    let one = login(&gate, 1);
    let heard = pushes(&one, server_push::RECV_BROADCAST_CHAT);
    let mid = gate.broadcast(9, 30, "to all", "");
    let push = next(&heard);
    assert_eq!((push.from, push.mid, push.rid), (9, mid, 0));
}
