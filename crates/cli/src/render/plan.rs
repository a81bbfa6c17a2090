//! A plan for people: one line per object, its cause beside or below it, and a summary.
//!
//! Invariant: without `verbose` what is left alone for good is only counted; whatever needs
//! consent is always shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use windlass::model::Address;
use windlass::model::note::{Blocked, Blocker, Note, NoteReason};
use windlass::model::plan::{Cause, FieldChange, Hazard, Plan};

use super::escape;
use super::object::{self, Deed, Object, objects};
use super::style::{Role, Style, cut, pad, width};
use crate::hint;
use crate::origin::Origin;
use crate::words;

/// Names longer than this are not waited for when columns are laid out.
const WIDEST_NAME: usize = 28;
const WIDEST_PHRASE: usize = 34;

/// The whole plan, with its summary; `origin` knows the places of what a note wants to be changed.
pub(crate) fn plan(plan: &Plan, origin: Option<&Origin>, style: Style, verbose: bool) -> String {
    shown(plan, &[], &BTreeMap::new(), origin, style, verbose)
}

/// The plan as it would be: what is blocked first, and beside what needs it that it waits.
pub(crate) fn blocked(blocked: &Blocked, style: Style, verbose: bool) -> String {
    shown(&blocked.plan, &blocked.blockers, &blocked.held, None, style, verbose)
}

