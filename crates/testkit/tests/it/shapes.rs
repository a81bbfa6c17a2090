//! Hand-made shapes of plans, each as small as it can be.
//!
//! Invariant: a shape is brought about by runs of the whole pipeline, as a user would; only what a
//! killed run leaves is made by a fault.

use crate::scene::Scene;
use crate::trial::Trial;
use futures_util::future::BoxFuture;
use windlass_engine::Engine as _;
use windlass_model::dependency::Condition;
use windlass_model::limits::RestartPolicy;
use windlass_model::lock;
use windlass_model::plan::CreateContainer;
use windlass_model::project::Project;
use windlass_model::request::Verb;
use windlass_model::secret::SecretMount;
use windlass_model::update::UpdateOrder;
use windlass_model::wait::{ExecPolicy, ExecSpec};
use windlass_testkit::{ContainerBuilder, Injection, Misfortune, ProjectBuilder};

/// A scene, and what is tried on it.
pub(crate) struct Shape {
    pub(crate) scene: Scene,
    pub(crate) trial: Trial,
}

pub(crate) type Make = fn() -> BoxFuture<'static, Shape>;

/// All of them, by name.
pub(crate) fn all() -> Vec<(&'static str, Make)> {
    vec![
        ("create", || Box::pin(create())),
        ("recreate, stop first", || Box::pin(up(shop(), changed(shop())))),
        ("recreate, start first", || {
            Box::pin(up(start_first(shop()), changed(start_first(shop()))))
        }),
        ("recreate, without a health check", || Box::pin(up(bare(shop()), changed(bare(shop()))))),
        ("a successor that ends", || Box::pin(fails(bare(shop()), bare(shop()), &["exit", "3"]))),
        ("a successor that never is healthy", || {
            Box::pin(fails(shop(), shop(), &["never-healthy"]))
        }),
        ("a successor that can't start", || Box::pin(fails(shop(), shop(), &["missing"]))),
        ("network changed", || Box::pin(network_changed())),
        ("volume added", || Box::pin(up(shop(), with_volume(shop())))),
        ("image updated", || Box::pin(up(built("1"), built("2")))),
        ("instances added and removed", || {
            Box::pin(up(instances(&["one", "two"]), instances(&["two", "three"])))
        }),
        ("three levels", || Box::pin(up(levels("1"), levels("2")))),
        ("changed in place", || Box::pin(up(on_networks(&["front"]), in_place()))),
        ("started again", || Box::pin(started_again())),
        ("rollback", || Box::pin(rollback())),
        ("push", || Box::pin(push())),
        ("down", || Box::pin(down())),
        ("orphans", || Box::pin(up(levels("1"), without_orphans()))),
        ("an orphan gives way", || Box::pin(up(on_port("web"), on_port("site")))),
        ("an orphan is replaced", || Box::pin(up(shop(), under_another_key()))),
        ("an orphan serves again", || {
            Box::pin(fails(on_port("site"), on_port("web"), &["exit", "3"]))
        }),
        ("resumed after the rename", || Box::pin(resumed("rename_container"))),
        ("resumed after the creation", || Box::pin(resumed("create_container"))),
        ("resumed after the stop", || Box::pin(resumed("stop_container"))),
        ("resumed after the start", || Box::pin(resumed("start_container"))),
        ("the lock of a dead run", || Box::pin(locked("run-dead"))),
        ("the lock of another", || Box::pin(locked("living"))),
    ]
}

async fn scene(project: &Project) -> Scene {
    let scene = Scene::new(1, project).await;
    scene.engine.keep_past();
    scene
}

/// A scene on which a project is up.
async fn scene_with(project: &Project) -> Scene {
    let scene = scene(project).await;
    scene.converge(project, Verb::Up).await.unwrap();
    scene
}

async fn create() -> Shape {
    let project = with_volume(shop());
    Shape { scene: scene(&project).await, trial: Trial::of(&project, Verb::Up) }
}

async fn up(first: Project, second: Project) -> Shape {
    Shape { scene: scene_with(&first).await, trial: Trial::of(&second, Verb::Up) }
}

