//! Actions: what a task of Harpoon does beside running something, as commands of the program.
//!
//! Invariant: each of Harpoon's actions but `run` is in one of the two tables.

/// An action that a task of the native format has, too.
pub(super) struct Action {
    pub(super) name: &'static str,
    /// As the native format calls it.
    pub(super) command: &'static str,
    /// Of the image under which the task stands; otherwise of the whole project.
    pub(super) is_of_image: bool,
    /// Before the words of the command line, unless they say where those go.
    pub(super) words: &'static [&'static str],
}

const fn of_image(
    name: &'static str,
    command: &'static str,
    words: &'static [&'static str],
) -> Action {
    Action { name, command, is_of_image: true, words }
}

const fn of_all(
    name: &'static str,
    command: &'static str,
    words: &'static [&'static str],
) -> Action {
    Action { name, command, is_of_image: false, words }
}

pub(super) const ACTIONS: &[Action] = &[
    of_image("make", "build", &[]),
    of_image("push", "push", &[]),
    of_image("pull", "pull", &[]),
    of_image("tag", "tag", &["{{ args }}", "--push"]),
    of_image("untag", "untag", &[]),
    of_image("retrieve", "retrieve", &[]),
    of_image("print_dockerfile", "dockerfile", &[]),
    of_image("get_docker_context", "context", &[]),
    of_image("pull_dependencies", "pull", &["--external"]),
    of_image("pull_parent", "pull", &["--external"]),
    of_all("make_all", "build", &[]),
    of_all("make_pushable", "push", &["--all"]),
    of_all("push_all", "push", &["--all"]),
    of_all("pull_all", "pull", &[]),
    of_all("pull_all_external", "pull", &["--external"]),
    of_all("pull_parents", "pull", &["--external"]),
];

/// Actions that can't be tasks, and what does the same.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("list_tasks", "`windlass tasks` lists them"),
    ("show", "`windlass images` and `windlass graph` show them"),
    ("show_pushable", "`windlass push --all --dry-run` shows them"),
    ("print_all_dockerfiles", "`windlass dockerfile IMAGE` prints one"),
    ("read_login", "`windlass login REGISTRY`"),
    ("write_login", "`windlass login REGISTRY`"),
    ("pull_arbitrary", "`windlass pull REFERENCE`"),
    ("delete_untagged", "`windlass clean`"),
    ("container_manager", "`windlass serve`"),
];
