# SPDX-License-Identifier: GPL-2.0-or-later
"""The report, as a browser shows it: headless Chromium, driven through its debugging pipe.

The page is made of the figures below. It must render without a message on the console and without
a request, and must not be wider than the window, down to a phone's.
"""

import base64
import json
import os
import re
import select
import shutil
import subprocess
import tempfile

from harness import BUILD, IDLE_LIMIT, test, text_of

from p2mcheck.report import kernel

COMPARE = {
    "commit": "0123456789ab", "machine": {"cpu": "a <CPU>", "cores": 2, "memory_mib": 4096, "kernel": "6.1"},
    "versions": {"clang": "14"}, "seeds": [1, 2], "complete": False, "planned": 8, "done": 4,
    "tools": {"p2mcheck": {"title": "p2mcheck", "what": "ours"}, "rapidcheck": {"title": "RapidCheck", "what": "theirs"}},
    "geometries": {"tiny": {
        "bugs": 1, "budget": 10, "absent": {"p07-mfn-mask-64": "big trees only"}, "tools": {
            "p2mcheck": {"found": 1, "runs_found": 2, "runs": 2, "rmst": {"seconds": 0.2, "low": 0.1, "high": 0.3},
                         "curve": [[0, 1, 1, 1], [0.1, 0.5, 0.2, 0.9], [0.3, 0, 0, 0]], "ops_per_second": 2e6,
                         "exec_per_second": 1e5, "empty_exec_per_second": 1e6, "a12": None,
                         "shrunk_longer_than_ours": None},
            "rapidcheck": {"found": 1, "runs_found": 1, "runs": 2, "rmst": {"seconds": 7, "low": 4, "high": 9},
                           "curve": [[0, 1, 1, 1], [4, 0.5, 0.2, 0.9]], "ops_per_second": 1e5,
                           "exec_per_second": 1e4, "empty_exec_per_second": None, "a12": 0.9,
                           "shrunk_longer_than_ours": 1}},
        "per_bug": {"b6-empty-range": {
            "p2mcheck": {"found": 2, "runs": 2, "median_seconds": 0.2, "shrunk_ops": 1, "worse": False},
            "rapidcheck": {"found": 1, "runs": 2, "median_seconds": None, "shrunk_ops": 3, "worse": True}}}}},
    "claims": [{"claim": "a claim <b>", "goal": "10", "measured": "9", "reached": False}],
    "peer_wins": [{"bug": "b6-empty-range", "tool": "rapidcheck", "geometry": "tiny", "what": "x & y", "why": "z"}],
}
ABLATION = {"seeds": 1, "budget": 60, "seconds": {"b6-empty-range": {
    "": [0.1], "swarm": [0.2], "mutator": [60], "mutator,swarm": [60]}}}

SEARCH: dict = {
    "geometry": "micro", "races": True, "calls": 2, "switches": 2, "tso": False, "reduced": True, "every": 1,
    "states": 51424, "raced": 51424, "groups": 514240000, "outcomes": 600600000, "transitions": 999000000, "maps": 0,
    "hash": "a7f85a5c44d305b2", "depth": 8, "checks": 19500000000, "seconds": 6660.5, "closed": True, "tried": True,
    "violated": False}
FOUND: dict = {"invariant": "SETUP_RAM_HAS_FRAME", "known": [],
               "case": ["geometry tiny", "e820 0x1000 0x2000 <usable>"]}
KERNEL: dict = {
    "version": "6.12.117", "tree": "debian-6.12", "expected": ["B5"], "behind": None, "verdict": "", "mails": [],
    "defects": {"B5": {"invariant": "RESULT_MATCHES_MODEL", "case": ["geometry tiny", "range 0x0 0x0"], "known": [],
                       "report": []}}}
JUDGED: dict = {"bug": "", "geometry": "tiny", "cases": 20000, "none": 20000, "own": 0, "judge": 0, "both": 0,
                "refused": 0}
