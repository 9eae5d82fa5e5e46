// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flat array, the comparison with it, and the case (peer.h). Where the table has 512^3
 * entries the flat array is a list of writes, searched from its end, and only
 * the PFNs next to any touched edge are compared.
 */
#include "peer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/e820.h"
#include "core/p2m.h"
#include "pages.h"

#define SMALL (P2M_TOP * P2M_MID * P2M_LEAF <= 4096)
#define OPS_MAX 1024
#define WATCH_MAX (16 * OPS_MAX)

const struct peer_shape peer_shape = {P2M_LEAF, P2M_MID_SPAN, MAX_P2M_PFN,
                                      SMALL ? MAX_P2M_PFN + P2M_LEAF : P2M_MID_SPAN + 2 * P2M_LEAF};

/* [start, end) became identity, or `start` alone became `entry`. */
struct write {
    p2m_word start, end, entry;
    bool identity;
};

static struct {
    struct p2m p2m;
    struct p2m_shared shared;
    struct p2m_platform platform;
    struct p2m_shared_info info;
    void *shared_pages[4];
    p2m_word *list;
    p2m_word nr_pages;
    p2m_word flat[SMALL ? MAX_P2M_PFN : 1];
    struct write writes[OPS_MAX * (PEER_E820_MAX + 1)];
    unsigned write_count;
    p2m_word frames[OPS_MAX]; /* leaves that hold a frame, and so are private */
    unsigned frame_count;
    p2m_word watch[WATCH_MAX];
    unsigned watch_count, fresh; /* from `fresh` on: of the last op */
    int empty;                   /* PEER_EMPTY: no calls, to measure the cost of the tool */
} w;

static struct peer_stats no_stats;
struct peer_stats *peer_stats = &no_stats;

/* ---- failures ---- */

static int caught;
static sigjmp_buf way_out;
static volatile sig_atomic_t inside, ticks;

static uint64_t now_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

void peer_fail(const char *what)
{
    struct peer_stats *s = peer_stats;

    s->last_ops = s->case_ops;
    s->last_ns = now_ns();
    snprintf(s->last, sizeof(s->last), "%s", what);
    if (!s->failures++) {
        s->first_ns = s->last_ns;
        s->first_cases = s->cases;
        s->first_ops = s->ops;
        memcpy(s->first, s->last, sizeof(s->first));
    }
    inside = 0;
    if (caught)
        siglongjmp(way_out, 1);
    fprintf(stderr, "peer: %s\n", what);
    abort();
}

static void require(bool fine, const char *what)
{
    if (!fine)
        peer_fail(what);
}

static void fault(int signal)
{
    if (!inside) { /* not in the core: the peer's own */
        (void)!write(2, "peer: a fault outside the core\n", 31);
        _exit(99);
    }
    peer_fail(signal == SIGFPE ? "SIGFPE" : "SIGSEGV");
}

/* Half a second in one call is a hang. */
static void tick(int signal)
{
    (void)signal;
    if (inside && ++ticks > 5)
        peer_fail("a call does not terminate");
}

static void no_warning(void *ctx, const char *what)
{
    (void)ctx;
    (void)what;
    peer_fail("the core warned");
}

static void no_bug(void *ctx, const char *what)
{
    (void)ctx;
    (void)what;
    peer_fail("the core stopped");
}

void peer_setup(int caught_)
{
    static char stack[65536];
    const char *name = getenv("PEER_STATS");
    struct itimerval tenth = {{0, 100000}, {0, 100000}};
    struct sigaction action = {.sa_handler = fault, .sa_flags = SA_NODEFER | SA_ONSTACK};
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    int file = name ? open(name, O_RDWR | O_CREAT, 0666) : -1;

    if (file >= 0 && !ftruncate(file, sizeof(struct peer_stats))) {
        void *p =
            mmap(NULL, sizeof(struct peer_stats), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

        peer_stats = p == MAP_FAILED ? &no_stats : p;
        close(file);
    }
    w.empty = getenv("PEER_EMPTY") != NULL;
    caught = caught_;
    if (!caught)
        return;
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    action.sa_handler = tick;
    action.sa_flags |= SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &tenth, NULL);
}

