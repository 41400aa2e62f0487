//! Connections, devices, the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use rtm_client::types::{DevicePushOptions, option_type};
use rtm_client::{RtmClient, reply};

use crate::support::{PATIENCE, code, gate, get, login, options};

#[test]
fn attributes_belong_to_a_connection() {
    let gate = gate();
    let phone = RtmClient::new(options(&gate).attrs([("device", "phone")]));
    let (callback, reply) = reply::login();
    phone.login(1, "token", callback, PATIENCE);
    reply.wait().unwrap();
    let laptop = login(&gate, 1);
    get(|callback| laptop.add_attrs([("device", "laptop"), ("os", "x")], None, callback)).unwrap();
    let all = get(|callback| phone.get_attrs(None, callback)).unwrap();
    let devices = all.iter().map(|attrs| (attrs.get("device").cloned(), attrs.my().is_some()));
    let mut devices: Vec<_> =
        devices.map(|(device, my)| (device.unwrap().to_string(), my)).collect();
    devices.sort();
    assert_eq!(devices, [("laptop".to_owned(), false), ("phone".to_owned(), true)]);
    assert!(all.iter().all(|attrs| attrs.login().is_some()));
}

#[test]
fn another_connection_of_the_user_is_ended() {
    let gate = gate();
    let (phone, laptop) = (login(&gate, 1), login(&gate, 1));
    let (sender, closed) = std::sync::mpsc::channel();
    laptop.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    let all = get(|callback| phone.get_attrs(None, callback)).unwrap();
    let endpoint = |mine: bool| {
        let attrs = all.iter().find(|attrs| attrs.my().is_some() == mine).unwrap();
        attrs.get("ce").unwrap().to_string()
    };
    assert_eq!(code(get(|callback| phone.kickout(endpoint(true), None, callback))), 200012);
    get(|callback| phone.kickout(endpoint(false), None, callback)).unwrap();
    assert_eq!(closed.recv_timeout(PATIENCE), Ok(0));
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 1));
}

#[test]
fn push_options_are_kept() {
    let gate = gate();
    let one = login(&gate, 1);
    let options = || get(|callback| one.get_device_push_option(None, callback)).unwrap();
    let add = |kind: i64, xid: i64, mtypes: Option<Vec<i64>>| {
        get(|callback| one.add_device_push_option(kind, xid, mtypes.as_deref(), None, callback))
    };
    let remove = |kind: i64, xid: i64, mtypes: Option<Vec<i64>>| {
        get(|callback| one.remove_device_push_option(kind, xid, mtypes.as_deref(), None, callback))
    };
    add(option_type::P2P, 2, Some(vec![30, 32])).unwrap();
    add(option_type::GROUP, 100, None).unwrap();
    assert_eq!((&options().p2p[&2], &options().group[&100]), (&vec![30, 32], &vec![]));
    remove(option_type::P2P, 2, None).unwrap();
    remove(option_type::P2P, 2, Some(vec![30])).unwrap();
    assert_eq!(options().p2p[&2], [32]);
    remove(option_type::P2P, 2, Some(vec![32])).unwrap();
    assert_eq!(options().p2p.get(&2), None);
    assert_ne!(options(), DevicePushOptions::default());
    assert_eq!([add(7, 2, None), remove(7, 2, None)].map(code), [200034; 2]);
}

/// The gate keeps these to itself: what can be seen is that it takes them.
#[test]
fn devices_and_logs_are_taken() {
    let gate = gate();
    let one = login(&gate, 1);
    get(|callback| one.add_device("fcm", "device token", None, callback)).unwrap();
    get(|callback| one.remove_device("device token", None, callback)).unwrap();
    get(|callback| one.add_debug_log("something odd", "{}", None, callback)).unwrap();
}

#[test]
fn the_clock() {
    let gate = gate();
    let one = login(&gate, 1);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let before = now();
    let time = get(|callback| one.get_server_time(None, callback)).unwrap();
    assert!((before..=now()).contains(&time));
}
