//! What the chores ask of an engine: which objects a project has, their removal, the base image.
//!
//! Invariant: only objects that carry the project's label, or a container, network or volume whose name
//! begins with its name, are ever removed.

use serde_json::Value;

use super::Engine;
use crate::Result;
use crate::http::encoded;

/// The label that windlass puts on everything that it creates.
pub(crate) const LABEL: &str = "dev.windlass.project";

/// The registry of images that come from none: podman puts it before every name without one.
pub(crate) const LOCAL: &str = "localhost/";

/// One kind of object: how to list it and how to remove one.
struct Kind {
    word: &'static str,
    list: &'static str,
    /// Where the array is in the answer; empty when it is the answer.
    array: &'static str,
    id: &'static str,
    remove: &'static str,
}

/// In the order in which they can be removed.
const KINDS: [Kind; 4] = [
    Kind {
        word: "container",
        list: "/containers/json?all=1",
        array: "",
        id: "Id",
        remove: "/containers/{}?force=1&v=1",
    },
    Kind { word: "network", list: "/networks", array: "", id: "Id", remove: "/networks/{}" },
    Kind {
        word: "volume",
        list: "/volumes",
        array: "Volumes",
        id: "Name",
        remove: "/volumes/{}?force=1",
    },
    Kind { word: "image", list: "/images/json", array: "", id: "Id", remove: "/images/{}" },
];

fn names(object: &Value) -> Vec<String> {
    let one = object["Name"].as_str().into_iter();
    let lists = ["Names", "RepoTags"].into_iter().filter_map(|key| object[key].as_array());
    one.chain(lists.flatten().filter_map(Value::as_str))
        // So older engines call an image without a name.
        .filter(|name| *name != "<none>:<none>")
        .map(|name| name.trim_start_matches('/').into())
        .collect()
}

/// Whether an object is the project's: by its label (ours or Compose's), or by its name.
fn belongs(object: &Value, project: &str) -> bool {
    let labels = &object["Labels"];
    let labelled = labels[LABEL] == project || labels["com.docker.compose.project"] == project;
    labelled || names(object).iter().any(|name| is_named_after(name, project))
}

fn is_named_after(name: &str, project: &str) -> bool {
    let name = name.strip_prefix(LOCAL).unwrap_or(name);
    let rest = name.strip_prefix(project);
    rest.is_some_and(|rest| rest.starts_with(['.', '-', '_', '/', ':']))
}

/// What to ask the engine to remove. An image goes tag by tag: the same image may carry the tag of
/// another project.
fn targets(object: &Value, kind: &Kind, project: &str) -> Vec<String> {
    let id = object[kind.id].as_str().unwrap_or_default().to_owned();
    let tags = names(object);
    if kind.word != "image" || tags.is_empty() {
        return vec![id];
    }
    tags.into_iter().filter(|tag| is_named_after(tag, project)).collect()
}

impl Engine {
    fn objects(&self, kind: &Kind) -> Result<Vec<Value>> {
        let answer = self.connect()?.call("GET", kind.list, &Value::Null)?;
        if !answer.is_success() {
            return Err(format!("GET {}: {}", kind.list, answer.text()).into());
        }
        let mut answer = answer.json()?;
        let list = if kind.array.is_empty() { answer } else { answer[kind.array].take() };
        Ok(list.as_array().cloned().unwrap_or_default())
    }

