//! The long form as a file that declares the same project: a secret is the template that it came from.
//!
//! Invariant: no secret's value is in it; a template stands only where one stood in the files.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use windlass::model::address::{Address, Kind};
use windlass::model::command::{BuildCommand, CopySource};
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::endpoint::NetworkMode;
use windlass::model::env::EnvValue;
use windlass::model::image::{ImageSource, ImageSpec, ImageUse};
use windlass::model::project::Project;

/// A project as a file.
pub(crate) struct Written {
    pub(crate) file: Value,
    /// Paths of values that can't be written without showing them.
    pub(crate) withheld: BTreeSet<String>,
}

/// `vars`: what the templates of secrets ask for. `shared_ports`: two containers may publish one port.
pub(crate) fn written(
    project: &Project,
    vars: &BTreeMap<String, Value>,
    shared_ports: bool,
) -> Written {
    let Value::Object(long) = literal(super::project(project)) else {
        return Written { file: Value::Null, withheld: BTreeSet::new() };
    };
    let mut file = Map::new();
    for (section, value) in long {
        file.insert(section.clone(), value);
        if section == "name" {
            let settings = [
                ("vars", (!vars.is_empty()).then(|| json!(vars))),
                ("set_hostname", project.containers.values().any(is_unnamed).then(|| json!(false))),
                ("shared_ports", shared_ports.then(|| json!(true))),
            ];
            let settings = settings.into_iter();
            file.extend(settings.filter_map(|(key, value)| Some((key.to_owned(), value?))));
        }
    }
    let mut written = Written { file: Value::Object(file), withheld: BTreeSet::new() };
    for spec in project.containers.values() {
        written.secrets("containers", &spec.address.name, &spec.config);
        written.needs("containers", &spec.address.name, &of_container(spec, project));
    }
    for task in project.tasks.values() {
        written.secrets("tasks", &task.name, &task.config);
        if task.takes_args {
            written.args(&task.name);
        }
    }
    for image in project.images.values() {
        written.needs("images", &image.key, &of_image(image));
    }
    written
}

/// Stands for the words of the command line in a project that is read to be written: no shell would quote it.
pub(crate) const PLACE: &str = "windlass-args-go-here";

impl Written {
    fn secrets(&mut self, section: &str, name: &str, config: &ContainerConfig) {
        for (variable, value) in &config.env {
            let template = match value {
                EnvValue::Plain(_) => continue,
                EnvValue::Sensitive(value) => value.template(),
                EnvValue::Withheld => None,
            };
            match template {
                Some(template) => self.file[section][name]["env"][variable] = json!(template),
                None => {
                    self.withheld.insert(format!("{section}.{name}.env.{variable}"));
                }
            }
        }
    }

    /// Where the words of the command line go: at the end, if the project was not read with [`PLACE`] for them.
    fn args(&mut self, name: &str) {
        const ARGS: &str = "{{ args }}";
        let task = &mut self.file["tasks"][name];
        let bash = task["bash"].as_str().filter(|line| line.contains(PLACE)).map(str::to_owned);
        let has_place =
            |all: &Value| all.as_array().is_some_and(|all| all.iter().any(|one| *one == PLACE));
        if let Some(line) = bash {
            task["bash"] = json!(line.replace(PLACE, ARGS));
        } else if has_place(&task["command"]) {
            let words = task["command"].as_array_mut().into_iter().flatten();
            words.filter(|one| **one == PLACE).for_each(|one| *one = json!(ARGS));
        } else if let Some(line) = task["bash"].as_str() {
            task["bash"] = json!(format!("{} {ARGS}", line.trim_end()));
        } else if let Some(words) = task["command"].as_array_mut() {
            words.push(json!(ARGS));
        } else {
            task["command"] = json!([ARGS]);
        }
    }

    fn needs(&mut self, section: &str, name: &str, needs: &[String]) {
        if !needs.is_empty() {
            self.file[section][name]["needs"] = json!(needs);
        }
    }
}

