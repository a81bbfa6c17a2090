//! Sends build contexts: lists what there is, and then only the bytes that the engine asks for.
//! Invariant: at most [`PACKETS_AHEAD`] packets wait in memory per transfer, however large the files are.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSync;
use tokio::sync::{OnceCell, mpsc};
use tokio_stream::Pending;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::filter::TransferRequest;
use super::source::{ContextEntry, ContextSource, normalise};

/// The receiver allows no larger chunks.
const DATA_MAX_BYTES: u64 = 32 * 1024;
const PACKETS_AHEAD: usize = 32;

type PacketSender = mpsc::Sender<Result<Packet, Status>>;

/// What was sent so far, of file contents.
#[derive(Debug, Default)]
pub(super) struct Sent {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Sent {
    /// Files and bytes.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// The first thing that went wrong with the caller's own files: which, and how.
#[derive(Clone, Default)]
pub(super) struct LocalFailure(Arc<Mutex<Option<(String, io::Error)>>>);

impl LocalFailure {
    pub(super) fn take(&self) -> Option<(String, io::Error)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the error when it is the first, and gives the words for the engine.
    fn record(&self, path: &str, error: io::Error) -> String {
        let text = if path.is_empty() { error.to_string() } else { format!("{path}: {error}") };
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| (path.to_owned(), error));
        text
    }
}

/// One directory that the engine may ask for.
pub(super) struct SharedDirectory {
    source: Arc<dyn ContextSource>,
    listing: OnceCell<Arc<[ContextEntry]>>,
    sent: Arc<Sent>,
    failure: LocalFailure,
}

impl SharedDirectory {
    pub(super) fn new(
        source: Arc<dyn ContextSource>,
        sent: Arc<Sent>,
        failure: LocalFailure,
    ) -> Self {
        Self { source, listing: OnceCell::new(), sent, failure }
    }

    async fn listing(&self) -> Result<Arc<[ContextEntry]>, Status> {
        let list = || async {
            let source = Arc::clone(&self.source);
            let listing = tokio::task::spawn_blocking(move || normalise(source.entries()?))
                .await
                .map_err(|_| Status::internal("listing the build context panicked"))?;
            match listing {
                Ok(listing) => Ok(listing.into()),
                Err(error) => Err(Status::internal(self.failure.record("", error))),
            }
        };
        self.listing.get_or_try_init(list).await.cloned()
    }
}

/// The directories of a build by name.
pub(super) struct SharedDirectories(pub(super) BTreeMap<&'static str, Arc<SharedDirectory>>);

#[async_trait::async_trait]
impl FileSync for SharedDirectories {
    type DiffCopyStream = ReceiverStream<Result<Packet, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let transfer = TransferRequest::from_metadata(request.metadata());
        let directory = self.0.get(transfer.directory.as_str()).ok_or_else(|| {
            Status::not_found(format!("no directory {:?} is shared", transfer.directory))
        })?;
        let directory = Arc::clone(directory);
        let listing = directory.listing().await?;
        let (packets, receiver) = mpsc::channel(PACKETS_AHEAD);
        // Unbounded, because the receiver must never wait for us to read a request while we wait for it to
        // read data. It asks for each file once, so this is bounded by the listing.
        let (wanted, requests) = mpsc::unbounded_channel();
        tokio::spawn(receive(request.into_inner(), wanted, packets.clone()));
        tokio::task::spawn_blocking(move || {
            let sender = Sender { directory: &directory, listing: &listing, packets: &packets };
            sender.run(&transfer, requests);
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    type TarStreamStream = Pending<Result<Packet, Status>>;

    async fn tar_stream(
        &self,
        _: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("build contexts are sent as differences, not as tar"))
    }
}

/// Takes in what the engine asks for, until it has everything or goes away.
async fn receive(
    mut inbound: Streaming<Packet>,
    wanted: mpsc::UnboundedSender<u32>,
    packets: PacketSender,
) {
    while let Ok(Some(packet)) = inbound.message().await {
        match packet.r#type() {
            PacketType::PacketReq => {
                if wanted.send(packet.id).is_err() {
                    return;
                }
            }
            PacketType::PacketFin => {
                packets.send(Ok(packet_of(PacketType::PacketFin))).await.ok();
                return;
            }
            PacketType::PacketErr => {
                let message = String::from_utf8_lossy(&packet.data).into_owned();
                packets.send(Err(Status::aborted(message))).await.ok();
                return;
            }
            PacketType::PacketStat | PacketType::PacketData => {}
        }
    }
}

/// The blocking side of one transfer.
struct Sender<'a> {
    directory: &'a SharedDirectory,
    listing: &'a [ContextEntry],
    packets: &'a PacketSender,
}

/// The engine has gone, or was told of an error: there is nothing more to send.
struct Stopped;

impl Sender<'_> {
    fn run(&self, transfer: &TransferRequest, requests: mpsc::UnboundedReceiver<u32>) {
        let chosen = match transfer.select(self.listing) {
            Ok(chosen) => chosen,
            Err(error) => return drop(self.fail("", error)),
        };
        // The engine asks for files while it is still told of others, and makes each of them meanwhile.
        std::thread::scope(|scope| {
            scope.spawn(|| self.list(&chosen));
            self.serve(&chosen, requests);
        });
    }

