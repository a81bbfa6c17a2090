//! Images of resources: the base image, what its file system shall have, and what containers get of it.
//!
//! Invariant: what needs resources or a base of its own is refused beside another source, where nothing would take it.

use windlass_bundle::{Bundle, Mode};
use windlass_model::port::ExposedPort;
use windlass_model::provision::ImageDefaults;

use super::container::{command, container_path, health, plain_env, user};
use super::image::Draft;
use super::put;
use super::resource::{self, Resources};
use crate::diagnostic::Diagnostic;
use crate::document::{Image, Source};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{port_range, signal};
use crate::source::Span;

/// What is read of an image of resources.
#[derive(Default)]
pub(super) struct Provisioned {
    from: Option<Spanned<String>>,
    resources: Resources,
    defaults: ImageDefaults,
    /// Keys that only such an image has.
    keys: Vec<(&'static str, Span)>,
    is_source: bool,
}

/// What only builders are told.
const OF_BUILDERS: [&str; 10] = [
    "args",
    "builder",
    "cache_from",
    "cache_to",
    "changes",
    "context",
    "shm_size",
    "squash",
    "ssh",
    "target",
];

/// A key of what containers get.
macro_rules! own {
    ($name:literal, $read:expr) => {
        Field {
            name: $name,
            read: |draft: &mut Draft, reader, item| {
                let read: fn(&mut ImageDefaults, &Reader, &Item) = $read;
                draft.provisioned.keys.push(($name, item.key_span()));
                read(&mut draft.provisioned.defaults, reader, item);
            },
        }
    };
}

pub(super) const FIELDS: &[Field<Draft>] = &[
    Field {
        name: "from",
        read: |d, r, i| {
            source(d, "from", i);
            put(&mut d.provisioned.from, r.spanned(i));
        },
    },
    Field {
        name: "resources",
        read: |d, r, i| {
            source(d, "resources", i);
            d.provisioned.resources = resource::read_for(r, i, Mode::Image);
        },
    },
    own!("env", |d, r, i| d.env.extend(plain_env(r, i))),
    own!("user", |d, r, i| put(&mut d.user, user(r, i))),
    own!("workdir", |d, r, i| put(&mut d.workdir, container_path(r, i))),
    own!("command", |d, r, i| put(&mut d.command, command(r, i))),
    own!("entrypoint", |d, r, i| put(&mut d.entrypoint, command(r, i))),
    own!("ports", |d, r, i| d.exposed.extend(ports(r, i))),
    own!("volumes", |d, r, i| {
        d.volumes.extend(r.list_or_one(i).iter().filter_map(|one| container_path(r, one)));
    }),
    own!("healthcheck", |d, r, i| d.healthcheck = health(r, i, d.healthcheck.take())),
    own!("stop_signal", |d, r, i| put(&mut d.stop_signal, r.parse(i, signal))),
    own!("maintainer", |d, r, i| put(&mut d.maintainer, r.string(i))),
];

/// The first of the two keys makes it such an image.
fn source(draft: &mut Draft, name: &'static str, item: &Item) {
    if !draft.provisioned.is_source {
        draft.provisioned.is_source = true;
        let (from, defaults) = (None, Box::default());
        draft.add(Source::Provision { from, bundle: Bundle::default(), defaults }, name, item);
    }
}

fn ports(reader: &Reader, item: &Item) -> Vec<ExposedPort> {
    let all = reader.list_or_one(item);
    let read = |text: &str| {
        port_range(text).map_err(|error| {
            let help = "write the container's own port, \"80\", \"53/udp\" or \"8000-8010\": containers publish it";
            error.help(help)
        })
    };
    let ranges = all.iter().filter_map(|one| reader.parse(one, read));
    let ports = ranges.flat_map(|range| {
        let protocol = range.protocol;
        range.ports().map(move |target| ExposedPort { target, protocol })
    });
    ports.collect()
}

impl Provisioned {
    /// Puts what was read into an image, and says what does not fit it.
    pub(super) fn finish(self, reader: &Reader, item: &Item, image: &mut Image) {
        let Self { from, resources, defaults, keys, is_source } = self;
        let path = format!("images.{}", image.key);
        if !matches!(image.source, Some(Source::Provision { .. })) {
            // A second source was reported.
            for (name, span) in keys.iter().filter(|_| !is_source) {
                let message = format!("`{name}` is for an image of `from` and `resources`");
                let found = Diagnostic::error("bad-value", message).at(*span, "");
                let help = if image.source.is_some() {
                    "say it in the Dockerfile, under `commands` or with the container"
                } else {
                    "add `from: debian:12`"
                };
                reader.report(found.in_path(format!("{path}.{name}")).help(help));
            }
            return;
        }
        if item.get("from").is_none() {
            let found = Diagnostic::error("missing-key", "it has no `from`").at(image.span, "");
            let help = "add `from: debian:12`, or `from: scratch` for an image of nothing but these resources";
            reader.report(found.in_path(path.clone()).help(help));
        }
        for key in OF_BUILDERS {
            if let Some(key_item) = item.get(key) {
                let message = format!("`{key}` is for an image that a builder makes");
                let found = Diagnostic::error("bad-value", message).at(key_item.key_span(), "");
                let help = "remove it: resources are put together without a builder";
                reader.report(found.in_path(format!("{path}.{key}")).help(help));
            }
        }
        resources.check_sources().for_each(|found| reader.report(found));
        let Resources { bundle, places } = resources;
        image.places.resources = places;
        let from = from.filter(|from| from.value != "scratch");
        image.source = Some(Source::Provision { from, bundle, defaults: Box::new(defaults) });
    }
}
