//! A build request in the words of `BuildKit`'s Dockerfile frontend and the engine's own exporter.
//! Invariant: the same request and session give the same message.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, SolveRequest};

use super::error::BuildError;
use super::pattern::clean_path;
use super::request::{BuildNetwork, BuildRequest, Dockerfile};
use super::source::MemorySource;

/// The name of a Dockerfile that has no path.
const INLINE_NAME: &str = "Dockerfile";
const DOCKERFILE_MAX_BYTES: u64 = 16 << 20;

/// The Dockerfile's name and the directory in memory that holds it.
pub(super) struct LoadedDockerfile {
    pub(super) name: String,
    pub(super) source: Arc<MemorySource>,
}

/// Reads the Dockerfile, and the ignore file of its own when there is one, out of the build context.
pub(super) async fn load_dockerfile(
    request: &BuildRequest,
) -> Result<LoadedDockerfile, BuildError> {
    let path = match &request.dockerfile {
        Dockerfile::Inline(text) => {
            let source = MemorySource::new().with_file(INLINE_NAME, text.as_str());
            return Ok(LoadedDockerfile { name: INLINE_NAME.to_owned(), source: Arc::new(source) });
        }
        Dockerfile::InContext(path) => path.clone(),
    };
    let files = Arc::clone(&request.context);
    let read = move || {
        let name = clean_path(&path);
        let read = |name: &str| {
            let mut content = Vec::new();
            files.open(name)?.take(DOCKERFILE_MAX_BYTES).read_to_end(&mut content)?;
            io::Result::Ok(content)
        };
        let content = read(&name).map_err(|source| BuildError::Dockerfile { path, source })?;
        let mut source = MemorySource::new().with_file(&name, content);
        let ignore = format!("{name}.dockerignore");
        match read(&ignore) {
            Ok(content) => source = source.with_file(ignore, content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BuildError::Dockerfile { path: ignore, source }),
        }
        Ok(LoadedDockerfile { name, source: Arc::new(source) })
    };
    let panicked = |_| BuildError::Dockerfile {
        path: INLINE_NAME.to_owned(),
        source: io::Error::other("reading it panicked"),
    };
    tokio::task::spawn_blocking(read).await.map_err(panicked)?
}

