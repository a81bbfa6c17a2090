//! Leases: all that there are, and when each ends.
//!
//! A lease ends when its owner says so, when the connection that holds it closes, when its time runs out without a renewal, or with
//! the server. Its container is removed then, and only when that is done is the lease gone from the table.
//!
//! Invariant: a container that was asked of the keeper is given back to it exactly once, whoever hangs up and whenever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::keeper::{Cancelled, Keeper};
use crate::lease::{Lease, Served, Status};
use crate::problem::{Kind, Problem};
use crate::random::random_word;
use crate::wish::{What, Wish};

/// More are refused.
pub(crate) const MOST: usize = 500;

/// What one lease is.
struct Entry {
    of: What,
    status: Status,
    ttl_s: Option<u64>,
    served: Option<Served>,
    exit_code: Option<i64>,
    /// When it ends without a renewal.
    end: watch::Sender<Option<Instant>>,
    cancel: watch::Sender<bool>,
    /// Closed when it is gone.
    gone: watch::Receiver<()>,
}

/// All leases.
pub struct Leases {
    keeper: Arc<dyn Keeper>,
    table: Mutex<Table>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Table {
    entries: BTreeMap<String, Entry>,
    is_closed: bool,
}

/// A lease that ends unless somebody lets go of this deliberately.
pub(crate) struct Held {
    leases: Arc<Leases>,
    pub(crate) id: String,
    says: mpsc::UnboundedReceiver<Said>,
    /// Closed when it is gone.
    gone: watch::Receiver<()>,
    lets_go: bool,
}

/// What is heard of a lease that starts.
pub(crate) enum Said {
    /// What is waited for.
    Waiting(String),
    /// Its program has ended.
    Exited(Option<i64>),
    /// The last of it.
    Ready(Result<Box<Lease>, Problem>),
}

impl Held {
    /// The next that is said of it; calls that are given up miss nothing.
    pub(crate) async fn next(&mut self) -> Said {
        self.says.recv().await.unwrap_or_else(|| Said::Ready(Err(Problem::ended())))
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&mut self) -> Result<Lease, Problem> {
        loop {
            if let Said::Ready(ready) = self.next().await {
                return ready.map(|lease| *lease);
            }
        }
    }

    pub(crate) fn is_gone(&self) -> impl Future<Output = ()> + use<> {
        let mut gone = self.gone.clone();
        async move { while gone.changed().await.is_ok() {} }
    }

    /// From now on only its time ends it.
    pub(crate) fn let_go(mut self) {
        self.lets_go = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.lets_go {
            self.leases.cancel(&self.id);
        }
    }
}

impl Problem {
    fn ended() -> Self {
        Self::new(Kind::NotFound, "the lease ended before it was ready").with_hint("ask again")
    }
}

impl Leases {
    pub fn new(keeper: Arc<dyn Keeper>) -> Arc<Self> {
        let changed = watch::channel(()).0;
        Arc::new(Self { keeper, table: Mutex::default(), changed })
    }

    /// Begins one. Whoever has what comes back keeps it alive.
    pub(crate) fn begin(self: &Arc<Self>, wish: Wish) -> Result<Held, Problem> {
        let (cancel, cancelled) = watch::channel(false);
        let (end, ends) = watch::channel(None);
        let (tell_gone, gone) = watch::channel(());
        let (tell, says) = mpsc::unbounded_channel();
        let id = {
            let mut table = self.table();
            if table.is_closed {
                return Err(Problem::new(Kind::Unavailable, "the server is ending"));
            }
            if table.entries.len() >= MOST {
                let message = format!("there are {MOST} leases already");
                let hint = "end those that nobody needs, or ask again later";
                return Err(Problem::new(Kind::Unavailable, message).with_hint(hint));
            }
            let id = free_id(&table);
            let entry = Entry {
                of: wish.what.clone(),
                status: Status::Starting,
                ttl_s: wish.ttl_s,
                served: None,
                exit_code: None,
                end,
                cancel,
                gone: gone.clone(),
            };
            table.entries.insert(id.clone(), entry);
            id
        };
        self.changed.send_replace(());
        let life = Life {
            leases: Arc::clone(self),
            id: id.clone(),
            cancelled: Cancelled(cancelled),
            ends,
            _gone: tell_gone,
        };
        tokio::spawn(life.live(wish, tell));
        Ok(Held { leases: Arc::clone(self), id, says, gone, lets_go: false })
    }

    /// All of them, by id.
    pub fn all(&self) -> Vec<Lease> {
        let table = self.table();
        table.entries.iter().map(|(id, entry)| entry.lease(id)).collect()
    }

    pub(crate) fn get(&self, id: &str) -> Option<Lease> {
        self.table().entries.get(id).map(|entry| entry.lease(id))
    }

