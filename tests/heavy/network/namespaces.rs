//! A network that drops what is sent, a DNS server that does not answer, a disk that is full: in namespaces of their own,
//! where `unshare` may make them. Only loopback addresses are used.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rtm_client::gate::Gate;
use rtm_client::types::{File, mtype};
use rtm_client::{ClientOptions, RtmClient, reply};

use crate::common::{DEADLINE, PID};
use crate::{login, refused};

/// What is sent to 127.0.0.9 is dropped: it goes into a tunnel at whose other end is nobody.
const DROPS: &str = "ip link set lo up && ip tuntap add dev t0 mode tun && ip link set t0 up \
    && echo 1 > /proc/sys/net/ipv4/conf/t0/route_localnet \
    && ip route del local 127.0.0.0/8 dev lo table local \
    && ip route add 127.0.0.9 dev t0 src 127.0.0.1";

/// Names are asked for at 127.0.0.1, and nowhere else.
const NAMES: &str = "ip link set lo up && echo nameserver 127.0.0.1 > \"$RTM_TEST_FILE\" \
    && mount --bind \"$RTM_TEST_FILE\" /etc/resolv.conf";

/// A disk of 64 KiB.
const DISK: &str =
    "mkdir -p \"$RTM_TEST_FILE\" && mount -t tmpfs -o size=64k disk \"$RTM_TEST_FILE\"";

/// The variable that names what a process of its own does.
const PLAYED: &str = "RTM_TEST_NAMESPACE";

/// What that process runs; nothing where the variable is not set.
#[test]
fn in_a_namespace() {
    match std::env::var(PLAYED).as_deref() {
        Ok("dropped") => dropped(),
        Ok("names") => names(),
        Ok("full") => full(),
        _ => return,
    }
    println!("\nall is well");
}

/// Plays that in a process of its own, in a namespace that the commands prepare.
fn apart(what: &str, commands: &str) {
    let file = std::env::temp_dir().join(format!("rtm-client-{what}-{}", std::process::id()));
    let run = |script: &str| {
        let program = std::env::current_exe().expect("the test's binary");
        let mut command = Command::new("unshare");
        command.args(["-Urnm", "sh", "-c", script, "sh"]).arg(program);
        command.args(["--exact", "namespaces::in_a_namespace", "--nocapture"]);
        command.env(PLAYED, what).env("RTM_TEST_FILE", &file).output()
    };
    let works = run(commands).is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: no network namespaces here");
        return;
    }
    let output = run(&format!("{commands} && exec \"$@\"")).expect("a process");
    let _ = std::fs::remove_file(&file).or_else(|_| std::fs::remove_dir(&file));
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("all is well"), "{said}{errors}");
}

#[test]
fn packets_that_are_dropped() {
    apart("dropped", DROPS);
}

fn dropped() {
    let gate = Gate::builder().pid(PID).start().expect("a gate");
    let dead = |count: u16| (1..=count).map(|port| format!("127.0.0.9:{port}"));
    for (count, most) in [(1, 1000), (2, 1000), (8, 3000)] {
        let options = ClientOptions::new(PID).endpoint("127.0.0.9:9");
        let backups = dead(count - 1).chain([gate.endpoint()]);
        let before = Instant::now();
        let (client, record) = login(options.backup_endpoints(backups));
        record.expect_login(true, 0);
        let took = before.elapsed();
        println!("{count} dead gates: logged in after {took:?}");
        assert!(took < Duration::from_millis(most) + Duration::from_secs(2), "{took:?}");
        client.close_and_wait(DEADLINE).expect("the threads end");
    }
    let options = ClientOptions::new(PID).endpoint("127.0.0.9:9").backup_endpoints(dead(1));
    let (client, record) = login(options.connection_timeout(Duration::from_secs(1)));
    let said = refused(&client, &record);
    for peer in ["127.0.0.9:9", "127.0.0.9:1"] {
        assert!(said.contains(&format!("{peer} did not answer: is it switched on")), "{said}");
    }
}

#[test]
fn a_dns_server_that_does_not_answer() {
    apart("names", NAMES);
}

fn names() {
    let _silent = UdpSocket::bind("127.0.0.1:53").expect("the port of the DNS");
    let gate = Gate::builder().pid(PID).start().expect("a gate");
    let options = ClientOptions::new(PID).endpoint("gate.example:13321");
    let options = options.backup_endpoints([gate.endpoint()]).file_endpoint("files.example:1");
    let before = Instant::now();
    let (client, record) = login(options.no_proxy());
    record.expect_login(true, 0);
    println!("a name that is not found: logged in after {:?}", before.elapsed());
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    fifty_uploads(&client);
    client.close_and_wait(DEADLINE).expect("the threads end");
}

/// How many threads and descriptors this process has.
fn held() -> (usize, usize) {
    let count = |path: &str| std::fs::read_dir(path).map_or(0, Iterator::count);
    (count("/proc/self/task"), count("/proc/self/fd"))
}

fn fifty_uploads(client: &RtmClient) {
    let idle = held();
    let timeout = Duration::from_secs(2);
    let before = Instant::now();
    let replies: Vec<_> = (0..50)
        .map(|_| {
            let (callback, reply) = reply::channel();
            let file = File::from_bytes("a.txt", "a");
            client.upload_file(mtype::FILE, file, timeout, callback);
            reply
        })
        .collect();
    let mut most = idle;
    while before.elapsed() < timeout / 2 {
        let now = held();
        most = (most.0.max(now.0), most.1.max(now.1));
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("idle {idle:?}, with 50 uploads {most:?} threads and descriptors");
    assert!(most.0 <= idle.0 + 2 && most.1 <= idle.1 + 4, "{idle:?}, {most:?}");
    for reply in replies {
        let error = reply.wait().expect_err("nobody knows the file gate").error;
        assert_eq!(error.code(), 20003);
        let words = "looking up the name files.example did not end";
        assert!(error.message().contains(words), "{error}");
    }
    let took = before.elapsed();
    assert!((timeout..timeout + Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[test]
fn a_snapshot_on_a_full_disk() {
    apart("full", DISK);
}

/// The old snapshot stays, and nothing beside it; when there is room again, the next one is written.
fn full() {
    let disk = PathBuf::from(std::env::var_os("RTM_TEST_FILE").expect("the disk"));
    let path = disk.join("gate.json");
    let gate = Gate::builder().start().expect("a gate");
    gate.broadcast(99, 30, "first", "");
    gate.save(&path).expect("there is room");
    let first = std::fs::read(&path).expect("the snapshot");
    let filler = disk.join("filler");
    std::fs::write(&filler, vec![0; 40 << 10]).expect("there is room");
    gate.broadcast(99, 30, "x".repeat(18_000), "");
    gate.broadcast(99, 30, "x".repeat(18_000), "");
    let error = gate.save(&path).expect_err("there is no room");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
    assert!(std::fs::read(&path).expect("the snapshot") == first);
    let mut files: Vec<_> = std::fs::read_dir(&disk)
        .expect("the disk")
        .map(|file| file.expect("a file").file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["filler", "gate.json"]);
    std::fs::remove_file(filler).expect("it is there");
    gate.save(&path).expect("there is room again");
    let seed = std::fs::read_to_string(&path).expect("the snapshot");
    assert!(seed.len() > 36_000 && Gate::builder().seed(seed).start().is_ok());
}
