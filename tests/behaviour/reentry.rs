//! Every public method inside every kind of callback and handler, in both callback modes, over ws and wss.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rtm_client::types::{File, HistoryRange, Moderation};
use rtm_client::{Callbacks, History, LoginOptions, RtmClient, WeakClient, reply, server_push};

use crate::common::responder::{CUT, KICKOUT, PUSH, Responder, SILENCE};
use crate::common::{DEADLINE, UID};

/// The callbacks that were given away and have not run, each with the method it was given to.
#[derive(Default)]
struct Ends {
    state: Mutex<Owed>,
}

#[derive(Default)]
struct Owed {
    /// The method that is being called.
    method: &'static str,
    last: usize,
    callbacks: Vec<(usize, &'static str)>,
}

impl Ends {
    fn call<E, T>(self: &Arc<Self>) -> impl FnOnce(Option<E>, Option<T>) + Send + 'static {
        let ran = self.owe();
        move |error, data| {
            assert!(error.is_some() != data.is_some());
            ran();
        }
    }

    fn login(self: &Arc<Self>) -> impl FnOnce(bool, i32) + Send + 'static {
        let ran = self.owe();
        move |_, _| ran()
    }

    fn owe(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let mut state = self.state.lock().expect("no panic");
        state.last += 1;
        let (number, method) = (state.last, state.method);
        state.callbacks.push((number, method));
        let ends = self.clone();
        move || ends.state.lock().expect("no panic").callbacks.retain(|owed| owed.0 != number)
    }

    fn enter(&self, method: &'static str) {
        self.state.lock().expect("no panic").method = method;
    }

    fn owed(&self) -> Vec<&'static str> {
        self.state.lock().expect("no panic").callbacks.iter().map(|owed| owed.1).collect()
    }
}

type Method = fn(&RtmClient, &Arc<Ends>);

/// The methods of the client itself, by the name they have in the source.
const SESSION: &[(&str, Method)] = &[
    ("new", |_, _| drop(RtmClient::new(rtm_client::ClientOptions::new(1)))),
    ("login", |c, e| c.login(UID, "token", e.login(), None)),
    ("login_with", |c, e| {
        c.login_with(UID, "token", LoginOptions::default(), e.login(), None);
    }),
    ("bye", |c, _| c.bye()),
    ("bye_and_wait", |c, _| {
        assert_eq!(c.bye_and_wait(DEADLINE).map_err(|error| error.code()), Err(20013));
    }),
    ("close", |c, _| c.close()),
    ("close_and_wait", |c, _| {
        assert_eq!(c.close_and_wait(DEADLINE).map_err(|error| error.code()), Err(20013));
    }),
    ("destroy", |c, _| c.destroy()),
    ("processor", |c, _| {
        let id = c.processor().on(server_push::RECV_CHAT, |_| {});
        assert!(c.off(id));
    }),
    ("on_error_recorder", |c, _| {
        c.on_error_recorder(|_| {});
    }),
    ("on_relogin_completed", |c, _| {
        c.on_relogin_completed(|_, _, _, _| {});
    }),
    ("on_relogin_will_start", |c, _| {
        c.on_relogin_will_start(|_, _| true);
    }),
    ("on_token_wanted", |c, _| {
        c.on_token_wanted(|_| None::<String>);
    }),
    ("on_session_closed", |c, _| {
        c.on_session_closed(|_| {});
    }),
    ("on_gap", |c, _| {
        c.on_gap(|_| {});
    }),
    ("on_connection_state", |c, _| {
        c.on_connection_state(|_| {});
    }),
    ("connection_state", |c, _| {
        let _ = c.connection_state();
    }),
    ("check_connection", |c, _| c.check_connection()),
    ("wait_online", |c, _| {
        assert_eq!(c.wait_online(DEADLINE).map_err(|error| error.code()), Err(20013));
    }),
    ("off", |c, _| assert!(c.off(c.on_session_closed(|_| {})))),
    ("run_callbacks", |c, _| {
        let result = c.run_callbacks(DEADLINE);
        assert_eq!(result.map_err(|error| error.code()), Err(20013), "nested, or not manual");
    }),
    ("stats", |c, _| assert!(c.stats().in_flight < 1_000_000)),
    ("downgrade", |c, _| assert!(c.downgrade().upgrade().is_some())),
    ("upgrade", |c, _| drop(c.downgrade().upgrade().clone())),
    ("wait of a reply", |c, e| {
        let (callback, reply) = reply::channel();
        c.get_server_time(None, callback);
        // An error at once, unless the result is there already.
        let _ = reply.wait();
        let (callback, reply) = reply::channel();
        c.get_server_time(None, callback);
        assert!(reply.wait_timeout(DEADLINE).is_ok(), "an error at once as well");
        c.get_server_time(None, e.call());
    }),
    ("many methods", |c, e| {
        c.get_server_time(None, e.call());
        c.close();
        c.login(UID, "token", e.login(), None);
        c.get_server_time(None, e.call());
        c.bye();
        c.destroy();
        c.login(UID, "token", e.login(), None);
    }),
];

