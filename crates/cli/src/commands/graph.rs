//! `windlass graph`: what depends on what.
//!
//! Invariant: asks no engine.

use crate::args::{Drawing, Graph as Args};
use crate::exit::Exit;
use crate::graph::{Graph, dot, mermaid, svg, tree};
use crate::invocation::Invocation;
use crate::load::load;
use crate::render::json;
use crate::select;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Args) -> Result<Exit> {
    let console = &invocation.console;
    let project = load(invocation)?;
    let references = &args.references;
    let selected = select::containers_and_images(&project, references)?;
    let named = (!references.is_empty()).then_some(&selected);
    let graph = Graph::new(&project, &windlass::image_bases(&project), named);
    if console.is_json {
        for (name, edges) in &graph.nodes {
            let needs: Vec<_> = edges
                .iter()
                .map(|edge| serde_json::json!({"name": edge.to, "condition": edge.condition}))
                .collect();
            let fields = serde_json::json!({"name": name, "needs": needs});
            console.json(&json::object("node", fields));
        }
        return Ok(Exit::Done);
    }
    console.result(&match args.format {
        Drawing::Tree => tree::tree(&graph, console.stdout),
        Drawing::Dot => dot::dot(&graph),
        Drawing::Mermaid => mermaid::mermaid(&graph),
        Drawing::Svg => svg::svg(&graph),
    });
    Ok(Exit::Done)
}