/// Whether a container could have a hostname and has none.
fn is_unnamed(spec: &ContainerSpec) -> bool {
    let ContainerConfig { hostname, uts, network_mode, .. } = &*spec.config;
    let has_own = match network_mode {
        NetworkMode::Bridge | NetworkMode::Networks | NetworkMode::None => true,
        NetworkMode::Host | NetworkMode::Container(_) => false,
    };
    hostname.is_none() && has_own && uts.as_deref() != Some("host")
}

/// What a container names and does not use.
fn of_container(spec: &ContainerSpec, project: &Project) -> Vec<String> {
    let is_used = |address: &&Address| match address.kind {
        Kind::Image => spec.image == ImageUse::Project(address.name.to_string()),
        Kind::Volume => {
            // One that nothing mounts is only a path, and nothing to wait for.
            project
                .volumes
                .get(address.name.as_str())
                .is_none_or(|volume| spec.config.volume_names().any(|name| name == volume.name))
        }
        Kind::Network => {
            let network = project.networks.get(address.name.as_str());
            let is_on = |name: &str| spec.config.endpoints.contains_key(name);
            spec.config.network_mode == NetworkMode::Networks
                && network.is_some_and(|network| is_on(&network.name))
        }
        Kind::Container => true,
    };
    let named = spec.needs.iter().filter(|address| !is_used(address));
    let scope = |kind| match kind {
        Kind::Image => "images",
        Kind::Volume => "volumes",
        Kind::Network => "networks",
        Kind::Container => "containers",
    };
    named.map(|address| template(scope(address.kind), &address.name)).collect()
}

/// Images that an image names and is not made from.
fn of_image(image: &ImageSpec) -> Vec<String> {
    let mut used = BTreeSet::new();
    if let ImageSource::Commands { commands, .. } = &image.source {
        for placed in commands {
            match &placed.command {
                BuildCommand::From { image: ImageUse::Project(key), .. }
                | BuildCommand::AddImagePath { image: ImageUse::Project(key), .. }
                | BuildCommand::CopyFrom {
                    from: CopySource::Image(ImageUse::Project(key)), ..
                } => {
                    used.insert(key);
                }
                BuildCommand::From { .. }
                | BuildCommand::AddImagePath { .. }
                | BuildCommand::CopyFrom { .. }
                | BuildCommand::Instruction { .. }
                | BuildCommand::AddContent { .. }
                | BuildCommand::AddContext { .. }
                | BuildCommand::AddPaths { .. } => {}
            }
        }
    }
    image
        .depends_on
        .iter()
        .filter(|key| !used.contains(key))
        .map(|key| template("images", key))
        .collect()
}

fn template(scope: &str, name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_word {
        format!("{{{{ {scope}.{name} }}}}")
    } else {
        format!("{{{{ {scope}[\"{name}\"] }}}}")
    }
}

