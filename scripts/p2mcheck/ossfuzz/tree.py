# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the files that the services read."""

import re

from p2mcheck.files import read_text
from p2mcheck.ossfuzz.names import HARNESS_PATH, IGNORED_ANYWHERE, IGNORED_FUNCTIONS, alike
from p2mcheck.ossfuzz.service import need, run

YAML_KEYS = set("""language main_repo homepage primary_contact auto_ccs vendor_ccs sanitizers
    architectures fuzzing_engines run_tests base_os_version coverage_extra_args builds_per_day
    file_github_issue help_url view_restrictions disabled labels blackbox selective_unpack indexer
    disable_remediation disable_remediation_pre_review""".split())


# ---- the files that the services read ----

def top_level_keys(path):
    text = read_text(path)
    try:
        import yaml  # pylint: disable=import-outside-toplevel
        return yaml.safe_load(text)
    except ImportError:
        return {key: value.strip() for key, value in re.findall(r"^(\w+):(.*)$", text, re.M)}


def check_project_yaml():
    keys = top_level_keys("scripts/oss-fuzz/project.yaml")
    need(set(keys) <= YAML_KEYS, f"scripts/oss-fuzz/project.yaml: unknown {set(keys) - YAML_KEYS}")
    need({"language", "main_repo", "homepage", "primary_contact"} <= set(keys), "a key is missing")
    need(keys["language"] == "c", "language")
    here = top_level_keys(".clusterfuzzlite/project.yaml")
    need(set(here) <= YAML_KEYS and here["language"] == "c", ".clusterfuzzlite/project.yaml")


def check_dockerfiles():
    for path, base in ((".clusterfuzzlite/Dockerfile", "v1"), ("scripts/oss-fuzz/Dockerfile", "latest")):
        text = read_text(path).replace("\\\n", " ")
        need(re.search(rf"^FROM gcr\.io/oss-fuzz-base/base-builder:{base}$", text, re.M), f"{path}: FROM")
        for line in re.findall(r"^RUN .*apt-get install.*$", text, re.M):
            need("apt-get update" in line, f"{path}: apt-get install without an update: {line}")
        need(re.search(r"^WORKDIR \$SRC/p2mcheck$", text, re.M), f"{path}: WORKDIR")
        need(re.search(r"^COPY \S*build\.sh \$SRC/$", text, re.M), f"{path}: COPY build.sh")


def check_licence_lines():
    for path in ("scripts/oss-fuzz/Dockerfile", "scripts/oss-fuzz/build.sh"):
        need("http://www.apache.org/licenses/LICENSE-2.0" in read_text(path), f"{path}: no licence line")
    for path in (".clusterfuzzlite/build.sh", "scripts/oss-fuzz/build.sh"):
        lines = [line for line in read_text(path).splitlines() if not line.lstrip().startswith("#")]
        need(not re.search(r"-fsanitize|-O\d|-lFuzzingEngine|\bclang\b|/out\b|march=", "\n".join(lines)),
             f"{path} sets options that the service must choose")


def check_names():
    """Checks for names that a service would drop from a stack, or mistake for the harness."""
    files = run(["git", "ls-files"])[1].split()
    need(len(files) > 50, "git ls-files lists nothing")
    for path in files:
        if path.endswith((".c", ".h")):
            need(not IGNORED_ANYWHERE.search(path), f"{path} vanishes from stacks")
        if path.startswith("core/"):
            need(not HARNESS_PATH.search("/src/p2mcheck/" + path), f"{path} looks like a fuzzer's")
        need(not path.endswith(".zip"), f"{path}: no archives in the repository")
    for path in [path for path in files if path.endswith(".c") and not re.search(r"/(tests|peers|threads)/", path)]:
        for name in re.findall(r"^(?:static |noreturn )*[\w ]+[ *](\w+)\([^;]*$", read_text(path), re.M):
            need(not IGNORED_ANYWHERE.search(name), f"{path}: {name}() vanishes from stacks")
    [header] = [path for path in files if path.endswith("/invariants.h")]
    table = re.findall(r"X\(([A-Z0-9_]+),\s*(\w+),\s*\\?\s*\"([^\"]+)\"\)", read_text(header))
    need(len(table) > 20, f"the table of {header} could not be parsed")
    for name, function, sentence in table:
        need(not IGNORED_FUNCTIONS.match(function), f"{name}: {function}() vanishes from stacks")
        need(not re.search(r"0x|\d{4}", sentence), f"{name}: numbers in {sentence!r}")
    for i, one in enumerate(table):
        for two in table[:i]:
            need(not alike(one[2:] + one[1:2], two[2:] + two[1:2]), f"{one[0]} and {two[0]} are too alike")
    return f"{len(table)} invariants, no two alike"


def check_workflows():
    modes = set()
    for name in ("pr", "batch", "cron", "build"):
        path = f".github/workflows/cflite_{name}.yml"
        text = read_text(path)
        top_level_keys(path)
        need("google/clusterfuzzlite/actions/build_fuzzers@v1" in text, f"{path}: builds nothing")
        modes |= set(re.findall(r"mode: (\S+)", text))
    need(modes == {"code-change", "batch", "prune", "coverage"}, f"modes: {sorted(modes)}")


FILE_CHECKS = (("project.yaml", check_project_yaml), ("Dockerfiles", check_dockerfiles),
               ("licence lines, no flags of our own", check_licence_lines), ("names", check_names),
               ("workflows", check_workflows))
