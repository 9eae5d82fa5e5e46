// SPDX-License-Identifier: GPL-2.0-or-later
/* Names, sentences and reports of the invariants. What they mean is in props/check. */
#include "invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

static const char *const names[INVARIANT_COUNT] = {"none",
#define X(name, function, sentence) #name,
                                                   INVARIANTS(X)
#undef X
};

static const char *const sentences[INVARIANT_COUNT] = {"",
#define X(name, function, sentence) sentence,
                                                       INVARIANTS(X)
#undef X
};

const char *invariant_name(enum invariant id)
{
    return names[id];
}

const char *invariant_sentence(enum invariant id)
{
    return sentences[id];
}

enum invariant invariant_by_name(const char *name)
{
    for (int id = 1; id < INVARIANT_COUNT; id++)
        if (!strcmp(name, names[id]))
            return (enum invariant)id;
    return INVARIANT_NONE;
}

/* The tail that all reports share; each invariant's own function stands above it. */
static noreturn __attribute__((noinline)) void
report_and_abort(enum invariant id, void (*details)(void *ctx), void *ctx)
{
    fflush(stdout);
    fprintf(stderr, "ASSERTION FAILED: %s\n", sentences[id]);
    fprintf(stderr, "DEDUP_TOKEN: %s\n", names[id]);
    details(ctx);
    fflush(stderr);
    abort();
}

/* The empty asm keeps the call from becoming a jump, which would drop the frame. */
#define X(name, function, sentence)                                                                \
    static __attribute__((noinline)) void function(void (*details)(void *ctx), void *ctx)          \
    {                                                                                              \
        report_and_abort(name, details, ctx);                                                      \
        __asm__ volatile("");                                                                      \
    }
INVARIANTS(X)
#undef X

typedef void report_fn(void (*details)(void *ctx), void *ctx);

static report_fn *const reports[INVARIANT_COUNT] = {NULL,
#define X(name, function, sentence) function,
                                                    INVARIANTS(X)
#undef X
};

void invariant_report(enum invariant id, void (*details)(void *ctx), void *ctx)
{
    reports[id](details, ctx);
    abort();
}

UNINSTRUMENTED_END
