// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real threads on one p2m, under ThreadSanitizer: rounds of a fresh p2m, some
 * hundred calls by each thread, and a check when they are gone. The harness's own
 * races (props/run/overlap.c) are replayed at sync points, in one thread, and see each
 * interleaving that there is between two accesses; they cannot see an access
 * that is not atomic or not ordered. This can, and it knows nothing of the
 * harness: the core is built plainly, without sync points.
 *
 * Each PFN has one writer, or is common: any thread makes it identity, none makes it
 * anything else. Blocks of both kinds, from one PFN to whole mid ranges, lie side
 * by side, so that leaves and mids are shared by several writers:
 *
 *     leaf       |.......|.......|.......|.......|
 *     writer      00001111222c333333333300cccccccc     c: common
 *
 * The calls of each thread depend on seed, round and thread alone, never on the others;
 * the order in which they meet depends on the machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "history.h"
#include "props/base/number.h"
#include "world.h"

enum {
    PFNS = HISTORY_PFNS,
    LEAVES = P2M_TOP * P2M_MID,
    THREADS_MAX = 16,
    HOT_STEPS = 4,
    COMMON = 255,           /* as the writer of a PFN */
    ROUNDS_FOR_RACES = 50,  /* so many without a lost race: threads that never met */
    SECONDS_FOR_ROUND = 30, /* it takes milliseconds */
};

_Static_assert((uint64_t)P2M_TOP *P2M_MID *P2M_LEAF <= 4096, "for the small geometries only");

/* The one that a thread is in, for the line when it dies there. */
struct call {
    const char *name;
    p2m_word first, second;
};

struct worker {
    struct hand hand;
    struct call call;
    pthread_t thread;
    struct prng prng;
    unsigned step;           /* how far it is, for the others */
    bool holds_leaf[LEAVES]; /* the leaf is private for certain */
    uint32_t floor[PFNS];    /* see history_judge */
    uint64_t calls, reads, unknown, refused, lost;
};

static struct {
    uint64_t seed, rounds, seconds;
    unsigned threads;
} options = {1, 0, 10, 4};

static struct worker workers[THREADS_MAX];
static struct hand main_hand;
static pthread_barrier_t gate;

/* The plan of the round, made before its threads are. */
static uint8_t writer_of[PFNS];
static struct prng round_prng;
static uint64_t hot_salt;

/* ---- values ---- */

static bool may_write(const struct worker *w, p2m_word pfn)
{
    return writer_of[pfn] == w->hand.index || writer_of[pfn] == COMMON;
}

/* Tells PFN and version, in 30 bits. */
static p2m_word versioned(p2m_word pfn, uint32_t version)
{
    return (p2m_word)(version + 1) << 12 | pfn;
}

static p2m_word first_entry(p2m_word pfn)
{
    return prng_mix(hot_salt + pfn) % 4 ? versioned(pfn, 0) : INVALID_P2M_ENTRY;
}

static p2m_word draw_entry(struct worker *w, p2m_word pfn)
{
    p2m_word mfn = versioned(pfn, history_announced(pfn) + 1);

    switch (prng_below(&w->prng, 8)) {
    case 0:
        return INVALID_P2M_ENTRY;
    case 1:
        return IDENTITY_FRAME(pfn);
    case 2:
        return pfn; /* a plain frame nevertheless */
    case 3:
    case 4:
        return FOREIGN_FRAME(mfn);
    default:
        return mfn;
    }
}

static void announce(p2m_word pfn, p2m_word entry)
{
    if (writer_of[pfn] == COMMON)
        history_announce_common(pfn);
    else
        history_announce(pfn, entry);
}

static void settle(p2m_word pfn, bool done)
{
    if (writer_of[pfn] == COMMON)
        history_settle_common(pfn, done);
    else
        history_settle(pfn, done);
}

/* ---- calls ---- */

static void call_begins(struct worker *w, const char *name, p2m_word first, p2m_word second)
{
    w->call = (struct call){name, first, second};
    w->hand.asked = w->hand.given = w->hand.refused = 0;
    w->hand.refuse = prng_one_in(&w->prng, 8) ? 1 + (unsigned)prng_below(&w->prng, 4) : 0;
}