/// The successor of `web` does this instead of serving; then the first project is wanted again.
async fn fails(first: Project, mut second: Project, command: &[&str]) -> Shape {
    for spec in second.containers.values_mut().filter(|spec| spec.key == "web") {
        spec.config.command = Some(command.iter().map(|word| (*word).to_owned()).collect());
    }
    let then = (first.clone(), Verb::Up);
    let trial = Trial { then, fails: true, ..Trial::of(&second, Verb::Up) };
    Shape { scene: scene_with(&first).await, trial }
}

async fn network_changed() -> Shape {
    let mut second = shop();
    for network in second.networks.values_mut() {
        network.config.attachable = true;
    }
    up(shop(), second).await
}

async fn started_again() -> Shape {
    let scene = scene_with(&levels("1")).await;
    scene.succeed(&levels("1"), Verb::Stop).await.unwrap();
    Shape { scene, trial: Trial::of(&levels("1"), Verb::Up) }
}

async fn rollback() -> Shape {
    let scene = scene_with(&shop()).await;
    scene.converge(&changed(shop()), Verb::Up).await.unwrap();
    let then = (shop(), Verb::Up);
    let trial = Trial { then, ..Trial::of(&changed(shop()), Verb::Rollback) };
    Shape { scene, trial }
}

/// An image that changed is built and pushed; what is built then is built.
async fn push() -> Shape {
    let pushed = |version| {
        let mut project = built(version);
        let image = project.images.get_mut("app").unwrap();
        (image.reference, image.push) = ("registry.test/app:1".to_owned(), true);
        image.tags.insert("registry.test/app:2".to_owned());
        project
    };
    let scene = scene_with(&pushed("1")).await;
    let then = (pushed("2"), Verb::Build);
    Shape { scene, trial: Trial { then, ..Trial::of(&pushed("2"), Verb::Push) } }
}

async fn down() -> Shape {
    let project = with_volume(levels("1"));
    Shape { scene: scene_with(&project).await, trial: Trial::of(&project, Verb::Down) }
}

/// A run that replaces `web` was killed right after the first such call on it was carried out.
async fn resumed(method: &str) -> Shape {
    let scene = scene_with(&shop()).await;
    let good = scene.fork(&shop());
    good.succeed(&changed(shop()), Verb::Up).await.unwrap();
    let calls = good.engine.calls();
    let is_it = |call: &&windlass_testkit::Call| {
        call.method == method && call.object != lock::name(&shop().name)
    };
    let number = calls.iter().find(is_it).unwrap().mutation.unwrap();
    let crash = Misfortune::Crash { carried_out: true };
    scene.engine.inject(Injection::at_mutation(number, crash));
    scene.run(&changed(shop()), Verb::Up).await.unwrap();
    scene.engine.heal();
    Shape { scene, trial: Trial::of(&changed(shop()), Verb::Up) }
}

/// Somebody has the lock. What is dead is freed; what lives keeps the run from everything.
async fn locked(token: &str) -> Shape {
    let Shape { scene, trial } = up(shop(), changed(shop())).await;
    let project = trial.project.name.clone();
    let create = CreateContainer {
        name: lock::name(&project).into(),
        image: "".into(),
        config: windlass_model::container::ContainerConfig {
            command: Some(vec!["none".to_owned()]),
            ..Default::default()
        }
        .into(),
        labels: windlass_testkit::holder(token).labels(&project).into(),
    };
    scene.engine.create_container(&create).await.unwrap();
    let lives = token == "living";
    // Nothing was changed, so that what was there is what is there.
    let then = if lives { (shop(), Verb::Up) } else { trial.then.clone() };
    Shape { scene, trial: Trial { fails: lives, held: lives, then, ..trial } }
}

/// `web` on a network, which waits for `db` with a volume.
pub(crate) fn shop() -> Project {
    ProjectBuilder::new("shop")
        .network("front")
        .volume("data")
        .container(
            ContainerBuilder::new("db")
                .network("front")
                .volume("data", "/data")
                .checked()
                .config(|config| config.restart = RestartPolicy::Always),
        )
        .container(
            ContainerBuilder::new("web")
                .network("front")
                .checked()
                .publish(8080, 80)
                .depends_on("db", Condition::Healthy)
                .edit(|spec| {
                    spec.secrets.push(SecretMount {
                        secret: "password".to_owned(),
                        target: "/run/secrets/password".to_owned(),
                        uid: 0,
                        gid: 0,
                        mode: 0o400,
                    });
                    spec.exec_commands.push(ExecSpec {
                        argv: vec!["echo".to_owned(), "there".to_owned()],
                        user: None,
                        workdir: None,
                        env: std::collections::BTreeMap::new(),
                        policy: ExecPolicy::Restart,
                    });
                }),
        )
        .finish()
}

