# autopin: builds build/libautopin.so, runs its tests and benches.
#
#   make            the library and the command     make check      every test that needs no GPU
#   make demo       set-up, build, a real program   make check-gpu  the tests that need one
#   make bench      measurements                    make bench-gpu  measurements on a GPU
#   make bench-replay  the policy on traces, against the best plan in hindsight
#   make install PREFIX= LIBDIR= DESTDIR=       make uninstall likewise
#   make deb        a Debian package of the same
#   make storm      everything at once, 10 minutes  make model      the model of a block's life
#   make fuzz       damaged files of every kind, FUZZ_SECONDS=60 for each
#   make mutants    whether the tests notice mistakes
#   make debug      a library that checks the order of its own locks, build/debug/libautopin.so
#
# A source file may ask for flags of its own in a comment line " * build: FLAGS" (see the rule for tests).

CC      ?= gcc
CXX     ?= g++
BUILD   ?= build
CFLAGS  ?= -O2 -g

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

WARNINGS   = -Wall -Wextra -Werror
# The same bytes wherever the sources lie.
ANYWHERE   = -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(ANYWHERE) -I. -MMD -MP
# The compiler must not reason about the functions this library replaces.
NO_MALLOC  = -fno-builtin-malloc -fno-builtin-free -fno-builtin-calloc -fno-builtin-realloc
LIB_CFLAGS = -fPIC -fvisibility=hidden -ftls-model=initial-exec $(NO_MALLOC) $(ANYWHERE)
# The start of every process pays for this object, so: lazy binding; two segments instead of four (12 us of 33, measured
# with glibc 2.36); and -Bsymbolic-functions, which spares the loader a search for each hook in our own tables (and keeps
# our own addresses there, without the warnings that glibc prints about protected functions; -Bsymbolic would also have
# dlsym(RTLD_DEFAULT) look here first).  --no-undefined-version makes a missing wrapper a link error.
# No start files: what they do at the end of a process costs two page faults; preload/last.S and __dso_handle
# (preload/hooks_life.c) are what is needed of them.
LIB_LDFLAGS = -shared -nostdlib -Wl,-soname,libautopin.so -Wl,-z,lazy -Wl,-z,nodelete -Wl,-z,noseparate-code -Wl,-Bsymbolic-functions \
              -Wl,-z,defs -Wl,--sort-section=name -Wl,--no-undefined -Wl,--no-undefined-version -Wl,--exclude-libs,ALL \
              -Wl,--version-script=$(BUILD)/autopin.map
# Debian's static inih is position-independent.
INIH = $(shell $(CC) -print-file-name=libinih.a)

# An unwinder of the library's own (preload/unwind.c).  What only glibc has is made weak: a child with another libc must
# not die of it (rule 48).
UNWINDER = $(BUILD)/obj/libgcc_eh.a

# In tail position, dlsym(RTLD_NEXT, ...) becomes a jump and glibc 2.36 takes ld.so for the caller: never in these files.
NOSIBLING = preload/next.c

# What every large malloc and free runs through is optimised as one (gcc): a third of its instructions less.  Never the
# files above, and none that calls a driver.
WITH_GCC   = $(if $(shell $(CC) -dM -E -x c /dev/null | grep __clang__),,gcc)
HOT        = $(patsubst %,preload/%.c,hooks_malloc large quick recent lane walk threads own_heap backend modules) \
             $(patsubst %,preload/%.c,arena arena_free arena_hot arena_keep arena_pages arena_surplus) \
             $(patsubst %,policy/%.c,engine engine_lists block site decide cost tally rent reason)
HOT_CFLAGS = $(if $(WITH_GCC),-flto -flto-partition=one)