/// Text that looks like a template, written so that it stays text when the file is read again.
fn literal(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains("{{") || text.contains("{%") => {
            Value::String(text.replace("{{", "{{ '{{' }}").replace("{%", "{{ '{%' }}"))
        }
        Value::Array(items) => items.into_iter().map(literal).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, literal(value))).collect(),
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::shares_ports;
    use crate::render::yaml;
    use windlass::model::dependency::Reason;
    use windlass::{Dialect, LoadOptions, Loaded};

    const SECRET: &str = "hunter2/%";

    /// Loads a text as if it were `windlass.yaml` in a directory.
    fn load(text: &str) -> Loaded {
        load_as(text, Dialect::Windlass)
    }

    fn load_as(text: &str, dialect: Dialect) -> Loaded {
        let env = [("PW", SECRET), ("TIER", "gold"), ("SHOP_DB_PASSWORD", SECRET)];
        windlass::load(&LoadOptions {
            files: vec!["-".into()],
            dialect,
            stdin: Some(text.into()),
            cwd: "/srv/shop".into(),
            env: env.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            // What can't be read is empty both times.
            secrets_optional: true,
            ..LoadOptions::default()
        })
    }

    /// What makes a difference to plans: not by which name an instance can be called, nor why something comes first.
    fn plain(mut project: Project) -> Project {
        let copy = project.clone();
        for spec in project.containers.values_mut() {
            spec.key = spec.address.name.clone();
            spec.instance = None.into();
            for (_, value) in &mut spec.config.env {
                // With a secret beside it in one template, more is withheld than must be.
                if let Some(text) = value.reveal().filter(|text| !text.contains("hunter2")) {
                    *value = text.into();
                }
            }
            if let Some(wait) = &mut *spec.wait {
                wait.conditions.sort_by_key(|condition| format!("{condition:?}"));
            }
            let only_named = of_container(spec, &copy);
            spec.needs.retain(|need| only_named.contains(&of_kind(need)));
            for dependency in &mut spec.depends_on {
                dependency.reason = Reason::DependsOn;
            }
        }
        for image in project.images.values_mut() {
            let only_named = of_image(image);
            image.depends_on.retain(|key| only_named.contains(&template("images", key)));
            if let ImageSource::Commands { commands, .. } = &mut image.source {
                for placed in commands {
                    placed.place.clear();
                }
            }
        }
        project.groups.clear();
        project
    }

    fn of_kind(address: &Address) -> String {
        template(&format!("{}s", address.kind.as_str()), &address.name)
    }

    #[track_caller]
    fn printed(text: &str) -> String {
        printed_again(text, load(text))
    }

    #[track_caller]
    fn printed_again(text: &str, first: Loaded) -> String {
        let errors = first.diagnostics.to_json(&first.sources);
        let project = first.project.unwrap_or_else(|| panic!("{errors}\n{text}"));
        let Written { file, withheld } =
            written(&project, &first.vars, shares_ports(&first.diagnostics));
        assert!(withheld.is_empty(), "{withheld:?}\n{text}");
        let printed = yaml::emit(&file);
        assert!(!printed.contains("hunter2"), "{printed}");
        let second = load(&printed);
        let errors = second.diagnostics.to_json(&second.sources);
        let again = second.project.unwrap_or_else(|| panic!("{errors}\n{printed}"));
        let (again, project) = (plain(again), plain(project));
        if again != project {
            let (again, project) = (format!("{again:#?}"), format!("{project:#?}"));
            let differs = again.lines().zip(project.lines()).position(|(a, b)| a != b);
            let part =
                |text: &str| text.lines().skip(differs.unwrap_or(0)).take(9).collect::<String>();
            panic!("wanted {}\nread {}\n{text}\n{printed}", part(&project), part(&again));
        }
        printed
    }

    #[test]
    fn the_annotated_example_loads_back() {
        let printed = printed(include_str!("../../../../../docs/reference/windlass.yaml"));
        for text in ["password | urlencode }}", "backend: [db, app.blue, app.green]"] {
            assert!(printed.contains(text), "{text}\n{printed}");
        }
    }

    const BASE: &str = "\
name: shop
vars:
  user: {name: shop, password: '{{ secrets.pw }}'}
  url: '{{ vars.user.name }}:{{ vars.user.password | urlencode }}@{{ env.TIER }}'
  all: {A: '1', B-1: 'x{{ secrets.pw }}'}
  list: ['A=1', 'B={{ secrets.pw }}']
  unused: '{{ host.data }}'
secrets: {pw: {env: PW}, file: {file: pw.txt}, command: {command: [cat, pw.txt]}}
host: {data: ./data}
volumes: {data: {path: /data}, other-one: null}
networks: {back: null, front: null}
images:
  base: {image: 'debian:12'}
  tools: {dockerfile: {inline: FROM scratch}, labels: {of: '{{ images.base }}'}}
  app: {commands: [[FROM, '{{ images.base }}'], [LABEL, 'x={{ images.tools }}']]}
containers:
  db: {image: base, instances: [a, b]}
  mate: {image: base}
  web:
    image: '{{ images.app }}'