pub(super) fn solve_request(
    request: &BuildRequest,
    dockerfile: &str,
    session: &str,
    build: &str,
) -> SolveRequest {
    let mut exporter = HashMap::new();
    if !request.tags.is_empty() {
        exporter.insert("name".to_owned(), request.tags.join(","));
    }
    let mut exports = Vec::new();
    if request.inline_cache {
        exports.push(CacheOptionsEntry { r#type: "inline".to_owned(), ..Default::default() });
    }
    let mut entitlements = Vec::new();
    if request.network == BuildNetwork::Host {
        entitlements.push("network.host".to_owned());
    }
    SolveRequest {
        r#ref: build.to_owned(),
        // Newer engines still take these two, older ones know no others.
        exporter_deprecated: "moby".to_owned(),
        exporter_attrs_deprecated: exporter,
        session: session.to_owned(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attributes(request, dockerfile).into_iter().collect(),
        cache: Some(CacheOptions { exports, ..CacheOptions::default() }),
        entitlements,
        ..SolveRequest::default()
    }
}

fn attributes(request: &BuildRequest, dockerfile: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let mut set = |name: &str, value: &str| attributes.insert(name.to_owned(), value.to_owned());
    set("filename", dockerfile);
    // Without it older engines ask the registry even for images that they have.
    set("image-resolve-mode", if request.pull { "pull" } else { "local" });
    for (name, value) in &request.build_args {
        set(&format!("build-arg:{name}"), value);
    }
    for (name, value) in &request.labels {
        set(&format!("label:{name}"), value);
    }
    if let Some(target) = &request.target {
        set("target", target);
    }
    if let Some(platform) = &request.platform {
        set("platform", platform);
    }
    if request.no_cache {
        // Empty means all stages; a value would be a list of stages.
        set("no-cache", "");
    }
    if !request.cache_from.is_empty() {
        set("cache-from", &request.cache_from.join(","));
    }
    match request.network {
        BuildNetwork::Default => {}
        BuildNetwork::None => drop(set("force-network-mode", "none")),
        BuildNetwork::Host => drop(set("force-network-mode", "host")),
    }
    if !request.extra_hosts.is_empty() {
        let hosts = request.extra_hosts.iter().map(|(name, address)| format!("{name}={address}"));
        set("add-hosts", &hosts.collect::<Vec<_>>().join(","));
    }
    if let Some(bytes) = request.shm_size_bytes {
        set("shm-size", &bytes.to_string());
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(dockerfile: Dockerfile, context: MemorySource) -> BuildRequest {
        BuildRequest::new(Arc::new(context), "key", dockerfile)
    }

    #[test]
    fn plain_requests_say_little() {
        let request = request(Dockerfile::Inline("FROM a".to_owned()), MemorySource::new());
        let solve = solve_request(&request, "Dockerfile", "s", "b");
        let expected = [("filename", "Dockerfile"), ("image-resolve-mode", "local")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(solve.frontend_attrs, HashMap::from(expected));
        assert!(solve.exporter_attrs_deprecated.is_empty());
        assert!(solve.entitlements.is_empty());
    }

    #[test]
    fn options_become_attributes() {
        let mut request = request(Dockerfile::Inline(String::new()), MemorySource::new());
        request.tags = vec!["a:1".to_owned(), "b:2".to_owned()];
        request.build_args.insert("V".to_owned(), "1 2".to_owned());
        request.labels.insert("l".to_owned(), "x".to_owned());
        request.target = Some("stage".to_owned());
        request.platform = Some("linux/arm64".to_owned());
        request.no_cache = true;
        request.pull = true;
        request.cache_from = vec!["r/a".to_owned(), "r/b".to_owned()];
        request.inline_cache = true;
        request.network = BuildNetwork::Host;
        request.extra_hosts = [("db", "10.0.0.1"), ("db", "::1")]
            .map(|(name, address)| (name.to_owned(), address.to_owned()))
            .to_vec();
        request.shm_size_bytes = Some(1 << 20);
        let solve = solve_request(&request, "d/Dockerfile", "s", "b");
        let cases = [
            ("filename", "d/Dockerfile"),
            ("image-resolve-mode", "pull"),
            ("build-arg:V", "1 2"),
            ("label:l", "x"),
            ("target", "stage"),
            ("platform", "linux/arm64"),
            ("no-cache", ""),
            ("cache-from", "r/a,r/b"),
            ("force-network-mode", "host"),
            ("add-hosts", "db=10.0.0.1,db=::1"),
            ("shm-size", "1048576"),
        ];
        for (name, value) in cases {
            assert_eq!(solve.frontend_attrs.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(solve.frontend_attrs.len(), cases.len());
        assert_eq!(solve.exporter_attrs_deprecated["name"], "a:1,b:2");
        assert_eq!(solve.entitlements, ["network.host"]);
        assert_eq!(solve.cache.unwrap().exports[0].r#type, "inline");
    }

    #[tokio::test]
    async fn dockerfiles_are_loaded() {
        let context = MemorySource::new()
            .with_file("Dockerfile", "FROM a")
            .with_file("docker/web", "FROM b")
            .with_file("docker/web.dockerignore", "*");
        let cases: [(Dockerfile, &str, &[&str]); 3] = [
            (Dockerfile::Inline("FROM c".to_owned()), "Dockerfile", &["Dockerfile"]),
            (Dockerfile::InContext("./Dockerfile".to_owned()), "Dockerfile", &["Dockerfile"]),
            (
                Dockerfile::InContext("docker/web".to_owned()),
                "docker/web",
                &["docker/web", "docker/web.dockerignore"],
            ),
        ];
        for (dockerfile, name, files) in cases {
            use super::super::source::ContextSource as _;
            let loaded = load_dockerfile(&request(dockerfile, context.clone())).await.unwrap();
            let found = loaded.source.entries().unwrap();
            let paths: Vec<&str> = found.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!((loaded.name.as_str(), paths.as_slice()), (name, files));
        }
        let absent = request(Dockerfile::InContext("nope".to_owned()), context);
        let error = load_dockerfile(&absent).await.err().unwrap();
        assert_eq!(error.to_string(), "cannot read the Dockerfile \"nope\"");
    }
}
