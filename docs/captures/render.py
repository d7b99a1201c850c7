#!/usr/bin/env python3
"""The captures of the README: the real workbench, driven in a pseudo-terminal while it trains, drawn as SVG.

    pip install pyte
    cargo build --release
    python docs/captures/render.py                 # or: render.py PATH/TO/ple
    python docs/captures/render.py PATH/TO/ple RUN NAME TITLE [KEY...]     # one capture of a stored run

Run it in the root of the repository; it takes about two minutes. It opens `experiments/hh.toml` with its runs in a
temporary folder, waits for certain steps, presses the keys that a person would press (all of them are in `main` below)
and writes one SVG a screen beside itself. Nothing is drawn by hand. Numbers and sentences differ a little from machine
to machine, since keys meet other steps there.

Text stays text. Braille dots and bars are drawn as shapes, because not every font has them.
"""

import fcntl
import html
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

import pyte

BACKGROUND, INK = "#1e1e1e", "#d4d4d4"
WIDE, HIGH, EDGE = 8.4, 17, 10
BLOCKS = " ▁▂▃▄▅▆▇█"
# Dots of a braille cell by bit: column and row.
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]


class Screen(pyte.Screen):
    """pyte knows no faint text: it is kept as blinking text, which the workbench never uses."""

    def select_graphic_rendition(self, *attributes, **kinds):
        out, rest = [], list(attributes)
        while rest:
            code = rest.pop(0)
            if code in (38, 48):
                count = 2 if rest[:1] == [5] else 4
                out += [code, *rest[:count]]
                del rest[:count]
            else:
                out += {2: [5], 22: [22, 25]}.get(code, [code])
        super().select_graphic_rendition(*out, **kinds)


