//! "Did you mean": the nearest of the words that would have been right.
//!
//! Invariant: nothing is suggested that is as far away as a different word.

/// The candidate nearest to `word`, if one is near.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let length = wanted.chars().count();
    if length == 0 || length > 100 {
        return None;
    }
    let limit = (length / 3).clamp(1, 4);
    // All but an ending is there.
    let is_begun = |candidate: &str| length >= 4 && fold(candidate).starts_with(&wanted);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word && candidate.len().abs_diff(word.len()) <= limit + 2)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= limit || is_begun(candidate))
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// A line of help: the nearest candidate, or the few that there are.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = suggest(word, candidates.clone()) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let known: Vec<_> = candidates.into_iter().take(9).map(|name| format!("\"{name}\"")).collect();
    match known.as_slice() {
        [] => None,
        [only] => Some(format!("there is only {only}")),
        few if few.len() < 9 => Some(format!("known: {}", few.join(", "))),
        _ => None,
    }
}

/// What a key of a Compose file is called here.
pub(super) fn in_our_words(key: &str) -> Option<&'static str> {
    Some(match key {
        "services" => "containers are declared under `containers`",
        "environment" => "write `env`",
        "cmd" => "write `command`",
        "working_dir" => "write `workdir`",
        "build" => "declare the image under `images`, and name it in `image`",
        "version" => "leave it out: the format has no version",
        "container_name" => "leave it out: a container is named <project>.<container>",
        "deploy" => "write `limits`, `restart` or `instances`",
        "scale" | "replicas" => "name the copies in `instances`",
        "mem_limit" | "cpus" | "pids_limit" => "write it under `limits`: {memory, cpus, pids}",
        "logging" => "write `log: {driver, options}`",
        "expose" => "write `exposes`",
        "stop_grace_period" => "write `stop_timeout`",
        "pull_policy" => "write `pull`",
        "configs" => "mount the file, or declare it under `secrets`",
        _ => return None,
    })
}

/// Case and the choice of separator do not count.
fn fold(word: &str) -> String {
    word.to_lowercase().replace(['-', '.', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["image", "images", "env", "env_file", "stop_timeout", "ports"];
        for (word, expected) in [
            ("imag", Some("image")),
            ("Image", Some("image")),
            ("imgae", Some("image")),
            ("port", Some("ports")),
            ("stop_time", Some("stop_timeout")),
            ("stop-timeout", Some("stop_timeout")),
            ("stoptimeout", Some("stop_timeout")),
            ("evn", Some("env")),
            ("command", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(suggest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn names_the_few_that_there_are() {
        assert_eq!(did_you_mean("zzz", ["a"]).as_deref(), Some("there is only \"a\""));
        assert_eq!(did_you_mean("zzz", ["aa", "bb"]).as_deref(), Some("known: \"aa\", \"bb\""));
        assert_eq!(did_you_mean("zzz", []), None);
    }
}
