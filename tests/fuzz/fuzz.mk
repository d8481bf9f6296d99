# Fuzzing: make fuzz.  Included by the top Makefile.  A target is a file fuzz_NAME.c here, and a line FUZZ_NEEDS_NAME when it
# links more than policy/; its inputs are in corpus/NAME, its words, if any, in NAME.dict, options of the fuzzer in its first
# comment.
FUZZ_TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60

# What stands for the system: for most of them the unit tests' and tests/fuzz/system.c, for the command's its own.
FUZZ_FAKES        = tests/unit/fake_prim.c tests/unit/fake_options.c tests/fuzz/system.c
FUZZ_COMMAND      = $(filter-out %/main.c,$(wildcard scripts/command/*.c)) policy/replay/alone.c
FUZZ_NEEDS        = $(or $(FUZZ_NEEDS_$(1)),$(FUZZ_FAKES))
FUZZ_NEEDS_trace  = $(FUZZ_FAKES) policy/replay/read.c policy/replay/read_events.c policy/replay/read_costs.c policy/replay/costs.c
FUZZ_NEEDS_costs  = $(FUZZ_NEEDS_trace)
FUZZ_NEEDS_replay = $(wildcard policy/replay/*.c)
FUZZ_NEEDS_process = $(FUZZ_FAKES) preload/node_table.c
FUZZ_NEEDS_record = $(FUZZ_COMMAND)
FUZZ_NEEDS_report = $(FUZZ_COMMAND) tests/fuzz/json.c
FUZZ_NEEDS_explain = $(FUZZ_COMMAND)
FUZZ_NEEDS_program = $(FUZZ_COMMAND)
FUZZ_OBJ          = $(patsubst %.c,$(BUILD)/unit-obj/%.o,tests/fuzz/fuzz.c tests/fuzz/fuzz_$(1).c $(FUZZ_MAIN) \
                      $(FUZZ_NEEDS) $(wildcard policy/*.c))

# As the command has them.
FUZZ_LIBS = $(INIH) $(JANSSON) -ldw -lelf -lm

# Without FUZZ_LINK: programs that run the inputs they are given.
FUZZ_LINK =
FUZZ_MAIN = $(if $(FUZZ_LINK),,tests/fuzz/main.c)
FUZZ_BUILD = $(MAKE) --no-print-directory -s BUILD=$(BUILD)/fuzz CC=clang FUZZ_LINK=-fsanitize=fuzzer \
    CFLAGS='-O2 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all'

.PHONY: fuzz fuzz-programs check-fuzz
define FUZZ_PROGRAM
$$(BUILD)/fuzz-programs/$(1): $$(call FUZZ_OBJ,$(1))
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(FUZZ_LINK) -o $$@ $$^ $$(FUZZ_LIBS)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call FUZZ_PROGRAM,$(target))))
fuzz-programs: $(FUZZ_TARGETS:%=$(BUILD)/fuzz-programs/%)

# make fuzz FUZZ_TARGETS='conf trace' FUZZ_SECONDS=600: so many for each; the corpus itself is not changed.
fuzz:
	@scripts/setup.sh --fuzz
	@$(FUZZ_BUILD) -j "$$(nproc)" fuzz-programs
	@BUILD=$(BUILD) FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/fuzz/run.sh $(FUZZ_TARGETS)

# The corpus again, with what gcc's sanitizers see.
check-fuzz:
	@$(MAKE) --no-print-directory -s -j "$$(nproc)" BUILD=$(BUILD)/asan fuzz-programs \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
	@BUILD=$(BUILD) tests/fuzz/replay.sh $(FUZZ_TARGETS)
