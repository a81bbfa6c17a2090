//! The vocabulary of windlass: names, specs, project, observed state, plan, events, report.
