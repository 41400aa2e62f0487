//! Replaces `tls.rs` without the feature `tls`: no connector can be made, so no TLS gate can be reached.

use std::io::{self, Read, Write};
use std::sync::OnceLock;

use super::stream::Socket;
use crate::dial::words::Tls;
use crate::error::Error;
use crate::error_code::fpnn;
use crate::options::TlsOptions;

#[derive(Clone)]
pub(super) enum Connector {}

pub(crate) enum TlsSocket {}

pub(super) fn connector(_: &OnceLock<Connector>, _: &TlsOptions) -> Result<Connector, Error> {
    let text = "ssl_endpoint needs the feature `tls` of rtm-client, which is off";
    Err(Error::new(fpnn::CORE_INVALID_CONNECTION, text))
}

impl Connector {
    pub(super) fn start(&self, _: Socket, _: &str) -> Result<TlsSocket, Error> {
        match *self {}
    }
}

impl TlsSocket {
    pub(super) fn socket(&mut self) -> &mut Socket {
        match *self {}
    }

    pub(super) fn explain(&self, _: &io::Error) -> Option<Tls> {
        match *self {}
    }

    pub(super) fn handshake(&mut self) -> io::Result<bool> {
        match *self {}
    }
}

impl Read for TlsSocket {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

impl Write for TlsSocket {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_feature() {
        let error = connector(&OnceLock::new(), &TlsOptions::default()).err();
        let error = error.map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("feature `tls`")));
    }
}
