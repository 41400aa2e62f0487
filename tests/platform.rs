//! The certificates that the platform trusts: asked for by the program, not by the feature.

use std::process::Command;
use std::{env, fs};

use rtm_client::gate::Gate;
use rtm_client::{ClientOptions, RtmClient, reply};

/// What the test tells the process that it starts again: the project and the gate.
const GATE: &str = "RTM_TEST_GATE";

/// Rustls asks the environment which certificates the system trusts, on Linux: another process has another environment.
#[cfg(target_os = "linux")]
#[test]
fn the_platform_is_asked_if_the_program_says_so() {
    if let Ok(gate) = env::var(GATE) {
        return log_in(&gate);
    }
    let gate = Gate::builder().tls_listen("127.0.0.1:0").start().expect("a gate");
    let trusted = env::temp_dir().join(format!("rtm-trusted-{}.pem", std::process::id()));
    fs::write(&trusted, gate.certificate().expect("it speaks TLS")).expect("a file");
    let again = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "the_platform_is_asked_if_the_program_says_so"])
        .env(GATE, format!("{} {}", gate.pid(), gate.tls_endpoint().expect("it speaks TLS")))
        .env("SSL_CERT_FILE", &trusted)
        .output();
    fs::remove_file(&trusted).expect("it is there");
    let output = again.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The system trusts the gate, the web's well-known issuers do not.
fn log_in(gate: &str) {
    let (pid, endpoint) = gate.split_once(' ').expect("two words");
    let options = ClientOptions::new(pid.parse().expect("a number")).ssl_endpoint(endpoint);
    let login = |options: ClientOptions| {
        let client = RtmClient::new(options);
        let (callback, reply) = reply::login();
        client.login(1, "token", callback, None);
        reply.wait().map_err(|error| error.code())
    };
    assert_eq!(login(options.clone()), Err(20012));
    assert_eq!(login(options.clone().platform_verifier(false)), Err(20012));
    assert_eq!(login(options.platform_verifier(true)), Ok(()));
}
