//! Users and what they keep.

use crate::support::{PATIENCE, code, gate, get, login, strangers};

#[test]
fn who_is_online() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let online = || get(|callback| one.get_online_users([1, 2, 3], None, callback)).unwrap();
    assert_eq!(online(), [1, 2]);
    two.bye();
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
    assert_eq!(online(), [1]);
    get(|callback| one.get_online_users(strangers(200), None, callback)).unwrap();
    for (count, expected) in [(0, 200033), (201, 200032)] {
        let refused = get(|callback| one.get_online_users(strangers(count), None, callback));
        assert_eq!(code(refused), expected);
    }
}

#[test]
fn infos_are_kept() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    get(|callback| one.set_user_info("open", "mine", None, callback)).unwrap();
    get(|callback| one.set_user_info("changed", None, None, callback)).unwrap();
    let info = get(|callback| one.get_user_info(None, callback)).unwrap();
    assert_eq!((info.oinfo, info.pinfo), ("changed".into(), "mine".into()));
    let infos = get(|callback| two.get_user_open_info([1, 2], None, callback)).unwrap();
    assert_eq!((&infos[&1], &infos[&2]), (&"changed".into(), &"".into()));
    let longest = "x".repeat(65535);
    get(|callback| one.set_user_info(&*longest, &*longest, None, callback)).unwrap();
    let refused = get(|cb| one.set_user_info(None, &*"x".repeat(65536), None, cb));
    assert_eq!(code(refused), 200035);
    for (count, expected) in [(0, 200033), (101, 200032)] {
        let refused = get(|callback| one.get_user_open_info(strangers(count), None, callback));
        assert_eq!(code(refused), expected);
    }
}

#[test]
fn data_are_kept_by_user_and_key() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let value = |key: &str| get(|callback| one.data_get(key, None, callback)).unwrap().val;
    assert_eq!(value("colour"), None);
    get(|callback| one.data_set("colour", "green", None, callback)).unwrap();
    get(|callback| one.data_set("size", "", None, callback)).unwrap();
    assert_eq!((value("colour"), value("size")), (Some("green".into()), Some("".into())));
    assert_eq!(get(|callback| two.data_get("colour", None, callback)).unwrap().val, None);
    get(|callback| one.data_delete("colour", None, callback)).unwrap();
    assert_eq!(value("colour"), None);
}

#[test]
fn data_have_limits() {
    let gate = gate();
    let one = login(&gate, 1);
    let (key, value) = ("k".repeat(128), "v".repeat(65535));
    get(|callback| one.data_set(&key, &*value, None, callback)).unwrap();
    let long = key + "k";
    let refused = [
        code(get(|callback| one.data_set(&long, "v", None, callback))),
        code(get(|callback| one.data_set("k", &*(value + "v"), None, callback))),
        code(get(|callback| one.data_get(&long, None, callback))),
        code(get(|callback| one.data_delete(&long, None, callback))),
    ];
    assert_eq!(refused, [200035; 4]);
}
