/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The case as an engine sees it: bytes. Total: every byte string is a case, the
 * empty one too (it boots an empty p2m); what is missing at the end is zero.
 * Local: a boot record, then records of a fixed size, and one changed byte
 * changes one op. PFNs are places (props/shape.h), so that edges stay edges in
 * each geometry. At most 256 records, the rest is ignored.
 *
 *   boot, 16 bytes                          op, 18 bytes
 *    0    version (unknown: the current)     0      op, by a table of 32
 *    1    low half 0xf: auto-translated;     1      0xf0 + n: page n + 1 is refused
 *         bit 7: restore=xen                 2      0xc0 + n: at sync point n + 1
 *    2,3  leaves: [3] is 0xf?: 12 bits;      3      entry kind | range: bit 0: as it
 *         else [2] & 3                              is, else start and end are put
 *    4,5  rest: bit 15: from the end                in order | E820 type | bit 0: domU
 *    6    refused page, as in an op          4..9   place of the PFN
 *    7    holes                              10..17 entry | place of the end
 *    8    swarm: bit k: op kind k is off
 *
 * A place is three 16-bit indices, low byte first: top, mid, leaf; bit 15: from
 * the high end. Bits 10..14 of the first all set: beyond the table, the distance
 * being the 10 + 15 + 15 bits left. The addresses of an E820 entry are two such
 * pages; what is below a page: bytes 1 and 2, and 16 and 17.
 */
#ifndef FUZZ_CODEC_H
#define FUZZ_CODEC_H

#include <stddef.h>

#include "props/case/ops.h"

#define CODEC_VERSION 1
#define CODEC_BOOT 16
#define CODEC_OP 18
#define CODEC_MAX (CODEC_BOOT + CASE_OPS * CODEC_OP)

/* Both have all ops; they differ in how many of the 32 op codes each gets. */
enum vocabulary { VOCABULARY_OPS, VOCABULARY_E820, VOCABULARIES };

/* "ops", "e820": what the targets with that mix are called. */
extern const char *const vocabulary_names[VOCABULARIES];

/* *c becomes the case that `data` is, in this program's geometry. */
void codec_decode(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                  struct test_case *c);

/* Writes `c` to `out` (CODEC_MAX bytes) so that it decodes to the same; answers the size. */
size_t codec_encode(enum vocabulary vocabulary, const struct test_case *c, uint8_t *out);

#endif