/* ---- the flat array ---- */

/* The domain builder's list: frames and some holes. */
static p2m_word built(p2m_word pfn)
{
    return pfn % 7 == 3 ? INVALID_P2M_ENTRY : 0x700000 + pfn;
}

static p2m_word flat_get(p2m_word pfn)
{
    if (pfn >= MAX_P2M_PFN || w.p2m.auto_translated)
        return INVALID_P2M_ENTRY;
    if (SMALL)
        return w.flat[SMALL ? pfn : 0];
    for (unsigned i = w.write_count; i-- > 0;)
        if (pfn >= w.writes[i].start && pfn < w.writes[i].end)
            return w.writes[i].identity ? IDENTITY_FRAME(pfn) : w.writes[i].entry;
    return pfn < w.nr_pages ? built(pfn) : INVALID_P2M_ENTRY;
}

static void note(struct write write)
{
    require(w.write_count < sizeof(w.writes) / sizeof(*w.writes), "peer: too long a case");
    w.writes[w.write_count++] = write;
}

static void flat_set(p2m_word pfn, p2m_word entry)
{
    if (pfn >= MAX_P2M_PFN || w.p2m.auto_translated)
        return;
    if (SMALL)
        w.flat[SMALL ? pfn : 0] = entry;
    else
        note((struct write){pfn, pfn + 1, entry, false});
}

static void flat_range(p2m_word start, p2m_word end)
{
    if (w.p2m.auto_translated || start >= end)
        return;
    if (!SMALL)
        note((struct write){start, end, 0, true});
    for (p2m_word pfn = start; SMALL && pfn < end; pfn++)
        w.flat[SMALL ? pfn : 0] = IDENTITY_FRAME(pfn);
}

/* ---- comparing ---- */

/* The toolstack's way: the leaf of `pfn` through the MFN tree, NULL if it is none of ours. */
static const p2m_word *leaf_of_toolstack(p2m_word pfn)
{
    const p2m_word *top = page_of_mfn(w.info.pfn_to_mfn_frame_list_list), *mid, *leaf;

    require(top != NULL, "the published root is not a page");
    mid = page_of_mfn(top[pfn / P2M_MID_SPAN]);
    require(mid != NULL, "the MFN tree's root leads to an address that is not a page");
    leaf = page_of_mfn(mid[pfn / P2M_LEAF % P2M_MID]);
    require(leaf != NULL, "the MFN tree leads to an address that is not a page");
    return leaf;
}

/* Up to max_pfn the toolstack reads every frame; above it there is none. */
static void compare_saved(p2m_word start, unsigned count)
{
    const p2m_word *leaf = start < w.info.max_pfn ? leaf_of_toolstack(start) : NULL;

    for (p2m_word pfn = start; pfn < start + count; pfn++) {
        p2m_word want = flat_get(pfn), got = leaf ? leaf[pfn % P2M_LEAF] : INVALID_P2M_ENTRY;

        if (got != want && !(want == IDENTITY_FRAME(pfn) && got == INVALID_P2M_ENTRY))
            peer_fail("the toolstack's view differs from the flat array");
    }
}

static p2m_word bare(p2m_word pfn, p2m_word entry)
{
    if (w.p2m.auto_translated)
        return pfn;
    return entry == INVALID_P2M_ENTRY ? entry : entry & ~(FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT);
}

static void compare_entry(p2m_word pfn)
{
    p2m_word want = flat_get(pfn);

    require(get_phys_to_machine(&w.p2m, pfn) == want, "get differs from the flat array");
    require(pfn_to_mfn(&w.p2m, pfn) == bare(pfn, want), "pfn_to_mfn differs from the flat array");
}

