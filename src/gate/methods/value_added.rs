//! Translation, checks and speech: small and deterministic, in the documented shapes.
//!
//! A text is checked against a short list of words. An image, an audio or a video is checked by the same list against its
//! URL or its bytes, and the text of speech is its bytes as text, so that a test chooses the result by its input.

use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, refusal};
use crate::gate::language::{self, Language};
use crate::gate::service::Service;
use crate::gate::{words, write};
use crate::types::check_result;
use crate::wire::payload::{MapWriter, write_text};

/// The tag of whatever the word list objects to.
const ABUSE: i64 = 700;

/// Refuses where the project has value-added services switched off.
fn enabled(service: &Service) -> Done {
    if service.config.value_added {
        return Ok(());
    }
    Err(refusal(rtm::NO_CONFIG_IN_CONSOLE, "value-added services are switched off"))
}

fn supported(key: &str, code: &str) -> Result<Language, Refusal> {
    Language::new(code)
        .ok_or_else(|| refusal(rtm::UNSUPPORTED_LANGUAGE, format!("{key} {code} is not supported")))
}

fn one_of(key: &str, value: &str, allowed: &[&str]) -> Done {
    if allowed.contains(&value) {
        return Ok(());
    }
    let ex = format!("{key} is {value}, allowed are {}", allowed.join(", "));
    Err(refusal(rtm::INVALID_PARAMETER, ex))
}

pub(super) fn translate(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    enabled(service)?;
    let (text, target) = (call.text("text")?, supported("dst", call.text("dst")?)?);
    let source = match call.opt_text("src")? {
        None | Some("") => None,
        Some(code) => Some(supported("src", code)?),
    };
    one_of("type", call.opt_text("type")?.unwrap_or("chat"), &["chat", "mail"])?;
    let profanity = call.opt_text("profanity")?.unwrap_or("off");
    one_of("profanity", profanity, &["off", "stop", "censor"])?;
    if text.is_empty() {
        return Err(refusal(rtm::EMPTY_TRANSLATION, "text is empty"));
    }
    if profanity == "stop" && !words::found(text).is_empty() {
        return Err(refusal(rtm::PROFANITY_STOP, "text has words that are not allowed"));
    }
    let mut translated = translated(text, source, target);
    if profanity == "censor" {
        translated.target_text = words::censored(&translated.target_text);
    }
    write::translation(answer, &translated);
    Ok(())
}

/// What cannot be translated is its own translation.
fn translated(text: &str, source: Option<Language>, target: Language) -> language::Translated {
    let mut translated = language::translate(text, source, target);
    if translated.target_text.is_empty() {
        translated.target_text = text.to_owned();
    }
    translated
}

pub(super) fn profanity(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    enabled(service)?;
    let text = call.text("text")?;
    answer.text("text", &words::censored(text));
    if call.opt_bool("classify")?.unwrap_or(false) {
        let classes = if words::found(text).is_empty() { &[][..] } else { &["abuse"][..] };
        answer.list("classification", classes, write_text);
    }
    Ok(())
}

pub(super) fn tcheck(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    enabled(service)?;
    let text = call.text("text")?;
    if call.opt_text("strategyId")?.is_some() && call.opt_text("checkParams")?.is_some() {
        let ex = "strategyId and checkParams cannot be given both";
        return Err(refusal(rtm::INVALID_PARAMETER, ex));
    }
    let found = words::found(text);
    verdict(answer, !found.is_empty());
    if !found.is_empty() {
        answer.text("text", &words::censored(text));
        answer.list("wlist", found, write_text);
    }
    answer.text("language", language::detect(text).code());
    Ok(())
}

pub(super) fn icheck(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    check(service, call, "image", answer)
}

pub(super) fn acheck(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    call.text("lang")?;
    check(service, call, "audio", answer)
}

pub(super) fn vcheck(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    call.text("videoName")?;
    check(service, call, "video", answer)
}

fn check(service: &Service, call: &Call<'_, '_>, key: &str, answer: &mut MapWriter<'_>) -> Done {
    enabled(service)?;
    let media = media(call, key)?;
    verdict(answer, !words::found(&media).is_empty());
    Ok(())
}

/// The URL or the content of a medium, as far as it is text.
fn media(call: &Call<'_, '_>, key: &str) -> Result<String, Refusal> {
    let bytes = call.bytes(key)?;
    let kind = call.int("type")?;
    if !(1..=2).contains(&kind) {
        let ex = format!("type is {kind}, allowed are 1 (url) and 2 (content)");
        return Err(refusal(rtm::INVALID_PARAMETER, ex));
    }
    if bytes.is_empty() {
        return Err(refusal(rtm::EMPTY_PARAMETER, format!("{key} is empty")));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn verdict(answer: &mut MapWriter<'_>, rejected: bool) {
    answer.int("result", if rejected { check_result::REJECT } else { check_result::PASS });
    if rejected {
        answer.ints("tags", [ABUSE]);
    }
}

pub(super) fn speech2text(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    enabled(service)?;
    let (audio, lang) = (media(call, "audio")?, call.text("lang")?);
    answer.text("text", &audio);
    answer.text("lang", lang);
    Ok(())
}

pub(super) fn speechtranslation(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    enabled(service)?;
    let audio = call.bytes("audio")?;
    let source = supported("speechLanguageCode", call.text("speechLanguageCode")?)?;
    let target = match call.opt_text("textLanguageCode")? {
        None | Some("") => source,
        Some(code) => supported("textLanguageCode", code)?,
    };
    if audio.is_empty() {
        return Err(refusal(rtm::EMPTY_PARAMETER, "audio is empty"));
    }
    let translated = translated(&String::from_utf8_lossy(audio), Some(source), target);
    write::translation(answer, &translated);
    Ok(())
}