/// The calls.
const CALLS: &[(&str, Method)] = &[
    ("send_chat", |c, e| c.send_chat(2, "x", "", None, None, e.call())),
    ("send_group_chat", |c, e| c.send_group_chat(2, "x", "", None, None, e.call())),
    ("send_room_chat", |c, e| c.send_room_chat(2, None, "x", "", None, None, e.call())),
    ("send_audio", |c, e| c.send_audio(2, "x", "", None, None, e.call())),
    ("send_group_audio", |c, e| c.send_group_audio(2, "x", "", None, None, e.call())),
    ("send_room_audio", |c, e| c.send_room_audio(2, None, "x", "", None, None, e.call())),
    ("send_cmd", |c, e| c.send_cmd(2, "x", "", None, None, e.call())),
    ("send_group_cmd", |c, e| c.send_group_cmd(2, "x", "", None, None, e.call())),
    ("send_room_cmd", |c, e| c.send_room_cmd(2, None, "x", "", None, None, e.call())),
    ("delete_chat", |c, e| c.delete_chat(1, 2, 3, 1, None, e.call())),
    ("get_chat", |c, e| c.get_chat(1, 2, 3, 1, None, e.call())),
    ("get_group_chat", |c, e| c.get_group_chat(1, true, 9, None, None, None, None, e.call())),
    ("get_room_chat", |c, e| c.get_room_chat(1, true, 9, None, None, None, None, e.call())),
    ("get_broadcast_chat", |c, e| c.get_broadcast_chat(true, 9, None, None, None, None, e.call())),
    ("get_p2p_chat", |c, e| c.get_p2p_chat(1, true, 9, None, None, None, None, e.call())),
    ("get_session", |c, e| c.get_session(None, e.call())),
    ("set_translation_language", |c, e| c.set_translation_language("en", None, e.call())),
    ("get_p2p_conversation_list", |c, e| c.get_p2p_conversation_list(None, None, None, e.call())),
    ("get_p2p_unread_conversation_list", |c, e| {
        c.get_p2p_unread_conversation_list(None, None, None, e.call());
    }),
    ("get_group_conversation_list", |c, e| {
        c.get_group_conversation_list(None, None, None, e.call());
    }),
    ("get_group_unread_conversation_list", |c, e| {
        c.get_group_unread_conversation_list(None, None, None, e.call());
    }),
    ("get_unread_conversation_list", |c, e| {
        c.get_unread_conversation_list(None, None, None, None, e.call());
    }),
    ("remove_session", |c, e| c.remove_session(2, None, e.call())),
    ("send_message", |c, e| c.send_message(2, 66, "x", "", None, None, e.call())),
    ("send_group_message", |c, e| c.send_group_message(2, 66, "x", "", None, None, e.call())),
    ("send_room_message", |c, e| c.send_room_message(2, 66, "x", "", None, None, e.call())),
    ("get_group_message", |c, e| {
        c.get_group_message(1, true, 9, None, None, None, None, None, e.call());
    }),
    ("get_room_message", |c, e| {
        c.get_room_message(1, true, 9, None, None, None, None, None, e.call());
    }),
    ("get_broadcast_message", |c, e| {
        c.get_broadcast_message(true, 9, None, None, None, None, None, e.call());
    }),
    ("get_p2p_message", |c, e| {
        c.get_p2p_message(1, true, 9, None, None, None, None, None, e.call());
    }),
    ("remove_session_one_way", |c, e| c.remove_session_one_way(2, None, e.call())),
    ("send_moderated_message", |c, e| {
        c.send_moderated_message(2, 66, "x", "", Moderation::default(), None, None, e.call());
    }),
    ("send_moderated_group_message", |c, e| {
        c.send_moderated_group_message(2, 66, "x", "", Moderation::default(), None, None, e.call());
    }),
    ("send_moderated_room_message", |c, e| {
        c.send_moderated_room_message(2, 66, "x", "", Moderation::default(), None, None, e.call());
    }),
    ("get_p2p_message_by_message_id", |c, e| {
        c.get_p2p_message_by_message_id(1, true, 9, 1, None, None, None, None, e.call());
    }),
    ("get_group_message_by_message_id", |c, e| {
        c.get_group_message_by_message_id(1, true, 9, 1, None, None, None, None, e.call());
    }),
    ("get_room_message_by_message_id", |c, e| {
        c.get_room_message_by_message_id(1, true, 9, 1, None, None, None, None, e.call());
    }),
    ("get_broadcast_message_by_message_id", |c, e| {
        c.get_broadcast_message_by_message_id(true, 9, 1, None, None, None, None, e.call());
    }),
    ("get_p2p_message_count", |c, e| c.get_p2p_message_count(1, None, None, None, None, e.call())),
    ("get_group_message_count", |c, e| {
        c.get_group_message_count(1, None, None, None, None, e.call());
    }),
    ("get_room_message_count", |c, e| {
        c.get_room_message_count(1, None, None, None, None, e.call());
    }),
    ("get_broadcast_message_count", |c, e| {
        c.get_broadcast_message_count(None, None, None, None, e.call());
    }),
    ("p2p_history", |c, e| walk(c.p2p_history(2, HistoryRange::default()), e)),
    ("group_history", |c, e| walk(c.group_history(2, HistoryRange::default()), e)),
    ("room_history", |c, e| walk(c.room_history(2, HistoryRange::default()), e)),
    ("broadcast_history", |c, e| walk(c.broadcast_history(HistoryRange::default()), e)),
    ("get_message", |c, e| c.get_message(1, 2, 3, 1, None, e.call())),
    ("delete_message", |c, e| c.delete_message(1, 2, 3, 1, None, e.call())),
    ("get_unread_message", |c, e| c.get_unread_message(None, None, e.call())),
    ("get_unread_message_with_logout_time", |c, e| {
        c.get_unread_message_with_logout_time(false, None, e.call());
    }),
    ("clean_unread_message", |c, e| c.clean_unread_message(None, e.call())),
    ("get_p2p_unread_message_num", |c, e| {
        c.get_p2p_unread_message_num([1], None, None, None, e.call());
    }),
    ("get_group_unread_message_num", |c, e| {
        c.get_group_unread_message_num([1], None, None, None, e.call());
    }),
    ("file_token", |c, e| c.file_token("sendfile", None, 2, None, None, None, e.call())),
    ("send_file", |c, e| c.send_file(50, 2, file(), None, None, e.call())),
    ("send_group_file", |c, e| c.send_group_file(50, 2, file(), None, None, e.call())),
    ("send_room_file", |c, e| c.send_room_file(50, 2, file(), None, None, e.call())),
    ("upload_file", |c, e| c.upload_file(50, file(), None, e.call())),
    ("translate", |c, e| c.translate("x", None, "en", None, None, None, e.call())),
    ("profanity", |c, e| c.profanity("x", None, None, e.call())),
    ("text_check", |c, e| c.text_check("x", None, None, e.call())),
    ("image_check", |c, e| c.image_check("x", 1, None, None, e.call())),
    ("audio_check", |c, e| c.audio_check("x", 1, "en", None, None, None, None, e.call())),
    ("video_check", |c, e| c.video_check("x", 1, "x", None, None, e.call())),
    ("speech2text", |c, e| c.speech2text("x", 1, "en", None, None, None, e.call())),
    ("speech_translation", |c, e| {
        c.speech_translation(b"x", "en", None, None, None, None, e.call());
    }),
    ("data_set", |c, e| c.data_set("k", "v", None, e.call())),
    ("data_get", |c, e| c.data_get("k", None, e.call())),
    ("data_delete", |c, e| c.data_delete("k", None, e.call())),
    ("add_friends", |c, e| c.add_friends([1], None, e.call())),
    ("delete_friends", |c, e| c.delete_friends([1], None, e.call())),
    ("get_friends", |c, e| c.get_friends(None, e.call())),
    ("add_blacks", |c, e| c.add_blacks([1], None, e.call())),
    ("delete_blacks", |c, e| c.delete_blacks([1], None, e.call())),
    ("get_blacks", |c, e| c.get_blacks(None, e.call())),
    ("add_group_members", |c, e| c.add_group_members(1, [1], None, e.call())),
    ("delete_group_members", |c, e| c.delete_group_members(1, [1], None, e.call())),
    ("get_group_members", |c, e| c.get_group_members(1, None, None, e.call())),
    ("get_group_count", |c, e| c.get_group_count(1, None, None, e.call())),
    ("get_user_groups", |c, e| c.get_user_groups(None, e.call())),
    ("set_group_info", |c, e| c.set_group_info(1, "o", None, None, e.call())),
    ("get_group_info", |c, e| c.get_group_info(1, None, e.call())),
    ("get_group_open_info", |c, e| c.get_group_open_info(1, None, e.call())),
    ("get_groups_open_info", |c, e| c.get_groups_open_info([1], None, e.call())),
    ("enter_room", |c, e| c.enter_room(1, None, e.call())),
    ("enter_rooms", |c, e| c.enter_rooms([1], None, e.call())),
    ("leave_room", |c, e| c.leave_room(1, None, e.call())),
    ("get_user_rooms", |c, e| c.get_user_rooms(None, e.call())),
    ("get_user_rooms_and_last_msg", |c, e| c.get_user_rooms_and_last_msg(None, None, e.call())),
    ("get_room_members", |c, e| c.get_room_members(1, None, e.call())),
    ("get_room_count", |c, e| c.get_room_count([1], None, e.call())),
    ("set_room_info", |c, e| c.set_room_info(1, "o", None, None, e.call())),
    ("get_room_info", |c, e| c.get_room_info(1, None, e.call())),
    ("get_room_open_info", |c, e| c.get_room_open_info(1, None, e.call())),
    ("get_rooms_open_info", |c, e| c.get_rooms_open_info([1], None, e.call())),
    ("add_attrs", |c, e| c.add_attrs([("a", "b")], None, e.call())),
    ("get_attrs", |c, e| c.get_attrs(None, e.call())),
    ("add_debug_log", |c, e| c.add_debug_log("x", "", None, e.call())),
    ("add_device", |c, e| c.add_device("x", "y", None, e.call())),
    ("remove_device", |c, e| c.remove_device("y", None, e.call())),
    ("add_device_push_option", |c, e| c.add_device_push_option(0, 1, None, None, e.call())),
    ("remove_device_push_option", |c, e| c.remove_device_push_option(0, 1, None, None, e.call())),
    ("get_device_push_option", |c, e| c.get_device_push_option(None, e.call())),
    ("get_server_time", |c, e| c.get_server_time(None, e.call())),
    ("kickout", |c, e| c.kickout("x", None, e.call())),
    ("send_quest", |c, e| c.send_quest("getservertime", "{}", None, e.call())),
    ("get_online_users", |c, e| c.get_online_users([1], None, e.call())),
    ("set_user_info", |c, e| c.set_user_info("o", None, None, e.call())),
    ("get_user_info", |c, e| c.get_user_info(None, e.call())),
    ("get_user_open_info", |c, e| c.get_user_open_info([1], None, e.call())),
];

