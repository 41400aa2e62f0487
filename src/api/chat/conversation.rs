use std::time::Duration;

use crate::api::payloads::unread_since;
use crate::client::RtmClient;
use crate::error::Error;
use crate::resume::Change;
use crate::types::{
    Conversation, HistoryMessage, OptionalList, P2PMessage, Sessions, UnreadConversations,
};
use crate::wire::payload::MapWriter;

/// Chat: conversations and the translation of texts.
impl RtmClient {
    /// Lists this user's conversations: the users written with, and the groups.
    ///
    /// JavaScript: `getSession(timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`Sessions`]: `p2p` and `group`, lists of `id` with `mtime`, the time of the last
    ///   use in milliseconds since 1970 where the service gives one.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_session(None, callback);
    /// for session in reply.wait()?.p2p {
    ///     println!("with {}", session.id);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getSession")]
    pub fn get_session(
        &self,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Sessions>) + Send + 'static,
    ) {
        self.call("getsession", |_| {}, timeout, Sessions::decode, callback);
    }

    /// Sets the language into which chat texts to this user are translated, until the next login.
    ///
    /// A translated text arrives as [`Body::Translated`](crate::types::Body::Translated), with the original.
    ///
    /// JavaScript: `setTranslationLanguage(targetLanguage, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `target_language` – `ar nl en fr de el id it ja ko no pl pt ru es sv tl th tr vi zh-CN` or `zh-TW`;
    ///   `""` switches the translation off.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the language is set.
    ///
    /// # Errors
    ///
    /// 200050 the language is not supported; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.set_translation_language("en", None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "setTranslationLanguage")]
    pub fn set_translation_language(
        &self,
        target_language: impl AsRef<str>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let language = target_language.as_ref();
        let change = Change::Language(language.to_owned());
        self.change(change, "setlang", |map| map.text("lang", language), timeout, callback);
    }

    /// Lists the conversations with other users, each with its unread count and its last message.
    ///
    /// JavaScript: `getP2PConversationList(mtime, mtypes, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `mtime` – messages later than this time are unread, in milliseconds since 1970; `None` means since this user was
    ///   last online.
    /// * `mtypes` – only messages of these types count; `None` means 30 to 50.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets a list of [`Conversation`]: `id` is the other user, `unread` the count, `last_msg`
    ///   the newest message that counts, a [`P2PMessage`], or `None`. In JavaScript these are three arrays,
    ///   `conversations`, `unreads` and `msgs`.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_conversation_list(None, None, None, callback);
    /// for conversation in reply.wait()? {
    ///     println!("{}: {} unread", conversation.id, conversation.unread);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getP2PConversationList")]
    pub fn get_p2p_conversation_list<'a>(
        &self,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<Conversation<P2PMessage>>>) + Send + 'static,
    ) {
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        self.call(
            "getp2pconversationlist",
            |map| unread_since(map, mtime, mtypes.as_slice()),
            timeout,
            Conversation::decode_list,
            callback,
        );
    }

    /// Lists the conversations with other users that have unread messages, each with its unread count and its
    /// last message.
    ///
    /// JavaScript: `getP2PUnreadConversationList(mtime, mtypes, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `mtime` – messages later than this time are unread, in milliseconds since 1970; `None` means since this user was
    ///   last online.
    /// * `mtypes` – only messages of these types count; `None` means 30 to 50.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets a list of [`Conversation`]: `id` is the other user, `unread` the count, `last_msg`
    ///   the newest message that counts, a [`P2PMessage`], or `None`. In JavaScript these are three arrays,
    ///   `conversations`, `unreads` and `msgs`.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_p2p_unread_conversation_list(None, None, None, callback);
    /// for conversation in reply.wait()? {
    ///     println!("{}: {} unread", conversation.id, conversation.unread);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getP2PUnreadConversationList")]
    pub fn get_p2p_unread_conversation_list<'a>(
        &self,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<Conversation<P2PMessage>>>) + Send + 'static,
    ) {
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        self.call(
            "getp2punreadconversationlist",
            |map| unread_since(map, mtime, mtypes.as_slice()),
            timeout,
            Conversation::decode_list,
            callback,
        );
    }

    /// Lists the conversations of groups, each with its unread count and its last message.
    ///
    /// JavaScript: `getGroupConversationList(mtime, mtypes, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `mtime` – messages later than this time are unread, in milliseconds since 1970; `None` means since this user was
    ///   last online.
    /// * `mtypes` – only messages of these types count; `None` means 30 to 50.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets a list of [`Conversation`]: `id` is the group, `unread` the count, `last_msg` the
    ///   newest message that counts, a [`HistoryMessage`], or `None`. In JavaScript these are three arrays,
    ///   `conversations`, `unreads` and `msgs`.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_conversation_list(None, None, None, callback);
    /// for conversation in reply.wait()? {
    ///     println!("{}: {} unread", conversation.id, conversation.unread);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupConversationList")]
    pub fn get_group_conversation_list<'a>(
        &self,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<Conversation<HistoryMessage>>>) + Send + 'static,
    ) {
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        self.call(
            "getgroupconversationlist",
            |map| unread_since(map, mtime, mtypes.as_slice()),
            timeout,
            Conversation::decode_list,
            callback,
        );
    }

    /// Lists the conversations of groups that have unread messages, each with its unread count and its last
    /// message.
    ///
    /// JavaScript: `getGroupUnreadConversationList(mtime, mtypes, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `mtime` – messages later than this time are unread, in milliseconds since 1970; `None` means since this user was
    ///   last online.
    /// * `mtypes` – only messages of these types count; `None` means 30 to 50.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets a list of [`Conversation`]: `id` is the group, `unread` the count, `last_msg` the
    ///   newest message that counts, a [`HistoryMessage`], or `None`. In JavaScript these are three arrays,
    ///   `conversations`, `unreads` and `msgs`.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = greeted();
    /// let (callback, reply) = reply::channel();
    /// client.get_group_unread_conversation_list(None, None, None, callback);
    /// for conversation in reply.wait()? {
    ///     println!("{}: {} unread", conversation.id, conversation.unread);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getGroupUnreadConversationList")]
    pub fn get_group_unread_conversation_list<'a>(
        &self,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Vec<Conversation<HistoryMessage>>>) + Send + 'static,
    ) {
        let (mtime, mtypes) = (mtime.into(), mtypes.into());
        self.call(
            "getgroupunreadconversationlist",
            |map| unread_since(map, mtime, mtypes.as_slice()),
            timeout,
            Conversation::decode_list,
            callback,
        );
    }

    /// Lists the conversations that have unread messages, of groups and with other users, each with its unread
    /// count and its last message.
    ///
    /// JavaScript: `getUnreadConversationList(clear, mtime, mtypes, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `clear` – whether these messages count as read from now on; `None` leaves the choice to the service.
    /// * `mtime` – messages later than this time are unread, in milliseconds since 1970; `None` means since this user was
    ///   last online.
    /// * `mtypes` – only messages of these types count; `None` means 30 to 50.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets [`UnreadConversations`]: `group` and `p2p`, each a list of [`Conversation`] with
    ///   `id`, `unread` and `last_msg`. In JavaScript these are six arrays, `groupConversations`,
    ///   `groupUnreads`, `groupMsgs`, `p2pConversations`, `p2pUnreads` and `p2pMsgs`.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.get_unread_conversation_list(false, None, None, None, callback);
    /// let unread = reply.wait()?;
    /// println!("{} groups and {} users", unread.group.len(), unread.p2p.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "getUnreadConversationList")]
    pub fn get_unread_conversation_list<'a>(
        &self,
        clear: impl Into<Option<bool>>,
        mtime: impl Into<Option<i64>>,
        mtypes: impl Into<OptionalList<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<UnreadConversations>) + Send + 'static,
    ) {
        let (clear, mtime, mtypes) = (clear.into(), mtime.into(), mtypes.into());
        let payload = |map: &mut MapWriter<'_>| {
            map.opt_bool("clear", clear);
            unread_since(map, mtime, mtypes.as_slice());
        };
        self.call(
            "getunreadconversationlist",
            payload,
            timeout,
            UnreadConversations::decode,
            callback,
        );
    }

    /// Removes the conversation with a user from the lists of both users. The messages stay.
    ///
    /// The original page documents an error with a `mid`. The call sends no message, so the error here is a plain
    /// [`Error`].
    ///
    /// JavaScript: `removeSession(to, timeout, callback)`, on the page
    /// [Chat](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/Chat.md).
    ///
    /// * `to` – the other user's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the conversation is removed.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.remove_session(2, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "removeSession")]
    pub fn remove_session(
        &self,
        to: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        self.call("removesession", |map| map.id("to", to), timeout, |_| Ok(()), callback);
    }

    /// Removes the conversation with a user from this user's list alone; the list of the other user keeps the
    /// conversation. The messages stay.
    ///
    /// * `to` – the other user's id.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `()` when the conversation is removed.
    ///
    /// # Errors
    ///
    /// Those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.remove_session_one_way(2, None, callback);
    /// reply.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; in the Unity SDK it is the argument `oneway` of `removeSession`.
    pub fn remove_session_one_way(
        &self,
        to: i64,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<()>) + Send + 'static,
    ) {
        let payload = |map: &mut MapWriter<'_>| {
            map.id("to", to);
            map.bool("oneway", true);
        };
        self.call("removesession", payload, timeout, |_| Ok(()), callback);
    }
}
