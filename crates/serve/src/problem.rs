//! Problem: why a request was not answered with what it asked for.
//!
//! Invariant: every reply that is an error is one of these, as JSON, with what to do next where that is known.

use http::StatusCode;
use serde_json::{Value, json};

/// What kind of thing is wrong. Each is one status of HTTP and one word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was sent can't be read, or asks for what there is not.
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    /// The body did not come in time.
    Timeout,
    /// Something is in the way, which somebody has to decide.
    Conflict,
    TooLarge,
    /// The same of a request's head.
    HeadTooLarge,
    WrongMedia,
    /// The request is for another host.
    WrongHost,
    /// What was asked for was tried, and went wrong.
    Failed,
    /// No engine answers.
    EngineUnreachable,
    /// There are too many leases or connections, or the server is ending.
    Unavailable,
}

impl Kind {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::WrongMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Failed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::EngineUnreachable => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::TooLarge | Self::HeadTooLarge => "too_large",
            Self::WrongMedia => "wrong_media_type",
            Self::WrongHost => "wrong_host",
            Self::Failed => "failed",
            Self::EngineUnreachable => "engine_unreachable",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a request was not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    pub message: String,
    /// Lines that help to understand it, such as the end of a log.
    pub detail: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: Vec::new(), hint: None }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn with_detail(mut self, detail: Vec<String>) -> Self {
        self.detail = detail;
        self
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "error": {
                "code": self.kind.code(),
                "message": self.message,
                "detail": self.detail,
                "hint": self.hint,
            }
        })
    }
}
