//! The command line.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;
use log::LevelFilter;
use rtm_client::gate::{Gate, GateBuilder};

const HELP: &str = "\
rtm-gate: a local gate of the RTM chat service, for development and tests, not for production.

Usage: rtm-gate [OPTION]...

Where it listens
      --listen ADDRESS        where clients connect [127.0.0.1:13321]
      --file-listen ADDRESS   where files are sent and had [127.0.0.1:13461]
      --http-listen ADDRESS   where the page is, and the HTTP API; off without
      --tls-listen ADDRESS    where clients connect over TLS; off without; the page and the file
                              gate then understand TLS as well
      --tls-file-listen ADDRESS
                              where files are sent and had over TLS [the port after --file-listen]
      --cert FILE             the certificate shown there, PEM; needs --key
      --key FILE              its private key, PEM; without the two one is made and printed

Who gets in
      --pid PID               the project id that logins must name [11000001]
      --tokens WHICH          any; or a FILE of lines 'UID TOKEN';
                              or secret:BASE64, for tokens of version 2 [any]
      --token-validity SECS   how far the time of a token of version 2 may be away [604800]
      --allow-origin ORIGIN   let in pages from there, http://chat.example:3000 say, and take its
                              host for the gate's; * is everybody; may be given several times
      --multi-login BOOL      whether a user may have several connections [true]
      --multi-room BOOL       whether a connection may be in several rooms [false]

What it knows
      --group GID=UID,UID...  make a group; may be given several times
      --seed FILE             JSON of users, groups, friends, messages to start with
      --snapshot FILE         load this at the start, if it is there, instead of the seed;
                              save everything there on exit and every 10 s
      --snapshot-interval SECS
                              how often to save [10]

How it behaves
      --ping-interval SECS    how often every connection is sent a ping [20]
      --ping-timeout SECS     how long its answer may take [5]
      --idle-limit SECS       how long a connection may be silent [60]
      --write-limit BYTES     how much may wait for a connection that reads slowly [67108864]
      --value-added BOOL      whether translation, checks and speech are on [true]

Limits
      --message-limit BYTES   of a message [20480]
      --attrs-limit BYTES     of the attrs of a message or file [2048]
      --file-limit BYTES      of a file [5242880]
      --package-limit BYTES   of a package [8388608]
      --page-limit ROWS       of history in one answer [20]
      --member-limit USERS    of a group [10000]
      --friend-limit USERS    that a user has for friends [300]
      --room-limit ROOMS      of a connection, with --multi-room true [10]
      --keep-messages COUNT   of a conversation [500]
      --keep-for SECS         how long a message is kept [604800]
      --keep-file-bytes BYTES of all files [268435456]
      --file-token-life SECS  how long a file token is good [600]

      --fault JSON            a fault from the start, as the HTTP API takes it,
                              {\"method\":\"sendmsg\",\"next\":2,\"error\":200010} say; may be given
                              several times
      --log LEVEL             off, error, warn, info, debug or trace, on standard error [warn]
  -h, --help                  show this
  -V, --version               show the version

Addresses are HOST:PORT; port 0 is any free port. Ctrl-C ends the gate.
";

pub(crate) struct Args {
    /// What the options say, but for those that name files.
    builder: GateBuilder,
    tls: bool,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    tokens: Option<PathBuf>,
    pub(crate) faults: Vec<String>,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) snapshot: Option<PathBuf>,
    pub(crate) snapshot_interval: Duration,
    pub(crate) log: LevelFilter,
}

pub(crate) enum Command {
    Run(Box<Args>),
    /// Help or version: say this, and that is all.
    Say(String),
}

