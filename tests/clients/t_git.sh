#!/bin/bash
# Git packs large blobs with several threads, repacks, checks and clones them, and ends with the same objects.
# timeout 180
. tests/clients/compare.sh
needs git perl

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a \
    GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

# files SEED: text of 3 and 5 MiB that differs a little from seed to seed, and many small files
files() {
    perl -e 'my ($seed) = @ARGV; srand(7);
        for my $k (1 .. 2) {
            open(my $f, ">", "large$k") or die;
            for my $i (1 .. 45000 * $k) { printf $f "%d %s line %d of %d\n", rand(1e9), "abcdefgh" x 4, $i % 1000 == $seed ? -$i : $i, $k; } 
        }
        for my $i (1 .. 300) { open(my $f, ">", "small$i") or die; print $f "$i $seed\n" x ($i % 17 + 1); }' "$1"
}

objects() {
    git cat-file --batch-all-objects --batch-check | sort | sha256sum
    git rev-parse HEAD 'HEAD^{tree}'
    git log -p --no-color | sha256sum
}

work() {
    cd "$WORK" || return
    git init -q -b main made && cd made || return
    git config pack.threads 3
    git config core.fsync none
    git config core.bigFileThreshold 1g
    for seed in 1 2 3; do
        files $seed
        git add -A && git commit -q -m "state $seed" || return
    done
    git gc -q && objects
    git repack -q -a -d -f --depth=20 --window=4 && objects
    git -c core.packedGitWindowSize=1m fsck --full --strict 2>&1
    git archive HEAD | sha256sum
    git clone -q --no-local . ../clone && cd ../clone && objects && git status --porcelain && git diff --stat HEAD~2 | tail -n 1
    git blame -s large1 | sha256sum
}

same git work
compare_result
