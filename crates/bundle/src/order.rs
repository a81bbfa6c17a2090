//! The order of resources.
//!
//! Invariant: as they are written, but for what `after` and `watches` say.

use crate::{Bundle, Resource, ResourceError};

/// Places in the bundle, each after those that it names.
///
/// # Errors
///
/// All names that stand for nothing, watched ones that come later, ids that are there twice, and a cycle.
pub(crate) fn order(bundle: &Bundle) -> Result<Vec<usize>, Vec<ResourceError>> {
    let mut errors = Vec::new();
    let mut before: Vec<Vec<usize>> = Vec::new();
    for (place, resource) in bundle.resources.iter().enumerate() {
        let id = resource.id();
        let mut earlier = bundle.resources[..place].iter();
        let is_same =
            |other: &Resource| other.id() == id || other.typed_id() == resource.typed_id();
        if let Some(first) = earlier.position(is_same) {
            let error = ResourceError::new("it is declared twice").at(place).about([first]);
            let same_name = bundle.resources[first].typed_id() == resource.typed_id();
            errors.push(if same_name {
                error.help("join them").of(id.clone())
            } else {
                error.field("id").help("give one of them another").of(id.clone())
            });
        }
        let mut needs = Vec::new();
        for (field, names) in [("watches", &resource.watches), ("after", &resource.after)] {
            for name in names {
                let mut all = bundle.resources.iter();
                match all.position(|other| other.is_called(name)) {
                    None => {
                        let message = format!("it names `{name}`, which is no resource here");
                        let error = ResourceError::new(message).field(field).naming(name);
                        errors.push(error.at(place).of(id.clone()));
                    }
                    Some(other) if field == "watches" && other >= place => {
                        let message = format!("it watches `{name}`, which comes after it");
                        let error = ResourceError::new(message).field(field).naming(name);
                        let error = error.help("move it behind what it watches").at(place);
                        errors.push(error.about([other]).of(id.clone()));
                    }
                    Some(other) => needs.push(other),
                }
            }
        }
        before.push(needs);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    sorted(bundle, &before).map_err(|error| vec![error])
}

fn sorted(bundle: &Bundle, before: &[Vec<usize>]) -> Result<Vec<usize>, ResourceError> {
    let mut done: Vec<usize> = Vec::new();
    let mut is_done = vec![false; before.len()];
    while done.len() < before.len() {
        let next = (0..before.len())
            .find(|place| !is_done[*place] && before[*place].iter().all(|other| is_done[*other]));
        let Some(next) = next else { return Err(cycle(bundle, before, &is_done)) };
        is_done[next] = true;
        done.push(next);
    }
    Ok(done)
}

/// Names a way round.
fn cycle(bundle: &Bundle, before: &[Vec<usize>], is_done: &[bool]) -> ResourceError {
    let open = |place: &usize| !is_done[*place];
    let mut way: Vec<usize> = Vec::new();
    let mut next = (0..before.len()).find(open);
    while let Some(place) = next {
        if let Some(begin) = way.iter().position(|one| *one == place) {
            way.drain(..begin);
            break;
        }
        way.push(place);
        next = before[place].iter().copied().find(open);
    }
    let mut names: Vec<String> = way.iter().map(|one| bundle.resources[*one].id()).collect();
    names.extend(names.first().cloned());
    let message = format!("each of these comes after the next: {}", names.join(" → "));
    let (first, rest) = way.split_first().expect("invariant: what is open waits for what is open");
    let error = ResourceError::new(message).field("after").at(*first).about(rest.iter().copied());
    error.of(names.first().cloned().unwrap_or_default())
}