    fn list(&self, chosen: &[usize]) {
        for &index in chosen {
            let stat = Packet {
                stat: Some(stat_of(&self.listing[index])),
                ..packet_of(PacketType::PacketStat)
            };
            if self.send(stat).is_err() {
                return;
            }
        }
        // If the engine has gone, there is nobody to be told that this was all.
        let _ = self.send(packet_of(PacketType::PacketStat));
    }

    fn serve(&self, chosen: &[usize], mut requests: mpsc::UnboundedReceiver<u32>) {
        while let Some(id) = requests.blocking_recv() {
            let index = usize::try_from(id).ok().and_then(|at| chosen.get(at));
            if self.send_file(id, index.map(|&index| &self.listing[index])).is_err() {
                return;
            }
        }
    }

    fn send_file(&self, id: u32, entry: Option<&ContextEntry>) -> Result<(), Stopped> {
        let Some(entry) = entry.filter(|entry| entry.is_regular()) else {
            let error =
                io::Error::other(format!("the engine asked for entry {id}, which has no content"));
            return self.fail("", error);
        };
        let mut file = match self.directory.source.open(&entry.path) {
            // A file that grows meanwhile, such as a log, is sent as long as it was when it was listed.
            Ok(file) => file.take(entry.size),
            Err(error) => return self.fail(&entry.path, error),
        };
        loop {
            let mut data = Vec::new();
            match file.by_ref().take(DATA_MAX_BYTES).read_to_end(&mut data) {
                Ok(0) if file.limit() > 0 => {
                    let error = io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("the file became {} bytes shorter meanwhile", file.limit()),
                    );
                    return self.fail(&entry.path, error);
                }
                Ok(0) => break,
                Ok(count) => {
                    self.send(Packet { id, data, ..packet_of(PacketType::PacketData) })?;
                    self.directory.sent.bytes.fetch_add(count as u64, Ordering::Relaxed);
                }
                Err(error) => return self.fail(&entry.path, error),
            }
        }
        self.directory.sent.files.fetch_add(1, Ordering::Relaxed);
        self.send(Packet { id, ..packet_of(PacketType::PacketData) })
    }

    fn send(&self, packet: Packet) -> Result<(), Stopped> {
        self.packets.blocking_send(Ok(packet)).map_err(|_| Stopped)
    }

    fn fail(&self, path: &str, error: io::Error) -> Result<(), Stopped> {
        let text = self.directory.failure.record(path, error);
        self.send(Packet { data: text.clone().into_bytes(), ..packet_of(PacketType::PacketErr) })?;
        self.packets.blocking_send(Err(Status::internal(text))).ok();
        Err(Stopped)
    }
}

