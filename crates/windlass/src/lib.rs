//! Declarative Docker client: load, observe, plan, execute.
