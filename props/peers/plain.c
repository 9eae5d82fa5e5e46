// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A harness for libFuzzer and AFL++ as usually written: bytes are ops, answers
 * are compared at once and the flat array at the end. No mutator, no dictionary. All comes in
 * records of 16 bytes, so that a minimizer that cuts out blocks cuts out ops:
 *
 *   boot   nr_pages (16 bits), flags (1 in 8 is auto-translated), refused page
 *   op     kind, refused page, kind of the entry, -, two words (32 bits)
 *
 * PEER_TARGET=e820: behind the boot there is a memory map, a record with its length and one
 * for each entry.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/p2m.h"
#include "peer.h"

#define OPS_MAX 256
#define RECORD 16

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool e820_first;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *target = getenv("PEER_TARGET");

    (void)argc;
    (void)argv;
    e820_first = target && !strcmp(target, "e820");
    peer_setup(0);
    return 0;
}

static uint32_t word(const uint8_t *data)
{
    return data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
}

/* One in sixteen is refused a page. */
static uint32_t refused(uint8_t byte)
{
    return byte >= 0xf0 ? (byte & 7u) + 1 : 0;
}

static uint64_t entry(uint8_t kind, uint64_t pfn, uint32_t b)
{
    switch (kind % 6) {
    case 0:
        return INVALID_P2M_ENTRY;
    case 1:
        return IDENTITY_FRAME(pfn);
    case 2:
        return FOREIGN_FRAME(b);
    case 3:
        return (uint64_t)b << 32; /* any bits, sound or not */
    default:
        return b;
    }
}

static struct peer_e820 region(const uint8_t *record)
{
    uint64_t room = (peer_shape.max + 16) * 4096;

    return (struct peer_e820){word(record + 4) % room, word(record + 8) % room, 1 + record[0] % 6u,
                              0};
}

/* A map out of up to four records; answers how many bytes it took. */
static size_t map_of(const uint8_t *data, size_t size, struct peer_op *op)
{
    *op = (struct peer_op){.kind = PEER_E820};
    if (size < RECORD)
        return 0;
    op->b = data[0] & 1;
    op->count = (data[0] >> 1) % (PEER_E820_MAX + 1);
    if (op->count > size / RECORD - 1)
        op->count = (uint32_t)(size / RECORD - 1);
    for (uint32_t i = 0; i < op->count; i++)
        op->map[i] = region(data + (i + 1) * RECORD);
    return (op->count + 1) * RECORD;
}

static struct peer_op op_of(const uint8_t *record)
{
    uint64_t pfn = word(record + 4) % (peer_shape.max + 16);
    uint32_t b = word(record + 8);
    struct peer_op op = {.refuse = refused(record[1]), .pfn = pfn};

    switch (record[0] % 8) {
    case 0:
    case 1:
        op.kind = PEER_SET;
        op.b = entry(record[2], pfn, b);
        break;
    case 2:
        op.kind = PEER_SET_THERE;
        op.b = entry(record[2], pfn, b);
        break;
    case 3:
    case 4:
        op.kind = PEER_RANGE;
        op.b = b % (peer_shape.max + 16);
        break;
    case 5:
        op.kind = PEER_RESUME;
        break;
    default:
        op.kind = PEER_GET;
        break;
    }
    return op;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer_boot boot;
    struct peer_op op;

    if (size < RECORD)
        return 0;
    boot = (struct peer_boot){(data[0] | data[1] << 8) % (peer_shape.leaf * 9), data[2] >= 0xe0,
                              refused(data[3])};
    data += RECORD;
    size -= RECORD;
    peer_begin(&boot);
    if (e820_first) {
        size_t took = map_of(data, size, &op);

        peer_apply(&op);
        data += took;
        size -= took;
    }
    for (unsigned n = 0; size >= RECORD && n < OPS_MAX; n++, data += RECORD, size -= RECORD) {
        op = op_of(data);
        peer_apply(&op);
    }
    peer_end();
    return 0;
}
