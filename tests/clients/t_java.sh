#!/bin/bash
# Java compiles a program whose threads work on native buffers, and runs it, alike with and without the preload.
# timeout 180
. tests/clients/compare.sh
needs java ecj
source=$PWD/tests/clients/Buffers.java

work() {
    ecj -nowarn -proc:none -17 -d "$WORK" "$source" || return
    sha256sum <"$WORK/Buffers.class"
    java -Xmx256m -XX:MaxDirectMemorySize=512m -cp "$WORK" Buffers
}

same java work
compare_result
