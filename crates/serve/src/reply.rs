//! Replies, with the headers that all of them have.
//!
//! Invariant: no reply is kept by a cache, shown in a frame, or taken for another type than it has.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use crate::body::{self, Body};
use crate::problem::{Kind, Problem};

/// What the page may load: its own script and style, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

pub(crate) type Reply = Response<Body>;

fn reply(status: StatusCode, kind: &'static str, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

pub(crate) fn text(kind: &'static str, text: &'static str) -> Reply {
    reply(StatusCode::OK, kind, body::whole(text))
}

pub(crate) fn html(status: StatusCode, text: String) -> Reply {
    reply(status, "text/html; charset=utf-8", body::whole(text))
}

pub(crate) fn json(status: StatusCode, value: &Value) -> Reply {
    reply(status, "application/json", body::whole(format!("{value}\n")))
}

pub(crate) fn nothing() -> Reply {
    let mut reply = reply(StatusCode::NO_CONTENT, "application/json", body::whole(""));
    reply.headers_mut().remove(header::CONTENT_TYPE);
    reply
}

/// Piece by piece, each as soon as it is there.
pub(crate) fn stream(kind: &'static str, pieces: BoxStream<'static, Bytes>) -> Reply {
    reply(StatusCode::OK, kind, body::pieces(pieces))
}

/// To another page of this server, with a cookie.
pub(crate) fn see_other(to: &'static str, cookie: &str) -> Reply {
    let mut reply = reply(StatusCode::SEE_OTHER, "text/plain", body::whole(""));
    let headers: &mut HeaderMap = reply.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static(to));
    let cookie = HeaderValue::from_str(cookie);
    headers.insert(header::SET_COOKIE, cookie.expect("invariant: it is made of plain letters"));
    reply
}

pub(crate) fn problem(problem: &Problem) -> Reply {
    let mut reply = json(problem.kind.status(), &problem.json());
    let headers = reply.headers_mut();
    if problem.kind == Kind::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if matches!(problem.kind, Kind::TooLarge | Kind::HeadTooLarge | Kind::Timeout) {
        // What is left of the request is not read.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}
