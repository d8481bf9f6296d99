#!/bin/bash
# Node moves large buffers between threads and through zlib, alike with and without the preload.
# timeout 180
. tests/clients/compare.sh
needs node

same node node tests/clients/buffers.js
compare_result
