//! Project, observed state and request to plan: pure and synchronous.
