//! The page of `windlass serve`, in a browser: it must show what runs as it changes, to everybody, and nothing that a container
//! writes may become a part of it.
//!
//! Invariant: passes over where `WINDLASS_TEST_BROWSER` does not say that there is a browser.

use crate::harness::browser::Browser;
use crate::harness::{World, tell};
use crate::serve::Service;

const FILE: &str = "
networks: {net: }
containers:
  db: {@idle, networks: [net]}
  web:
    image: '@image'
    command: [sh, -c, 'echo \"<b id=evil>bold</b><script>evil()</script>\"; sleep 1000000']
    init: true
    stop_timeout: 1
    networks: [net]
    ports: ['127.0.0.1::80']
    depends_on: [db]
";

/// A project that is up, its server, and a browser that was let in.
fn page(test: &str) -> Option<(World, Service, Browser)> {
    let Some(mut browser) = Browser::new() else {
        tell("page: passed over: WINDLASS_TEST_BROWSER is not set");
        return None;
    };
    let world = World::new(test)?;
    world.yaml(FILE);
    world.up();
    let service = Service::start(&world);
    let link = service.ask("POST /v1/page-links", "").json();
    browser.open(link["url"].as_str().unwrap());
    browser.until("document.querySelectorAll('#list li').length === 2");
    Some((world, service, browser))
}

/// The word for the state of a container.
fn state(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('#list .item')].find((one) => one.querySelector('.name').textContent === '{name}')\
         .querySelector('.state').textContent"
    )
}

#[test]
fn it_must_show_what_runs_as_it_changes() {
    let Some((world, service, mut browser)) = page("page-shows") else { return };
    browser.until(&format!("{} === 'running'", state("db")));
    let title = browser.eval("document.querySelector('h1').textContent");
    assert_eq!(title, world.project.as_str());
    let ports = browser.eval("document.querySelector('#list .ports').textContent");
    assert!(ports.as_str().unwrap().ends_with("→80"), "{ports}");
    assert_eq!(browser.eval("document.querySelectorAll('#graph .node').length"), 4);
    assert_eq!(browser.eval("document.querySelectorAll('#graph .edge.strong').length"), 1);
    world.run(&["stop", "web"]).code(0);
    browser.until(&format!("{}.startsWith('exited')", state("web")));
    world.run(&["start", "web"]).code(0);
    browser.until(&format!("{} === 'running'", state("web")));
    let lease = service.lease(r#"{"container": "db"}"#);
    let id = lease["id"].as_str().unwrap();
    browser.until(&format!("document.getElementById('leases').innerText.includes('{id}')"));
    drop(service.ask(&format!("DELETE /v1/leases/{id}"), ""));
    browser.until("document.getElementById('leases-part').hidden");
    // Nobody has asked for it again.
    assert_eq!(browser.eval("performance.getEntriesByType('navigation').length"), 1);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn it_must_be_used_with_the_keyboard_alone_and_take_no_markup() {
    let Some((_world, _service, mut browser)) = page("page-keys") else { return };
    let focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id";
    let is_web = format!("({focused}).startsWith('web: running')");
    for _ in 0..10 {
        if browser.eval(&is_web) == true {
            break;
        }
        browser.press("Tab");
    }
    assert_eq!(browser.eval(&is_web), true, "{}", browser.eval(focused));
    browser.press("Enter");
    browser.until("document.getElementById('log').innerText.includes('<script>evil()</script>')");
    assert_eq!(browser.eval("document.getElementById('evil')"), serde_json::Value::Null);
    assert_eq!(browser.eval("document.activeElement.id"), "log");
    browser.press("Escape");
    browser.until("document.getElementById('drawer').hidden");
    assert_eq!(browser.eval(&is_web), true);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn everything_that_can_be_used_must_have_a_name() {
    let Some((_world, _service, mut browser)) = page("page-names") else { return };
    browser.eval("document.querySelector('#list button:not(:disabled)').click()");
    browser.until("!document.getElementById('drawer').hidden");
    let tree = browser.call("Accessibility.getFullAXTree", &serde_json::json!({}));
    let roles = ["button", "link", "checkbox", "log", "listitem", "region", "group", "heading"];
    let mut seen = 0;
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let is_drawn = node["ignored"] != true && roles.contains(&role) && role != "listitem";
        if is_drawn {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.trim().is_empty(), "{node}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}: {tree}");
}

#[test]
fn it_must_keep_to_what_its_reader_prefers() {
    let Some((_world, _service, mut browser)) = page("page-prefers") else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    let moving = "document.getAnimations().length";
    browser.until("document.getElementById('link').classList.contains('live')");
    let light = browser.eval(ground);
    assert_ne!(browser.eval(moving), 0);
    browser.prefers("prefers-color-scheme", "dark");
    assert_ne!(browser.eval(ground), light);
    browser.prefers("prefers-reduced-motion", "reduce");
    assert_eq!(browser.eval(moving), 0);
    // Narrow: nothing but the graph goes beyond the window.
    let narrow =
        serde_json::json!({"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", &narrow);
    browser.until("document.documentElement.scrollWidth <= 360");
}