class Terminal:
    """The program in a pseudo-terminal of a given size."""

    def __init__(self, command, columns, rows):
        self.screen = Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.environ.pop("NO_COLOR", None)
            os.execvp(command[0], command)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, seconds):
        """Takes in what the program writes for so long; False when it has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.stream.feed(os.read(self.fd, 65536))
                except OSError:
                    return False
        return True

    def press(self, *keys):
        for key in keys:
            os.write(self.fd, key.encode())
            self.read(0.3)

    def text(self):
        return "\n".join(self.screen.display)

    def wait(self, pattern, seconds=180):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text()):
            if time.monotonic() > end or not self.read(0.1):
                sys.exit(f"{pattern!r} did not come; the screen was:\n{self.text()}")

    def wait_step(self, step):
        """Until so many steps are done."""
        end = time.monotonic() + 300
        while True:
            found = re.search(r"(?:step|at|finished) (\d+)/", self.screen.display[0])
            if found and int(found.group(1)) >= step:
                return
            if time.monotonic() > end or not self.read(0.1):
                sys.exit(f"step {step} did not come; the screen was:\n{self.text()}")


def blend(over, under, share):
    pairs = zip(bytes.fromhex(over[1:]), bytes.fromhex(under[1:]))
    return "#" + bytes(round(a * share + b * (1 - share)) for a, b in pairs).hex()


def look(cell):
    """Colour of the ink, of the ground, and the class of a cell."""
    ink = INK if cell.fg == "default" else f"#{cell.fg}"
    ground = BACKGROUND if cell.bg == "default" else f"#{cell.bg}"
    if cell.reverse:
        ink, ground = ground, ink
    if cell.blink:
        ink = blend(ink, ground, 0.55)
    marks = [(cell.bold, "b"), (cell.italics, "i"), (cell.underscore, "u"), (cell.strikethrough, "s")]
    return ink, ground, " ".join(name for on, name in marks if on)


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


def svg(screen, title):
    width, height = screen.columns * WIDE + 2 * EDGE, screen.lines * HIGH + 2 * EDGE
    shapes, dots, texts = [], {}, []
    for y in range(screen.lines):
        top = EDGE + y * HIGH
        row = [screen.buffer[y][x] for x in range(screen.columns)]
        x = 0
        while x < len(row):
            ink, ground, marks = look(row[x])
            end = x
            while end < len(row) and look(row[end]) == (ink, ground, marks):
                end += 1
            if ground != BACKGROUND:
                shapes.append((ground, f"M{number(EDGE + x * WIDE)} {top}h{number((end - x) * WIDE)}v{HIGH}H{number(EDGE + x * WIDE)}z"))
            run = "".join(cell.data for cell in row[x:end])
            if "u" not in marks:
                run = run.rstrip()
            draw(run, EDGE + x * WIDE, top, ink, marks, shapes, dots, texts)
            x = end
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}" role="img">',
        f"<title>{html.escape(title)}</title>",
        "<style>text{font:14px ui-monospace,'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace;white-space:pre}"
        ".b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}.s{text-decoration:line-through}"
        ".u.s{text-decoration:underline line-through}</style>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    grounds = {}
    for colour, path in shapes:
        grounds.setdefault(colour, []).append(path)
    out += [f'<path fill="{colour}" d="{"".join(paths)}"/>' for colour, paths in grounds.items()]
    for colour, paths in dots.items():
        out.append(f'<path stroke="{colour}" stroke-width="2.2" stroke-linecap="round" d="{"".join(paths)}"/>')
    return "\n".join(out + texts + ["</svg>", ""])


def draw(run, left, top, ink, marks, shapes, dots, texts):
    """Sorts a run of one style into shapes, dots and texts; wide blanks end a text, so that nothing drifts."""
    for part in re.finditer(r"[⠀-⣿]+|[▁-█▒]+|[^⠀-⣿▁-█▒\s](?:[^⠀-⣿▁-█▒\s]| (?! ))*| +", run):
        text, x = part.group(), left + part.start() * WIDE
        if "\u2800" <= text[0] <= "\u28ff":
            for i, char in enumerate(text):
                for bit, (column, line) in enumerate(DOTS):
                    if ord(char) - 0x2800 >> bit & 1:
                        at = x + i * WIDE + WIDE * (0.25 + column / 2), top + HIGH * (line + 0.5) / 4
                        dots.setdefault(ink, []).append(f"M{number(at[0])} {number(at[1])}h0")
        elif text[0] in "▒▁▂▃▄▅▆▇█":
            for same in re.finditer(r"(.)\1*", text):
                shade = same.group(1) == "▒"
                full = HIGH * (8 if shade else BLOCKS.find(same.group(1))) / 8
                at, wide = x + same.start() * WIDE, len(same.group()) * WIDE
                path = f"M{number(at)} {number(top + HIGH - full)}h{number(wide)}v{number(full)}h-{number(wide)}z"
                shapes.append((blend(ink, BACKGROUND, 0.5) if shade else ink, path))
        elif text.strip() or "u" in marks:
            kind = f' class="{marks}"' if marks else ""
            size = f'textLength="{number(len(text) * WIDE)}" lengthAdjust="spacingAndGlyphs"'
            texts.append(f'<text x="{number(x)}" y="{top + 13}" fill="{ink}" {size}{kind}>{html.escape(text, quote=False)}</text>')


def main():
    here = Path(__file__).resolve().parent
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/ple"

    def keep(name, title):
        terminal.read(0.4)
        (here / f"{name}.svg").write_text(svg(terminal.screen, title), encoding="utf-8")
        print(f"{name}.svg")

    if len(sys.argv) > 4:
        run, name, title = sys.argv[2:5]
        terminal = Terminal([binary, "open", run], 110, 33)
        terminal.read(3)
        terminal.press(*sys.argv[5:])
        keep(name, title)
        terminal.press("q")
        return
    with tempfile.TemporaryDirectory() as runs:
        terminal = Terminal([binary, "--runs", runs, "open", "experiments/hh.toml"], 110, 33)
        # Early, while the principles still make a difference: a pair that is ranked with a wide margin.
        terminal.press("2")
        terminal.wait_step(4)
        for _ in range(20):
            if re.search(r"▸ \d+\.\d+ +\+[2-9]\.\d\d +ranked", terminal.text()):
                break
            terminal.press("j")
        keep("responses", "Responses: a pair that was ranked, and why; underlined is what only one side says")
        # Switch a principle off, look at the draft, and apply it.
        terminal.press("3", "j", "x")
        terminal.wait_step(12)
        keep("principles", "Principles: a draft that switches one principle off, as the prompt will read")
        terminal.press("p")
        terminal.wait("acts from step")
        # Another threshold.
        terminal.wait_step(30)
        terminal.press("t", "0.1", "\r")
        terminal.press("4")
        terminal.wait_step(42)
        while "[10]" not in terminal.text():
            terminal.press("h")
        terminal.press("v")
        keep("case-study", "Case study: what the answers to one query gained and lost in the first ten steps")
        terminal.press("5", "e")
        terminal.wait("no principle +reward")
        keep("effect", "Effect: what each principle adds to the guided reward, measured between two steps")
        terminal.press("1")
        terminal.wait_step(47)
        keep("dashboard", "Dashboard: the gap between original and guided reward closes; two changes by hand are marked")
        terminal.resize(80, 24)
        terminal.wait_step(50)
        keep("dashboard-80x24", "The same in a terminal of 80 columns and 24 rows")
        terminal.press("q", "q")
        terminal.read(20)


if __name__ == "__main__":
    main()
