//! Groups.

use rtm_client::server_push;

use crate::support::{GROUP, code, gate, get, login, next, pushes, send, strangers};

#[test]
fn members_are_added_listed_counted_and_removed() {
    let gate = gate();
    let (one, four) = (login(&gate, 1), login(&gate, 4));
    let heard = pushes(&four, server_push::RECV_GROUP_CHAT);
    let groups_of_four = || get(|callback| four.get_user_groups(None, callback)).unwrap();
    let members =
        |online: Option<bool>| get(|cb| one.get_group_members(GROUP, online, None, cb)).unwrap();
    let count = |online: Option<bool>| {
        get(|cb| one.get_group_count(GROUP, online, None, cb))
            .map(|all| (all.cn, all.online))
            .unwrap()
    };
    assert!(groups_of_four().is_empty());

    get(|callback| one.add_group_members(GROUP, [4], None, callback)).unwrap();
    assert_eq!(groups_of_four(), [GROUP]);
    let all = members(None);
    assert_eq!((&all.uids[..], &all.onlines[..]), (&[1, 2, 3, 4][..], &[][..]));
    assert_eq!(members(Some(true)).onlines, [1, 4]);
    assert_eq!(count(Some(false)), (4, 0));
    assert_eq!(count(Some(true)), (4, 2));
    send(|callback| one.send_group_chat(GROUP, "welcome", "", None, None, callback)).unwrap();
    assert_eq!(next(&heard).msg, "welcome");

    get(|callback| one.delete_group_members(GROUP, [4], None, callback)).unwrap();
    assert!(groups_of_four().is_empty());
    let refused = send(|callback| four.send_group_chat(GROUP, "x", "", None, None, callback));
    assert_eq!(code(refused), 200041);
}

#[test]
fn infos_are_kept() {
    let gate = gate();
    let (one, nine) = (login(&gate, 1), login(&gate, 9));
    let info = || get(|callback| one.get_group_info(GROUP, None, callback)).unwrap();
    get(|callback| one.set_group_info(GROUP, "open", "for members", None, callback)).unwrap();
    get(|callback| one.set_group_info(GROUP, None, "changed", None, callback)).unwrap();
    assert_eq!((info().oinfo, info().pinfo), ("open".into(), "changed".into()));
    get(|callback| one.set_group_info(GROUP, "", None, None, callback)).unwrap();
    assert_eq!((info().oinfo, info().pinfo), ("".into(), "changed".into()));
    get(|callback| one.set_group_info(GROUP, "open", None, None, callback)).unwrap();
    let open = get(|callback| nine.get_group_open_info(GROUP, None, callback)).unwrap();
    assert_eq!(open.oinfo, "open");
    let infos = get(|callback| nine.get_groups_open_info([GROUP, 7], None, callback)).unwrap();
    assert_eq!((&infos[&GROUP], &infos[&7]), (&"open".into(), &"".into()));
    let refused = get(|cb| one.set_group_info(GROUP, &*"x".repeat(65536), None, None, cb));
    assert_eq!(code(refused), 200035);
}

#[test]
fn only_members_look_inside() {
    let gate = gate();
    let nine = login(&gate, 9);
    let refused = [
        code(get(|cb| nine.add_group_members(GROUP, [9], None, cb))),
        code(get(|cb| nine.delete_group_members(GROUP, [1], None, cb))),
        code(get(|cb| nine.get_group_members(GROUP, None, None, cb))),
        code(get(|cb| nine.set_group_info(GROUP, "x", None, None, cb))),
        code(get(|cb| nine.get_group_info(GROUP, None, cb))),
    ];
    assert_eq!(refused, [200041; 5]);
}

#[test]
fn lists_have_limits() {
    let gate = gate();
    let one = login(&gate, 1);
    for (count, expected) in [(0, 200033), (101, 200032)] {
        let refused = [
            code(get(|cb| one.add_group_members(GROUP, strangers(count), None, cb))),
            code(get(|cb| one.delete_group_members(GROUP, strangers(count), None, cb))),
            code(get(|cb| one.get_groups_open_info(strangers(count), None, cb))),
        ];
        assert_eq!(refused, [expected; 3], "{count}");
    }
}
