//! What the container of a lease is like.
//!
//! Invariant: it takes no port of the engine's host that somebody named: the engine chooses free ones.

use std::collections::BTreeSet;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::image::{ImageUse, PullPolicy};
use windlass::model::port::{Protocol, PublishedPort};
use windlass::model::wait::{WaitCondition, WaitSpec};
use windlass_serve::{What, Wish};

use crate::invocation::Invocation;
use crate::one_off;
use crate::runnable::Runnable;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

/// How long ports that are waited for may take where nothing is said.
const PORTS_WITHIN_MS: u64 = 60_000;
const INTERVAL_MS: u64 = 250;

pub(super) fn like(
    invocation: &Invocation,
    session: &Session,
    wish: &Wish,
) -> Result<ContainerSpec> {
    let mut spec = match &wish.what {
        What::Container(name) => one_off::one(session, name)?.clone(),
        What::Image(word) => of_image(invocation, session, word)?,
    };
    let mut config = ContainerConfig::clone(&spec.config);
    config.published = published(&config, wish).into();
    config.publish_all = false;
    spec.config = config.into();
    if !wish.wait_for_ports.is_empty() {
        let known = spec.wait.as_ref().cloned();
        let mut wait = known.unwrap_or_else(|| WaitSpec {
            conditions: Vec::new(),
            timeout_ms: PORTS_WITHIN_MS,
            interval_ms: INTERVAL_MS,
        });
        wait.conditions.extend(wish.wait_for_ports.iter().copied().map(WaitCondition::PortOpen));
        spec.wait = Some(wait).into();
    }
    Ok(spec)
}

fn published(config: &ContainerConfig, wish: &Wish) -> BTreeSet<PublishedPort> {
    let wished = wish
        .ports
        .iter()
        .filter_map(|(target, protocol)| Some((*target, Protocol::parse(protocol)?)));
    let own = config.published.iter().map(|port| (port.target, port.protocol));
    let free = |(target, protocol)| PublishedPort {
        target,
        protocol,
        host_ip: Some(wish.publish_on),
        published: None,
    };
    own.chain(wished).map(free).collect()
}

fn of_image(invocation: &Invocation, session: &Session, word: &str) -> Result<ContainerSpec> {
    let found = Runnable::find(invocation, session, word, &["image"])?;
    let Runnable::Image(image) = found else {
        return Err(Trouble::usage(format!("{word} is no image"), "name one of the file"));
    };
    let name = match &image {
        ImageUse::Project(key) => key.as_str(),
        ImageUse::External(_) => "image",
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let name: String =
        name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let (project, engine) = (&session.project, session.project.default_engine());
    let (config, image) = (ContainerConfig::default(), (image, PullPolicy::Missing));
    let mut spec = one_off::bare(project, &engine, &name, image, config);
    // No key of the file has a colon: it is beside a container that is called as the image is.
    spec.key = format!("serve:{name}").into();
    spec.address.name = spec.key.clone();
    Ok(spec)
}
