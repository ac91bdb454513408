# DIPC.  `make help` lists the targets.
#
# Everything is built under build/<compiler>-<variant>/; only build/bin/ and
# the two links ./dipc and ./dipcrm stand elsewhere.

CC = cc
VARIANT = release
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
DESTDIR =
PYTHON = python3

# `make V=1` shows each command whole.
ifdef V
SAY := @:
RUN :=
else
SAY := @printf '  %-8s %s\n'
RUN := @
endif

COMPILER := $(notdir $(lastword $(CC)))
BUILD := build/$(COMPILER)-$(VARIANT)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Werror
CFLAGS_release := -O2 -g
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
ifeq ($(origin CFLAGS_$(VARIANT)),undefined)
$(error VARIANT $(VARIANT) is not one of release debug asan tsan fuzz)
endif
CFLAGS := $(CFLAGS_$(VARIANT))
# The same bytes wherever the tree stands.
PLACELESS := '-ffile-prefix-map=$(CURDIR)=.'
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -pthread -MMD -MP \
	-Icore -Inet -Icli -Istress $(PLACELESS) $(WARNINGS) $(CFLAGS)
LDFLAGS =
ALL_LDFLAGS = $(CFLAGS) $(LDFLAGS) -pthread

COMMANDS := dipc dipcrm
CORE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard core/*.c))
NET := $(patsubst %.c,$(BUILD)/%.o,$(wildcard net/*.c))
CLI := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(COMMANDS:%=cli/%.c),$(wildcard cli/*.c)))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
TEST_SHARED := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(wildcard tests/test_*.c),$(wildcard tests/*.c)))
# A program of stress/ has one of these names; the other files there, and what
# is in stress/bench, are shared by them and one program each.
STRESS_SOURCES := $(wildcard stress/stress_*.c stress/step_*.c \
	stress/compare_*.c stress/bench/*.c)
STRESS := $(STRESS_SOURCES:%.c=$(BUILD)/%)
STRESS_SHARED := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(STRESS_SOURCES),$(wildcard stress/*.c)))
C_FILES := $(wildcard core/*.[ch] net/*.[ch] cli/*.[ch] tests/*.[ch] \
	tests/faults/*.[ch] tests/fuzz/*.[ch] \
	stress/*.[ch] stress/bench/*.[ch] verify/*.[ch] \
	verify/heddle/*.h verify/heddle/*/*.[ch])
# Heddle is built with flags of its own, whatever the variant; its threads are
# switched in assembly, for x86-64 alone.
HEDDLE_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -fno-pie -MMD -MP \
	-Iverify/heddle $(PLACELESS) $(WARNINGS)
