//! Project, engines and files to observed state.