fn walk<M: Send + 'static>(history: History<M>, ends: &Arc<Ends>) {
    history.each_page(|_| ControlFlow::Continue(()), ends.call());
}

fn file() -> File {
    File::from_bytes("x.txt", b"x".to_vec())
}

/// Runs the methods under test, once, when the place they are tested in is reached.
#[derive(Clone)]
struct Hook {
    client: WeakClient,
    ends: Arc<Ends>,
    methods: &'static [(&'static str, Method)],
    ran: Arc<AtomicBool>,
    /// The name of each method before it is called, and nothing when it was the last.
    progress: Sender<Option<&'static str>>,
}

impl Hook {
    fn run(&self) {
        if self.ran.swap(true, Ordering::SeqCst) {
            return;
        }
        let client = self.client.upgrade().expect("the test holds it");
        for (name, method) in self.methods {
            let _ = self.progress.send(Some(name));
            self.ends.enter(name);
            method(&client, &self.ends);
        }
        let _ = self.progress.send(None);
    }
}

/// Where the methods are called: brings about a callback or an event in which the hook runs.
type Place = fn(&RtmClient, Hook);

const PLACES: &[(&str, Place)] = &[
    ("an answered call", |c, hook| c.get_server_time(None, move |_, _| hook.run())),
    ("a call that was refused", |c, hook| {
        c.send_cmd(2, &*"x".repeat(9000), "", None, None, move |_, _| hook.run());
    }),
    ("a call without an answer", |c, hook| {
        let timeout = Duration::from_millis(1);
        c.send_cmd(SILENCE, "x", "", None, timeout, move |_, _| hook.run());
    }),
    ("a call on a connection that was cut", |c, hook| {
        c.send_cmd(CUT, "x", "", None, None, move |_, _| hook.run());
    }),
    ("a callback that panics", |c, hook| {
        c.get_server_time(None, move |_, _| {
            hook.run();
            // Without the message that `panic!` prints.
            resume_unwind(Box::new("on purpose"));
        });
    }),
    ("a login's callback", |c, hook| c.login(UID, "token", move |_, _| hook.run(), None)),
    ("a push", |c, hook| {
        c.processor().on(server_push::RECV_CHAT, move |_| hook.run());
        c.send_cmd(PUSH, "x", "", None, None, reply::ignore);
    }),
    ("a progress handler", |c, hook| {
        let file = file().on_progress(move |_, _| hook.run());
        c.send_file(50, 2, file, None, None, reply::ignore);
    }),
    ("the kickout push", |c, hook| {
        c.processor().on(server_push::KICK_OUT, move |_| hook.run());
        c.send_cmd(KICKOUT, "x", "", None, None, reply::ignore);
    }),
    ("the error event", |c, hook| {
        c.on_error_recorder(move |_| hook.run());
        c.send_cmd(CUT, "x", "", None, None, reply::ignore);
    }),
    ("the relogin event", |c, hook| {
        c.on_relogin_completed(move |_, _, _, _| hook.run());
        c.send_cmd(CUT, "x", "", None, None, reply::ignore);
    }),
    ("the question before a relogin", |c, hook| {
        c.on_relogin_will_start(move |_, _| {
            hook.run();
            true
        });
        c.send_cmd(CUT, "x", "", None, None, reply::ignore);
    }),
    ("the question for a token", |c, hook| {
        c.on_token_wanted(move |_| {
            hook.run();
            None::<String>
        });
        c.send_cmd(CUT, "x", "", None, None, reply::ignore);
    }),
    ("the closed event", |c, hook| {
        c.on_session_closed(move |_| hook.run());
        c.close();
    }),
];