fn shown(
    plan: &Plan,
    blockers: &[Blocker],
    waiting: &BTreeMap<Address, Address>,
    origin: Option<&Origin>,
    style: Style,
    verbose: bool,
) -> String {
    let mut objects = objects(plan);
    objects.retain(|object| blockers.iter().all(|blocker| blocker.address != *object.address));
    let objects = objects;
    let notes: Vec<_> = plan.notes.iter().filter(|note| verbose || is_notable(note)).collect();
    let columns = Columns::of(&objects, &notes, blockers, verbose);
    let mut out = String::new();
    for blocker in blockers {
        let head = columns.head(&blocker.address);
        let words = format!("blocked: {}", super::blocker::what(&blocker.reason));
        let words = style.fit(&words, width(&head) + 6);
        let glyph = style.paint(Role::Error, "✗");
        let _ = writeln!(out, "  {glyph} {head}  {}", style.paint(Role::Error, &words));
    }
    for object in &objects {
        push_object(&mut out, object, waiting.get(object.address), &columns, style, verbose);
    }
    for note in notes {
        push_note(&mut out, note, &columns, style);
        if let NoteReason::OwnerKept { change } = &note.reason {
            let place = origin.and_then(|origin| origin.place_of_owner(&note.address, change));
            let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
            let help = format!("{place}{}", hint::owner_kept(&note.address, change));
            let word = style.paint(Role::Hint, "help:");
            let _ = writeln!(out, "      {word} {}", escape::line(&help));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&style.paint(Role::Strong, &summary(plan, &objects, blockers)));
    out.push('\n');
    out
}

struct Columns {
    kind: usize,
    name: usize,
    phrase: usize,
}

impl Columns {
    fn of(objects: &[Object<'_>], notes: &[&Note], blockers: &[Blocker], verbose: bool) -> Self {
        let addresses = || {
            let notes = notes.iter().map(|note| &note.address);
            let blockers = blockers.iter().map(|blocker| &blocker.address);
            objects.iter().map(|object| object.address).chain(notes).chain(blockers)
        };
        let widest = |widths: &mut dyn Iterator<Item = usize>, most: usize| {
            widths.filter(|width| *width <= most).max().unwrap_or(0)
        };
        // Only where something stands beside it does it need a column.
        let explained = objects.iter().filter(|object| !beside(object).is_empty());
        Self {
            kind: addresses().map(|a| a.kind.as_str().len()).max().unwrap_or(0),
            name: widest(&mut addresses().map(|a| width(&object::name(a))), WIDEST_NAME),
            phrase: widest(
                &mut explained.map(|object| width(&object.phrase(verbose))),
                WIDEST_PHRASE,
            ),
        }
    }

    fn head(&self, address: &Address) -> String {
        let kind = pad(address.kind.as_str(), self.kind);
        format!("{kind} {}", pad(&object::name(address), self.name))
    }
}

fn push_object(
    out: &mut String,
    object: &Object<'_>,
    held_by: Option<&Address>,
    columns: &Columns,
    style: Style,
    verbose: bool,
) {
    let (glyph, role) = object.glyph();
    let head = columns.head(object.address);
    let beside = match held_by {
        Some(by) => format!("needs {}, which is blocked", object::full_name(by)),
        None => beside(object),
    };
    let phrase = object.phrase(verbose);
    let phrase = if beside.is_empty() { phrase } else { pad(&phrase, columns.phrase) };
    let taken = width(&head) + 6;
    let phrase = style.fit(&phrase, taken);
    let beside = if beside.is_empty() {
        String::new()
    } else {
        format!("  {}", style.fit(&beside, taken + width(&phrase) + 2))
    };
    let beside_role = if matches!(object.hazard(), Some(Hazard::DataLoss | Hazard::Foreign)) {
        Role::Consent
    } else {
        Role::Faint
    };
    let _ = writeln!(
        out,
        "  {} {head}  {}{}",
        style.paint(role, &glyph.to_string()),
        style.paint(role, &phrase),
        style.paint(beside_role, &beside),
    );
    if let Cause::Diverged(changes) = object.cause() {
        push_changes(out, changes, style);
    }
}

/// The cause, where it is short, and what is at stake.
fn beside(object: &Object<'_>) -> String {
    let cause = match object.cause() {
        Cause::NotRunning if object.deed == Deed::Start => "not running".to_owned(),
        Cause::DependsOn(address) => format!("because of {}", object::full_name(address)),
        Cause::Orphan => "not in the file".to_owned(),
        Cause::Leftover => "left over from an earlier run".to_owned(),
        Cause::Requested if object.deed == Deed::Recreate => "asked for by --recreate".to_owned(),
        Cause::Absent
        | Cause::Diverged(_)
        | Cause::NotRunning
        | Cause::Requested
        | Cause::Readiness => String::new(),
    };
    match object.hazard() {
        Some(Hazard::DataLoss) if cause.is_empty() => "its data is lost".to_owned(),
        Some(Hazard::DataLoss) => format!("its data is lost; {cause}"),
        Some(Hazard::Foreign) => "not of this project".to_owned(),
        Some(Hazard::Downtime) | None => cause,
    }
}

/// One difference on a line, without colour.
pub(crate) fn change_words(change: &FieldChange) -> String {
    let (was, wanted) = (value(change.was.as_deref()), value(change.wanted.as_deref()));
    format!("{}: {was} → {wanted} ({})", escape::line(&change.path), change.origin.as_str())
}

fn push_changes(out: &mut String, changes: &[FieldChange], style: Style) {
    let widest = changes.iter().map(|change| width(&escape::line(&change.path))).max();
    let path_columns = widest.unwrap_or(0).min(WIDEST_NAME);
    for change in changes {
        let path = pad(&escape::line(&change.path), path_columns);
        let origin = format!("({})", change.origin.as_str());
        let taken = 6 + width(&path) + 2 + 3 + 2 + width(&origin);
        let (was, wanted) =
            fit_pair(&value(change.was.as_deref()), &value(change.wanted.as_deref()), taken, style);
        let arrow = style.paint(Role::Faint, "→");
        let origin = style.paint(Role::Faint, &origin);
        let _ = writeln!(out, "      {path}  {was} {arrow} {wanted}  {origin}");
    }
}

fn value(value: Option<&str>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(text) => escape::line(text).into_owned(),
    }
}

/// Two values, cut so that both and `taken` columns fit; a short one leaves its room to the other.
fn fit_pair(was: &str, wanted: &str, taken: usize, style: Style) -> (String, String) {
    let Some(columns) = style.width else {
        return (was.to_owned(), wanted.to_owned());
    };
    let room = columns.saturating_sub(taken).max(16);
    let half = room / 2;
    let (a, b) = (width(was), width(wanted));
    let (for_was, for_wanted) = if a + b <= room {
        (a, b)
    } else if a <= half {
        (a, room - a)
    } else if b <= half {
        (room - b, b)
    } else {
        (half, room - half)
    };
    (cut(was, for_was), cut(wanted, for_wanted))
}

fn push_note(out: &mut String, note: &Note, columns: &Columns, style: Style) {
    let head = columns.head(&note.address);
    let words = style.fit(&note_words(&note.reason), width(&head) + 6);
    let role = if is_notable(note) { Role::Warning } else { Role::Unchanged };
    let glyph = style.paint(Role::Unchanged, "=");
    let _ = writeln!(out, "  {glyph} {head}  {}", style.paint(role, &words));
    if let NoteReason::Kept { changes } = &note.reason {
        push_changes(out, changes, style);
    }
    if let NoteReason::Unhealthy { output: Some(output) } = &note.reason {
        for line in output.lines().take(5) {
            let line = style.fit(&escape::line(line), 8);
            let _ = writeln!(out, "      {} {line}", style.paint(Role::Faint, "|"));
        }
    }
}

/// Whether an owner is the same and only its permissions are not: a note says both, one after the other.
pub(crate) fn is_of_permissions(change: &FieldChange) -> bool {
    let owner = |text: &Option<String>| Some(text.as_deref()?.rsplit_once(' ')?.0.to_owned());
    owner(&change.was).is_some_and(|was| owner(&change.wanted) == Some(was))
}

fn owner_words(change: &FieldChange) -> String {
    let permissions = is_of_permissions(change);
    let part = |text: &Option<String>| {
        let text = value(text.as_deref());
        text.rsplit_once(' ')
            .filter(|_| permissions)
            .map_or(text.clone(), |(_, mode)| mode.to_owned())
    };
    let (was, wanted) = (part(&change.was), part(&change.wanted));
    match (&change.was, permissions) {
        (None, _) => format!("was given no owner: only a new volume gets {wanted}"),
        (_, true) => format!("keeps its permissions {was}: only a new volume gets {wanted}"),
        (_, false) => format!("keeps its owner {was}: only a new volume gets {wanted}"),
    }
}

/// Whether a note is shown without being asked for.
fn is_notable(note: &Note) -> bool {
    match note.reason {
        NoteReason::UpToDate
        | NoteReason::External
        | NoteReason::Persistent
        | NoteReason::NothingBefore
        | NoteReason::Completed
        | NoteReason::Already { .. } => false,
        NoteReason::Orphan { .. }
        | NoteReason::OrphanVolume { .. }
        | NoteReason::Unhealthy { .. }
        | NoteReason::VolumeKept
        | NoteReason::InUse { .. }
        | NoteReason::OwnerKept { .. }
        | NoteReason::Kept { .. } => true,
    }
}

/// Why something is left alone, in words that are safe for a terminal.
pub(crate) fn note_words(reason: &NoteReason) -> String {
    match reason {
        NoteReason::UpToDate => "unchanged".to_owned(),
        NoteReason::External => "external: left alone".to_owned(),
        NoteReason::Orphan { .. } => {
            "not in the file: kept (up --remove-orphans removes it)".to_owned()
        }
        NoteReason::OrphanVolume { name } => {
            format!("not in the file: kept (--destroy-volume {} removes it)", escape::line(name))
        }
        NoteReason::NothingBefore => "nothing ran before it".to_owned(),
        NoteReason::Persistent => "persistent: started before, left alone".to_owned(),
        NoteReason::Completed => "completed".to_owned(),
        NoteReason::Unhealthy { .. } => "runs, but its health check fails".to_owned(),
        NoteReason::VolumeKept => "kept (--volumes removes it)".to_owned(),
        NoteReason::InUse { by } => {
            let users: Vec<_> = by.iter().map(|name| escape::line(name)).collect();
            format!("kept: in use by {}", words::and_list_up_to(&users, 3))
        }
        NoteReason::OwnerKept { change } => owner_words(change),
        NoteReason::Kept { .. } => "differs, and is kept: this needs consent".to_owned(),
        NoteReason::Already { state } => format!("already {state}"),
    }
}

/// `Plan: 3 to create, 1 to recreate, 2 unchanged.`
fn summary(plan: &Plan, objects: &[Object<'_>], blockers: &[Blocker]) -> String {
    let unchanged = plan.notes.iter().filter(|note| !is_notable(note)).count();
    if objects.is_empty() && blockers.is_empty() {
        return match unchanged {
            0 => "Nothing to do.".to_owned(),
            number => format!("Nothing to do: {number} unchanged."),
        };
    }
    let mut parts: Vec<String> = tally(objects.iter())
        .into_iter()
        .map(|(deed, number)| format!("{number} to {}", deed.infinitive()))
        .collect();
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    if !blockers.is_empty() {
        let all: BTreeSet<_> = blockers.iter().map(|blocker| &blocker.address).collect();
        parts.push(format!("{} blocked", all.len()));
    }
    format!("Plan: {}.", parts.join(", "))
}

/// How many objects there are of each deed.
pub(crate) fn tally<'a>(objects: impl Iterator<Item = &'a Object<'a>>) -> BTreeMap<Deed, usize> {
    let mut tally = BTreeMap::new();
    for object in objects {
        *tally.entry(object.deed).or_insert(0) += 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_object_is_a_line_with_its_cause() {
        insta::assert_snapshot!(plan(&sample::plan(), None, Style::PLAIN, false), @r"
          + network   front  create
          + container app    create, start, wait until healthy
          ± container web    recreate
              env.GREETING  hello → bye\u{1b}[2J  (file changed)
              mounts./data  nothing → volume shop.data  (engine changed)
          ! volume    old    remove  its data is lost; not in the file
          = container gone   not in the file: kept (up --remove-orphans removes it)

        Plan: 2 to create, 1 to recreate, 1 to remove, 2 unchanged.
        ");
    }

    #[test]
    fn verbose_shows_what_is_left_alone_and_narrow_is_cut() {
        let style = Style { colour: false, width: Some(60) };
        let text = plan(&sample::plan(), None, style, true);
        insta::assert_snapshot!(text, @r"
          + network   front  create
          + container app    create, start, wait until healthy
          ± container web    stop, create, start, wait until healthy
              env.GREETING  hello → bye\u{1b}[2J  (file changed)
              mounts./data  nothing → volume shop…  (engine changed)
          ! volume    old    remove  its data is lost; not in the f…
          = volume    data   unchanged
          = container job    completed
          = container gone   not in the file: kept (up --remove-orp…

        Plan: 2 to create, 1 to recreate, 1 to remove, 2 unchanged.
        ");
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
    }

    #[test]
    fn nothing_to_do_says_so() {
        let empty = Plan { steps: Vec::new(), ..sample::plan() };
        insta::assert_snapshot!(plan(&empty, None, Style::PLAIN, false), @r"
          = container gone  not in the file: kept (up --remove-orphans removes it)

        Nothing to do: 2 unchanged.
        ");
        insta::assert_snapshot!(plan(&Plan::default(), None, Style::PLAIN, false), @"Nothing to do.");
    }

    #[test]
    fn only_colours_are_added_on_a_terminal() {
        let text = plan(&sample::plan(), None, Style { colour: true, width: None }, true);
        let mut colours = escape::Colours::default();
        assert_eq!(colours.push(text.as_bytes()), text);
    }
}