";

    /// Each of them is in some of the projects and not in others.
    const LINES: [&str; 24] = [
        "env: {A: 'x{{ secrets.pw }}'}",
        "env: {A: '{{ secrets.pw | urlencode }}', B: plain}",
        "env: ['A={{ secrets.pw }}', 'B=p:{{ secrets.file }}', 'C:{{ vars.url }}']",
        "env: '{{ vars.all }}'",
        "env: ['{{ vars.list[0] }}', 'X={{ vars.list[1] }}']",
        "env: {A: '{% if true %}{{ secrets.command }}{% endif %}{{ vars.user.name }}'}",
        "env: {A: '{{ images.tools }}', B: '{{ secrets.pw }}@{{ containers.mate }}'}",
        "command: [run, '{{ images.tools }}', '{{ volumes.data }}', '{{ networks.front }}']",
        "command: [run, '{{ volumes[\"other-one\"] }}', '{{ containers.mate.hostname }}']",
        "command: [run, '{{ \"{{\" }} x }}', '{{ \"{%\" }} y %}', '${#a}']",
        "needs: ['{{ images.base }}', '{{ networks.back }}']",
        "depends_on: [mate]",
        "networks: {back: {aliases: [w]}, front: null}",
        "network_mode: mate",
        "links: [mate]",
        "uses: mate",
        "mounts: ['data:/data', './site:/site:ro', /anonymous]",
        "secrets: [pw, {secret: file, target: /x, uid: 7, mode: 0o440}]",
        "limits: {memory: 6m, cpus: 0.25}",
        "healthcheck: {test: 'true', interval: 1500ms}",
        "exec_commands: [[echo hi, root, initial]]",
        "wait: {port_open: 80, log: up}",
        "labels: {a: \"x\\ny\\n\", b: '', c: ' ', d: '1.10', e: \"\\u202e\"}",
        "update: {order: start-first, stable_for: 1s}",
    ];

    #[test]
    fn whatever_is_written_loads_back_to_the_same_project() {
        let mut seed = 1_u32;
        let mut count = 0;
        for round in 0..400 {
            let mut text = BASE.to_owned();
            let mut keys = BTreeSet::new();
            for line in LINES {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let key = line.split(':').next().unwrap_or(line);
                if seed >> 30 == 0 && keys.insert(key) {
                    text.extend(["    ", line, "\n"]);
                }
            }
            // Some of them exclude each other.
            if load(&text).project.is_some() {
                printed(&text);
                count += 1;
            }
            assert!(count * 3 > round, "{count} of {round}\n{text}");
        }
    }

    #[test]
    fn what_a_map_allows_loads_back() {
        for text in [
            "a: {image: x, exposes: {80: 8080}}\nb: {image: x, exposes: {80: 8080}}",
            "set_hostname: false\na: {image: x}\nb: {image: x, network_mode: host}",
            "networks: {default: null}\na: {image: x, network_mode: bridge}\nb: {image: x}",
            "use_attached_parent_name: true\nvolumes: {d: /d}\na.b: {image: x, attaches: d}\n\
             c: {image: x, uses: a.b.d}",
            "repository: r.io/p/\ndefault_tag: ''\ndefault_domain: d.e\na: {}\nb: {image: /b}",
            "a: {image: x, links: [[b, 'a~ b']]}\nb: {image: x, shares: ['/a b', '/c:d']}",
        ] {
            printed_again(text, load_as(&format!("name: shop\n{text}"), Dialect::DockerMap));
        }
        let text = "name: shop\ncontainers:\n  a: {image: x, network_mode: host}\n";
        assert!(!printed(text).contains("set_hostname"));
    }

    #[test]
    fn what_only_the_file_knows_is_withheld() {
        for template in
            ["self.image", "host.data", "containers.db.a", "volumes.data.path", "config_root"]
        {
            let text =
                format!("{BASE}    env: {{A: '{{{{ secrets.pw }}}}-{{{{ {template} }}}}'}}\n");
            let loaded = load(&text);
            let project = loaded.project.unwrap();
            let Written { file, withheld } = written(&project, &loaded.vars, false);
            assert_eq!(withheld.into_iter().collect::<Vec<_>>(), ["containers.web.env.A"]);
            assert_eq!(file["containers"]["web"]["env"]["A"], "(secret)");
        }
    }
}
