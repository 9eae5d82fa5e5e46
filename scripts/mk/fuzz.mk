# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fuzz targets for libFuzzer, AFL++ and a fuzzing service, and their benchmarks.

# ---- targets: one source file each, and the harness ----

# $(1) FLAVOUR/GEOMETRY, $(2) target. The harness targets do not use our mutator.
has_adapter = $(filter fuzz% service/%,$(1))
target_objects = $(call objects,$(1),fuzz/target_$(2).c fuzz/target.c $(if $(has_adapter),fuzz/adapter_libfuzzer.c))
service_engine = $(or $(LIB_FUZZING_ENGINE),$(error LIB_FUZZING_ENGINE is not set: see .clusterfuzzlite/build.sh))

# A service's engines need the C++ linker.
define LINK_FUZZER
@mkdir -p $(@D)
$(call say,LINK $@)
$(Q)$(if $(filter service%,$(flavour)),$(CXX) $(CXXFLAGS) -o $@ $^ $(service_engine),\
  $(CC_$(flavour)) $(LDFLAGS_$(flavour)) -fsanitize=fuzzer -o $@ $^)
endef

# $(1) target, $(2) geometry
define target_in
$(C)/%/$(1)_$(2): $$$$(call target_objects,$$$$*,$(1))
	$$(LINK_FUZZER)
endef
$(foreach t,$(TARGETS),$(foreach g,$(GEOMETRIES),$(eval $(call target_in,$(t),$(g)))))

# $(1) flavour, $(2) TARGET_GEOMETRY ...: their paths
name_of = $(firstword $(subst _, ,$(t)))
path_of = $(C)/$(1)$(if $(call sees_harness,$(name_of)),-harness)/$(patsubst $(name_of)_%,%,$(t))/$(t)
paths_of = $(foreach t,$(2),$(path_of))

FUZZ_TARGETS := $(foreach t,$(TARGETS),$(call on_geometries,4,$(t)))
fuzz-targets: $(call paths_of,fuzz,$(FUZZ_TARGETS))

# ---- our mutator for AFL++; and each engine with one that aborts, for the tests ----

# $(1) target, $(2) geometry
mutator_objects = $(call objects,shared/$(2),fuzz/target_$(1).c fuzz/target.c fuzz/adapter_aflpp.c)
define mutator_in
$(J)/afl/$(2)/mutator_$(1)_$(2).so: $$(call mutator_objects,$(1),$(2))
	$$(LINK_SHARED)
endef
define LINK_SHARED
@mkdir -p $(@D)
$(call say,LINK $@)
$(Q)$(CC_shared) $(LDFLAGS_shared) -o $@ $^
endef
$(foreach t,$(TARGETS),$(if $(call sees_harness,$(t)),,$(foreach g,$(GEOMETRIES),$(eval $(call mutator_in,$(t),$(g))))))

aborting = $(filter-out %/fuzz/mutate.o,\
  $(call objects,$(1)/tiny,fuzz/target.c fuzz/target_ops.c fuzz/tests/aborting_mutator.c $(2)))
$(B)/%/ops_aborting: $$(call aborting,fuzz,fuzz/adapter_libfuzzer.c)
	$(LINK_FUZZER)
$(B)/afl/tiny/mutator_aborting.so: $$(call aborting,shared,fuzz/adapter_aflpp.c)
	$(LINK_SHARED)

# ---- `ops` with the inputs of `make bench`, and an empty target with them ----

bench_objects = $(call objects,$(1),$(if $(filter fuzz/%,$(1)),fuzz/bench/inputs.c) $(2))
define bench_in
$(B)/%/bench_ops_$(1): $$$$(call bench_objects,$$$$*,fuzz/target_ops.c fuzz/target.c)
	$$(LINK_FUZZER)
$(B)/%/bench_empty_$(1): $$$$(call bench_objects,$$$$*,fuzz/bench/empty.c)
	$$(LINK_FUZZER)
endef
$(foreach g,tiny x86_64,$(eval $(call bench_in,$(g))))

# ---- for a service: to S, which must have no other executable ----

# A 32-bit program has 32-bit words only.
SERVICE_TARGETS := $(foreach t,$(SERVICE),$(call on_geometries,$(if $(filter -m32,$(CFLAGS)),5,4),$(t)))
service-targets: $(call paths_of,service,$(SERVICE_TARGETS))
	$(if $(S),,$(error say where to: make service-targets S=FOLDER))
	$(Q)cp $^ $(S)/
service-names:
	@echo $(SERVICE_TARGETS)
