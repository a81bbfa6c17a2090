//! An image as the engine saves it.

use super::engine;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;

/// The tars of an image's layers, the lowest first.
pub(crate) fn layers(reference: &str) -> Vec<Vec<u8>> {
    let saved = engine::call("GET", &format!("/images/{reference}/get"), "", &[]);
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(&saved.body[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(path, bytes);
    }
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let names = manifest[0]["Layers"].as_array().unwrap();
    names.iter().map(|name| unpacked(files[name.as_str().unwrap()].clone())).collect()
}

/// An engine that keeps images as registries do keeps some of them compressed.
fn unpacked(layer: Vec<u8>) -> Vec<u8> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return layer;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&layer[..]).read_to_end(&mut unpacked).unwrap();
    unpacked
}
