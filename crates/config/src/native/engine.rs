//! `engines.<name>`: where an engine is, and what is particular about it.
//!
//! Invariant: an engine has a URL or a context, never both; with neither, the caller's environment decides.

use std::collections::BTreeMap;
use std::net::IpAddr;

use windlass_model::engine::{EngineSpec, TlsSpec};
use windlass_model::engine_url::{EngineUrl, UrlFault};

use super::registry::registries;
use super::{put, set};
use crate::document::Engine;
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{ScalarError, duration_s};

/// An engine being read.
#[derive(Default)]
struct Draft {
    spec: EngineSpec,
    secrets: Vec<Spanned<String>>,
}

pub(super) fn engine(reader: &Reader, item: &Item) -> Option<Engine> {
    let item = reader.resolve(item)?;
    let mut draft = Draft::default();
    if !item.node.is_null() && item.node.as_scalar().is_some() {
        draft.spec.url = Some(place(reader, &item)?);
    } else if !reader.fields(&item, &mut draft, &[FIELDS]) {
        return None;
    }
    let Draft { spec, secrets } = draft;
    if spec.url.is_some() && spec.context.is_some() {
        let found =
            reader.error(&item, "engine-place", "an engine has a `url` or a `context`, not both");
        reader.report(found.at(item.key_span(), "").help("remove one of them"));
    }
    Some(Engine { span: item.key_span(), secrets, spec })
}

const FIELDS: &[Field<Draft>] = &[
    Field { name: "url", read: |e, r, i| put(&mut e.spec.url, place(r, i)) },
    Field { name: "context", read: |e, r, i| put(&mut e.spec.context, r.string(i)) },
    Field { name: "tls", read: |e, r, i| put(&mut e.spec.tls, tls(r, i)) },
    Field { name: "interfaces", read: |e, r, i| e.spec.interfaces = interfaces(r, i, false) },
    Field {
        name: "interfaces_ipv6",
        read: |e, r, i| e.spec.interfaces_ipv6 = interfaces(r, i, true),
    },
    Field {
        name: "stop_timeout",
        read: |e, r, i| put(&mut e.spec.stop_timeout_s, r.parse(i, duration_s)),
    },
    Field { name: "domain", read: |e, r, i| put(&mut e.spec.domain, r.string(i)) },
    Field { name: "swarm", read: swarm },
    Field {
        name: "registries",
        read: |e, r, i| e.spec.registries = registries(r, i, &mut e.secrets),
    },
    Field { name: "parallel", read: |e, r, i| put(&mut e.spec.parallel, parallel(r, i)) },
];

/// Only `false`, which is what every engine is here.
fn swarm(_: &mut Draft, reader: &Reader, item: &Item) {
    if reader.bool(item) == Some(true) {
        super::unsupported(reader, item, "name the engines of the swarm one by one");
    }
}

fn parallel(reader: &Reader, item: &Item) -> Option<usize> {
    let count: usize = reader.integer(item, "a number from 1")?;
    if count == 0 {
        reader.expected(item, "a number from 1", None);
        return None;
    }
    Some(count)
}

/// A URL that is wrong may hold a password where none is expected: it is not shown.
fn place(reader: &Reader, item: &Item) -> Option<String> {
    let item = reader.resolve(item)?;
    let text = reader.string(&item)?;
    match url(&text) {
        Ok(url) => Some(url),
        Err(error) => {
            let found = reader.scalar_error(&item, error);
            if may_hold_secret(&text) {
                reader.hide(item.span());
            }
            reader.report(found);
            None
        }
    }
}

fn may_hold_secret(text: &str) -> bool {
    text.contains(['@', '?', '#'])
}

fn url(text: &str) -> Result<String, ScalarError> {
    let Err(fault) = EngineUrl::parse(text) else { return Ok(text.to_owned()) };
    let message = if fault == UrlFault::Password || may_hold_secret(text) {
        // It is not repeated.
        format!("this is no engine's URL: {fault}")
    } else {
        format!("\"{}\" is no engine's URL: {fault}", crate::yaml::shorten(text))
    };
    Err(ScalarError::new(message)
        .help("write unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host"))
}

fn tls(reader: &Reader, item: &Item) -> Option<TlsSpec> {
    let mut tls = TlsSpec { verify: true, ..TlsSpec::default() };
    reader.fields(item, &mut tls, &[TLS]).then_some(tls)
}

const TLS: &[Field<TlsSpec>] = &[
    Field { name: "ca", read: |t, r, i| put(&mut t.ca, r.path(i)) },
    Field { name: "cert", read: |t, r, i| put(&mut t.cert, r.path(i)) },
    Field { name: "key", read: |t, r, i| put(&mut t.key, r.path(i)) },
    Field { name: "verify", read: |t, r, i| set(&mut t.verify, r.bool(i)) },
];

fn interfaces(reader: &Reader, item: &Item, v6: bool) -> BTreeMap<String, IpAddr> {
    let mut all = BTreeMap::new();
    for (alias, value) in reader.entries(item, "a mapping of aliases to addresses") {
        let Some(text) = reader.string(&value) else { continue };
        match text.parse::<IpAddr>() {
            Ok(address) if address.is_ipv6() == v6 => {
                all.insert(alias.text.to_string(), address);
            }
            _ => {
                let what = if v6 { "an IPv6 address" } else { "an IPv4 address" };
                reader.expected(&value, what, None);
            }
        }
    }
    all
}
