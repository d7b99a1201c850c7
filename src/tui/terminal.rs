//! The real terminal: taken over on entry, given back whatever happens.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};

use ratatui::layout::Rect;

use super::editor::Reading;
use super::event_loop::Host;
use super::state::State;
use super::view;

/// The thread that owns the terminal, and what other threads said in panic meanwhile.
struct Owner {
    thread: Option<ThreadId>,
    said: Vec<String>,
}

static OWNER: Mutex<Owner> = Mutex::new(Owner {
    thread: None,
    said: Vec::new(),
});
static HOOK: Once = Once::new();

type Inner = ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal while the workbench has it; dropping it gives it back.
pub struct Terminal {
    inner: Inner,
    mouse: bool,
    /// Held while somebody else reads the terminal.
    keys: Reading,
}

impl Terminal {
    /// Takes the terminal over.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        HOOK.call_once(install_hook);
        owner().thread = Some(std::thread::current().id());
        let entered = enter(mouse)
            .and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()))));
        match entered {
            Ok(inner) => Ok(Self {
                inner,
                mouse,
                keys: Reading::default(),
            }),
            Err(error) => {
                leave();
                owner().thread = None;
                Err(error)
            }
        }
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
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(|frame| view::view(state, frame))?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
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
        enter(self.mouse)?;
        self.redraw()
    }

    fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`: it asks the terminal where the cursor is, and the thread that reads the keys gets the answer.
        let size = self.inner.size()?;
        self.inner.resize(Rect::new(0, 0, size.width, size.height))
    }

    fn edit(&mut self, file: &str, text: &str) -> io::Result<Result<String, String>> {
        let written = {
            let _keys = self.keys.hold();
            leave();
            let written = super::editor::edit(file, text);
            enter(self.mouse)?;
            written
        };
        self.redraw()?;
        Ok(written)
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
        let mut owner = owner();
        owner.thread = None;
        for text in owner.said.drain(..) {
            eprintln!("{text}");
        }
    }
}

fn owner() -> std::sync::MutexGuard<'static, Owner> {
    OWNER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Undoes everything; each part on its own, since a terminal that is gone must not keep the rest from happening.
fn leave() {
    let mut out = stdout();
    execute!(out, EndSynchronizedUpdate).ok();
    execute!(out, DisableMouseCapture).ok();
    execute!(out, DisableBracketedPaste).ok();
    execute!(out, LeaveAlternateScreen, Show).ok();
    disable_raw_mode().ok();
    out.flush().ok();
}

/// A panic of the thread that draws gives the terminal back before it is printed. A panic of any other thread while the
/// screen is up is kept and printed after leaving: the screen says that training failed, and stays whole.
fn install_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let mut owner = owner();
        match owner.thread {
            Some(thread) if thread == std::thread::current().id() => {
                leave();
                owner.thread = None;
                drop(owner);
                before(info);
            }
            Some(_) => owner.said.push(info.to_string()),
            None => {
                drop(owner);
                before(info);
            }
        }
    }));
}
