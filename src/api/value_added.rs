//! The Value-added page.

use std::time::Duration;

use crate::client::RtmClient;
use crate::error::Error;
use crate::types::{
    Content, MediaCheck, OptionalText, Profanity, SpeechText, TextCheck, Translation,
};

/// Value-added services: translation, moderation, speech recognition. Each has to be enabled in the project's
/// console.
#[expect(clippy::too_many_arguments, reason = "the arguments the SDK documents, in its order")]
impl RtmClient {
    /// Translates a text.
    ///
    /// Languages: `ar`, `nl`, `en`, `fr`, `de`, `el`, `id`, `it`, `ja`, `ko`, `no`, `pl`, `pt`, `ru`, `es`, `sv`,
    /// `tl`, `th`, `tr`, `vi`, `zh-CN`, `zh-TW`.
    ///
    /// JavaScript: `translate(originalMessage, originalLanguage, targetLanguage, type, profanity, timeout, callback)`,
    /// on the page [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `original_message` – the text.
    /// * `original_language` – the language of the text; `None` lets the service find out.
    /// * `target_language` – the language to translate into.
    /// * `message_type` – `chat` or `mail`: see [`translate_type`](crate::types::translate_type); `None` is `chat`.
    ///   In JavaScript `type`.
    /// * `profanity` – the treatment of bad language, `off`, `stop` or `censor`: see
    ///   [`profanity`](crate::types::profanity); `None` is `off`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `source` and `target`, the languages, `source_text`, the original, and `target_text`, the
    ///   translation.
    ///
    /// # Errors
    ///
    /// 200050 a language is not supported; 200051 there is nothing to translate; 200056 the translation
    /// failed; 200057 bad language, with `stop`; 200060 not enabled in the console; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.translate("你好", "zh-CN", "en", None, None, None, callback);
    /// println!("{}", reply.wait()?.target_text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn translate<'a>(
        &self,
        original_message: impl AsRef<str>,
        original_language: impl Into<OptionalText<'a>>,
        target_language: impl AsRef<str>,
        message_type: impl Into<OptionalText<'a>>,
        profanity: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Translation>) + Send + 'static,
    ) {
        let original_language = original_language.into();
        let (message_type, profanity) = (message_type.into(), profanity.into());
        self.call(
            "translate",
            |p| {
                p.text("text", original_message.as_ref());
                p.text("dst", target_language.as_ref());
                p.opt_text("src", original_language.as_str());
                p.opt_text("type", message_type.as_str());
                p.opt_text("profanity", profanity.as_str());
            },
            timeout,
            Translation::decode,
            callback,
        );
    }

    /// Masks the bad language in a text.
    ///
    /// The service's newer SDKs have [`text_check`](Self::text_check) instead.
    ///
    /// JavaScript: `profanity(text, classify, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `text` – the text.
    /// * `classify` – `true` also asks for the classes of the words found; `None` means `false`.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `text`, with the words found replaced by `*`, and `classification`, the classes (empty unless
    ///   `classify` is `true`).
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.profanity("what a day", false, None, callback);
    /// println!("{}", reply.wait()?.text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn profanity(
        &self,
        text: impl AsRef<str>,
        classify: impl Into<Option<bool>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Profanity>) + Send + 'static,
    ) {
        let classify = classify.into();
        self.call(
            "profanity",
            |p| {
                p.text("text", text.as_ref());
                p.opt_bool("classify", classify);
            },
            timeout,
            Profanity::decode,
            callback,
        );
    }

    /// Checks whether a text is fit to be shown.
    ///
    /// JavaScript: `textCheck(text, strategyId, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `text` – the text.
    /// * `strategy_id` – the strategy of the project to check by; `None` means the default strategy.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `result`, 0 passed or 2 rejected; `text`, with the words found replaced by `*`, if any were
    ///   found; `tags`, the classes of the words; `wlist`, the words; `language`, if the service names the language.
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.text_check("what a day", None, None, callback);
    /// let check = reply.wait()?;
    /// if check.result == check_result::REJECT {
    ///     println!("{:?}: {:?}", check.tags, check.wlist);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "textCheck")]
    pub fn text_check<'a>(
        &self,
        text: impl AsRef<str>,
        strategy_id: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<TextCheck>) + Send + 'static,
    ) {
        let strategy_id = strategy_id.into();
        self.call(
            "tcheck",
            |p| {
                p.text("text", text.as_ref());
                p.opt_text("strategyId", strategy_id.as_str());
            },
            timeout,
            TextCheck::decode,
            callback,
        );
    }

    /// Checks whether an image is fit to be shown.
    ///
    /// The check may take long: other SDKs wait up to 120 s.
    ///
    /// JavaScript: `imageCheck(image, type, strategyId, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `image` – the URL of the image as text, or its content as bytes.
    /// * `check_type` – 1 for a URL, 2 for the content: see [`check_type`](crate::types::check_type). In JavaScript
    ///   `type`.
    /// * `strategy_id` – the strategy of the project to check by; `None` means the default strategy.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `result`, 0 passed or 2 rejected, and `tags`, the classes of the findings.
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// client.image_check("https://example.com/a.png", check_type::URL, None, None, callback);
    /// println!("{}", reply.wait()?.result);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "imageCheck")]
    pub fn image_check<'a>(
        &self,
        image: impl Into<Content<'a>>,
        check_type: i64,
        strategy_id: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<MediaCheck>) + Send + 'static,
    ) {
        let (image, strategy_id) = (image.into(), strategy_id.into());
        self.call(
            "icheck",
            |p| {
                image.write(p.key("image"));
                p.number("type", check_type);
                p.opt_text("strategyId", strategy_id.as_str());
            },
            timeout,
            MediaCheck::decode,
            callback,
        );
    }

    /// Checks whether audio is fit to be heard.
    ///
    /// The check may take long: other SDKs wait up to 120 s.
    ///
    /// JavaScript: `audioCheck(audio, type, lang, codec, srate, strategyId, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `audio` – the URL of the audio as text, or its content as bytes.
    /// * `check_type` – 1 for a URL, 2 for the content: see [`check_type`](crate::types::check_type). In JavaScript
    ///   `type`.
    /// * `lang` – the language spoken, such as `zh-CN`.
    /// * `codec` – the codec of the audio; `None` means `AMR_WB`.
    /// * `srate` – the sample rate in Hz; `None` means 16000.
    /// * `strategy_id` – the strategy of the project to check by; `None` means the default strategy.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `result`, 0 passed or 2 rejected, and `tags`, the classes of the findings.
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; 200061 audio of this kind is not supported; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let amr = [0_u8; 64];
    /// let (callback, reply) = reply::channel();
    /// client.audio_check(&amr, check_type::CONTENT, "zh-CN", "AMR_WB", 16000, None, None, callback);
    /// println!("{}", reply.wait()?.result);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "audioCheck")]
    pub fn audio_check<'a>(
        &self,
        audio: impl Into<Content<'a>>,
        check_type: i64,
        lang: impl AsRef<str>,
        codec: impl Into<OptionalText<'a>>,
        srate: impl Into<Option<i64>>,
        strategy_id: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<MediaCheck>) + Send + 'static,
    ) {
        let (audio, strategy_id) = (audio.into(), strategy_id.into());
        let (codec, srate) = (codec.into(), srate.into());
        self.call(
            "acheck",
            |p| {
                audio.write(p.key("audio"));
                p.number("type", check_type);
                p.text("lang", lang.as_ref());
                p.opt_text("codec", codec.as_str());
                if let Some(srate) = srate {
                    p.number("srate", srate);
                }
                p.opt_text("strategyId", strategy_id.as_str());
            },
            timeout,
            MediaCheck::decode,
            callback,
        );
    }

    /// Checks whether a video is fit to be seen.
    ///
    /// The check may take long: other SDKs wait up to 120 s.
    ///
    /// JavaScript: `videoCheck(video, type, videoName, strategyId, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `video` – the URL of the video as text, or its content as bytes.
    /// * `check_type` – 1 for a URL, 2 for the content: see [`check_type`](crate::types::check_type). In JavaScript
    ///   `type`.
    /// * `video_name` – the name of the video's file.
    /// * `strategy_id` – the strategy of the project to check by; `None` means the default strategy.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `result`, 0 passed or 2 rejected, and `tags`, the classes of the findings.
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// let url = "https://example.com/a.mp4";
    /// client.video_check(url, check_type::URL, "a.mp4", None, None, callback);
    /// println!("{}", reply.wait()?.result);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "videoCheck")]
    pub fn video_check<'a>(
        &self,
        video: impl Into<Content<'a>>,
        check_type: i64,
        video_name: impl AsRef<str>,
        strategy_id: impl Into<OptionalText<'a>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<MediaCheck>) + Send + 'static,
    ) {
        let (video, strategy_id) = (video.into(), strategy_id.into());
        self.call(
            "vcheck",
            |p| {
                video.write(p.key("video"));
                p.number("type", check_type);
                p.text("videoName", video_name.as_ref());
                p.opt_text("strategyId", strategy_id.as_str());
            },
            timeout,
            MediaCheck::decode,
            callback,
        );
    }

    /// Turns the speech of a recording into text.
    ///
    /// The check may take long: other SDKs wait up to 120 s.
    ///
    /// JavaScript: `speech2Text(audio, type, lang, codec, srate, timeout, callback)`, on the page
    /// [Value-added](https://github.com/highras/rtm-client-sdk-websocket/blob/master/docs/ValueAdded.md).
    ///
    /// * `audio` – the URL of the audio as text, or its content as bytes.
    /// * `check_type` – 1 for a URL, 2 for the content: see [`check_type`](crate::types::check_type). In JavaScript
    ///   `type`.
    /// * `lang` – the language spoken, such as `zh-CN`.
    /// * `codec` – the codec of the audio; `None` means `AMR_WB`.
    /// * `srate` – the sample rate in Hz; `None` means 16000.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `text`, the words, and `lang`, the language that the service recognised.
    ///
    /// # Errors
    ///
    /// 200060 not enabled in the console; 200061 audio of this kind is not supported; and those of
    /// [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let (callback, reply) = reply::channel();
    /// let url = "https://example.com/a.amr";
    /// client.speech2text(url, check_type::URL, "zh-CN", None, None, None, callback);
    /// println!("{}", reply.wait()?.text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "speech2Text")]
    pub fn speech2text<'a>(
        &self,
        audio: impl Into<Content<'a>>,
        check_type: i64,
        lang: impl AsRef<str>,
        codec: impl Into<OptionalText<'a>>,
        srate: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<SpeechText>) + Send + 'static,
    ) {
        let (audio, codec, srate) = (audio.into(), codec.into(), srate.into());
        self.call(
            "speech2text",
            |p| {
                audio.write(p.key("audio"));
                p.number("type", check_type);
                p.text("lang", lang.as_ref());
                p.opt_text("codec", codec.as_str());
                if let Some(srate) = srate {
                    p.number("srate", srate);
                }
            },
            timeout,
            SpeechText::decode,
            callback,
        );
    }

    /// Turns the speech of a recording into text, and translates the text.
    ///
    /// The check may take long: other SDKs wait up to 120 s.
    ///
    /// * `audio` – the content of the audio.
    /// * `speech_language` – the language spoken, such as `zh-CN`.
    /// * `text_language` – the language to translate into; `None` leaves the choice to the service.
    /// * `codec` – the codec of the audio; `None` means `AMR_WB`.
    /// * `srate` – the sample rate in Hz; `None` means 16000.
    /// * `timeout` – how long the answer may take; `None` or zero means 20 s.
    /// * `callback` – gets `source` and `target`, the languages, `source_text`, the spoken words, and `target_text`, the
    ///   translation.
    ///
    /// # Errors
    ///
    /// 200050 a language is not supported; 200060 not enabled in the console; 200061 audio of this kind is
    /// not supported; and those of [every call](crate::error_code#every-call).
    ///
    /// # Example
    ///
    /// ```
    /// # use rtm_client::doctest::*; let (gate, client) = logged_in();
    /// let amr = [0_u8; 64];
    /// let (callback, reply) = reply::channel();
    /// client.speech_translation(&amr, "zh-CN", "en", None, None, None, callback);
    /// println!("{}", reply.wait()?.target_text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The JavaScript SDK has no such call; the Unity SDK does.
    #[doc(alias = "speechTranslation")]
    pub fn speech_translation<'a>(
        &self,
        audio: impl Into<Content<'a>>,
        speech_language: impl AsRef<str>,
        text_language: impl Into<OptionalText<'a>>,
        codec: impl Into<OptionalText<'a>>,
        srate: impl Into<Option<i64>>,
        timeout: impl Into<Option<Duration>>,
        callback: impl FnOnce(Option<Error>, Option<Translation>) + Send + 'static,
    ) {
        let (audio, text_language) = (audio.into(), text_language.into());
        let (codec, srate) = (codec.into(), srate.into());
        self.call(
            "speechtranslation",
            |p| {
                audio.write(p.key("audio"));
                p.text("speechLanguageCode", speech_language.as_ref());
                p.opt_text("textLanguageCode", text_language.as_str());
                p.opt_text("codec", codec.as_str());
                if let Some(srate) = srate {
                    p.number("srate", srate);
                }
            },
            timeout,
            Translation::decode,
            callback,
        );
    }
}