/// Calls the methods in that place, and checks that they return and that every callback given to them runs once.
fn check(
    gate: &Responder,
    mode: Callbacks,
    place: &(&str, Place),
    methods: &'static [(&'static str, Method)],
) {
    let client = RtmClient::new(gate.options().callbacks(mode).max_sent_bytes(8192));
    let ends = Arc::new(Ends::default());
    client.login(UID, "token", ends.login(), None);
    pump_until(&client, mode, || ends.owed().is_empty());

    let (progress, methods_called) = mpsc::channel();
    let hook = Hook {
        client: client.downgrade(),
        ends: ends.clone(),
        methods,
        ran: Arc::default(),
        progress,
    };
    (place.1)(&client, hook);
    let returned = all_return(&client, mode, &methods_called);
    assert!(returned.is_ok(), "{} inside {} ({mode:?})", returned.unwrap_err(), place.0);

    let waited = client.close_and_wait(DEADLINE);
    while mode == Callbacks::Manual && client.run_callbacks(Duration::ZERO).expect("alone") > 0 {}
    assert!(waited.is_ok(), "the client does not end after a test inside {} ({mode:?})", place.0);
    let owed = ends.owed();
    assert!(owed.is_empty(), "no callback of {owed:?} inside {} ({mode:?})", place.0);
    client.destroy();
}

