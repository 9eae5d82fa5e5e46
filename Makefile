# SPDX-License-Identifier: GPL-2.0-only
#
# `make help` lists the commands. Below them: one list of geometries, one of
# flavours (a compiler with its flags), one of targets. Each flavour builds each
# geometry into a folder of its own, build/FLAVOUR/GEOMETRY; nothing needs a
# `make clean` in between.

B := build
CLANG ?= clang
GCC ?= gcc
WERROR ?=


# ---- geometries ----

GEOMETRIES := micro tiny odd x86_64 x86_32

SHAPE_micro := -DP2M_TOP=2 -DP2M_MID=2 -DP2M_LEAF=2 -DP2M_WORD_BITS=64
SHAPE_tiny := -DP2M_TOP=8 -DP2M_MID=8 -DP2M_LEAF=8 -DP2M_WORD_BITS=64
SHAPE_odd := -DP2M_TOP=3 -DP2M_MID=5 -DP2M_LEAF=7 -DP2M_WORD_BITS=32
SHAPE_x86_64 := -DP2M_TOP=512 -DP2M_MID=512 -DP2M_LEAF=512 -DP2M_WORD_BITS=64
SHAPE_x86_32 := -DP2M_TOP=1024 -DP2M_MID=1024 -DP2M_LEAF=1024 -DP2M_WORD_BITS=32

# Small enough to be searched whole, or nearly.
EXPLORED := micro 2x2x4 2x4x2 4x2x2
SHAPE_2x2x4 := -DP2M_TOP=2 -DP2M_MID=2 -DP2M_LEAF=4 -DP2M_WORD_BITS=64
SHAPE_2x4x2 := -DP2M_TOP=2 -DP2M_MID=4 -DP2M_LEAF=2 -DP2M_WORD_BITS=64
SHAPE_4x2x2 := -DP2M_TOP=4 -DP2M_MID=2 -DP2M_LEAF=2 -DP2M_WORD_BITS=64

# ---- flavours ----

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# What the engine is shown: basic blocks of the core (the harness opts out in its
# source, props/quiet.h). Neither edges nor operands of comparisons: each sync point
# would be an edge and each check of UBSan a comparison, and they would take most of
# the time and guide nothing. For the same reason UBSan's checks of pointers, which
# ASan makes superfluous, are left to the other flavours.
CC_fuzz := $(CLANG)
BLOCKS := -O2 -g -fsanitize-coverage=bb,inline-8bit-counters,pc-table
CFLAGS_fuzz := $(BLOCKS) $(SANITIZE) -fno-sanitize=null,alignment,pointer-overflow,object-size
LDFLAGS_fuzz := $(SANITIZE)

# The same under another sanitizer (SAN=), or none; and as a 32-bit program (ARCH=i386).
CC_fuzz-memory := $(CLANG)
CFLAGS_fuzz-memory := $(BLOCKS) -fsanitize=memory -fsanitize-memory-track-origins -fno-omit-frame-pointer
LDFLAGS_fuzz-memory := -fsanitize=memory
CC_fuzz-thread := $(CLANG)
CFLAGS_fuzz-thread := $(BLOCKS) -fsanitize=thread
LDFLAGS_fuzz-thread := -fsanitize=thread
CC_fuzz-none := $(CLANG)
CFLAGS_fuzz-none := $(BLOCKS)
CC_fuzz-i386 := $(CLANG)
CFLAGS_fuzz-i386 := -m32 $(CFLAGS_fuzz) -D_FILE_OFFSET_BITS=64
LDFLAGS_fuzz-i386 := -m32 $(SANITIZE)
GEOMETRIES_fuzz-i386 := odd x86_32

# Each of them, and the engine sees the harness as well: for a target that tests it.
define harness_of
CC_$(1)-harness := $(CLANG)
CFLAGS_$(1)-harness := $(CFLAGS_$(1)) -DHARNESS_SANITIZED
LDFLAGS_$(1)-harness := $(LDFLAGS_$(1))
GEOMETRIES_$(1)-harness := $(GEOMETRIES_$(1))
endef
FUZZ_PLAIN := fuzz fuzz-memory fuzz-thread fuzz-none fuzz-i386
$(foreach flavour,$(FUZZ_PLAIN),$(eval $(call harness_of,$(flavour))))