/// Reads the command line, the program's name first. The error is one line that says what is expected.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Parser::from_iter(args);
    let mut read = Args {
        builder: Gate::builder().listen("127.0.0.1:13321").file_listen("127.0.0.1:13461"),
        tls: false,
        cert: None,
        key: None,
        tokens: None,
        faults: Vec::new(),
        seed: None,
        snapshot: None,
        snapshot_interval: Duration::from_secs(10),
        log: LevelFilter::Warn,
    };
    while let Some(arg) = args.next().map_err(|error| error.to_string())? {
        let name = match arg {
            Short('h') => "help".to_owned(),
            Short('V') => "version".to_owned(),
            Long(name) => name.to_owned(),
            Short(letter) => return Err(format!("there is no option -{letter}")),
            Value(value) => {
                return Err(format!("{value:?} is no option, expected options alone"));
            }
        };
        match name.as_str() {
            "help" => return Ok(Command::Say(HELP.to_owned())),
            "version" => {
                return Ok(Command::Say(format!("rtm-gate {}\n", env!("CARGO_PKG_VERSION"))));
            }
            _ => read = read.with(&mut args, &name)?,
        }
    }
    match (&read.cert, &read.key, read.tls) {
        (None, None, _) | (Some(_), Some(_), true) => Ok(Command::Run(Box::new(read))),
        (Some(_), Some(_), false) => Err("--cert and --key are for --tls-listen".to_owned()),
        _ => Err("--cert and --key are expected together".to_owned()),
    }
}

impl Args {
    /// With what that option says.
    fn with(mut self, args: &mut Parser, name: &str) -> Result<Args, String> {
        match name {
            "tls-listen" => {
                self.tls = true;
                self.builder = self.builder.tls_listen(address(args, name)?);
            }
            "cert" => self.cert = Some(path(args, name)?),
            "key" => self.key = Some(path(args, name)?),
            "tokens" => match value(args, name, "any, a file or secret:BASE64", tokens)? {
                Tokens::Any => {}
                Tokens::Secret(secret) => self.builder = self.builder.token_secret(secret),
                Tokens::File(path) => self.tokens = Some(path),
            },
            "fault" => {
                let json = value(args, name, "a JSON object", |text| Some(text.to_owned()))?;
                self.faults.push(json);
            }
            "seed" => self.seed = Some(path(args, name)?),
            "snapshot" => self.snapshot = Some(path(args, name)?),
            "snapshot-interval" => self.snapshot_interval = seconds(args, name)?,
            "log" => {
                let expected = "off, error, warn, info, debug or trace";
                self.log = value(args, name, expected, |text| text.parse().ok())?;
            }
            _ => self.builder = set(self.builder, args, name)?,
        }
        Ok(self)
    }
}

/// Sets what is told by its value alone.
fn set(builder: GateBuilder, args: &mut Parser, name: &str) -> Result<GateBuilder, String> {
    Ok(match name {
        "listen" => builder.listen(address(args, name)?),
        "file-listen" => builder.file_listen(address(args, name)?),
        "tls-file-listen" => builder.tls_file_listen(address(args, name)?),
        "http-listen" => builder.page_listen(address(args, name)?),
        "pid" => builder.pid(value(args, name, "a number", number)?),
        "token-validity" => builder.token_validity(seconds(args, name)?),
        "allow-origin" => {
            let expected = "an origin, http://HOST:PORT say, or *";
            let origin = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
            builder.allow_origin(value(args, name, expected, origin)?)
        }
        "multi-login" => builder.multi_login(truth(args, name)?),
        "multi-room" => builder.multi_room(truth(args, name)?),
        "group" => {
            let (gid, uids) = value(args, name, "GID=UID,UID..., numbers all", group)?;
            builder.group(gid, uids)
        }
        "ping-interval" => builder.ping_interval(seconds(args, name)?),
        "ping-timeout" => builder.ping_timeout(seconds(args, name)?),
        "idle-limit" => builder.idle_limit(seconds(args, name)?),
        "write-limit" => builder.write_limit(count(args, name)?),
        "value-added" => builder.value_added(truth(args, name)?),
        "message-limit" => builder.message_limit(count(args, name)?),
        "attrs-limit" => builder.attrs_limit(count(args, name)?),
        "file-limit" => builder.file_limit(count(args, name)?),
        "package-limit" => builder.package_limit(count(args, name)?),
        "page-limit" => builder.page_limit(count(args, name)?),
        "member-limit" => builder.member_limit(count(args, name)?),
        "friend-limit" => builder.friend_limit(count(args, name)?),
        "room-limit" => builder.room_limit(count(args, name)?),
        "keep-messages" => builder.keep_messages(count(args, name)?),
        "keep-for" => builder.keep_for(seconds(args, name)?),
        "keep-file-bytes" => builder.keep_file_bytes(count(args, name)?),
        "file-token-life" => builder.file_token_life(seconds(args, name)?),
        other => return Err(format!("there is no option --{other}")),
    })
}

