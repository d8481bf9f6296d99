#!/bin/bash
# A Go program with goroutines, its collector's memory and C's large blocks runs alike with and without the preload.
# timeout 180
. tests/clients/compare.sh
needs gccgo-12
gccgo-12 -O2 -o "$TMP/buffers" tests/clients/buffers.go || exit 1

same go "$TMP/buffers"
compare_result
