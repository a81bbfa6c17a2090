//! Sources of packages, and what was fetched.

use crate::target::{Target, one};
use windlass_bundle::{
    Content, Fetch, Gathered, Git, PackageSystem, Repo, Resource, TreeEntry, TreeNode,
};

const ARMOURED: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";

fn docker(manager: PackageSystem) -> Repo {
    Repo::new("docker", "https://x.org").manager(manager)
}

#[test]
fn a_source_of_packages_is_its_files() {
    let apt = || docker(PackageSystem::Apt).suite("bookworm").component("stable");
    let sources = "Types: deb\nURIs: https://x.org\nSuites: bookworm\nComponents: stable\n";
    let place = "etc/apt/sources.list.d/docker.sources=";
    let signed = format!("{place}{sources}Signed-By: /etc/apt/keyrings/docker.asc\n");
    let key = format!("etc/apt/keyrings/docker.asc={ARMOURED}");
    let binary = Repo { key: Some(Content::Bytes(vec![0x99, 1])), ..apt() };
    let apk = Repo { key_name: Some("k@x.rsa.pub".into()), ..docker(PackageSystem::Apk).key("K") };
    let removed = Repo::removed("docker");
    let both: [&str; 2] = [&key, &signed];
    let table: Vec<(&[&str], Repo, Vec<&str>)> = vec![
        (&[], apt().key(ARMOURED), vec![&key, &signed]),
        (
            &["etc/apt/sources.list.d", "etc/apt/keyrings"],
            Repo { architectures: vec!["amd64".into()], ..apt() },
            vec![
                "etc/apt/sources.list.d/docker.sources=Types: deb\\nURIs: https://x.org\\nSuites: bookworm\\n\
                 Components: stable\\nArchitectures: amd64\\n",
            ],
        ),
        (&[], binary, vec!["etc/apt/keyrings/docker.gpg=\u{fffd}\u{1}", ".gpg\n"]),
        (&both, removed.clone().manager(PackageSystem::Apt), vec![]),
        (
            &["etc/apk/repositories=a\n"],
            apk.clone(),
            vec!["etc/apk/keys/k@x.rsa.pub=K", "etc/apk/repositories=a\nhttps://x.org\n"],
        ),
        (
            &["etc/apk/repositories=https://x.org\n\nb\n"],
            Repo { key: None, ..Repo { url: apk.url.clone(), ..removed.clone() } }
                .manager(PackageSystem::Apk),
            vec!["etc/apk/repositories=\nb\n"],
        ),
        (
            &["etc"],
            docker(PackageSystem::Dnf).key(ARMOURED),
            vec![
                "etc/pki/rpm-gpg/RPM-GPG-KEY-docker=-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
                "etc/yum.repos.d/docker.repo=[docker]\nname=docker\nbaseurl=https://x.org\nenabled=1\n\
                 gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-docker\n",
            ],
        ),
        (&["etc/yum.repos.d/docker.repo=x"], removed.manager(PackageSystem::Dnf), vec![]),
    ];
    for (before, repo, expected) in table {
        let target = Target::new(before);
        target.reach(&one(repo.clone())).unwrap_or_else(|errors| panic!("{repo:?}: {errors:?}"));
        let files = target.entries().into_iter().filter(|one| one.contains('='));
        let files: Vec<String> = files.collect();
        assert_eq!(files.len(), expected.len(), "{files:?}");
        for (file, expected) in files.iter().zip(expected) {
            let expected = expected.replace("\\n", "\n");
            assert!(*file == expected || file.ends_with(&expected), "{file:?} {expected:?}");
        }
    }
}

fn entry(path: &str, node: TreeNode) -> TreeEntry {
    TreeEntry { path: path.into(), node }
}

