use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::{Body, Content, Text, mtype};
use crate::error::Error;
use crate::error_code::fpnn;
use crate::wire::values;

/// Called with `(sent, total)`, in bytes, while a file is sent.
pub(crate) type ProgressHandler = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// A file to send: one on disk, or bytes with a name.
///
/// A path is read when the file is sent. Receivers get the text after the name's last dot as the extension.
///
/// ```
/// use rtm_client::types::File;
///
/// let picture = File::from_bytes("cat.png", vec![0x89, b'P', b'N', b'G']);
/// let report = File::open("report.pdf").on_progress(|sent, total| println!("{sent} of {total} bytes"));
/// ```
#[derive(Clone)]
#[must_use = "a file is sent by send_file or upload_file"]
pub struct File {
    name: String,
    source: Source,
    pub(crate) progress: Option<ProgressHandler>,
}

#[derive(Clone)]
enum Source {
    Path(PathBuf),
    Bytes(Vec<u8>),
}

impl File {
    /// The file at `path`; the name is the last part of the path. If the file cannot be read when it is sent, or is no
    /// regular file, the send fails with 10012.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let path = std::env::temp_dir().join(format!("notes-{}.txt", std::process::id()));
    /// std::fs::write(&path, "remember the milk")?;
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, File::open(&path), None, callback);
    /// assert_eq!(reply.wait()?.payload.size, 17);
    /// std::fs::remove_file(&path)?;
    ///
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, File::open("no such file"), None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 10012);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl Into<PathBuf>) -> File {
        let path = path.into();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        File { name: name.unwrap_or_default(), source: Source::Path(path), progress: None }
    }

    /// A file made of `bytes`, which may be a text as well.
    ///
    /// ```
    /// use rtm_client::types::File;
    ///
    /// let drawn = File::from_bytes("cat.png", [0x89, b'P', b'N', b'G']);
    /// assert_eq!(drawn.name(), "cat.png");
    /// ```
    pub fn from_bytes<'a>(name: impl Into<String>, bytes: impl Into<Content<'a>>) -> File {
        let bytes = bytes.into().into_bytes();
        File { name: name.into(), source: Source::Bytes(bytes), progress: None }
    }

    /// Calls `handler(sent, total)`, in bytes, while the file is sent. The handler runs where callbacks run.
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// use rtm_client::types::{File, mtype};
    ///
    /// let (sender, progress) = std::sync::mpsc::channel();
    /// let file = File::from_bytes("large.bin", vec![0; 1_000_000])
    ///     .on_progress(move |sent, total| sender.send((sent, total)).unwrap());
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, file, None, callback);
    /// reply.wait()?;
    /// let all: Vec<(u64, u64)> = progress.iter().collect();
    /// assert!(all.iter().all(|(sent, total)| sent <= total));
    /// assert_eq!(all.last().map(|(sent, total)| sent == total), Some(true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_progress(self, handler: impl Fn(u64, u64) + Send + Sync + 'static) -> File {
        File { progress: Some(Arc::new(handler)), ..self }
    }

    /// The file's name.
    ///
    /// ```
    /// use rtm_client::types::File;
    ///
    /// assert_eq!(File::open("pictures/cat.png").name(), "cat.png");
    /// assert_eq!(File::open("/").name(), "");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text after the name's last dot, if there is one.
    pub(crate) fn extension(&self) -> Option<&str> {
        self.name.rsplit_once('.').map(|(_, extension)| extension)
    }

    /// The bytes to send, at most `limit`. The function reads at most one byte over the limit, and only regular files: a
    /// device may have no end, and a pipe no writer.
    pub(crate) fn into_bytes(self, limit: usize) -> Result<Vec<u8>, Error> {
        let too_large = |what: &str| {
            let text = format!("file: {what} is larger than max_sent_bytes, which is {limit}");
            Err(Error::new(fpnn::CORE_ENCODING, text))
        };
        let path = match self.source {
            Source::Bytes(bytes) if bytes.len() > limit => return too_large(&self.name),
            Source::Bytes(bytes) => return Ok(bytes),
            Source::Path(path) => path,
        };
        let shown = path.display();
        let unreadable = |error: io::Error| {
            let text = format!("{shown}: {}", why_unreadable(error.kind()));
            Error::with_source(fpnn::PROTO_FILE_NOT_EXIST, text, error)
        };
        let found = path.metadata().map_err(unreadable)?;
        if !found.is_file() {
            let text = format!("{shown}: it is not a regular file");
            return Err(Error::new(fpnn::PROTO_FILE_NOT_EXIST, text));
        }
        if found.len() > limit as u64 {
            return too_large(&path.display().to_string());
        }
        // It may have grown, and some do not know how long they are.
        let mut bytes = Vec::new();
        let reserved = bytes.try_reserve_exact(found.len() as usize);
        reserved.map_err(|_| unreadable(ErrorKind::OutOfMemory.into()))?;
        let file = fs::File::open(&path).map_err(unreadable)?;
        file.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > limit { too_large(&path.display().to_string()) } else { Ok(bytes) }
    }
}