HEDDLE_RUNTIME := $(patsubst %.c,$(BUILD)/%.o, \
	$(wildcard verify/heddle/runtime/*.c)) \
	$(BUILD)/verify/heddle/runtime/switch.o
HEDDLE_COMMAND := $(patsubst %.c,$(BUILD)/%.o, \
	$(wildcard verify/heddle/command/*.c))
ifeq ($(shell uname -m),x86_64)
HEDDLE := build/bin/heddle build/lib/libheddle.a
endif
MAN_PAGES := $(wildcard docs/man/*.[1-9])

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check demo install uninstall format clean help tests stress \
	stress-programs stress-quick stress-death install-core verify \
	faulty faults faults-quick fuzzers fuzz fuzz-quick

all: $(COMMANDS:%=build/bin/%) $(HEDDLE) ## build every command into build/bin (the default)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / \
		{ printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: all ## run the tests; installs what they need, or says what to install
	ci/check $(BUILD)

tests: $(TESTS) ## build the unit test programs, which need cmocka

stress-programs: $(STRESS) ## build the programs of stress/

stress: all $(STRESS) ## load and faults on real servers, histories checked (SEED= SECONDS= CLIENTS=)
	@SEED='$(SEED)' SECONDS='$(SECONDS)' CLIENTS='$(CLIENTS)' \
		CC='$(CC)' $(PYTHON) stress/run $(BUILD)

stress-quick: all $(STRESS) ## the same in its short form (a minute)
	@SEED='$(SEED)' SECONDS='$(SECONDS)' CLIENTS='$(CLIENTS)' \
		CC='$(CC)' $(PYTHON) stress/run --quick $(BUILD)

stress-death: $(STRESS) ## kill processes at random, and at every instruction (3 minutes)
	stress/run_death $(BUILD)

verify: all ## check every property of the core within its full bounds (15 minutes)
	verify/run --full
	verify/promela/run

heddle-check: all ## run the model checker's own tests in full
	verify/heddle/tests/run

bench-verify: all ## measure the model checker: executions, steps, memory, reduction
	verify/heddle/bench/run

mutants: all ## see that every mutant of the core is killed by a check
	verify/mutants/run

demo: all ## watch two processes exchange messages through a server
	cli/demo

$(BUILD)/libdipccore.a: $(CORE)
$(BUILD)/libdipcnet.a: $(NET)
$(BUILD)/libdipccli.a: $(CLI)
$(BUILD)/%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

LIBRARIES := $(BUILD)/libdipccli.a $(BUILD)/libdipcnet.a \
	$(BUILD)/libdipccore.a

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) compile $@
	$(RUN)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(HEDDLE_RUNTIME) $(HEDDLE_COMMAND): ALL_CFLAGS = $(HEDDLE_CFLAGS)
$(BUILD)/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(SAY) assemble $@
	$(RUN)$(CC) $(PLACELESS) -c -o $@ $<

build/bin/heddle: $(HEDDLE_COMMAND)
	@mkdir -p $(@D)
	$(SAY) link $@
	$(RUN)$(CC) -no-pie -o $@ $^

build/lib/libheddle.a: $(HEDDLE_RUNTIME)
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/cli/dipc $(BUILD)/cli/dipcrm: %: %.o $(LIBRARIES)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(LIBRARIES) $(ALL_LDFLAGS)

# Compared each time: whichever was built last, by its date, is not to the point.
build/bin/%: $(BUILD)/cli/% FORCE
	@mkdir -p $(@D)
	@cmp -s $< $@ || ln -f $< $@ 2>/dev/null || cp -f $< $@
	@ln -sf build/bin/$* $*

.PHONY: FORCE
FORCE:

# The checker of histories is tested like the rest.
CHECKER := $(patsubst %,$(BUILD)/stress/%.o,linearizability model operation \
	excerpt simulation dice)
$(BUILD)/tests/test_linearizability: $(CHECKER)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_SHARED) $(LIBRARIES)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(filter $(CHECKER),$^) $(TEST_SHARED) \
		$(LIBRARIES) $(ALL_LDFLAGS) \
		-Wl,--wrap=parking_wait,--wrap=malloc,--wrap=calloc,--wrap=realloc -lcmocka

# One contender is in C++; without its header the comparison does without it.
BOOST := $(wildcard /usr/include/boost/interprocess/sync/interprocess_upgradable_mutex.hpp)
ifneq ($(BOOST),)
$(BUILD)/stress/compare_death: $(BUILD)/stress/contender_boost.o
$(BUILD)/stress/compare_death: EXTRA := \
	$(BUILD)/stress/contender_boost.o -lstdc++
endif

$(BUILD)/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	$(SAY) compile $@
	$(RUN)$(CXX) -std=c++17 -pthread -MMD -MP -Istress -Wall -Wextra -Werror \
		$(CFLAGS) -c -o $@ $<

$(STRESS): %: %.o $(STRESS_SHARED) $(BUILD)/libdipccore.a
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(STRESS_SHARED) $(EXTRA) $(BUILD)/libdipccore.a \
		$(ALL_LDFLAGS) -Wl,-z,now

# The commands again, with every call in tests/faults/calls made to fail at
# will (tests/faults/faults.h); `make faults` builds them with sanitizers.
FAULTY := $(COMMANDS:%=$(BUILD)/faulty/%)
WRAPPED := $(shell awk '!/^\#|exempt:|^$$/ { print "-Wl,--wrap=" $$1 }' \
	tests/faults/calls)
faulty: $(FAULTY)
$(FAULTY): $(BUILD)/faulty/%: $(BUILD)/cli/%.o $(BUILD)/tests/faults/faults.o \
	$(LIBRARIES) tests/faults/calls
	@mkdir -p $(@D)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $(filter %.o,$^) $(LIBRARIES) $(ALL_LDFLAGS) $(WRAPPED)

# Fuzzers, which only clang builds: `make fuzz` calls for CC=clang VARIANT=fuzz.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%, \
	$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := $(BUILD)/tests/fake_store.o $(patsubst %.c,$(BUILD)/%.o, \
	$(filter-out $(wildcard tests/fuzz/fuzz_*.c),$(wildcard tests/fuzz/*.c)))
fuzzers: $(FUZZERS)
$(FUZZERS): $(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_SHARED) \
	$(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $^ $(ALL_LDFLAGS) -fsanitize=fuzzer

fuzz: ## fuzz the codec, the session and the segment (SECONDS=600, of each)
	@SECONDS_EACH='$(or $(SECONDS),600)' ci/fuzz

fuzz-quick: ## the same with a fixed seed and number of inputs (a minute)
	@ci/fuzz --quick

faults: ## make every call that can fail fail, each time it occurs (10 minutes)
	ci/faults --full

faults-quick: ## the same for a sample of the calls (a minute; SEED=)
	ci/faults --quick

UNITS := build/systemd/dipc.service cli/systemd/dipc.socket
build/systemd/%: cli/systemd/%.in FORCE
	@mkdir -p $(@D)
	@sed 's|@BINDIR@|$(BINDIR)|' $< | cmp -s - $@ || \
		sed 's|@BINDIR@|$(BINDIR)|' $< >$@

# What `make install` puts where: mode=directory=file, in words, and
# link=directory=target.  ci/installed lists what comes of it.
to = $(patsubst %,$(1)=$(2)=%,$(3))
INSTALLED_CORE := $(call to,644,$(LIBDIR),$(BUILD)/libdipccore.a) \
	$(call to,644,$(INCLUDEDIR)/dipc,$(wildcard core/*.h))
INSTALLED := $(INSTALLED_CORE) \
	$(call to,755,$(BINDIR),$(COMMANDS:%=build/bin/%)) \
	$(foreach page,$(MAN_PAGES),$(call \
		to,644,$(MANDIR)/man$(subst .,,$(suffix $(page))),$(page)))
INSTALLED_LINKS :=
INSTALLED += $(call to,644,$(PREFIX)/lib/systemd/system,$(UNITS)) \
	$(call to,644,$(PREFIX)/lib/sysusers.d,cli/systemd/dipc.conf)
ifdef HEDDLE
INSTALLED += $(call to,755,$(BINDIR),build/bin/heddle) \
	$(call to,644,$(PREFIX)/lib/heddle,build/lib/libheddle.a) \
	$(call to,644,$(INCLUDEDIR),verify/heddle/heddle.h)
endif
# Directories that are nobody else's, the innermost first.
OWN_DIRECTORIES := $(INCLUDEDIR)/dipc $(PREFIX)/lib/heddle

# each ITEMS,COMMAND: for every item, with $$first, $$directory and $$file
each = @for item in $(1); do \
	first=$${item%%=*} file=$${item\#\#*=}; \
	directory=$${item\#*=} directory='$(DESTDIR)'$${directory%=*}; \
	$(2) || exit 1; \
	done
put = install -D -m $$first $$file $$directory/$${file\#\#*/}
take = rm -f $$directory/$${file\#\#*/}

install-core: $(BUILD)/libdipccore.a ## install only the lock's library and headers
	$(call each,$(INSTALLED_CORE),$(put))

install: all $(BUILD)/libdipccore.a $(UNITS) ## install everything under $(DESTDIR)$(PREFIX)
	$(call each,$(INSTALLED),$(put))
	$(call each,$(INSTALLED_LINKS),ln -sf $$file $$directory/$$first)

uninstall: ## remove what install put there
	$(call each,$(INSTALLED),$(take))
	$(call each,$(INSTALLED_LINKS),rm -f $$directory/$$first)
	@for directory in $(OWN_DIRECTORIES); do \
		[ ! -d '$(DESTDIR)'$$directory ] || rmdir \
			--ignore-fail-on-non-empty '$(DESTDIR)'$$directory; \
	done

format: ## lay out the C sources as .clang-format says
	clang-format -i $(C_FILES)

clean: ## remove everything that was built
	rm -rf build dipc dipcrm

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