# The same for AFL++. Its pass over the code does not know no_sanitize("coverage"), so the
# harness is compiled without it; what is linked gets libAFLDriver by -fsanitize=fuzzer.
# Most of its processes run without sanitizers: the one that has them is to find what only
# they see.
AFL_CC := AFL_QUIET=1 afl-clang-fast
CC_afl = $(if $(filter-out core/% props/cells_seen.c fuzz/bench_empty.c,$(filter %.c,$<)),$(CLANG),$(AFL_CC))
CFLAGS_afl := -O2 -g
CC_afl-san = $(CC_afl)
CFLAGS_afl-san := -O2 -g $(SANITIZE) -fno-sanitize=null,alignment,pointer-overflow,object-size
LDFLAGS_afl-san := $(SANITIZE)
CC_afl-harness := $(AFL_CC)
CFLAGS_afl-harness := $(CFLAGS_afl-san) -DHARNESS_SANITIZED
LDFLAGS_afl-harness := $(SANITIZE)

# For the mutators, which afl-fuzz loads: no names but theirs are to be seen there.
CC_shared := $(CLANG)
CFLAGS_shared := -O2 -g -fPIC -fvisibility=hidden
LDFLAGS_shared := -shared -Wl,-z,defs

CC_gcc := $(GCC)
CFLAGS_gcc := -O2 -g
CC_clang := $(CLANG)
CFLAGS_clang := -O2 -g
CC_gcc-O0 := $(GCC)
CFLAGS_gcc-O0 := -O0 -g
CC_clang-O0 := $(CLANG)
CFLAGS_clang-O0 := -O0 -g

# The harness itself under the sanitizers, too.
CC_gcc-san := $(GCC)
CFLAGS_gcc-san := -O1 -g $(SANITIZE)
LDFLAGS_gcc-san := $(SANITIZE)
CC_clang-san := $(CLANG)
CFLAGS_clang-san := -O1 -g -DHARNESS_SANITIZED $(SANITIZE)
LDFLAGS_clang-san := $(SANITIZE)

# Lines, branches and conditions of the core: `make coverage` says which clang.
CC_cov := $(if $(COVERAGE_CC),$(COVERAGE_CC),$(CLANG))
CFLAGS_cov := -O1 -g -DP2M_SYNC_IS_A_CALL -fprofile-instr-generate -fcoverage-mapping $(COVERAGE_FLAGS)
LDFLAGS_cov := -fprofile-instr-generate

# For the comparison of state hashes: two geometries are enough.
GEOMETRIES_gcc-O0 := tiny x86_64
GEOMETRIES_clang-O0 := tiny x86_64

# A 32-bit machine has 32-bit words only.
CC_gcc-m32 := $(GCC)
CFLAGS_gcc-m32 := -m32 -fno-pie -O2 -g -D_FILE_OFFSET_BITS=64
LDFLAGS_gcc-m32 := -m32 -no-pie
GEOMETRIES_gcc-m32 := odd x86_32

# What a fuzzing service builds: compiler, flags and engine are in its environment, and
# nothing is added that it could have chosen. See .clusterfuzzlite/build.sh.
CC_service = $(CC)
CFLAGS_service = $(CFLAGS)
CC_service-harness = $(CC)
CFLAGS_service-harness = $(CFLAGS) -DHARNESS_SANITIZED

FUZZ_FLAVOURS := $(FUZZ_PLAIN) $(FUZZ_PLAIN:%=%-harness)
FLAVOURS := $(FUZZ_FLAVOURS) afl afl-san afl-harness shared gcc clang gcc-O0 clang-O0 gcc-san clang-san gcc-m32 cov service service-harness
geometries_of = $(if $(SUBJECT_FILE),$(SHAPES),$(if $(LINUX_FOLDER),$(LINUX_GEOMETRIES),$(or $(GEOMETRIES_$(1)),$(GEOMETRIES))))

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

COMMON := -std=gnu11 -Wall -Wextra $(WERROR) -MMD -MP -I. -DP2M_SYNC_HEADER='"props/sync.h"'

