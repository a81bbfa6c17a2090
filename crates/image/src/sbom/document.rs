//! The document itself.
//!
//! Invariant: its name space is made of what is in it, and its moment is given: nothing in it is of a run.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{InstalledPackage, ResourceFiles};

/// What a document is made of.
#[derive(Debug, Clone, Default)]
pub struct Sbom {
    /// The image's reference.
    pub name: String,
    /// `sha256:…`, as the engine has it.
    pub id: String,
    /// What it is on; `None`: nothing, or it is not known.
    pub base: Option<String>,
    /// `sha256:…`, as the engine has that; `None` if it is not there, or another one by now.
    pub base_id: Option<String>,
    /// `ID` and `VERSION_ID` of os-release; empty where there is none.
    pub os: (String, String),
    pub packages: Vec<InstalledPackage>,
    /// Of what there are packages that can't be read: `rpm`, a place.
    pub unread: Vec<String>,
    pub resources: ResourceFiles,
    /// Seconds since 1970.
    pub created_s: u64,
    /// The version of the program that writes it.
    pub version: String,
}

const NOTHING: &str = "NOASSERTION";

impl Sbom {
    /// SPDX 2.3.
    pub fn spdx(&self) -> Value {
        let mut packages = vec![self.image()];
        let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")];
        if let Some(base) = &self.base {
            let mut package = json!({
                "SPDXID": "SPDXRef-Base", "name": base, "downloadLocation": NOTHING,
                "filesAnalyzed": false, "licenseConcluded": NOTHING, "licenseDeclared": NOTHING,
                "copyrightText": NOTHING, "primaryPackagePurpose": "CONTAINER",
            });
            if let Some(id) = &self.base_id {
                package["versionInfo"] = id.clone().into();
            }
            packages.push(package);
            relations.push(relation("SPDXRef-Image", "DESCENDANT_OF", "SPDXRef-Base"));
        }
        for (at, one) in self.packages.iter().enumerate() {
            let id = format!("SPDXRef-Package-{at}-{}", plain(&one.name));
            relations.push(relation("SPDXRef-Image", "CONTAINS", &id));
            packages.push(self.package(one, &id));
        }
        let mut files = Vec::new();
        for (at, (path, one)) in self.resources.files.iter().enumerate() {
            let id = format!("SPDXRef-File-{at}");
            relations.push(relation("SPDXRef-Image", "CONTAINS", &id));
            let mut file = json!({
                "SPDXID": id,
                "fileName": format!(".{path}"),
                "checksums": [
                    {"algorithm": "SHA1", "checksumValue": one.sha1},
                    {"algorithm": "SHA256", "checksumValue": one.sha256},
                ],
                "licenseConcluded": NOTHING,
                "licenseInfoInFiles": [NOTHING],
                "copyrightText": NOTHING,
                "comment": format!("put there by {}", one.resource),
            });
            if let Some(origin) = &one.origin {
                file["comment"] = format!("put there by {}, from {origin}", one.resource).into();
            }
            files.push(file);
        }
        let mut document = json!({
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": self.name,
            "creationInfo": {
                "created": moment(self.created_s),
                "creators": [format!("Tool: windlass-{}", self.version)],
            },
            "documentDescribes": ["SPDXRef-Image"],
            "packages": packages,
            "relationships": relations,
        });
        if !files.is_empty() {
            document["files"] = files.into();
        }
        let digest = Sha256::digest(document.to_string().as_bytes());
        let digest = windlass_bundle::hexadecimal(&digest);
        let name = plain(&self.name);
        document["documentNamespace"] = format!("https://spdx.org/spdxdocs/{name}-{digest}").into();
        document
    }

    fn image(&self) -> Value {
        let mut notes = Vec::new();
        if !self.resources.sensitive.is_empty() {
            let names = self.resources.sensitive.join(", ");
            notes.push(format!("of sensitive resources only the names are said: {names}"));
        }
        for one in &self.unread {
            notes.push(format!("packages of {one} are there and were not read"));
        }
        let mut image = json!({
            "SPDXID": "SPDXRef-Image",
            "name": self.name,
            "versionInfo": self.id,
            "downloadLocation": NOTHING,
            "filesAnalyzed": false,
            "licenseConcluded": NOTHING,
            "licenseDeclared": NOTHING,
            "copyrightText": NOTHING,
            "primaryPackagePurpose": "CONTAINER",
        });
        if !notes.is_empty() {
            image["comment"] = notes.join("; ").into();
        }
        image
    }

    fn package(&self, one: &InstalledPackage, id: &str) -> Value {
        let (os, version) = &self.os;
        let mut package = json!({
            "SPDXID": id,
            "name": one.name,
            "versionInfo": one.version,
            "downloadLocation": NOTHING,
            "filesAnalyzed": false,
            "licenseConcluded": NOTHING,
            "licenseDeclared": one.license_expression().unwrap_or(NOTHING),
            "copyrightText": NOTHING,
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": one.purl((os, version)),
            }],
        });
        if let (Some(said), None) = (&one.license, one.license_expression()) {
            package["licenseComments"] = format!("the package says: {said}").into();
        }
        if let Some(supplier) = &one.supplier {
            let supplier = supplier.replace('<', "(").replace('>', ")");
            package["supplier"] = format!("Organization: {supplier}").into();
        }
        if let Some(homepage) = one.homepage.as_ref().filter(|page| page.starts_with("http")) {
            package["homepage"] = homepage.clone().into();
        }
        package
    }
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

/// Letters, digits, `.` and `-` alone: what an id may have.
fn plain(text: &str) -> String {
    let one = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    text.chars().map(one).collect()
}

/// `1970-01-01T00:00:01Z`.
fn moment(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is their last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