/* A page that comes back though none was refused: another thread was faster. */
static void call_ended(struct worker *w)
{
    w->calls++;
    w->refused += w->hand.refused;
    if (!w->hand.refused)
        w->lost += w->hand.given;
}

static void expect(bool condition, const char *what, p2m_word pfn, p2m_word value)
{
    if (!condition)
        world_fail("%s: PFN 0x%" PRIx64 ", 0x%" PRIx64, what, (uint64_t)pfn, (uint64_t)value);
}

static void call_set(struct worker *w, p2m_word pfn, p2m_word entry)
{
    bool done;

    call_begins(w, "set", pfn, entry);
    announce(pfn, entry);
    done = set_phys_to_machine(&world, pfn, entry);
    settle(pfn, done);
    call_ended(w);
    expect(done == !w->hand.refused,
           done ? "set is true though a page was refused" : "set is false, no page was refused",
           pfn, entry);
    if (done && entry != INVALID_P2M_ENTRY && entry != IDENTITY_FRAME(pfn))
        w->holds_leaf[pfn / P2M_LEAF] = true;
}

/* May be false, but not where the leaf is known to be private or the entry to be there. */
static void call_set_quietly(struct worker *w, p2m_word pfn, p2m_word entry)
{
    bool sure = w->holds_leaf[pfn / P2M_LEAF] || history_entry(pfn) == entry, done;

    call_begins(w, "__set", pfn, entry);
    announce(pfn, entry);
    done = __set_phys_to_machine(&world, pfn, entry);
    settle(pfn, done);
    call_ended(w);
    expect(done || !sure, "__set is false where no page was needed", pfn, entry);
    expect(!w->hand.asked, "__set asked for a page", pfn, entry);
}

static void call_range(struct worker *w, p2m_word start, p2m_word end)
{
    p2m_word got;

    call_begins(w, "range", start, end);
    for (p2m_word pfn = start; pfn < end; pfn++)
        announce(pfn, IDENTITY_FRAME(pfn));
    got = set_phys_range_identity(&world, start, end);
    for (p2m_word pfn = start; pfn < end; pfn++)
        settle(pfn, got != 0);
    call_ended(w);
    expect(got == (w->hand.refused ? 0 : end - start),
           w->hand.refused ? "a range is not 0 though a page was refused" : "a range fell short",
           start, got);
}

/* A value that is not an entry of this PFN changes nothing; no thread may read it. */
static void call_malformed(struct worker *w, p2m_word pfn)
{
    p2m_word entry = IDENTITY_FRAME(pfn + 1);

    call_begins(w, "set", pfn, entry);
    expect(!set_phys_to_machine(&world, pfn, entry), "set of another PFN's identity", pfn, entry);
    call_ended(w);
}

static void call_read(struct worker *w, p2m_word pfn)
{
    bool bare = prng_one_in(&w->prng, 4);
    p2m_word value;
    uint32_t before;

    w->call = (struct call){bare ? "pfn_to_mfn" : "get", pfn, 0};
    before = history_before(pfn);
    value = bare ? pfn_to_mfn(&world, pfn) : get_phys_to_machine(&world, pfn);

    switch (history_judge(pfn, value, bare, before, &w->floor[pfn])) {
    case READING_FITS:
        w->reads++;
        break;
    case READING_UNKNOWN:
        w->unknown++;
        break;
    case READING_WRONG:
        world_fail("%s(0x%" PRIx64 ") is 0x%" PRIx64
                   ", which it never was between before and after; thread %u, version %" PRIu32
                   " was settled before, %" PRIu32 " is this thread's floor",
                   bare ? "pfn_to_mfn" : "get", (uint64_t)pfn, (uint64_t)value, w->hand.index,
                   before, w->floor[pfn]);
        history_print(pfn);
    }
    w->calls++;
}

/* ---- the calls of a thread ---- */

