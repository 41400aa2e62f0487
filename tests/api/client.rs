//! Login, logout and what ends a session.

use std::sync::mpsc::channel;
use std::time::Duration;

use rtm_client::gate::Gate;
use rtm_client::{LoginOptions, RtmClient, reply, server_push};

use crate::support::{PATIENCE, code, get, login, next, options, pushes, say};

#[test]
fn a_wrong_token_is_refused() {
    let gate = Gate::builder().token(1, "right").start().unwrap();
    let client = RtmClient::new(options(&gate));
    for (token, expected) in [("wrong", (false, 0)), ("right", (true, 0))] {
        let (sender, receiver) = channel();
        let callback = move |ok, error_code| sender.send((ok, error_code)).unwrap();
        client.login(1, token, callback, PATIENCE);
        assert_eq!(receiver.recv_timeout(PATIENCE), Ok(expected));
    }
}

#[test]
fn a_token_of_version_2_goes_with_its_time() {
    let builder = Gate::builder().token_secret("c2VjcmV0a2V5LWJ5dGVz");
    let gate = builder.token_validity(Duration::MAX).start().unwrap();
    let token = "Bbky1sz+zd9GNO/QdHHh8LHtw1x5iUKzt6PSvWyPoKw=";
    let client = RtmClient::new(options(&gate));
    for (ts, expected) in [(None, 200027), (Some(1_700_000_001), 200027), (Some(1_700_000_000), 0)]
    {
        let (callback, reply) = reply::login();
        let login = LoginOptions::default().ts(ts);
        client.login_with(123456, token, login, callback, PATIENCE);
        assert_eq!(reply.wait().map_or_else(|err| err.code(), |()| 0), expected, "{ts:?}");
    }
}

#[test]
fn a_language_at_login_translates_what_comes() {
    let gate = Gate::builder().start().unwrap();
    let client = RtmClient::new(options(&gate));
    let heard = pushes(&client, server_push::RECV_CHAT);
    let login_options = |lang: &str| LoginOptions::default().lang(lang);
    let (callback, reply) = reply::login();
    client.login_with(1, "token", login_options("tlh"), callback, PATIENCE);
    assert_eq!(code(reply.wait()), 200050);
    let (callback, reply) = reply::login();
    client.login_with(1, "token", login_options("zh-CN"), callback, PATIENCE);
    reply.wait().unwrap();
    say(&login(&gate, 2), 1, "hello");
    assert_eq!(next(&heard).msg, "你好");
}

#[test]
fn after_bye_and_close_calls_fail_and_a_login_works_again() {
    let gate = Gate::builder().start().unwrap();
    let client = RtmClient::new(options(&gate));
    let (sender, closed) = channel();
    client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    for end in [RtmClient::bye, RtmClient::close] {
        let (callback, reply) = reply::login();
        client.login(1, "token", callback, PATIENCE);
        reply.wait().unwrap();
        get(|callback| client.get_session(None, callback)).unwrap();
        end(&client);
        assert_eq!(code(get(|callback| client.get_session(None, callback))), 20012);
        assert_eq!(closed.recv_timeout(PATIENCE), Ok(0));
        assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
    }
    client.close_and_wait(PATIENCE).unwrap();
}

#[test]
fn destroy_ends_without_an_event() {
    let gate = Gate::builder().start().unwrap();
    let client = login(&gate, 1);
    let (sender, closed) = channel();
    client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    client.destroy();
    assert!(gate.wait_until(PATIENCE, |gate| gate.connections() == 0));
    client.close_and_wait(PATIENCE).unwrap();
    assert!(closed.try_recv().is_err());
}

#[test]
fn a_lost_connection_is_made_again() {
    let gate = Gate::builder().start().unwrap();
    let client = login(&gate, 1);
    let (sender, completed) = channel();
    client.on_relogin_completed(move |successful, retry_again, error_code, retried_count| {
        sender.send((successful, retry_again, error_code, retried_count)).unwrap();
    });
    let (sender, closed) = channel();
    client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    let endpoint = gate.endpoint();
    drop(gate);
    // Nobody is there yet; which of the attempts meets the next gate is a matter of time.
    assert_eq!(completed.recv_timeout(PATIENCE), Ok((false, true, 20012, 1)));
    let _gate = Gate::builder().listen(endpoint).start().unwrap();
    let outcome = completed.iter().find(|(successful, ..)| *successful).unwrap();
    assert_eq!((outcome.1, outcome.2), (false, 0));
    get(|callback| client.get_session(None, callback)).unwrap();
    assert!(closed.try_recv().is_err());
}

#[test]
fn what_goes_wrong_is_said_in_words() {
    let gate = Gate::builder().start().unwrap();
    let client = RtmClient::new(options(&gate));
    drop(gate);
    let (sender, said) = channel();
    client.on_error_recorder(move |error| sender.send(error.to_string()).unwrap());
    let (callback, reply) = reply::login();
    client.login(1, "token", callback, PATIENCE);
    assert_eq!(code(reply.wait()), 20012);
    let said = said.recv_timeout(PATIENCE).unwrap();
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn a_kickout_ends_the_session() {
    let gate = Gate::builder().start().unwrap();
    let client = login(&gate, 1);
    let (sender, closed) = channel();
    let kicked = sender.clone();
    client.processor().on(server_push::KICK_OUT, move |_| kicked.send(-1).unwrap());
    client.on_session_closed(move |error_code| sender.send(error_code).unwrap());
    gate.kick(1);
    assert_eq!(closed.recv_timeout(PATIENCE), Ok(-1));
    assert_eq!(closed.recv_timeout(PATIENCE), Ok(0));
}
