//! The web front: greets, and passes every request on to the app server's unix socket.
//!
//! Invariant: the front keeps nothing; it can be replaced at any time without losing an order.

use std::error::Error;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;

use shop::{Answer, ask, read_request, write_answer};

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.into())
}

fn serve(mut stream: TcpStream, greeting: &str, socket: &str) -> io::Result<()> {
    let request = read_request(&mut stream)?;
    let answer = UnixStream::connect(socket)
        .and_then(|app| ask(app, &request.method, &request.path))
        .map(|answer| Answer { body: format!("{greeting}\n{}", answer.body), ..answer })
        .unwrap_or_else(|error| Answer {
            status: "502 Bad Gateway".into(),
            body: format!("the app does not answer: {error}\n"),
        });
    write_answer(&mut stream, &answer)
}

fn run(listen: &str) -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("--check") {
        let port = listen.rsplit(':').next().unwrap_or_default().parse()?;
        let health = ask(TcpStream::connect(("127.0.0.1", port))?, "GET", "/health")?;
        return if health.is_ok() { Ok(()) } else { Err(health.status.into()) };
    }
    let greeting = setting("GREETING", "Hello");
    let socket = setting("APP_SOCKET", "/run/shop/app.sock");
    let listener = TcpListener::bind(listen)?;
    println!("front: listening on {listen}, app behind {socket}");
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let (greeting, socket) = (&greeting, &socket);
            scope.spawn(move || {
                if let Err(error) = stream.and_then(|stream| serve(stream, greeting, socket)) {
                    eprintln!("front: {error}");
                }
            });
        }
    });
    Ok(())
}

fn main() -> ExitCode {
    let listen = setting("LISTEN", "0.0.0.0:8080");
    match run(&listen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("front: {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}
