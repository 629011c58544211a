# Kehu. `make help` lists the targets; README.md says what they are for.
# Sources are found by wildcard: a new file needs no line here.

.DEFAULT_GOAL := all
B ?= build
SAN ?=
# As many jobs as cores, unless the caller says how many.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
  MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
ifeq ($(SAN),1)
  B := build/san
  SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
  B := build/tsan
  SANFLAGS := -fsanitize=thread -fno-omit-frame-pointer
endif

prefix ?= /usr/local
CC ?= gcc
OPT ?= -O2
PKGS_COMMON := libconfig openssl libutf8proc libzstd libprotobuf-c
PKGS_SERVER := libpq libevent libevent_openssl libevent_pthreads pangocairo cairo-pdf
PKGS_CLIENT := ncursesw
# Each question is asked once, and late: the packages may only just have been installed.
space := $(subst ,, )
once = $(or $($(1)),$(eval $(1) := $(shell $(2)))$($(1)))
pkg = $(call once,pkg$(1)+$(subst $(space),+,$(strip $(2))),pkg-config $(1) $(2))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wformat=2 -Werror=format-security -Wundef -Wvla -Wnull-dereference \
  -Wno-missing-field-initializers -Wno-format-nonliteral
HARDEN := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CFLAGS ?= $(OPT) -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen -MMD -MP $(WARN) $(WERROR) $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS) -pthread

# `make V=1` shows the whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)	$(patsubst $(B)/%,%,$@)")

