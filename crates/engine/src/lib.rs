//! The engine trait and the thin Docker Engine API client.
