//! Recorded replies of engines 20.10.24 and 28.5.2 and of podman 4.3.1.

use super::*;

const ID: &str = "257f0000000000000000000000000000000000000000000000000000000000ab";

fn port(port: u16) -> Fault {
    Fault::PortInUse { port: Some(port) }
}

fn in_use() -> Fault {
    Fault::InUse { by: Vec::new() }
}

/// Checks rows of call, status, message and kind.
fn check(rows: &[(&str, u16, &str, Fault)]) {
    for (call, status, message, wanted) in rows {
        let (call, message) = (call.replace("ID", ID), message.replace("ID", ID));
        let body = serde_json::json!({ "message": message }).to_string();
        let (kind, words) = reply(&call, *status, "application/json", body.as_bytes());
        assert_eq!((&kind, words.as_str()), (wanted, message.as_str()), "{call} {status}");
    }
}

#[test]
fn containers() {
    const CREATE: &str = "POST /containers/create";
    const START: &str = "POST /containers/web/start";
    let taken = Fault::NameConflict { holder: Some(ID.to_owned()) };
    check(&[
        (CREATE, 409, "Conflict. The container name \"/rlexp-a\" is already in use by container \"ID\". You have to remove (or rename) that container to be able to reuse that name.", taken.clone()),
        ("POST /containers/a/rename", 409, "Error when allocating new name: Conflict. The container name \"/b\" is already in use by container \"ID\". You have to remove (or rename) that container to be able to reuse that name.", taken),
        (CREATE, 500, "creating container storage: the container name \"a\" is already in use by ID. You have to remove that container to be able to reuse that name: that name is already in use", Fault::NameConflict { holder: Some(ID.to_owned()) }),
        (CREATE, 400, "Invalid container name (rlexp bad), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", Fault::Invalid),
        (CREATE, 404, "No such image: rlexp-noimage:1", Fault::ImageMissing),
        (CREATE, 404, "no such image: docker.io/library/rlexp-none:1: image not known", Fault::ImageMissing),
        (CREATE, 404, "image with reference busybox was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64", Fault::ImageMissing),
        (CREATE, 400, "No command specified", Fault::Invalid),
        (CREATE, 404, "plugin \"bogus\" not found", Fault::Unsupported),
        ("POST /volumes/create", 400, "plugin \"bogus\" not found", Fault::Unsupported),
        (CREATE, 400, "invalid mount config for type \"bind\": bind source path does not exist: /x", Fault::MountSourceMissing),
        (CREATE, 500, "invalid volume specification: 'a:b:c:d'", Fault::Other),
        (CREATE, 400, "Container cannot be connected to network endpoints: bridge, host", Fault::Invalid),
        (CREATE, 500, "write /.../overlay2/...-init/link: no space left on device", Fault::DiskFull),
        (START, 404, "network rlexp-nonet not found", Fault::NetworkMissing),
        (START, 404, "failed to set up container networking: network a95b7fa7 not found", Fault::NetworkMissing),
        (START, 400, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/no/such/binary\": stat /no/such/binary: no such file or directory: unknown", Fault::CommandNotRunnable),
        (START, 400, "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"sleep\": executable file not found in $PATH", Fault::CommandNotRunnable),
        (START, 400, "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/etc/passwd\": permission denied: unknown", Fault::CommandNotRunnable),
        (START, 500, "unable to find user nosuchuser: no matching entries in passwd file", Fault::UserUnknown),
        (START, 500, "driver failed programming external connectivity on endpoint rlexp-p2 (7f4a): Bind for 127.0.0.1:48111 failed: port is already allocated", port(48111)),
        (START, 500, "failed to set up container networking: driver failed programming external connectivity on endpoint x (7f4a): Bind for 0.0.0.0:80 failed: port is already allocated", port(80)),
        (START, 500, "driver failed programming external connectivity on endpoint x (7f): Error starting userland proxy: listen tcp4 127.0.0.1:48112: bind: address already in use", port(48112)),
        (START, 500, "cannot listen on the TCP port: listen tcp4 127.0.0.1:48111: bind: address already in use", port(48111)),
        (START, 500, "error while mounting volume '/v': failed to mount local volume: mount :/x:/v: no such device", Fault::Other),
        (START, 409, "cannot start a paused container, try unpause instead", Fault::WrongState),
        ("DELETE /containers/x", 409, "You cannot remove a running container 8c9a. Stop the container before attempting removal or force remove", Fault::WrongState),
        ("DELETE /containers/x", 409, "cannot remove container \"x\": container is running: stop the container before removing or force remove", Fault::WrongState),
        ("DELETE /containers/x", 409, "removal of container rlexp-cd is already in progress", Fault::RemovalInProgress),
        ("POST /containers/x/kill", 409, "Container 491f is not running", Fault::WrongState),
        ("POST /containers/x/unpause", 500, "Container 491f is not paused", Fault::WrongState),
        ("GET /containers/x/json", 404, "No such container: x", Fault::NotFound),
        ("POST /containers/ID/start", 404, "No such container: ID", Fault::NotFound),
        ("POST /containers/ID/start", 404, "No such container: 00112233445566778899", Fault::Other),
        ("POST /containers/create", 404, "No such container: gone", Fault::Other),
        ("POST /images/create", 404, "pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", Fault::RegistryDenied),
        ("GET /images/x/json", 404, "No such image: x:latest", Fault::NotFound),
        ("DELETE /volumes/v", 409, "remove v: volume is in use - [ID]", Fault::InUse { by: vec![ID.to_owned()] }),
        ("GET /containers/x/json", 404, "no container with name or id \"x\" found: no such container", Fault::NotFound),
        ("GET /containers/x/logs", 501, "configured logging driver does not support reading", Fault::Unsupported),
        ("POST /containers/x/wait", 400, "invalid condition: \"bogus\"", Fault::Invalid),
    ]);
}

