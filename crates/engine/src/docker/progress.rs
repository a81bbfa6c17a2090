//! What long calls say while they run, summed up.
//!
//! Invariant: an error in a stream fails the call, whatever came before it.

use std::collections::BTreeMap;

use windlass_model::event::Progress;

use super::document::progress::Line;
use super::error;
use super::json_lines::JsonLines;
use crate::error::Result;
use crate::stream::{CallProgress, ProgressSink};

/// The bytes of all layers of a pull or push together.
#[derive(Debug, Default)]
pub(super) struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    /// Takes note of a line; tells the sums when they changed.
    pub(super) fn note(&mut self, line: &Line) -> Option<Progress> {
        let (id, status) = (line.id.as_ref()?, line.status.as_deref()?);
        let moves = matches!(status, "Downloading" | "Pushing");
        let done = matches!(status, "Download complete" | "Pull complete" | "Pushed");
        if moves {
            let detail = line.progress_detail.as_ref()?;
            let unsigned = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            let (current, total) = (unsigned(detail.current), unsigned(detail.total));
            self.0.insert(id.clone(), (current, total.max(current)));
        } else if done {
            let (current, total) = self.0.get_mut(id)?;
            if current == total {
                return None;
            }
            *current = *total;
        } else {
            return None;
        }
        // An engine may announce anything.
        let sum =
            |pick: fn(&(u64, u64)) -> u64| self.0.values().map(pick).fold(0, u64::saturating_add);
        Some(Progress::Bytes { done: sum(|layer| layer.0), total: Some(sum(|layer| layer.1)) })
    }
}

/// Reads the lines of a pull or push to their end, and gives each to `each` beside the sink.
pub(super) async fn transfer(
    mut lines: JsonLines<Line>,
    progress: ProgressSink<'_>,
    mut each: impl FnMut(&Line),
) -> Result<()> {
    let mut layers = Layers::default();
    while let Some(mut line) = lines.next().await? {
        if let Some(message) = line.take_error() {
            return Err(error::in_stream(lines.label(), &message));
        }
        each(&line);
        if let Some(sums) = layers.note(&line) {
            progress(CallProgress::Progress(sums));
        } else if let (None, Some(status)) = (&line.id, &line.status) {
            let text = status.clone();
            progress(CallProgress::Progress(Progress::Status { text }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_an_end() {
        let mut layers = Layers::default();
        for id in ["a", "b", "c"] {
            let status = "Downloading";
            let detail = serde_json::json!({ "current": i64::MAX });
            let line = serde_json::json!({ "id": id, "status": status, "progressDetail": detail });
            let line: Line = serde_json::from_value(line).unwrap();
            assert!(layers.note(&line).is_some());
        }
    }

    #[test]
    fn layers_are_summed() {
        let mut layers = Layers::default();
        let table = [
            (r#"{"status":"Pulling fs layer","id":"a"}"#, None),
            (
                r#"{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":4}}"#,
                Some((1, 4)),
            ),
            (
                r#"{"status":"Downloading","id":"b","progressDetail":{"current":2,"total":6}}"#,
                Some((3, 10)),
            ),
            (r#"{"status":"Download complete","id":"a"}"#, Some((6, 10))),
            (r#"{"status":"Pull complete","id":"a","progressDetail":{}}"#, None),
            (
                r#"{"status":"Downloading","id":"c","progressDetail":{"current":5,"total":-1}}"#,
                Some((11, 15)),
            ),
            (r#"{"status":"Status: done"}"#, None),
        ];
        for (line, wanted) in table {
            let line: Line = serde_json::from_str(line).unwrap();
            let wanted = wanted.map(|(done, total)| Progress::Bytes { done, total: Some(total) });
            assert_eq!(layers.note(&line), wanted, "{line:?}");
        }
    }
}
