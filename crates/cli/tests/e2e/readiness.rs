//! Waiting for containers whose images have nothing in them but their program.
//!
//! Invariant: what was waited for, and the end of the log, is said of what does not become ready.

use crate::harness::World;

const FILE: &str = r#"
images:
  server:
    context: false
    commands:
      - FROM scratch
      - {COPY: {from: '@image', path: /bin/busybox, to: /httpd}}
      - {ADD: {content: "hello\n", dest: /www/index.html}}
      - CMD ["/httpd", "-f", "-v", "-p", "80", "-h", "/www"]
networks: {net: }
containers:
  well:
    image: server
    init: true
    networks: [net]
    wait: {file_exists: /www/index.html, file_value: {/www/index.html: hello}, port_open: 80, http: 80/index.html, timeout: 30s}
  closed: {image: server, init: true, wait: {port_open: 81, timeout: 2s, interval: 100ms}}
  absent: {image: server, init: true, wait: {http: 80/none, timeout: 2s}}
  alone: {image: server, init: true, network_mode: none, wait: {port_open: 80, timeout: 20s}}
  talks:
    image: '@image'
    command: [sh, -c, 'echo I am still starting; sleep 1000000']
    init: true
    wait: {log: ready, timeout: 2s}
"#;

#[test]
fn an_image_must_need_nothing_to_be_waited_for() {
    let Some(world) = World::new("ready-scratch") else { return };
    world.yaml(FILE);
    world.run(&["up", "well"]).code(0);
    assert_eq!(world.state("well"), "running");
    world
        .run(&["up", "closed"])
        .code(1)
        .says("its port 81 to open")
        .says(":81: Connection refused");
    let absent = world.run(&["up", "absent"]);
    absent
        .code(1)
        .says("an answer to GET /none on port 80")
        .says("it answered \"HTTP/1.")
        .says("404");
    world.run(&["up", "alone"]).code(1).says("it has no address in any network");
    world.run(&["up", "talks"]).code(1).says("\"ready\" in its log").says("I am still starting");
}