/*
 * Half of the calls go where the others are likely to be at the same time: to the
 * hot leaf, which is another one every few calls. All mids have a turn first, while
 * they are still to be made: `rush`, all at once.
 */
static p2m_word draw_pfn(struct worker *w, unsigned step, bool rush)
{
    unsigned turn = step / HOT_STEPS;
    uint64_t hot = prng_mix(hot_salt ^ turn), mid = turn < P2M_TOP ? hot_salt + turn : hot;

    if (!rush && prng_one_in(&w->prng, 2))
        return (p2m_word)prng_below(&w->prng, PFNS);
    return (p2m_word)(mid % P2M_TOP * P2M_MID_SPAN + (hot >> 8) % P2M_MID * P2M_LEAF +
                      prng_below(&w->prng, P2M_LEAF));
}

/* The next PFN from `pfn` on, round the end, that `w` may write; PFNS: none. */
static p2m_word next_own(const struct worker *w, p2m_word pfn)
{
    for (unsigned i = 0; i < PFNS; i++)
        if (may_write(w, (pfn + i) % PFNS))
            return (pfn + i) % PFNS;
    return PFNS;
}

/*
 * A range that `w` may write, around `pfn`: to the borders of its leaf, of its mid
 * or of all that it may write there, or short of them.
 */
static void draw_range(struct worker *w, p2m_word pfn)
{
    const p2m_word spans[] = {1, P2M_LEAF, P2M_MID_SPAN, PFNS};
    p2m_word low = spans[prng_below(&w->prng, 4)], high = spans[prng_below(&w->prng, 4)];
    p2m_word start = pfn, end = pfn + 1;

    low = pfn - pfn % low;
    high = pfn - pfn % high + high;
    if (prng_one_in(&w->prng, 2))
        high = pfn + 1 + prng_below(&w->prng, high - pfn);
    while (start > low && may_write(w, start - 1))
        start--;
    while (end < high && may_write(w, end))
        end++;
    call_range(w, start, end);
}

static void write_at(struct worker *w, p2m_word pfn)
{
    bool common = writer_of[pfn] == COMMON;
    p2m_word entry = common ? IDENTITY_FRAME(pfn) : draw_entry(w, pfn);

    switch (prng_below(&w->prng, common ? 6 : 16)) {
    case 0:
        call_malformed(w, pfn);
        break;
    case 1:
    case 2:
    case 3:
        draw_range(w, pfn);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        call_set_quietly(w, pfn, entry);
        break;
    default:
        call_set(w, pfn, entry);
    }
}

/*
 * Waits for who lags behind, but not for ever; then two go on at once. Without it
 * the threads would drift apart and the hot leaf be each one's own.
 */
static void keep_in_step(struct worker *w, unsigned step)
{
    __atomic_store_n(&w->step, step, __ATOMIC_RELAXED);
    for (unsigned tries = 0, behind = 1; tries < 20 && behind; tries++) {
        behind = 0;
        for (unsigned i = 0; i < options.threads; i++)
            behind += __atomic_load_n(&workers[i].step, __ATOMIC_RELAXED) < step;
        if (behind)
            sched_yield();
    }
    world_meet();
}

static void *work(void *argument)
{
    struct worker *w = argument;
    unsigned steps = P2M_TOP * HOT_STEPS + (unsigned)prng_below(&w->prng, 200);
    sigset_t alarm_only;

    self = &w->hand;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL); /* for the main thread, which only waits */
    pthread_barrier_wait(&gate);
    for (unsigned step = 0; step < steps && !world_failed(); step++) {
        bool rush = step % HOT_STEPS == 0 && step / HOT_STEPS < P2M_TOP;
        p2m_word pfn = draw_pfn(w, step, rush), own = next_own(w, pfn);

        if (step % HOT_STEPS == 0)
            keep_in_step(w, step);
        if (own < PFNS && (rush || prng_one_in(&w->prng, 2)))
            write_at(w, own);
        else
            call_read(w, pfn);
    }
    __atomic_store_n(&w->step, UINT_MAX, __ATOMIC_RELAXED);
    return NULL;
}

