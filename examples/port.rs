//! The sample program of the JavaScript SDK, ported line by line: above each piece of Rust stands its JavaScript.
//!
//! ```console
//! $ cargo run --example port
//! $ cargo run --example port -- --endpoint HOST:PORT --pid P --uid U --token T --to V
//! ```
//!
//! Three things differ, here as in every port:
//!
//! * A closure owns the values it uses (`move`). A value that several closures use is cloned for each of them; a client
//!   is a handle, and a clone of the handle is the same client.
//! * A handler, which stays, holds its client weakly; otherwise the client would own itself and never end. A callback,
//!   which runs once, may hold a clone.
//! * A JavaScript program goes on while events may still come. A Rust program ends with `main`, so `main` waits for a
//!   message from the last callback.

mod common;

use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Account, Args, Outcome, TIMEOUT, check};
use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, error_code, reply, server_push};

const HELP: &str = "\
port: the sample program of the JavaScript SDK in Rust, at a gate of its own or at the one named

  cargo run --example port
  cargo run --example port -- --endpoint HOST:PORT --pid P --uid U --token T --to V

  --to V   the user to write to; by default the one after U";

fn main() -> ExitCode {
    common::main(HELP, &["to"], run)
}

fn run(args: &Args) -> Outcome {
    let (account, gate) = args.account_or_gate()?;
    let to = args.number("to")?.unwrap_or(account.uid + 1);
    // At our own gate there is another user. Not part of the sample.
    let friend = gate.as_ref().map(|gate| echo(gate, to)).transpose()?;

    let Account { endpoint, pid, uid, token, .. } = account;
    let (done, finished) = channel::<Said>();

    // let client = new rtm.RTMClient({
    //     endpoint: endpoint,
    //     autoReconnect: false,
    //     connectionTimeout: 10 * 1000,
    //     pid: pid
    // });
    let options = ClientOptions::new(pid)
        .endpoint(endpoint)
        .auto_reconnect(false)
        .connection_timeout(Duration::from_secs(10));
    let client = RtmClient::new(options);

    // client.on("ErrorRecorder", function (err) {
    //     console.error("ErrorRecorder: " + err.code + " " + err.message);
    // });
    client.on_error_recorder(|err| eprintln!("ErrorRecorder: {err}"));

    // client.on("ReloginCompleted", function (successful, retryAgain, errorCode, retriedCount) {
    //     console.log("ReloginCompleted: " + successful + " " + retryAgain + " " + errorCode + " " + retriedCount);
    // });
    client.on_relogin_completed(|successful, retry_again, error_code, retried_count| {
        println!("ReloginCompleted: {successful} {retry_again} {error_code} {retried_count}");
    });

    // client.on("SessionClosed", function (errorCode) {
    //     console.log("SessionClosed: " + errorCode);
    //     if (errorCode == rtm.RTMConfig.ERROR_CODE.RTM_EC_INVALID_AUTH_TOEKN) {
    //         // get a new token and log in again
    //     }
    // });
    let (closed, session_closed) = channel();
    client.on_session_closed(move |error_code| {
        println!("SessionClosed: {error_code}");
        if error_code == error_code::rtm::INVALID_AUTH_TOKEN {
            // Get a new token and log in again.
        }
        let _ = closed.send(error_code);
    });

    // client.processor.on(rtm.RTMConfig.SERVER_PUSH.recvMessage, function (data) {
    //     console.log("[PUSH] " + data.from + ": " + data.msg);
    // });
    let (pushed, pushes) = channel();
    client.processor().on(server_push::RECV_MESSAGE, move |data| {
        println!("[PUSH] {}: {}", data.from, data.msg);
        let _ = pushed.send(data.msg.to_string());
    });

    // client.login(uid, token, function (ok, errorCode) {
    let sender = client.clone();
    client.login(
        uid,
        token,
        move |ok, error_code| {
            // if (errorCode != fpnn.FPConfig.ERROR_CODE.FPNN_EC_OK) {
            //     return console.error("login: " + errorCode);
            // }
            if error_code != error_code::fpnn::OK {
                let _ = done.send(Err(format!("login: {error_code}")));
                return;
            }
            // if (!ok) {
            //     return console.error("get a new token");
            // }
            if !ok {
                let _ = done.send(Err("login: the token is not valid".to_owned()));
                return;
            }

            // client.sendMessage(to, 8, "hello!", "", new rtm.RTMConfig.Int64(0), 10 * 1000, function (err, data) {
            let reader = sender.clone();
            let timeout = Duration::from_secs(10);
            sender.send_message(to, 8, "hello!", "", 0, timeout, move |err, data| {
                // if (err) {
                //     return console.error("mid " + err.mid.toString() + ": " + err.error.message);
                // }
                if let Some(err) = err {
                    let _ = done.send(Err(format!("mid {}: {}", err.mid, err.error)));
                    return;
                }
                // console.log("mid " + data.mid.toString() + " at " + data.payload.mtime.toString());
                let Some(data) = data else { return };
                println!("mid {} at {}", data.mid, data.payload.mtime);

                // client.getP2PMessage(to, true, 10, undefined, undefined, undefined, undefined, 10 * 1000,
                //         function (err, data) {
                let sent = data.mid;
                reader.get_p2p_message(
                    to,
                    true,
                    10,
                    None,
                    None,
                    None,
                    None,
                    timeout,
                    move |err, data| {
                        // if (err) {
                        //     return console.error(err.code + " " + err.message);
                        // }
                        if let Some(err) = err {
                            let _ = done.send(Err(err.to_string()));
                            return;
                        }
                        // data.msgs.forEach(function (msg) {
                        //     console.log((msg.direction == 1 ? "to " : "from ") + to + ": " + msg.msg);
                        // });
                        let Some(data) = data else { return };
                        for msg in &data.msgs {
                            let way = if msg.direction == 1 { "to" } else { "from" };
                            println!("{way} {to}: {}", msg.msg);
                        }
                        let found = data.msgs.iter().any(|msg| msg.mid == sent);
                        let _ = done.send(if found {
                            Ok(())
                        } else {
                            Err("not in the history".into())
                        });
                    },
                );
                // });
            });
            // });
        },
        // });
        None,
    );

    // JavaScript waits for the callbacks by itself.
    finished.recv_timeout(TIMEOUT * 2).map_err(|_| "the callbacks have not finished")??;
    if friend.is_some() {
        let answer = pushes.recv_timeout(TIMEOUT)?;
        check(answer == "you said hello!", || format!("the answer was {answer:?}"))?;
    }

    // client.close();
    client.close();
    let error_code = session_closed.recv_timeout(TIMEOUT)?;
    check(error_code == 0, || format!("closed with {error_code}"))?;

    // client.destroy();
    drop(client);
    Ok(())
}

/// The outcome of the callbacks, in words.
type Said = Result<(), String>;

/// A user who answers every message.
fn echo(gate: &Gate, uid: i64) -> Outcome<RtmClient> {
    let client = RtmClient::new(Account::at(gate, uid).options());
    let weak = client.downgrade();
    client.processor().on(server_push::RECV_MESSAGE, move |message| {
        if let Some(client) = weak.upgrade() {
            let answer = format!("you said {}", message.msg);
            client.send_message(message.from, message.mtype, answer, "", None, None, reply::ignore);
        }
    });
    let (callback, reply) = reply::login();
    client.login(uid, "any token", callback, TIMEOUT);
    reply.wait()?;
    Ok(client)
}
