# SPDX-License-Identifier: GPL-2.0-or-later
#
# The subject is the core, unless one of these is set. Then C is the folder of the programs; the
# objects of the harness are the usual ones below B.
#
# BUG=ID: a core with props/bugs/ID.patch in it, below build/PLANTED/ID.
# SUBJECT=FILE.c: that file defines subject_under_test; SHAPES are the geometries that it supports.
# SUBJECT=linux LINUX_FOLDER=FOLDER: the kernel's p2m.c, prepared there by a script.
#
# XEN_FOLDER=FOLDER: with Xen's save code as a judge, prepared there by a script. The programs are
# then in the folder `judged` of the subject's one.

BUG ?=
PLANTED ?= bugs
SHAPES ?= micro tiny odd
SUBJECT ?= core
LINUX_FOLDER ?=
XEN_FOLDER ?=
SUBJECT_FILE := $(filter %.c,$(SUBJECT))

C := $(or $(LINUX_FOLDER),$(if $(SUBJECT_FILE),$(B)/subject/$(subst /,-,$(basename $(SUBJECT_FILE)))),\
  $(if $(BUG),$(B)/$(PLANTED)/$(BUG)),$(B))$(if $(XEN_FOLDER),/judged)
J := $(B)$(if $(XEN_FOLDER),/judged)

# A kernel's pages all have as many slots as a long fits into them.
LINUX_LINEAR := $(strip $(if $(LINUX_FOLDER),\
  $(filter 1,$(shell sed -n 's/.*LINUX_LINEAR //p' $(LINUX_FOLDER)/features.h))))
