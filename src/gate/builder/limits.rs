//! The limits of a gate: the sizes it refuses, and the data it forgets.

use std::time::Duration;

use super::{GateBuilder, millis};

impl GateBuilder {
    /// The largest message body. Default: 20480 bytes. A larger body is refused with 200030.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().message_limit(10).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "eleven byte", "", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 200030);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn message_limit(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.limits.message_bytes = bytes;
        builder
    }

    /// The largest attrs of a message or a file. Default: 2048 bytes. Larger attrs are refused with 200030 or 200031.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().attrs_limit(10).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "hello", "eleven byte", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 200030);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attrs_limit(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.limits.attrs_bytes = bytes;
        builder
    }

    /// The largest file. Default: 5242880 bytes. A larger file is refused with 200031.
    ///
    /// ```
    /// use rtm_client::types::{File, mtype};
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().file_limit(3).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, File::from_bytes("notes.txt", "milk"), None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 200031);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file_limit(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.limits.file_bytes = bytes;
        builder
    }

    /// The largest package. Default: 8 MiB. A larger package ends its connection.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().package_limit(1000).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.send_chat(2, "x".repeat(1000), "", None, None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 20002); // lost with the connection
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn package_limit(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.limits.package_bytes = bytes;
        builder
    }

    /// The largest number of history rows in an answer. Default: 20.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().page_limit(2).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// for text in ["one", "two", "three"] {
    ///     gate.broadcast(99, 30, text, "");
    /// }
    /// let (callback, reply) = reply::channel();
    /// client.get_broadcast_chat(true, 20, None, None, None, None, callback);
    /// assert_eq!(reply.wait()?.num, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn page_limit(self, rows: usize) -> Self {
        let mut builder = self;
        builder.config.limits.page_rows = rows;
        builder
    }

    /// The largest number of members of a group. Default: 10000. Further members are refused with 200042; members from
    /// [`group`](GateBuilder::group) and [`seed`](GateBuilder::seed) are not checked.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().member_limit(2).group(100, [1, 2]).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.add_group_members(100, [3], None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200042);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn member_limit(self, users: usize) -> Self {
        let mut builder = self;
        builder.config.limits.group_members = users;
        builder
    }

    /// The largest number of friends of a user. Default: 300. Further friends are refused with 200048.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().friend_limit(2).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.add_friends([2, 3, 4], None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200048);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn friend_limit(self, users: usize) -> Self {
        let mut builder = self;
        builder.config.limits.friends = users;
        builder
    }

    /// The largest number of rooms of a connection, if several are allowed. Default: 10. Further rooms are refused with
    /// 200047.
    ///
    /// ```
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().multi_room(true).room_limit(2).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.enter_rooms([200, 201, 202], None, callback);
    /// assert_eq!(reply.wait().unwrap_err().code(), 200047);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn room_limit(self, rooms: usize) -> Self {
        let mut builder = self;
        builder.config.limits.rooms = rooms;
        builder
    }

    /// How many messages of a conversation are kept; the oldest messages go first. Default: 500; zero counts as 1.
    ///
    /// ```
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let gate = Gate::builder().keep_messages(2).start().unwrap();
    /// for text in ["one", "two", "three"] {
    ///     gate.broadcast(99, 30, text, "");
    /// }
    /// let kept = gate.stored(ConversationId::Broadcast);
    /// assert_eq!(kept.len(), 2);
    /// assert_eq!(kept[0].msg, "two");
    /// ```
    pub fn keep_messages(self, count: usize) -> Self {
        let mut builder = self;
        builder.config.limits.kept.messages = count;
        builder
    }

    /// How long a message is kept. Default: 7 days. Older messages are removed when the next message of their
    /// conversation comes, or within a second or so while the gate has work.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::gate::{ConversationId, Gate};
    ///
    /// let gate = Gate::builder().keep_for(Duration::from_millis(20)).start().unwrap();
    /// gate.broadcast(99, 30, "old", "");
    /// std::thread::sleep(Duration::from_millis(50));
    /// gate.broadcast(99, 30, "new", "");
    /// assert!(gate.stored(ConversationId::Broadcast).iter().all(|message| message.msg != "old"));
    /// ```
    pub fn keep_for(self, span: Duration) -> Self {
        let mut builder = self;
        builder.config.limits.kept.time = millis(span);
        builder
    }

    /// How many bytes of files are kept; the oldest files go first, and a file above this limit at once. Default: 256
    /// MiB.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::TcpStream;
    /// use rtm_client::types::{File, mtype};
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().keep_file_bytes(4).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let upload = |text: &str| {
    ///     let (callback, reply) = reply::channel();
    ///     client.upload_file(mtype::FILE, File::from_bytes("notes.txt", text), None, callback);
    ///     reply.wait().map(|reply| reply.payload.url.to_string())
    /// };
    /// let fetch = |url: &str| {
    ///     let path = url.trim_start_matches(&format!("http://{}", gate.file_endpoint())).to_owned();
    ///     let mut response = String::new();
    ///     let mut stream = TcpStream::connect(gate.file_endpoint())?;
    ///     write!(stream, "GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n")?;
    ///     stream.read_to_string(&mut response)?;
    ///     std::io::Result::Ok(response)
    /// };
    /// let (first, second) = (upload("one")?, upload("two")?);
    /// assert!(fetch(&first)?.starts_with("HTTP/1.1 404"));
    /// assert!(fetch(&second)?.ends_with("two"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_file_bytes(self, bytes: usize) -> Self {
        let mut builder = self;
        builder.config.limits.kept_file_bytes = bytes;
        builder
    }

    /// How long a file token is valid. Default: 10 minutes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rtm_client::types::{File, mtype};
    /// use rtm_client::{gate::Gate, reply};
    ///
    /// let gate = Gate::builder().file_token_life(Duration::ZERO).start()?;
    /// # let client = rtm_client::doctest::user(&gate, 1);
    /// let (callback, reply) = reply::channel();
    /// client.upload_file(mtype::FILE, File::from_bytes("notes.txt", "milk"), None, callback);
    /// assert_eq!(reply.wait().unwrap_err().error.code(), 200003); // too late
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file_token_life(self, span: Duration) -> Self {
        let mut builder = self;
        builder.config.limits.file_token_life = millis(span);
        builder
    }
}
