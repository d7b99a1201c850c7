//! A judge model's endpoint of the test's own: it speaks OpenAI's and Anthropic's interface, judges as it is told, and can
//! be busy, broken and gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// In lower case: "name: value".
    pub headers: Vec<String>,
    pub body: Value,
}

/// What comes back.
pub enum Reply {
    /// The judge says this, in the words of the interface that was asked.
    Say(String),
    /// A status, more headers, a body.
    Status(u16, &'static str, String),
    /// Nothing, and the connection is closed.
    HangUp,
}

impl Asked {
    /// The question, without the system message.
    pub fn question(&self) -> &str {
        let messages = self.body["messages"].as_array().expect("messages");
        messages.last().expect("a message")["content"].as_str().expect("a text")
    }

    /// The two answers in the question, in the order in which they stand there.
    pub fn answers(&self) -> [String; 2] {
        let question = self.question();
        let between = |open: &str, close: &str| {
            let (_, after) = question
                .split_once(open)
                .unwrap_or_else(|| panic!("{open} in {question}"));
            after.split_once(close).expect("an end").0.trim().to_string()
        };
        [
            between("[Continuation A]", "[End of continuation A]"),
            between("[Continuation B]", "[End of continuation B]"),
        ]
    }
}

/// Prefers what stands first.
pub fn first(_: &Asked) -> Reply {
    Reply::Say("Both have their points.\n\n[[A]]".into())
}

/// Prefers the longer one, in letters.
pub fn longer(asked: &Asked) -> Reply {
    let [a, b] = asked.answers().map(|text| text.chars().count());
    let verdict = match a.cmp(&b) {
        std::cmp::Ordering::Greater => "A",
        std::cmp::Ordering::Less => "B",
        std::cmp::Ordering::Equal => "C",
    };
    Reply::Say(format!("I like length.\n[[{verdict}]]"))
}

/// How the n-th request is answered.
type Manner = Arc<dyn Fn(usize, &Asked) -> Reply + Send + Sync>;

/// An endpoint on a port of its own, which answers every connection on a thread of its own. Dropped, it is gone.
pub struct JudgeServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    asked: Vec<Asked>,
    over: bool,
}

impl JudgeServer {
    pub fn new(manner: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (seen, manner): (_, Manner) = (Arc::clone(&shared), Arc::new(manner));
        let thread = std::thread::spawn(move || {
            loop {
                let accepted = listener.accept();
                if seen.lock().expect("no panic").over {
                    return;
                }
                let Ok((stream, _)) = accepted else { continue };
                let (seen, manner) = (Arc::clone(&seen), Arc::clone(&manner));
                std::thread::spawn(move || {
                    let Some((stream, asked)) = read(stream) else { return };
                    let place = {
                        let mut shared = seen.lock().expect("no panic");
                        shared.asked.push(asked.clone());
                        shared.asked.len() - 1
                    };
                    answer(&stream, &asked, manner(place, &asked));
                });
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// The server alone, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.lock().expect("no panic").asked.clone()
    }
}

impl Drop for JudgeServer {
    fn drop(&mut self) {
        self.shared.lock().expect("no panic").over = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server did not panic");
        }
    }
}

fn read(stream: TcpStream) -> Option<(TcpStream, Asked)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.strip_prefix("POST ")?.split(' ').next()?.to_string();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        let header = format!("{}: {}", name.to_ascii_lowercase(), value.trim());
        if let Some(n) = header.strip_prefix("content-length: ") {
            length = n.parse().ok()?;
        }
        headers.push(header);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some((reader.into_inner(), Asked { path, headers, body }))
}

fn answer(mut stream: &TcpStream, asked: &Asked, reply: Reply) {
    let (status, headers, body) = match reply {
        Reply::HangUp => return,
        Reply::Status(status, headers, body) => (status, headers, body),
        Reply::Say(text) => {
            let body = if asked.path.ends_with("/messages") {
                json!({"type": "message", "content": [{"type": "text", "text": text}],
                    "usage": {"input_tokens": 200, "output_tokens": 10}})
            } else {
                json!({"choices": [{"message": {"role": "assistant", "content": text}}],
                    "usage": {"prompt_tokens": 200, "completion_tokens": 10}})
            };
            (200, "", body.to_string())
        }
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that is gone is no matter.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()));
}
