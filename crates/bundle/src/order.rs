//! The order of resources.
//!
//! Invariant: as they are written, but for what `after` and `watches` say.

use crate::index::Index;
use crate::{Bundle, Kind, ResourceError};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Places in the bundle, each after those that it names.
///
/// # Errors
///
/// All names that stand for nothing, watched ones that come later, ids that are there twice, and a cycle.
pub(crate) fn order(bundle: &Bundle, index: &Index) -> Result<Vec<usize>, Vec<ResourceError>> {
    let mut errors = declared_twice(bundle, index);
    let mut before: Vec<Vec<usize>> = Vec::with_capacity(bundle.resources.len());
    for (place, resource) in bundle.resources.iter().enumerate() {
        let mut needs = Vec::new();
        for (field, names) in [("watches", &resource.watches), ("after", &resource.after)] {
            for name in names {
                let about = |message: String| {
                    let error = ResourceError::new(message).field(field).naming(name);
                    error.at(place).of(index.id(place).to_owned())
                };
                match index.called(name).first() {
                    None => {
                        errors.push(about(format!("it names `{name}`, which is no resource here")));
                    }
                    Some(other) if field == "watches" && *other >= place => {
                        let error = about(format!("it watches `{name}`, which comes after it"));
                        let help = "move it behind what it watches";
                        errors.push(error.help(help).about([*other]));
                    }
                    Some(other) => needs.push(*other),
                }
            }
        }
        before.push(needs);
    }
    if !errors.is_empty() {
        errors.sort_by_key(ResourceError::index);
        return Err(errors);
    }
    sorted(index, &before).map_err(|error| vec![error])
}

fn declared_twice(bundle: &Bundle, index: &Index) -> Vec<ResourceError> {
    let mut errors = Vec::new();
    let (mut ids, mut typed_ids) = (HashMap::new(), HashMap::new());
    for place in 0..bundle.resources.len() {
        let (id, typed_id) = (index.id(place), index.typed_id(place));
        let same_id = *ids.entry(id).or_insert(place);
        let same_name = *typed_ids.entry(typed_id).or_insert(place);
        // The same command may run with other variables, as somebody else, or once more.
        let is_command = matches!(bundle.resources[place].kind, Kind::Execute(_));
        let is_told_apart = is_command && bundle.resources[place].id.is_some();
        let first = if is_told_apart { same_id } else { same_id.min(same_name) };
        if first == place {
            continue;
        }
        let error = ResourceError::new("it is declared twice").at(place).about([first]);
        errors.push(if first == same_name {
            let help = if is_command { "join them, or give this one an `id`" } else { "join them" };
            error.help(help).of(id.to_owned())
        } else {
            error.field("id").help("give one of them another").of(id.to_owned())
        });
    }
    errors
}

/// Of those that nothing is missing for, always the one that is written first.
fn sorted(index: &Index, before: &[Vec<usize>]) -> Result<Vec<usize>, ResourceError> {
    let mut missing: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    for (place, needs) in before.iter().enumerate() {
        for other in needs {
            behind[*other].push(place);
        }
    }
    let ready = (0..before.len()).filter(|place| missing[*place] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut done: Vec<usize> = Vec::with_capacity(before.len());
    while let Some(Reverse(next)) = ready.pop() {
        done.push(next);
        for place in &behind[next] {
            missing[*place] -= 1;
            if missing[*place] == 0 {
                ready.push(Reverse(*place));
            }
        }
    }
    if done.len() == before.len() {
        return Ok(done);
    }
    let is_done: Vec<bool> = missing.iter().map(|missing| *missing == 0).collect();
    Err(cycle(index, before, &is_done))
}

/// Names a way round.
fn cycle(index: &Index, before: &[Vec<usize>], is_done: &[bool]) -> ResourceError {
    let open = |place: &usize| !is_done[*place];
    let mut way: Vec<usize> = Vec::new();
    let mut places_on_way = vec![None; before.len()];
    let mut next = (0..before.len()).find(open);
    while let Some(place) = next {
        if let Some(begin) = places_on_way[place].replace(way.len()) {
            way.drain(..begin);
            break;
        }
        way.push(place);
        next = before[place].iter().copied().find(open);
    }
    let mut names: Vec<String> = way.iter().map(|one| index.id(*one).to_owned()).collect();
    names.extend(names.first().cloned());
    let message = format!("each of these comes after the next: {}", names.join(" → "));
    let (first, rest) = way.split_first().expect("invariant: what is open waits for what is open");
    let error = ResourceError::new(message).field("after").at(*first).about(rest.iter().copied());
    error.of(names.first().cloned().unwrap_or_default())
}
