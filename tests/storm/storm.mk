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

storm: all sim storm-program
	BUILD=$(BUILD) SECONDS_TOTAL='$(SECONDS_TOTAL)' tests/storm/run.sh --full $(SEEDS)
