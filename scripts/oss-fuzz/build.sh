#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
# Licensed under the Apache License, Version 2.0; a copy is at
# http://www.apache.org/licenses/LICENSE-2.0
#
# projects/p2mcheck/build.sh of OSS-Fuzz. The checkout contains the build.

[ -f core/p2m.c ] || cd "$SRC/p2mcheck"
bash -eux .clusterfuzzlite/build.sh
