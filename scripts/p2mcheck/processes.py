# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs processes: one for its output, several at a time; ends leftover ones."""

import concurrent.futures
import os
import signal
import subprocess

from p2mcheck.files import read


def output(command, **options):
    """(status, output); 124 if it took longer than `timeout`."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        return 124, (error.stdout or b"").decode(errors="replace") + "\ntimed out"


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
