//! The real program in a pseudo-terminal while it really trains: from a key to the frame that shows what it did.
//!
//!     cargo bench --bench keys -- [--presses 400] [--ple PATH]
//!
//! A press counts from just before the byte is written to the first byte of the frame that shows the change, as seen
//! by a reader in another process, so the scheduler's share is in it. What that share is says `cat`: a process that
//! does nothing but give a byte back, asked in between on the same machine at the same time. Nothing sleeps between a
//! press and its frame.

use std::io::{Read, Write};
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// Around every frame the program asks the terminal to hold back what it shows.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        args.iter()
            .position(|a| a == name)
            .and_then(|i| args.get(i + 1).cloned())
    };
    let presses = value("--presses").map_or(400, |n| n.parse().expect("--presses takes a number"));
    let ple = value("--ple").unwrap_or_else(|| env!("CARGO_BIN_EXE_ple").to_string());
    println!("load before: {}", load());
    for (columns, rows) in [(120, 40), (200, 50)] {
        let runs = tempfile::tempdir().expect("a folder for the runs");
        let mut screen = Pty::start(&ple_command(&ple, runs.path()), columns, rows);
        let first = screen.wait("the first frame", |_| true);
        println!("{columns}x{rows}: process start to first frame {:.0} ms", first * 1e3);
        let points = screen.wait("the first step", |text| steps_done(text) >= 1);
        println!("{columns}x{rows}: process start to the first step's points {points:.2} s");
        if columns == 120 {
            let at_40 = screen.wait("step 40", |text| steps_done(text) >= 40);
            println!(
                "{columns}x{rows}: process start to step 40 {at_40:.1} s; load {}",
                load()
            );
        }
        let from = steps_done(&screen.text());
        let (mut times, mut echo) = press_keys(&mut screen, presses);
        screen.press(b"1");
        let trained = steps_done(&screen.text()) - from;
        report(&format!("{columns}x{rows}: key to frame"), &mut times);
        report(&format!("{columns}x{rows}: cat"), &mut echo);
        screen.traffic(&format!("{columns}x{rows}: keys and training"));
        // Only training: what a slow line has to carry.
        screen.forget();
        screen.idle(Duration::from_secs(20));
        screen.traffic(&format!("{columns}x{rows}: 20 s of training on the dashboard"));
        screen.press(b" ");
        screen.wait("paused", |text| text.contains("paused at"));
        screen.idle(Duration::from_secs(1));
        screen.forget();
        let before = screen.cpu_seconds();
        screen.idle(Duration::from_secs(10));
        let used = screen.cpu_seconds() - before;
        screen.traffic(&format!("{columns}x{rows}: 10 s paused"));
        println!(
            "{columns}x{rows}: 10 s paused took {:.0} ms of CPU, {:.2} % of a core",
            used * 1e3,
            used * 10.0
        );
        println!(
            "{columns}x{rows}: {trained} steps were trained meanwhile; peak memory {} MB; load {}",
            screen.peak_mb(),
            load()
        );
    }
}

fn ple_command(ple: &str, runs: &std::path::Path) -> Vec<String> {
    let runs = runs.display().to_string();
    let words = [
        ple,
        "--runs",
        &runs,
        "open",
        "experiments/imdb.toml",
        "--set",
        "method.steps=9999",
    ];
    words.map(String::from).to_vec()
}

/// Random keys at random moments. Returns the latencies in milliseconds, and those of `cat`.
fn press_keys(screen: &mut Pty, presses: usize) -> (Vec<f64>, Vec<f64>) {
    const SCREENS: [(u8, &str); 4] = [
        (b'1', " Margins "),
        (b'2', "─ Pairs ─"),
        (b'3', "─ Prompt for y'"),
        (b'4', "─ Evaluated after"),
    ];
    let cat = [
        "sh".into(),
        "-c".into(),
        "stty raw -echo; printf ready; exec cat".into(),
    ];
    let mut cat = Pty::start(&cat, 80, 24);
    let Ok(_) = cat.chunks.recv_timeout(PATIENCE) else {
        panic!("cat does not start")
    };
    let (mut times, mut echo) = (Vec::new(), Vec::new());
    let mut random = Random(42);
    let (mut here, mut help, mut down) = (0, false, false);
    screen.press(b"1");
    while times.len() < presses {
        screen.idle(Duration::from_millis(20 + random.below(180)));
        // Principles lists its entries: j and k move the mark there.
        let time = if help || random.below(4) == 0 {
            help = !help;
            screen.press_until(b"?", |text| text.contains("╭ Keys ") == help)
        } else if here == 2 && random.below(2) == 0 {
            let before = marked_row(&screen.text());
            down = !down;
            screen.press_until(if down { b"j" } else { b"k" }, |text| marked_row(text) != before)
        } else {
            here = (here + 1 + random.below(3) as usize) % 4;
            down = false;
            if here == 2 {
                // Where the mark is from the last visit is not known: to the top.
                let (key, sign) = SCREENS[2];
                let time = screen.press_until(&[key], |text| text.contains(sign));
                screen.press(b"kkkk");
                time
            } else {
                let (key, sign) = SCREENS[here];
                screen.press_until(&[key], |text| text.contains(sign))
            }
        };
        times.push(time * 1e3);
        if times.len().is_multiple_of(4) {
            let start = Instant::now();
            cat.write(b"x");
            let (at, _) = cat.chunks.recv_timeout(PATIENCE).expect("cat answers");
            echo.push((at - start).as_secs_f64() * 1e3);
        }
    }
    (times, echo)
}

