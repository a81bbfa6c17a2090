//! What the words of engines and registries mean.
//!
//! Invariant: a phrase is here because an engine was seen (or its source was read) to say it.

use std::net::Ipv4Addr;
use windlass_model::observed::tells_of_a_held_process;

use windlass_model::fault::Fault;

use super::Target;

/// What the words say, whatever the status; `None` when they are not known.
pub(super) fn fault(target: Target<'_>, message: &str) -> Option<Fault> {
    let lower = message.to_lowercase();
    name_conflict(message, &lower)
        .or_else(|| port_in_use(message, &lower))
        .or_else(|| missing(target, &lower))
        .or_else(|| in_use(message, &lower))
        .or_else(|| networks(&lower))
        .or_else(|| registries(target, &lower))
        .or_else(|| states(&lower))
        .or_else(|| content(&lower))
        .or_else(|| values(target, &lower))
        .or_else(|| host(&lower))
}

/// What stopped a build other than its own steps. The error of a step quotes the step, whose words
/// are the user's and mean nothing here.
pub(super) fn build_fault(target: Target<'_>, message: &str) -> Option<Fault> {
    let lower = message.to_lowercase();
    let quotes = ["returned a non-zero code", "did not complete successfully", "executor failed"];
    if any(&lower, &quotes) {
        return None;
    }
    registries(target, &lower).or_else(|| disk_full(&lower))
}

fn any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

/// All words that are full ids.
fn ids(message: &str) -> Vec<String> {
    let words = message.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 64).map(str::to_owned).collect()
}

/// The ids of those who use something; some messages have them in short, after a word.
fn users(message: &str) -> Vec<String> {
    let mut found = ids(message);
    let mut words = message.split_whitespace();
    while let Some(word) = words.next() {
        if word == "container"
            && let Some(id) = words.next()
            && id.len() == 12
            && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            found.push(id.to_owned());
        }
    }
    found
}

fn name_conflict(message: &str, lower: &str) -> Option<Fault> {
    // docker: … is already in use by container "ID". podman: … name is already in use (by ID).
    let taken = (lower.contains("name") && lower.contains("already in use"))
        || any(lower, &["name conflicts with an existing object", "network already exists"])
        || (lower.contains("network with name") && lower.contains("already exists"))
        || lower.contains("volume already exists");
    if !taken || lower.contains("address already in use") {
        return None;
    }
    Some(Fault::NameConflict { holder: ids(message).into_iter().next() })
}

fn port_in_use(message: &str, lower: &str) -> Option<Fault> {
    let taken = any(lower, &["port is already allocated", "ports are not available"])
        || (lower.contains("bind") && lower.contains("address already in use"));
    taken.then(|| {
        let words = message.split([' ', '/', '\'', '"']);
        let port = words.map(|word| word.trim_end_matches([':', ','])).find_map(bound_port);
        Fault::PortInUse { port }
    })
}

/// The port of `127.0.0.1:80`, `[::]:80` or `:::80`; and the first of `127.0.0.1:80:172.17.0.2:90`,
/// where the second is the container's.
fn bound_port(word: &str) -> Option<u16> {
    let mut parts = word.split(':');
    if let (Some(host), Some(port), Some(inner)) = (parts.next(), parts.next(), parts.next())
        && host.parse::<Ipv4Addr>().is_ok()
        && inner.parse::<Ipv4Addr>().is_ok()
    {
        return port.parse().ok();
    }
    let (host, port) = word.rsplit_once(':')?;
    let is_host = |c: char| c.is_ascii_hexdigit() || ".:[]".contains(c);
    (!host.is_empty() && host.chars().all(is_host)).then(|| port.parse().ok()).flatten()
}

fn missing(target: Target<'_>, lower: &str) -> Option<Fault> {
    let about = |kind: &str, otherwise: Fault| {
        Some(if target.is_about(kind) { Fault::NotFound } else { otherwise })
    };
    if any(
        lower,
        &[
            "no such image",
            // Somebody else's removal, of a child or of itself, was faster.
            "unrecognized image",
            "image not known",
            "image does not exist locally",
            "does not match the specified platform",
        ],
    ) {
        return about("images", Fault::ImageMissing);
    }
    if lower.contains("plugin \"") && lower.contains("not found") {
        return Some(Fault::Unsupported);
    }
    if lower.contains("no such volume") {
        return about("volumes", Fault::Other);
    }
    if lower.contains("no such exec instance") {
        return Some(Fault::NotFound);
    }
    if any(lower, &["no such container", "no container with name or id"]) {
        return Some(missing_container(target, lower));
    }
    let network = any(lower, &["network not found", "no such network"])
        || (lower.contains("network ") && lower.ends_with(" not found"));
    network.then(|| about("networks", Fault::NetworkMissing)).flatten()
}

/// A call about one container may fail because another one is gone, whose namespace it shares.
fn missing_container(target: Target<'_>, lower: &str) -> Fault {
    let named = lower
        .split(|c: char| c.is_whitespace() || "\"',:".contains(c))
        .rfind(|word| word.len() > 11 && word.chars().all(|c| c.is_ascii_hexdigit()));
    match (target.object(), named) {
        (Some(object), Some(named)) if target.is_about("containers") => {
            let same = object.starts_with(named) || named.starts_with(object);
            // A name in the call says nothing about the id in the message.
            let by_name = !object.chars().all(|c| c.is_ascii_hexdigit());
            if same || by_name { Fault::NotFound } else { Fault::Other }
        }
        (Some(_), _) => Fault::NotFound,
        (None, _) => Fault::Other,
    }
}

