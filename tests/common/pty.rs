//! The program in a pseudo-terminal, seen through a terminal emulator.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use super::{Lab, signal, until};

/// What a process draws, and the keys it gets. It does not outlive the test.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Kept, so that what was written last can be read after the process ended.
    _slave: Box<dyn SlavePty + Send>,
    keys: Box<dyn Write + Send>,
    parser: Arc<Mutex<vt100::Parser>>,
    /// Everything that was written to the terminal.
    written: Arc<Mutex<Vec<u8>>>,
    /// The terminal's settings before the process started.
    before: String,
}

impl Pty {
    /// `ple ARGS --runs RUNS` in a terminal of 100x30, in the lab's folder.
    pub fn start(lab: &Lab, args: &[&str]) -> Self {
        // The tour has a test of its own.
        Self::start_with(lab, args, &[("CI", "true")])
    }

    /// The same with environment variables.
    pub fn start_with(lab: &Lab, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(100, 30)).expect("a pseudo-terminal");
        let command = command(lab, args, variables);
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(30), cells(100), 0)));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let drawn = Arc::clone(&parser);
        let written = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&written);
        std::thread::spawn(move || {
            let (mut bytes, mut waiting) = ([0; 1 << 16], Vec::new());
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                waiting.extend_from_slice(&bytes[..n]);
                all.lock().expect("bytes").extend_from_slice(&bytes[..n]);
                let whole: Vec<u8> = waiting.drain(..whole_frames(&waiting)).collect();
                drawn.lock().expect("a parser").process(&whole);
            }
        });
        Self {
            child,
            keys: pair.master.take_writer().expect("a writer"),
            master: pair.master,
            _slave: pair.slave,
            parser,
            written,
            before,
        }
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.parser.lock().expect("a parser").screen().contents()
    }

    /// Waits until these bytes were written to the terminal; returns how often.
    pub fn wrote(&self, bytes: &str) -> usize {
        until(&format!("{bytes:?}"), || {
            let written = self.written.lock().expect("bytes");
            let found = written.windows(bytes.len()).filter(|w| *w == bytes.as_bytes()).count();
            (found > 0).then_some(found)
        })
    }

    /// The foreground colours on the screen.
    pub fn colours(&self) -> Vec<vt100::Color> {
        let parser = self.parser.lock().expect("a parser");
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let mut found: Vec<vt100::Color> = Vec::new();
        for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
            let colour = screen.cell(row, column).map(|c| c.fgcolor()).unwrap_or_default();
            if colour != vt100::Color::Default && !found.contains(&colour) {
                found.push(colour);
            }
        }
        found
    }

    /// The terminal is as it was before the program took it over, while the program is still there.
    pub fn is_given_back(&self) {
        until("the terminal to be given back", || self.restored().then_some(()));
        until("the terminal's own settings", || {
            (settings(&*self.master) == self.before).then_some(())
        });
    }

    fn restored(&self) -> bool {
        let parser = self.parser.lock().expect("a parser");
        let screen = parser.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    /// Waits until all of these are on the screen at once; returns the screen.
    pub fn sees(&mut self, texts: &[&str]) -> String {
        self.waits(&format!("{texts:?}"), |screen| {
            texts.iter().all(|t| screen.contains(t)).then(|| screen.to_string())
        })
    }

    /// Waits until this is not on the screen any more.
    pub fn misses(&mut self, text: &str) {
        self.waits(&format!("no {text:?}"), |screen| (!screen.contains(text)).then_some(()));
    }

    /// Waits until the screen shows what is looked for. Panics with the screen when it does not come.
    pub fn waits<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        let start = std::time::Instant::now();
        loop {
            let screen = self.text();
            if let Some(found) = look(&screen) {
                return found;
            }
            let ended = self.child.try_wait().expect("a child");
            let late = start.elapsed() > super::PATIENCE;
            assert!(
                ended.is_none() && !late,
                "waited in vain for {what}; ended: {ended:?}; on the screen:\n{screen}"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        // The emulator first, so that nothing is drawn for a size it does not have yet; it knows no size of 0.
        let mut parser = self.parser.lock().expect("a parser");
        parser.screen_mut().set_size(cells(rows), cells(columns));
        drop(parser);
        self.master.resize(size(columns, rows)).expect("another size");
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process")
    }

    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for the end: the exit code, and what is on the terminal after it, which must be as it was.
    pub fn end(mut self) -> (u32, String) {
        let status = until("the end of the workbench", || self.child.try_wait().expect("a child"));
        assert_eq!(status.signal(), None, "{}", self.text());
        until("the terminal to be given back", || self.restored().then_some(()));
        assert_eq!(settings(&*self.master), self.before, "the terminal is still raw");
        (status.exit_code(), self.text())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        if let Some(pid) = self
            .child
            .process_id()
            .filter(|_| !matches!(self.child.try_wait(), Ok(Some(_))))
        {
            // `kill` above only asks (SIGHUP), and the workbench then saves first.
            signal(pid, "KILL");
            let _ = self.child.wait();
        }
    }
}

/// `ple ARGS --runs RUNS` in the lab's folder, with places of its own.
fn command(lab: &Lab, args: &[&str], variables: &[(&str, &str)]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ple"));
    command.args(args);
    command.arg("--runs");
    command.arg(lab.runs());
    command.cwd(lab.path());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let absent = [
        "NO_COLOR",
        "COLORTERM",
        "COLORFGBG",
        "RAYON_NUM_THREADS",
        "CI",
        "TMUX",
        "LC_ALL",
        "LC_CTYPE",
    ];
    for name in absent
        .into_iter()
        .chain(["PLE_CONFIG", "KONSOLE_VERSION", "TERM_PROGRAM"])
    {
        command.env_remove(name);
    }
    for (name, value) in lab.own_places() {
        command.env(name, value);
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    command
}

/// The workbench in a window that is closed as soon as it shows this text: the terminal is gone for the process, which gets
/// SIGHUP twice, from the system and from whoever closed the window. Waits for its end.
pub fn in_a_window_that_closes(lab: &Lab, args: &[&str], shows: &str) {
    let pair = native_pty_system().openpty(size(100, 30)).expect("a pseudo-terminal");
    let child = pair.slave.spawn_command(command(lab, args, &[("CI", "true")]));
    let mut child = child.expect("the binary starts");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut parser = vt100::Parser::new(cells(30), cells(100), 0);
    let mut bytes = [0; 1 << 16];
    while !parser.screen().contents().contains(shows) {
        let n = reader.read(&mut bytes).expect("the workbench draws");
        parser.process(&bytes[..n]);
    }
    let pid = child.process_id().expect("a process");
    drop((reader, pair));
    // It may have ended already.
    let _ = std::process::Command::new("kill")
        .args(["-HUP", &pid.to_string()])
        .output();
    until("the end of the process", || child.try_wait().expect("a child"));
}

/// An experiment like the bundled one that trains for as long as a test may need, with further lines replaced:
/// `("steps = 60", "steps = 5")`. Nothing is saved before its end unless asked for.
pub fn endless(lab: &Lab, changes: &[(&str, &str)]) -> String {
    let mut text = include_str!("../../experiments/imdb.toml").to_string();
    let usual = [
        ("steps = 60", "steps = 100000"),
        ("steps = 12", "steps = 1"),
        ("queries_per_step = 24", "queries_per_step = 4"),
        ("minibatch = 24", "minibatch = 4"),
        ("max_new_tokens = 72", "max_new_tokens = 12"),
        ("queries = 48", "queries = 4"),
        ("[eval]\nevery = 10", "[eval]\nevery = 50"),
        ("[checkpoint]\nevery = 10", "[checkpoint]\nevery = 0"),
    ];
    for (from, to) in usual.iter().chain(changes) {
        assert!(text.contains(from), "the bundled experiment has no {from:?} any more");
        text = text.replace(from, to);
    }
    lab.write("endless.toml", text)
}

/// The number that stands after this, in digits and separators.
pub fn number_after(screen: &str, before: &str) -> Option<f64> {
    let (_, after) = screen.split_once(before)?;
    let end = after.find(|c: char| !(c.is_ascii_digit() || ".,-+e".contains(c)));
    after[..end.unwrap_or(after.len())]
        .trim_end_matches(['.', ','])
        .replace(',', "")
        .parse()
        .ok()
}

/// How many bytes are whole frames: a frame that has begun and not ended would be seen half drawn.
fn whole_frames(bytes: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|w| w == mark);
    if let Some(begin) = last(BEGIN).filter(|begin| last(END).is_none_or(|end| end < *begin)) {
        return begin;
    }
    // The beginning of a mark that was cut in two.
    let cut = (1..BEGIN.len()).rev().find(|n| bytes.ends_with(&BEGIN[..*n]));
    bytes.len() - cut.unwrap_or(0)
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN)
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}