    /// Lets one that is not held live on; its new time, if another one is said.
    pub(crate) fn renew(&self, id: &str, ttl_s: Option<u64>) -> Result<Lease, Problem> {
        let mut table = self.table();
        let entry = table.entries.get_mut(id).filter(|entry| entry.status != Status::Ending);
        let entry = entry.ok_or_else(|| unknown(id))?;
        let Some(known) = entry.ttl_s else {
            let hint = "it lives as long as the connection that it was asked for on";
            return Err(Problem::new(Kind::Conflict, "the lease is held").with_hint(hint));
        };
        let ttl_s = ttl_s.unwrap_or(known);
        entry.ttl_s = Some(ttl_s);
        if entry.status != Status::Starting {
            entry.end.send_replace(Some(Instant::now() + Duration::from_secs(ttl_s)));
        }
        self.changed.send_replace(());
        Ok(entry.lease(id))
    }

    /// Ends one, and waits until its container is gone.
    pub(crate) async fn end(&self, id: &str) -> Result<(), Problem> {
        let mut gone = {
            let table = self.table();
            let entry = table.entries.get(id).ok_or_else(|| unknown(id))?;
            entry.cancel.send_replace(true);
            entry.gone.clone()
        };
        // Closed when it is gone.
        while gone.changed().await.is_ok() {}
        Ok(())
    }

    /// Begins no more, ends all, and waits until nothing of them is left.
    pub async fn close(&self) {
        let all: Vec<watch::Receiver<()>> = {
            let mut table = self.table();
            table.is_closed = true;
            for entry in table.entries.values() {
                entry.cancel.send_replace(true);
            }
            table.entries.values().map(|entry| entry.gone.clone()).collect()
        };
        for mut gone in all {
            while gone.changed().await.is_ok() {}
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn cancel(&self, id: &str) {
        if let Some(entry) = self.table().entries.get(id) {
            entry.cancel.send_replace(true);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("invariant: nothing that holds it can panic")
    }

    fn update(&self, id: &str, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.table().entries.get_mut(id) {
            change(entry);
        }
        self.changed.send_replace(());
    }
}

impl Entry {
    fn lease(&self, id: &str) -> Lease {
        let left = self.end.borrow().map(|end| end.saturating_duration_since(Instant::now()));
        Lease {
            id: id.to_owned(),
            of: self.of.clone(),
            status: self.status,
            held: self.ttl_s.is_none(),
            ttl_s: self.ttl_s,
            left_s: left.map(|left| left.as_secs()),
            served: self.served.clone(),
            exit_code: self.exit_code,
        }
    }
}

fn free_id(table: &Table) -> String {
    loop {
        let id = random_word(4);
        if !table.entries.contains_key(&id) {
            return id;
        }
    }
}

pub(crate) fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(60).collect();
    let hint = "it has ended: its time ran out, or somebody ended it";
    Problem::new(Kind::NotFound, format!("there is no lease {id}")).with_hint(hint)
}

/// The life of one lease, on a task of its own: nobody who hangs up cuts it short between two acts.
struct Life {
    leases: Arc<Leases>,
    id: String,
    cancelled: Cancelled,
    ends: watch::Receiver<Option<Instant>>,
    /// Dropped last, which tells that the lease is gone.
    _gone: watch::Sender<()>,
}

impl Life {
    async fn live(mut self, wish: Wish, tell: mpsc::UnboundedSender<Said>) {
        // Whoever asked may not listen.
        let says = |text: String| drop(tell.send(Said::Waiting(text)));
        let keeper = Arc::clone(&self.leases.keeper);
        let started = keeper.start(&self.id, &wish, &says, self.cancelled.clone()).await;
        match started {
            Err(problem) => {
                self.leave();
                drop(tell.send(Said::Ready(Err(problem))));
            }
            Ok(served) => {
                let mut lease = None;
                self.leases.update(&self.id, |entry| {
                    entry.status = Status::Ready;
                    entry.served = Some(served.clone());
                    let end = entry.ttl_s.map(|ttl| Instant::now() + Duration::from_secs(ttl));
                    entry.end.send_replace(end);
                    lease = Some(entry.lease(&self.id));
                });
                drop(tell.send(Said::Ready(lease.map(Box::new).ok_or_else(Problem::ended))));
                self.until_its_end(&served, &tell).await;
                drop(tell);
                self.leases.update(&self.id, |entry| entry.status = Status::Ending);
                keeper.stop(&served).await;
                self.leave();
            }
        }
    }

    async fn until_its_end(&mut self, served: &Served, tell: &mpsc::UnboundedSender<Said>) {
        let keeper = Arc::clone(&self.leases.keeper);
        let mut exit = keeper.exit(served);
        let mut has_exited = false;
        loop {
            let end = *self.ends.borrow_and_update();
            let over = async {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.cancelled.wait() => return,
                () = over => return,
                Ok(()) = self.ends.changed() => {}
                exit_code = &mut exit, if !has_exited => {
                    has_exited = true;
                    self.leases.update(&self.id, |entry| {
                        entry.status = Status::Exited;
                        entry.exit_code = exit_code;
                    });
                    drop(tell.send(Said::Exited(exit_code)));
                }
            }
        }
    }

    fn leave(&self) {
        self.leases.table().entries.remove(&self.id);
        self.leases.changed.send_replace(());
    }
}
