//! Uploaded files and the tokens that let them in.

use std::collections::{BTreeMap, VecDeque};

use data_encoding::HEXLOWER;
use foldhash::{HashMap, HashMapExt};
use md5::{Digest, Md5};

use super::builder::Limits;
use super::service::Target;

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
    pub(super) fn content_type(&self) -> &'static str {
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
    endpoint: String,
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
    pub(super) fn new(endpoint: String, limits: &Limits) -> Files {
        Files {
            endpoint,
            tickets: HashMap::new(),
            files: VecDeque::new(),
            bytes: 0,
            kept: limits.kept_file_bytes,
            token_life: limits.file_token_life,
        }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
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

    /// Keeps a file and gives the URL it is to be had at.
    pub(super) fn store(&mut self, content: &[u8], extension: &str) -> String {
        let mut path = format!("/files/{}", random_name());
        if (1..=16).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            path.push('.');
            path.push_str(&extension.to_ascii_lowercase());
        }
        let url = format!("http://{}{path}", self.endpoint);
        self.bytes += content.len();
        self.files.push_back(File { path, content: content.into() });
        while self.bytes > self.kept {
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
    use super::*;

    #[test]
    fn the_published_check_value_holds() {
        assert_eq!(signature(b"hello", "FTOK"), "ea2453f29eea60e148605a9cd7450c3d");
    }

    #[test]
    fn a_token_is_good_once_and_not_for_ever() {
        let mut files = Files::new("host:1".to_owned(), &Limits::default());
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
        let mut files = Files::new("host:1".to_owned(), &Limits::default());
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
        let mut files = Files::new("host:1".to_owned(), &Limits::default());
        let content = vec![7; files.kept / 4];
        let urls: Vec<String> = (0..5).map(|_| files.store(&content, "PNG")).collect();
        let path = |url: &String| url.strip_prefix("http://host:1").unwrap().to_owned();
        assert!(files.get(&path(&urls[0])).is_none());
        assert_eq!(files.get(&path(&urls[1])).unwrap().content_type(), "image/png");
        assert_eq!(files.bytes, files.kept);
        assert!(!files.store(b"x", "../../etc").contains("etc"));
    }
}
