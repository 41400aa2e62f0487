//! The gate's reader: a request head, then packages of a user who is logged in.

use std::net::SocketAddr;
use std::time::Instant;

use super::builder::GateBuilder;
use super::doors::Doors;
use super::peers::Door;
use super::service::Service;
use super::upgrade;
use crate::wire::package::{self, Reader};
use crate::wire::payload::write_map;

const CONN: usize = 1;

/// A user logs in, then these bytes come.
pub fn gate(data: &[u8]) {
    let _ = upgrade::read(data);
    let Some((first, data)) = data.split_first() else { return };
    let config = GateBuilder::new().group(100, [1, 2]).config;
    let largest = config.limits.package_bytes;
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let Ok(mut service) = Service::new(config, &Doors::nowhere()) else { return };
    let door = if first & 1 == 0 { Door::Main } else { Door::File };
    service.peers.add(CONN, door, address, address.ip(), Instant::now());
    service.opened(CONN);
    service.tick();
    let mut quest = Vec::new();
    package::write_quest(&mut quest, Some(1), "auth", |out| {
        write_map(out, |map| {
            map.number("pid", 11000001);
            map.id("uid", 1);
            map.text("token", "any");
            map.text("version", "1");
        });
    });
    let mut reader = Reader::new(largest);
    let mut sound = true;
    for bytes in [&quest, data] {
        let read = reader.read(bytes, |package| {
            sound = service.package(CONN, &package);
            sound
        });
        if read.is_err() || !sound {
            break;
        }
    }
    service.closed(CONN);
}
