//! The `OpenAPI` description, made from the table of routes.
//!
//! Invariant: it describes every route, and nothing that there is not.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::access::Needs;
use crate::route::{ROUTES, Route};
use crate::wish::{TTL_RANGE_S, TTL_S};

/// The whole description, which never changes.
pub(crate) fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(made)
}

fn made() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let at = paths.entry(route.path).or_insert_with(|| json!({}));
        at[route.method.to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "windlass serve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Containers of a project for test suites: a lease is a container of one's own, which goes when its \
                            owner does. Within a version of the path (`/v1`) things are added, never changed.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "windlass-PORT"},
            },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let text = |name: &str, place: &str, words: &str, required: bool| {
        json!({"name": name, "in": place, "description": words, "required": required,
            "schema": {"type": "string"}})
    };
    let mut parameters: Vec<Value> =
        route.query.iter().map(|(name, words)| text(name, "query", words, false)).collect();
    if route.path.contains("{id}") {
        parameters.push(text("id", "path", "of the lease or the container", true));
    }
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters,
        "security": match route.needs {
            Needs::Nothing => json!([]),
            Needs::Look => json!([{"token": []}, {"cookie": []}]),
            Needs::Token => json!([{"token": []}]),
        },
        "responses": {
            route.good.status.to_string(): good(route),
            "default": {
                "description": "It went wrong",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    });
    if let Some(schema) = route.body {
        operation["requestBody"] = json!({
            "required": schema == "Wish",
            "content": {"application/json": {"schema": reference(schema)}},
        });
    }
    operation
}

fn good(route: &Route) -> Value {
    let mut reply = json!({"description": route.summary});
    if !route.good.media.is_empty() {
        let schema = route.good.schema.map_or_else(|| json!({}), reference);
        reply["content"] = json!({route.good.media: {"schema": schema}});
    }
    reply
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn schemas() -> Value {
    let text = json!({"type": "string"});
    let maybe = json!({"type": ["string", "null"]});
    let texts = json!({"type": "array", "items": text});
    let map = json!({"type": "object", "additionalProperties": text});
    json!({
        "Wish": wish(),
        "Renewal": object(&[], &json!({"ttl_s": seconds("Its new time; without it, the one that it has")})),
        "Lease": lease(),
        "Leases": object(&["leases"], &json!({"leases": {"type": "array", "items": reference("Lease")}})),
        "Health": object(&["status"], &json!({"status": {"const": "serving"}, "version": text})),
        "PageLink": object(&["url"], &json!({"url": text})),
        "LogLine": object(&["channel", "line"], &json!({
            "channel": {"enum": ["stdout", "stderr"]}, "time": maybe, "line": text,
        })),
        "State": object(&["project", "containers", "leases"], &json!({
            "project": text,
            "containers": {"type": "array", "items": object(&["name", "state"], &json!({
                "name": text, "id": maybe, "image": maybe, "state": text, "health": maybe,
                "exit_code": {"type": ["integer", "null"]}, "status": maybe, "ports": texts,
                "created_s": {"type": ["integer", "null"]}, "declared": {"type": "boolean"}, "lease": maybe,
            }))},
            "graph": {"type": "array", "items": object(&["name", "kind", "needs"], &json!({
                "name": text, "kind": text, "needs": {"type": "array", "items": object(&["to"], &json!({
                    "to": text, "condition": maybe,
                }))},
            }))},
            "leases": {"type": "array", "items": reference("Lease")},
        })),
        "Problem": object(&["error"], &json!({"error": object(&["code", "message"], &json!({
            "code": text, "message": text, "detail": texts, "hint": maybe,
        }))})),
        "Addresses": map,
    })
}

fn seconds(words: &str) -> Value {
    json!({"type": "integer", "minimum": TTL_RANGE_S.start(), "maximum": TTL_RANGE_S.end(), "description": words})
}

fn wish() -> Value {
    let port =
        json!({"oneOf": [{"type": "integer"}, {"type": "string", "examples": ["80", "53/udp"]}]});
    let properties = json!({
        "container": {"type": "string", "description": "A declared container that it is like; this or `image`"},
        "image": {"type": "string", "description": "Its image: a key of the file, or a reference"},
        "command": {"type": "array", "items": {"type": "string"}, "description": "Instead of its own"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Beside its own"},
        "ports": {"type": "array", "items": port,
            "description": "Published beside those of the file, each on a free port of the engine's host"},
        "publish_on": {"type": "string", "default": "127.0.0.1", "description": "The address that they are published on"},
        "wait_for_ports": {"type": "array", "items": {"type": "integer"},
            "description": "TCP ports that must accept a connection before it is ready"},
        "timeout_s": {"type": "integer", "minimum": 1, "description": "How long each wait may take"},
        "ttl_s": {"type": "integer", "minimum": TTL_RANGE_S.start(), "maximum": TTL_RANGE_S.end(), "default": TTL_S,
            "description": "How long it lives without a renewal"},
        "hold": {"type": "boolean", "default": false,
            "description": "It lives as long as this connection: the answer is a stream"},
    });
    let mut wish = object(&[], &properties);
    wish["additionalProperties"] = false.into();
    wish["oneOf"] = json!([{"required": ["container"]}, {"required": ["image"]}]);
    wish
}

fn lease() -> Value {
    let place = object(
        &["host", "port"],
        &json!({"host": {"type": "string"}, "port": {"type": "integer"}}),
    );
    let served = json!({
        "container": {"type": "string", "description": "The id of its container"},
        "name": {"type": "string"},
        "engine": {"type": "string"},
        "ports": {"type": "object", "additionalProperties": {"type": "array", "items": place},
            "description": "By port of the container (`80/tcp`): where it can be reached"},
        "addresses": {"$ref": "#/components/schemas/Addresses"},
    });
    object(
        &["id", "of", "status", "held"],
        &json!({
            "id": {"type": "string"},
            "of": {"type": "object", "additionalProperties": {"type": "string"}},
            "status": {"enum": ["starting", "ready", "exited", "ending"]},
            "held": {"type": "boolean"},
            "ttl_s": {"type": ["integer", "null"]},
            "left_s": {"type": ["integer", "null"]},
            "served": {"type": ["object", "null"], "properties": served},
            "exit_code": {"type": "integer", "description": "How its program ended by itself"},
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_every_schema_is_there() {
        let description = description();
        for route in ROUTES {
            let method = route.method.to_ascii_lowercase();
            let operation = &description["paths"][route.path][&method];
            assert_eq!(operation["summary"], route.summary, "{method} {}", route.path);
            assert!(operation["responses"][route.good.status.to_string()].is_object());
        }
        let text = description.to_string();
        let named = text.split("#/components/schemas/").skip(1);
        for name in named.filter_map(|rest| rest.split('"').next()) {
            assert!(description["components"]["schemas"][name].is_object(), "{name}");
        }
        let operations = description["paths"].as_object().unwrap().values();
        let count: usize = operations.map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(count, ROUTES.len());
    }

    /// The reader of wishes and the description of them know the same keys.
    #[test]
    fn every_key_of_a_wish_can_be_read() {
        use crate::wish::Wish;
        let schema = wish();
        for key in schema["properties"].as_object().unwrap().keys() {
            let body = json!({key: null});
            let problem = Wish::read(&body).expect_err("nothing is said");
            assert!(!problem.message.contains("no key"), "{key}");
        }
    }
}
