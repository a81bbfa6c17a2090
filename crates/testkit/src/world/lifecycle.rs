//! What happens to the processes of a fake engine's containers.
//!
//! Invariant: a container that is up has bound its ports; one that is not has no health.

use super::{World, refuse};
use crate::behaviour::{Behaviour, Verdict};
use windlass_engine::Result;
use windlass_model::endpoint::NetworkMode;
use windlass_model::fault::Fault;
use windlass_model::healthcheck::HealthTest;
use windlass_model::limits::RestartPolicy;
use windlass_model::name::ContainerId;
use windlass_model::observed::{Health, State};

/// Something that a process does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Exit { code: i64, oom_killed: bool },
    Health(Health),
}

/// A transition that is still to come.
#[derive(Clone, Debug)]
pub(crate) struct Later {
    pub(crate) container: ContainerId,
    pub(crate) run: u64,
    pub(crate) after_ms: u64,
    pub(crate) transition: Transition,
}

impl World {
    pub(crate) fn start(&mut self, id: &ContainerId) -> Result<()> {
        match self.container(id)?.state {
            State::Running | State::Restarting => return Ok(()),
            State::Paused => {
                return refuse(Fault::WrongState, "cannot start a paused container");
            }
            State::Removing | State::Dead => {
                return refuse(Fault::WrongState, "container is marked for removal");
            }
            State::Created | State::Exited | State::Other => {}
        }
        let behaviour = self.behaviour(id);
        if let Err(error) = self.check_start(id, &behaviour) {
            let container = self.container(id)?;
            container.error.clone_from(&error.message);
            container.exit_code = if behaviour.not_runnable { 127 } else { 128 };
            return Err(error);
        }
        let started_at = self.now_text();
        let container = self.container(id)?;
        container.run += 1;
        container.state = State::Running;
        container.started_at = started_at;
        container.error = String::new();
        container.exit_code = 0;
        container.oom_killed = false;
        container.health_output = None;
        container.log.push(format!("{} started", container.name));
        // A check without a test, where the image has none either, never runs.
        let checked = container
            .config
            .healthcheck
            .as_ref()
            .is_some_and(|check| check.is_active() && check.test != HealthTest::Inherit);
        container.health = checked.then_some(Health::Starting);
        self.emit("container", "start", id.as_str(), &[]);
        self.schedule(id, &behaviour, checked);
        Ok(())
    }

    fn behaviour(&self, id: &ContainerId) -> Behaviour {
        let container = &self.containers[id];
        self.behaviours
            .get(&container.image)
            .cloned()
            .unwrap_or_else(|| Behaviour::of(&container.config))
    }

    fn schedule(&mut self, id: &ContainerId, behaviour: &Behaviour, checked: bool) {
        let transition = match (behaviour.exit, behaviour.verdict) {
            (Some(code), _) => Transition::Exit { code, oom_killed: behaviour.oom_killed },
            (None, Verdict::Healthy) if checked => Transition::Health(Health::Healthy),
            (None, Verdict::Unhealthy) if checked => Transition::Health(Health::Unhealthy),
            (None, Verdict::Healthy | Verdict::Unhealthy | Verdict::Undecided) => return,
        };
        let run = self.containers[id].run;
        let later = Later { container: id.clone(), run, after_ms: behaviour.after_ms, transition };
        if later.after_ms == 0 {
            self.pass(&later);
        } else {
            self.later.push(later);
        }
    }

    /// Does what a process was to do, unless it was started again in between.
    pub(crate) fn pass(&mut self, later: &Later) {
        let id = &later.container;
        let Some(container) = self.containers.get_mut(id) else { return };
        if container.run != later.run || !container.state.is_up() {
            return;
        }
        match &later.transition {
            Transition::Exit { code, oom_killed } => self.exit(id, *code, *oom_killed),
            Transition::Health(health) => {
                container.health = Some(*health);
                let action = match health {
                    Health::Healthy => "health_status: healthy",
                    Health::Unhealthy => "health_status: unhealthy",
                    Health::Starting => return,
                };
                if *health == Health::Unhealthy {
                    container.health_output = Some("no answer on port 80".to_owned());
                }
                self.emit("container", action, id.as_str(), &[]);
            }
        }
    }

    fn check_start(&self, id: &ContainerId, behaviour: &Behaviour) -> Result<()> {
        let container = &self.containers[id];
        for (name, network) in &container.networks {
            let there = match network {
                Some(network) => self.networks.contains_key(network),
                None => self.find_network(name).is_ok(),
            };
            if !there {
                return refuse(Fault::NetworkMissing, format!("network {name} not found"));
            }
        }
        let config = &container.config;
        let network = match &config.network_mode {
            NetworkMode::Container(name) => Some(name.as_str()),
            NetworkMode::Bridge | NetworkMode::Networks | NetworkMode::Host | NetworkMode::None => {
                None
            }
        };
        let shared = [&config.pid, &config.ipc]
            .into_iter()
            .filter_map(|mode| mode.as_deref()?.strip_prefix("container:"));
        for name in shared.chain(network) {
            let other = self.find_container(name)?;
            if !self.containers[&other].state.is_up() {
                let message = format!("cannot join the namespace of {name}: it is not running");
                return refuse(Fault::WrongState, message);
            }
        }
        self.check_host(id)?;
        if behaviour.not_runnable {
            let message = "exec: \"missing\": executable file not found in $PATH";
            return refuse(Fault::CommandNotRunnable, message);
        }
        Ok(())
    }

