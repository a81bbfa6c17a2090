//! The documents of the engine's API.
//!
//! Invariant: what was read of an object can be put on a label and read back as the same.

use windlass_engine::docker::fuzz::{Document, Reading, read};
use windlass_model::container::ContainerConfig;
use windlass_model::network::NetworkConfig;
use windlass_model::volume::VolumeConfig;

use crate::input::Input;

pub fn documents(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let kind = Document::ALL[input.choice(Document::ALL.len())];
    let rest = input.rest();
    let Some(reading) = read(kind, rest) else { return };
    assert_eq!(read(kind, rest).as_ref(), Some(&reading), "the same again");
    match reading {
        Reading::Container(container) => same::<ContainerConfig>(&container.config),
        Reading::Network(network) => same::<NetworkConfig>(&network.config),
        Reading::Volume(volume) => same::<VolumeConfig>(&volume.config),
        Reading::Summary(_) | Reading::Image(_) | Reading::Event(_) => {}
    }
}

fn same<T>(config: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(config).expect("a spec has string keys only");
    let again: T = serde_json::from_str(&text).expect("what is written can be read");
    assert_eq!(*config, again, "{text}");
}
