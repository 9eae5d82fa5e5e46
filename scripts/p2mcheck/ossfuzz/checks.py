# SPDX-License-Identifier: GPL-2.0-or-later
"""Static checks of the files of one build in $OUT."""

import configparser
import os
import re
import shutil
import zipfile

from p2mcheck.files import read
from p2mcheck.ossfuzz.service import need, run, runner

LIBRARIES = re.compile(r"^(lib(c|m|pthread|dl|rt|resolv)\.so\.\d+|libgcc_s\.so\.1|libstdc\+\+\.so\.6|"
                       r"ld-linux.*)$")
def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def build(place, configuration, out, script=".clusterfuzzlite/build.sh", **more):
    """Like the image's `compile`: the script is in $SRC, and runs in the checkout."""
    shutil.copy(f"{place.checkout}/{script}", f"{place.src}/build.sh")
    os.makedirs(out)
    environment = {**configuration.environment(place, out), **more}
    code, output = run(["bash", "-eux", f"{place.src}/build.sh"], 1200, cwd=place.checkout,
                       env=environment)
    need(code == 0, f"build.sh: status {code}\n" + "\n".join(output.splitlines()[-15:]))
    code, output = run(["git", "status", "--porcelain", "--ignored"], cwd=place.checkout)
    need(code == 0 and not output, f"the build has changed the checkout: {output}")


def check_files(configuration, out):
    """Targets at the top, well named, recognised as such, and no other executable."""
    executables = set()
    for name in os.listdir(out):
        path = f"{out}/{name}"
        need(os.path.isfile(path) and not os.path.islink(path), f"{name} is not a regular file")
        if os.access(path, os.X_OK):
            executables.add(name)
            need(is_elf(path), f"{name} can be run and is not an ELF file")
            need(re.fullmatch(r"[A-Za-z0-9_-]+", name), f"{name}: not a valid name of a target")
            need(b"LLVMFuzzerTestOneInput" in read(path), f"{name}: not recognised as a target")
        else:
            need(not is_elf(path), f"{name}: an object file")
    need(executables == set(configuration.targets),
         f"targets {sorted(executables)}, expected {sorted(configuration.targets)}")
    for target in configuration.targets:
        for suffix in ("_seed_corpus.zip", ".dict", ".options"):
            need(os.path.exists(f"{out}/{target}{suffix}"), f"{target}{suffix} is missing")


def check_architecture(configuration, out):
    want = {"i386": "Intel 80386", "x86_64": "X86-64"}[configuration.architecture]
    for target in configuration.targets:
        _, header = run(["readelf", "-h", f"{out}/{target}"])
        need(re.search(rf"Machine:.*{want}", header), f"{target} is not for {want}")


def check_libraries(configuration, out):
    for target in configuration.targets:
        _, dynamic = run(["readelf", "-d", f"{out}/{target}"])
        for library in re.findall(r"NEEDED.*\[(.*)\]", dynamic):
            need(LIBRARIES.match(library), f"{target} needs {library}")
        need("RUNPATH" not in dynamic and "RPATH" not in dynamic, f"{target} has an rpath")


def check_calls(configuration, out):
    """Calls into the sanitizers' runtimes: enough of its own, none of another's."""
    if configuration.sanitizer in ("coverage", "none"):
        return None
    fewest = {}
    for target in configuration.targets:
        _, code = run(["objdump", "-dC", f"{out}/{target}"])
        count = {name: len(re.findall(rf"call.*<__{name}", code)) for name in ("asan", "msan", "ubsan", "dfsan")}
        own = {"address": ("asan", 1000), "memory": ("msan", 1000), "undefined": ("ubsan", 168)}
        name, least = own[configuration.sanitizer]
        need(count[name] >= least, f"{target}: {count[name]} calls of __{name}, fewer than {least}")
        most = {"asan": 0, "msan": 3, "ubsan": 280 if configuration.architecture == "i386" else 200,
                "dfsan": 0}
        for other, limit in most.items():
            need(other == name or count[other] <= limit, f"{target}: {count[other]} calls of __{other}")
        fewest[name] = min(fewest.get(name, count[name]), count[name])
    return ", ".join(f"at least {n} calls of __{name}" for name, n in fewest.items())


def longest(out, target):
    return int(read_options(f"{out}/{target}.options")["max_len"])


def check_seeds(configuration, out, place):
    """Zips that open, flat, in order, without a clock; every reviewed case, none too long."""
    for target in configuration.targets:
        with zipfile.ZipFile(f"{out}/{target}_seed_corpus.zip") as archive:
            need(archive.testzip() is None, f"{target}: the zip is damaged")
            infos = archive.infolist()
        names = [info.filename for info in infos]
        need(names == sorted(set(names)), f"{target}: seeds not in order")
        need(len(names) == len(place.corpus()), f"{target}: {len(names)} seeds of {len(place.corpus())} cases")
        for info in infos:
            need("/" not in info.filename, f"{target}: {info.filename} in a folder")
            need(info.date_time == (2000, 1, 1, 0, 0, 0), f"{target}: {info.filename}: {info.date_time}")
            need(0 < info.file_size <= longest(out, target),
                 f"{target}: {info.filename} has {info.file_size} bytes")
    return f"{len(place.corpus())} seeds per target"


DICT_LINE = re.compile(rb'^(#.*|[A-Za-z0-9_]*=?"([^"\\\x00-\x1f]|\\\\|\\"|\\x[0-9A-Fa-f]{2})+"|)$')


def check_dictionary(configuration, out, place):
    for target in configuration.targets:
        lines = read(f"{out}/{target}.dict").splitlines()
        for number, line in enumerate(lines, 1):
            need(DICT_LINE.match(line), f"{target}.dict:{number}: {line!r}")
        entries = [line for line in lines if line.endswith(b'"') and not line.startswith(b"#")]
        need(entries, f"{target}.dict is empty")
        if configuration.engine == "libfuzzer":
            _, output = run([f"{out}/{target}", f"-dict={out}/{target}.dict", "-runs=0"],
                            **runner(place))
            found = re.search(r"Dictionary: (\d+) entries", output)
            need(found and int(found.group(1)) == len(entries),
                 f"{target}.dict: {len(entries)} entries, but libFuzzer printed: {output[:300]}")
    return None


def read_options(path):
    parser = configparser.ConfigParser()
    parser.read(path, encoding="utf-8")
    return dict(parser["libfuzzer"])


def check_options(configuration, out):
    for target in configuration.targets:
        path = f"{out}/{target}.options"
        parser = configparser.ConfigParser()
        parser.read(path, encoding="utf-8")
        need(parser.sections() == ["libfuzzer"], f"{target}.options: {parser.sections()}")
        for key, value in parser["libfuzzer"].items():
            need(value and not re.search(r"\s", value), f"{target}.options: {key} = {value!r}")
        need(longest(out, target) > 0, f"{target}.options: no max_len")