#[test]
fn what_was_fetched_is_a_file_or_a_tree() {
    let digest = "a".repeat(64);
    let content = || Content::Text("x".into());
    let fetch = || Fetch::new("/o", "https://x.org", &digest);
    let entries = vec![
        entry("d", TreeNode::Directory),
        entry("d/x", TreeNode::File { content: content(), executable: true }),
        entry("l", TreeNode::Link { to: "d/x".into() }),
    ];
    let tree = || Some(Gathered::Tree(entries.clone()));
    let file = || Some(Gathered::File(content()));
    let all = &["o/", "o/d/", "o/d/x 755=x", "o/l -> d/x"];
    let table: Vec<(&[&str], Resource, &[&str])> = vec![
        (&["o=y"], Fetch { gathered: file(), ..fetch() }.into(), &["o=x"]),
        (&[], Fetch { gathered: file(), ..fetch().mode(0o755) }.into(), &["o 755=x"]),
        (&[], Fetch { gathered: tree(), ..fetch().extract(1) }.into(), all),
        (&["o/old=1"], Fetch { gathered: tree(), prune: true, ..fetch().extract(1) }.into(), all),
        (
            &["o/old=1"],
            Git { gathered: tree(), ..Git::new("/o", "/r", "main").prune() }.into(),
            all,
        ),
    ];
    for (before, resource, expected) in table {
        let target = Target::new(before);
        let mut bundle = one(resource);
        target.reach(&bundle).unwrap_or_else(|errors| panic!("{bundle:?}: {errors:?}"));
        assert_eq!(target.entries(), expected);
        assert_eq!(bundle.contents().count(), 1);
    }
}

#[test]
fn what_can_not_be_is_said() {
    let digest = "a".repeat(64);
    let fetch = || Fetch::new("/o", "https://x.org", &digest);
    let wicked = |entries: Vec<TreeEntry>| Fetch {
        gathered: Some(Gathered::Tree(entries)),
        ..fetch().extract(0)
    };
    let behind_a_link =
        vec![entry("a", TreeNode::Link { to: "/etc".into() }), entry("a/b", TreeNode::Directory)];
    let table: Vec<(Resource, &str)> = vec![
        (fetch().into(), "not fetched"),
        (Git::new("/o", "/r", "main").into(), "not checked out"),
        (Git::new("/usr", "/r", "main").prune().into(), "the system needs"),
        (
            Fetch { prune: true, ..Fetch::new("/opt", "https://x.org", &digest).extract(0) }.into(),
            "the system needs",
        ),
        (wicked(behind_a_link).into(), "in no directory"),
        (wicked(vec![entry("../b", TreeNode::Directory)]).into(), "not a plain path"),
        (Fetch::new("/o", "https://u:p@x.org", &digest).into(), "password"),
        (Fetch::new("/o", "-x", &digest).into(), "no URL"),
        (Fetch::new("/o", "https://x.org", "abc").into(), "64 digits"),
        (Git::new("/o", "--upload-pack=x", "main").into(), "no repository"),
        (Git::new("/o", "ext::sh", "main").into(), "no repository"),
        (Git::new("/o", "/r", "-x").into(), "no commit"),
        (docker(PackageSystem::Apt).into(), "has suites"),
        (docker(PackageSystem::Apk).key("K").into(), "by its name"),
        (Repo::removed("a").manager(PackageSystem::Apk).into(), "by its url"),
        (Repo::new("a", "b").into(), "no package manager"),
        (Repo::new("../a", "b").into(), "a name is"),
        (Repo::new("a", "b\nc").into(), "no URL"),
    ];
    for (resource, expected) in table {
        let errors = Target::new(&["etc"]).reach(&one(resource)).expect_err(expected);
        let is_said = errors.iter().any(|error| error.message.contains(expected));
        assert!(is_said, "{expected}: {errors:?}");
    }
    let own = Repo { key: Some(Content::File("/none".into())), ..docker(PackageSystem::Apt) };
    let errors = Target::new(&[]).reach(&one(own.suite("x"))).unwrap_err();
    assert!(errors[0].message.contains("the key"), "{errors:?}");
}