fn why_unreadable(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "there is no such file",
        ErrorKind::PermissionDenied => "this program may not read it",
        ErrorKind::OutOfMemory => "there is not enough memory for it",
        _ => "reading it failed",
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The answer to `file_token`: the right to send one file.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::FileToken;
///
/// let (callback, reply) = reply::channel();
/// client.file_token("sendfile", None, 2, None, None, None, callback);
/// let FileToken { token, endpoint, .. } = reply.wait()?;
/// assert!(!token.is_empty());
/// assert_eq!(endpoint, gate.file_endpoint().as_str());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileToken {
    /// The token, valid for one file.
    pub token: Text,
    /// The address to which the file gate passes the file on.
    pub endpoint: Text,
}

/// Leaves out the token, because anybody who has the token can send the file.
impl fmt::Debug for FileToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileToken").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The answer to `upload_file`.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::{File, mtype};
///
/// let (callback, reply) = reply::channel();
/// client.upload_file(mtype::FILE, File::from_bytes("notes.txt", "remember the milk"), None, callback);
/// let upload = reply.wait()?;
/// assert_ne!(upload.mid, 0);
/// println!("stored at {}", upload.payload.url);
/// assert!(upload.payload.url.as_str().unwrap().starts_with("http://"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadReply {
    /// The message id of the upload.
    pub mid: i64,
    /// The answer of the file gate.
    pub payload: UploadPayload,
}

/// The answer's fields.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::{File, UploadPayload, mtype};
///
/// let (callback, reply) = reply::channel();
/// client.upload_file(mtype::FILE, File::from_bytes("notes.txt", "remember the milk"), None, callback);
/// let UploadPayload { url, size, .. } = reply.wait()?.payload;
/// assert!(url.as_str().unwrap().ends_with(".txt"));
/// assert_eq!(size, 17);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadPayload {
    /// The URL of the file.
    pub url: Text,
    /// The size in bytes.
    pub size: i64,
}

/// The information about the file of a file message, from the two JSON texts in `msg` and `attrs`.
///
/// ```
/// # use rtm_client::doctest::*; let (gate, client) = logged_in();
/// use rtm_client::types::{File, FileInfo, mtype};
///
/// # let other = user(&gate, 2);
/// let (sender, files) = std::sync::mpsc::channel();
/// other.processor().on(server_push::RECV_FILE, move |m| sender.send(m.file_info()).unwrap());
/// client.send_file(mtype::IMAGE, 2, File::from_bytes("cat.png", [1, 2, 3]), None, None, reply::ignore);
/// let FileInfo { url, size, ext, filename, .. } = files.recv()?.expect("a file's message");
/// assert_eq!((size, ext.as_deref()), (3, Some("png")));
/// assert!(url.ends_with(".png"));
/// assert_eq!(filename, None); // the client sends no name
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileInfo {
    /// The URL of the file.
    pub url: String,
    /// The size in bytes.
    pub size: i64,
    /// The URL of a small version of a picture.
    pub surl: Option<String>,
    /// The extension of the sender's file.
    pub ext: Option<String>,
    /// The name given by the sender.
    pub filename: Option<String>,
    /// Application data from the sender: a text, or the JSON text of an object.
    pub custom: Option<String>,
}

impl FileInfo {
    /// Reads the information of a file message. `None` if `msg` is not the JSON of a file message.
    ///
    /// ```
    /// use rtm_client::types::{Body, FileInfo, Text};
    ///
    /// let msg = Body::Text(r#"{"url":"https://files.example/1.png","size":5}"#.into());
    /// let attrs = Text::from(r#"{"rtm":{"ext":"png"},"custom":{"album":7}}"#);
    /// let info = FileInfo::of(&msg, &attrs).unwrap();
    /// assert_eq!((info.url.as_str(), info.size), ("https://files.example/1.png", 5));
    /// assert_eq!(info.custom.as_deref(), Some(r#"{"album":7}"#));
    /// ```
    pub fn of(msg: &Body, attrs: &Text) -> Option<FileInfo> {
        use serde_json::Value;
        let msg = values::json(msg.as_bytes())?;
        let attrs = values::json(attrs.as_bytes()).unwrap_or(Value::Null);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(FileInfo {
            url: text(msg.get("url")?)?,
            size: msg.get("size").and_then(Value::as_i64).unwrap_or(0),
            surl: msg.get("surl").and_then(text),
            ext: attrs.pointer("/rtm/ext").and_then(text),
            filename: attrs.pointer("/rtm/filename").and_then(text),
            custom: attrs.get("custom").map(|custom| text(custom).unwrap_or(custom.to_string())),
        })
    }

    /// The same, if the type of the message is that of a file.
    pub(super) fn of_message(mtype: i64, msg: &Body, attrs: &Text) -> Option<FileInfo> {
        if mtype::is_file(mtype) { FileInfo::of(msg, attrs) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_called_that() {
        let said = |error: i32| why_unreadable(io::Error::from_raw_os_error(error).kind());
        #[cfg(target_os = "linux")]
        assert_eq!(
            [2, 13, 12, 5].map(said),
            [
                "there is no such file",
                "this program may not read it",
                "there is not enough memory for it",
                "reading it failed"
            ]
        );
    }
}
