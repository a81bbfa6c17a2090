//! Fake engine, fixtures and generators for tests.
