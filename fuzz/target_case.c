// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `case`: the text parser and both codecs. Input that looks like text is
 * parsed like a file; any other input is bytes. Every case must
 * come back unchanged from either format. Runs no p2m.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/convert.h"
#include "props/case/text.h"
#include "props/check/run.h"
#include "props/report/report.h"
#include "target.h"

UNINSTRUMENTED_BEGIN

static struct test_case first, again;

static void no_details(void *ctx)
{
    fprintf(stderr, "p2mcheck: after conversion to %s; the case:\n", (const char *)ctx);
    text_print_case(stderr, "    ", &shape_here, &first);
}

static void compare(const char *way)
{
    bool same = case_equal(&first, &again);
    char copy[16];

    run.tally.checks++;
    snprintf(copy, sizeof(copy), "%s", way);
    if (!same)
        invariant_report(CASE_ROUND_TRIP, no_details, copy);
}

static void through_bytes(enum vocabulary vocabulary)
{
    static uint8_t bytes[CODEC_MAX];

    codec_decode(vocabulary, bytes, codec_encode(vocabulary, &first, bytes), &again);
    compare("bytes");
}

static void through_text(void)
{
    static char text[64 * 1024];
    const struct shape *shape;
    char error[256];
    FILE *memory = fmemopen(text, sizeof(text), "w");
    size_t size;

    if (!memory)
        return;
    text_print_case(memory, "", &shape_here, &first);
    size = (size_t)ftell(memory);
    fclose(memory);
    if (!text_parse("case", text, size, &again, &shape, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        invariant_report(CASE_ROUND_TRIP, no_details, "text");
    }
    compare("text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct shape *shape;
    char error[256];

    target_count();
    run.tally.cases++;
    if (text_is_text(NULL, (const char *)data, size)) {
        if (!text_parse("case", (const char *)data, size, &first, &shape, error, sizeof(error)))
            return 0;
        case_convert(&first, shape, &shape_here);
    } else {
        codec_decode(VOCABULARY_OPS, data, size, &first);
    }
    run.tally.ops += first.count;
    through_bytes(VOCABULARY_OPS);
    through_bytes(VOCABULARY_E820);
    through_text();
    return 0;
}

UNINSTRUMENTED_END
