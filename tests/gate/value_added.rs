//! Translation, checks, speech.

use rtm_client::gate::Gate;
use serde_json::json;

use crate::peer::Peer;

#[test]
fn translations() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let answer = one.get("translate", json!({"text": "hello", "dst": "zh-CN"}));
    let expected =
        json!({"source": "en", "target": "zh-CN", "sourceText": "hello", "targetText": "你好"});
    assert_eq!(answer, expected);
    let request = json!({
        "text": "thank you, idiot", "dst": "fr", "src": "en", "type": "mail", "profanity": "censor"
    });
    assert_eq!(one.get("translate", request.clone())["targetText"], "merci, *****");
    let with = |key: &str, value: &str| {
        let mut request = request.clone();
        request[key] = json!(value);
        request
    };
    assert_eq!(one.code("translate", with("profanity", "stop")), 200057);
    assert_eq!(one.code("translate", with("profanity", "loud")), 200034);
    assert_eq!(one.code("translate", with("type", "letter")), 200034);
    assert_eq!(one.code("translate", with("dst", "xx")), 200050);
    assert_eq!(one.code("translate", with("text", "")), 200051);
    assert_eq!(one.get("translate", with("text", "qwerty"))["targetText"], "qwerty");
}

#[test]
fn texts_are_checked() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let answer = one.get("profanity", json!({"text": "damn it", "classify": true}));
    assert_eq!(answer, json!({"text": "**** it", "classification": ["abuse"]}));
    assert_eq!(one.get("profanity", json!({"text": "nice"})), json!({"text": "nice"}));
    let answer = one.get("tcheck", json!({"text": "hello"}));
    assert_eq!(answer, json!({"result": 0, "language": "en"}));
    let answer = one.get("tcheck", json!({"text": "混蛋！", "strategyId": "s"}));
    let expected = json!({
        "result": 2, "text": "**！", "tags": [700], "wlist": ["混蛋"], "language": "zh-CN"
    });
    assert_eq!(answer, expected);
    let both = json!({"text": "x", "strategyId": "s", "checkParams": "p"});
    assert_eq!(one.code("tcheck", both), 200034);
}

#[test]
fn media_are_checked() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let image = |url: &str, kind: i64| json!({"image": url, "type": kind});
    assert_eq!(one.get("icheck", image("http://x/cat.png", 1)), json!({"result": 0}));
    let rejected = json!({"result": 2, "tags": [700]});
    assert_eq!(one.get("icheck", image("http://x/casino.png", 1)), rejected);
    assert_eq!(one.code("icheck", image("http://x/cat.png", 3)), 200034);
    assert_eq!(one.code("icheck", image("", 2)), 200033);
    let audio =
        json!({"audio": "damn", "type": 2, "lang": "en", "codec": "AMR_WB", "srate": 16000});
    assert_eq!(one.get("acheck", audio), rejected);
    assert_eq!(one.code("acheck", json!({"audio": "damn", "type": 2})), 10009);
    let video = json!({"video": "quiet", "type": 2, "videoName": "v.mp4"});
    assert_eq!(one.get("vcheck", video), json!({"result": 0}));
}

#[test]
fn speech() {
    let gate = Gate::builder().start().unwrap();
    let mut one = Peer::login(&gate, 1);
    let audio = json!({"audio": "hello", "type": 2, "lang": "en"});
    assert_eq!(one.get("speech2text", audio), json!({"text": "hello", "lang": "en"}));
    let audio = json!({"audio": "hello", "speechLanguageCode": "en", "textLanguageCode": "de"});
    assert_eq!(one.get("speechtranslation", audio)["targetText"], "hallo");
}

#[test]
fn switched_off() {
    let gate = Gate::builder().value_added(false).start().unwrap();
    let mut one = Peer::login(&gate, 1);
    assert_eq!(one.code("translate", json!({"text": "hello", "dst": "fr"})), 200060);
    assert_eq!(one.code("profanity", json!({"text": "x"})), 200060);
    assert_eq!(one.code("tcheck", json!({"text": "x"})), 200060);
    assert_eq!(one.code("icheck", json!({"image": "x", "type": 1})), 200060);
    assert_eq!(one.code("speech2text", json!({"audio": "x", "type": 1, "lang": "en"})), 200060);
}