/// Waits for the last method to return. The error is what did not happen.
fn all_return(
    client: &RtmClient,
    mode: Callbacks,
    methods_called: &Receiver<Option<&'static str>>,
) -> Result<(), String> {
    let mut current = "nothing was called";
    let deadline = Instant::now() + DEADLINE;
    while Instant::now() < deadline {
        let wait = if mode == Callbacks::Manual {
            // In a test that fails, a method that hangs hangs here.
            client.run_callbacks(Duration::from_millis(1)).map_err(|error| error.to_string())?;
            Duration::ZERO
        } else {
            Duration::from_millis(100)
        };
        loop {
            match methods_called.recv_timeout(wait) {
                Ok(Some(name)) => current = name,
                Ok(None) => return Ok(()),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(format!("{current} panicked"));
                }
            }
        }
    }
    Err(format!("{current} hangs"))
}

fn pump_until(client: &RtmClient, mode: Callbacks, mut condition: impl FnMut() -> bool) {
    crate::common::eventually("logged in", || {
        if mode == Callbacks::Manual {
            client.run_callbacks(Duration::from_millis(5)).expect("nobody else runs them");
        }
        condition()
    });
}

fn session_methods_inside_everything(gate: &Responder) {
    for mode in [Callbacks::Thread, Callbacks::Manual] {
        for place in PLACES {
            for method in SESSION.chunks(1) {
                check(gate, mode, place, method);
            }
        }
    }
}

