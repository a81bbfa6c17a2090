//! Random projects on a real engine: what came up is up to date, and a change comes up too.
//!
//! Invariant: everything that is made has a project name of this process's own, and goes at the
//! end, also when it fails. Where `WINDLASS_TEST_ENGINE` and `WINDLASS_TEST_IMAGE` (an image with a
//! shell) are not given, nothing is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use windlass_engine::docker::{DockerEngine, Environment};
use windlass_engine::{Engine, Engines};
use windlass_executor::{ExecutionContext, Interrupts, execute};
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::dependency::Condition;
use windlass_model::endpoint::NetworkMode;
use windlass_model::engine::EngineSpec;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::image::{DockerfileSource, ImageSource, ImageUse};
use windlass_model::label::Owner;
use windlass_model::limits::RestartPolicy;
use windlass_model::name::EngineName;
use windlass_model::plan::Plan;
use windlass_model::project::Project;
use windlass_model::request::{Request, Verb};
use windlass_model::secret::{SecretValues, Sensitive};
use windlass_model::volume::VolumeOwner;
use windlass_observer::{LocalInputs, observe};
use windlass_testkit::{ContainerBuilder, ProjectBuilder, Rng, generate};

/// Seeds of an ordinary run; `WINDLASS_REAL_SEEDS` asks for others: `100..200`.
const SEEDS: std::ops::Range<u64> = 0..4;

struct Lab {
    engines: Engines,
    image: String,
}

fn lab() -> Option<Lab> {
    let url = std::env::var("WINDLASS_TEST_ENGINE").ok()?;
    let image = std::env::var("WINDLASS_TEST_IMAGE").ok()?;
    let spec = EngineSpec { url: Some(url), ..EngineSpec::default() };
    let name = EngineName::default();
    let engine = DockerEngine::open(name.clone(), &spec, Environment::default()).unwrap();
    let engine: Arc<dyn Engine> = Arc::new(engine);
    Some(Lab { engines: [(name, engine)].into(), image })
}

