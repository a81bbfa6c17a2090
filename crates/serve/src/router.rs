//! Router: from a request to its reply.
//!
//! Invariant: a request that is not for this server, or does not show what its route needs, is not looked at any further.

use http::header::{self, HeaderValue};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use std::sync::Arc;

use crate::access::Access;
use crate::api::{begin, logs, look};
use crate::body;
use crate::keeper::Keeper;
use crate::leases::{self, Leases};
use crate::openapi;
use crate::page;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Reply};
use crate::route::{self, Does, Found, Route};
use crate::states::States;

/// The most bytes that the head of a request may have.
const HEAD_BYTES: usize = 32 * 1024;

/// The most headers that it may have.
const HEADERS: usize = 64;

/// All that replies are made from.
pub(crate) struct App {
    pub access: Arc<Access>,
    pub keeper: Arc<dyn Keeper>,
    pub leases: Arc<Leases>,
    pub states: Arc<States>,
}

pub(crate) async fn answer(app: &App, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let method = request.method().as_str().to_owned();
    let checked = check_size(&request).and_then(|()| check_place(app, &request));
    if let Err(problem) = checked {
        return reply::problem(&problem);
    }
    let (route, id) = match route::find(&method, &path) {
        Found::Route(route, id) => (route, id),
        Found::OtherMethods(methods) => {
            let methods = methods.join(", ");
            let problem = Problem::new(Kind::MethodNotAllowed, "this can't be done with it")
                .with_hint(format!("there is {methods}"));
            let mut reply = reply::problem(&problem);
            reply.headers_mut().extend(
                HeaderValue::from_str(&methods).ok().map(|methods| (header::ALLOW, methods)),
            );
            return reply;
        }
        Found::Nothing => {
            let problem = Problem::new(Kind::NotFound, "there is nothing here");
            return reply::problem(&problem.with_hint("GET /openapi.json says what there is"));
        }
    };
    match app.access.check(request.headers(), route.needs) {
        Err(_) if route.does == Does::Page => {
            let text = page::closed("This browser has not been let in.");
            reply::html(StatusCode::UNAUTHORIZED, text)
        }
        Err(problem) => reply::problem(&problem),
        Ok(()) => respond(app, route, id, request)
            .await
            .unwrap_or_else(|problem| reply::problem(&problem)),
    }
}

/// Whether the head of a request is as small as all that can be asked for.
fn check_size(request: &Request<Incoming>) -> Result<(), Problem> {
    let headers = request.headers();
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let message = if headers.len() > HEADERS {
        format!("the request has more than {HEADERS} headers")
    } else if fields.sum::<usize>() + target > HEAD_BYTES {
        format!("the request's head has more than {HEAD_BYTES} bytes")
    } else {
        return Ok(());
    };
    Err(Problem::new(Kind::HeadTooLarge, message).with_hint("send what is asked for and no more"))
}

fn check_place(app: &App, request: &Request<Incoming>) -> Result<(), Problem> {
    // As a proxy is asked.
    if request.uri().authority().is_some() {
        return Err(Problem::new(Kind::WrongHost, "this is no proxy"));
    }
    app.access.check_place(request.headers())
}

async fn respond(
    app: &App,
    route: &Route,
    id: &str,
    request: Request<Incoming>,
) -> Result<Reply, Problem> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let ok = |value| Ok(reply::json(StatusCode::OK, &value));
    match route.does {
        Does::Page => Ok(reply::text("text/html; charset=utf-8", page::HTML)),
        Does::Style => Ok(reply::text("text/css; charset=utf-8", page::STYLE)),
        Does::Script => Ok(reply::text("text/javascript; charset=utf-8", page::SCRIPT)),
        Does::Icon => Ok(reply::text("image/svg+xml", page::ICON)),
        Does::OpenPage => Ok(open(app, &query)),
        Does::OpenApi => ok(openapi::description().clone()),
        Does::Health => ok(json!({"status": "serving", "version": env!("CARGO_PKG_VERSION")})),
        Does::PageLink => Ok(reply::json(StatusCode::CREATED, &json!({"url": app.access.link()}))),
        Does::State => ok(app.states.now().await?),
        Does::Events => Ok(look::events(&app.states)),
        Does::ContainerLogs => logs::logs(app.keeper.as_ref(), id, &query).await,
        Does::Leases => ok(json!({"leases": app.leases.all()})),
        Does::Lease => ok(json!(app.leases.get(id).ok_or_else(|| leases::unknown(id))?)),
        Does::LeaseLogs => {
            let lease = app.leases.get(id).ok_or_else(|| leases::unknown(id))?;
            let served = lease.served.ok_or_else(|| {
                Problem::new(Kind::Conflict, "the lease is not ready").with_hint("ask again later")
            })?;
            logs::logs(app.keeper.as_ref(), &served.container, &query).await
        }
        Does::EndLease => {
            app.leases.end(id).await?;
            Ok(reply::nothing())
        }
        Does::BeginLease => {
            let (parts, body) = request.into_parts();
            begin::begin(&app.leases, &parts.headers, &body::read(body).await?).await
        }
        Does::RenewLease => {
            let (parts, body) = request.into_parts();
            begin::renew(&app.leases, &parts.headers, &body::read(body).await?, id)
        }
    }
}

/// Lets a browser in that comes with a key.
fn open(app: &App, query: &str) -> Reply {
    let key = query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let Some(cookie) = key.and_then(|key| app.access.open(key)) else {
        let text = page::closed("This link has been used, or is no link of this server.");
        return reply::html(StatusCode::FORBIDDEN, text);
    };
    reply::see_other("/", &cookie)
}
