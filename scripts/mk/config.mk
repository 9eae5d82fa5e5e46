# SPDX-License-Identifier: GPL-2.0-or-later
#
# Geometries and targets (read from their lists), and flavours, each a
# compiler with its flags. A flavour builds a geometry into build/FLAVOUR/GEOMETRY.


# GCC compiles what needs no clang: CC if the user has set it, or whichever exists.
CLANG ?= clang
ifndef GCC
found = $(if $(shell command -v $(1) 2>/dev/null),$(1))
GCC := $(or $(if $(filter-out default,$(origin CC)),$(CC)),$(call found,gcc),$(call found,clang),cc)
endif
WERROR ?=

# ---- geometries ----

GEOMETRY_LINES := $(shell sed -nE 's/ //g; s/^(GEOMETRY|EXPLORED)\((.*)\).*/\1,\2/p' props/case/geometries.def)
comma := ,
column = $(word $(1),$(subst $(comma), ,$(2)))
GEOMETRIES := $(foreach line,$(filter GEOMETRY%,$(GEOMETRY_LINES)),$(call column,2,$(line)))
EXPLORED := micro $(foreach line,$(filter EXPLORED%,$(GEOMETRY_LINES)),$(call column,2,$(line)))
define shape_of_line
SHAPE_$(call column,2,$(1)) := -DP2M_TOP=$(call column,3,$(1)) -DP2M_MID=$(call column,4,$(1)) \
  -DP2M_LEAF=$(call column,5,$(1)) -DP2M_WORD_BITS=$(call column,6,$(1)) \
  -DP2M_GEOMETRY='"$(call column,2,$(1))"' -DP2M_GEOMETRY_TOKEN=$(call column,2,$(1))
endef
$(foreach line,$(GEOMETRY_LINES),$(eval $(call shape_of_line,$(line))))

# ---- targets ----

# A line of targets.def as `name,codec,sees,geometries,geometries of 32-bit programs,service`,
# with colons for the blanks inside quotes, and `-` for nothing.
TARGET_LINES := $(shell sed -n 's/^TARGET.//p' fuzz/targets.def | \
  awk -F'"' '{ gsub(/ /, "", $$1); gsub(/ /, ":", $$2); gsub(/ /, ":", $$4); gsub(/[^01]/, "", $$5); \
    print $$1 ($$2 ? $$2 : "-") "," ($$4 ? $$4 : "-") "," $$5 }')
TARGETS := $(foreach line,$(TARGET_LINES),$(call column,1,$(line)))
target_column = $(subst :, ,$(filter-out -,$(call column,$(1),$(filter $(2)$(comma)%,$(TARGET_LINES)))))
sees_harness = $(filter harness,$(call target_column,3,$(1)))
on_geometries = $(foreach g,$(call target_column,$(1),$(2)),$(2)_$(g))
SERVICE := $(foreach line,$(filter %$(comma)1,$(TARGET_LINES)),$(call column,1,$(line)))

# ---- flavours ----

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# The coverage that guides the engine: basic blocks of the core (the harness opts out in its source,
# props/base/uninstrumented.h). Neither edges nor operands of comparisons: each sync point
# would be an edge and each check of UBSan a comparison, and they would take most of the
# time without guiding the engine. For the same reason UBSan's checks of pointers, which ASan makes
# superfluous, are only in the other flavours.
FEWER_CHECKS := -fno-sanitize=null,alignment,pointer-overflow,object-size
BLOCKS := -O2 -g -fsanitize-coverage=bb,inline-8bit-counters,pc-table
CC_fuzz := $(CLANG)
CFLAGS_fuzz := $(BLOCKS) $(SANITIZE) $(FEWER_CHECKS)
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

