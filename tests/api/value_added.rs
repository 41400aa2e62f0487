//! Translation, checks, speech.

use rtm_client::RtmClient;
use rtm_client::gate::Gate;
use rtm_client::types::{check_result, check_type, profanity};

use crate::support::{Callback, code, gate, get, login};

#[test]
fn translation() {
    let gate = gate();
    let one = login(&gate, 1);
    let translate = |text: &str, target: &str, profanity: Option<&str>| {
        get(|callback| one.translate(text, None, target, "chat", profanity, None, callback))
    };
    let hello = translate("hello", "zh-CN", None).unwrap();
    assert_eq!((hello.source, hello.target), ("en".into(), "zh-CN".into()));
    assert_eq!((hello.source_text, hello.target_text), ("hello".into(), "你好".into()));
    let masked = translate("hello idiot", "zh-CN", Some(profanity::CENSOR)).unwrap();
    assert_eq!(masked.target_text, "你好 *****");
    assert_eq!(code(translate("hello idiot", "zh-CN", Some(profanity::STOP))), 200057);
    assert_eq!(code(translate("", "zh-CN", None)), 200051);
    assert_eq!(code(translate("hello", "tlh", None)), 200050);
    assert_eq!(code(translate("hello", "fr", Some("loud"))), 200034);
}

#[test]
fn texts_are_masked_and_checked() {
    let gate = gate();
    let one = login(&gate, 1);
    let found = get(|cb| one.profanity("you idiot", true, None, cb)).unwrap();
    assert_eq!((found.text, found.classification), ("you *****".into(), vec!["abuse".into()]));
    let plain = get(|cb| one.profanity("you dear", None, None, cb)).unwrap();
    assert_eq!((plain.text, plain.classification), ("you dear".into(), vec![]));

    let check =
        |text: &str| get(|callback| one.text_check(text, "STRATEGY", None, callback)).unwrap();
    let bad = check("你是傻瓜");
    assert_eq!((bad.result, bad.text), (check_result::REJECT, Some("你是**".into())));
    assert_eq!((bad.wlist, bad.language), (vec!["傻瓜".into()], Some("zh-CN".into())));
    assert!(!bad.tags.is_empty());
    let good = check("you dear");
    assert_eq!((good.result, good.text, good.wlist), (check_result::PASS, None, vec![]));
}

#[test]
fn media_are_checked_by_url_and_by_content() {
    let gate = gate();
    let one = login(&gate, 1);
    for (word, expected) in [("dear", check_result::PASS), ("idiot", check_result::REJECT)] {
        let url = format!("https://files.example/{word}.png");
        let results = [
            get(|cb| one.image_check(&url, check_type::URL, None, None, cb)),
            get(|cb| one.image_check(word.as_bytes(), check_type::CONTENT, "S", None, cb)),
            get(|cb| one.audio_check(&url, check_type::URL, "en-US", None, None, None, None, cb)),
            get(|cb| {
                let bytes = word.as_bytes();
                one.audio_check(bytes, check_type::CONTENT, "en-US", "AMR_WB", 16000, "S", None, cb)
            }),
            get(|cb| one.video_check(&url, check_type::URL, "a film", None, None, cb)),
            get(|cb| one.video_check(word.as_bytes(), check_type::CONTENT, "x", None, None, cb)),
        ];
        for result in results {
            let check = result.unwrap();
            assert_eq!((check.result, check.tags.is_empty()), (expected, word == "dear"));
        }
    }
    let refused = [
        get(|cb| one.image_check("x", 3, None, None, cb)),
        get(|cb| one.video_check("x", 0, "x", None, None, cb)),
    ];
    assert_eq!(refused.map(code), [200034; 2]);
}

#[test]
fn speech() {
    let gate = gate();
    let one = login(&gate, 1);
    let said =
        get(|cb| one.speech2text(b"hello", check_type::CONTENT, "en-US", None, None, None, cb));
    let said = said.unwrap();
    assert_eq!((said.text, said.lang), ("hello".into(), "en-US".into()));
    let translated =
        get(|cb| one.speech_translation(b"hello", "en", "fr", None, None, None, cb)).unwrap();
    assert_eq!(
        (translated.source_text, translated.target_text),
        ("hello".into(), "bonjour".into())
    );
    let refused = get(|cb| one.speech_translation(b"hello", "tlh", "fr", None, None, None, cb));
    assert_eq!(code(refused), 200050);
}

#[test]
fn what_is_not_enabled_is_refused() {
    let gate = Gate::builder().value_added(false).start().unwrap();
    let one = login(&gate, 1);
    type Call = fn(&RtmClient, Sink);
    let calls: [Call; 8] = [
        |c, s| c.translate("hello", None, "fr", None, None, None, s.callback()),
        |c, s| c.profanity("x", None, None, s.callback()),
        |c, s| c.text_check("x", None, None, s.callback()),
        |c, s| c.image_check("x", 1, None, None, s.callback()),
        |c, s| c.audio_check("x", 1, "en", None, None, None, None, s.callback()),
        |c, s| c.video_check("x", 1, "x", None, None, s.callback()),
        |c, s| c.speech2text("x", 1, "en", None, None, None, s.callback()),
        |c, s| c.speech_translation(b"x", "en", None, None, None, None, s.callback()),
    ];
    for call in calls {
        assert_eq!(code(get(|callback| call(&one, Sink(callback)))), 200060);
    }
}

/// A callback for whatever data there is.
struct Sink(Callback<()>);

impl Sink {
    fn callback<T: 'static>(self) -> Callback<T> {
        Box::new(|err, data| (self.0)(err, data.map(|_| ())))
    }
}