/* ---- a round ---- */

/* Each mid range has blocks of one size; sizes that cut leaves in two are among them. */
static void plan_writers(void)
{
    const p2m_word sizes[] = {1, (P2M_LEAF + 1) / 2, P2M_LEAF, 2 * P2M_LEAF, P2M_MID_SPAN};
    p2m_word size = 1;
    uint8_t writer = 0;

    for (p2m_word pfn = 0; pfn < PFNS; pfn++) {
        if (pfn % P2M_MID_SPAN == 0)
            size = sizes[prng_below(&round_prng, sizeof(sizes) / sizeof(*sizes))];
        if (pfn % P2M_MID_SPAN % size == 0)
            writer = prng_one_in(&round_prng, size == P2M_MID_SPAN ? 2 : 5)
                         ? COMMON
                         : (uint8_t)(1 + prng_below(&round_prng, options.threads));
        writer_of[pfn] = writer;
    }
}

/* Mostly little, so that much of the tree is still to be made. */
static p2m_word draw_nr_pages(void)
{
    switch (prng_below(&round_prng, 4)) {
    case 0:
        return 0;
    case 1:
        return (p2m_word)prng_below(&round_prng, PFNS + 1);
    default:
        return (p2m_word)prng_below(&round_prng, 3 * P2M_LEAF) % (PFNS + 1);
    }
}

static void plan_round(p2m_word nr_pages)
{
    plan_writers();
    for (p2m_word pfn = 0; pfn < PFNS; pfn++) {
        p2m_word entry = pfn < nr_pages ? first_entry(pfn) : INVALID_P2M_ENTRY;

        if (writer_of[pfn] == COMMON)
            history_start_common(pfn, entry);
        else
            history_start(pfn, entry);
    }
}

static void hand_start(struct hand *hand, unsigned index)
{
    memset(hand, 0, sizeof(*hand));
    hand->index = index;
    hand->pace.state = prng_next(&round_prng);
}

static void worker_start(struct worker *w, unsigned index, p2m_word nr_pages)
{
    hand_start(&w->hand, index);
    w->step = 0;
    w->prng.state = prng_next(&round_prng);
    memset(w->floor, 0, sizeof(w->floor));
    for (unsigned leaf = 0; leaf < LEAVES; leaf++)
        w->holds_leaf[leaf] = leaf * P2M_LEAF < nr_pages;
    errno = pthread_create(&w->thread, NULL, work, w);
    if (errno) {
        perror("race: pthread_create");
        exit(1);
    }
}

static void one_round(void)
{
    struct hand *hands[1 + THREADS_MAX] = {&main_hand};
    p2m_word nr_pages;
    int64_t live;

    round_prng.state = prng_mix(world_seed) ^ prng_mix(~world_round);
    hot_salt = prng_next(&round_prng);
    hand_start(&main_hand, 0);
    nr_pages = draw_nr_pages();
    plan_round(nr_pages);
    world_boot(nr_pages, first_entry);
    live = main_hand.live;
    for (unsigned i = 0; i < options.threads; i++) {
        hands[1 + i] = &workers[i].hand;
        worker_start(&workers[i], 1 + i, nr_pages);
    }
    for (unsigned i = 0; i < options.threads; i++) {
        pthread_join(workers[i].thread, NULL);
        live += workers[i].hand.live;
    }
    world_check(live, history_entry);
    world_end(hands, 1 + options.threads);
}

/* ---- reports, faults, hangs ---- */

/* The handlers below know what they do. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_signal_unsafe=0";
}

static uint64_t reports;

/* It calls this, by name, after each report that it has printed. */
void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
    (void)report;
    __atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
}

/*
 * From here on nothing goes by way of ThreadSanitizer: it may hold a lock of its own
 * where it was interrupted, and would wait for itself for ever.
 */
static void say(const char *what)
{
    char line[200];
    int length = snprintf(line, sizeof(line), "race: seed %" PRIu64 ", round %" PRIu64 ": %s\n",
                          world_seed, world_round, what);

    syscall(SYS_write, STDERR_FILENO, line, length);
}

