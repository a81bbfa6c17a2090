//! What podman says of a container of ours, set right.
//!
//! Podman reports what it made of a request (expanded capabilities, options of mounts, limits of its
//! own, variables that it adds), not the request. As nothing of a container but its endpoints can be
//! changed after its creation, what was asked for then is what it has.
//!
//! Invariant: what can change, and what the image gives, is taken from what podman says.

use std::borrow::Cow;

use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::{Endpoint, Endpoints};
use windlass_model::env::Env;
use windlass_model::healthcheck::HealthTest;
use windlass_model::label::Owner;
use windlass_model::mount::Mount;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::{ImageConfig, ObservedNetwork};
use windlass_model::plan::CreateContainer;

/// `image` is what the container's image gives, where the image is still there.
pub(crate) fn as_asked(
    seen: ContainerConfig,
    asked: &ContainerConfig,
    image: Option<&ImageConfig>,
) -> ContainerConfig {
    let none = ImageConfig::default();
    let image = image.unwrap_or(&none);
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let is_list = |list: &Vec<String>| !list.is_empty();
    let mut config = asked.clone();
    config.command = seen.command.filter(is_list).or_else(|| asked.command.clone());
    config.entrypoint = seen
        .entrypoint
        .into_inner()
        .filter(is_list)
        .or_else(|| asked.entrypoint.clone().into_inner())
        .into();
    config.env = env(seen.env, asked, image);
    config.labels = seen.labels;
    config.user = asked.user.clone().into_inner().or_else(|| given(&image.user)).into();
    config.workdir = asked.workdir.clone().into_inner().or_else(|| given(&image.workdir)).into();
    config.stop_signal = asked.stop_signal.clone().or_else(|| image.stop_signal.clone());
    if asked.healthcheck.is_none() {
        config.healthcheck = image.healthcheck.clone().into();
    }
    config.exposed.extend(image.exposed.iter().copied());
    let published = &asked.published;
    config.exposed.retain(|exposed| !published.iter().any(|port| port.exposed() == *exposed));
    for target in &image.volumes {
        if !config.tmpfs.contains_key(target) {
            config.mounts.entry(target.clone()).or_insert_with(Mount::anonymous);
        }
    }
    config.network_mode = seen.network_mode;
    config.endpoints = endpoints(seen.endpoints, asked);
    config
}

/// Any container may be attached to a network of podman's by hand, and podman says so of none; options
/// that it does not know it leaves out. Neither can change after creation.
pub(crate) fn network_as_asked(mut seen: ObservedNetwork) -> ObservedNetwork {
    let asked: Option<NetworkConfig> = seen.owner.as_ref().and_then(Owner::spec);
    if let Some(asked) = asked {
        seen.config.attachable = asked.attachable;
        seen.config.driver_options = asked.driver_options;
    }
    seen
}

/// What podman understands as what was asked for. It joins the words of a health check's command and
/// takes it apart at spaces, so that one with spaces in its words has to come as a line of the shell.
pub(crate) fn as_understood(create: &CreateContainer) -> Cow<'_, CreateContainer> {
    let test = create.config.healthcheck.as_ref().map(|check| &check.test);
    let Some(HealthTest::Exec(argv)) = test else { return Cow::Borrowed(create) };
    if argv.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)) {
        return Cow::Borrowed(create);
    }
    let line = match argv.as_slice() {
        [shell, flag, line] if shell == "sh" && flag == "-c" => line.clone(),
        argv => argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    };
    let mut config = ContainerConfig::clone(&create.config);
    if let Some(check) = &mut *config.healthcheck {
        check.test = HealthTest::Shell(line);
    }
    Cow::Owned(CreateContainer { config: config.into(), ..create.clone() })
}

/// A word of a shell's line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Podman adds some of its own, such as `container` and `TERM`.
fn env(mut seen: Env, asked: &ContainerConfig, image: &ImageConfig) -> Env {
    seen.retain(|name, _| asked.env.contains_key(name) || image.env.contains_key(name));
    seen
}

