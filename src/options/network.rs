//! Options for the way to the gate: TLS, proxies and the repair of frames.

use super::{ClientOptions, ProxyChoice};

impl ClientOptions {
    /// Certificates of issuers to trust besides the well-known ones: PEM, which may hold several, or DER. Can be called
    /// more than once. Default: none. If a certificate cannot be read, the login fails with 20012.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let login = |options: ClientOptions| {
    ///     let client = RtmClient::new(options.ssl_endpoint(gate.tls_endpoint().unwrap()));
    ///     let (callback, reply) = reply::login();
    ///     client.login(1, "token", callback, None);
    ///     reply.wait().map_err(|error| error.code())
    /// };
    /// assert_eq!(login(ClientOptions::new(gate.pid())), Err(20012)); // nobody vouches for the gate
    /// assert_eq!(login(ClientOptions::new(gate.pid()).ca_certificates(gate.certificate().unwrap())), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn ca_certificates(self, pem_or_der: impl AsRef<[u8]>) -> Self {
        let mut options = self;
        options.tls.issuers.push(pem_or_der.as_ref().to_vec());
        options
    }

    /// Whether to trust the certificates of the platform instead of the web's well-known root certificates. Windows,
    /// macOS, iOS and Android verify with their own verifier; other systems use the installed certificates. The
    /// certificates of [`ca_certificates`](Self::ca_certificates) are trusted too. Default false.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .ssl_endpoint(gate.tls_endpoint().unwrap())
    ///     .ca_certificates(gate.certificate().unwrap())
    ///     .platform_verifier(true);
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "platform-verifier")]
    pub fn platform_verifier(self, yes: bool) -> Self {
        let mut options = self;
        options.tls.platform = yes;
        options
    }

    /// The certificate the client shows to a gate that asks for one, and its private key: PEM, where the certificates of
    /// its issuers may follow it, or DER. Default: none. If one of the two cannot be read, the login fails with 20012.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (chain, key) = certificate("client");
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .ssl_endpoint(gate.tls_endpoint().unwrap())
    ///     .ca_certificates(gate.certificate().unwrap());
    /// assert!(login(options.clone().client_certificate(&chain, &key)).is_ok());
    /// assert_eq!(login(options.client_certificate(chain, "no key")).unwrap_err().code(), 20012);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn client_certificate(self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let mut options = self;
        options.tls.client = Some((chain.as_ref().to_vec(), key.as_ref().to_vec()));
        options
    }

    /// Whether to accept any certificate of a gate. An attacker in between can then read and change everything, so use
    /// this option for tests only; each connect logs a warning. Default false.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().tls_listen("127.0.0.1:0").start()?;
    /// let options = ClientOptions::new(gate.pid())
    ///     .ssl_endpoint(gate.tls_endpoint().unwrap())
    ///     .danger_accept_invalid_certs(true); // the gate vouches for itself
    /// let client = RtmClient::new(options);
    /// let (callback, reply) = reply::login();
    /// client.login(1, "token", callback, None);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn danger_accept_invalid_certs(self, yes: bool) -> Self {
        let mut options = self;
        options.tls.accept_invalid = yes;
        options
    }

    /// The proxy to connect through: `http://host:port`, by CONNECT, or `socks5://host:port`, either with
    /// `user:password@` before the host, percent-encoded. The proxy resolves the gate's name. A URL of another kind fails
    /// the login with 20012.
    ///
    /// By default the environment names the proxy: `HTTPS_PROXY`, or else `ALL_PROXY`, unless the gate is in `NO_PROXY`
    /// or on this machine. The same names in lower case take precedence.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let options = ClientOptions::new(1)
    ///     .ssl_endpoint("rtm.example:13322")
    ///     .proxy("socks5://user:p%40ss@proxy.example:1080");
    ///
    /// // A wrong proxy hides the gate from the client.
    /// let gate = Gate::builder().start()?;
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint()).proxy("http://127.0.0.1:1");
    /// let (callback, reply) = reply::login();
    /// let client = RtmClient::new(options);
    /// client.login(1, "token", callback, None);
    /// assert_eq!(reply.wait().unwrap_err().code(), 20012);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proxy(self, url: impl Into<String>) -> Self {
        ClientOptions { proxy: ProxyChoice::Url(url.into()), ..self }
    }

    /// Connects without a proxy, even if the environment names one.
    ///
    /// ```
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start().unwrap();
    /// let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    /// let login = |options: ClientOptions| {
    ///     let client = RtmClient::new(options);
    ///     let (callback, reply) = reply::login();
    ///     client.login(1, "token", callback, None);
    ///     reply.wait().map_err(|error| error.code())
    /// };
    /// let proxied = options.proxy("ftp://127.0.0.1:1"); // no kind of proxy
    /// assert_eq!(login(proxied.clone()), Err(20012));
    /// assert_eq!(login(proxied.no_proxy()), Ok(()));
    /// ```
    pub fn no_proxy(self) -> Self {
        ClientOptions { proxy: ProxyChoice::None, ..self }
    }

    /// Whether to repair frames that the service writes wrongly: the header of frames of exactly 126 bytes lacks the
    /// length. Without the repair the connection stalls at such a frame. Default true; other frames are not changed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::{ClientOptions, RtmClient, gate::Gate, reply};
    ///
    /// let gate = Gate::builder().start()?;
    /// let fetch = |repair| {
    ///     let options = ClientOptions::new(gate.pid()).endpoint(gate.endpoint());
    ///     let client = RtmClient::new(options.repair_126_byte_frames(repair));
    ///     # rtm_client::doctest::log_in(&client);
    ///     client.data_set("key", "x".repeat(103), None, reply::ignore); // 103 bytes make an answer of 126
    ///     let (callback, reply) = reply::channel();
    ///     client.data_get("key", Duration::from_millis(500), callback);
    ///     reply.wait()
    /// };
    /// gate.faults().on("dataget").broken_frame();
    /// assert_eq!(fetch(false).unwrap_err().code(), 20003); // the answer is never complete
    /// assert_eq!(fetch(true)?.val, Some("x".repeat(103).as_str().into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repair_126_byte_frames(self, yes: bool) -> Self {
        ClientOptions { repair_126_byte_frames: yes, ..self }
    }
}
