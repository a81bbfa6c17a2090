//! Documents of what is in images: what SPDX 2.3 asks of them, and what must not be in them.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read as _;
use windlass_bundle::{Bundle, Content, Fetch, File, Gathered, Git, Resource, TreeEntry, TreeNode};
use windlass_image::sbom::{InstalledPackage, ResourceFiles, Sbom};

const DPKG: &str = "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u4\n\
Architecture: amd64\nMaintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>\nDescription: library\n more: text\n\n\
Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n\n\
Package: kept\nStatus: hold ok installed\nVersion: 1:2~rc\nArchitecture: all\n";
const APK: &str = "C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\nU:https://musl.libc.org/\nF:lib\nM:0:0:755\n\n\
P:odd\nV:1\nA:noarch\nL:custom by somebody\n\nP:nothing\nA:x\n";

fn sbom() -> Sbom {
    let bundle = Bundle::new()
        .file(File::new("/etc/motd").contents("hello"))
        .file(File::removed("/etc/issue"))
        .with(Resource::from(File::new("/etc/token").contents("canary-7f3a")).sensitive());
    let read = |place, text: &str| InstalledPackage::read(place, text.as_bytes()).unwrap();
    let mut packages = read("/var/lib/dpkg/status", DPKG);
    packages.extend(read("/lib/apk/db/installed", APK));
    Sbom {
        name: "shop/site:latest".to_owned(),
        id: "sha256:00".to_owned(),
        base: Some("debian:12".to_owned()),
        base_id: Some("sha256:11".to_owned()),
        os: ("debian".to_owned(), "12".to_owned()),
        packages,
        unread: vec!["rpm".to_owned()],
        resources: ResourceFiles::of(&bundle).unwrap(),
        created_s: 1_709_210_096,
        version: "1.0.0".to_owned(),
    }
}