/// The option's value, as `read` understands it.
fn value<T>(
    args: &mut Parser,
    name: &str,
    expected: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, String> {
    let given = args.value().map_err(|_| format!("--{name} needs a value: {expected}"))?;
    let understood = given.to_str().and_then(read);
    understood.ok_or_else(|| format!("--{name} is {given:?}, expected {expected}"))
}

fn address(args: &mut Parser, name: &str) -> Result<String, String> {
    value(args, name, "HOST:PORT", |text| {
        let (host, port) = text.rsplit_once(':')?;
        (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| text.to_owned())
    })
}

fn seconds(args: &mut Parser, name: &str) -> Result<Duration, String> {
    value(args, name, "a number of seconds above 0, at most 4000000000", |text| {
        let span = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
        (!span.is_zero() && span.as_secs() <= 4_000_000_000).then_some(span)
    })
}

fn count(args: &mut Parser, name: &str) -> Result<usize, String> {
    value(args, name, "a number from 0", |text| text.trim().parse().ok())
}

fn truth(args: &mut Parser, name: &str) -> Result<bool, String> {
    value(args, name, "true or false", |text| text.trim().parse().ok())
}

fn path(args: &mut Parser, name: &str) -> Result<PathBuf, String> {
    args.value().map(PathBuf::from).map_err(|_| format!("--{name} needs a value: a file"))
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

enum Tokens {
    Any,
    File(PathBuf),
    Secret(String),
}

fn tokens(text: &str) -> Option<Tokens> {
    Some(match text.strip_prefix("secret:") {
        Some(secret) => Tokens::Secret(secret.to_owned()),
        None if text == "any" => Tokens::Any,
        None => Tokens::File(PathBuf::from(text)),
    })
}

fn group(text: &str) -> Option<(i64, Vec<i64>)> {
    let (gid, uids) = text.split_once('=')?;
    let uids = uids.split(',').map(number).collect::<Option<Vec<_>>>()?;
    Some((number(gid)?, uids))
}

impl Args {
    /// Whether a certificate is given, so that none is made.
    pub(crate) fn has_certificate(&self) -> bool {
        self.cert.is_some()
    }

    /// A builder of the gate asked for, without what it knows from the start.
    pub(crate) fn builder(&self) -> io::Result<GateBuilder> {
        let mut builder = self.builder.clone();
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            builder = builder.certificate(read(cert)?, read(key)?);
        }
        match &self.tokens {
            None => Ok(builder),
            Some(path) => with_tokens(builder, path),
        }
    }
}

/// Lines `UID TOKEN`; empty ones and those that begin with `#` say nothing.
fn with_tokens(mut builder: GateBuilder, path: &Path) -> io::Result<GateBuilder> {
    let shown = path.display();
    for (index, line) in read(path)?.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.split_once(char::is_whitespace);
        let pair = pair.and_then(|(uid, token)| Some((number(uid)?, token.trim())));
        let Some((uid, token)) = pair else {
            let text = format!("{shown}, line {}: expected UID TOKEN", index + 1);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        builder = builder.token(uid, token);
    }
    Ok(builder)
}

/// The text of a file; the error names it.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
