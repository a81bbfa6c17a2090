//! Endpoints: a container's attachments to networks.
//!
//! Invariant: what an engine adds to an endpoint by itself (the short id as alias, a generated MAC
//! address, leased addresses) is not part of it.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::endpoint::{Endpoint, Endpoints, NetworkMode};

use super::{some_list, text};
use crate::docker::document::container::{EndpointIpam, EndpointSettings};

pub(crate) fn to_settings(endpoint: &Endpoint) -> EndpointSettings {
    let Endpoint { aliases, ipv4, ipv6, link_local_ips, links, mac_address } = endpoint;
    let given = ipv4.is_some() || ipv6.is_some() || !link_local_ips.is_empty();
    let ipam_config = given.then(|| EndpointIpam {
        ipv4: ipv4.clone().into_inner(),
        ipv6: ipv6.clone().into_inner(),
        link_local_ips: some_list(link_local_ips),
    });
    EndpointSettings {
        ipam_config,
        links: some_list(links),
        aliases: some_list(aliases),
        mac_address: mac_address.clone().into_inner(),
        network_id: None,
        ip_address: None,
        global_ipv6_address: None,
    }
}

/// An endpoint; `asked` is what was asked for, where that is known.
fn observed(settings: EndpointSettings, id: &str, asked: Option<&Endpoint>) -> Endpoint {
    let EndpointSettings {
        ipam_config,
        links,
        aliases,
        mac_address,
        network_id: _,
        ip_address: _,
        global_ipv6_address: _,
    } = settings;
    let EndpointIpam { ipv4, ipv6, link_local_ips } = ipam_config.unwrap_or_default();
    let own = |alias: &String| alias.len() == 12 && id.starts_with(alias.as_str());
    Endpoint {
        aliases: aliases.into_iter().flatten().filter(|alias| !own(alias)).collect(),
        ipv4: text(ipv4).into(),
        ipv6: text(ipv6).into(),
        link_local_ips: link_local_ips.into_iter().flatten().collect(),
        links: links.into_iter().flatten().collect(),
        mac_address: mac_observed(text(mac_address), asked).into(),
    }
}

/// A container that does not run has no address to compare with what was asked for.
fn mac_observed(actual: Option<String>, asked: Option<&Endpoint>) -> Option<String> {
    let asked = asked?.mac_address.clone().into_inner()?;
    match actual {
        Some(actual) if !actual.eq_ignore_ascii_case(&asked) => Some(actual),
        Some(_) | None => Some(asked),
    }
}

/// The mode and the endpoints of a container.
pub(super) fn mode_observed(
    mode: Option<&str>,
    networks: BTreeMap<String, EndpointSettings>,
    id: &str,
    asked: Option<&Endpoints>,
) -> (NetworkMode, Endpoints) {
    match mode {
        Some("host") => return (NetworkMode::Host, Endpoints::new()),
        Some("none") => return (NetworkMode::None, Endpoints::new()),
        Some(other) => {
            if let Some(container) = other.strip_prefix("container:") {
                return (NetworkMode::Container(container.to_owned()), Endpoints::new());
            }
        }
        None => {}
    }
    let on_default = matches!(mode, None | Some("" | "default" | "bridge" | "podman"));
    // Whoever names the default network asks for an endpoint there, such as one with an address.
    let is_asked = |name: &String| asked.is_some_and(|asked| asked.contains_key(name));
    let is_usual = |name: &String| matches!(name.as_str(), "bridge" | "podman") && !is_asked(name);
    if on_default && networks.keys().all(is_usual) {
        return (NetworkMode::Bridge, Endpoints::new());
    }
    let endpoints = networks.into_iter().map(|(name, settings)| {
        let asked = asked.and_then(|asked| asked.get(&name));
        let endpoint = observed(settings, id, asked);
        (name, endpoint)
    });
    (NetworkMode::Networks, endpoints.collect())
}

/// `/other:/this/alias`, as engines write links, is `other:alias`.
pub(super) fn links_observed(links: Option<Vec<String>>) -> BTreeSet<String> {
    let links = links.into_iter().flatten().map(|link| match link.split_once(':') {
        Some((target, alias)) => {
            let alias = alias.rsplit('/').next().unwrap_or(alias);
            format!("{}:{alias}", target.trim_start_matches('/'))
        }
        None => link,
    });
    links.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let table: [(Option<&str>, &[&str], NetworkMode, usize); 9] = [
            (Some("default"), &["bridge"], NetworkMode::Bridge, 0),
            (Some("bridge"), &["bridge"], NetworkMode::Bridge, 0),
            (Some("bridge"), &[], NetworkMode::Bridge, 0),
            (None, &["podman"], NetworkMode::Bridge, 0),
            (Some("default"), &["bridge", "x"], NetworkMode::Networks, 2),
            (Some("x"), &["x", "y"], NetworkMode::Networks, 2),
            (Some("host"), &["host"], NetworkMode::Host, 0),
            (Some("none"), &["none"], NetworkMode::None, 0),
            (Some("container:abc"), &[], NetworkMode::Container("abc".into()), 0),
        ];
        for (mode, networks, wanted, count) in table {
            let networks =
                networks.iter().map(|name| ((*name).to_owned(), EndpointSettings::default()));
            let (found, endpoints) = mode_observed(mode, networks.collect(), "id", None);
            assert_eq!((found, endpoints.len()), (wanted, count), "{mode:?}");
        }
    }

    #[test]
    fn an_endpoint_of_the_default_network_is_one_if_it_was_asked_for() {
        let networks = || [("bridge".to_owned(), EndpointSettings::default())].into();
        let asked: Endpoints = [("bridge".to_owned(), Endpoint::default())].into();
        let (mode, endpoints) = mode_observed(Some("bridge"), networks(), "id", Some(&asked));
        assert_eq!((mode, endpoints), (NetworkMode::Networks, asked));
        let other: Endpoints = [("x".to_owned(), Endpoint::default())].into();
        let (mode, _) = mode_observed(Some("bridge"), networks(), "id", Some(&other));
        assert_eq!(mode, NetworkMode::Bridge);
    }

    #[test]
    fn what_engines_add_is_left_out() {
        let settings = || EndpointSettings {
            aliases: Some(vec!["web".into(), "0123456789ab".into()]),
            mac_address: Some("02:42:ac:11:00:02".into()),
            ..EndpointSettings::default()
        };
        let id = "0123456789abcdef";
        assert_eq!(
            observed(settings(), id, None),
            Endpoint { aliases: ["web".to_owned()].into(), ..Endpoint::default() }
        );
        let mac =
            |mac: &str| Endpoint { mac_address: Some(mac.into()).into(), ..Endpoint::default() };
        for (asked, found) in
            [("02:42:AC:11:00:02", "02:42:AC:11:00:02"), ("02:42:ac:11:00:99", "02:42:ac:11:00:02")]
        {
            let endpoint = observed(settings(), id, Some(&mac(asked)));
            assert_eq!(endpoint.mac_address.as_deref(), Some(found));
        }
    }

    #[test]
    fn links() {
        let found = links_observed(Some(vec!["/p.db:/p.web/db".into(), "odd".into()]));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["odd", "p.db:db"]);
    }
}
