//! Sections of the root that are no image's: `harpoon`, `term_colors`, and the files that others name.

use std::sync::Arc;

use super::dialect::Harpoon;
use super::format_string::Part;
use super::trail::Trail;
use super::tree::{Made, entries, get, items};
use crate::yaml::{Mapping, Node};

/// Directories of files that are one image each.
pub(crate) const IMAGES_FROM: &str = "__images_from__";

/// Keys of `harpoon` that this dialect takes up.
const HEARD: &[&str] = &["extra_files"];

/// Keys that nothing comes of, and where windlass has what they ask for.
const ELSEWHERE: &[(&str, &str)] = &[
    ("config", "name the file by `windlass -f FILE`"),
    ("tag", "write `tag` into the image, or `windlass tag IMAGE TAG`"),
    ("extra", "give words after `--`: `windlass run TASK -- WORDS`"),
    ("debug", "give `-v` on the command line"),
    ("addons", "write what the addon does as a task"),
    ("artifact", "give it on the command line"),
    ("chosen_task", "give it on the command line: `windlass run TASK`"),
    ("chosen_image", "give it on the command line: `windlass run IMAGE`"),
    ("flat", "`windlass images` has a line for each image"),
    ("no_cleanup", "give `--keep` on the command line: `windlass run --keep TASK`"),
    ("silent_build", "give `--quiet` on the command line"),
    ("keep_replaced", "windlass keeps replaced images until `windlass clean`"),
    ("ignore_missing", "give `--ignore-missing` on the command line"),
    ("no_intervention", "give `--intervene never` on the command line"),
    ("intervene_afterwards", "give `--intervene always` on the command line"),
    ("do_push", "`windlass push --all` builds and pushes"),
    ("only_pushable", "`windlass push --all` builds and pushes what has an `image_index`"),
    ("interactive", "give `--no-tty` on the command line"),
    ("stdout", "send the output where it shall go: `windlass … > FILE`"),
    ("tty_stdin", "leave it out"),
    ("tty_stdout", "leave it out"),
    ("tty_stderr", "leave it out"),
];

pub(super) fn check(harpoon: &Harpoon<'_>) {
    let root = &harpoon.root;
    let trail = Trail::default();
    if let Some(entry) = get(root, "term_colors") {
        let instead = "leave it out; `--color never` and NO_COLOR turn colours off";
        harpoon.unsupported(entry, &trail, "windlass has its own colours", instead);
    }
    let Some(section) = get(root, "harpoon") else { return };
    let trail = trail.key("harpoon");
    let known: Vec<&str> =
        HEARD.iter().copied().chain(ELSEWHERE.iter().map(|(key, _)| *key)).collect();
    harpoon.check_keys(&section.value, &trail, &known);
    for entry in entries(&section.value) {
        if let Some((_, instead)) = ELSEWHERE.iter().find(|(key, _)| *key == &*entry.key.text) {
            let why = "what Harpoon is told here windlass is told on the command line";
            harpoon.unsupported(entry, &trail, why, instead);
        }
    }
}

/// The files that a file names, each with the node that names it.
pub(crate) fn extra_files(root: &Node) -> Vec<Arc<Node>> {
    let section = get(root, "harpoon");
    let files = section.and_then(|section| get(&section.value, "extra_files"));
    files.map(|files| items(&files.value)).unwrap_or_default()
}

/// The path of an extra file. What it may look up is where the main file is, and what its own file says at the root.
pub(crate) fn extra_path(root: &Arc<Node>, text: &str, directory: &str) -> Result<String, String> {
    let parts = super::format_string::parse(text).map_err(|error| error.message.to_owned())?;
    let mut path = String::new();
    for part in parts {
        match part {
            Part::Text(text) => path.push_str(&text),
            Part::Field { name, .. } if name == "config_root" => path.push_str(directory),
            Part::Field { name, .. } => match super::subject::path(root, &name) {
                Some(node) if node.as_scalar().is_some() => {
                    path.push_str(&super::python::text(&node));
                }
                _ => {
                    return Err(format!(
                        "nothing in this file is called `{}`",
                        crate::yaml::shorten(&name)
                    ));
                }
            },
        }
    }
    Ok(path)
}

/// Directories of images that a file names, and the file without them.
pub(crate) fn images_from(root: &Arc<Node>) -> (Vec<Arc<Node>>, Arc<Node>) {
    let from = get(root, "images").and_then(|images| get(&images.value, IMAGES_FROM));
    let Some(from) = from else { return (Vec::new(), Arc::clone(root)) };
    let mut all = Made::at(root.span);
    for entry in entries(root) {
        let value = match &*entry.key.text {
            "images" => {
                let mut images = Made::at(entry.value.span);
                let own = entry.value.as_mapping().map(Mapping::entries).unwrap_or_default();
                for image in own.iter().filter(|image| &*image.key.text != IMAGES_FROM) {
                    images.put(&image.key.text, image.key.span, Arc::clone(&image.value));
                }
                images.node()
            }
            _ => Arc::clone(&entry.value),
        };
        all.put(&entry.key.text, entry.key.span, value);
    }
    (items(&from.value), all.node())
}

/// An image that has a file of its own, as a configuration with it alone.
pub(crate) fn image_file(name: &str, options: &Arc<Node>) -> Arc<Node> {
    let (mut images, mut root) = (Made::at(options.span), Made::at(options.span));
    images.set(name, Arc::clone(options));
    root.set("images", images.node());
    root.node()
}
