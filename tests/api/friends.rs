//! Friends and the blacklist.

use rtm_client::server_push;

use crate::support::{code, gate, get, login, next, pushes, say, send, strangers};

#[test]
fn friends_are_added_listed_and_deleted() {
    let gate = gate();
    let client = login(&gate, 1);
    let friends = || get(|callback| client.get_friends(None, callback)).unwrap();
    get(|callback| client.add_friends([3, 2, 2], None, callback)).unwrap();
    assert_eq!(friends(), [2, 3]);
    get(|callback| client.delete_friends([3, 4], None, callback)).unwrap();
    assert_eq!(friends(), [2]);
}

#[test]
fn who_is_blocked_cannot_send_and_is_not_blocked_for_good() {
    let gate = gate();
    let (one, two) = (login(&gate, 1), login(&gate, 2));
    let (to_one, to_two) =
        (pushes(&one, server_push::RECV_CHAT), pushes(&two, server_push::RECV_CHAT));
    let blacks = || get(|callback| one.get_blacks(None, callback)).unwrap();
    get(|callback| one.add_blacks([2], None, callback)).unwrap();
    assert_eq!(blacks(), [2]);
    let refused = send(|callback| two.send_chat(1, "hi", "", None, None, callback));
    assert_eq!(code(refused), 200049);
    say(&one, 2, "this way it goes");
    assert_eq!(next(&to_two).msg, "this way it goes");
    get(|callback| one.delete_blacks([2], None, callback)).unwrap();
    assert!(blacks().is_empty());
    say(&two, 1, "hi");
    assert_eq!(next(&to_one).msg, "hi");
}

#[test]
fn lists_have_limits() {
    let gate = gate();
    let client = login(&gate, 1);
    for (count, expected) in [(0, 200033), (101, 200032)] {
        let results = [
            get(|callback| client.add_friends(strangers(count), None, callback)),
            get(|callback| client.delete_friends(strangers(count), None, callback)),
            get(|callback| client.add_blacks(strangers(count), None, callback)),
            get(|callback| client.delete_blacks(strangers(count), None, callback)),
        ];
        assert_eq!(results.map(code), [expected; 4], "{count}");
    }
    get(|callback| client.add_friends(strangers(100), None, callback)).unwrap();
}
