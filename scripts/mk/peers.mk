# SPDX-License-Identifier: GPL-2.0-or-later
#
# The peers (props/peers): the same core, or the same bug, under other tools. They
# have no sync points and no hint where a bug is. A core is compiled in
# three ways: plain, for libFuzzer, and for AFL++.

PEER_CORE := $(if $(BUG),$(C)/core,core)
PEER_FLAGS := -std=gnu11 -Wall -Wextra $(WERROR) -I. -O2 -g1 -fPIC
PEER_HEADERS := $(wildcard core/*.h props/peers/*.h) $(RULES)
CC_peer := $(GCC)
CC_peer-libfuzzer := $(CLANG) -fsanitize=fuzzer-no-link $(SANITIZE)
CC_peer-afl := $(AFL_CC)
PEER_GEOMETRIES := tiny x86_64
PEER_CC = $(Q)$(CC_$(flavour)) $(PEER_FLAGS) $(SHAPE_$(geometry))

# $(1) flavour
define peer_objects_of
$(B)/%/peer-$(1).o: props/peers/$(1).c $(PEER_HEADERS)
	$$(CC_SAY)
	$$(PEER_CC) -c -o $$@ $$<
endef
$(foreach source,peer pages plain,$(eval $(call peer_objects_of,$(source))))

$(C)/%/peer-core.o: $(if $(BUG),$(C)/core.stamp,$(CORE)) $(PEER_HEADERS)
	$(CC_SAY)
	$(Q)for name in $(notdir $(CORE:.c=)); do \
	  $(CC_$(flavour)) $(PEER_FLAGS) $(SHAPE_$(geometry)) $(if $(BUG),'-DPLANTED(harm)=(harm)') \
	    -c -o $(@D)/core-$$name.o $(PEER_CORE)/$$name.c || exit; done
	$(Q)ld -r -o $@ $(patsubst core/%.c,$(@D)/core-%.o,$(CORE))

$(B)/peer/rapidcheck.o: props/peers/rapidcheck.cc $(PEER_HEADERS)
	$(CC_SAY)
	$(Q)$(CXX) -std=c++17 -Wall -Wextra $(WERROR) -I. -O2 -g1 -c -o $@ $<

peer_objects = $(C)/$(1)/peer-core.o $(patsubst %,$(B)/$(1)/peer-%.o,$(2))
$(C)/peer/%/rapidcheck: $$(call peer_objects,peer/$$*,peer pages) $(B)/peer/rapidcheck.o
	$(call say,LINK $@)
	$(Q)$(CXX) -o $@ $^ -lrapidcheck
$(C)/peer/%/peer.so: $$(call peer_objects,peer/$$*,peer pages)
	$(call say,LINK $@)
	$(Q)$(GCC) -shared -o $@ $^
$(C)/peer-libfuzzer/%/plain: $$(call peer_objects,peer-libfuzzer/$$*,peer pages plain)
	$(call say,LINK $@)
	$(Q)$(CLANG) -fsanitize=fuzzer $(SANITIZE) -o $@ $^
$(C)/peer-afl/%/plain: $$(call peer_objects,peer-afl/$$*,peer pages plain)
	$(call say,LINK $@)
	$(Q)$(CC_peer-afl) -fsanitize=fuzzer -o $@ $^

# Of one core, or of one bug.
peers: $(foreach g,$(filter $(PEER_GEOMETRIES),$(GEOMETRIES)),$(C)/peer/$(g)/rapidcheck $(C)/peer/$(g)/peer.so \
  $(C)/peer-libfuzzer/$(g)/plain $(C)/peer-afl/$(g)/plain)