#[tokio::test]
async fn random_projects_come_up_and_stay_as_they_are() {
    let Some(lab) = lab() else { return };
    let seeds = match std::env::var("WINDLASS_REAL_SEEDS") {
        Ok(text) => {
            let (start, end) = text.split_once("..").expect("a range of seeds");
            start.parse().unwrap()..end.parse().unwrap()
        }
        Err(_) => SEEDS,
    };
    let mut failures = Vec::new();
    for seed in seeds {
        let result = lab.seed(seed).await;
        let cleaned = lab.clean(&name(seed)).await;
        failures.extend(result.and(cleaned).err().map(|failure| format!("seed {seed}: {failure}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn name(seed: u64) -> String {
    format!("wlreal{}-{seed}", std::process::id())
}

impl Lab {
    async fn seed(&self, seed: u64) -> Result<(), String> {
        let mut rng = Rng::new(seed);
        let first = generate::project(&mut rng, &name(seed));
        let second = generate::change(&mut rng, &first);
        for (which, project) in [("first", &first), ("second", &second)] {
            let project = feasible(project, &self.image);
            self.converge(&project).await.map_err(|fault| format!("{which} project: {fault}"))?;
        }
        Ok(())
    }

    async fn converge(&self, project: &Project) -> Result<(), String> {
        let mut request = Request::new(Verb::Up);
        request.options.remove_orphans = true;
        self.run(project, &request).await?;
        let again = self.plan(project, &request).await?;
        if again.is_empty() { Ok(()) } else { Err(format!("the next plan is not empty:\n{again}")) }
    }

    async fn plan(&self, project: &Project, request: &Request) -> Result<Plan, String> {
        let inputs = LocalInputs { secrets: secrets(), ..LocalInputs::default() };
        let observed = observe(project, &self.engines, &inputs).await;
        let observed = observed.map_err(|error| format!("{error:?}"))?;
        windlass_planner::plan(project, &observed, request)
            .map_err(|blocked| format!("blocked: {:?}", blocked.blockers))
    }

    async fn run(&self, project: &Project, request: &Request) -> Result<(), String> {
        let plan = self.plan(project, request).await?;
        let context = ExecutionContext::new(project, secrets());
        let report =
            execute(&plan, &self.engines, &context, &mut |_| (), Interrupts::never()).await;
        let failures: Vec<String> = report
            .failures()
            .map(|(id, failure)| format!("{} → {failure:?}", plan.step(id)))
            .collect();
        if report.is_success() { Ok(()) } else { Err(failures.join("\n")) }
    }

    /// Takes everything of a project away, and looks that nothing is left.
    async fn clean(&self, project: &str) -> Result<(), String> {
        let project = Project::empty(windlass_model::ProjectName::new(project), "/project");
        let mut request = Request::new(Verb::Down);
        request.options.timeout_s = Some(0);
        request.options.remove_orphans = true;
        self.run(&project, &request).await?;
        let engine = &self.engines[&EngineName::default()];
        let ours = |owner: &Option<Owner>| {
            owner.as_ref().is_some_and(|owner| owner.project == project.name)
        };
        for volume in engine.list_volumes().await.map_err(|error| error.to_string())? {
            if ours(&volume.owner) {
                engine.remove_volume(&volume.name).await.map_err(|error| error.to_string())?;
            }
        }
        for image in engine.list_images().await.map_err(|error| error.to_string())? {
            if ours(&image.owner) {
                // One that another one is built on goes with it.
                drop(engine.remove_image(image.id.as_str()).await);
            }
        }
        let left = engine.list_containers().await.map_err(|error| error.to_string())?;
        let left: Vec<_> = left.iter().filter(|c| ours(&c.owner)).map(|c| &c.name).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) }
    }
}

fn secrets() -> SecretValues {
    SecretValues([("password".to_owned(), Sensitive::new("hunter2"))].into())
}

/// The same project, of things that a real engine on any machine can do.
fn feasible(project: &Project, image: &str) -> Project {
    let mut project = project.clone();
    for spec in project.images.values_mut() {
        match &mut spec.source {
            ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(text), .. } => {
                let lines = text.lines().filter(|line| !line.starts_with("COPY"));
                let lines = lines.map(|line| match line {
                    "FROM scratch" => format!("FROM {image}"),
                    line => line.to_owned(),
                });
                *text = lines.collect::<Vec<_>>().join("\n");
            }
            ImageSource::External { .. } => image.clone_into(&mut spec.reference),
            ImageSource::Dockerfile { .. }
            | ImageSource::Commands { .. }
            | ImageSource::Provision(_)
            | ImageSource::Import { .. } => {}
        }
    }
    for volume in project.volumes.values_mut() {
        volume.config.driver_options = BTreeMap::new();
    }
    for spec in project.containers.values_mut() {
        if let ImageUse::External(reference) = &mut spec.image {
            *reference = image.into();
        }
        make_feasible(spec);
    }
    project
}

fn make_feasible(spec: &mut ContainerSpec) {
    // An engine refuses to put a file where nothing can be written.
    let read_only = spec.config.read_only && spec.secrets.is_empty();
    let config = &mut spec.config;
    config.read_only = read_only;
    config.command = config.command.take().map(command);
    config.entrypoint = config
        .entrypoint
        .take()
        .map(|words| {
            let flags = words.iter().skip(1).map(|word| word.trim_start_matches('-').to_owned());
            std::iter::once("env".to_owned()).chain(flags).collect()
        })
        .into();
    if let Some(Healthcheck { test: test @ (HealthTest::Exec(_) | HealthTest::Shell(_)), .. }) =
        &mut *config.healthcheck
    {
        *test = HealthTest::Exec(vec!["true".to_owned()]);
    }
    if let Some(check) = &mut *config.healthcheck {
        check.interval_ns = if check.is_active() { 1_000_000_000 } else { 0 };
        check.start_period_ns = 0;
    }
    config.group_add = config.group_add.iter().map(|_| "1001".to_owned()).collect();
    config.gpus = None.into();
    // Not every engine may give them: one in a container itself has not all of them.
    config.privileged = false;
    config.cap_add.clear();
    config.cgroup_parent = None.into();
    config.cgroupns = None.into();
    config.limits.blkio_weight = None;
    for mount in config.mounts.values_mut() {
        mount.propagation = None;
    }
    without_conflicts(config);
}

/// Some options exclude one another.
fn without_conflicts(config: &mut ContainerConfig) {
    let host = config.network_mode == NetworkMode::Host;
    if host || config.network_mode == NetworkMode::None {
        config.sysctls.clear();
        config.dns.clear();
        config.publish_all = false;
        config.published.clear();
    }
    if config.uts.is_some() || host {
        config.hostname = None;
        config.domainname = None.into();
    }
    if config.limits.memory_reservation_bytes > config.limits.memory_bytes {
        config.limits.memory_reservation_bytes = None;
    }
}

/// Something that runs until it is told to stop, or ends at once.
fn command(words: Vec<String>) -> Vec<String> {
    if words[0] == "exit" {
        return vec!["true".to_owned()];
    }
    let script = "trap 'exit 0' TERM INT QUIT; sleep 1000 & wait";
    ["sh", "-c", script].into_iter().map(str::to_owned).chain(words).collect()
}

#[tokio::test]
async fn a_volume_belongs_to_its_owner() {
    let Some(lab) = lab() else { return };
    let name = format!("wlreal{}-owner", std::process::id());
    let script = "test \"$(stat -c '%u %g %a' /data)\" = '999 998 2750'";
    let project = ProjectBuilder::new(&name)
        .volume("data")
        .container(
            ContainerBuilder::new("look")
                .command(&["sh", "-c", script])
                .volume("data", "/data")
                .edit(|spec| spec.config.restart = RestartPolicy::No),
        )
        .container(
            ContainerBuilder::new("after")
                .command(&["sh", "-c", "true"])
                .depends_on("look", Condition::Completed),
        )
        .edit(|project| {
            let owner = VolumeOwner { uid: 999, gid: 998, mode: 0o2750 };
            project.volumes.get_mut("data").unwrap().owner = Some(owner);
            for spec in project.containers.values_mut() {
                spec.image = ImageUse::External(lab.image.as_str().into());
            }
        })
        .finish();
    let result = lab.run(&project, &Request::new(Verb::Up)).await;
    lab.clean(&name).await.and(result).unwrap();
}
