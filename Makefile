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
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
UNITDIR = $(PREFIX)/lib/systemd/system
DESTDIR =
PYTHON = python3
OBJCOPY = objcopy

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
CFLAGS_msan := -O1 -g -fsanitize=memory -fsanitize-memory-track-origins \
	-fno-omit-frame-pointer
# Valgrind is told what its tools do not see; ci/valgrind calls for this one.
CFLAGS_valgrind := -O1 -g -fno-omit-frame-pointer \
	-isystem tests/valgrind
ifeq ($(VARIANT),valgrind)
IN_PLACE := $(wildcard tests/valgrind/*.h)
endif
CFLAGS_hardened := -O2 -g -D_FORTIFY_SOURCE=3 -fPIE -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection
# What the tests reach (ci/coverage), and which condition decides (ci/mcdc).
CFLAGS_coverage := -O0 -g --coverage -fprofile-update=atomic
CFLAGS_mcdc := -O0 -g -fprofile-instr-generate -fcoverage-mapping \
	-fcoverage-mcdc
LDFLAGS_hardened := -pie -Wl,-z,relro,-z,now,-z,noexecstack
ifeq ($(origin CFLAGS_$(VARIANT)),undefined)
$(error VARIANT $(VARIANT) is not one of release debug hardened asan tsan msan fuzz \
	coverage mcdc valgrind)
endif
CFLAGS := $(CFLAGS_$(VARIANT))
# The same bytes wherever the tree stands.
PLACELESS := '-ffile-prefix-map=$(CURDIR)=.'
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -pthread -MMD -MP \
	-Icore -Inet -Icli -Istress $(PLACELESS) $(WARNINGS) $(CFLAGS)
LDFLAGS =
ALL_LDFLAGS = $(CFLAGS) $(LDFLAGS_$(VARIANT)) $(LDFLAGS) -pthread

COMMANDS := dipc dipcrm dipcctl dipcgather dipcsend
CORE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard core/*.c))
NET := $(patsubst %.c,$(BUILD)/%.o,$(filter-out net/libdipc_%.c, \
	$(wildcard net/*.c)))
# The client library is compiled apart, position-independent, and shows nothing
# but what net/dipc.h declares; the server has none of it.
LIBDIPC_SOURCES := $(wildcard net/libdipc_*.c)
LIBDIPC := $(patsubst %.c,$(BUILD)/pic/%.o,$(LIBDIPC_SOURCES))
VERSION := $(shell sed -n 's/.*VERSION_TEXT "\(.*\)"/\1/p' net/version.h)
SONAME := libdipc.so.$(firstword $(subst ., ,$(VERSION)))
LIBRARY_FILES := build/lib/libdipc.a build/lib/libdipcgather.a \
	build/lib/libdipc.so.$(VERSION) \
	build/lib/$(SONAME) build/lib/libdipc.so
CLI := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(COMMANDS:%=cli/%.c),$(wildcard cli/*.c)))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
TEST_SHARED := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(wildcard tests/test_*.c) tests/tsan_clocklock.c \
	tests/coverage_dump.c,$(wildcard tests/*.c)))
# ThreadSanitizer has one call to learn.
ifeq ($(VARIANT),tsan)
VARIANT_OBJECT := $(BUILD)/tests/tsan_clocklock.o
LDFLAGS_tsan := -Wl,--wrap=pthread_mutex_clocklock
endif
$(BUILD)/tests/fake_limits.o: CFLAGS += -fno-sanitize=all
# libgcov does not see every end of a process.
ifeq ($(VARIANT),coverage)
VARIANT_OBJECT := $(BUILD)/tests/coverage_dump.o
LDFLAGS_coverage := -Wl,--wrap=_exit,--wrap=execvp,--wrap=kill,--wrap=raise
endif
# A program of stress/ has one of these names; the other files there, and what
# is in stress/bench, are shared by them and one program each, but for the parts
# of the bare loop.
# One of them needs Concurrency Kit's headers.
BARE_PARTS := $(filter-out stress/bench/bare_loop.c, \
	$(wildcard stress/bench/bare_*.c))
STRESS_SOURCES := $(filter-out $(BARE_PARTS) \
	$(if $(wildcard /usr/include/ck_pflock.h),, \
	stress/bench/lock_contest.c), $(wildcard stress/stress_*.c \
	stress/step_*.c stress/compare_*.c stress/bench/*.c))
STRESS := $(STRESS_SOURCES:%.c=$(BUILD)/%)
STRESS_SHARED := $(patsubst %.c,$(BUILD)/%.o,$(filter-out \
	$(STRESS_SOURCES),$(wildcard stress/*.c)))
C_FILES := $(wildcard core/*.[ch] net/*.[ch] cli/*.[ch] tests/*.[ch] \
	tests/clients/*.c tests/faults/*.[ch] tests/fuzz/*.[ch] \
	tests/valgrind/*.h \
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
.PHONY: all check demo demo-gather dist hygiene package package-check pdf \
	install uninstall format clean help tests stress stress-programs \
	stress-quick stress-death install-core verify mutants mutants-quick \
	mutants-deaths \
	ci style static lint matrix valgrind gates-check \
	faulty faults faults-quick fuzzers fuzz fuzz-quick coverage mcdc

all: $(COMMANDS:%=build/bin/%) $(LIBRARY_FILES) $(HEDDLE) ## build every command into build/bin (the default)

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

verify: all ## check every property within its full bounds (15 minutes)
	verify/run --full
	verify/promela/run

heddle-check: all ## run the model checker's own tests in full
	verify/heddle/tests/run

bench-verify: all ## measure the model checker: executions, steps, memory, reduction
	verify/heddle/bench/run

bench: ## measure beside Redis, memcached, other locks and memcpy (20 minutes; BENCH=full)
bench-server: ## the same for the server alone (10 minutes)
bench-lock: ## the same for the lock alone (4 minutes)
bench-mailbox: ## the same for mailboxes in process (a minute)
bench-scale: ## the same for many connections and mailboxes (4 minutes)
BENCHES := bench bench-server bench-lock bench-mailbox bench-scale
.PHONY: $(BENCHES) instructions
# What they are compared with is installed first: make looks for it.
$(BENCHES): all
	@ci/dependencies bench
	@$(MAKE) -s --no-print-directory stress-programs
	@BENCH='$(BENCH)' $(PYTHON) stress/bench/run $(BUILD) \
		$(patsubst bench-%,%,$(filter bench-%,$@))

ci: all ## run every gate (EXCEPT=NAME but one) and make build/report/index.html (an hour)
	ci/dependencies gates manual package
	ci/gates $(EXCEPT:%=--except %)

style: all ## see that the sources keep the style guide
	@ci/dependencies gates
	ci/style --build $(BUILD)

static: ## look for mistakes without running anything: cppcheck, gcc, clang-tidy
	@ci/dependencies gates
	ci/static

lint: ## look for mistakes in the scripts: shellcheck, flake8
	@ci/dependencies gates
	ci/lint

matrix: ## run the tests in every build: two compilers, hardened, sanitizers
	@ci/dependencies gates
	ci/matrix

valgrind: ## the unit tests and a server under load, under memcheck, Helgrind, DRD
	@ci/dependencies gates
	ci/valgrind

instructions: all $(BUILD)/stress/bench/counted ## see that no request, and not the lock, executes 5 % more than recorded
	@ci/dependencies gates
	ci/instructions $(BUILD)

gates-check: all $(STRESS) ## see that each gate finds a planted breach
	@ci/dependencies gates
	DIPC_BUILD=$(BUILD) ci/gates_check

mutants: all ## see that every mutant of the core, codecs and session is killed (30 minutes)
	verify/mutants/run --part session
	verify/mutants/run --part core

mutants-quick: all ## the same for a sample of them (SEED=)
	verify/mutants/run --part session --sample 140 --seed $(or $(SEED),1)
	verify/mutants/run --part core --sample 60 --seed $(or $(SEED),1)

mutants-deaths: all ## see that a death shows the loss of any line of recovery
	verify/mutants/run --deaths

demo: all ## watch two processes exchange messages through a server
	cli/demo

demo-gather: all ## gather a database table with 20 cursors, against one (needs sqlite3)
	cli/demo_gather

$(BUILD)/libdipccore.a: $(CORE)
$(BUILD)/libdipcnet.a: $(NET)
$(BUILD)/libdipccli.a: $(CLI)
$(BUILD)/libdipcclient.a: $(LIBDIPC)
$(BUILD)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

LIBRARIES := $(BUILD)/libdipccli.a $(BUILD)/libdipcnet.a \
	$(BUILD)/libdipccore.a $(VARIANT_OBJECT)

$(BUILD)/%.o: %.c Makefile $(IN_PLACE)
	@mkdir -p $(@D)
	$(SAY) compile $@
	$(RUN)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(BUILD)/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) compile $@
	$(RUN)$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden $(CPPFLAGS) -c -o $@ $<

# One object, of which the hidden symbols are nobody else's business.
LIBDIPC_PARTS := $(LIBDIPC) $(BUILD)/pic/net/clock.o
$(BUILD)/libdipc.o: $(LIBDIPC_PARTS)
	$(SAY) link $@
	$(RUN)$(CC) -r -nostdlib -o $@ $^
	$(RUN)$(OBJCOPY) --localize-hidden $@

$(BUILD)/libdipc.a: $(BUILD)/libdipc.o

$(BUILD)/libdipc.so.$(VERSION): $(LIBDIPC_PARTS)
	$(SAY) link $@
	$(RUN)$(CC) -shared -Wl,-soname,$(SONAME),-z,nodelete -o $@ $^ $(ALL_LDFLAGS)

# What gathers, with the server in it: one object that shows net/gather.h and
# net/gather_sender.h, and nothing else.
GATHER_HIDDEN := child command listener verdict wait
$(BUILD)/libdipcgather.o: $(filter $(BUILD)/net/gather%,$(NET)) \
		$(BUILD)/libdipcnet.a $(BUILD)/libdipccore.a
	$(SAY) link $@
	$(RUN)$(CC) -r -nostdlib -o $@ $^
	$(RUN)$(OBJCOPY) --wildcard --keep-global-symbol='gather_*' \
		$(GATHER_HIDDEN:%=--keep-global-symbol='!gather_%_*') $@

$(BUILD)/libdipcgather.a: $(BUILD)/libdipcgather.o

build/lib/libdipc.a build/lib/libdipcgather.a build/lib/libdipc.so.$(VERSION): \
		build/lib/%: $(BUILD)/% FORCE
	@mkdir -p $(@D)
	@cmp -s $< $@ || cp -f $< $@

build/lib/$(SONAME) build/lib/libdipc.so: build/lib/libdipc.so.$(VERSION)
	@ln -sf $(<F) $@

# It says where the library is to be found, so it is made anew for each place.
build/lib/dipc.pc build/lib/dipcgather.pc: build/lib/%.pc: net/%.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

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

$(filter-out %/dipcctl,$(COMMANDS:%=$(BUILD)/cli/%)): %: %.o $(LIBRARIES)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(LIBRARIES) $(ALL_LDFLAGS)

# It uses the library as any other program does.
$(BUILD)/cli/dipcctl: %: %.o $(BUILD)/libdipccli.a $(BUILD)/libdipc.a \
	$(BUILD)/libdipcnet.a
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(BUILD)/libdipccli.a $(BUILD)/libdipc.a \
		$(BUILD)/libdipcnet.a $(ALL_LDFLAGS)

# Compared each time: whichever was built last, by its date, is not to the point.
build/bin/%: $(BUILD)/cli/% FORCE
	@mkdir -p $(@D)
	@cmp -s $< $@ || ln -f $< $@ 2>/dev/null || cp -f $< $@
	@case $* in dipc | dipcrm) ln -sf build/bin/$* $* ;; esac

.PHONY: FORCE
FORCE:

# Calls that tests/ puts something of its own before.
WRAPPED := parking_wait parking_wake malloc calloc realloc free \
	pthread_mutexattr_init pthread_mutexattr_setpshared \
	pthread_mutexattr_setrobust pthread_mutexattr_destroy \
	pthread_mutex_init pthread_mutex_destroy pthread_mutex_trylock \
	pthread_condattr_init pthread_condattr_setclock \
	pthread_condattr_destroy pthread_cond_init pthread_cond_destroy \
	fcntl posix_fallocate fstatvfs getaddrinfo \
	accept4 bind chdir chmod chown connect dup2 epoll_create1 epoll_ctl \
	eventfd fchmod fdopen flock fopen fork fstat gethostname getrlimit \
	getsockname getsockopt listen localtime_r lstat mkdir mkdirat \
	mkdtemp mmap open openat opendir pidfd_open pidfd_send_signal pipe2 \
	poll pthread_attr_init pthread_create read realpath recv \
	sched_getaffinity send sendmsg setrlimit setsockopt shm_open \
	shm_unlink signalfd socket socketpair strftime syscall symlinkat \
	unlink unlinkat waitpid write

# What stress/ judges with is tested like the rest.
$(BUILD)/tests/test_linearizability: $(patsubst %,$(BUILD)/stress/%.o, \
	linearizability model operation excerpt simulation dice)
$(BUILD)/tests/test_histogram: $(BUILD)/stress/histogram.o
$(BUILD)/tests/test_switches: $(BUILD)/stress/switches.o

TEST_LIBRARIES := $(BUILD)/libdipccli.a $(BUILD)/libdipcclient.a \
	$(BUILD)/libdipcnet.a $(BUILD)/libdipccore.a $(VARIANT_OBJECT)
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_SHARED) $(TEST_LIBRARIES)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(filter $(BUILD)/stress/%,$^) $(TEST_SHARED) \
		$(TEST_LIBRARIES) $(ALL_LDFLAGS) \
		$(WRAPPED:%=-Wl,--wrap=%) -lcmocka

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

$(BUILD)/stress/bench/counted: $(BUILD)/libdipcnet.a
$(BUILD)/stress/bench/counted: EXTRA := $(BUILD)/libdipcnet.a
$(BUILD)/stress/bench/bare_loop: $(BARE_PARTS:%.c=$(BUILD)/%.o)
$(BUILD)/stress/bench/bare_loop: EXTRA := $(BARE_PARTS:%.c=$(BUILD)/%.o)
$(STRESS): %: %.o $(STRESS_SHARED) $(BUILD)/libdipccore.a $(VARIANT_OBJECT)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $< $(STRESS_SHARED) $(EXTRA) $(BUILD)/libdipccore.a \
		$(VARIANT_OBJECT) $(ALL_LDFLAGS) -Wl,-z,now

# The commands again, with every call in tests/faults/calls made to fail at
# will (tests/faults/faults.h); `make faults` builds them with sanitizers.
FAULTY := $(COMMANDS:%=$(BUILD)/faulty/%)
FAULT_WRAPS := $(shell awk '!/^\#|exempt:|^$$/ { print "-Wl,--wrap=" $$1 }' \
	tests/faults/calls)
faulty: $(FAULTY)
$(FAULTY): $(BUILD)/faulty/%: $(BUILD)/cli/%.o $(BUILD)/tests/faults/faults.o \
	$(TEST_LIBRARIES) tests/faults/calls
	@mkdir -p $(@D)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $(filter %.o,$^) $(TEST_LIBRARIES) $(ALL_LDFLAGS) \
		$(FAULT_WRAPS)

# Fuzzers, which only clang builds: `make fuzz` calls for CC=clang VARIANT=fuzz.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%, \
	$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := $(BUILD)/tests/fake_store.o $(patsubst %.c,$(BUILD)/%.o, \
	$(filter-out $(wildcard tests/fuzz/fuzz_*.c),$(wildcard tests/fuzz/*.c)))
fuzzers: $(FUZZERS)
$(FUZZERS): $(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_SHARED) \
	$(BUILD)/libdipcclient.a \
	$(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) link $@
	$(RUN)$(CC) -o $@ $^ $(ALL_LDFLAGS) -fsanitize=fuzzer

fuzz: ## fuzz the protocols, the segment and the library (SECONDS=600, of each)
	@SECONDS_EACH='$(or $(SECONDS),600)' ci/fuzz

fuzz-quick: ## the same with a fixed seed and number of inputs (a minute)
	@ci/fuzz --quick

coverage: ## see that the tests reach every line (of the core and codecs every branch)
	@ci/dependencies gates
	ci/coverage

mcdc: ## see that in the core and the codecs every condition decides
	@ci/dependencies gates
	ci/mcdc

faults: ## make every call that can fail fail, each time, with each error (half an hour)
	ci/faults --full

faults-quick: ## the same with one error a time, drawn by SEED= (5 minutes)
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
INSTALLED += $(call to,644,$(LIBDIR),build/lib/libdipc.a \
		build/lib/libdipc.so.$(VERSION)) \
	$(call to,644,$(LIBDIR),build/lib/libdipcgather.a) \
	$(call to,644,$(INCLUDEDIR)/dipc,net/gather.h net/gather_sender.h) \
	$(call to,644,$(LIBDIR)/pkgconfig,build/lib/dipc.pc \
		build/lib/dipcgather.pc) \
	$(call to,644,$(INCLUDEDIR),net/dipc.h)
INSTALLED_LINKS := $(SONAME)=$(LIBDIR)=libdipc.so.$(VERSION) \
	libdipc.so=$(LIBDIR)=$(SONAME)
INSTALLED += $(call to,644,$(BASHDIR),$(wildcard cli/completion/bash/*)) \
	$(call to,644,$(ZSHDIR),$(wildcard cli/completion/zsh/*))
INSTALLED_LINKS += dipcrm=$(BASHDIR)=dipc dipcsend=$(BASHDIR)=dipcgather
INSTALLED += $(call to,644,$(UNITDIR),$(UNITS)) \
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

install: all $(BUILD)/libdipccore.a build/lib/dipc.pc build/lib/dipcgather.pc $(UNITS) ## install everything under $(DESTDIR)$(PREFIX)
	$(call each,$(INSTALLED),$(put))
	$(call each,$(INSTALLED_LINKS),ln -sf $$file $$directory/$$first)

uninstall: ## remove what install put there
	$(call each,$(INSTALLED),$(take))
	$(call each,$(INSTALLED_LINKS),rm -f $$directory/$$first)
	@for directory in $(OWN_DIRECTORIES); do \
		[ ! -d '$(DESTDIR)'$$directory ] || rmdir \
			--ignore-fail-on-non-empty '$(DESTDIR)'$$directory; \
	done

pdf: build/dipc.pdf ## make the manual as one PDF, build/dipc.pdf
build/dipc.pdf: docs/manual/make docs/manual/manual.css \
		$(wildcard docs/*.md) $(MAN_PAGES) \
		$(wildcard cli/python/man/*) net/version.h
	@mkdir -p $(@D)
	$(SAY) lay-out $@
	$(RUN)docs/manual/make $@

dist: $(if $(NAME),build/dipc.pdf) ## pack the sources as a .tar.gz (NAME=prog3: prog3.tgz with prog3.pdf)
	@ci/dist $(NAME)

package: ## build the Debian packages, in build/package
	@ci/dependencies package
	@ci/package

package-check: ## build, install, use and purge the Debian packages, as root
	@ci/dependencies package
	@ci/package --check

hygiene: ## all builds alike, installs as listed, archives and PDF reproducible
	@ci/dependencies manual
	@ci/hygiene

format: ## lay out the C sources as .clang-format says
	@clang-format -i $(C_FILES)

clean: ## remove everything that was built
	rm -rf build dipc dipcrm

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
