# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands. Each is a script of the same name in scripts/, which has the defaults of its
# variables, checks them, and calls make to build. The rules of the build are in
# scripts/mk/.

# A variable of the command line is text: a `$` in it is not expanded, and commands get it in their
# environment, not as words of a shell or of another make.
$(foreach v,$(.VARIABLES),$(if $(filter line,$(origin $v)),$(eval override export $v := $$(value $v))))
MAKEOVERRIDES :=

B := build
export B

.DEFAULT_GOAL := help
COMMANDS := fuzz props exhaustive exhaustive-races race bugs mutants regress repro shrink \
  campaign status corpus-promote coverage report matrix bench bench-against compare \
  kernel-report kernel-bisect oss-fuzz-check prove judge test test-scripts test-compare test-all lint format
.PHONY: help clean distclean fuzz-targets service-targets service-names peers compile_commands.json $(COMMANDS)

# A bare Debian has no Python.
$(COMMANDS):
	@[ -x /usr/bin/python3 ] || scripts/setup
	@scripts/$@

clean: # corpora and findings stay, also those of killed runs
	@if [ -d "$$B" ]; then find "$$B" -mindepth 1 -maxdepth 1 ! -name corpus ! -name campaign ! -name run \
	  -exec rm -rf {} +; fi

distclean:
	rm -rf -- "$$B" "$${CRASHES:-crashes}" compile_commands.json p2mcheck.xml

help:
	@sed -n 's/^# help: \{0,1\}//p' Makefile

# Commands do not need the rules.
ifneq ($(filter-out $(COMMANDS) help clean distclean,$(or $(MAKECMDGOALS),help)),)
ifneq ($(words $(B)),1)
$(error B=$(B): make cannot build into a path with blanks)
endif
include scripts/mk/config.mk
include scripts/mk/rules.mk
include scripts/mk/fuzz.mk
include scripts/mk/peers.mk
endif

# help: Variables follow the command, as in `make fuzz TIME=10`. Their defaults are shown.
# help:
# help: The main job
# help:   fuzz             fuzz a target; findings go to crashes/
# help:                    ENGINE=libfuzzer TARGET=ops GEOMETRY=tiny TIME=60 JOBS=cores SEED=1
# help:                    several machines: ENGINE=afl SHARED=FOLDER HOST=NAME
# help:   test             the full test suite (about 25 minutes)   ONLY=regexp
# help:   test-scripts     tests of the scripts that need no build (seconds)
# help:   test-compare     tests of the comparison with other tools
# help:   test-all         all tests (about 90 minutes)
# help:   lint             checks the sources without running them   ONLY=regexp
# help:   format           formats the C files
# help:
# help: Findings
# help:   repro CASE=FILE  one crasher, explained                    TARGET= GEOMETRY= SAN= ARCH= DEBUG=1
# help:   shrink CASE=FILE the smallest case with the same failure   TARGET= GEOMETRY= SAN= ARCH=
# help:   regress          replay the corpora in all geometries      JUNIT=FILE
# help:
# help: Without an engine
# help:   props            random cases             SEED=1 CASES=100000 GEOMETRY=tiny
# help:   exhaustive       every state x every op   GEOMETRY=micro TIME= GRANTS= MAPS=1 VALUES=usual JOBS=cores
# help:   exhaustive-races every pair of calls x every schedule of two switches x every state   JOBS= TIME=
# help:                    SWITCHES=2 REDUCED=1 CALLS=2 TSO= EVERY=1 DEPTH=
# help:   race             real threads under ThreadSanitizer   TIME=10 THREADS=4 SEED=1 ROUNDS= GEOMETRY=tiny
# help:
# help: For hours
# help:   campaign         all targets, both engines   HOURS= (or SECONDS=) JOBS=cores SLICE=60 NEW=1
# help:                    ON="ops_tiny .."
# help:   status           progress or result of a campaign
# help:   corpus-promote   collected cases that add coverage to the reviewed corpus, as text for review
# help:
# help: Evidence
# help:   bugs             each planted bug: found from an empty corpus, named, shrunk   SEEDS=3 ONLY=regexp JOBS=
# help:   mutants          mutants of the core that no test kills                ONLY=regexp JOBS=
# help:   prove            index arithmetic and the walk of a memory map, for all inputs, by cbmc (Debian 13)
# help:                    GEOMETRY=x86_64 ONLY=regexp JOBS=
# help:   judge            Xen's save code beside our own toolstack, on random guests   XEN=debian CASES=20000
# help:                    SEED=1 ONLY=regexp JOBS=
# help:   coverage         states, lines, branches, conditions that the corpora reach
# help:   bench            speed, as ratios   RUNS=7
# help:   bench-against    better, worse or no difference; fails if worse
# help:                    BASE=REV RUNS=10 SEEDS=8 TIME=30 ONLY="bug .."
# help:   compare          RapidCheck, Hypothesis, libFuzzer and AFL++ on the same bugs
# help:                    FULL=1 ONLY=regexp SEEDS=10 BUDGET= JOBS= GEOMETRY=
# help:   report           all measured figures on one page: build/report/index.html
# help:   matrix           every clang x sanitizer x word, for some seconds; lists skipped combinations   TIME=3
# help:   oss-fuzz-check   the build and checks of a fuzzing service, as far as possible here   ONLY=regexp
# help:
# help: A kernel, or your own p2m (also: campaign, status; coverage TIME=60 TARGET=ops or setup for a kernel)
# help:   fuzz, test, props, exhaustive-races, regress, repro, shrink take SUBJECT=linux LINUX=TREE KNOWN=B1,C3:
# help:                    the p2m.c of a kernel; LINUX=debian-6.12: of Debian's package; MODE=as-optimised: -O2
# help:   or SUBJECT=FILE.c SHAPES="micro tiny odd": props/subjects/README.md
# help:   and XEN=TREE or XEN=debian: Xen's own code saves the guest as well   props/judges/xen/README.md
# help:   or BUG=NAME: the core with that bug of props/bugs
# help:   kernel-report    versions x invariants, reports to be mailed   LINUX="TREE .." CASES=20000 SEED=1 ONLY=regexp
# help:                    TARGET=setup: of its setup.c   props/subjects/linux/setup/README.md
# help:   kernel-bisect    the commit from which on a case fails, or passes   GOOD= BAD= LINUX=GITTREE CASE= KNOWN=
# help:
# help: To build
# help:   fuzz-targets     only build them: build/fuzz/GEOMETRY/TARGET_GEOMETRY
# help:   compile_commands.json   for clangd
# help:   clean            remove the built files; corpora and findings stay
# help:   distclean        remove all
# help:
# help: ENGINE: libfuzzer, afl (AFL++). SAN (libfuzzer): address,undefined memory thread none. ARCH: native, i386.
# help: TARGET: ops, e820, case, setup (of a kernel), and canary, which is wrong on purpose.
# help: GEOMETRY: micro tiny odd x86_64 x86_32.
# help: B=FOLDER: for built files and corpora, build/. CRASHES=FOLDER: for findings, crashes/.
# help: NO_SETUP=1 does not install missing packages. V=1 shows the commands.