MORE: dict = {
    "exhaustive-micro": {**SEARCH, "races": False, "maps": 7}, "exhaustive-races": SEARCH,
    "exhaustive-races-tso": {**SEARCH, "tso": True, "switches": 1, "every": 200, "raced": 258},
    "exhaustive-races-3": {**SEARCH, "calls": 3, "switches": 1, "closed": False},
    "race": {"geometry": "tiny", "threads": 4, "seed": 1, "status": 0, "rounds": 300, "calls": 200000, "reads": 100000,
             "unknown": 5, "refused": 70, "lost": 90, "failures": 0},
    "prove": {"geometry": "x86_64", "core": ".", "all": 5, "proofs": {
        "index": {"fine": True, "text": "", "sentences": 6, "seconds": 0.31},
        "e820-1": {"fine": False, "text": "a page of <identity> is reported: pfn=7", "sentences": 3, "seconds": 71.0}}},
    "kernel-report": [KERNEL, {**KERNEL, "version": "9.9", "verdict": "met and not expected: B5", "behind": FOUND}],
    "kernel-report-setup": [{"version": "6.12.117", "tree": "debian-6.12", "defects": {"S2": FOUND}, "behind": None,
                             "verdict": "as expected", "mails": []}],
    "judge": {"xen": "4.17", "seed": 1, "rows": [JUDGED, {**JUDGED, "bug": "p29-mfn-once", "both": 4454, "judge": 1,
                                                          "refused": 3581}]},
}


NEEDS = ("dot", "import jinja2", "import matplotlib")


class Browser:
    """A page in headless Chromium. Commands go in and answers come out of a pipe, each ended by a NUL."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        to_us, from_browser = os.pipe()
        to_browser, from_us = os.pipe()

        def keep():  # where --remote-debugging-pipe has them
            os.dup2(to_browser, 1003)
            os.dup2(from_browser, 1004)
            os.dup2(1003, 3)
            os.dup2(1004, 4)
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--disable-extensions",
             f"--user-data-dir={self.folder}", "about:blank"], close_fds=False, preexec_fn=keep,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.out, self.back = os.fdopen(from_us, "wb", buffering=0), os.fdopen(to_us, "rb", buffering=0)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], IDLE_LIMIT)[0]:
                raise OSError(f"chromium did not answer for {IDLE_LIMIT} s")
            more = self.back.read(1 << 16)
            if not more:
                raise OSError("chromium ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", maxsplit=1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        self.out.write(json.dumps(question).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise OSError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def window(self, width, height=800, scheme="light", media=""):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, path):
        self.ask("Page.navigate", url="file://" + os.path.abspath(path))
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def value(self, expression):
        """Of JavaScript, from outside: the page has none of its own."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise OSError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def of(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def picture(self, path, whole=False):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def close(self):
        try:
            self.session = None
            self.ask("Browser.close")
        except OSError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.back.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# Text whose contrast with what is behind it is below WCAG's AA, in what is shown.