static void compare_shared(void)
{
    bool fine = true;

    for (unsigned i = 0; i < P2M_LEAF; i++)
        fine &=
            w.shared.missing[i] == INVALID_P2M_ENTRY && w.shared.identity[i] == INVALID_P2M_ENTRY;
    for (unsigned i = 0; i < P2M_MID; i++)
        fine &= w.shared.mid_missing[i] == w.shared.missing &&
                w.shared.mid_identity[i] == w.shared.identity;
    require(fine, "a shared page was written");
}

/* The whole of a small table, and the watched PFNs from number `from` on. */
static void compare_all(unsigned from)
{
    compare_shared();
    for (p2m_word pfn = 0; SMALL && pfn < MAX_P2M_PFN; pfn++)
        if (get_phys_to_machine(&w.p2m, pfn) != flat_get(pfn))
            peer_fail("get differs from the flat array");
    for (p2m_word pfn = 0; SMALL && !w.p2m.auto_translated && pfn < MAX_P2M_PFN; pfn += P2M_LEAF)
        compare_saved(pfn, P2M_LEAF);
    for (unsigned i = from; i < w.watch_count; i++) {
        compare_entry(w.watch[i]);
        if (!SMALL && !w.p2m.auto_translated && w.watch[i] < MAX_P2M_PFN)
            compare_saved(w.watch[i], 1);
    }
}

/* `pfn`, what is on both sides of the edges around it, and its like in the next leaf and mid. */
static void watch(p2m_word pfn)
{
    const p2m_word leaf = pfn - pfn % P2M_LEAF, mid = pfn - pfn % P2M_MID_SPAN;
    const p2m_word near[] = {pfn,
                             pfn - 1,
                             pfn + 1,
                             leaf - 1,
                             leaf,
                             leaf + P2M_LEAF - 1,
                             leaf + P2M_LEAF,
                             mid - 1,
                             mid,
                             mid + P2M_MID_SPAN - 1,
                             mid + P2M_MID_SPAN,
                             pfn + P2M_LEAF,
                             pfn + P2M_MID_SPAN,
                             pfn - P2M_MID_SPAN};

    for (unsigned i = 0; i < sizeof(near) / sizeof(*near) && w.watch_count < WATCH_MAX; i++)
        w.watch[w.watch_count++] = near[i];
}

/* ---- calls ---- */

static bool sound(p2m_word pfn, p2m_word entry)
{
    return !(entry & IDENTITY_FRAME_BIT) || entry == INVALID_P2M_ENTRY ||
           entry == IDENTITY_FRAME(pfn);
}

/* A leaf is private for certain where the builder left it or a frame was set. */
static bool holds_a_frame(p2m_word pfn)
{
    if (pfn / P2M_LEAF * P2M_LEAF < w.nr_pages)
        return true;
    for (unsigned i = 0; i < w.frame_count; i++)
        if (w.frames[i] == pfn / P2M_LEAF)
            return true;
    return false;
}

static void call_set(const struct peer_op *op, bool there)
{
    p2m_word pfn = (p2m_word)op->pfn, entry = (p2m_word)op->b;
    bool done =
        there ? __set_phys_to_machine(&w.p2m, pfn, entry) : set_phys_to_machine(&w.p2m, pfn, entry);
    bool want = w.p2m.auto_translated || (sound(pfn, entry) && pfn < MAX_P2M_PFN) ||
                (pfn >= MAX_P2M_PFN && entry == INVALID_P2M_ENTRY);

    require(!there || !pages_asked(), "__set asks for pages");
    if (pages_refused())
        require(!done, "set is true although a page was refused");
    else if (!there || done || holds_a_frame(pfn) || flat_get(pfn) == entry)
        require(done == want, "the answer of set or __set");
    if (!done)
        return;
    flat_set(pfn, entry);
    if (!(entry & IDENTITY_FRAME_BIT) && pfn < MAX_P2M_PFN && !holds_a_frame(pfn) &&
        w.frame_count < OPS_MAX)
        w.frames[w.frame_count++] = pfn / P2M_LEAF;
}