# ---- sources ----

CORE := $(wildcard core/*.c)
PROPS := $(wildcard props/*.c)
EXPLORE := $(wildcard props/explore/*.c) props/runner/exhaustive.c
SUBJECTS := props/subjects/core.c props/subjects/canary.c
CODEC := fuzz/codec.c fuzz/mutate.c
TOOL := fuzz/p2m_case.c fuzz/tools.c fuzz/shrink.c fuzz/replay.c fuzz/e820_log.c fuzz/files.c

HARNESS := $(PROPS) $(SUBJECTS) $(CODEC)

# BUG=ID: everything is linked with a core that has props/bugs/ID.patch in it, and goes
# to build/bugs/ID; the objects of the harness are the usual ones.
BUG ?=
PLANTED ?= bugs

# SUBJECT=FILE.c: everything is linked with that file, in which subject_under_test is defined, and
# goes to build/subject/, under the path; SHAPES are the geometries that it can do.
SHAPES ?= micro tiny odd

# SUBJECT=linux LINUX_FOLDER=FOLDER: everything is linked with the kernel's p2m.c, which a script has
# prepared there, and goes to that folder.
SUBJECT ?= core
LINUX_FOLDER ?=
LINUX_LINEAR := $(if $(LINUX_FOLDER),$(shell grep -c 'LINUX_LINEAR 1' $(LINUX_FOLDER)/features.h))
SUBJECT_FILE := $(filter %.c,$(SUBJECT))
C := $(if $(LINUX_FOLDER),$(LINUX_FOLDER),$(if $(SUBJECT_FILE),$(B)/subject/$(subst /,-,$(basename $(SUBJECT_FILE))),$(if $(BUG),$(B)/$(PLANTED)/$(BUG),$(B))))

# $(1) flavour, $(2) geometry, $(3) sources besides
core_objects = $(patsubst %.c,$(if $(BUG),$(C),$(B))/$(1)/$(2)/%.o,$(CORE))
chosen_objects = $(if $(LINUX_FOLDER),$(C)/$(1)/$(2)/kernel.o $(patsubst %,$(B)/$(1)/$(2)/props/subjects/linux/%.o,subject chosen),$(if $(SUBJECT_FILE),$(C),$(B))/$(1)/$(2)/props/subjects/chosen.o)
objects = $(core_objects) $(chosen_objects) $(patsubst %.c,$(B)/$(1)/$(2)/%.o,$(HARNESS) $(3))

.PHONY: help kernel-report fuzz campaign status corpus-promote props exhaustive exhaustive-races race bugs mutants shrink coverage report matrix test regress repro bench bench-against compare peers fuzz-targets service-targets oss-fuzz-check clean
.SECONDARY:
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# help: //p' Makefile

# help: make fuzz [ENGINE=libfuzzer] [TARGET=ops] [GEOMETRY=tiny] [TIME=60] [JOBS=cores]   fuzz; findings go to crashes/
# help: make test            everything, some five minutes; ends with `N passed, N failed`
# help: make props [SEED=] [CASES=100000] [GEOMETRY=]   random cases without an engine
# help: make exhaustive [GEOMETRY=micro] [TIME=]   every state x every op; 2x2x4, 2x4x2 and 4x2x2 as far as TIME reaches
# help: make exhaustive-races [JOBS=cores] [TIME=]   every pair of calls x every sync point x every state, in micro
# help: make bugs [SEEDS=3] [ONLY=regexp] [JOBS=cores]   each planted bug: found from nothing, named, shrunk; also build/bugs.json
# help: make shrink CASE=FILE [TARGET=] [GEOMETRY=]   the smallest case that fails so: CASE.min, .min.txt, .min.c
# help: make race [TIME=10] [THREADS=4] [SEED=1] [ROUNDS=N] [GEOMETRY=]   real threads, under ThreadSanitizer
# help: make matrix [TIME=3]   every clang x sanitizer x word that there is, for some seconds; skips are shown
# help: make regress [JUNIT=file.xml]   replay the corpora in all geometries
# help: make coverage        states, lines, branches, conditions that the corpora reach; pages in build/coverage/
# help: make campaign HOURS= [JOBS=cores] [SECONDS=] [SLICE=60] [SYNC=folder] [ON="ops_tiny .."] [NEW=1]   all targets, both engines
# help: make status          how a campaign goes, or went
# help: make corpus-promote  what fuzzing collected and the reviewed corpus lacks, as text for review
# help: make repro CASE=FILE [TARGET=] [GEOMETRY=] [DEBUG=1]   one crasher, explained
# help: make report          what was measured so far, on one page: build/report/index.html
# help: make bench [RUNS=7]  speed, as ratios; also build/bench.json
# help: make bench-against BASE=REV [RUNS=10] [SEEDS=8] [TIME=30] [ONLY="bug .."]   better, worse or no difference; fails if worse
# help: make compare [FULL=1] [ONLY=regexp] [SEEDS=10] [BUDGET=] [JOBS=cores] [GEOMETRY=]   us and RapidCheck, Hypothesis, libFuzzer, AFL++ on the planted bugs; also build/compare.json
# help: make mutants [JOBS=cores] [ONLY=REGEX]   mutants of the core: which does no test kill?
# help: make fuzz|test|props|regress|repro|shrink SUBJECT=linux LINUX=TREE [KNOWN=B1,C3]   the kernel's own p2m.c, in a tree, or LINUX=debian
# help: make fuzz|test|props|regress|repro|shrink SUBJECT=FILE.c [SHAPES="micro tiny odd"]   your own p2m: props/subjects/README.md
# help: make kernel-report LINUX="TREE ..." [CASES=20000] [SEED=1]   versions x invariants: pass, or the shortest case that fails
# help: make fuzz-targets    only build the fuzz targets, build/fuzz/GEOMETRY/TARGET_GEOMETRY
# help: make oss-fuzz-check [ONLY=regexp]   what a fuzzing service does with us, as far as it can be done here
# help: make clean           remove build/ (corpora that fuzzing collected included)
# help:
# help: ENGINE: libfuzzer afl (AFL++); SAN (libfuzzer): address,undefined memory thread none; ARCH: native i386 (GEOMETRY odd x86_32)
# help: TARGET: ops e820 case, and canary, which is wrong on purpose; GEOMETRY: micro tiny odd x86_64 x86_32
# help: NO_SETUP=1 keeps fuzz and test from installing missing packages

# How the kernel's file is compiled: in the shapes that its pages can have, and quietly.
LINUX_GEOMETRIES := $(if $(filter 1,$(LINUX_LINEAR)),micro tiny,micro tiny x86_64)
LINUX_SOURCE := props/subjects/linux/$(if $(filter 1,$(LINUX_LINEAR)),linear,tree).c
LINUX_FLAGS := -std=gnu11 -w -fno-strict-aliasing -I. -I$(LINUX_FOLDER)/include -include $(LINUX_FOLDER)/features.h \
  -DLINUX_P2M_C='"$(LINUX_FOLDER)/kernel/p2m.c"' -DLINUX_PAGE_H='"$(LINUX_FOLDER)/kernel/page.h"'

# ---- one rule of each kind, for each flavour and geometry ----

# $(1) flavour, $(2) geometry
define per_geometry
$(B)/$(1)/$(2)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $(COMMON) $$(CFLAGS_$(1)) $$(SHAPE_$(2)) -DP2M_GEOMETRY='"$(2)"' -DP2M_GEOMETRY_TOKEN=$(2) -c -o $$@ $$<

ifneq ($(BUG),)
$(C)/$(1)/$(2)/core/%.o: $(C)/core.stamp Makefile
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $(COMMON) $$(CFLAGS_$(1)) $$(SHAPE_$(2)) -include props/planted.h -c -o $$@ $(C)/core/$$*.c
endif

# Somebody's own p2m: the subject under test in one file.
ifneq ($(SUBJECT_FILE),)
$(C)/$(1)/$(2)/props/subjects/chosen.o: $(SUBJECT_FILE) Makefile
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $(COMMON) $$(CFLAGS_$(1)) $$(SHAPE_$(2)) -DP2M_GEOMETRY='"$(2)"' -DP2M_GEOMETRY_TOKEN=$(2) -c -o $$@ $$<
endif

# The kernel's file. Its variables go to sections of their own; only linux_* is seen of it.
$(if $(LINUX_FOLDER),$(LINUX_FOLDER),$(B)/linux/none)/$(1)/$(2)/kernel.o: $(LINUX_SOURCE) $(wildcard props/subjects/linux/*) $(LINUX_FOLDER)/features.h Makefile
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $(LINUX_FLAGS) $$(CFLAGS_$(1)) $$(SHAPE_$(2)) -DP2M_GEOMETRY_TOKEN=$(2) -c -o $$@.tmp $(LINUX_SOURCE)
	$$(Q)objcopy $$(foreach s,data data.rel data.rel.local,--rename-section .$$(s)=linux_data_$(2)) --rename-section .bss=linux_bss_$(2) --wildcard --keep-global-symbol='linux_*' $$@.tmp $$@
	@rm -f $$@.tmp

# The whole harness as one object of which only `tool_$(2)` is to be seen. clang 19's ASan puts
# globals into COMDAT groups of the same names in every geometry: `-r` dissolves the groups.
$(C)/$(1)/$(2)/tool.o: $$(call objects,$(1),$(2),fuzz/tool.c fuzz/tool_shrink.c)
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(filter -m32,$$(CFLAGS_$(1))) -nostdlib -r -Wl,--force-group-allocation -o $$@.tmp $$^
	$$(Q)objcopy --keep-global-symbol=tool_$(2) $$@.tmp $$@
	@rm -f $$@.tmp

$(C)/$(1)/$(2)/exhaustive_$(2): $$(call objects,$(1),$(2),$(EXPLORE))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^

$(C)/$(1)/$(2)/props_$(2): $$(call objects,$(1),$(2),props/runner/main.c)
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^

$(B)/$(1)/$(2)/unit-%: $(B)/$(1)/$(2)/props/tests/%.o $$(call objects,$(1),$(2),props/subjects/broken.c)
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^ -lcmocka

$(B)/$(1)/$(2)/unit-%: $(B)/$(1)/$(2)/fuzz/tests/%.o $$(call objects,$(1),$(2))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^ -lcmocka
endef

# $(1) flavour
define per_flavour
$(B)/$(1)/any/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $(COMMON) $$(CFLAGS_$(1)) -c -o $$@ $$<

$(C)/$(1)/p2m-case: $$(patsubst %.c,$(B)/$(1)/any/%.o,$(TOOL)) $$(patsubst %,$(C)/$(1)/%/tool.o,$$(call geometries_of,$(1)))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^

$$(foreach geometry,$$(sort $$(call geometries_of,$(1)) $(if $(filter gcc,$(1)),$(EXPLORED))),$$(eval $$(call per_geometry,$(1),$$(geometry))))
endef

$(foreach flavour,$(FLAVOURS),$(eval $(call per_flavour,$(flavour))))

# A copy of the core with one bug planted. A patch that does not apply cleanly is an error.
$(C)/core.stamp: props/bugs/$(BUG).patch $(wildcard core/*)
	@rm -rf $(@D)/core && mkdir -p $(@D)/core && cp core/*.[ch] $(@D)/core
	$(Q)patch --quiet --strip=1 --fuzz=0 --forward --directory=$(@D) < $<
	@touch $@

# Everything of a program but the core, as one object: scripts/mutants links each mutant
# with it. What a case begins with goes through props/runner/steps.c.
# $(1) flavour, $(2) geometry, $(3) name, $(4) sources, $(5) objects besides
define bare_of
$(B)/$(1)/$(2)/bare-$(3).o: $(5) $(filter-out $(call core_objects,$(1),$(2)),$(call objects,$(1),$(2),$(4) props/runner/steps.c))
	$$(call say,LINK $$@)
	$$(Q)ld -r --strip-debug --wrap=host_reset --wrap=host_untake -o $$@ $$^
endef
$(foreach flavour,gcc gcc-san,$(foreach geometry,$(sort $(GEOMETRIES) $(EXPLORED)),\
  $(eval $(call bare_of,$(flavour),$(geometry),replay,fuzz/tool.c fuzz/tool_shrink.c,$(patsubst %.c,$(B)/$(flavour)/any/%.o,$(TOOL))))\
  $(eval $(call bare_of,$(flavour),$(geometry),props,props/runner/main.c))\
  $(eval $(call bare_of,$(flavour),$(geometry),unit,props/tests/test_core.c props/subjects/broken.c))\
  $(eval $(call bare_of,$(flavour),$(geometry),exhaustive,$(EXPLORE)))))

# `ops` with the inputs of `make bench`, and an empty target with them.
define bench_of
$(B)/fuzz/$(1)/bench_ops_$(1): $(B)/fuzz/$(1)/fuzz/target_ops.o $(B)/fuzz/$(1)/fuzz/bench_inputs.o $$(call objects,fuzz,$(1),fuzz/target.c)
	$$(call say,LINK $$@)
	$$(Q)$$(CC_fuzz) $$(LDFLAGS_fuzz) -fsanitize=fuzzer -o $$@ $$^
$(B)/fuzz/$(1)/bench_empty_$(1): $(B)/fuzz/$(1)/fuzz/bench_empty.o $(B)/fuzz/$(1)/fuzz/bench_inputs.o $$(call objects,fuzz,$(1))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_fuzz) $$(LDFLAGS_fuzz) -fsanitize=fuzzer -o $$@ $$^
$(B)/afl/$(1)/bench_empty_$(1): $(B)/afl/$(1)/fuzz/bench_empty.o $$(call objects,afl,$(1))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_afl) $$(LDFLAGS_afl) -fsanitize=fuzzer -o $$@ $$^
endef
$(foreach geometry,tiny x86_64,$(eval $(call bench_of,$(geometry))))

# $(1) flavour, $(2) geometry: every target is one source file and the harness.
define targets_of
$(C)/$(1)/$(2)/%_$(2): $(B)/$(1)/$(2)/fuzz/target_%.o $$(call objects,$(1),$(2),fuzz/target.c $$(if $$(filter fuzz%,$(1)),fuzz/adapter_libfuzzer.c))
	$$(call say,LINK $$@)
	$$(Q)$$(CC_$(1)) $$(LDFLAGS_$(1)) -fsanitize=fuzzer -o $$@ $$^
endef
$(foreach flavour,$(FUZZ_FLAVOURS) afl afl-san afl-harness,$(foreach geometry,$(call geometries_of,$(flavour)),$(eval $(call targets_of,$(flavour),$(geometry)))))

# AFL++'s way to have our mutator; and each engine with one that aborts, for the tests.
# $(1) geometry
define mutators_of
$(B)/afl/$(1)/mutator_%_$(1).so: $(B)/shared/$(1)/fuzz/target_%.o $$(call objects,shared,$(1),fuzz/target.c fuzz/afl_mutator.c)
	$$(call say,LINK $$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_shared) $$(LDFLAGS_shared) -o $$@ $$^
endef
$(foreach geometry,$(GEOMETRIES),$(eval $(call mutators_of,$(geometry))))

aborting = $(filter-out %/fuzz/mutate.o,$(call objects,$(1),tiny,fuzz/target.c fuzz/target_ops.c fuzz/tests/aborting_mutator.c $(2)))
$(B)/fuzz/tiny/ops_aborting: $(call aborting,fuzz,fuzz/adapter_libfuzzer.c)
	$(call say,LINK $@)
	$(Q)$(CC_fuzz) $(LDFLAGS_fuzz) -fsanitize=fuzzer -o $@ $^
$(B)/afl/tiny/mutator_aborting.so: $(call aborting,shared,fuzz/afl_mutator.c)
	$(call say,LINK $@)
	$(Q)$(CC_shared) $(LDFLAGS_shared) -o $@ $^

# `case` runs no p2m and tests the harness: once is enough.
FUZZ_GEOMETRIES := tiny x86_64 x86_32
FUZZ_TARGETS := $(foreach g,$(FUZZ_GEOMETRIES),$(B)/fuzz/$(g)/ops_$(g) $(B)/fuzz/$(g)/e820_$(g)) $(B)/fuzz-harness/tiny/case_tiny

# The same for a service, whose engines want the C++ linker. `case` sees the harness, too.
define service_of
$(C)/$(1)/$(2)/%_$(2): $(B)/$(1)/$(2)/fuzz/target_%.o $$(call objects,$(1),$(2),fuzz/target.c $$(if $$(filter service,$(1)),fuzz/adapter_libfuzzer.c))
	$$(call say,LINK $$@)
	$$(if $$(LIB_FUZZING_ENGINE),,$$(error LIB_FUZZING_ENGINE is not set: this is for a fuzzing service, see .clusterfuzzlite/build.sh))
	$$(Q)$$(CXX) $$(CXXFLAGS) -o $$@ $$^ $$(LIB_FUZZING_ENGINE)
endef
$(foreach flavour,service service-harness,$(foreach geometry,$(GEOMETRIES),$(eval $(call service_of,$(flavour),$(geometry)))))

# A 32-bit program has 32-bit words only.
SERVICE_TARGETS := $(if $(filter -m32,$(CFLAGS)),ops_x86_32 e820_x86_32 ops_odd,$(foreach g,$(FUZZ_GEOMETRIES),ops_$(g) e820_$(g)) case_tiny)
service_path = $(C)/$(if $(filter case_%,$(1)),service-harness,service)/$(patsubst ops_%,%,$(patsubst e820_%,%,$(patsubst case_%,%,$(1))))/$(1)

# The core alone: no harness, no sync points.
$(B)/bench/x86_64/bench_core: $(CORE) fuzz/bench_core.c $(wildcard core/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(GCC) -std=gnu11 -Wall -Wextra $(WERROR) -O2 $(SHAPE_x86_64) -o $@ $(CORE) fuzz/bench_core.c

# The core alone again, with real threads (props/threads). No flavour either: the harness
# has one thread. With BUG=ID the core has that bug; what marks its place does not count.
RACE_CORE := $(if $(BUG),$(patsubst %,$(C)/%,$(CORE)),$(CORE))
define race_of
$(C)/tsan/$(1)/race_$(1): $(if $(BUG),$(C)/core.stamp,$(CORE)) $(wildcard core/*.h props/threads/*) props/prng.h props/quiet.h Makefile
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)
	$$(Q)$$(CLANG) -std=gnu11 -Wall -Wextra $$(WERROR) -I. -O2 -g -fsanitize=thread -pthread $$(SHAPE_$(1)) -DP2M_GEOMETRY='"$(1)"' $(if $(BUG),'-DPLANTED(harm)=(harm)') -o $$@ $$(RACE_CORE) $$(wildcard props/threads/*.c)
endef
RACE_GEOMETRIES := micro tiny odd
$(foreach geometry,$(RACE_GEOMETRIES),$(eval $(call race_of,$(geometry))))

# The peers (props/peers): the same core, or the same bug, under the tools of others. They
# know nothing of sync points, nor of where a bug is. A core is compiled once for each of
# three ways: plain, as libFuzzer wants it, as AFL++ does.
PEER_CORE := $(if $(BUG),$(C)/core,core)
PEER_COMMON := -std=gnu11 -Wall -Wextra $(WERROR) -I. -O2 -g1 -fPIC
PEER_HEADERS := $(wildcard core/*.h props/peers/*.h) Makefile
CC_peer := $(GCC)
CC_peer-libfuzzer := $(CLANG) -fsanitize=fuzzer-no-link $(SANITIZE)
CC_peer-afl := AFL_QUIET=1 afl-clang-fast

# $(1) flavour, $(2) geometry
define peer_objects_of
$(B)/$(1)/$(2)/%.o: props/peers/%.c $(PEER_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)$$(CC_$(1)) $$(PEER_COMMON) $$(SHAPE_$(2)) -c -o $$@ $$<
$(C)/$(1)/$(2)/core.o: $(if $(BUG),$(C)/core.stamp,$(CORE)) $(PEER_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)
	$$(Q)for name in $(notdir $(CORE:.c=)); do $$(CC_$(1)) $$(PEER_COMMON) $$(SHAPE_$(2)) $(if $(BUG),'-DPLANTED(harm)=(harm)') -c -o $$(@D)/core-$$$$name.o $(PEER_CORE)/$$$$name.c || exit; done
	$$(Q)ld -r -o $$@ $(patsubst core/%.c,$$(@D)/core-%.o,$(CORE))
endef

# $(1) geometry
define peers_of
$(C)/peer/$(1)/rapidcheck: $(C)/peer/$(1)/core.o $(B)/peer/$(1)/peer.o $(B)/peer/$(1)/pages.o $(B)/peer/rapidcheck.o
	$$(call say,LINK $$@)
	$$(Q)$$(CXX) -o $$@ $$^ -lrapidcheck
$(C)/peer/$(1)/peer.so: $(C)/peer/$(1)/core.o $(B)/peer/$(1)/peer.o $(B)/peer/$(1)/pages.o
	$$(call say,LINK $$@)
	$$(Q)$$(GCC) -shared -o $$@ $$^
$(C)/peer-libfuzzer/$(1)/plain: $(C)/peer-libfuzzer/$(1)/core.o $(patsubst %,$(B)/peer-libfuzzer/$(1)/%.o,peer pages plain)
	$$(call say,LINK $$@)
	$$(Q)$$(CLANG) -fsanitize=fuzzer $(SANITIZE) -o $$@ $$^
$(C)/peer-afl/$(1)/plain: $(C)/peer-afl/$(1)/core.o $(patsubst %,$(B)/peer-afl/$(1)/%.o,peer pages plain)
	$$(call say,LINK $$@)
	$$(Q)$$(CC_peer-afl) -fsanitize=fuzzer -o $$@ $$^
endef
PEER_GEOMETRIES := tiny x86_64
$(foreach geometry,$(PEER_GEOMETRIES),$(eval $(call peers_of,$(geometry)))\
  $(foreach flavour,peer peer-libfuzzer peer-afl,$(eval $(call peer_objects_of,$(flavour),$(geometry)))))

$(B)/peer/rapidcheck.o: props/peers/rapidcheck.cc $(PEER_HEADERS)
	@mkdir -p $(@D)
	$(call say,CXX  $@)
	$(Q)$(CXX) -std=c++17 -Wall -Wextra $(WERROR) -I. -O2 -g1 -c -o $@ $<

# Of one core, or of one bug.
PEERS := $(foreach g,$(filter $(PEER_GEOMETRIES),$(GEOMETRIES)),$(C)/peer/$(g)/rapidcheck $(C)/peer/$(g)/peer.so $(C)/peer-libfuzzer/$(g)/plain $(C)/peer-afl/$(g)/plain)
peers: $(PEERS)

fuzz-targets: $(FUZZ_TARGETS)

# To S, where nothing else that can be run may lie.
service-targets: $(foreach t,$(SERVICE_TARGETS),$(call service_path,$(t)))
	$(if $(S),,$(error say where to: make service-targets S=FOLDER))
	$(Q)cp $^ $(S)/

# ---- what people run ----

# The scripts have the defaults of all other variables that people set, and check them.
export B

COMMANDS := fuzz campaign status corpus-promote props exhaustive exhaustive-races race bugs mutants shrink coverage report \
  matrix regress repro bench bench-against compare kernel-report oss-fuzz-check test test-scripts test-compare test-all
.PHONY: $(COMMANDS)

# A bare Debian has no Python.
$(COMMANDS):
	@[ -x /usr/bin/python3 ] || scripts/setup
	@scripts/$@

$(C)/p2m-case: $(C)/gcc/p2m-case
	@ln -f $< $@

clean:
	rm -rf $(B)

# With a bug, only the flavours and geometries that are asked for: reading the dependencies
# of all would take longer than building it.
depends_of = $(if $(BUG),$(foreach f,$(FLAVOURS),$(if $(findstring /$(f)/,$(MAKECMDGOALS)),$(foreach g,$(GEOMETRIES) any,$(B)/$(f)/$(g)))))
-include $(shell find $(or $(depends_of),$(B)) -path $(B)/bugs -prune -o -path $(B)/smoke -prune -o -path $(B)/compare -prune -o -name '*.d' -print 2>/dev/null)