fn endpoints(mut seen: Endpoints, asked: &ContainerConfig) -> Endpoints {
    // Its default network has a name of its own.
    if asked.endpoints.contains_key("bridge")
        && let Some(endpoint) = seen.remove("podman")
    {
        seen.insert("bridge".to_owned(), endpoint);
    }
    for (network, endpoint) in &mut seen {
        if let Some(asked) = asked.endpoints.get(network) {
            // Aliases are changed in place; the rest it says of no endpoint as it was asked for.
            let aliases = std::mem::take(&mut endpoint.aliases);
            *endpoint = Endpoint { aliases, ..asked.clone() };
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use windlass_model::endpoint::NetworkMode;
    use windlass_model::env::EnvValue;
    use windlass_model::healthcheck::Healthcheck;
    use windlass_model::limits::Limits;

    use super::*;

    #[test]
    fn only_what_can_change_is_taken_from_podman() {
        let env = |names: &[&str]| -> Env {
            names.iter().map(|name| ((*name).to_owned(), EnvValue::from("x"))).collect()
        };
        let fixed = Endpoint { ipv4: Some("10.0.0.5".into()).into(), ..Endpoint::default() };
        let asked = ContainerConfig {
            env: env(&["A"]),
            network_mode: NetworkMode::Networks,
            endpoints: Endpoints::from([("n".into(), fixed.clone()), ("m".into(), fixed.clone())]),
            ..ContainerConfig::default()
        };
        let seen = ContainerConfig {
            entrypoint: Some(Vec::new()).into(),
            env: env(&["A", "PATH", "TERM", "container"]),
            pid: Some("private".into()).into(),
            limits: Limits { pids: Some(2048), ..Limits::default() }.into(),
            endpoints: Endpoints::from([
                ("n".into(), Endpoint::default()),
                ("o".into(), Endpoint::default()),
            ]),
            ..asked.clone()
        };
        let image = ImageConfig {
            env: BTreeMap::from([("PATH".into(), "x".into())]),
            ..ImageConfig::default()
        };
        let found = as_asked(seen, &asked, Some(&image));
        assert_eq!(found.env, env(&["A", "PATH"]));
        let endpoints = [("n".to_owned(), fixed), ("o".to_owned(), Endpoint::default())];
        assert_eq!(found.endpoints, Endpoints::from(endpoints));
        assert_eq!(
            (found.entrypoint.is_none(), found.pid.is_none(), found.limits.pids),
            (true, true, None)
        );
    }

    #[test]
    fn a_check_reaches_podman_as_it_was_asked_for() {
        let sh = |line: &str| HealthTest::Exec(vec!["sh".into(), "-c".into(), line.into()]);
        let exec = |argv: &[&str]| HealthTest::Exec(argv.iter().map(|w| (*w).to_owned()).collect());
        let shell = |line: &str| HealthTest::Shell(line.to_owned());
        for (asked, understood) in [
            (exec(&["/app", "--check"]), exec(&["/app", "--check"])),
            (sh("true"), sh("true")),
            (sh("echo no; exit 1"), shell("echo no; exit 1")),
            (exec(&["test", "a b", "=", ""]), shell("'test' 'a b' '=' ''")),
            (exec(&["echo", "it's one"]), shell(r"'echo' 'it'\''s one'")),
            (shell("exit 1"), shell("exit 1")),
            (HealthTest::Disabled, HealthTest::Disabled),
        ] {
            let healthcheck = Some(Healthcheck::of(asked.clone()));
            let create = CreateContainer {
                name: "web".into(),
                image: "app".into(),
                config: ContainerConfig {
                    healthcheck: healthcheck.into(),
                    ..ContainerConfig::default()
                }
                .into(),
                labels: BTreeMap::new().into(),
            };
            let sent = as_understood(&create);
            let test = sent.config.healthcheck.as_ref().map(|check| check.test.clone());
            assert_eq!(test, Some(understood), "{asked:?}");
        }
    }
}
