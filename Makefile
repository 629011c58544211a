# Kehu. `make help` lists the targets; README.md says what they are for.
# Sources are found by wildcard: a new file needs no line here.

.DEFAULT_GOAL := all
B ?= build
SAN ?=
# As many jobs as cores, unless the caller says how many.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
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
PKGS_SERVER := libpq libevent libevent_openssl libevent_pthreads pangocairo cairo-pdf libcurl
PKGS_CLIENT := ncursesw libqrencode
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
SRC_CLIENT := $(filter-out client/main.c client/admin/main.c client/gen/%,$(call src,client))
SRC_TESTLIB := $(sort $(wildcard tests/lib/*.c))
objs = $(patsubst %.c,$(B)/%.o,$(1))

GEN := $(B)/gen/proto/kehu.pb-c.h $(B)/gen/common/pinyin_table.h $(B)/gen/common/name_table.h $(B)/gen/server/entity_enum.h $(B)/gen/server/rule_list.inc
# Everything generated is needed before anything compiles, and the packages before that.
PACKAGES := build/.packages
$(GEN): | $(PACKAGES)
$(PACKAGES): tests/tools/packages $(wildcard /var/lib/dpkg/status)
	@tests/tools/packages --stamp $@

LIBS_COMMON = $(call pkg,--libs,$(PKGS_COMMON))
LIBS_SERVER = $(call pkg,--libs,$(PKGS_SERVER))
LIBS_CLIENT = $(call pkg,--libs,$(PKGS_CLIENT))

TEST_SRC := $(sort $(wildcard tests/unit/*.c tests/server/*.c tests/screens/*.c tests/fault/*.c))
TEST_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(TEST_SRC)) \
  $(patsubst tests/fuzz/%.c,$(B)/tests/replay/%,$(sort $(wildcard tests/fuzz/*.c)))

.PHONY: all
all: $(B)/kehud $(B)/kehu $(B)/kehu-admin $(B)/gen/terminfo.done

$(B)/kehud: $(B)/server/main.o $(B)/libserver.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_COMMON) -lm
# The same without the access core's conditions on rows, for the test of what row policies do alone.
OPEN := $(patsubst %,$(B)/server/record/%.open.o,arms record)
$(B)/kehud-open: $(B)/server/main.o $(OPEN) $(B)/libserver.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_COMMON) -lm
$(OPEN): $(B)/%.open.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -DKEHU_TEST_NO_GATE -c -o $@ $<
$(B)/tests/server/access_rows: | $(B)/kehud-open
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

# Which characters are traditional forms of which, from the same package.
UNIHAN := /usr/share/unicode/Unihan_Variants.txt
$(B)/gen/common/name_table.h: common/gen/name_table.awk
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q){ cat $(UNIHAN) 2>/dev/null || bzcat $(UNIHAN).bz2; } | awk -f $< >$@.new && mv $@.new $@

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
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS_SERVER) $(LIBS_CLIENT) $(LIBS_COMMON) -lcmocka -lvterm -lutil -lm

# A program of tests/server/ too long for one file has more in tests/parts/, by its name.
part_objs = $(call objs,$(wildcard $(patsubst $(B)/tests/server/%,tests/parts/%_*.c,$(filter $(B)/tests/server/%,$(1)))))
$(foreach t,$(TEST_BIN),$(if $(call part_objs,$(t)),$(eval $(t): $(call part_objs,$(t)))))

# What stands before libc in a program that a fault program runs; a function as an object is POSIX, not ISO.
$(B)/tests/preload/%.so: tests/preload/%.c tests/preload/%.h
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -I. $(filter-out -Wpedantic,$(WARN)) $(WERROR) $(OPT) -g -fPIC -shared -o $@ $<
$(B)/tests/fault/refusals: | $(B)/tests/preload/refuse.so

# A fuzz target that is fed its seeds, and these damaged, instead of a fuzzer's inputs.
$(B)/tests/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay/replay.o $(B)/libtest.a $(B)/libserver.a $(B)/libclient.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_CLIENT) $(LIBS_COMMON) -lm

.PHONY: tests
tests: $(TEST_BIN)

# ---- check: every test program and script, or those with T in the file name -----------------

pick = $(if $(T),$(foreach t,$(1),$(if $(findstring $(T),$(notdir $(t))),$(t))),$(1))
TEST_SCRIPT := $(sort $(filter-out %~,$(wildcard tests/tools/test_*)))
TEST_ALL := $(TEST_BIN) $(TEST_SCRIPT)
TEST_RUN = $(call pick,$(TEST_ALL))
TIMEOUT_S ?= $(if $(SAN),1200,600)
TEST_ENV = KEHU_BUILD=$(B) \
  $(if $(wildcard ../shared/data),KEHU_DATA="$$(cd ../shared/data && pwd -P)") \
  ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1 \
  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
  LSAN_OPTIONS=print_suppressions=0:suppressions=tests/tools/lsan.supp \
  TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:suppressions=tests/tools/tsan.supp

.PHONY: check
check: WERROR := -Werror
check: all $(filter $(B)/%,$(call pick,$(TEST_BIN)))
	@$(TEST_ENV) tests/tools/run $(if $(SAN),--jobs $$(($$(nproc) + 1))) --timeout $(TIMEOUT_S) --log $(B)/log $(TEST_RUN)

# ---- demo -----------------------------------------------------------------------------------

.PHONY: demo demo-stop
demo: all
	@KEHU_BUILD="$$(cd $(B) && pwd -P)" tests/tools/demo start
demo-stop:
	@tests/tools/demo stop

# Entries of terminals that Debian's ncurses-base does not know; kehu looks for them beside itself.
$(B)/gen/terminfo.done: client/terminfo.src
	@mkdir -p $(@D)
	$(call say,TIC)
	$(Q)tic -x -o $(B)/terminfo $< && touch $@

# ---- manual pages, samples, install ---------------------------------------------------------

MAN := kehu.1 kehu.conf.5 kehu-report.5 kehu-screens.7 kehud.conf.5 kehud.8 kehu-admin.8
SAMPLES := kehu.conf kehud.conf
$(B)/gen/client_manual: $(B)/client/gen/manual.o $(B)/libclient.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLIENT) $(LIBS_COMMON) -lm
$(B)/gen/man/client_%: $(B)/gen/client_manual
	@mkdir -p $(@D)
	$(Q)$(B)/gen/client_manual $* >$@
$(B)/gen/man/server_settings: $(B)/kehud
	@mkdir -p $(@D)
	$(Q)$(B)/kehud print-manual >$@
$(B)/gen/man/server_sample: $(B)/kehud
	@mkdir -p $(@D)
	$(Q)$(B)/kehud print-config >$@
# Screens stand in the manual as the tests have seen them; what roff would take for its own is escaped.
$(B)/gen/man/screen_%: tests/screens/golden/%.txt
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e 's/\^/\\(ha/g' -e 's/~/\\(ti/g' -e "s/'/\\\\(aq/g" -e 's/`/\\(ga/g' \
	  -e 's/^\./\\\&./' $< >$@
$(B)/man/kehu.conf: $(B)/gen/man/client_sample
$(B)/man/kehud.conf: $(B)/gen/man/server_sample
$(B)/man/kehu.conf $(B)/man/kehud.conf:
	@mkdir -p $(@D)
	$(Q)cp $< $@

# A line ".so LIST" in a page is replaced by what the program's own list says.
vpath %.1 client
vpath %.5 client server
vpath %.7 client
vpath %.8 server client/admin
$(B)/man/kehu.1: $(B)/gen/man/client_keys
$(B)/man/kehu.conf.5: $(B)/gen/man/client_settings
$(B)/man/kehud.conf.5: $(B)/gen/man/server_settings
$(B)/man/kehu-screens.7: $(addprefix $(B)/gen/man/,$(shell sed -n 's/^\.so \(screen_\)/\1/p' client/kehu-screens.7))
$(B)/man/%: %
	@mkdir -p $(@D)
	$(call say,MAN)
	$(Q)sed -e "" $(foreach list,$(filter $(B)/gen/man/%,$^),-e '/^\.so $(notdir $(list))$$/{r $(list)' -e 'd' -e '}') $< >$@
.PHONY: man
man: $(addprefix $(B)/man/,$(MAN) $(SAMPLES))

# The installed server knows where the installed SQL files lie; the one in build/ takes sql/.
share := $(prefix)/share
$(B)/stage/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(prefix)' | cmp -s - $@ || echo '$(prefix)' >$@
$(B)/stage/main.o: server/main.c $(B)/stage/prefix | $(GEN)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(call pkg,--cflags,$(PKGS_COMMON) $(PKGS_SERVER)) \
	  -DKEHU_SQL_DIR='"$(share)/kehu/sql"' -c -o $@ $<
$(B)/stage/kehud: $(B)/stage/main.o $(B)/libserver.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_COMMON) -lm
.PHONY: FORCE

INSTALL ?= install
dest = $(DESTDIR)$(prefix)
.PHONY: install uninstall
install: $(B)/stage/kehud $(B)/kehu $(B)/kehu-admin $(B)/gen/terminfo.done man
	$(INSTALL) -d "$(dest)/bin" "$(dest)/sbin" "$(dest)/lib/systemd/system" "$(dest)/share/doc/kehu/examples"
	$(INSTALL) -m 755 $(B)/kehu "$(dest)/bin/kehu"
	$(INSTALL) -m 755 $(B)/stage/kehud $(B)/kehu-admin "$(dest)/sbin"
	for file in $$(cd sql && find migrations repeat data reports -type f); do \
	  $(INSTALL) -D -m 644 "sql/$$file" "$(dest)/share/kehu/sql/$$file" || exit 1; done
	for file in $$(cd $(B)/terminfo && find . ! -type d); do \
	  $(INSTALL) -D -m 644 "$(B)/terminfo/$$file" "$(dest)/share/kehu/terminfo/$$file" || exit 1; done
	for page in $(MAN); do \
	  $(INSTALL) -D -m 644 "$(B)/man/$$page" "$(dest)/share/man/man$${page##*.}/$$page" || exit 1; done
	$(INSTALL) -m 644 $(addprefix $(B)/man/,$(SAMPLES)) "$(dest)/share/doc/kehu/examples"
	sed 's|@sbindir@|$(prefix)/sbin|' server/kehud.service >"$(dest)/lib/systemd/system/kehud.service"
	chmod 644 "$(dest)/lib/systemd/system/kehud.service"
	$(INSTALL) -m 644 server/kehud.socket "$(dest)/lib/systemd/system/kehud.socket"
	$(INSTALL) -D -m 644 client/kehu.bash "$(dest)/share/bash-completion/completions/kehu"
	$(INSTALL) -D -m 644 client/kehu.bash "$(dest)/share/bash-completion/completions/kehu-admin"
	$(INSTALL) -D -m 644 client/_kehu "$(dest)/share/zsh/site-functions/_kehu"
uninstall:
	rm -rf "$(dest)/share/kehu" "$(dest)/share/doc/kehu"
	rm -f "$(dest)/bin/kehu" "$(dest)/sbin/kehud" "$(dest)/sbin/kehu-admin" \
	  "$(dest)/lib/systemd/system/kehud.service" "$(dest)/lib/systemd/system/kehud.socket" \
	  "$(dest)/share/bash-completion/completions/kehu" \
	  "$(dest)/share/bash-completion/completions/kehu-admin" "$(dest)/share/zsh/site-functions/_kehu" \
	  $(foreach page,$(MAN),"$(dest)/share/man/man$(subst .,,$(suffix $(page)))/$(page)")

# ---- lint, format, bench, fuzz, fault -------------------------------------------------------

ALL_SOURCES := $(sort $(wildcard $(foreach d,common proto server client tests,$(d)/*.[ch] $(d)/*/*.[ch] $(d)/*/*/*.[ch])))
scripts = $(filter-out %.c %.h %.def %.sql %.md,$(wildcard $(1)/*))

.PHONY: lint format
lint: $(GEN)
	@tests/tools/packages lint
	@tests/tools/lint $(B) -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen \
	  $(call pkg,--cflags,$(PKGS_COMMON) $(PKGS_SERVER) $(PKGS_CLIENT))
format:
	@tests/tools/packages lint
	clang-format-14 -i $(ALL_SOURCES)

BENCH := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/bench/*.c))) $(call scripts,tests/bench)
.PHONY: bench
bench: all $(filter $(B)/%,$(call pick,$(BENCH)))
	@$(TEST_ENV) tests/tools/bench $(B)/bench.tsv $(call pick,$(BENCH))

FAULT := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fault/*.c))) $(call scripts,tests/fault)
# `make check` runs them too, a little; here they go on for N=50 faults, and say what they counted.
.PHONY: fault
fault: export N := $(or $(N),50)
fault: all $(filter $(B)/%,$(call pick,$(FAULT)))
	@$(TEST_ENV) tests/tools/run --jobs 1 --timeout 1800 --log $(B)/log $(call pick,$(FAULT))
	@grep -h "^# [a-z_]*: " $(patsubst $(B)/tests/fault/%,$(B)/log/fault_%.log,$(filter $(B)/%,$(call pick,$(FAULT))))

# A build of its own: clang, with every part instrumented for the fuzzer.
SECONDS ?= 60
FUZZ := $(patsubst tests/%.c,build/fuzz/tests/%,$(sort $(wildcard tests/fuzz/*.c)))
.PHONY: fuzz
fuzz:
	@tests/tools/packages build fuzz
	@+$(if $(call pick,$(FUZZ)),$(MAKE),:) --no-print-directory B=build/fuzz CC=clang-14 OPT=-O1 \
	  SANFLAGS='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' \
	  WARN=-w HARDEN=-fPIE $(call pick,$(FUZZ))
	@$(TEST_ENV) tests/tools/fuzz build/fuzz $(SECONDS) $(call pick,$(FUZZ))
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libtest.a $(B)/libserver.a $(B)/libclient.a $(B)/libcommon.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_SERVER) $(LIBS_CLIENT) $(LIBS_COMMON) -lm

.PHONY: help
help:
	@echo 'make              build the server (kehud), the client (kehu) and kehu-admin into build/'
	@echo 'make demo         a server with a made-up company on this machine, and the client on it'
	@echo 'make demo-stop    end that server'
	@echo 'make check        build and run every test; T=name narrows, SAN=1 or SAN=thread sanitizes'
	@echo 'make install      into prefix (/usr/local), below DESTDIR; make uninstall takes it away'
	@echo 'make bench        measure, into build/bench.tsv; T=name narrows'
	@echo 'make fuzz         feed parsers with bad input for SECONDS=60 each; T=name narrows'
	@echo 'make fault        make things fail N=50 times and count what is left; T=name narrows'
	@echo 'make lint         static checks; make format: lay the source out'
	@echo 'make man          manual pages and sample configuration into build/man/'
	@echo 'make clean        remove build/ (var/ with the demo stays)'
	@echo 'V=1 shows whole commands, -jN sets how many run at once (all cores otherwise)'

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:
.DELETE_ON_ERROR:
