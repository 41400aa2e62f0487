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

      --listen ADDRESS        where clients connect [127.0.0.1:13321]
      --tls-listen ADDRESS    where clients connect over TLS; off without; the file gate and the
                              page then understand TLS as well
      --cert FILE             the certificate shown there, PEM; needs --key
      --key FILE              its private key, PEM; without the two one is made and printed
      --file-listen ADDRESS   where files are sent and had [127.0.0.1:13461]
      --http-listen ADDRESS   serve a page to chat and look at the gate with; off without
      --pid PID               the project id that logins must name [11000001]
      --tokens WHICH          any; or a FILE of lines 'UID TOKEN';
                              or secret:BASE64, for tokens of version 2 [any]
      --group GID=UID,UID...  make a group; may be given several times
      --ping-interval SECS    how often every connection is sent a ping [20]
      --seed FILE             JSON of users, groups, friends, messages to start with
      --snapshot FILE         load this at the start, if it is there, instead of the seed;
                              save everything there on exit and every 10 s
      --snapshot-interval SECS
                              how often to save [10]
      --log LEVEL             off, error, warn, info, debug or trace, on standard error [warn]
  -h, --help                  show this
  -V, --version               show the version

Addresses are HOST:PORT; port 0 is any free port. Ctrl-C ends the gate.
";

pub(crate) struct Args {
    listen: String,
    file_listen: String,
    tls_listen: Option<String>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    http_listen: Option<String>,
    pid: Option<i64>,
    tokens: Tokens,
    groups: Vec<(i64, Vec<i64>)>,
    ping_interval: Option<Duration>,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) snapshot: Option<PathBuf>,
    pub(crate) snapshot_interval: Duration,
    pub(crate) log: LevelFilter,
}

enum Tokens {
    Any,
    File(PathBuf),
    Secret(String),
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
        listen: "127.0.0.1:13321".to_owned(),
        file_listen: "127.0.0.1:13461".to_owned(),
        tls_listen: None,
        cert: None,
        key: None,
        http_listen: None,
        pid: None,
        tokens: Tokens::Any,
        groups: Vec::new(),
        ping_interval: None,
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
            "listen" => read.listen = address(&mut args, &name)?,
            "file-listen" => read.file_listen = address(&mut args, &name)?,
            "tls-listen" => read.tls_listen = Some(address(&mut args, &name)?),
            "cert" => read.cert = Some(path(&mut args, &name)?),
            "key" => read.key = Some(path(&mut args, &name)?),
            "http-listen" => read.http_listen = Some(address(&mut args, &name)?),
            "pid" => read.pid = Some(value(&mut args, &name, "a number", number)?),
            "tokens" => {
                read.tokens = value(&mut args, &name, "any, a file or secret:BASE64", tokens)?;
            }
            "group" => {
                let expected = "GID=UID,UID..., numbers all";
                read.groups.push(value(&mut args, &name, expected, group)?);
            }
            "ping-interval" => read.ping_interval = Some(seconds(&mut args, &name)?),
            "seed" => read.seed = Some(path(&mut args, &name)?),
            "snapshot" => read.snapshot = Some(path(&mut args, &name)?),
            "snapshot-interval" => read.snapshot_interval = seconds(&mut args, &name)?,
            "log" => {
                let expected = "off, error, warn, info, debug or trace";
                read.log = value(&mut args, &name, expected, |text| text.parse().ok())?;
            }
            other => return Err(format!("there is no option --{other}")),
        }
    }
    match (&read.cert, &read.key, &read.tls_listen) {
        (None, None, _) | (Some(_), Some(_), Some(_)) => Ok(Command::Run(Box::new(read))),
        (Some(_), Some(_), None) => Err("--cert and --key are for --tls-listen".to_owned()),
        _ => Err("--cert and --key are expected together".to_owned()),
    }
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

fn path(args: &mut Parser, name: &str) -> Result<PathBuf, String> {
    args.value().map(PathBuf::from).map_err(|_| format!("--{name} needs a value: a file"))
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
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
        let mut builder = Gate::builder().listen(&self.listen).file_listen(&self.file_listen);
        if let Some(address) = &self.http_listen {
            builder = builder.page_listen(address);
        }
        if let Some(address) = &self.tls_listen {
            builder = builder.tls_listen(address);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            builder = builder.certificate(read(cert)?, read(key)?);
        }
        if let Some(pid) = self.pid {
            builder = builder.pid(pid);
        }
        if let Some(interval) = self.ping_interval {
            builder = builder.ping_interval(interval);
        }
        for (gid, uids) in &self.groups {
            builder = builder.group(*gid, uids.iter().copied());
        }
        match &self.tokens {
            Tokens::Any => Ok(builder),
            Tokens::Secret(secret) => Ok(builder.token_secret(secret)),
            Tokens::File(path) => with_tokens(builder, path),
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
