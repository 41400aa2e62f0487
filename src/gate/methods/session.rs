//! Login and logout.

use super::system;
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, refusal};
use crate::gate::language::Language;
use crate::gate::peers::Session;
use crate::gate::service::Service;
use crate::gate::token;
use crate::wire::payload::MapWriter;

pub(super) fn ping(_: &mut Service, call: &Call<'_, '_>, answer: &mut MapWriter<'_>) -> Done {
    answer.int("ts", call.now);
    Ok(())
}

pub(super) fn auth(service: &mut Service, call: &Call<'_, '_>, answer: &mut MapWriter<'_>) -> Done {
    let (pid, uid) = (call.int("pid")?, call.int("uid")?);
    let token = call.text("token")?;
    let attrs = call.opt_texts("attrs")?.unwrap_or_default();
    let lang = language(call.opt_text("lang")?.unwrap_or_default())?;
    if call.uid != 0 {
        let ex = format!("user {} is logged in on this connection", call.uid);
        return Err(refusal(rtm::DUPLICATED_AUTH, ex));
    }
    if pid != service.config.pid {
        let ex = format!("pid is {pid}, this gate serves {}", service.config.pid);
        return Err(refusal(rtm::INVALID_PROJECT_ID_OR_USER_ID, ex));
    }
    if uid <= 0 {
        let ex = format!("uid is {uid}, allowed are 1 and more");
        return Err(refusal(rtm::INVALID_PROJECT_ID_OR_USER_ID, ex));
    }
    let ts = match call.opt_int("authv")? {
        Some(2) => Some(call.int("ts")?),
        _ => None,
    };
    let ok = token::accepted(&service.config, uid, token, ts, call.now);
    if ok {
        let attrs = system::merged(service, call, uid, Vec::new(), attrs)?;
        let session = Session { uid, since: call.now, attrs, lang, rooms: Vec::new() };
        service.log_in(call.conn, session, call.encoding);
    }
    answer.bool("ok", ok);
    Ok(())
}

pub(super) fn bye(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    service.log_out(call.conn);
    Ok(())
}

pub(super) fn setlang(service: &mut Service, call: &Call<'_, '_>, _: &mut MapWriter<'_>) -> Done {
    let lang = language(call.text("lang")?)?;
    if let Some(session) = service.peers.session_mut(call.conn) {
        session.lang = lang;
    }
    Ok(())
}

/// No language for an empty text.
fn language(code: &str) -> Result<Option<Language>, crate::gate::call::Refusal> {
    if code.is_empty() {
        return Ok(None);
    }
    match Language::new(code) {
        Some(lang) => Ok(Some(lang)),
        None => Err(refusal(rtm::UNSUPPORTED_LANGUAGE, format!("lang {code} is not supported"))),
    }
}
