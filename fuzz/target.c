// SPDX-License-Identifier: GPL-2.0-or-later
/* One input: decoded, run, judged, reported. See target.h. */
#include "target.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "props/base/asan.h"
#include "props/base/planted.h"
#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/report/report.h"
#include "props/run/executor.h"

UNINSTRUMENTED_BEGIN

#define TALLY_WORDS (sizeof(struct tally) / sizeof(uint64_t))

static uint64_t *published; /* shared with the parent process; NULL: not requested */

/*
 * Adds the new counts: an engine may run one process after the other, and the numbers are
 * the sum over all of them. Never more than one runs at a time.
 */
static void publish(void)
{
    static uint64_t before[TALLY_WORDS];
    uint64_t now[TALLY_WORDS];

    if (!published)
        return;
    run.tally.reached = planted.reached;
    run.tally.triggered = planted.triggered;
    memcpy(now, &run.tally, sizeof(now));
    for (size_t i = 0; i < TALLY_WORDS; i++)
        published[i] += now[i] - before[i];
    memcpy(before, now, sizeof(before));
}

/*
 * Adds the running op to ASan's report. Compiled only with ASan: a service that counts
 * calls into the sanitizers rejects other builds that have even a weak one.
 */
#if ASAN_IS_ON
static void name_the_op(const char *sanitizer_report)
{
    char line[128];

    (void)sanitizer_report;
    publish();
    if (!run.c)
        return;
    report_name_op(line, sizeof(line), run.c, running_op);
    fprintf(stderr, "p2mcheck: crashed in op %d: %s\n", running_op + 1, line);
}
#endif

static void open_stats(void)
{
    const char *name = getenv("P2MCHECK_STATS");
    int fd = name ? open(name, O_RDWR | O_CREAT, 0666) : -1;

    if (fd < 0)
        return;
    /* on a full disk a store into the mapping would be a SIGBUS, and look like a finding */
    if (!ftruncate(fd, sizeof(struct tally)) && !posix_fallocate(fd, 0, sizeof(struct tally))) {
        published = mmap(NULL, sizeof(struct tally), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (published == MAP_FAILED)
            published = NULL;
    }
    close(fd);
    atexit(publish);
}

bool target_without(enum without what)
{
    static int without = -1;
    const char *names = getenv("P2MCHECK_WITHOUT");

    if (without < 0) {
        without = !names ? 0
                         : (strstr(names, "mutator") ? WITHOUT_MUTATOR : 0) |
                               (strstr(names, "swarm") ? WITHOUT_SWARM : 0);
        generate_swarm_off = without & WITHOUT_SWARM;
    }
    return without & what;
}

/* For every input: AFL++ counts code that runs only sometimes as instability. */
void target_count(void)
{
    static bool started;

    if (!started) {
        started = true;
        target_without(0);
        open_stats();
#if ASAN_IS_ON
        __asan_set_error_report_callback(name_the_op);
#endif
    }
    publish();
}

int target_run(const char *name, enum vocabulary vocabulary, const uint8_t *data, size_t size)
{
    static struct test_case c;
    struct verdict verdict;
    struct report report = {&verdict, &c, name, NULL};

    codec_decode(vocabulary, data, size, &c);
    target_count();
    if (executor_judge(subject_under_test, &c, CHECK_QUICK, &verdict))
        return 0;
    publish();
    report_and_stop(&report);
}

UNINSTRUMENTED_END