fn edited(
    mut project: Project,
    key: &str,
    edit: impl Fn(&mut windlass_model::container::ContainerSpec),
) -> Project {
    project.containers.values_mut().filter(|spec| spec.key == key).for_each(edit);
    project
}

fn changed(project: Project) -> Project {
    edited(project, "web", |spec| {
        spec.config.env.insert("VERSION".to_owned(), "2".into());
    })
}

fn start_first(project: Project) -> Project {
    edited(project, "web", |spec| {
        spec.update.order = UpdateOrder::StartFirst;
        spec.config.published.clear();
    })
}

fn bare(project: Project) -> Project {
    edited(project, "web", |spec| spec.config.healthcheck = None.into())
}

pub(crate) fn with_volume(project: Project) -> Project {
    let builder = ProjectBuilder::new("shop").volume("more");
    let mut more = builder.finish().volumes.remove("more").unwrap();
    more.owner = Some(windlass_model::volume::VolumeOwner { uid: 1, gid: 1, mode: 0o700 });
    let name = more.name.clone();
    let mut project = edited(project, "web", |spec| {
        let mount = windlass_model::mount::Mount::volume(&name);
        spec.config.mounts.insert("/more".to_owned(), mount);
    });
    project.volumes.insert("more".to_owned(), more);
    project
}

fn built(version: &str) -> Project {
    ProjectBuilder::new("shop")
        .built_image("app", &format!("FROM scratch\nENV VERSION={version}\n"))
        .container(ContainerBuilder::new("web").image("app").checked())
        .finish()
}

fn instances(names: &[&str]) -> Project {
    let mut builder = ProjectBuilder::new("shop").network("front");
    for name in names {
        builder = builder
            .container(ContainerBuilder::new("web").instance(name).network("front").checked());
    }
    builder.finish()
}

/// `web` needs `app` needs `db`, and all of them have this version.
fn levels(version: &str) -> Project {
    let level = |key| ContainerBuilder::new(key).network("back").checked().env("VERSION", version);
    ProjectBuilder::new("shop")
        .network("back")
        .container(level("db"))
        .container(level("app").depends_on("db", Condition::Healthy))
        .container(level("web").depends_on("app", Condition::Healthy))
        .finish()
}

fn without_orphans() -> Project {
    ProjectBuilder::new("shop").container(ContainerBuilder::new("db").checked()).finish()
}

fn on_networks(keys: &[&str]) -> Project {
    let mut container = ContainerBuilder::new("web").checked();
    let mut builder = ProjectBuilder::new("shop").network("front").network("back");
    for key in keys {
        container = container.network(key);
    }
    builder = builder.container(container);
    builder.container(ContainerBuilder::new("side").network("front").network("back")).finish()
}

/// Another key for `web`, which keeps its name.
fn under_another_key() -> Project {
    let mut project = shop();
    let specs = project.containers.values().cloned();
    let mut web = specs.into_iter().find(|spec| spec.key == "web").unwrap();
    project.containers.remove(&web.address);
    web.key = "site".into();
    web.address.name = "site".into();
    project.containers.insert(web.address.clone(), web);
    project
}

/// One container on a port of the host.
fn on_port(key: &str) -> Project {
    let container = ContainerBuilder::new(key).publish(8080, 80).checked();
    ProjectBuilder::new("shop").container(container).finish()
}

/// Another limit, a network more, and an alias.
fn in_place() -> Project {
    let mut project = edited(on_networks(&["front", "back"]), "web", |spec| {
        spec.config.limits.memory_bytes = Some(1 << 26);
        for endpoint in spec.config.endpoints.values_mut() {
            endpoint.aliases.insert("shop".to_owned());
        }
    });
    project = edited(project, "side", |spec| {
        spec.config.endpoints.remove("shop.back");
    });
    project
}