/// The row of the cursor in a list.
fn marked_row(text: &str) -> Option<usize> {
    text.lines().position(|line| line.starts_with('▸'))
}

/// `step 23/60` in the first row.
fn steps_done(text: &str) -> u32 {
    let first = text.lines().next().unwrap_or_default();
    let after = first.rsplit_once("step ").map_or("", |(_, rest)| rest);
    after.split('/').next().and_then(|n| n.trim().parse().ok()).unwrap_or(0)
}

fn report(what: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    let n = times.len();
    println!(
        "{what} ms: p50 {:.2}  p90 {:.2}  p99 {:.2}  max {:.2}  (n = {n})",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_string()
}

/// A program in a pseudo-terminal. Its frames are read by a thread that stamps every chunk with the time it came.
struct Pty {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    terminal: vt100::Parser,
    /// Bytes since the last whole frame, and when the present frame began.
    rest: Vec<u8>,
    begun: Option<Instant>,
    started: Instant,
    /// Whole frames since they were last forgotten, and their bytes.
    frames: usize,
    bytes: usize,
}

impl Pty {
    fn start(words: &[String], columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(&words[0]);
        command.args(&words[1..]);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("TERM", "xterm-256color");
        // Nobody's settings, and no tour.
        command.env("PLE_CONFIG", "");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let writer = pair.master.take_writer().expect("its input");
        let (send, chunks) = unbounded();
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        thread::spawn(move || {
            // The master lives here: dropping it would hang up.
            let _master = pair.master;
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if send.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let [height, width] = [rows, columns].map(|n| NonZero::new(n).expect("a size above zero"));
        let terminal = vt100::Parser::new(height, width, 0);
        Self {
            child,
            writer,
            chunks,
            terminal,
            rest: Vec::new(),
            begun: None,
            started,
            frames: 0,
            bytes: 0,
        }
    }

    fn text(&self) -> String {
        self.terminal.screen().contents()
    }

    fn write(&mut self, keys: &[u8]) {
        self.writer
            .write_all(keys)
            .and_then(|()| self.writer.flush())
            .expect("the program takes keys");
    }

    /// Takes in one chunk; returns when the last frame that it completes began.
    fn take(&mut self, (at, bytes): (Instant, Vec<u8>)) -> Option<Instant> {
        self.rest.extend(bytes);
        let mut completed = None;
        loop {
            if self.begun.is_none() && find(&self.rest, BEGIN).is_some() {
                self.begun = Some(at);
            }
            let Some(end) = find(&self.rest, END) else {
                return completed;
            };
            let frame: Vec<u8> = self.rest.drain(..end + END.len()).collect();
            self.terminal.process(&frame);
            self.frames += 1;
            self.bytes += frame.len();
            completed = self.begun.take().or(completed);
        }
    }

    /// Takes in frames for a while; nothing is measured.
    fn idle(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(chunk) = self.chunks.recv_deadline(until) {
            self.take(chunk);
        }
    }

    /// Presses keys whose effect is not measured.
    fn press(&mut self, keys: &[u8]) {
        self.write(keys);
        self.idle(Duration::from_millis(300));
    }

    /// Seconds from the press to the first byte of the frame that shows the change.
    fn press_until(&mut self, key: &[u8], shown: impl Fn(&str) -> bool) -> f64 {
        let start = Instant::now();
        self.write(key);
        let frame = self.frame(&format!("key {:?}", String::from_utf8_lossy(key)), shown);
        frame.saturating_duration_since(start).as_secs_f64()
    }

    /// Seconds from the start of the process.
    fn wait(&mut self, what: &str, shown: impl Fn(&str) -> bool) -> f64 {
        let frame = self.frame(what, shown);
        (frame - self.started).as_secs_f64()
    }

    fn frame(&mut self, what: &str, shown: impl Fn(&str) -> bool) -> Instant {
        loop {
            let Ok(chunk) = self.chunks.recv_timeout(PATIENCE) else {
                panic!("no frame shows {what}; the screen is\n{}", self.text());
            };
            if let Some(began) = self.take(chunk)
                && shown(&self.text())
            {
                return began;
            }
        }
    }

    fn forget(&mut self) {
        (self.frames, self.bytes) = (0, 0);
    }

    /// Tells what went to the terminal since it was last forgotten.
    fn traffic(&self, what: &str) {
        let each = self.bytes as f64 / self.frames.max(1) as f64;
        println!(
            "{what}: {} frames, {} bytes, {each:.0} bytes a frame",
            self.frames, self.bytes
        );
    }

    /// Time on a processor so far, of all threads.
    fn cpu_seconds(&self) -> f64 {
        let pid = self.child.process_id().unwrap_or(0);
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in brackets may hold blanks; utime and stime are the 14th and 15th field, in hundredths.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<f64> = rest.split_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
        fields.get(11..13).map_or(f64::NAN, |t| t.iter().sum::<f64>() / 100.0)
    }

    /// Largest resident memory so far.
    fn peak_mb(&self) -> u64 {
        let pid = self.child.process_id().unwrap_or(0);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:"))
            .unwrap_or_default();
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse()
            .map_or(0, |kb: u64| kb / 1024)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// Repeatable numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % n
    }
}