#[test]
fn volumes_networks_images() {
    const NETWORK: &str = "POST /networks/create";
    const PULL: &str = "POST /images/create";
    check(&[
        ("DELETE /volumes/v", 409, "remove v: volume is in use - [bddc]", in_use()),
        ("DELETE /volumes/v", 404, "get v: no such volume", Fault::NotFound),
        ("DELETE /volumes/v", 404, "no such volume v", Fault::NotFound),
        (NETWORK, 409, "network with name x already exists", Fault::NameConflict { holder: None }),
        (NETWORK, 500, "network name x already used: network already exists", Fault::NameConflict { holder: None }),
        ("DELETE /networks/n", 400, "network x is ambiguous (2 matches found based on name)", Fault::Invalid),
        ("DELETE /networks/n", 403, "error while removing network: network rlexp-n1 id 7f52 has active endpoints", in_use()),
        ("DELETE /networks/n", 500, "\"n\" has associated containers with it. Use -f to forcefully delete containers and pods: network is being used", in_use()),
        ("GET /networks/n", 404, "network n not found", Fault::NotFound),
        ("GET /networks/n", 404, "unable to find network with name or id n: network not found", Fault::NotFound),
        (NETWORK, 403, "Pool overlaps with other one on this address space", Fault::AddressPool),
        (NETWORK, 403, "invalid pool request: Pool overlaps with other one on this address space", Fault::AddressPool),
        (NETWORK, 404, "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network", Fault::AddressPool),
        (NETWORK, 400, "all predefined address pools have been fully subnetted", Fault::AddressPool),
        ("POST /networks/n/disconnect", 500, "container a74b is not connected to network rlexp-n1", Fault::Other),
        ("DELETE /images/i", 409, "conflict: unable to delete c9f2 (cannot be forced) - image is being used by running container 063f", in_use()),
        ("POST /images/i/tag", 500, "invalid reference format: repository name must be lowercase", Fault::Other),
        (PULL, 500, "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example on 10.255.255.53:53: no such host", Fault::RegistryUnreachable),
        (PULL, 500, "unauthorized", Fault::RegistryDenied),
        (PULL, 500, "denied", Fault::RegistryDenied),
        (PULL, 404, "manifest unknown", Fault::RegistryNotFound),
        (PULL, 500, "toomanyrequests: You have reached your pull rate limit.", Fault::RegistryDenied),
        (PULL, 500, "received unexpected HTTP status: 500 Internal Server Error", Fault::RegistryUnreachable),
        (PULL, 500, "error unmarshalling content: invalid character '<' looking for beginning of value", Fault::RegistryUnreachable),
        ("GET /services", 503, "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.", Fault::Unsupported),
        ("POST /services/create", 409, "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service rlexp-u already exists", Fault::NameConflict { holder: None }),
        ("POST /build", 400, "dockerfile parse error line 2: unknown instruction: RUNN", Fault::Invalid),
        ("GET /nothing", 404, "page not found", Fault::Unsupported),
        ("POST /containers/create", 500, "unexpected EOF", Fault::Other),
        ("POST /containers/create", 400, "invalid JSON: unexpected EOF", Fault::Invalid),
    ]);
}

#[test]
fn bodies_that_are_not_dockers() {
    let table: [(u16, &str, &str, Fault, &str); 7] = [
        (502, "text/html", "<html>bad</html>", Fault::Malformed, "what answered is no engine: <html>bad</html>"),
        (404, "text/plain", "Not Found\n", Fault::Unsupported, "Not Found"),
        (405, "text/plain", "Method Not Allowed", Fault::Unsupported, "Method Not Allowed"),
        (400, "text/plain", "client version 1.11 is too old. Minimum supported API version is 1.12", Fault::Invalid, "client version 1.11 is too old. Minimum supported API version is 1.12"),
        (500, "application/json", r#"{"cause":"that name is already in use","message":"odd","response":500}"#, Fault::NameConflict { holder: None }, "odd"),
        (500, "application/json", r#"{"cause":"unexpected EOF","message":"decode(): unexpected EOF","response":500}"#, Fault::Other, "decode(): unexpected EOF"),
        (500, "application/json", "", Fault::Other, ""),
    ];
    for (status, content_type, body, wanted, words) in table {
        let found = reply("POST /containers/create", status, content_type, body.as_bytes());
        assert_eq!(found, (wanted, words.to_owned()), "{status} {body}");
    }
}

#[test]
fn errors_inside_streams() {
    let table = [
        ("POST /images/create", "filesystem layer verification failed for digest sha256:49ce", Fault::Other),
        ("POST /images/create", "manifest verification failed for digest sha256:000", Fault::Other),
        ("POST /build", "The command '/bin/sh -c exit 3' returned a non-zero code: 3", Fault::BuildFailed),
        ("POST /build", "COPY failed: forbidden path outside the build context: ../../etc/passwd ()", Fault::BuildFailed),
        ("POST /images/load", "write /x: no space left on device", Fault::DiskFull),
        ("POST /images/load", "what is this", Fault::Other),
    ];
    for (call, message, wanted) in table {
        assert_eq!(stream(call, message), wanted, "{message}");
    }
}

#[test]
fn long_foreign_text_is_cut() {
    let (_, words) = reply("GET /x", 500, "text/plain", "é".repeat(5000).as_bytes());
    assert_eq!(words.chars().count(), FOREIGN_LIMIT);
}
