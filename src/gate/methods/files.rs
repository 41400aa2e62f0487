//! Files: the token from the main listener, the file itself to the file listener.

use serde_json::Value;

use super::{messages, permitted};
use crate::error_code::rtm;
use crate::gate::call::{Call, Done, Refusal, at_most, refusal};
use crate::gate::content;
use crate::gate::files::{Ticket, signature};
use crate::gate::service::{Service, Target};
use crate::gate::store::{Bytes, Draft};
use crate::types::mtype;
use crate::wire::payload::MapWriter;

pub(super) fn filetoken(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let target = match call.text("cmd")? {
        "sendfile" => Some(Target::User(call.int("to")?)),
        "sendgroupfile" => Some(Target::Group(call.int("gid")?)),
        "sendroomfile" => Some(Target::Room(call.int("rid")?)),
        "uploadfile" => None,
        other => {
            let allowed = "sendfile, sendgroupfile, sendroomfile, uploadfile";
            let ex = format!("cmd is {other}, allowed are {allowed}");
            return Err(refusal(rtm::INVALID_PARAMETER, ex));
        }
    };
    if let Some(target) = target {
        permitted(service, call.uid, target)?;
    }
    let ticket = Ticket { uid: call.uid, target };
    let token = service
        .files
        .new_token(ticket, call.now)
        .ok_or_else(|| refusal(rtm::API_FREQUENCY_LIMITED, "too many tokens are unused"))?;
    answer.text("token", &token);
    answer.text("endpoint", &service.files.endpoint(call.local));
    Ok(())
}

pub(super) fn sendfile(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    send(service, call, Target::User(call.int("to")?), answer)
}

pub(super) fn sendgroupfile(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    send(service, call, Target::Group(call.int("gid")?), answer)
}

pub(super) fn sendroomfile(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    send(service, call, Target::Room(call.int("rid")?), answer)
}

pub(super) fn uploadfile(
    service: &mut Service,
    call: &Call<'_, '_>,
    answer: &mut MapWriter<'_>,
) -> Done {
    let upload = Upload::read(service, call, None)?;
    let url = service.files.store(upload.file, &upload.extension, call.local);
    answer.text("url", &url);
    answer.int("size", upload.file.len() as i64);
    Ok(())
}

fn send(
    service: &mut Service,
    call: &Call<'_, '_>,
    target: Target,
    answer: &mut MapWriter<'_>,
) -> Done {
    let (mid, mtype) = (call.int("mid")?, call.int("mtype")?);
    if !mtype::is_file(mtype) {
        let ex = format!("mtype is {mtype}, allowed for files are 40 to 50");
        return Err(refusal(rtm::INVALID_FILE_MTYPE, ex));
    }
    let upload = Upload::read(service, call, Some(target))?;
    permitted(service, upload.uid, target)?;
    let known = service.store.log(target.conversation(upload.uid));
    if let Some(known) = known.and_then(|log| log.find(upload.uid, mid)) {
        answer.int("mtime", known.mtime);
        return Ok(());
    }
    let url = service.files.store(upload.file, &upload.extension, call.local);
    let recognized = content::recognized(upload.file).filter(|_| mtype == mtype::FILE);
    let mtype = recognized.map_or(mtype, |(mtype, _)| mtype);
    let size = upload.file.len();
    let body = if mtype == mtype::IMAGE {
        format!(r#"{{"url":"{url}","size":{size},"surl":"{url}"}}"#)
    } else {
        format!(r#"{{"url":"{url}","size":{size}}}"#)
    };
    let body = Bytes { bytes: body.as_bytes(), binary: false };
    let draft = Draft { from: upload.uid, mid, mtype, body, attrs: upload.attrs.as_bytes() };
    messages::send(service, target, &draft, answer);
    Ok(())
}

/// A file that came with all it needs.
struct Upload<'f> {
    uid: i64,
    file: &'f [u8],
    extension: String,
    /// What the receivers get as attrs: `rtm` and `custom`.
    attrs: String,
}

impl<'f> Upload<'f> {
    /// Checks pid, token, sizes, attrs and signature, in this order. A token that was looked at is used up.
    fn read(
        service: &mut Service,
        call: &Call<'f, '_>,
        target: Option<Target>,
    ) -> Result<Upload<'f>, Refusal> {
        let (pid, uid) = (call.int("pid")?, call.int("from")?);
        let (token, attrs, file) = (call.text("token")?, call.text("attrs")?, call.bytes("file")?);
        if pid != service.config.pid {
            let ex = format!("pid is {pid}, this gate serves {}", service.config.pid);
            return Err(refusal(rtm::INVALID_PROJECT_ID_OR_USER_ID, ex));
        }
        let ticket = service.files.take_ticket(uid, token, call.now);
        if ticket != Some(Ticket { uid, target }) {
            let ex = "token is unknown, used, expired, or was given for something else";
            return Err(refusal(rtm::INVALID_FILE_OR_SIGN_OR_TOKEN, ex));
        }
        let limits = &service.config.limits;
        at_most(rtm::LARGE_FILE_OR_ATTRS, "file", file.len(), limits.file_bytes)?;
        at_most(rtm::LARGE_FILE_OR_ATTRS, "attrs", attrs.len(), limits.attrs_bytes)?;
        let mut attrs: Value = serde_json::from_str(attrs).unwrap_or_default();
        let (Some(sign), Some(extension)) =
            (attrs.pointer("/rtm/sign").and_then(Value::as_str), attrs.pointer("/rtm/ext"))
        else {
            let ex = "attrs lack rtm.sign or rtm.ext";
            return Err(refusal(rtm::ATTRS_WITHOUT_SIGN_OR_EXT, ex));
        };
        if sign != signature(file, token) {
            let ex = "rtm.sign in attrs is not md5(md5(file):token)";
            return Err(refusal(rtm::INVALID_FILE_OR_SIGN_OR_TOKEN, ex));
        }
        let extension = extension.as_str().unwrap_or_default().to_owned();
        if let Some(attrs) = attrs.as_object_mut() {
            attrs.entry("custom").or_insert_with(|| Value::from(""));
        }
        Ok(Upload { uid, file, extension, attrs: attrs.to_string() })
    }
}
