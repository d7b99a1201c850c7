//! The real terminal: taken over on entry, given back whatever happens.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::{
    cursor::Show,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
        EnableMouseCapture,
    },
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};

use ratatui::layout::Rect;

use super::answer;
use super::clipboard;
use super::editor::Reading;
use super::event_loop::Host;
use super::state::State;
use super::stderr::{self, Redirect};
use super::view;
use crate::config::Notify;
use crate::crash;

/// The thread that owns the terminal, what other threads said in panic meanwhile, and where standard error goes.
struct Owner {
    thread: Option<ThreadId>,
    /// It is taken over: to be given back once, since the second time would put the cursor over what was said since.
    taken: bool,
    said: Vec<String>,
    stderr: Option<Redirect>,
}

static OWNER: Mutex<Owner> = Mutex::new(Owner {
    thread: None,
    taken: false,
    said: Vec::new(),
    stderr: None,
});
static HOOK: Once = Once::new();

type Inner = ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// How the terminal is taken over.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    pub mouse: bool,
    /// Ask for the background; the answer comes among the keys.
    pub asks_background: bool,
    /// Right-to-left text is put in order here: the terminal is asked not to do it once more.
    pub own_order: bool,
    pub notify: Notify,
    /// What goes to standard error while the screen is up goes here instead.
    pub log: Option<PathBuf>,
}

/// The terminal while the workbench has it; dropping it gives it back.
pub struct Terminal {
    inner: Inner,
    manners: Manners,
    /// Held while somebody else reads the terminal.
    keys: Reading,
}

impl Terminal {
    /// Takes the terminal over.
    pub fn enter(manners: Manners) -> io::Result<Self> {
        HOOK.call_once(install_hook);
        owner().thread = Some(std::thread::current().id());
        let entered = enter(&manners)
            .and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()))));
        match entered {
            Ok(inner) => {
                if manners.asks_background {
                    execute!(stdout(), Print(answer::QUESTION))?;
                }
                Ok(Self {
                    inner,
                    manners,
                    keys: Reading::default(),
                })
            }
            Err(error) => {
                leave();
                owner().thread = None;
                Err(error)
            }
        }
    }

    /// Draws one frame, of which nothing is seen before it is whole.
    pub fn frame(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(draw)?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }
}

impl Terminal {
    /// Whether the terminal may be read now: for the thread that reads the keys.
    pub fn reading(&self) -> Reading {
        self.keys.clone()
    }
}

impl Host for Terminal {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        // Nobody may have sent a signal about a terminal that is gone. Giving it back must not end in a panic.
        self.frame(|frame| view::view(state, frame))
            .inspect_err(|_| stderr::leave_dead_terminal())
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.manners.mouse = on;
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    fn suspend(&mut self) -> io::Result<()> {
        leave();
        // Stops every thread of the process, training too, until the shell's `fg`.
        #[cfg(unix)]
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    fn resume(&mut self) -> io::Result<()> {
        // The shell had the terminal meanwhile: what its settings were before counts no more.
        disable_raw_mode().ok();
        enter(&self.manners)?;
        self.redraw()
    }

    fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`: it asks the terminal where the cursor is, and the thread that reads the keys gets the answer.
        let size = self.inner.size()?;
        self.inner.resize(Rect::new(0, 0, size.width, size.height))
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let sequence = clipboard::sequence(text, clipboard::Between::from_env());
        let out = self.inner.backend_mut();
        out.write_all(sequence.as_bytes())?;
        io::Write::flush(out)
    }

    fn edit(&mut self, file: &str, text: &str) -> io::Result<Result<String, String>> {
        let written = {
            let _keys = self.keys.hold();
            leave();
            let written = super::editor::edit(file, text);
            enter(&self.manners)?;
            written
        };
        self.redraw()?;
        Ok(written)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    fn notify(&mut self, text: &str) -> io::Result<()> {
        match self.manners.notify {
            Notify::Off => Ok(()),
            Notify::Bell => execute!(stdout(), Print('\x07')),
            Notify::Osc9 => execute!(stdout(), Print(message(text, std::env::var_os("TMUX").is_some()))),
        }
    }
}

/// OSC 9; tmux hands on only what is wrapped for it.
fn message(text: &str, in_tmux: bool) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    match in_tmux {
        false => format!("\x1b]9;{plain}\x07"),
        true => format!("\x1bPtmux;\x1b\x1b]9;{plain}\x07\x1b\\"),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let log = leave();
        let mut owner = owner();
        owner.thread = None;
        for text in owner.said.drain(..) {
            eprintln!("{text}");
        }
        drop(owner);
        say_log(log);
    }
}

/// Says where standard error went while the screen was up, if anything did.
fn say_log(log: Option<PathBuf>) {
    if let Some((path, lines)) = log.and_then(stderr::close) {
        let lines = if lines == 1 {
            "1 line".into()
        } else {
            format!("{lines} lines")
        };
        eprintln!("ple: {lines} that went to standard error meanwhile: {}", path.display());
    }
}

fn owner() -> std::sync::MutexGuard<'static, Owner> {
    OWNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets text run from left to right as it was sent (bi-directional support mode of ECMA-48, explicit), and as the terminal
/// likes it (implicit).
const OWN_ORDER: &str = "\x1b[8l";
const TERMINALS_ORDER: &str = "\x1b[8h";

fn enter(manners: &Manners) -> io::Result<()> {
    let mut owner = owner();
    owner.taken = true;
    if owner.stderr.is_none() {
        owner.stderr = manners.log.as_deref().and_then(Redirect::to);
    }
    drop(owner);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
    if manners.own_order {
        execute!(stdout(), Print(OWN_ORDER))?;
    }
    if manners.mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Undoes everything; each part on its own, since a terminal that is gone must not keep the rest from happening. Returns the
/// file that standard error went to.
fn leave() -> Option<PathBuf> {
    if !std::mem::take(&mut owner().taken) {
        return None;
    }
    let mut out = stdout();
    execute!(out, EndSynchronizedUpdate).ok();
    execute!(out, DisableMouseCapture).ok();
    execute!(out, DisableFocusChange).ok();
    execute!(out, DisableBracketedPaste).ok();
    execute!(out, Print(TERMINALS_ORDER)).ok();
    execute!(out, LeaveAlternateScreen, Show).ok();
    disable_raw_mode().ok();
    out.flush().ok();
    owner().stderr.take().map(Redirect::undo)
}

/// A panic of the thread that draws gives the terminal back before it is printed. A panic of any other thread while the
/// screen is up is kept and printed after leaving: the screen says that training failed, and stays whole.
fn install_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let thread = owner().thread;
        match thread {
            Some(thread) if thread == std::thread::current().id() => {
                let log = leave();
                owner().thread = None;
                before(info);
                say_log(log);
            }
            Some(_) => {
                let said = crash::report(info);
                owner().said.push(said);
            }
            None => before(info),
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_message_ends_where_it_should() {
        assert_eq!(message("done\x07\x1b]0;x", false), "\x1b]9;done]0;x\x07");
        assert_eq!(message("done", true), "\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\");
    }
}
