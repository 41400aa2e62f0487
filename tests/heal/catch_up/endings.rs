//! What ends while a conversation is caught up with is told as a gap.

use super::*;

/// A scene with a walk that waits for a page of the room, which the gate does not give.
fn walking() -> Scene {
    let scene = Scene::new(gate());
    let room = CONVERSATIONS[2];
    scene.send(room, [1]);
    scene.expect(room, [1]);
    let slot = scene.lose();
    scene.send(room, 2..=5);
    let struck = scene.gate.faults().struck();
    scene.gate.faults().on("getroommsg").never_answer();
    slot.give("token");
    scene.client.wait_online(DEADLINE).expect("a relogin");
    eventually("the page is asked for", || scene.gate.faults().struck() > struck);
    scene.send(room, [6]);
    scene
}

#[test]
fn the_end_of_the_session_during_the_walk_is_a_gap() {
    for end in ["close", "bye", "kickout", "login"] {
        let scene = walking();
        match end {
            "close" => scene.client.close(),
            "bye" => scene.client.bye(),
            "kickout" => scene.gate.kick(ME),
            _ => scene.client.login(ME, "token", |_, _| {}, DEADLINE),
        }
        scene.expect_gap(CONVERSATIONS[2]);
        scene.expect(CONVERSATIONS[2], [6]);
        if end == "bye" {
            // The page is owed to the client until its time is over, and `bye` waits for it as for any call.
            scene.client.close();
        }
        assert_eq!(scene.next(), Heard::Closed, "{end}");
    }
}

#[test]
fn bye_does_not_wait_for_pages_to_come() {
    let scene = Scene::new(gate());
    let slot = scene.lose();
    scene.send(CONVERSATIONS[0], 1..=90);
    let struck = scene.gate.faults().struck();
    scene.gate.faults().on("getp2pmsg").delay(Duration::from_millis(300));
    slot.give("token");
    scene.client.wait_online(DEADLINE).expect("a relogin");
    eventually("a page is asked for", || scene.gate.faults().struck() > struck);
    scene.client.bye_and_wait(DEADLINE).expect("it comes to its end");
    scene.expect_gap(CONVERSATIONS[0]);
    assert_eq!(scene.heard.try_iter().collect::<Vec<_>>(), [Heard::Closed]);
    assert_eq!(scene.gate.faults().struck(), struck + 1);
}

#[test]
fn leaving_the_room_during_its_walk_is_a_gap() {
    for kicked in [false, true] {
        let scene = walking();
        if kicked {
            scene.gate.kick_from_room(ME, ROOM);
        } else {
            scene.client.leave_room(ROOM, None, |_, _| {});
        }
        scene.expect_gap(CONVERSATIONS[2]);
        scene.expect(CONVERSATIONS[2], [6]);
        // Nothing is left of it.
        scene.gate.faults().clear();
        let slot = scene.lose();
        scene.send(CONVERSATIONS[0], [1]);
        slot.give("token");
        scene.expect_one(CONVERSATIONS[0], 1, true);
        scene.nothing_more();
    }
}

/// A login begins anew: what was sent between is read from the histories.
#[test]
fn the_next_session_begins_at_its_login() {
    let scene = Scene::new(gate());
    scene.send(CONVERSATIONS[0], [1]);
    scene.expect(CONVERSATIONS[0], [1]);
    scene.client.close();
    assert_eq!(scene.next(), Heard::Closed);
    scene.send(CONVERSATIONS[0], [2]);
    login(&scene.client, ME);
    pass_the_floor(&scene.client);
    let slot = scene.lose();
    scene.send(CONVERSATIONS[0], [3]);
    slot.give("token");
    scene.expect_one(CONVERSATIONS[0], 3, true);
    scene.nothing_more();
}
