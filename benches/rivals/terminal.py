"""A program in a pseudo-terminal: when its bytes came, what the screen shows then, what its processes use."""

import fcntl
import os
import re
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

import pyte

# What a terminal answers when it is asked: what it is, where the cursor is, its colours, the size of
# a cell, and that it knows synchronised output.
ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[0c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b]10;?": b"\x1b]10;rgb:dddd/dddd/dddd\x1b\\",
    b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    b"\x1b[16t": b"\x1b[6;20;10t",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2027$p": b"\x1b[?2027;0$y",
}
# Sequences that pyte would print as text: keyboard protocols and questions about modes.
PRIVATE = re.compile(rb"\x1b\[[>=<][0-9;:]*[a-zA-Z]|\x1b\[\??[0-9;]*\$p|\x1b\[\?[0-9;]*u|\x1bP[^\x1b]*\x1b\\")
UNFINISHED = re.compile(rb"\x1b(\[[^@-~]*)?$")
BEGIN, END = b"\x1b[?2026h", b"\x1b[?2026l"
# Output that comes after so long a silence is of another frame, where frames are not bracketed.
GAP = 0.015


class Screen(pyte.Screen):
    """With repeated characters and tabs backwards, which pyte does not know."""

    def draw(self, data):
        self.last = data[-1:]
        super().draw(data)

    def repeat(self, count=1):
        self.draw(self.last * (count or 1))

    def tab_back(self, count=1):
        for _ in range(count or 1):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)


class Stream(pyte.ByteStream):
    csi = pyte.ByteStream.csi | {"b": "repeat", "Z": "tab_back"}
    events = pyte.ByteStream.events | {"repeat", "tab_back"}


class Terminal:
    def __init__(self, command, columns, rows, env):
        self.screen = Screen(columns, rows)
        self.stream, self.rest = Stream(self.screen), b""
        self.chunks, self.parsed = [], 0
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.started = time.monotonic()
        self.child = subprocess.Popen(
            [str(word) for word in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | env,
        )
        os.close(slave)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """Only stamps what comes and answers what is asked; parsing is for when nothing is timed."""
        tail = b""
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            self.chunks.append((time.monotonic(), data))
            for question, answer in ANSWERS.items():
                # A question may come in two chunks, but is answered once.
                for _ in range((tail + data).count(question) - tail.count(question)):
                    os.write(self.master, answer)
            tail = data[-12:]

    def parse(self, until=lambda text: False):
        """Takes in what has come. Returns when the chunk came after which `until` holds, or None."""
        while self.parsed < len(self.chunks):
            at, data = self.chunks[self.parsed]
            self.parsed += 1
            data = self.rest + data
            cut = UNFINISHED.search(data)
            end = cut.start() if cut else len(data)
            data, self.rest = data[:end], data[end:]
            self.stream.feed(PRIVATE.sub(b"", data))
            if until(self.text()):
                return at
        return None

    def text(self):
        rows = (self.screen.buffer[y] for y in range(self.screen.lines))
        return "\n".join("".join(row[x].data for x in range(self.screen.columns)) for row in rows)

    def wait(self, what, shown, patience=400):
        """Seconds from the start of the program until `shown` held."""
        while time.monotonic() < self.started + patience:
            if at := self.parse(shown):
                return at - self.started
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit(f"{self.child.args}: no {what} after {patience} s; the screen is\n{self.text()}")

    def press(self, key, sign, patience=10):
        """Presses a key and waits for another `sign` on the screen, then for silence.
        Returns the seconds until the sign was there, the CPU seconds and the bytes that it took."""
        self.parse()
        before = sign(self.text())
        first, cpu, start = len(self.chunks), self.cpu(), time.monotonic()
        os.write(self.master, key)
        shown = None
        while shown is None and time.monotonic() < start + patience:
            self.settle(start)
            shown = self.parse(lambda text: sign(text) != before)
        if shown is None:
            raise SystemExit(f"{self.child.args}: {key} changes nothing; the screen is\n{self.text()}")
        spent = self.cpu() - cpu
        return shown - start, spent, sum(len(data) for _, data in self.chunks[first:])

    def settle(self, start, silence=0.05, longest=0.4):
        """Waits until something came and then nothing for a while; a program that never rests is not waited for."""
        begin = time.monotonic()
        while time.monotonic() < begin + longest:
            time.sleep(0.01)
            last = self.chunks[-1][0]
            if last > start and time.monotonic() - last > silence:
                return

    def frames(self, since):
        """The sizes of the frames that came from chunk `since` on."""
        chunks = self.chunks[since:]
        everything = b"".join(data for _, data in chunks)
        if BEGIN in everything:
            return [len(frame) for frame in everything.split(END)[:-1]]
        sizes, last = [], 0
        for at, data in chunks:
            if at - last > GAP:
                sizes.append(0)
            sizes[-1] += len(data)
            last = at
        return sizes

    def processes(self):
        found, queue = [], [self.child.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(child) for child in task.read_text().split()]
        return found

    def cpu(self):
        """Seconds on a processor so far, of all threads of all processes that still live."""
        total = 0
        for pid in self.processes():
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(path.read_text().split()[0])
                except OSError:
                    pass
        return total / 1e9

    def memory(self):
        """Resident megabytes of every process."""
        status = (Path(f"/proc/{pid}/status").read_text() for pid in self.processes())
        return [int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024 for text in status]

    def close(self):
        for pid in reversed(self.processes()):
            os.kill(pid, 9)
        self.child.wait()
        os.close(self.master)
