//! Dockerfile builder and build context: ignore rules, digest, tar stream.
