//! Limits and the restart policy.
//!
//! Invariant: zero is how engines write that there is no limit.

use windlass_model::limits::{Limits, RestartPolicy};

use crate::docker::document::host::{self, Resources, UpdateBody};

pub(super) fn resources(limits: &Limits) -> Resources {
    let Limits {
        memory_bytes,
        memory_swap_bytes,
        memory_reservation_bytes,
        nano_cpus,
        cpu_shares,
        cpu_period_us,
        cpu_quota_us,
        cpuset_cpus,
        cpuset_mems,
        pids,
        blkio_weight,
    } = limits;
    Resources {
        memory: memory_bytes.map(signed),
        memory_swap: *memory_swap_bytes,
        memory_reservation: memory_reservation_bytes.map(signed),
        nano_cpus: nano_cpus.map(signed),
        cpu_shares: cpu_shares.map(signed),
        cpu_period: cpu_period_us.map(signed),
        cpu_quota: *cpu_quota_us,
        cpuset_cpus: cpuset_cpus.clone(),
        cpuset_mems: cpuset_mems.clone(),
        pids_limit: *pids,
        blkio_weight: blkio_weight.map(i64::from),
    }
}

/// An update to less memory than the swap limit of before is refused, so the swap limit that the
/// engine would have chosen at creation is sent along.
pub(crate) fn update_body(limits: &Limits, restart: RestartPolicy) -> UpdateBody {
    let mut resources = resources(limits);
    if resources.memory_swap.is_none() {
        resources.memory_swap = resources.memory.map(|memory| memory.saturating_mul(2));
    }
    UpdateBody { resources, restart_policy: restart_policy(restart) }
}

/// The limits of a container; `asked` are those that it was created with, where that is known.
///
/// An engine whose kernel lacks a control drops the limit and says so in a warning; as no engine
/// can take a limit away later, one that was asked for and is not there was dropped, and asking
/// again would not help.
pub(super) fn observed(resources: Resources, asked: Option<&Limits>) -> Limits {
    let Resources {
        memory,
        memory_swap,
        memory_reservation,
        nano_cpus,
        cpu_shares,
        cpu_period,
        cpu_quota,
        cpuset_cpus,
        cpuset_mems,
        pids_limit,
        blkio_weight,
    } = resources;
    let none = Limits::default();
    let asked = asked.unwrap_or(&none);
    let doubled = memory.map(|memory| memory.saturating_mul(2));
    let swap = nonzero(memory_swap)
        .filter(|swap| asked.memory_swap_bytes.is_some() || Some(*swap) != doubled);
    let number = |observed, asked: Option<u64>| nonzero(observed).and_then(unsigned).or(asked);
    let word = |observed, asked: &Option<String>| super::text(observed).or_else(|| asked.clone());
    let weight = nonzero(blkio_weight).and_then(|weight| weight.try_into().ok());
    Limits {
        memory_bytes: number(memory, asked.memory_bytes),
        memory_swap_bytes: swap.or(asked.memory_swap_bytes),
        memory_reservation_bytes: number(memory_reservation, asked.memory_reservation_bytes),
        nano_cpus: number(nano_cpus, asked.nano_cpus),
        cpu_shares: number(cpu_shares, asked.cpu_shares),
        cpu_period_us: number(cpu_period, asked.cpu_period_us),
        cpu_quota_us: nonzero(cpu_quota).or(asked.cpu_quota_us),
        cpuset_cpus: word(cpuset_cpus, &asked.cpuset_cpus),
        cpuset_mems: word(cpuset_mems, &asked.cpuset_mems),
        pids: pids_limit.filter(|pids| *pids > 0).or(asked.pids),
        blkio_weight: weight.or(asked.blkio_weight),
    }
}

fn nonzero(value: Option<i64>) -> Option<i64> {
    value.filter(|value| *value != 0)
}

fn unsigned(value: i64) -> Option<u64> {
    value.try_into().ok()
}

/// No engine counts further than this.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn restart_policy(policy: RestartPolicy) -> host::RestartPolicy {
    let (name, count) = match policy {
        RestartPolicy::No => ("no", 0),
        RestartPolicy::Always => ("always", 0),
        RestartPolicy::UnlessStopped => ("unless-stopped", 0),
        RestartPolicy::OnFailure(count) => ("on-failure", count),
    };
    host::RestartPolicy { name: Some(name.to_owned()), maximum_retry_count: Some(i64::from(count)) }
}

pub(super) fn restart_observed(policy: Option<host::RestartPolicy>) -> RestartPolicy {
    let policy = policy.unwrap_or_default();
    let count = policy.maximum_retry_count.and_then(|count| count.try_into().ok());
    match policy.name.as_deref() {
        Some("always") => RestartPolicy::Always,
        Some("unless-stopped") => RestartPolicy::UnlessStopped,
        Some("on-failure") => RestartPolicy::OnFailure(count.unwrap_or_default()),
        Some(_) | None => RestartPolicy::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_that_the_engine_chose_is_left_out() {
        let given = Limits { memory_swap_bytes: Some(128), ..Limits::default() };
        let table = [
            (64, 128, None, None),
            (64, 128, Some(&given), Some(128)),
            (64, -1, None, Some(-1)),
            (64, 100, None, Some(100)),
            (0, 0, None, None),
        ];
        for (memory, swap, asked, wanted) in table {
            let resources =
                Resources { memory: Some(memory), memory_swap: Some(swap), ..Resources::default() };
            assert_eq!(observed(resources, asked).memory_swap_bytes, wanted);
        }
    }

    #[test]
    fn restart_policies() {
        for policy in [
            RestartPolicy::No,
            RestartPolicy::Always,
            RestartPolicy::UnlessStopped,
            RestartPolicy::OnFailure(0),
            RestartPolicy::OnFailure(3),
        ] {
            assert_eq!(restart_observed(Some(restart_policy(policy))), policy);
        }
        let odd = host::RestartPolicy { name: Some("sometimes".into()), maximum_retry_count: None };
        assert_eq!(restart_observed(Some(odd)), RestartPolicy::No);
    }
}
