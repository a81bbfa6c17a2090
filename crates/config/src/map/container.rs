//! A container of a map.
//!
//! Invariant: a call that names one thing adds it; a call that gives a value replaces an earlier one.

use serde_json::Value;

use super::bind::Bind;
use super::endpoint::Endpoint;
use super::exec_command::ExecCommand;
use super::health_check::HealthCheck;
use super::link::Link;
use super::part::Part;
use super::port::Port;
use super::shared_volume::SharedVolume;

/// What a container is, in docker-map's keys. [`Container::set`] takes every other key of the native format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container(Part);

impl Container {
    pub fn new() -> Self {
        Self::default()
    }

    /// Only for others to extend; it never runs.
    #[must_use]
    pub fn abstract_only(self) -> Self {
        self.set("abstract", true)
    }

    /// Adds a container whose keys this one has, too. Its own come last.
    #[must_use]
    pub fn extends(self, name: impl Into<String>) -> Self {
        self.add("extends", name.into())
    }

    /// Without it, the image is called like the container. A first `/` leaves out the map's repository.
    #[must_use]
    pub fn image(self, reference: impl Into<String>) -> Self {
        self.set("image", reference.into())
    }

    /// Adds copies, each with a name of its own.
    #[must_use]
    pub fn instances<T: Into<String>>(self, names: impl IntoIterator<Item = T>) -> Self {
        names.into_iter().fold(self, |container, name| container.add("instances", name.into()))
    }

    /// Adds an engine that it is on, instead of the map's.
    #[must_use]
    pub fn engine(self, name: impl Into<String>) -> Self {
        self.add("engines", name.into())
    }

    /// Adds an anonymous volume at a path of the container.
    #[must_use]
    pub fn shares(self, path: impl Into<String>) -> Self {
        self.add("shares", path.into())
    }

    /// Adds a path of the host.
    #[must_use]
    pub fn bind(self, bind: impl Into<Bind>) -> Self {
        self.add("binds", bind.into())
    }

    /// Adds a volume that belongs to this container and that others can use.
    #[must_use]
    pub fn attaches(self, volume: impl Into<SharedVolume>) -> Self {
        self.add("attaches", volume.into())
    }

    /// Adds a volume that another container attaches, or all the volumes of another container.
    #[must_use]
    pub fn uses(self, volume: impl Into<SharedVolume>) -> Self {
        self.add("uses", volume.into())
    }

    #[must_use]
    pub fn link(self, link: impl Into<Link>) -> Self {
        self.add("links", link.into())
    }

    /// Adds a port.
    #[must_use]
    pub fn exposes(self, port: impl Into<Port>) -> Self {
        self.add("exposes", port.into())
    }

    /// `user` or `user:group`; the container runs as the user, its volumes belong to both.
    #[must_use]
    pub fn user(self, user: impl Into<Value>) -> Self {
        self.set("user", user)
    }

    /// Of its attached volumes, as for `chmod`.
    #[must_use]
    pub fn permissions(self, permissions: impl Into<String>) -> Self {
        self.set("permissions", permissions.into())
    }

    #[must_use]
    pub fn stop_timeout_s(self, seconds: u32) -> Self {
        self.set("stop_timeout", seconds)
    }

    /// A name or a number.
    #[must_use]
    pub fn stop_signal(self, signal: impl Into<Value>) -> Self {
        self.set("stop_signal", signal)
    }

    #[must_use]
    pub fn start_delay_s(self, seconds: u32) -> Self {
        self.set("start_delay", seconds)
    }

    /// `host`, `none`, `bridge`, or a container whose network it shares.
    #[must_use]
    pub fn network_mode(self, mode: impl Into<String>) -> Self {
        self.set("network_mode", mode.into())
    }

    /// Adds a network.
    #[must_use]
    pub fn network(self, endpoint: impl Into<Endpoint>) -> Self {
        self.add("networks", endpoint.into())
    }

    /// Adds a command that is run in it after it was started.
    #[must_use]
    pub fn exec(self, command: impl Into<ExecCommand>) -> Self {
        self.add("exec_commands", command.into())
    }

    #[must_use]
    pub fn health_check(self, check: HealthCheck) -> Self {
        self.set("healthcheck", check)
    }

    /// Started once; it is not started again after it ended, and it can be kept when others go.
    #[must_use]
    pub fn persistent(self) -> Self {
        self.set("persistent", true)
    }

    /// docker-py's names of what else a container is created with: `environment`, `command`, `labels` and so on.
    #[must_use]
    pub fn create_options(self, options: impl Into<Value>) -> Self {
        self.set("create_options", options)
    }

    /// docker-py's names of what else concerns the host: `restart_policy`, `mem_limit`, `cap_add` and so on.
    #[must_use]
    pub fn host_config(self, options: impl Into<Value>) -> Self {
        self.set("host_config", options)
    }

    /// Any key that a container may have in a file, in any of its forms.
    #[must_use]
    pub fn set(self, key: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(key, value))
    }

    fn add(self, key: &str, item: impl Into<Value>) -> Self {
        Self(self.0.with_item(key, item))
    }
}

impl From<Container> for Value {
    fn from(container: Container) -> Self {
        container.0.into()
    }
}