fn packet_of(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

fn stat_of(entry: &ContextEntry) -> Stat {
    let link = entry.link_target.clone().unwrap_or_default();
    // The receiver compares sizes with what it finds on its own disk, so they must be what a disk would say.
    let size = if entry.is_regular() { entry.size } else { link.len() as u64 };
    Stat {
        path: entry.path.clone(),
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        size: i64::try_from(size).unwrap_or(i64::MAX),
        mod_time: entry.mtime_ns,
        linkname: link,
        ..Stat::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::{MemorySource, go_mode};
    use super::*;

    /// Runs a whole transfer of `source` in which the engine asks for `ids`; one line per packet.
    fn transfer(source: Arc<dyn ContextSource>, ids: &[u32]) -> (Vec<String>, SharedDirectory) {
        let directory = SharedDirectory::new(source, Arc::default(), LocalFailure::default());
        let listing = normalise(directory.source.entries().unwrap()).unwrap();
        let (packets, mut receiver) = mpsc::channel(1000);
        let (wanted, requests) = mpsc::unbounded_channel();
        for id in ids {
            wanted.send(*id).unwrap();
        }
        drop(wanted);
        Sender { directory: &directory, listing: &listing, packets: &packets }
            .run(&TransferRequest::default(), requests);
        drop(packets);
        let mut lines = Vec::new();
        while let Some(packet) = receiver.blocking_recv() {
            lines.push(match packet {
                Ok(packet) if packet.r#type() == PacketType::PacketErr => {
                    format!("error {}", String::from_utf8_lossy(&packet.data))
                }
                Ok(packet) => match packet.stat.as_ref() {
                    Some(stat) => format!("stat {} {:o} {}", stat.path, stat.mode, stat.size),
                    None => {
                        format!("{:?} {} {}", packet.r#type(), packet.id, packet.data.len())
                    }
                },
                Err(status) => format!("status {}", status.message()),
            });
        }
        // Files are sent while others are still listed.
        lines.sort_by_key(|line| !line.starts_with("stat ") && !line.starts_with("PacketStat"));
        (lines, directory)
    }

    #[test]
    fn only_what_is_asked_for_is_sent() {
        let source = MemorySource::new()
            .with_file("a", "unchanged")
            .with_mode("d/b", 0o755, vec![b'x'; 70_000])
            .with_file("e", "");
        let (lines, directory) = transfer(Arc::new(source), &[2, 3]);
        let expected = [
            "stat a 644 9",
            "stat d 20000000755 0",
            "stat d/b 755 70000",
            "stat e 644 0",
            "PacketStat 0 0",
            "PacketData 2 32768",
            "PacketData 2 32768",
            "PacketData 2 4464",
            "PacketData 2 0",
            "PacketData 3 0",
        ];
        assert_eq!(lines, expected);
        assert_eq!(directory.sent.totals(), (2, 70_000));
        assert!(directory.failure.take().is_none());
    }

    /// Says of every file that it has `size` bytes, and gives 5.
    struct Wrong {
        size: u64,
    }

    impl ContextSource for Wrong {
        fn entries(&self) -> io::Result<Vec<ContextEntry>> {
            let file = |path| ContextEntry {
                mode: 0o644,
                size: self.size,
                ..ContextEntry::directory(path)
            };
            Ok(vec![file("absent"), file("file")])
        }

        fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
            match path {
                "file" => Ok(Box::new(&b"12345"[..])),
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        }
    }

    #[test]
    fn files_that_change_meanwhile() {
        let shorter = "error file: the file became 4 bytes shorter meanwhile";
        let cases: [(u64, u32, &[&str], Option<&str>); 4] = [
            (3, 1, &["PacketData 1 3", "PacketData 1 0"], None),
            (9, 1, &["PacketData 1 5", shorter], Some("file")),
            (5, 0, &["error absent: entity not found"], Some("absent")),
            (5, 7, &["error the engine asked for entry 7, which has no content"], Some("")),
        ];
        for (size, id, expected, failed) in cases {
            let (lines, directory) = transfer(Arc::new(Wrong { size }), &[id]);
            let sent: Vec<&String> = lines.iter().skip(3).collect();
            assert_eq!(&sent[..expected.len()], expected, "{size} {id}");
            let failure = directory.failure.take();
            assert_eq!(failure.as_ref().map(|(path, _)| path.as_str()), failed);
        }
    }

    #[test]
    fn links_are_as_long_as_their_target() {
        let mut link = ContextEntry::directory("l");
        link.mode = go_mode::SYMLINK | 0o777;
        link.link_target = Some("a/b".to_owned());
        let stat = stat_of(&link);
        assert_eq!((stat.size, stat.linkname.as_str()), (3, "a/b"));
    }
}