    /// Everything of a project that the engine still has, each as a kind and a name.
    pub(crate) fn leftovers(&self, project: &str) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for kind in &KINDS {
            for object in self.objects(kind)?.iter().filter(|object| belongs(object, project)) {
                let name = names(object).pop().or_else(|| object["Id"].as_str().map(Into::into));
                all.push(format!("{} {}", kind.word, name.unwrap_or_default()));
            }
        }
        Ok(all)
    }

    /// Removes everything of a project, whatever state it is in.
    pub(crate) fn sweep(&self, project: &str) -> Result<()> {
        let mut engine = self.connect()?;
        let mut problems = Vec::new();
        for kind in &KINDS {
            for object in self.objects(kind)?.iter().filter(|object| belongs(object, project)) {
                for name in targets(object, kind, project) {
                    let path = kind.remove.replace("{}", &name);
                    let answer = engine.call("DELETE", &path, &Value::Null)?;
                    if !answer.is_success() && answer.status != 404 {
                        problems.push(format!("{} {name}: {}", kind.word, answer.text()));
                    }
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
    }

    /// Sweeps the projects of runs that were killed: `<prefix><pid>…` where that process is gone.
    pub(crate) fn sweep_dead(&self, prefix: &str) -> Result<()> {
        let mut projects = std::collections::BTreeSet::new();
        for kind in &KINDS {
            for object in self.objects(kind)? {
                let label = object["Labels"][LABEL].as_str().map(String::from);
                for name in names(&object).into_iter().chain(label) {
                    projects.extend(dead_project(&name, prefix, |pid| {
                        std::path::Path::new("/proc").join(pid).exists()
                    }));
                }
            }
        }
        projects.iter().try_for_each(|project| self.sweep(project))
    }

    /// The port of this machine that a project's containers publish.
    pub(crate) fn published_port(&self, project: &str) -> Result<Option<u16>> {
        let containers = self.objects(&KINDS[0])?;
        let ports = containers.iter().filter(|container| belongs(container, project));
        let mut ports = ports.filter_map(|container| container["Ports"].as_array()).flatten();
        let port = ports.find_map(|port| port["PublicPort"].as_u64());
        Ok(port.and_then(|port| u16::try_from(port).ok()))
    }

    /// Makes an image of a root file system, unless the engine has it.
    pub(crate) fn import(&self, image: &str, tar: &[u8]) -> Result<()> {
        let mut engine = self.connect()?;
        let path = format!("/images/{image}/json");
        if engine.call("GET", &path, &Value::Null)?.is_success() {
            return Ok(());
        }
        // Podman does not look at a tag beside the name.
        let path = format!("/images/create?fromSrc=-&repo={}", encoded(image));
        let answer = engine.send("POST", &path, "application/x-tar", tar)?;
        if !answer.is_success() || answer.text().contains("\"error\"") {
            return Err(format!("the engine did not import {image}: {}", answer.text()).into());
        }
        Ok(())
    }

    /// The archive that an image is saved as.
    pub(crate) fn image_archive(&self, image: &str) -> Result<Vec<u8>> {
        let answer = self.connect()?.call("GET", &format!("/images/{image}/get"), &Value::Null)?;
        if answer.is_success() { Ok(answer.body) } else { Err(answer.text().into()) }
    }

    pub(crate) fn load_image(&self, archive: &[u8]) -> Result<()> {
        let path = "/images/load?quiet=1";
        let answer = self.connect()?.send("POST", path, "application/x-tar", archive)?;
        let is_loaded = answer.is_success() && !answer.text().contains("\"error\"");
        if is_loaded { Ok(()) } else { Err(answer.text().into()) }
    }
}

/// The project that an object's name belongs to, when its run is over.
fn dead_project(name: &str, prefix: &str, alive: impl Fn(&str) -> bool) -> Option<String> {
    let name = name.strip_prefix(LOCAL).unwrap_or(name);
    let rest = name.strip_prefix(prefix)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let pid = &rest[..end];
    (!pid.is_empty() && !alive(pid)).then(|| format!("{prefix}{pid}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_the_projects_belongs_to_it() {
        for (object, expected) in [
            (json!({"Labels": {"dev.windlass.project": "shop"}}), true),
            (json!({"Labels": {"com.docker.compose.project": "shop"}}), true),
            (json!({"Labels": {"dev.windlass.project": "shop2"}, "Names": ["/shop2.app"]}), false),
            (json!({"Labels": null, "Names": ["/shop.app"]}), true),
            (json!({"RepoTags": ["shop/app:latest"]}), true),
            (json!({"RepoTags": ["localhost/shop/app:latest"]}), true),
            (json!({"Name": "shopping"}), false),
            (json!({"Name": "shop_data", "Labels": {}}), true),
            (json!({"RepoTags": null, "Labels": {"x": "shop"}}), false),
        ] {
            assert_eq!(belongs(&object, "shop"), expected, "{object}");
        }
    }

    #[test]
    fn an_image_loses_only_the_tags_of_the_project() {
        let kind = &KINDS[3];
        let image = json!({"Id": "sha256:1", "RepoTags": ["shop/app:1", "other/app:1"]});
        assert_eq!(targets(&image, kind, "shop"), ["shop/app:1"]);
        for nameless in [json!([]), json!(["<none>:<none>"])] {
            let nameless = json!({"Id": "sha256:1", "RepoTags": nameless});
            assert_eq!(targets(&nameless, kind, "shop"), ["sha256:1"]);
        }
        let container = json!({"Id": "1", "Names": ["/shop.app"]});
        assert_eq!(targets(&container, &KINDS[0], "shop"), ["1"]);
    }

    #[test]
    fn a_run_is_over_when_its_process_is_gone() {
        let alive = |pid: &str| pid == "12";
        for (name, expected) in [
            ("check-11.app", Some("check-11")),
            ("localhost/check-11/base:1", Some("check-11")),
            ("check-12.app", None),
            ("check-.app", None),
            ("other-11", None),
            ("check-13", Some("check-13")),
        ] {
            assert_eq!(dead_project(name, "check-", alive).as_deref(), expected, "{name}");
        }
    }
}
