# The storm: build/storm.  Included by the top Makefile, after tests/sim/sim.mk.
STORM_OBJ = $(patsubst %.c,$(BUILD)/storm-obj/%.o,$(wildcard tests/storm/*.c))

# Seconds in all, and the seeds that share them.
SECONDS_TOTAL ?= 600
SEEDS         ?= 1 2 3 4 5 6 7 8 9 10

.PHONY: storm storm-program
storm-program: $(BUILD)/storm

$(BUILD)/storm: $(STORM_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -ldl -lpthread
$(BUILD)/storm-obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(NO_MALLOC) -c -o $@ $<

# Then every failure that make check only samples.
storm: all sim storm-program preload-tests
	BUILD=$(BUILD) SECONDS_TOTAL='$(SECONDS_TOTAL)' tests/storm/run.sh --full $(SEEDS)
	BUILD=$(BUILD) FAIL_EVERY=1 tests/preload/run.sh t_rule_34_nth_failure t_rule_34_own_calls