fn in_use(message: &str, lower: &str) -> Option<Fault> {
    let used = [
        "has active endpoints",
        "network is being used",
        "network is in use",
        "volume is in use",
        "volume is being used",
        "image is being used by",
        "image is in use",
        "image used by",
        "is using its referenced image",
        "image has dependent child images",
    ];
    any(lower, &used).then(|| Fault::InUse { by: users(message) })
}

fn networks(lower: &str) -> Option<Fault> {
    let pool = [
        "address pool among the defaults",
        "predefined address pools have been fully subnetted",
        "could not find free subnet",
        "pool overlaps with other one",
        "is already used on the host or by another config",
        "subnet is already used",
    ];
    if any(lower, &pool) {
        Some(Fault::AddressPool)
    } else if lower.contains("is ambiguous (") {
        Some(Fault::Invalid)
    } else {
        None
    }
}

fn registries(target: Target<'_>, lower: &str) -> Option<Fault> {
    if !["images", "build", "auth", "distribution"].iter().any(|kind| target.is_about(kind)) {
        return None;
    }
    let denied = [
        "toomanyrequests",
        "rate limit",
        "unauthorized",
        "incorrect username or password",
        "access denied",
        "access to the resource is denied",
        "authentication required",
        "no basic auth credentials",
        "denied:",
    ];
    let absent = ["manifest unknown", "manifest for ", "repository name not known"];
    let unreachable = [
        "no such host",
        "dial tcp",
        "server gave http response to https client",
        "x509:",
        "error unmarshalling content",
        "error parsing http",
        "connection refused",
    ];
    let failing = [
        "received unexpected http status: 5",
        "unexpected eof",
        ": eof",
        "connection reset by peer",
        "broken pipe",
        "i/o timeout",
        "tls handshake timeout",
        "client.timeout exceeded",
        "context deadline exceeded",
        "server closed idle connection",
    ];
    if any(lower, &absent) {
        Some(Fault::RegistryNotFound)
    } else if any(lower, &denied) || lower == "denied" {
        Some(Fault::RegistryDenied)
    } else if any(lower, &unreachable) {
        Some(Fault::RegistryUnreachable)
    } else if any(lower, &failing) && !lower.contains("processing tar") {
        Some(Fault::RegistryFailing)
    } else if lower.contains("received unexpected http status") {
        Some(Fault::RegistryUnreachable)
    } else {
        None
    }
}

fn states(lower: &str) -> Option<Fault> {
    let wrong = [
        "cannot remove a running container",
        "container is running: stop the container",
        "paused container",
        "is paused",
        "is not paused",
        "is already paused",
        "is not running",
        "is already running",
        "is restarting, wait",
        "is marked for removal",
        "container state improper",
    ];
    if lower.contains("removal of container") && lower.contains("already in progress") {
        Some(Fault::RemovalInProgress)
    } else if tells_of_a_held_process(lower) {
        Some(Fault::Stuck)
    } else if any(lower, &wrong) {
        Some(Fault::WrongState)
    } else {
        None
    }
}

fn content(lower: &str) -> Option<Fault> {
    // runc: exec: "NAME": REASON. crun: executable file `NAME` not found; open executable: REASON.
    let reasons = [
        "executable file not found",
        "no such file or directory",
        "permission denied",
        "exec format error",
        "is a directory",
    ];
    let runs = (lower.contains("exec: \"") || lower.contains("open executable"))
        && any(lower, &reasons)
        || (lower.contains("executable file `") && lower.contains("not found"))
        || lower.contains("exec format error");
    if any(lower, &["unable to find user", "unable to find group"]) {
        Some(Fault::UserUnknown)
    } else if lower.contains("bind source path does not exist") {
        Some(Fault::MountSourceMissing)
    } else if runs && !lower.contains("mount") {
        Some(Fault::CommandNotRunnable)
    } else {
        None
    }
}

/// Values that engines refuse with a status of their own failure.
fn values(target: Target<'_>, lower: &str) -> Option<Fault> {
    let refused = [
        "invalid volume specification",
        "invalid reference format",
        "cannot unmarshal",
        "invalid json",
        "cannot locate specified dockerfile",
        "invalid tar header",
    ];
    let is_version = lower.contains("client version") && any(lower, &["is too new", "is too old"]);
    if is_version {
        Some(Fault::TooOldApi)
    } else if target.is_about("networks") && lower.contains("is not connected to") {
        Some(Fault::NotFound)
    } else {
        any(lower, &refused).then_some(Fault::Invalid)
    }
}

fn host(lower: &str) -> Option<Fault> {
    let unsupported = ["not a swarm manager", "driver does not support reading"];
    disk_full(lower).or_else(|| any(lower, &unsupported).then_some(Fault::Unsupported))
}

fn disk_full(lower: &str) -> Option<Fault> {
    any(lower, &["no space left on device", "disk quota exceeded"]).then_some(Fault::DiskFull)
}
