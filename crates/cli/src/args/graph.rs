//! Options of `graph`.
//!
//! Invariant: every format shows the same objects.

use clap::{Args, ValueEnum};

#[derive(Clone, Debug, Args)]
pub(crate) struct Graph {
    /// Containers, `container.instance`, groups or keys of `images`; none means all
    #[arg(value_name = "REF")]
    pub references: Vec<String>,
    /// How to draw it
    #[arg(long, value_enum, default_value_t, value_name = "tree|dot|mermaid|svg")]
    #[arg(hide_possible_values = true)]
    pub format: Drawing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    #[default]
    Tree,
    /// For Graphviz
    Dot,
    /// For a block of Markdown
    Mermaid,
    /// A picture
    Svg,
}