fn calls_inside_everything(gate: &Responder) {
    for mode in [Callbacks::Thread, Callbacks::Manual] {
        for place in PLACES {
            check(gate, mode, place, CALLS);
        }
    }
}

#[test]
fn every_session_method_works_inside_every_callback() {
    session_methods_inside_everything(&Responder::start());
}

#[test]
fn every_call_works_inside_every_callback() {
    calls_inside_everything(&Responder::start());
}

#[cfg(feature = "tls")]
#[test]
fn every_session_method_works_inside_every_callback_over_wss() {
    session_methods_inside_everything(&Responder::start_tls());
}

#[cfg(feature = "tls")]
#[test]
fn every_call_works_inside_every_callback_over_wss() {
    calls_inside_everything(&Responder::start_tls());
}

/// The tables hold every public method of the client.
#[test]
fn no_method_is_missing() {
    let api = include_str!("../../docs/public-api.txt").lines();
    let methods = api.filter_map(|line| line.strip_prefix("pub fn rtm_client::"));
    let of_client = |line| {
        ["RtmClient::", "WeakClient::"].into_iter().find_map(|owner| str::strip_prefix(line, owner))
    };
    let names = methods.filter_map(of_client).filter_map(|line| line.split(['(', '<']).next());
    let derived = ["clone", "drop", "fmt"];
    let names: Vec<_> = names.filter(|name| !derived.contains(name)).collect();
    let known = |name: &&&str| SESSION.iter().chain(CALLS).any(|method| method.0 == **name);
    let missing: Vec<_> = names.iter().filter(|name| !known(name)).collect();
    assert!(missing.is_empty(), "in neither table: {missing:?}");
    assert!(names.len() > 100, "{}", names.len());
}