# What replays traces: policy/replay/ is no part of the library.
REPLAY_SRC = $(wildcard policy/replay/*.c policy/*.c)

LIB_SRC  = $(wildcard preload/*.c preload/*.S policy/*.c)
LIB_LAST = $(BUILD)/obj/preload/last.S.o
LIB_OBJ  = $(filter-out $(LIB_LAST),$(LIB_SRC:%=$(BUILD)/obj/%.o))
LIB      = $(BUILD)/libautopin.so
COMMAND  = $(BUILD)/autopin

.PHONY: all help demo check check-unit check-stress check-preload check-gpu check-docs bench bench-gpu bench-programs bench-replay lint \
        format docs debug model mutants asan tsan clean unit preload-tests sim doc-tools

all: $(LIB) $(COMMAND) $(BUILD)/autopin-replay

# --- the library ------------------------------------------------------------------------------------------------------

$(LIB): $(LIB_OBJ) $(LIB_LAST) $(UNWINDER) $(BUILD)/autopin.map Makefile
	$(CC) $(CFLAGS) $(LIB_CFLAGS) $(HOT_CFLAGS) $(LDFLAGS) $(LIB_LDFLAGS) -o $@ $(LIB_OBJ) $(INIH) $(UNWINDER) -lc -lgcc $(LIB_LAST)

$(UNWINDER):
	@mkdir -p $(@D)
	objcopy --weaken-symbol=_dl_find_object "$$($(CC) -print-file-name=libgcc_eh.a)" $@

$(BUILD)/obj/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LIB_CFLAGS) $(if $(filter $<,$(NOSIBLING)),-fno-optimize-sibling-calls) \
	    $(if $(filter $<,$(HOT)),$(HOT_CFLAGS)) -c -o $@ $<

$(BUILD)/obj/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ANYWHERE) -I. -MMD -MP -fPIC -c -o $@ $<

# An anonymous version script: a named version node would not interpose dlsym.
$(BUILD)/autopin.map: $(BUILD)/gen_map
	$< > $@

$(BUILD)/gen_map: scripts/gen_map.c preload/entry_points.def
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

# --- the command: policy/ without the hooks ---------------------------------------------------------------------------

# Debian's static jansson, so that the command runs where that is not installed.
JANSSON     = $(shell $(CC) -print-file-name=libjansson.a)
COMMAND_OBJ = $(patsubst %.c,$(BUILD)/unit-obj/%.o,$(wildcard scripts/command/*.c policy/*.c) policy/replay/alone.c)

$(COMMAND): $(COMMAND_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(INIH) $(JANSSON) -ldw -lelf

# --- what is generated for people to read (make docs) -----------------------------------------------------------------

# The option parser without the rest: what gen_options needs of policy/.
OPTION_OBJ = $(patsubst %,$(BUILD)/unit-obj/policy/%.o,options conf conf_store parse parse_text sink)

doc-tools: $(BUILD)/gen_options $(BUILD)/gen_functions

$(BUILD)/gen_options: $(BUILD)/unit-obj/scripts/gen_options.o $(OPTION_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(INIH)

$(BUILD)/gen_functions: scripts/gen_functions.c preload/entry_points.def
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

# --- tests ------------------------------------------------------------------------------------------------------------

-include tests/sim/sim.mk
-include tests/storm/storm.mk
include tests/fuzz/fuzz.mk
SIM_TARGETS = $(if $(wildcard tests/sim/sim.mk),$(BUILD)/sim/libcuda.so.1 $(BUILD)/sim/simstat $(BUILD)/later/sim/libcuda.so.1)

sim: $(SIM_TARGETS)
$(BUILD)/sim/%: override CFLAGS += $(WARNINGS)

# tests/unit/stress_NAME.c are programs of their own: ThreadSanitizer and Criterion exclude each other.
UNIT_SRC   = $(filter-out tests/unit/stress_%,$(wildcard tests/unit/*.c))
UNIT_OBJ   = $(patsubst %.c,$(BUILD)/unit-obj/%.o,$(UNIT_SRC) $(wildcard policy/*.c) \
               $(wildcard policy/replay/read*.c) policy/replay/costs.c \
               $(addprefix scripts/command/,json_node.c report_read.c record_alive.c record_load.c record_read.c))
STRESS     = $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/stress_*.c))
STRESS_OBJ = $(patsubst %.c,$(BUILD)/unit-obj/%.o,tests/unit/fake_prim.c tests/unit/fake_options.c $(wildcard policy/*.c))

unit: $(BUILD)/unit $(STRESS)
$(STRESS): $(BUILD)/%: $(BUILD)/unit-obj/tests/unit/%.o $(STRESS_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(INIH)
$(BUILD)/unit: $(UNIT_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(INIH) $(JANSSON) -lcriterion -lm

$(BUILD)/unit-obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Each tests/preload/t_NAME.c or .cc is one program; plugin_NAME.c or .cc is one shared object for dlopen.
TEST_PROGRAMS = $(patsubst tests/preload/%.c,$(BUILD)/tests/%,$(wildcard tests/preload/t_*.c)) \
                $(patsubst tests/preload/%.cc,$(BUILD)/tests/%,$(wildcard tests/preload/t_*.cc)) \
                $(patsubst tests/preload/%.c,$(BUILD)/tests/%.so,$(wildcard tests/preload/plugin_*.c)) \
                $(patsubst tests/preload/%.cc,$(BUILD)/tests/%.so,$(wildcard tests/preload/plugin_*.cc))
own_flags = $$(sed -n 's/^ \* build: *//p' $<)

preload-tests: $(TEST_PROGRAMS) debug

# The library that checks the ranks of its locks (policy/lock.h), for some of the tests.
debug:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/debug CFLAGS='-O1 -g -DAUTOPIN_DEBUG_LOCKS' $(BUILD)/debug/libautopin.so

$(BUILD)/tests/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared $(NO_MALLOC) -o $@ $< $(own_flags)
$(BUILD)/tests/%.so: tests/preload/%.cc
	@mkdir -p $(@D)
	$(CXX) $(WARNINGS) $(CFLAGS) -I. -MMD -MP -fPIC -shared $(NO_MALLOC) -o $@ $< $(own_flags)
$(BUILD)/tests/t_%: tests/preload/t_%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(NO_MALLOC) -o $@ $< $(own_flags)
$(BUILD)/tests/t_%: tests/preload/t_%.cc
	@mkdir -p $(@D)
	$(CXX) $(WARNINGS) $(CFLAGS) -I. -MMD -MP $(NO_MALLOC) -o $@ $< $(own_flags)

# --- benches ----------------------------------------------------------------------------------------------------------

BENCH_PROGRAMS = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c tests/bench/alloc/*.c)) \
                 $(BUILD)/bench/empty.so $(BUILD)/bench/one_block.so

bench-programs: $(BENCH_PROGRAMS) $(BUILD)/replay

$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(NO_MALLOC) -o $@ $<
$(BUILD)/bench/one_block.so: tests/bench/floor/one_block.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(NO_MALLOC) -fPIC -shared -o $@ $<
$(BUILD)/bench/empty.so:
	@mkdir -p $(@D)
	echo 'extern int autopin_nothing;' | $(CC) $(CFLAGS) -fPIC -shared -x c -o $@ -

# The policy on invented traces, over a clock that only counts.
REPLAY_OBJ = $(patsubst %.c,$(BUILD)/unit-obj/%.o,$(wildcard tests/bench/replay/*.c) $(REPLAY_SRC))

$(BUILD)/replay: $(REPLAY_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(INIH)

# What recorded traces are replayed with.
REPLAY_COMMAND = $(patsubst %.c,$(BUILD)/unit-obj/%.o,$(wildcard scripts/replay/*.c) $(REPLAY_SRC))

$(BUILD)/autopin-replay: $(REPLAY_COMMAND)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(INIH)

# --- what people type -------------------------------------------------------------------------------------------------

help: # what can be made: the head of this file
	@sed -n '/^#   /s/^#//p' Makefile

check:
	@scripts/setup.sh --check
	@BUILD=$(BUILD) CC='$(CC)' MAKE='$(MAKE)' scripts/check.sh

check-unit: $(BUILD)/unit check-stress
	$(BUILD)/unit --timeout 60
check-stress: $(STRESS)
	@set -e; for program in $(STRESS); do $$program; done

check-preload: all preload-tests $(SIM_TARGETS)
	BUILD=$(BUILD) tests/preload/run.sh

check-gpu: $(LIB) bench-programs
	BUILD=$(BUILD) tests/gpu/run.sh

bench:
	@scripts/setup.sh --bench
	@$(MAKE) --no-print-directory -s all bench-programs sim
	@BUILD=$(BUILD) tests/bench/bench.py
	@$(MAKE) --no-print-directory -s docs

bench-replay: $(BUILD)/replay
	@BUILD=$(BUILD) tests/bench/replay/run.sh

# A bare machine with a GPU may lack what building takes: a library that is there will do.  The time for building counts.
bench-gpu:
	@started=$$(date +%s); stale=; [ ! -e $(LIB) ] || cp -p $(LIB) $(LIB).before; \
	    $(MAKE) --no-print-directory -s -j "$$(nproc)" $(LIB) || { stale=1; mv -f $(LIB).before $(LIB); } || exit 1; \
	    rm -f $(LIB).before; STALE=$$stale STARTED=$$started BUILD=$(BUILD) CC='$(CC)' tests/gpu/bench.sh

demo:
	@scripts/setup.sh --demo
	@$(MAKE) --no-print-directory -s all sim
	@BUILD=$(BUILD) MAKE='$(MAKE)' scripts/demo.sh

docs: doc-tools
	BUILD=$(BUILD) scripts/gen_readme.sh

check-docs: doc-tools
	BUILD=$(BUILD) scripts/gen_readme.sh --check

lint:
	@scripts/setup.sh --lint
	@$(MAKE) --no-print-directory -s all sim
	BUILD=$(BUILD) scripts/lint.sh

format:
	git ls-files -co --exclude-standard -- '*.c' '*.h' '*.cc' | xargs clang-format -i

asan:
	$(MAKE) BUILD=$(BUILD)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined' check-unit
tsan:
	$(MAKE) BUILD=$(BUILD)/tsan CFLAGS='-O1 -g -fno-omit-frame-pointer -DAUTOPIN_DEBUG_LOCKS -fsanitize=thread$(if $(WITH_GCC), -Wno-tsan)' check-stress

model:
	@scripts/setup.sh --check
	@BUILD=$(BUILD) tests/model/run.sh

mutants:
	@scripts/setup.sh --check
	@BUILD=$(BUILD) MAKE='$(MAKE)' tests/mutants/run.py

include scripts/install.mk

clean:
	rm -rf $(BUILD)

-include $(shell [ ! -d $(BUILD) ] || find $(BUILD) -name '*.d')