CONTRAST = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number), bad = [];
  const light = c => { const [r, g, b] = parse(c).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if ((parse(c)[3] ?? 1) > 0) return c; } return 'rgb(255,255,255)'; };
  for (const e of document.querySelectorAll('h1,h2,h3,p,a,th,td,li,code,pre,summary,caption,figcaption,dt,dd,span')) {
    if (!e.checkVisibility()) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) bad.push(e.outerHTML.slice(0, 90)); }
  return bad.slice(0, 5); })()"""

STRUCTURE = """(() => { const out = [], levels = [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]);
  if (levels[0] != 1 || levels.filter(l => l == 1).length != 1 || levels.some((l, i) => i && l > levels[i - 1] + 1))
    out.push('order of headings ' + levels);
  for (const name of ['header', 'main', 'nav', 'footer']) if (document.querySelectorAll(name).length != 1) out.push(name);
  for (const t of document.querySelectorAll('table')) { if (!t.caption) out.push('a table without a caption');
    for (const h of t.querySelectorAll('th')) if (!h.scope) out.push('th without scope: ' + h.textContent); }
  for (const s of document.querySelectorAll('svg')) if (s.getAttribute('aria-hidden') != 'true' &&
    !s.querySelector('title')) out.push('an svg without a title');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  for (const id of ids) if (ids.indexOf(id) != ids.lastIndexOf(id)) out.push('twice the id ' + id);
  for (const a of document.querySelectorAll('a[href^="#"]')) if (!document.getElementById(a.getAttribute('href').slice(1)))
    out.push('a link to nowhere: ' + a.getAttribute('href'));
  return out.slice(0, 5); })()"""


def make(t):
    return t.run(["scripts/report", f"--build={BUILD}", f"--figures={t.folder}"], stderr=subprocess.PIPE)


def whole_page(t):
    """The path of a page of all figures."""
    t.path("ablation.json", json.dumps(ABLATION))
    t.path("compare.json", json.dumps(COMPARE))
    for name, figures in MORE.items():
        t.path(f"{name}.json", json.dumps(figures))
    done = make(t)
    t.check("of a partial run", done.status == 0 and "missing: hunts for planted bugs" in done.out, str(done))
    return t.path("report/index.html")


@test("report: in a browser", goals=("p2m-case",), needs=("chromium", *NEEDS), how="alone")
def in_browser(t):
    page, browser = whole_page(t), Browser()
    try:
        browser.window(360)
        browser.open(page)
        browser.value("document.querySelector('a[href=\"#bug-b6-empty-range\"]').click()")
        t.check("a link to a story opens it",
                browser.value("document.querySelector('#bug-b6-empty-range').parentElement.open") is True)
        browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
        shown = browser.value("document.querySelectorAll('svg').length + ' ' + document.querySelector('h1').textContent")
        t.check("it renders", shown and int(shown.split()[0]) > 90 and "measured figures" in shown, str(shown))
        for width in (360, 768, 1280):
            browser.window(width)
            wide = browser.value("document.documentElement.scrollWidth")
            t.check(f"no wider than a window of {width}", wide <= width, str(wide))
        for scheme in ("light", "dark"):
            browser.window(1280, scheme=scheme)
            faint = browser.value(CONTRAST)
            t.check(f"contrast, {scheme}", faint == [], str(faint))
        wrong = browser.value(STRUCTURE)
        t.check("headings, landmarks, captions, ids, links", wrong == [], str(wrong))
        said = browser.of("Log.entryAdded") + browser.of("Runtime.consoleAPICalled") + browser.of("Runtime.exceptionThrown")
        t.check("nothing on the console", not said, str(said)[:500])
        asked = [event["request"]["url"] for event in browser.of("Network.requestWillBeSent")]
        t.check("nothing is asked for but the page", [url for url in asked if not url.startswith("data:")]
                == ["file://" + os.path.abspath(page)], str(asked))
    finally:
        browser.close()


@test("report: wrong figures are named", goals=("p2m-case",), needs=NEEDS, how="builds")
def wrong_figures(t):
    for text, says in ((None, "no figures"), ("{", "compare.json: not JSON"),
                       ('{"seconds": {}}', "compare.json: unexpected contents")):
        if text:
            t.path("compare.json", text)
        done = make(t)
        t.check(says, done.status == 1 and done.err.count("\n") == 1 and says in done.err, str(done))
    t.path("compare.json", json.dumps(COMPARE))
    for name in MORE:
        path = t.path(f"{name}.json", '[{"rows": 1}]' if isinstance(MORE[name], list) else '{"rows": [1]}')
        done = make(t)
        t.check(name, done.status == 1 and done.err.count("\n") == 1 and f"{name}.json" in done.err and
                "unexpected contents" in done.err, str(done))
        os.unlink(path)
    done = t.run(["scripts/report", f"--build={BUILD}", f"--figures={t.path('none')}"])
    t.check("a folder that is not there", done.status == 2 and "no such folder" in done.out, str(done))


@test("report: its page", goals=("p2m-case",), needs=NEEDS, how="builds")
def page_text(t):
    first = text_of(whole_page(t))
    t.check("says what is missing and what makes it", "This report is partial" in first and
            "<code>make mutants</code> makes it" in first and "4 of 8 runs" in first)
    t.check("what it is given is escaped", "a &lt;CPU&gt;" in first and "a claim &lt;b&gt;" in first)
    t.check("shows a case, its tree, a gap, a claim not reached", "range 0x0 0x0" in first and
            ">p2m_mid_identity</text>" in first and "NOT reached" in first and "There are no gaps." in first)
    t.check("the same figures, the same page", text_of(whole_page(t)) == first)
    t.check("no script, nothing from elsewhere",
            not re.search(r"<script|<link(?! rel=\"icon\" href=\"data:,\")|@import|\bsrc=|url\((?!#)", first))


def section(page, name):
    """The text of a section, without tags."""
    part = re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', page, re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", part.group(1).replace("<wbr>", ""))) if part else ""


SHOWN = {
    "searches": ("every op, then memory maps micro 51,424 999,000,000 19,500,000,000 6,660 closed",),
    "schedules": ("two calls, and the second one stops as well 2 51,424 514,240,000 999,000,000 600,600,000 "
                  "19,500,000,000 6,660 closed",
                  "closed, only from each 200th state",
                  "three calls, from the boots 1 51,424", "all tried within the depth",
                  "tiny 4 300 200,000 100,000 70 90 none"),
    "proofs": ("index the three indices of a PFN are slots, and lead back to it 6 0.31 proved",
               "FAILED: a page of &lt;identity&gt; is reported", "e820-2 the same of two entries", "not run"),
    "kernel": ("Version Verdict RESULT_MATCHES_MODEL 6.12.117 as expected B5 "
               "9.9 NOT A KNOWN DEFECT: SETUP_RAM_HAS_FRAME B5",
               "6.12.117 to 9.9, 2 versions", "geometry tiny range 0x0 0x0"),
    "setup": ("Version Verdict S2 6.12.117 as expected x", "e820 0x1000 0x2000 &lt;usable&gt;"),
    "judge": ("the core without a bug tiny 20,000 0 0 0 0 agree", "p29-mfn-once tiny 20,000 4,454 0 1 3,581 DIFFER"),
}
TRIED = {key: len(kernel.tried(key)) for key in ("kernel", "setup")}
CLAIMED = ("x every schedule, from every state of a 2x2x2 tree all tried, no violation 999,000,000 transitions "
           "from 51,424 states, closed reached", "in x86's order all tried, no violation",
           "from 258 states, closed, only from each 200th state in part only", "all tried within the depth reached",
           "0 0 in 300 rounds, 100,000 reads checked reached", "all 1 of 5 NOT reached",
           f"p2m.c with the known defects of their row, and no other all {TRIED['kernel']} 1 of 2 NOT reached",
           f"setup.c with the known defects of their row, and no other all {TRIED['setup']} 1 of 1 in part only",
           "0 1 of 40,000 NOT reached")
HEAD = ("2 of 5 proofs", "exhaustive search with store buffers: closed, only from each 200th state",
        f"a kernel's setup.c: without {TRIED['setup'] - 1} of {TRIED['setup']} versions",
        "Xen's save code as the judge: without")


@test("report: sections of searches, schedules, proofs, kernels and judge", goals=("p2m-case",), needs=NEEDS,
      how="builds")
def sections(t):
    page = text_of(whole_page(t)).replace("&#39;", "'")
    claims, head = section(page, "claims"), re.sub(r"\s+", " ", page.split("<nav")[0])
    for name, texts in SHOWN.items():
        text = section(page, name)
        for shown in texts:
            t.check(f"{name}: {shown}", shown in text, text)
        t.check(f"{name}: nothing lacks", "Not measured" not in text, text)
    for text in CLAIMED:
        t.check(f"claim: {text}", text in claims, claims)
    for text in HEAD:
        t.check(f"head: {text}", text in head, head)
    t.check("what is whole is not at the head", "of two overlapping calls" not in head
            and "of three overlapping calls" not in head, head)


@test("report: a section without figures names the command", goals=("p2m-case",), needs=NEEDS, how="builds")
def no_figures(t):
    t.path("race.json", json.dumps(MORE["race"]))
    t.check("it is made", make(t).status == 0)
    page = text_of(t.path("report/index.html"))
    for name, command in (("searches", "make exhaustive"), ("schedules", "make exhaustive-races TSO=1"),
                          ("proofs", "make prove"), ("kernel", "make kernel-report LINUX="), ("judge", "make judge"),
                          ("setup", "make kernel-report TARGET=setup LINUX="), ("speed", "make bench")):
        text = section(page, name)
        t.check(f"{name}: {command}", re.search(rf"Not measured: .*\. {command}.* makes .*\.json", text), text)
        t.check(f"{name}: at the head as well", f"<code>{command}" in page.split("<nav")[0])
    text = section(page, "schedules")
    t.check("what there is is shown", "300 200,000" in text and "race.json" not in text, text)
