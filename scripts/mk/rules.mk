# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compiles and links. The stem of a pattern is FLAVOUR/GEOMETRY, for an
# object FLAVOUR/GEOMETRY/SOURCE; `any` is the geometry of files that are the same in all.

.SECONDARY:
.DELETE_ON_ERROR:
.SECONDEXPANSION:

# The dependencies of objects: a changed help text rebuilds nothing.
RULES := scripts/mk/config.mk scripts/mk/rules.mk

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

# ---- sources ----

CORE := $(wildcard core/*.c)
EXPLORE := $(wildcard props/explore/*.c) props/cli/exhaustive.c props/base/files.c
RANDOM := props/cli/random.c props/base/files.c
GEOMETRY_PARTS := $(filter-out %/geometries.c,$(wildcard fuzz/p2m-case/geometry*.c))
P2M_CASE := $(filter-out $(GEOMETRY_PARTS),$(wildcard fuzz/p2m-case/*.c)) \
  props/base/files.c props/base/leaks.c
ROOMS := base case oracle host check run report
HARNESS := $(filter-out props/base/files.c,$(wildcard $(ROOMS:%=props/%/*.c))) \
  props/subjects/core.c props/subjects/canary.c fuzz/codec.c fuzz/codec_v1.c fuzz/mutate.c

# ---- objects ----

# Of the stem of the running rule.
flavour = $(firstword $(subst /, ,$*))
geometry = $(word 2,$(subst /, ,$*))

COMMON := -std=gnu11 -Wall -Wextra $(WERROR) -MMD -MP -I. -DP2M_SYNC_HEADER='"props/host/sync.h"'
compile = $(Q)$(CC_$(flavour)) $(COMMON) $(CFLAGS_$(flavour)) $(SHAPE_$(geometry))
define CC_SAY
@mkdir -p $(@D)
$(call say,CC   $@)
endef

# FLAVOUR/GEOMETRY/props/base/prng -> props/base/prng.c
parts_of = $(subst /, ,$(1))
source_of = $(subst $(eval) ,/,$(wordlist 3,$(words $(call parts_of,$(1))),$(call parts_of,$(1)))).c

$(B)/%.o: $$(call source_of,$$*) $(RULES)
	$(CC_SAY)
	$(compile) -c -o $@ $<

# $(1) FLAVOUR/GEOMETRY, $(2) further sources
built = $(patsubst %.c,$(B)/$(1)/%.o,$(2))
objects = $(call core_objects,$(1)) $(call subject_objects,$(1)) $(call judge_objects,$(1)) \
  $(call built,$(1),$(HARNESS) $(2))

include scripts/mk/subject.mk

# ---- programs ----

# $(1): the arguments after the objects
define LINK
@mkdir -p $(@D)
$(call say,LINK $@)
$(Q)$(CC_$(flavour)) $(LDFLAGS_$(flavour)) -o $@ $^ $(1)
endef

# The whole harness as one object that exports only `geometry_NAME`. clang 19's ASan
# puts globals into COMDAT groups of the same names in every geometry: `-r` dissolves them.
$(C)/%/harness.o: $$(call objects,$$*,$(GEOMETRY_PARTS))
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC_$(flavour)) $(filter -m32,$(CFLAGS_$(flavour))) -nostdlib -r -Wl,--force-group-allocation \
	  -o $@.tmp $^
	$(Q)objcopy --keep-global-symbol=geometry_$(geometry) $@.tmp $@
	@rm -f $@.tmp

p2m_case_objects = $(call built,$(1)/any,$(P2M_CASE)) \
  $(foreach g,$(call geometries_of,$(1)),$(C)/$(1)/$(g)/harness.o)
$(C)/%/p2m-case: $$(call p2m_case_objects,$$*)
	$(call LINK)

$(C)/p2m-case: $(C)/gcc/p2m-case
	@ln -f $< $@

# $(1) geometry
define programs_in
$(C)/%/exhaustive_$(1): $$$$(call objects,$$$$*,$(EXPLORE))
	$$(call LINK)
$(C)/%/props_$(1): $$$$(call objects,$$$$*,$(RANDOM))
	$$(call LINK)
$(C)/%/toolstacks_$(1): $$$$(call objects,$$$$*,props/cli/toolstacks.c)
	$$(call LINK)
$(C)/%/bench_plain_$(1): $$$$(call objects,$$$$*,fuzz/bench/plain.c)
	$$(call LINK)
endef
$(foreach g,$(sort $(GEOMETRIES) $(EXPLORED)),$(eval $(call programs_in,$(g))))

# $(1) source of a cmocka program
define unit_of
$(J)/%/unit-$(basename $(notdir $(1))): \
  $$$$(call objects,$$$$*,$(1) $(if $(filter props/%,$(1)),props/subjects/broken.c) \
    $(if $(filter %/test_explore.c,$(1)),$(wildcard props/explore/*.c)))
	$$(call LINK,-lcmocka)
endef
$(foreach source,$(wildcard props/tests/*.c fuzz/tests/test_*.c),$(eval $(call unit_of,$(source))))

# Everything of a program except the core, as one object: `make mutants` links each mutant
# with it. The first call of a case goes through props/cli/step_limit.c.
# $(1) name, $(2) sources, $(3) sources of the geometry `any`
bare_objects = $(filter-out $(call core_objects,$(1)),$(call objects,$(1),$(2) props/cli/step_limit.c)) \
  $(call built,$(firstword $(subst /, ,$(1)))/any,$(3))
define bare_of
$(B)/%/bare-$(1).o: $$$$(call bare_objects,$$$$*,$(2),$(3))
	$$(call say,LINK $$@)
	$$(Q)ld -r --strip-debug --wrap=host_reset --wrap=host_rollback_allocs -o $$@ $$^
endef
$(eval $(call bare_of,replay,$(GEOMETRY_PARTS),$(P2M_CASE)))
$(eval $(call bare_of,props,$(RANDOM)))
$(eval $(call bare_of,unit,props/tests/test_core.c props/subjects/broken.c))
$(eval $(call bare_of,exhaustive,$(EXPLORE)))

# The same of the real threads, without the core.
$(B)/%/bare-race.o: $$(call built,$$*,$(wildcard props/threads/*.c))
	$(call say,LINK $@)
	$(Q)ld -r --strip-debug -o $@ $^

# The core alone: no harness, no sync points.
$(B)/bench/x86_64/bench_core: $(CORE) fuzz/bench/core.c $(wildcard core/*.h) $(RULES)
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(GCC) -std=gnu11 -Wall -Wextra $(WERROR) -O2 -I. $(SHAPE_x86_64) -o $@ $(CORE) fuzz/bench/core.c

# The core alone again, with real threads (props/threads): the harness has one thread. With
# BUG=ID the core has that bug; the marks of its place do not count.
RACE_FLAGS := -std=gnu11 -Wall -Wextra $(WERROR) -I. -O2 -g -fsanitize=thread -pthread \
  $(if $(BUG),'-DPLANTED(harm)=(harm)')
$(C)/tsan/%: $(if $(BUG),$(C)/core.stamp,$(CORE)) $(wildcard core/*.h props/threads/* props/base/*.h) $(RULES)
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CLANG) $(RACE_FLAGS) $(SHAPE_$(firstword $(subst /, ,$*))) -o $@ \
	  $(if $(BUG),$(CORE:%=$(C)/%),$(CORE)) $(wildcard props/threads/*.c)

# ---- for editors ----

quoted = "$(subst ",\",$(subst \,\\,$(1)))"
define entry
{"directory": $(call quoted,$(CURDIR)), "file": "$(1)", \
  "command": $(call quoted,$(CLANG) $(COMMON) $(SHAPE_tiny) -c $(1))}

endef
SOURCES = $(sort $(shell find core props fuzz -name '*.c' ! -path '*/linux/linear.c' ! -path '*/linux/tree.c' \
  ! -path '*/linux/litmus.c' \
  ! -path '*/setup/kernel.c' ! -path 'props/judges/xen/*'))
compile_commands.json:
	$(file >$@.tmp,$(foreach source,$(SOURCES),$(call entry,$(source))))
	@(echo '['; sed -e '/^ *$$/d' $@.tmp | sed '$$!s/$$/,/'; echo ']') > $@ && rm $@.tmp

# With a bug, only the flavours and geometries that are requested: reading the dependencies
# of all would take longer than building it.
FLAVOURS = $(sort $(foreach goal,$(filter $(C)/%,$(MAKECMDGOALS)),$(firstword $(subst /, ,$(goal:$(C)/%=%)))))
depends_of = $(if $(BUG),$(foreach f,$(FLAVOURS),$(foreach g,$(GEOMETRIES) any,$(B)/$(f)/$(g) $(C)/$(f)/$(g))))
-include $(shell find -L $(or $(depends_of),$(B)) \
  \( -path $(B)/bugs -o -path $(B)/smoke -o -path $(B)/compare -o -path $(B)/fresh \) -prune \
  -o -name '*.d' -print 2>/dev/null)
