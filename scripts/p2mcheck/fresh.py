# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs `make fuzz` and `make test` on a fresh Debian RELEASE: in a new root of debootstrap, by chroot.

It needs root, debootstrap, and the mirror of this system's own sources. The root has only the
essential packages, apt, make and git; with --bare it lacks make and git, as a container does.
Each command of the user replaces the two. The checkout is a clone of HEAD. The root is below
build/fresh/ and is removed at the end; downloaded packages stay there.
"""

import contextlib
import os
import resource
import shutil
import subprocess
import time
import urllib.request

from p2mcheck import cli, programs
from p2mcheck.facts import ROOT
from p2mcheck.files import Failure, write
from p2mcheck.processes import output

COMMANDS = ("make fuzz TIME=10", "make test")
HOME = "/p2mcheck"  # in the new root
# In a mount and process namespace of its own, so that nothing stays mounted or running.
ENTER = """root=$1; shift
mount --rbind /dev "$root/dev" && mount -t sysfs sysfs "$root/sys" && mount -t proc proc "$root/proc" &&
exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$@"
"""


def mirror():
    """The first Debian mirror of this system."""
    status, text = output(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Component: main"])
    if status or not text.split():
        raise Failure("apt-get indextargets: this system has no Debian mirror; run apt-get update")
    return text.split()[0]


def obstacle(release):
    """The reason why this machine cannot do it; None if it can."""
    if os.geteuid():
        return "not root"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    if output(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "proc", "proc", "/proc"])[0]:
        return "unshare and mount are not allowed"
    try:
        with urllib.request.urlopen(f"{mirror()}dists/{release}/Release", timeout=60):
            return None
    except OSError as error:
        return f"{mirror()}: {error}"


def make_root(root, release, packages):
    """Debian's essential packages and these, and the network settings of this system."""
    cache = os.path.abspath(f"{os.path.dirname(root)}/packages")
    os.makedirs(cache, exist_ok=True)
    os.makedirs(f"{root}/etc/dpkg/dpkg.cfg.d")
    write(f"{root}/etc/dpkg/dpkg.cfg.d/fast", "force-unsafe-io\n")  # the root is thrown away
    include = [f"--include={','.join(packages)}"] * bool(packages)
    status, text = output(["debootstrap", "--variant=minbase", f"--cache-dir={cache}", *include, release, root,
                           mirror()])
    if status:
        raise Failure(f"debootstrap {release}: {cli.last_line(text)}")
    settings = [line for line in output(["apt-config", "dump", "Acquire"])[1].splitlines()
                if "::Check-" in line or "::Proxy" in line]
    write(f"{root}/etc/apt/apt.conf.d/99this-system", "\n".join(settings) + "\n")
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", f"{root}/etc/{name}")


def run(root, command):
    """Its exit status; prints the time."""
    print(f"$ {command}", flush=True)
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    status = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "enter", root,
                             f"cd {HOME} && {command}"], stdin=subprocess.DEVNULL, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(f"exit status {status}, {time.monotonic() - start:.0f} s, {cpu:.0f} s of CPU time", flush=True)
    return status


def main():
    parser = cli.Parser(__doc__)
    parser.add_argument("release", help="of Debian: bookworm, trixie")
    parser.add_argument("command", nargs="*", default=COMMANDS, help=f"in place of: {'; '.join(COMMANDS)}")
    parser.switch("bare", "a root without make and git")
    args = parser.parse()
    programs.setup("debootstrap")
    reason = obstacle(args.release)
    if reason:
        raise Failure(reason)
    root = os.path.abspath(f"{args.build}/fresh/{args.release}.{os.getpid()}")
    try:
        make_root(root, args.release, () if args.bare else ("make", "git"))
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, root + HOME], check=True)
        _, installed = output(["chroot", root, "dpkg-query", "-W", "-f", "."])
        print(f"{args.release}: {cli.plural(len(installed), 'package')}", flush=True)
        statuses = [run(root, command) for command in args.command]
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(root)
    return 1 if any(statuses) else 0
