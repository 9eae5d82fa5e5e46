/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The case as an engine sees it: bytes, in the format of fuzz/FORMAT.md.
 * Total: every byte string is a case (the empty one boots an empty p2m); missing bytes
 * at the end are zero. Local: a boot record, then records of a fixed size, so
 * one changed byte changes one op. PFNs are places (props/case/shape.h), so that edges
 * stay edges in each geometry. At most 256 records are read.
 *
 * Byte 0 == 1 is version 1 (codec_v1.c). Any other value is version 2, which is written.
 */
#ifndef FUZZ_CODEC_H
#define FUZZ_CODEC_H

#include <stddef.h>

#include "props/case/ops.h"

#define CODEC_VERSION 2
#define CODEC_LATER 0xf0 /* op codes from here on are those of later ops (codec.c) */
#define CODEC_SPARE 0xf1 /* from here on they are for ops to come; today each is a get */
#define CODEC_BOOT 192
#define CODEC_OP 32
#define CODEC_MAX (CODEC_BOOT + CASE_OPS * CODEC_OP)

/*
 * All have all ops; they differ in how many of the 64 op codes each gets. Version 1 has those
 * before VOCABULARY_SETUP.
 */
enum vocabulary { VOCABULARY_OPS, VOCABULARY_E820, VOCABULARY_SETUP, VOCABULARIES };
#define VOCABULARIES_1 VOCABULARY_SETUP

/* Their names in the column `codec` of targets.def. */
extern const char *const vocabulary_names[VOCABULARIES];

/* Decodes `data` into *c in this program's geometry. */
void codec_decode(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                  struct test_case *c);

/* The same for bytes of version 1, whatever their first byte is. */
void codec_decode_v1(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                     struct test_case *c);

/* Writes `c` to `out` (CODEC_MAX bytes) so that it decodes to the same case; answers the size. */
size_t codec_encode(enum vocabulary vocabulary, const struct test_case *c, uint8_t *out);

#endif