src = $(sort $(wildcard $(1)/*.c $(1)/*/*.c))
SRC_COMMON := $(filter-out common/gen/%,$(call src,common)) $(call src,proto)
SRC_SERVER := $(filter-out server/main.c,$(call src,server))
SRC_CLIENT := $(filter-out client/main.c client/admin/main.c,$(call src,client))
SRC_TESTLIB := $(sort $(wildcard tests/lib/*.c))
objs = $(patsubst %.c,$(B)/%.o,$(1))

GEN := $(B)/gen/proto/kehu.pb-c.h $(B)/gen/common/pinyin_table.h $(B)/gen/server/entity_enum.h $(B)/gen/server/rule_list.inc
# Everything generated is needed before anything compiles, and the packages before that.
PACKAGES := build/.packages
$(GEN): | $(PACKAGES)
$(PACKAGES): tests/tools/packages $(wildcard /var/lib/dpkg/status)
	@tests/tools/packages --stamp $@

LIBS_COMMON = $(call pkg,--libs,$(PKGS_COMMON))
LIBS_SERVER = $(call pkg,--libs,$(PKGS_SERVER))
LIBS_CLIENT = $(call pkg,--libs,$(PKGS_CLIENT))

TEST_SRC := $(sort $(wildcard tests/unit/*.c tests/server/*.c tests/screens/*.c))
TEST_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC))

.PHONY: all
all: $(B)/kehud $(B)/kehu $(B)/kehu-admin

$(B)/kehud: $(B)/server/main.o $(B)/libserver.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_COMMON) -lm
$(B)/kehu: $(B)/client/main.o $(B)/libclient.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLIENT) $(LIBS_COMMON) -lm
$(B)/kehu-admin: $(B)/client/admin/main.o $(B)/libclient.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLIENT) $(LIBS_COMMON) -lm

$(B)/libcommon.a: $(call objs,$(SRC_COMMON)) $(B)/gen/proto/kehu.pb-c.o
$(B)/libserver.a: $(call objs,$(SRC_SERVER))
$(B)/libclient.a: $(call objs,$(SRC_CLIENT))
$(B)/libtest.a: $(call objs,$(SRC_TESTLIB))
$(B)/%.a:
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# Only server/ sees libpq, libevent and pango; only client/ sees ncurses.
$(B)/common/%.o $(B)/proto/%.o: ALL_CFLAGS += $(call pkg,--cflags,$(PKGS_COMMON))
$(B)/server/%.o: ALL_CFLAGS += $(call pkg,--cflags,$(PKGS_COMMON) $(PKGS_SERVER))
$(B)/client/%.o: ALL_CFLAGS += $(call pkg,--cflags,$(PKGS_COMMON) $(PKGS_CLIENT))
$(B)/tests/%.o: ALL_CFLAGS += $(call pkg,--cflags,$(PKGS_COMMON) $(PKGS_SERVER) $(PKGS_CLIENT)) -Wno-unused-parameter

$(B)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/gen/proto/kehu.pb-c.c $(B)/gen/proto/kehu.pb-c.h &: proto/kehu.proto
	@mkdir -p $(B)/gen/proto
	$(call say,GEN)
	$(Q)protoc-c --c_out=$(B)/gen -I. proto/kehu.proto
$(B)/gen/proto/kehu.pb-c.o: $(B)/gen/proto/kehu.pb-c.c
	$(call say,CC)
	$(Q)$(CC) -std=c17 $(OPT) -g $(SANFLAGS) $(HARDEN) -I$(B)/gen -c -o $@ $<

# The pinyin table: a small program turns Debian's unicode-data into a header.
$(B)/gen/common/pinyin_table.h: common/gen/pinyin_table.c common/pinyin_phrases.def
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O1 -I. -o $(B)/gen/pinyin_table common/gen/pinyin_table.c
	$(Q)$(B)/gen/pinyin_table >$@.new && mv $@.new $@

# One list of entities: every server/entity/*.def, by its number.
DEFS := $(sort $(wildcard server/entity/*.def))
$(B)/gen/server/entity_enum.h: $(DEFS) Makefile
	@mkdir -p $(@D)
	@for f in $$(grep -oH '^ENTITY([0-9]*' $(DEFS) | sed 's/^\(.*\):ENTITY(\(.*\)/\2 \1/' | sort -n | cut -d' ' -f2); do \
	  n=$$(basename $$f .def); \
	  printf '#define E_NAME %s\n#define E_FILE "%s"\n#include MAKE_ENTITY\n' $$n $$f >&3; \
	  printf '&entity_%s,\n' $$n >&4; \
	done 3>$@.new 4>$(@D)/entity_list.inc; mv $@.new $@

# The entities with rules of their own: every server/rules/*.c.
$(B)/gen/server/rule_list.inc: $(wildcard server/rules/*.c) Makefile
	@mkdir -p $(@D)
	@for f in $(sort $(basename $(notdir $(wildcard server/rules/*.c)))); do echo "RULES($$f)"; done >$@

$(B)/tests/%: $(B)/tests/%.o $(B)/libtest.a $(B)/libserver.a $(B)/libclient.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_CLIENT) $(LIBS_COMMON) -lcmocka -lvterm -lutil -lm

.PHONY: tests
tests: $(TEST_BIN)

# ---- check: every test program and script, or those with T in the file name -----------------

TEST_SCRIPT := $(sort $(filter-out %~,$(wildcard tests/tools/test_*)))
TEST_ALL := $(TEST_BIN) $(TEST_SCRIPT)
TEST_RUN := $(if $(T),$(foreach t,$(TEST_ALL),$(if $(findstring $(T),$(notdir $(t))),$(t))),$(TEST_ALL))
TIMEOUT_S ?= $(if $(SAN),600,180)
TEST_ENV = KEHU_BUILD=$(B) \
  $(if $(wildcard ../shared/data),KEHU_DATA="$(abspath ../shared/data)") \
  ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1 \
  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
  LSAN_OPTIONS=print_suppressions=0:suppressions=tests/tools/lsan.supp \
  TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:suppressions=tests/tools/tsan.supp

.PHONY: check
check: WERROR := -Werror
check: all $(filter $(B)/%,$(TEST_RUN))
	@$(TEST_ENV) tests/tools/run --timeout $(TIMEOUT_S) --log $(B)/log $(TEST_RUN)

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:
