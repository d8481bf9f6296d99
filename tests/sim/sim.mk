# The simulated driver: build/sim/libcuda.so.1, its state reader, its self test.  Included by the top Makefile, which
# sets BUILD, CC and CFLAGS; stands alone too: make -f tests/sim/sim.mk check-sim
BUILD ?= build
CFLAGS ?= -O2 -g -Wall -Wextra -Werror

SIM_DIR := tests/sim
SIM_OUT := $(BUILD)/sim
# SIM_LATER=1: the variant with exports that drivers later than 535 have.
SIM_EXPORTS := tests/data/driver535_exports.txt $(if $(SIM_LATER),$(SIM_DIR)/later.txt)
SIM_GENERATED := $(SIM_OUT)/sim_names.h $(SIM_OUT)/sim_stubs.c $(SIM_OUT)/libcuda.map
SIM_OBJECTS := $(patsubst $(SIM_DIR)/%.c,$(SIM_OUT)/%.o,$(wildcard $(SIM_DIR)/sim_*.c)) $(SIM_OUT)/sim_stubs.o \
               $(if $(SIM_LATER),$(SIM_OUT)/later_batch.o)
SIM_CFLAGS := -std=gnu11 -fPIC -I$(SIM_DIR) -I$(SIM_OUT)

.PHONY: sim check-sim
sim: $(SIM_OUT)/libcuda.so.1 $(SIM_OUT)/simstat

ifndef SIM_LATER
sim: $(BUILD)/later/sim/libcuda.so.1
$(BUILD)/later/sim/libcuda.so.1: $(wildcard $(SIM_DIR)/*) preload/cuda_min.h
	$(MAKE) --no-print-directory -f $(SIM_DIR)/sim.mk BUILD=$(BUILD)/later SIM_LATER=1 CFLAGS='$(CFLAGS)' $@
endif

$(SIM_OUT)/.generated: $(SIM_DIR)/gen.sh $(SIM_DIR)/since.txt $(SIM_EXPORTS) tests/data/cudart13_requests.txt
	@mkdir -p $(SIM_OUT)
	cat $(SIM_EXPORTS) >$(SIM_OUT)/exports.txt
	sh $(SIM_DIR)/gen.sh $(SIM_OUT)/exports.txt tests/data/cudart13_requests.txt $(SIM_DIR)/since.txt $(SIM_OUT)
	touch $@
$(SIM_GENERATED): $(SIM_OUT)/.generated ;

$(SIM_OUT)/%.o: $(SIM_DIR)/%.c $(SIM_DIR)/sim.h $(SIM_DIR)/sim_state.h preload/cuda_min.h $(SIM_OUT)/.generated
	$(CC) $(CFLAGS) $(SIM_CFLAGS) -c -o $@ $<
$(SIM_OUT)/sim_stubs.o: $(SIM_OUT)/sim_stubs.c $(SIM_DIR)/sim.h
	$(CC) $(CFLAGS) $(SIM_CFLAGS) -c -o $@ $<

# -Bsymbolic: the driver's own table holds its own functions, whatever a preloaded library exports.
# nodelete: its threads outlive a dlclose.
$(SIM_OUT)/libcuda.so.1: $(SIM_OBJECTS) $(SIM_OUT)/libcuda.map
	$(CC) $(CFLAGS) -shared -Wl,-soname,libcuda.so.1 -Wl,-Bsymbolic -Wl,-z,nodelete \
		-Wl,--version-script=$(SIM_OUT)/libcuda.map -o $@ $(SIM_OBJECTS) -lpthread
	ln -sf libcuda.so.1 $(SIM_OUT)/libcuda.so

$(SIM_OUT)/simstat: $(SIM_DIR)/simstat.c $(SIM_DIR)/sim_state.h | $(SIM_OUT)/.generated
	$(CC) $(CFLAGS) -std=gnu11 -I$(SIM_DIR) -o $@ $<

$(SIM_OUT)/selftest: $(wildcard $(SIM_DIR)/selftest*.c) $(SIM_DIR)/selftest.h $(SIM_DIR)/sim_state.h preload/cuda_min.h | $(SIM_OUT)/.generated
	$(CC) $(CFLAGS) -std=gnu11 -I$(SIM_DIR) -o $@ $(filter %.c,$^) -ldl -lpthread

check-sim: sim $(SIM_OUT)/selftest
	$(SIM_OUT)/selftest $(SIM_OUT)/libcuda.so.1 tests/data
	sh $(SIM_DIR)/test_numba.sh $(SIM_OUT)/libcuda.so.1 || [ $$? -eq 77 ]