static void call_range(const struct peer_op *op)
{
    p2m_word start = (p2m_word)op->pfn, end = op->b < MAX_P2M_PFN ? (p2m_word)op->b : MAX_P2M_PFN;
    p2m_word done = set_phys_range_identity(&w.p2m, start, (p2m_word)op->b);
    p2m_word want = start < end ? end - start : 0;

    require(done == (pages_refused() ? 0 : want), "the answer of a range");
    require(pages_asked() <= (want ? 6 : 0), "a range takes too many pages");
    if (done)
        flat_range(start, end);
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* 0: RAM or unusable; 1: identity. */
static bool identity_at(const struct peer_op *op, uint64_t at)
{
    bool ram = false, other = false;

    for (unsigned i = 0; i < op->count; i++) {
        if (at < op->map[i].start || at >= op->map[i].end)
            continue;
        if (op->map[i].type == P2M_E820_UNUSABLE)
            return false;
        ram |= op->map[i].type == P2M_E820_RAM;
        other |= op->map[i].type != P2M_E820_RAM;
    }
    return other || !ram;
}

static void call_e820(const struct peer_op *op)
{
    struct p2m_e820_entry map[PEER_E820_MAX];
    uint64_t edges[2 * PEER_E820_MAX + 1] = {op->b ? 0x100000 : 0}, top = 0, run = 0;
    unsigned count = 1;
    p2m_word want = 0, done;
    bool in_run = false;

    for (unsigned i = 0; i < op->count; i++) {
        map[i] = (struct p2m_e820_entry){op->map[i].start, op->map[i].end, op->map[i].type};
        if (map[i].start >= map[i].end)
            continue;
        edges[count++] = map[i].start;
        edges[count++] = map[i].end;
        top = map[i].end > top ? map[i].end : top;
    }
    done = xen_set_identity(&w.p2m, map, op->count, op->b != 0);
    qsort(edges, count, sizeof(*edges), by_address);
    for (unsigned i = 0; i < count; i++) {
        bool identity = edges[i] < top && identity_at(op, edges[i]);
        uint64_t first = (run + 4095) / 4096, last = edges[i] / 4096;

        if (edges[i] < (op->b ? 0x100000u : 0))
            continue;
        if (in_run && !identity) {
            last = last < MAX_P2M_PFN ? last : MAX_P2M_PFN;
            want += first < last ? last - first : 0;
            flat_range((p2m_word)first, (p2m_word)last);
            watch((p2m_word)first);
            watch((p2m_word)last);
        } else if (!in_run) {
            run = edges[i];
        }
        in_run = identity;
    }
    require(done == want, "the answer of xen_set_identity");
}

static void call_get(const struct peer_op *op)
{
    compare_entry((p2m_word)op->pfn);
    require(!pages_asked(), "get asks for pages");
}

static void call_resume(void)
{
    pages_resumed();
    xen_build_mfn_list_list(&w.p2m);
    xen_setup_mfn_list_list(&w.p2m, &w.info);
    require(!pages_asked(), "a resume asks for pages");
}

static void call(const struct peer_op *op)
{
    unsigned live = pages_live();

    pages_refuse(op->kind == PEER_E820 ? 0 : op->refuse);
    switch (op->kind) {
    case PEER_SET:
    case PEER_SET_THERE:
        call_set(op, op->kind == PEER_SET_THERE);
        break;
    case PEER_RANGE:
        call_range(op);
        break;
    case PEER_RESUME:
        call_resume();
        break;
    case PEER_E820:
        call_e820(op);
        break;
    default:
        call_get(op);
        break;
    }
    require(!pages_refused() || pages_live() == live, "a call that failed keeps pages");
}

/* ---- the case ---- */

/* The padding of the list is garbage; a build that fails leaves all of it alone. */
static void fill_list(p2m_word length)
{
    for (p2m_word pfn = 0; pfn < length; pfn++)
        w.list[pfn] = pfn < w.nr_pages ? built(pfn) : 0xbad00 + pfn;
}

/* A build that may be refused a page; then it is made again. */
static void build(p2m_word length)
{
    bool built_ = xen_build_dynamic_phys_to_machine(&w.p2m, w.list, w.nr_pages);

    require(built_ != pages_refused(), "the answer of the build");
    if (!built_) {
        for (p2m_word pfn = 0; pfn < length; pfn++)
            require(w.list[pfn] == (pfn < w.nr_pages ? built(pfn) : 0xbad00 + pfn),
                    "a build that failed changed the list");
        require(!pages_live(), "a build that failed keeps pages");
        pages_refuse(0);
        require(xen_build_dynamic_phys_to_machine(&w.p2m, w.list, w.nr_pages),
                "the answer of the build");
    }
}

static void begin(const struct peer_boot *boot)
{
    p2m_word length = ((p2m_word)boot->nr_pages + P2M_LEAF - 1) / P2M_LEAF * P2M_LEAF;

    w.nr_pages = (p2m_word)boot->nr_pages;
    w.list = pages_begin(length, w.shared_pages);
    fill_list(length);
    w.platform = (struct p2m_platform){.page_alloc = pages_alloc,
                                       .page_free = pages_free,
                                       .virt_to_mfn = pages_mfn_of,
                                       .warn = no_warning,
                                       .bug = no_bug};
    p2m_shared_init(&w.shared, w.shared_pages);
    p2m_init(&w.p2m, &w.shared, &w.platform, boot->auto_translated != 0);
    for (p2m_word pfn = 0; SMALL && pfn < MAX_P2M_PFN; pfn++)
        w.flat[SMALL ? pfn : 0] = pfn < w.nr_pages ? built(pfn) : INVALID_P2M_ENTRY;
    w.write_count = w.frame_count = w.watch_count = w.fresh = 0;
    pages_refuse(boot->refuse);
    build(length);
    pages_refuse(0);
    xen_build_mfn_list_list(&w.p2m);
    xen_setup_mfn_list_list(&w.p2m, &w.info);
    watch(0);
    watch(w.nr_pages);
    watch(MAX_P2M_PFN - 1);
}

static void finish(void)
{
    pages_refuse(0);
    compare_all(0);
    p2m_destroy(&w.p2m);
    require(!pages_live(), "pages are left at the end");
    pages_end();
}

/* `...`, and what goes wrong in it. The jump does not leave a frame of anyone else. */
#define GUARDED(...)                                                                               \
    do {                                                                                           \
        if (w.empty)                                                                               \
            return NULL;                                                                           \
        if (caught && sigsetjmp(way_out, 0))                                                       \
            return peer_stats->last;                                                               \
        ticks = 0;                                                                                 \
        inside = 1;                                                                                \
        __VA_ARGS__;                                                                               \
        inside = 0;                                                                                \
        return NULL;                                                                               \
    } while (0)

const char *peer_begin(const struct peer_boot *boot)
{
    peer_stats->cases++;
    peer_stats->case_ops = 0;
    GUARDED(begin(boot));
}

static void apply(const struct peer_op *op)
{
    w.fresh = w.watch_count;
    if (op->kind != PEER_RESUME && op->kind != PEER_E820)
        watch((p2m_word)op->pfn);
    if (op->kind == PEER_RANGE)
        watch((p2m_word)op->b);
    call(op);
}

const char *peer_apply(const struct peer_op *op)
{
    unsigned ops = op->kind == PEER_E820 ? 1 + op->count : 1;

    peer_stats->ops += ops;
    peer_stats->case_ops += ops;
    GUARDED(apply(op));
}

const char *peer_look(void)
{
    GUARDED(compare_all(w.fresh));
}

const char *peer_end(void)
{
    GUARDED(finish());
}