    /// Ports of the host and addresses of the networks are free.
    fn check_host(&self, id: &ContainerId) -> Result<()> {
        let config = &self.containers[id].config;
        let others = self.containers.values().filter(|c| c.id != *id && c.state.is_up());
        for other in others {
            for port in &config.published {
                if other.config.published.iter().any(|taken| taken.conflicts_with(port)) {
                    let message = format!("Bind for {port} failed: port is already allocated");
                    return refuse(Fault::PortInUse { port: port.published }, message);
                }
            }
            for (network, endpoint) in &config.endpoints {
                let taken = other.config.endpoints.get(network).and_then(|e| e.ipv4.as_ref());
                if endpoint.ipv4.is_some() && taken == endpoint.ipv4.as_ref() {
                    return refuse(Fault::Other, "Address already in use");
                }
            }
        }
        Ok(())
    }

    pub(crate) fn stop(&mut self, id: &ContainerId) -> Result<()> {
        if !self.container(id)?.state.is_up() {
            return Ok(());
        }
        self.emit("container", "kill", id.as_str(), &[("signal", "15")]);
        let code = if self.behaviour(id).ignores_term { 137 } else { 143 };
        self.exit(id, code, false);
        self.emit("container", "stop", id.as_str(), &[]);
        Ok(())
    }

    pub(crate) fn kill(&mut self, id: &ContainerId, signal: &str) -> Result<()> {
        if !self.container(id)?.state.is_up() {
            return refuse(Fault::WrongState, format!("Container {id} is not running"));
        }
        self.emit("container", "kill", id.as_str(), &[("signal", signal)]);
        match signal.trim_start_matches("SIG") {
            "KILL" | "9" => self.exit(id, 137, false),
            "TERM" | "15" | "INT" | "2" | "QUIT" | "3" if !self.behaviour(id).ignores_term => {
                self.exit(id, 143, false);
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn pause(&mut self, id: &ContainerId, pause: bool) -> Result<()> {
        let container = self.container(id)?;
        let (from, to, action) = if pause {
            (State::Running, State::Paused, "pause")
        } else {
            (State::Paused, State::Running, "unpause")
        };
        if container.state != from {
            return refuse(Fault::WrongState, format!("Container {id} is not {}", from.as_str()));
        }
        container.state = to;
        self.emit("container", action, id.as_str(), &[]);
        Ok(())
    }

    /// Its process ends.
    pub(crate) fn exit(&mut self, id: &ContainerId, code: i64, oom_killed: bool) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.state = State::Exited;
        container.health = None;
        container.exit_code = code;
        container.oom_killed = oom_killed;
        if oom_killed {
            self.emit("container", "oom", id.as_str(), &[]);
        }
        self.emit("container", "die", id.as_str(), &[("exitCode", &code.to_string())]);
    }

    /// It dies and the engine starts it again, as a restart policy has it.
    pub(crate) fn restart_by_itself(&mut self, id: &ContainerId) {
        self.exit(id, 1, false);
        if let Ok(container) = self.container(id) {
            container.restart_count += 1;
        }
        // Its behaviour may refuse it; then it stays down, which is what a test sees.
        drop(self.start(id));
    }

    /// The engine ends, and with it every process; what happened so far is forgotten.
    pub(crate) fn fall(&mut self) {
        let up = self.containers.values().filter(|container| container.state.is_up());
        self.fallen = up.map(|container| container.id.clone()).collect();
        for id in self.fallen.clone() {
            self.exit(&id, 143, false);
        }
        self.events.clear();
        self.fresh.clear();
        self.later.clear();
    }

    /// The engine is back: what its restart policy lets run runs again, and what shall always run
    /// even if it was stopped before.
    pub(crate) fn rise(&mut self) {
        let fallen = std::mem::take(&mut self.fallen);
        let comes_back = |id: &ContainerId, policy: RestartPolicy, was_started: bool| match policy {
            RestartPolicy::No => false,
            RestartPolicy::Always => was_started,
            RestartPolicy::UnlessStopped | RestartPolicy::OnFailure(_) => fallen.contains(id),
        };
        let back: Vec<ContainerId> = self
            .containers
            .values()
            .filter(|c| comes_back(&c.id, c.config.restart, !c.started_at.is_empty()))
            .map(|container| container.id.clone())
            .collect();
        for id in back {
            // One that can't run stays down, as on an engine.
            drop(self.start(&id));
        }
    }
}
