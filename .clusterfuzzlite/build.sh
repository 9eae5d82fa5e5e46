#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzz targets for a service (ClusterFuzzLite, OSS-Fuzz) into $OUT, with
# the compiler, flags and engine that its environment names, and with each target its
# seeds, dictionary and options. Run at the root of the checkout. Not for direct use:
# use `make fuzz`.

[ -f core/p2m.c ] || cd "$SRC/p2mcheck"
jobs=${JOBS:-$(nproc)}

# $WORK, which the service sets, may still hold another configuration's objects.
# shellcheck disable=SC2153
work=$WORK/p2mcheck-${FUZZING_ENGINE:-engine}-${SANITIZER:-none}-${ARCHITECTURE:-host}
rm -rf "$work"
mkdir -p "$work" "$OUT"
make -j"$jobs" B="$work" S="$OUT" service-targets

# The encoder runs here and now: no sanitizer, no engine, this machine's words. All
# geometries of all configurations, so that it need not be built for each of them.
encoder=$WORK/p2mcheck-encoder
(
    unset CFLAGS CXXFLAGS
    export AFL_NOOPT=1
    make -j"$jobs" B="$encoder" GCC="$CC" CFLAGS_gcc= \
        GEOMETRIES_gcc="tiny odd x86_64 x86_32" "$encoder/gcc/p2m-case"
)

# The reviewed cases as the bytes of one target in one geometry, or as they are.
make_seeds() { # target geometry folder
    mkdir -p "$3"
    for text in corpus/*/*.txt; do
        room=${text%/*}
        seed=$3/${room##*/}-$(basename "$text" .txt)
        if [ "$1" = case ]; then
            cp "$text" "$seed"
        else
            "$encoder/gcc/p2m-case" encode --target="$1" --geometry="$2" "$text" -o "$seed"
        fi
    done
}

# The same bytes each time: independent of the clock, the zone and the user.
make_zip() { # folder zip
    (
        export TZ=UTC LC_ALL=C
        chmod 644 "$1"/*
        touch -t 200001010000 "$1"/*
        rm -f "$2"
        printf '%s\n' "$1"/* | zip -q -X -j "$2" -@
    )
}

set +x # omits a thousand lines from the log
targets=$(make -s service-names)
for target in $targets; do
    name=${target%%_*}
    make_seeds "$name" "${target#*_}" "$work/seeds/$target"
    make_zip "$work/seeds/$target" "$OUT/${target}_seed_corpus.zip"
    cp "fuzz/dictionaries/$name.dict" "$OUT/$target.dict"
    cp "fuzz/dictionaries/$name.options" "$OUT/$target.options"
done