LINUX_PARTS := $(filter-out %/linear.c %/tree.c %/litmus.c,$(wildcard props/subjects/linux/*.c))
LINUX_GEOMETRIES := micro tiny x86_64
# Target `setup`, if the tree has what it needs: not in pages of two slots.
LINUX_SETUP := $(strip $(if $(LINUX_FOLDER),\
  $(filter 1,$(shell sed -n 's/.*LINUX_SETUP //p' $(LINUX_FOLDER)/features.h))))
SETUP_PARTS := $(filter-out %/kernel.c,$(wildcard props/subjects/linux/setup/*.c))
setup_objects = $(if $(LINUX_SETUP),$(if $(filter %/micro,$(1)),,\
  $(C)/$(1)/setup.o $(call built,$(1),$(SETUP_PARTS))))
geometries_of = $(or $(if $(SUBJECT_FILE),$(SHAPES)),$(if $(LINUX_FOLDER),$(LINUX_GEOMETRIES)),\
  $(GEOMETRIES_$(1)),$(GEOMETRIES))

# $(1): FLAVOUR/GEOMETRY
core_objects = $(patsubst %.c,$(if $(BUG),$(C),$(B))/$(1)/%.o,$(CORE))
subject_objects = $(if $(LINUX_FOLDER),$(C)/$(1)/kernel.o $(call built,$(1),$(LINUX_PARTS)) $(call setup_objects,$(1)),\
  $(if $(SUBJECT_FILE),$(C),$(B))/$(1)/props/subjects/default_subject.o)

# The judge, where Xen's code can have the geometry.
JUDGED := tiny x86_64 x86_32
XEN_PARTS := guest list save restore
judge_objects = $(if $(and $(XEN_FOLDER),$(filter $(JUDGED),$(notdir $(1)))),\
  $(XEN_PARTS:%=$(C)/$(1)/judge-%.o),$(call built,$(1),props/judges/none.c))

ifneq ($(BUG),)
# A copy of the core with one bug planted. A patch that does not apply cleanly is an error.
$(C)/core.stamp: props/bugs/$(BUG).patch $(wildcard core/*)
	@rm -rf $(@D)/core && mkdir -p $(@D)/core && cp core/*.[ch] $(@D)/core
	$(Q)patch --quiet --strip=1 --fuzz=0 --forward --directory=$(@D) < $<
	@touch $@

# $(1) a source of the core
define planted_object
$(C)/%/$(1:.c=.o): $(C)/core.stamp $(RULES)
	$$(CC_SAY)
	$$(compile) -include props/base/planted.h -c -o $$@ $(C)/$(1)
endef
$(foreach source,$(CORE),$(eval $(call planted_object,$(source))))
endif

ifneq ($(SUBJECT_FILE),)
$(C)/%/props/subjects/default_subject.o: $(SUBJECT_FILE) $(RULES)
	$(CC_SAY)
	$(compile) -c -o $@ $<
endif

ifneq ($(LINUX_FOLDER),)
# The kernel's file. Its variables go to sections of their own; it exports only linux_*.
LINUX_SOURCE := props/subjects/linux/$(if $(LINUX_LINEAR),linear,tree).c
LINUX_FLAGS := -std=gnu11 -w -fno-strict-aliasing -I. -include $(LINUX_FOLDER)/features.h
LINUX_DATA := data data.rel data.rel.local

LINUX_P2M_FLAGS := -I$(LINUX_FOLDER)/include \
  -DLINUX_P2M_C='"$(LINUX_FOLDER)/kernel/p2m.c"' -DLINUX_PAGE_H='"$(LINUX_FOLDER)/kernel/page.h"'
# $(1) the first word of the names of its sections, $(2) of the names that are exported
linux_names = $(foreach s,$(LINUX_DATA),--rename-section .$(s)=$(1)_data_$(geometry)) \
  --rename-section .bss=$(1)_bss_$(geometry) --wildcard --keep-global-symbol='$(2)_*'

# One recipe in every program, since the numbers of sync points depend on it: clang, no builtins, hooks
# before loads and stores; features.h has the mode. A flavour adds one sanitizer to what the optimiser
# has made, so that it changes no point. AFL++ counts edges by callbacks, others blocks by counters.
LINUX_RECIPE := -O2 -g -fno-builtin -fno-omit-frame-pointer
LINUX_COUNTS = $(if $(filter afl%,$(flavour)),edge$(comma)trace-pc-guard,bb$(comma)inline-8bit-counters$(comma)pc-table)
LINUX_HOOKS = -fsanitize-coverage=$(LINUX_COUNTS),trace-loads,trace-stores
LINUX_PROFILE = $(filter -fprofile% -fcoverage-mapping% -mllvm%,$(CFLAGS_$(flavour)))
sanitizes = $(filter $(1)%,$(subst $(comma), ,$(patsubst -fsanitize=%,%,$(filter -fsanitize=%,$(CFLAGS_$(flavour))))))
LINUX_SANITIZER = $(strip $(foreach s,address memory thread,$(if $(call sanitizes,$(s)),$(s))))

LINUX_RULES := $(filter %.c %.h %.inc,$(wildcard props/subjects/linux/*)) $(wildcard core/*.h) \
  $(LINUX_FOLDER)/features.h $(RULES) scripts/mk/subject.mk
define LINUX_COMPILE
$(CC_SAY)
$(Q)$(CLANG) $(LINUX_FLAGS) $(LINUX_P2M_FLAGS) $(LINUX_RECIPE) $(LINUX_HOOKS) $(LINUX_PROFILE) $(SHAPE_$(geometry)) \
  -S -emit-llvm -o $@.tmp.ll $<
$(Q)$(if $(LINUX_SANITIZER),sed -i -E 's/^(attributes #[0-9]+ = \{)/\1 sanitize_$(LINUX_SANITIZER)/' $@.tmp.ll)
$(Q)$(CLANG) -O0 -g -w $(LINUX_SANITIZER:%=-fsanitize=%) -c -o $@.tmp $@.tmp.ll
$(Q)objcopy $(call linux_names,$(1),linux) $@.tmp
@rm -f $@.tmp.ll
$(Q)mv $@.tmp $@
endef
$(C)/%/kernel.o: $(LINUX_SOURCE) $(LINUX_RULES)
	$(call LINUX_COMPILE,linux)

# Litmus tests of store buffers by the same recipe.
$(C)/%/litmus.o: props/subjects/linux/litmus.c $(LINUX_RULES)
	$(call LINUX_COMPILE,litmus)
$(C)/%/unit-test_store_buffer: $(C)/%/litmus.o $$(call objects,$$*,props/tests/test_store_buffer.c)
	$(call LINK,-lcmocka)

# Its setup.c with all that it needs, once more with p2m.c: no other call runs inside a boot, so it has no
# hooks. It exports only linux_setup_*.
LINUX_SETUP_FLAGS := -I$(LINUX_FOLDER)/setup-include -I$(LINUX_FOLDER)/setup -include $(LINUX_FOLDER)/setup/setup-features.h
SETUP_HEADERS := $(filter %.h %.inc,$(wildcard props/subjects/linux/setup/* props/subjects/linux/* core/*)) \
  $(LINUX_FOLDER)/setup/setup-features.h props/check/setup.h props/oracle/frames.h
$(C)/%/setup.o: props/subjects/linux/setup/kernel.c $(SETUP_HEADERS) $(LINUX_FOLDER)/features.h $(RULES)
	$(CC_SAY)
	$(Q)$(if $(filter afl%,$(flavour)),$(AFL_CC),$(CC_$(flavour))) $(LINUX_FLAGS) $(LINUX_SETUP_FLAGS) \
	  $(CFLAGS_$(flavour)) $(SHAPE_$(geometry)) -c -o $@.tmp $<
	$(Q)objcopy $(call linux_names,setup,linux_setup) $@.tmp
	$(Q)mv $@.tmp $@
endif

ifneq ($(XEN_FOLDER),)
# Xen's code. What it calls beside the guest's memory does not exist here and is never reached.
XEN_FLAGS := -std=gnu11 -w -I. -I$(XEN_FOLDER)/include -I$(XEN_FOLDER)/source -D__XEN_TOOLS__ -MMD -MP
XEN_ELSEWHERE := xc_* xencall* write_x86_* handle_* x86_static_* populate_pfns *_type_to_str

# $(1) part
define judge_object
$(C)/%/judge-$(1).o: props/judges/xen/$(1).c $(wildcard props/judges/*.h props/judges/xen/*.h) $(RULES)
	$$(CC_SAY)
	$$(Q)$$(CC_$$(flavour)) $(XEN_FLAGS) $$(CFLAGS_$$(flavour)) $$(SHAPE_$$(geometry)) -c -o $$@ $$<
	$$(Q)objcopy --wildcard $(XEN_ELSEWHERE:%=--weaken-symbol='%') $$@
endef
$(foreach part,$(XEN_PARTS),$(eval $(call judge_object,$(part))))
endif
