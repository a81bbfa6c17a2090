//! The app server: counts orders in a file and serves them over a unix socket.
//!
//! Invariant: an order is answered only when it is on disk; the count is replaced by a rename, never
//! written in place, so that a kill at any moment leaves the old count or the new one.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use shop::{Answer, Request, ask, read_request, write_answer};

struct Orders {
    file: PathBuf,
    count: Mutex<u64>,
}

impl Orders {
    fn open(directory: &Path) -> io::Result<Self> {
        let file = directory.join("orders");
        let count = match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { file, count: Mutex::new(count) })
    }

    fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn add(&self) -> io::Result<u64> {
        let mut count = self.count.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = self.file.with_extension("next");
        let mut file = fs::File::create(&next)?;
        writeln!(file, "{}", *count + 1)?;
        file.sync_all()?;
        fs::rename(&next, &self.file)?;
        *count += 1;
        Ok(*count)
    }
}

fn answer(request: &Request, orders: &Orders) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") => Answer::ok(format!("Orders so far: {}\n", orders.count())),
        ("GET", "/health") => Answer::ok("well\n"),
        ("POST", "/orders") => match orders.add() {
            Ok(number) => Answer::ok(format!("Thank you for order {number}\n")),
            Err(error) => Answer::failed(&format!("the order could not be kept: {error}\n")),
        },
        _ => Answer::not_found(),
    }
}

fn serve(mut stream: UnixStream, orders: &Orders) -> io::Result<()> {
    let request = read_request(&mut stream)?;
    write_answer(&mut stream, &answer(&request, orders))
}

fn run(socket: &str) -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("--check") {
        let health = ask(UnixStream::connect(socket)?, "GET", "/health")?;
        return if health.is_ok() { Ok(()) } else { Err(health.status.into()) };
    }
    let data = std::env::var("APP_DATA").unwrap_or_else(|_| "/data".into());
    let orders = Orders::open(Path::new(&data))?;
    // The socket of a killed predecessor is still in the volume; nobody listens on it any more.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    println!("app: {} orders in {data}, listening on {socket}", orders.count());
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let orders = &orders;
            scope.spawn(move || {
                if let Err(error) = stream.and_then(|stream| serve(stream, orders)) {
                    eprintln!("app: {error}");
                }
            });
        }
    });
    Ok(())
}

fn main() -> ExitCode {
    let socket = std::env::var("APP_SOCKET").unwrap_or_else(|_| "/run/shop/app.sock".into());
    match run(&socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("app: {socket}: {error}");
            ExitCode::FAILURE
        }
    }
}