static void on_alarm(int signal)
{
    (void)signal;
    say("hangs: a call does not terminate");
    syscall(SYS_exit_group, 1);
}

static void on_fault(int signal, siginfo_t *fault, void *context)
{
    char what[150];
    const struct call *call = self->index ? &workers[self->index - 1].call : NULL;

    (void)signal;
    (void)context;
    snprintf(what, sizeof(what),
             "%s, by thread %u in or after its call of %s(0x%" PRIx64 ", 0x%" PRIx64 ")",
             world_is_sealed(fault->si_addr) ? "a shared page is written"
                                             : "a wild pointer is followed",
             self->index, call ? call->name : "build, the checks or destroy",
             call ? (uint64_t)call->first : 0, call ? (uint64_t)call->second : 0);
    say(what);
    syscall(SYS_exit_group, 1);
}

static void watch(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    signal(SIGALRM, on_alarm);
}

/* ---- the command line ---- */

static int usage(const char *why)
{
    fprintf(stderr,
            "race: %s\n"
            "usage: race [--time=SECONDS | --rounds=N] [--threads=2..%d] [--seed=N]\n",
            why, THREADS_MAX);
    return 2;
}

static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
    return number_parse(text, number) && *number >= low && *number <= high;
}

static bool read_option(const char *argument)
{
    uint64_t threads;

    if (!strncmp(argument, "--seed=", 7))
        return read_number(argument + 7, 0, UINT64_MAX, &options.seed);
    if (!strncmp(argument, "--time=", 7))
        return read_number(argument + 7, 1, 1000000, &options.seconds);
    if (!strncmp(argument, "--rounds=", 9))
        return read_number(argument + 9, 1, UINT64_MAX, &options.rounds);
    if (strncmp(argument, "--threads=", 10) ||
        !read_number(argument + 10, 2, THREADS_MAX, &threads))
        return false;
    options.threads = (unsigned)threads;
    return true;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The last line, and whether the run tested anything. */
static bool conclude(uint64_t rounds)
{
    static struct worker sum;
    bool met;

    for (unsigned i = 0; i < options.threads; i++) {
        sum.calls += workers[i].calls;
        sum.reads += workers[i].reads;
        sum.unknown += workers[i].unknown;
        sum.refused += workers[i].refused;
        sum.lost += workers[i].lost;
    }
    met = sum.lost || rounds < ROUNDS_FOR_RACES;
    if (!world_failures && (!sum.calls || !sum.reads))
        world_fail("no call was made, or no read checked: nothing was tested");
    if (!world_failures && !met)
        world_fail("no two threads ever raced for a slot: nothing was tested");
    printf("race: %" PRIu64 " rounds, %" PRIu64 " calls, %" PRIu64 " reads checked (%" PRIu64
           " could not be), %" PRIu64 " refused pages, %" PRIu64
           " lost races for a slot (pages given back), %" PRIu64 " failures\n",
           rounds, sum.calls, sum.reads, sum.unknown, sum.refused, sum.lost, world_failures);
    return !world_failures;
}

int main(int argc, char **argv)
{
    double end;

    for (int i = 1; i < argc; i++)
        if (!read_option(argv[i]))
            return usage(argv[i]);
    printf("race: geometry %s, seed %" PRIu64 ", %u threads\n", P2M_GEOMETRY, options.seed,
           options.threads);
    fflush(stdout);
    self = &main_hand;
    world_seed = options.seed;
    world_start();
    watch();
    pthread_barrier_init(&gate, NULL, options.threads);
    end = now() + (double)options.seconds;
    do {
        alarm(SECONDS_FOR_ROUND);
        one_round();
        if (reports)
            world_fail("ThreadSanitizer has %" PRIu64 " reports, see above", reports);
        world_round++;
    } while (!world_failures && (options.rounds ? world_round < options.rounds : now() < end));
    return conclude(world_round) ? 0 : 1;
}
