//! Replies that are no success: by an engine, a proxy, or anything that listens there.
//!
//! Invariant: each is one known fault, and the same one every time.

use windlass_engine::docker::fuzz::{peer, reply_fault, stream_fault};

use crate::input::Input;

const CALLS: [&str; 6] = [
    "POST /containers/create",
    "POST /containers/abc/start",
    "DELETE /networks/n",
    "POST /build",
    "POST /images/create",
    "GET /_ping",
];
const STATUSES: [u16; 12] = [400, 401, 403, 404, 405, 409, 413, 500, 501, 502, 503, 999];
const TYPES: [&str; 3] = ["application/json", "text/plain; charset=utf-8", "text/html"];

pub fn replies(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let call = CALLS[input.choice(CALLS.len())];
    let status = STATUSES[input.choice(STATUSES.len())];
    let kind = TYPES[input.choice(TYPES.len())];
    let body = input.rest();
    let (fault, message) = reply_fault(call, status, kind, body);
    assert!(fault.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    assert!(message.len() <= 3 * body.len() + 100, "{} bytes", message.len());
    assert_eq!(reply_fault(call, status, kind, body), (fault, message));
    let text = String::from_utf8_lossy(body);
    assert_eq!(stream_fault(call, &text), stream_fault(call, &text));
    if let Some((api, version)) = peer(body) {
        assert!((1, 40) <= (api.major, api.minor) && version.len() <= body.len());
    }
}