/// The rules of the schema that a document of this kind can break.
fn check(document: &Value) {
    for key in ["spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace"] {
        assert!(document[key].is_string(), "{key}");
    }
    assert_eq!(
        (&document["spdxVersion"], &document["dataLicense"]),
        (&"SPDX-2.3".into(), &"CC0-1.0".into())
    );
    let space = document["documentNamespace"].as_str().unwrap();
    assert!(space.starts_with("https://") && !space.contains('#'), "{space}");
    let info = &document["creationInfo"];
    assert_eq!(info["created"].as_str().map(str::len), Some("1970-01-01T00:00:01Z".len()));
    assert!(info["creators"][0].as_str().unwrap().starts_with("Tool: "));
    let mut ids = BTreeSet::from(["SPDXRef-DOCUMENT"]);
    let parts = [&document["packages"], &document["files"]].into_iter().filter_map(Value::as_array);
    for one in parts.flatten() {
        let id = one["SPDXID"].as_str().unwrap();
        let rest = id.strip_prefix("SPDXRef-").unwrap();
        assert!(rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-'), "{id}");
        assert!(ids.insert(id), "{id} is there twice");
    }
    for one in document["packages"].as_array().unwrap() {
        assert!(one["name"].is_string() && one["downloadLocation"].is_string(), "{one}");
        assert!(one["filesAnalyzed"] == false && one.get("packageVerificationCode").is_none());
        for reference in one["externalRefs"].as_array().into_iter().flatten() {
            assert_eq!(reference["referenceCategory"], "PACKAGE-MANAGER");
            assert_eq!(reference["referenceType"], "purl");
        }
    }
    for one in document["files"].as_array().into_iter().flatten() {
        assert!(one["fileName"].as_str().unwrap().starts_with("./"), "{one}");
        let sums = one["checksums"].as_array().unwrap().iter();
        let sums: Vec<_> = sums
            .map(|sum| {
                (sum["algorithm"].as_str().unwrap(), sum["checksumValue"].as_str().unwrap().len())
            })
            .collect();
        assert_eq!(sums, [("SHA1", 40), ("SHA256", 64)]);
    }
    let relations = document["relationships"].as_array().unwrap();
    for one in relations {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            assert!(ids.contains(one[end].as_str().unwrap()), "{one}");
        }
        let kind = one["relationshipType"].as_str().unwrap();
        assert!(["DESCRIBES", "CONTAINS", "DESCENDANT_OF"].contains(&kind), "{kind}");
    }
    let described = relations.iter().filter(|one| one["relationshipType"] == "DESCRIBES").count();
    assert_eq!(described, 1);
    assert_eq!(document["documentDescribes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_document_is_as_spdx_wants_it() {
    let document = sbom().spdx();
    check(&document);
    assert_eq!(document["creationInfo"]["created"], "2024-02-29T12:34:56Z");
    assert_eq!(document, sbom().spdx(), "nothing is of a run");
    let mut other = sbom();
    other.id = "sha256:01".to_owned();
    assert_ne!(other.spdx()["documentNamespace"], document["documentNamespace"]);
    check(&Sbom { name: "x".to_owned(), ..Sbom::default() }.spdx());
}

#[test]
fn what_is_installed_and_what_resources_put_there_is_in_it() {
    let document = sbom().spdx();
    let packages = document["packages"].as_array().unwrap();
    let found = |name: &str| packages.iter().find(|one| one["name"] == name);
    let purl = |name: &str| found(name).unwrap()["externalRefs"][0]["referenceLocator"].clone();
    assert_eq!(purl("libc6"), "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12");
    assert_eq!(purl("kept"), "pkg:deb/debian/kept@1:2~rc?arch=all&distro=debian-12");
    assert_eq!(found("musl").unwrap()["licenseDeclared"], "MIT");
    assert_eq!(found("libc6").unwrap()["licenseDeclared"], "NOASSERTION");
    assert_eq!(
        found("libc6").unwrap()["supplier"],
        "Organization: GNU Libc Maintainers (debian-glibc@lists.debian.org)"
    );
    let odd = found("odd").unwrap();
    assert_eq!(
        (&odd["licenseDeclared"], &odd["licenseComments"]),
        (&"NOASSERTION".into(), &"the package says: custom by somebody".into())
    );
    assert!(found("gone").is_none() && found("nothing").is_none());

    let files = document["files"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0]["fileName"], "./etc/motd");
    let sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(files[0]["checksums"][1]["checksumValue"], sum);
    let comment = found("shop/site:latest").unwrap()["comment"].as_str().unwrap();
    assert!(comment.contains("file[/etc/token]") && comment.contains("rpm"), "{comment}");
    assert!(!document.to_string().contains("canary"));
}

#[test]
fn what_is_no_database_has_no_packages() {
    for text in ["", "\n\n\n", "Package: x", "\u{0}\u{1}: :", "P:\nV:\n"] {
        for place in ["/var/lib/dpkg/status", "/lib/apk/db/installed"] {
            let found = InstalledPackage::read(place, text.as_bytes());
            assert_eq!(found, Some(Vec::new()), "{text:?}");
        }
    }
}

/// What rpm itself made of three packages, one of them of several pages, and 60 more that are the first by another name.
fn rpm_database() -> Vec<u8> {
    let packed = include_bytes!("rpmdb.sqlite.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

const RPM: &str = "/usr/lib/sysimage/rpm/rpmdb.sqlite";

#[test]
fn packages_of_rpm_are_in_its_database() {
    let packages = InstalledPackage::read(RPM, &rpm_database()).unwrap();
    assert_eq!(packages.len(), 63);
    let purls: Vec<String> = packages.iter().map(|one| one.purl(("fedora", "42"))).collect();
    for (at, expected) in [
        (0, "pkg:rpm/fedora/example-1@1.1-2?arch=x86_64&distro=fedora-42"),
        (1, "pkg:rpm/fedora/example-2@1.2-2?arch=x86_64&distro=fedora-42&epoch=3"),
        (2, "pkg:rpm/fedora/example-3@1.3-2?arch=noarch&distro=fedora-42"),
        (62, "pkg:rpm/fedora/more-0059@1.1-2?arch=x86_64&distro=fedora-42"),
    ] {
        assert_eq!(purls[at], expected);
    }
    let first = &packages[0];
    assert_eq!(first.license_expression(), Some("MIT"));
    assert_eq!(first.supplier.as_deref(), Some("Example"));
    assert_eq!(first.homepage.as_deref(), Some("https://example.org/1"));
    assert_eq!(packages[1].version, "3:1.2-2");
}

#[test]
fn a_database_that_is_not_whole_is_none() {
    let whole = rpm_database();
    for length in [0, 15, 100, 4096, 8192, whole.len() / 2, whole.len() - 4096] {
        assert_eq!(InstalledPackage::read(RPM, &whole[..length]), None, "{length}");
    }
    // A byte that is another one may be a name; nothing else comes of it.
    for at in (0..whole.len()).step_by(61) {
        let mut odd = whole.clone();
        odd[at] ^= 0xff;
        drop(InstalledPackage::read(RPM, &odd));
    }
}

#[test]
fn a_file_for_each_package_has_no_status() {
    let text = b"Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n";
    let found = InstalledPackage::read("/var/lib/dpkg/status.d/tzdata", text).unwrap();
    assert_eq!(
        found[0].purl(("debian", "12")),
        "pkg:deb/debian/tzdata@2024a-0?arch=all&distro=debian-12"
    );
    assert_eq!(InstalledPackage::read("/var/lib/dpkg/status", text), Some(Vec::new()));
}

/// Where files were had from, but for what is of the machine that built them.
#[test]
fn an_origin_is_the_same_on_every_machine() {
    let content = || Content::Text("x".to_owned());
    let fetch = |urls: &[&str]| {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let gathered = Some(Gathered::File(content()));
        Resource::from(Fetch { urls, gathered, ..Fetch::new("/f", "", "aa") })
    };
    let git = |repository: &str| {
        let node = TreeNode::File { content: content(), executable: false };
        let gathered = Some(Gathered::Tree(vec![TreeEntry { path: "a".to_owned(), node }]));
        let git = Git::new("/f", repository, "main");
        Resource::from(Git { gathered, commit: Some("cc".to_owned()), ..git })
    };
    let table = [
        (fetch(&["http://h/a"]), "http://h/a (sha256 aa)"),
        (fetch(&["http://h/none", "http://h/a"]), "http://h/none or http://h/a (sha256 aa)"),
        (fetch(&["file:///home/me/a"]), "the machine that built it (sha256 aa)"),
        (git("/home/me/repo"), "the machine that built it at cc"),
        (git("file:///home/me/repo"), "the machine that built it at cc"),
        (git("git@host:repo"), "git@host:repo at cc"),
        (git("https://h/repo"), "https://h/repo at cc"),
    ];
    for (resource, expected) in table {
        let files = ResourceFiles::of(&Bundle::new().with(resource)).unwrap().files;
        let file = files.values().next().unwrap();
        assert_eq!(file.origin.as_deref(), Some(expected));
    }
    let document = sbom().spdx();
    let base = &document["packages"][1];
    assert_eq!(
        (&base["SPDXID"], &base["versionInfo"]),
        (&"SPDXRef-Base".into(), &"sha256:11".into())
    );
}
