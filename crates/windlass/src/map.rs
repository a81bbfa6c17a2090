//! Container maps that are built in code, without a file.
//!
//! A [`ContainerMap`] has the keys of docker-map's maps and means what they mean there; `docs/reference/docker-map.md`
//! has them. It gives a [`Project`](crate::model::project::Project), which goes the way of any other:
//! [`observe`](crate::observe), [`plan`](crate::plan()), [`execute`](crate::execute).
//!
//! A web server and two copies of an application server, which talk over a unix socket in a shared volume. Each writes its
//! log to a volume; the configuration of each copy is a directory of the host:
//!
//! ```
//! use windlass::map::{Bind, Container, ContainerMap, Volume};
//!
//! let map = ContainerMap::new("main")
//!     .repository("registry.example.com")
//!     .default_tag("custom")
//!     .host_root("/var/lib/site")
//!     .volume("web_log", "/var/log/nginx")
//!     .volume("app_config", "/var/lib/app/config")
//!     .volume("app_log", "/var/lib/app/log")
//!     .volume("app_server_socket", Volume::new().default_path("/var/lib/app/socket"))
//!     .host("app_config", [("instance1", "config/app1"), ("instance2", "config/app2")])
//!     .container(
//!         "web_server",
//!         Container::new()
//!             .image("nginx:latest")
//!             .bind(Bind::path("/etc/nginx", "config/nginx").read_only())
//!             .uses(("app_server_socket", "/var/lib/app/socket"))
//!             .attaches("web_log")
//!             .exposes((80, 80))
//!             .exposes((443, 443)),
//!     )
//!     .container(
//!         "app_server",
//!         Container::new()
//!             .image("app")
//!             .instances(["instance1", "instance2"])
//!             .bind(Bind::alias("app_config").read_only())
//!             .attaches("app_log")
//!             .attaches("app_server_socket")
//!             .user(2000)
//!             .permissions("u=rwX,g=rX,o="),
//!     );
//! let project = map.project()?;
//!
//! // What `up` would do on an engine on which there is nothing yet.
//! use windlass::model::observed::{Observed, ObservedEngine};
//! use windlass::model::request::{Request, Verb};
//!
//! let engines = project.engines.keys().map(|name| (name.clone(), ObservedEngine::default()));
//! let observed = Observed { engines: engines.collect(), ..Observed::default() };
//! let plan = windlass::plan(&project, &observed, &Request::new(Verb::Up)).expect("nothing is in the way");
//! assert_eq!(
//!     plan.to_string(),
//!     "\
//! #0 volume app_log: create main.app_log (absent)
//! #1 volume app_server_socket: create main.app_server_socket (absent)
//! #2 volume web_log: create main.web_log (absent)
//! #3 image registry.example.com/app:custom: pull registry.example.com/app:custom (absent)
//! #4 #0,#1,#3 -> container app_server.instance1: create main.app_server.instance1 (absent)
//! #5 #4 -> container app_server.instance1: start (absent)
//! #6 #0,#1,#3 -> container app_server.instance2: create main.app_server.instance2 (absent)
//! #7 #6 -> container app_server.instance2: start (absent)
//! #8 image registry.example.com/nginx:latest: pull registry.example.com/nginx:latest (absent)
//! #9 #1,#2,#5,#7,#8 -> container web_server: create main.web_server (absent)
//! #10 #9 -> container web_server: start (absent)
//! "
//! );
//! # Ok::<(), windlass::map::InvalidMap>(())
//! ```
//!
//! What is wrong with a map is said with the path of its key, everything at once:
//!
//! ```
//! use windlass::map::{Container, ContainerMap};
//!
//! let map = ContainerMap::new("main").container("web", Container::new().uses("socket").link("app"));
//! let invalid = map.project().expect_err("nothing is called so");
//! assert_eq!(
//!     invalid.to_string(),
//!     r#"error: containers.web.uses[0]: unknown volume "socket"
//!   help: there is only "web"
//! error: containers.web.links[0].container: unknown container "app"
//!   help: there is only "web""#
//! );
//! ```
//!
//! To apply it:
//!
//! ```no_run
//! # async fn up(map: windlass::map::ContainerMap) -> Result<(), Box<dyn std::error::Error>> {
//! use windlass::model::request::{Request, Verb};
//! use windlass::{ExecutionContext, Interrupts, LocalInputs, connect, execute, observe, plan};
//!
//! let project = map.project()?;
//! let engines = connect(&project, &windlass::engine::docker::Environment::default())?;
//! let inputs = LocalInputs::default();
//! let observed = observe(&project, &engines, &inputs).await?;
//! let plan = plan(&project, &observed, &Request::new(Verb::Up))
//!     .map_err(|blocked| format!("{:?}", blocked.blockers))?;
//! let context = ExecutionContext::new(&project, inputs.secrets);
//! let mut sink = |event| eprintln!("{event:?}");
//! let report = execute(&plan, &engines, &context, &mut sink, Interrupts::never()).await;
//! assert!(report.is_success());
//! # Ok(())
//! # }
//! ```
//!
//! Invariant: nothing is defined here; the types are the configuration's.

pub use windlass_config::map::{
    Bind, Container, ContainerMap, Endpoint, Engine, ExecCommand, HealthCheck, HostPath,
    InvalidMap, Link, Network, Port, SharedVolume, Volume,
};

/// The reference's examples, for rustdoc to run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/reference/docker-map.md")]
struct Reference;
