//! A reward server of the test's own, which answers `POST /get_reward`, badly if told so, and can die and come back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::until;

/// What comes back for a request.
pub enum Reply {
    /// A status and a body.
    Say(u16, String),
    /// Nothing, and the connection is closed.
    HangUp,
    /// These bytes, and then nothing, with the connection open until the server goes.
    Stall(&'static str),
    /// The right answer; then the server is dead.
    LastWords,
}

/// How the n-th request is answered.
type Manner = Box<dyn FnMut(usize, &Value) -> Reply + Send>;

/// A server on a port of its own. Dropped, it is gone.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    requests: Vec<Value>,
    over: bool,
}

impl Server {
    pub fn new(manner: impl FnMut(usize, &Value) -> Reply + Send + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"), manner)
    }

    /// One that scores every text, as many requests as there are.
    pub fn good() -> Self {
        Self::new(|_, request| right(request))
    }

    /// One that scores so many requests and is dead then.
    pub fn for_requests(n: usize) -> Self {
        Self::new(move |i, request| if i + 1 == n { Reply::LastWords } else { right(request) })
    }

    /// One that scores, at the address of another that is gone.
    pub fn back(address: SocketAddr) -> Self {
        Self::at(address, |_, request| right(request))
    }

    fn at(address: SocketAddr, manner: impl FnMut(usize, &Value) -> Reply + Send + 'static) -> Self {
        // A port that was given back may be in use for a moment.
        let listener = until("a free port", || TcpListener::bind(address).ok());
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (seen, manner) = (Arc::clone(&shared), Box::new(manner));
        let thread = Some(std::thread::spawn(move || serve(listener, &seen, manner)));
        Self {
            address,
            shared,
            thread,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}/get_reward", self.address)
    }

    /// The bodies of the requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.lock().expect("no panic").requests.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.lock().expect("no panic").over = true;
        // Wakes the thread that waits for a request; a server that is dead already refuses.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server did not panic");
        }
    }
}

fn serve(listener: TcpListener, shared: &Mutex<Shared>, mut manner: Manner) {
    let mut stalled = Vec::new();
    loop {
        let accepted = listener.accept().map(|(stream, _)| stream);
        if shared.lock().expect("no panic").over {
            return;
        }
        let Some((stream, request)) = accepted.ok().and_then(read) else {
            continue;
        };
        let n = {
            let mut shared = shared.lock().expect("no panic");
            shared.requests.push(request.clone());
            shared.requests.len() - 1
        };
        match manner(n, &request) {
            Reply::Say(status, body) => say(&stream, status, &body),
            Reply::HangUp => {}
            Reply::Stall(bytes) => {
                let _ = (&stream).write_all(bytes.as_bytes());
                stalled.push(stream);
            }
            Reply::LastWords => {
                // Before the answer is out, so that no other request is let in.
                drop(listener);
                if let Reply::Say(status, body) = right(&request) {
                    say(&stream, status, &body);
                }
                return;
            }
        }
    }
}

/// The body of a request to the right place.
fn read(stream: TcpStream) -> Option<(TcpStream, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    assert_eq!(line.trim_end(), "POST /get_reward HTTP/1.1");
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(n) = header.strip_prefix("content-length:") {
            length = n.trim().parse().expect("a length");
        }
        assert!(!header.starts_with("transfer-encoding"), "a plain body");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((reader.into_inner(), serde_json::from_slice(&body).expect("JSON")))
}

fn say(mut stream: &TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that is gone is no matter.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()));
}

/// A score for every text.
pub fn right(request: &Value) -> Reply {
    let texts = request["query"].as_array().expect("a list");
    let rewards: Vec<f64> = texts.iter().map(|t| score(t.as_str().expect("a text"))).collect();
    let reply = json!({ "rewards": rewards, "scores": rewards, "extra_logs": { "dummy_scores": rewards } });
    Reply::Say(200, reply.to_string())
}

/// A number that follows from the text alone, between -1 and 1, and that JSON carries exactly.
pub fn score(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(7u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    f64::from(hash % 2049) / 1024.0 - 1.0
}
