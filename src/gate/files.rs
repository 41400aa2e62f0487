//! Uploaded files, and the tokens for uploads.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use data_encoding::HEXLOWER;
use foldhash::{HashMap, HashMapExt};
use md5::{Digest, Md5};

use super::builder::Limits;
use super::content;
use super::service::Target;

/// How many files are kept, whatever their size.
const MOST_FILES: usize = 16384;
/// How many unused tokens a user may have.
const MOST_TOKENS: usize = 1024;

/// What a token was given for; no target is an upload for its own sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) uid: i64,
    pub(super) target: Option<Target>,
}

/// An uploaded file.
pub(super) struct File {
    path: String,
    pub(super) content: Box<[u8]>,
}

impl File {
    /// As the content says, or the name where it says nothing. Never what a browser runs.
    pub(super) fn content_type(&self) -> &'static str {
        if let Some((_, content_type)) = content::recognized(&self.content) {
            return content_type;
        }
        match self.path.rsplit('.').next() {
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("gif") => "image/gif",
            Some("mp3") => "audio/mpeg",
            Some("mp4") => "video/mp4",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}

pub(super) struct Files {
    /// Where the files are to be had.
    address: SocketAddr,
    /// For each user the tokens that are unused, and when each of them expires.
    tickets: HashMap<i64, BTreeMap<String, (Ticket, i64)>>,
    /// The oldest first.
    files: VecDeque<File>,
    bytes: usize,
    /// How many bytes of files are kept; beyond, the oldest go.
    kept: usize,
    /// How long a token may wait to be used, in milliseconds.
    token_life: i64,
}

impl Files {
    pub(super) fn new(address: SocketAddr, limits: &Limits) -> Files {
        Files {
            address,
            tickets: HashMap::new(),
            files: VecDeque::new(),
            bytes: 0,
            kept: limits.kept_file_bytes,
            token_life: limits.file_token_life,
        }
    }

    /// Where files are to be had, for who reaches this machine at that address.
    pub(super) fn endpoint(&self, local: IpAddr) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(local.to_canonical());
        }
        address.to_string()
    }

    /// A token that is good for one file; `None` while the user has too many that are unused.
    pub(super) fn new_token(&mut self, ticket: Ticket, now: i64) -> Option<String> {
        let tickets = self.tickets.entry(ticket.uid).or_default();
        tickets.retain(|_, (_, expires)| *expires > now);
        if tickets.len() >= MOST_TOKENS {
            return None;
        }
        let token = random_name();
        tickets.insert(token.clone(), (ticket, now.saturating_add(self.token_life)));
        Some(token)
    }

    /// What the token was given to the user for. It is used up by this, whatever comes of it.
    pub(super) fn take_ticket(&mut self, uid: i64, token: &str, now: i64) -> Option<Ticket> {
        let (ticket, expires) = self.tickets.get_mut(&uid)?.remove(token)?;
        (expires > now).then_some(ticket)
    }

    /// Forgets the tokens that have expired.
    pub(super) fn forget_old(&mut self, now: i64) {
        self.tickets.retain(|_, tickets| {
            tickets.retain(|_, (_, expires)| *expires > now);
            !tickets.is_empty()
        });
    }

    /// Keeps a file and gives the URL it is to be had at, for who reaches this machine at that address.
    pub(super) fn store(&mut self, content: &[u8], extension: &str, local: IpAddr) -> String {
        let mut path = format!("/files/{}", random_name());
        if (1..=16).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            path.push('.');
            path.push_str(&extension.to_ascii_lowercase());
        }
        let url = format!("http://{}{path}", self.endpoint(local));
        self.bytes += content.len();
        self.files.push_back(File { path, content: content.into() });
        while self.bytes > self.kept || self.files.len() > MOST_FILES {
            let Some(oldest) = self.files.pop_front() else {
                break;
            };
            self.bytes -= oldest.content.len();
        }
        url
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn random_name() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// What the uploader signs the file with: `md5(md5(file) ":" token)`, in lower-case hex throughout.
pub(super) fn signature(file: &[u8], token: &str) -> String {
    let inner = HEXLOWER.encode(&Md5::digest(file));
    HEXLOWER.encode(&Md5::digest(format!("{inner}:{token}")))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn files() -> Files {
        Files::new(SocketAddr::new(LOCAL, 1), &Limits::default())
    }

    #[test]
    fn the_published_check_value_holds() {
        assert_eq!(signature(b"hello", "FTOK"), "ea2453f29eea60e148605a9cd7450c3d");
    }

    #[test]
    fn a_token_is_good_once_and_not_for_ever() {
        let mut files = files();
        let ticket = Ticket { uid: 1, target: Some(Target::User(2)) };
        let token = files.new_token(ticket, 1000).unwrap();
        assert_eq!(files.take_ticket(2, &token, 1001), None);
        assert_eq!(files.take_ticket(1, &token, 1001), Some(ticket));
        assert_eq!(files.take_ticket(1, &token, 1002), None);
        let token = files.new_token(ticket, 1000).unwrap();
        assert_eq!(files.take_ticket(1, &token, 1000 + files.token_life), None);
    }

    #[test]
    fn a_user_takes_no_token_from_another() {
        let mut files = files();
        let ticket = |uid| Ticket { uid, target: None };
        let tokens: Vec<_> = (0..MOST_TOKENS).map(|_| files.new_token(ticket(1), 1000)).collect();
        assert!(tokens.iter().all(Option::is_some));
        assert_eq!(files.new_token(ticket(1), 1000), None);
        assert!(files.new_token(ticket(2), 1000).is_some());
        files.take_ticket(1, tokens[0].as_ref().unwrap(), 1001).unwrap();
        assert!(files.new_token(ticket(1), 1001).is_some());
        files.forget_old(1001 + files.token_life);
        assert!(files.tickets.is_empty());
    }

    #[test]
    fn the_oldest_files_go_first() {
        let mut files = files();
        let content = vec![7; files.kept / 4];
        let urls: Vec<String> = (0..5).map(|_| files.store(&content, "PNG", LOCAL)).collect();
        let path = |url: &String| url.strip_prefix("http://127.0.0.1:1").unwrap().to_owned();
        assert!(files.get(&path(&urls[0])).is_none());
        assert_eq!(files.get(&path(&urls[1])).unwrap().content_type(), "image/png");
        assert_eq!(files.bytes, files.kept);
        assert!(!files.store(b"x", "../../etc", LOCAL).contains("etc"));
        for _ in 0..MOST_FILES {
            files.store(b"", "", LOCAL);
        }
        assert_eq!((files.files.len(), files.bytes), (MOST_FILES, 0));
    }

    /// Of a gate that listens everywhere, files are had where it was reached.
    #[test]
    fn a_url_leads_back() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 13461));
        let mut files = Files::new(everywhere, &Limits::default());
        let url = files.store(b"x", "txt", "::ffff:192.168.1.5".parse().unwrap());
        assert!(url.starts_with("http://192.168.1.5:13461/files/"), "{url}");
        assert_eq!(files.endpoint("::1".parse().unwrap()), "[::1]:13461");
    }

    #[test]
    fn the_content_says_what_a_file_is() {
        let mut files = files();
        let url = files.store(b"GIF89a", "html", LOCAL);
        let path = url.strip_prefix("http://127.0.0.1:1").unwrap();
        assert_eq!(files.get(path).unwrap().content_type(), "image/gif");
        let url = files.store(b"<script>", "html", LOCAL);
        let path = url.strip_prefix("http://127.0.0.1:1").unwrap();
        assert_eq!(files.get(path).unwrap().content_type(), "application/octet-stream");
    }
}
