# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs processes: one for its output, several at a time; ends leftover ones."""

import concurrent.futures
import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from p2mcheck.files import read, read_text

SUPPORTED_BITS = 28  # of randomness in addresses: with more, clang 14's sanitizers die at their start, at times
ADDR_NO_RANDOMIZE = 0x40000  # of personality(2)


def output(command, **options):
    """(status, output); 124 if it took longer than `timeout`."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        return 124, (error.stdout or b"").decode(errors="replace") + "\ntimed out"


def cpu_seconds(command, env, limit=3600, **options):
    """User and system time of a process, and its exit status; at the limit a signal."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, **env},
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)), **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, process.returncode


def cpu_of(action):
    """What `action` returns, and the user and system time of this process and of those that it has waited for
    meanwhile. For one thread alone."""
    def spent():
        return sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    before = spent()
    result = action()
    return result, spent() - before


def first_line(*command):
    """Of its output; "none" if there is no such command."""
    try:
        return (output(command)[1].splitlines() or [""])[0]
    except OSError:
        return "none"


def git(*arguments):
    """The output of git; empty if it fails."""
    return subprocess.run(["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def each(jobs, function, items):
    """(item, result) in order; `jobs` threads share the items. The first error ends it."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [(item, pool.submit(function, item)) for item in items]
        try:
            for item, future in futures:
                yield item, future.result()
        except BaseException:
            for _, future in futures:
                future.cancel()
            raise


def random_bits():
    """Bits of randomness that the kernel gives addresses; 0 if unknown."""
    try:
        return int(read_text("/proc/sys/vm/mmap_rnd_bits"))
    except (OSError, ValueError):
        return 0


def fix_addresses():
    """For everything that this process starts from now on, what `setarch -R` does, if sanitizers need it."""
    bits, personality = random_bits(), ctypes.CDLL(None).personality
    now = personality(0xffffffff)
    if bits <= SUPPORTED_BITS or now & ADDR_NO_RANDOMIZE:
        return
    done = personality(now | ADDR_NO_RANDOMIZE) != -1
    print(f"{os.path.basename(sys.argv[0])}: vm.mmap_rnd_bits is {bits}, and sanitizers support {SUPPORTED_BITS}: " +
          ("runs under setarch -R" if done else "but setarch -R is refused, so programs may die at their start"),
          file=sys.stderr)


def kill_marked(mark):
    """Kills our processes that have an environment variable beginning so; their numbers."""
    killed = []
    for number in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        try:
            if any(word.startswith(mark.encode()) for word in read(f"/proc/{number}/environ").split(b"\0")):
                os.kill(int(number), signal.SIGKILL)
                killed.append(number)
        except OSError:
            continue  # gone, or another user's
    return killed


def is_alive(number):
    try:
        return read(f"/proc/{number}/stat").rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def end_marked(mark):
    """kill_marked(), and waits until they are gone; returns how many there were."""
    ended = kill_marked(mark)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(is_alive(number) for number in ended):
        time.sleep(0.05)
    return len(ended)


# ---- signals that ask for an end ----

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handle_ending(handler):
    """Installs it, except for a signal that is ignored (nohup); returns the previous handlers."""
    return {number: signal.signal(number, handler) for number in ENDING
            if signal.getsignal(number) != signal.SIG_IGN}


@contextlib.contextmanager
def deferred_ending():
    """An event that such a signal sets; nothing is interrupted meanwhile."""
    event = threading.Event()
    previous = handle_ending(lambda _number, _frame: event.set())
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