# The same for AFL++. Its pass over the code does not know no_sanitize("coverage"), so the
# harness is compiled without it; the program gets libAFLDriver by -fsanitize=fuzzer.
# Most of its processes run without sanitizers: the one with them finds the failures that only
# they detect.
AFL_CC := AFL_QUIET=1 afl-clang-fast
CC_afl = $(if $(filter-out core/% fuzz/bench/empty.c,$(filter %.c,$<)),$(CLANG),$(AFL_CC))
CFLAGS_afl := -O2 -g
CC_afl-san = $(CC_afl)
CFLAGS_afl-san := -O2 -g $(SANITIZE) $(FEWER_CHECKS)
LDFLAGS_afl-san := $(SANITIZE)

# The flavour of a fuzzing service: compiler, flags and engine are in its environment, and
# nothing is added that it could have chosen. See .clusterfuzzlite/build.sh.
CC_service = $(CC)
CFLAGS_service = $(CFLAGS)

# Each of them, and the engine sees the harness as well: for a target that tests it.
define harness_of
CC_$(1)-harness = $(if $(filter afl-san,$(1)),$(AFL_CC),$$(CC_$(1)))
CFLAGS_$(1)-harness = $$(CFLAGS_$(1)) -DHARNESS_SANITIZED
LDFLAGS_$(1)-harness = $$(LDFLAGS_$(1))
endef
$(foreach f,fuzz fuzz-memory fuzz-thread fuzz-none fuzz-i386 afl-san service,$(eval $(call harness_of,$(f))))
CC_afl-harness = $(CC_afl-san-harness)
CFLAGS_afl-harness = $(CFLAGS_afl-san-harness)
LDFLAGS_afl-harness = $(LDFLAGS_afl-san-harness)

# For the mutators, which afl-fuzz loads: only their names are exported.
CC_shared := $(CLANG)
CFLAGS_shared := -O2 -g -fPIC -fvisibility=hidden
LDFLAGS_shared := -shared -Wl,-z,defs

CC_gcc := $(GCC)
CFLAGS_gcc := -O2 -g
CC_clang := $(CLANG)
CFLAGS_clang := -O2 -g

# Coroutines as on a machine whose switch is not written by hand.
CC_gcc-ucontext := $(GCC)
CFLAGS_gcc-ucontext := -O2 -g -DFIBER_BY_UCONTEXT
CC_clang-ucontext := $(CLANG)
CFLAGS_clang-ucontext = $(CFLAGS_clang-san) -DFIBER_BY_UCONTEXT
LDFLAGS_clang-ucontext = $(LDFLAGS_clang-san)
GEOMETRIES_clang-ucontext := tiny

# The real threads of `make mutants`, under ThreadSanitizer.
CC_threads := $(CLANG)
CFLAGS_threads := -O2 -g -fsanitize=thread -pthread

# For the comparison of state hashes: two geometries are enough.
CC_gcc-O0 := $(GCC)
CFLAGS_gcc-O0 := -O0 -g
GEOMETRIES_gcc-O0 := tiny x86_64
CC_clang-O0 := $(CLANG)
CFLAGS_clang-O0 := -O0 -g
GEOMETRIES_clang-O0 := tiny x86_64

# The harness itself under the sanitizers.
CC_gcc-san := $(GCC)
CFLAGS_gcc-san := -O1 -g $(SANITIZE)
LDFLAGS_gcc-san := $(SANITIZE)
CC_clang-san := $(CLANG)
CFLAGS_clang-san := -O1 -g -DHARNESS_SANITIZED $(SANITIZE)
LDFLAGS_clang-san := $(SANITIZE)

# A 32-bit machine has 32-bit words only.
CC_gcc-m32 := $(GCC)
CFLAGS_gcc-m32 := -m32 -fno-pie -O2 -g -D_FILE_OFFSET_BITS=64
LDFLAGS_gcc-m32 := -m32 -no-pie
GEOMETRIES_gcc-m32 := odd x86_32

# Lines, branches and conditions of the core: `make coverage` chooses the clang.
CC_cov := $(or $(COVERAGE_CC),$(CLANG))
CFLAGS_cov := -O1 -g -DP2M_SYNC_IS_A_CALL -fprofile-instr-generate -fcoverage-mapping $(COVERAGE_FLAGS)
LDFLAGS_cov := -fprofile-instr-generate
