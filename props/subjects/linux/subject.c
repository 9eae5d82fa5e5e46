// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own file as a subject: the harness's side of platform.h. Intended differences
 * of a version are declared here, each with its reason. Its defects are found, and can
 * be masked by name (KNOWN=), so that defects behind them are also found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grants_skipped.h"
#include "harness.h"
#include "platform.h"
#include "props/base/source_lines.h"
#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/check/run.h"
#include "props/host/sync.h"

UNINSTRUMENTED_BEGIN

/* ---- functions of the harness for the file ---- */

static bool booted; /* extend_brk and the boot allocators are gone */

void *linux_get_page(void)
{
    return host_page_alloc();
}

void linux_put_page(void *page)
{
    host_page_free(page);
}

void *linux_boot_page(void)
{
    unsigned refuse_in = host.refuse_in;
    void *page;

    if (booted)
        violated(CORE_BUG, "a boot allocator is called after the boot");
    host.refuse_in = 0;
    page = host_page_alloc();
    host.refuse_in = refuse_in;
    return memset(page, 0, P2M_PAGE_BYTES);
}

unsigned long linux_lent_pages(void)
{
    uint64_t lent = boot_max_pages(&shape_here) / P2M_LEAF * P2M_LEAF;

    return lent < MAX_P2M_PFN ? (unsigned long)lent : (unsigned long)MAX_P2M_PFN;
}

unsigned long linux_page_mfn(const void *page)
{
    return host_virt_to_mfn(page);
}

void *linux_mfn_page(unsigned long mfn)
{
    return host_mfn_to_virt(mfn);
}

void *linux_sealed_page(unsigned which)
{
    void *const pages[] = {host_shared.missing, host_shared.identity, host_shared.mid_missing,
                           host_shared.mid_identity};

    return pages[which];
}

void linux_bug(const char *what, const char *function, int line)
{
    violated(CORE_BUG, "%s in %s, line %d", what, function, line);
}

/* ---- known defects ---- */

static const struct {
    const char *name, *what;
} defects[] = {
#define X(name, what) {#name, what},
    LINUX_DEFECTS(X)
#undef X
};

static uint64_t known;

static bool is_known(enum linux_defect defect)
{
    return known >> defect & 1;
}

bool linux_knows(enum linux_defect defect)
{
    return is_known(defect);
}

uint64_t linux_know_only(uint64_t defects_of)
{
    uint64_t before = known;

    known = defects_of;
    return before;
}

static void know(const char *name, size_t length)
{
    for (unsigned i = 0; i < LINUX_DEFECT_COUNT; i++)
        if (strlen(defects[i].name) == length && !memcmp(defects[i].name, name, length)) {
            known |= (uint64_t)1 << i;
            return;
        }
    fprintf(stderr, "p2mcheck: KNOWN: no such defect '%.*s'; choose from:", (int)length, name);
    for (unsigned i = 0; i < LINUX_DEFECT_COUNT; i++)
        fprintf(stderr, " %s", defects[i].name);
    fprintf(stderr, "\n");
    exit(2);
}

__attribute__((constructor)) static void read_known(void)
{
    const char *at = getenv("P2MCHECK_KNOWN");

    while (at && *at) {
        size_t length = strcspn(at, ", ");

        if (length)
            know(at, length);
        at += length + (at[length] != '\0');
    }
}

/* Two edges of ranges in one leaf that is identity already: not an error (B12). */
void linux_warned(const char *what, const char *function, int line)
{
    char text[200];

    if (is_known(LINUX_B12) && strstr(what, "== p2m_identity"))
        return;
    snprintf(text, sizeof(text), "WARN(%s) in %s, line %d", what, function, line);
    violated(CORE_WARNED, "%s", text);
}

void linux_shared_page_written(unsigned which, unsigned slot)
{
    static const enum host_shared_page pages[4] = {HOST_MISSING, HOST_IDENTITY, HOST_MID_MISSING,
                                                   HOST_MID_IDENTITY};

    violated(host_shared_invariant(pages[which]),
             "expected no store to the page, got one to slot %u", slot);
}

void linux_plain_store(void)
{
    violated(CORE_BUG, "a plain store to the list; only xen_safe_write_ulong is emulated");
}

static void on_fault(uintptr_t address)
{
    if (linux_file.on_store)
        linux_file.on_store(address);
}

static struct linux_call call_of(const struct op *op)
{
    struct linux_call call = {.kind = LINUX_OTHER,
                              .pfn = (unsigned long)op->pfn,
                              .arg = (unsigned long)op->arg,
                              .noalloc = op->kind == OP_SET_NOALLOC,
                              .alternates = op->turns > 0};

    if (op_has_entry(op->kind))
        call.kind = LINUX_SET;
    else if (op->kind == OP_RANGE)
        call.kind = LINUX_RANGE_CALL;
    else if (op->kind == OP_RESUME || (op->kind == OP_PUBLISH && run.published))
        call.kind = LINUX_RESUME_CALL;
    return call;
}

static bool is_possible(const struct linux_call *call)
{
    return call->kind != LINUX_RANGE_CALL || !linux_file.range_is_possible ||
           linux_file.range_is_possible(call->pfn, call->arg);
}

struct walk {
    bool skip;
};

static void would_range_show(void *ctx, p2m_word start, p2m_word end)
{
    struct linux_call call = {.kind = LINUX_RANGE_CALL, .pfn = start, .arg = end};

    ((struct walk *)ctx)->skip |= !is_possible(&call) || (linux_file.shows(&call) & known);
}

static bool is_about_identity(const struct op *op)
{
    if (op_has_entry(op->kind))
        return op->arg != INVALID_P2M_ENTRY && (op->arg & ENTRY_IDENTITY_BIT);
    return op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY;
}

static bool skips(const struct op *op)
{
    struct linux_call call = call_of(op);
    struct walk walk = {false};

    if (linux_file.no_identity && is_about_identity(op))
        return true;
    if (op_is_grant(op->kind) && !run.published) /* the boot makes none */
        return true;
    /* ranges are of the boot (__init); we make them later as well, but not in another life */
    if (host.epoch && (op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY))
        return true;
    if (op->kind == OP_XEN_SET_IDENTITY) {
        p2m_e820_identity_ranges(run.oracle.e820, run.oracle.e820_count, op->type, would_range_show,
                                 &walk);
        return walk.skip;
    }
    if (op_is_grant(op->kind))
        return !grants_are_possible(op) || (grants_show(op) & known);
    return !is_possible(&call) || (linux_file.shows(&call) & known);
}

/* Defects that need an overlap: the windows in which they show are closed for these calls. */
static bool close_windows(const struct op *const *calls, unsigned count)
{
    linux_close_none();
    if (!run.published)
        return true; /* the boot has one CPU */
    for (unsigned i = 0; known && i + 1 < count; i++)
        for (unsigned k = i + 1; k < count; k++) {
            struct linux_call inner = call_of(calls[i]), outer = call_of(calls[k]);

            linux_close(linux_file.shows_overlapping(&outer, &inner) & known, outer.pfn, inner.pfn);
        }
    return false;
}

static bool waives(enum invariant id, p2m_word pfn)
{
    switch (id) {
    case PAGE_COST:
        return is_known(LINUX_B9);
    case MFN_TREE_MIRRORS:
        if (linux_file.covers && pfn >= linux_file.covers())
            return true;
        return is_known(LINUX_B11) ||
               (is_known(LINUX_C5) && host.epoch && pfn >= host.info->max_pfn);
    case RESUME_TAKES_NO_PAGE:
        return is_known(LINUX_C6);
    case OTHER_VIEWS_AGREE:
        return is_known(LINUX_F12) && model_get(&run.oracle.model, pfn) == ENTRY_IDENTITY_OF(pfn);
    case TOOLSTACK_SEES_ALL:
        return (is_known(LINUX_C7) && !linux_file.linear) ||
               (is_known(LINUX_F3) && pfn == host.info->max_pfn / P2M_LEAF * P2M_LEAF);
    default:
        return false;
    }
}

/* ---- the file's variables ---- */

__attribute__((no_sanitize("address", "undefined"))) void linux_copy(char *to, const char *from,
                                                                     size_t bytes)
{
    volatile uint64_t *words = (volatile uint64_t *)to;
    const volatile uint64_t *source = (const volatile uint64_t *)from;

    for (size_t i = 0; i < bytes / 8; i++)
        words[i] = source[i];
    for (size_t i = bytes / 8 * 8; i < bytes; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
}

void linux_put_back(char **pristine, linux_state_fn *state)
{
    char *data, *bss;
    size_t data_bytes, bss_bytes;

    state(&data, &data_bytes, &bss, &bss_bytes);
    if (!*pristine) {
        *pristine = malloc(data_bytes + bss_bytes + 1);
        if (!*pristine)
            abort();
        linux_copy(*pristine, data, data_bytes);
        linux_copy(*pristine + data_bytes, bss, bss_bytes);
        return;
    }
    linux_copy(data, *pristine, data_bytes);
    linux_copy(bss, *pristine + data_bytes, bss_bytes);
}

static void put_state_back(void)
{
    static char *pristine;

    linux_put_back(&pristine, linux_state);
}

/* ---- calls ---- */

static void copy_info(void)
{
    host.info->max_pfn = (p2m_word)*linux_file.max_pfn;
    host.info->pfn_to_mfn_frame_list_list = (p2m_word)*linux_file.frame_list_list;
}

static bool build(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated)
{
    booted = false;
    linux_tools4 = run.c->boot.flags >> BOOT_TOOLS4 & 1;
    put_state_back();
    linux_early_reset();
    if (linux_file.linear)
        host_stretch_list(linux_lent_pages()); /* see its build */
    for (p2m_word pfn = nr_pages; is_known(LINUX_A1) && !auto_translated && pfn % P2M_LEAF; pfn++)
        mfn_list[pfn] = INVALID_P2M_ENTRY;
    /* the kernel's sizes come from the hypervisor: more than fits is not offered */
    linux_file.build((unsigned long *)mfn_list, nr_pages < MAX_P2M_PFN ? nr_pages : MAX_P2M_PFN,
                     auto_translated);
    linux_nvs_add();
    return true;
}

static void publish(struct p2m_shared_info *info)
{
    (void)info;
    booted = host.epoch > 0;
    linux_file.make_list();
    booted = false; /* ranges are for the boot; here they come at any time */
    copy_info();
}

/* Beyond the table a lookup answers `as`, if the version is one that does; here it is INVALID. */
static p2m_word beyond(p2m_word pfn, p2m_word answer, p2m_word as)
{
    bool is = linux_file.beyond_is_identity && pfn >= MAX_P2M_PFN && !run.c->boot.auto_translated &&
              answer == as;

    return is ? INVALID_P2M_ENTRY : answer;
}

static p2m_word get(p2m_word pfn)
{
    return beyond(pfn, (p2m_word)linux_file.get(pfn), ENTRY_IDENTITY_OF(pfn));
}

/*
 * With A2 masked: one look in an overlap, because the entry can change before a second one. *answer
 * is set if it is for the mask to say.
 */
static bool is_masked_mfn(p2m_word pfn, p2m_word *answer)
{
    p2m_word entry;

    if (!is_known(LINUX_A2) || run.c->boot.auto_translated)
        return false;
    entry = get(pfn);
    *answer = entry == INVALID_P2M_ENTRY ? entry : entry_mfn(entry);
    return linux_running_call() ||
           (entry != INVALID_P2M_ENTRY && entry & (linux_file.foreign_bit ^ ENTRY_FOREIGN_BIT));
}

static p2m_word to_mfn(p2m_word pfn)
{
    p2m_word answer;

    if (is_masked_mfn(pfn, &answer))
        return answer;
    return beyond(pfn, (p2m_word)linux_file.pfn_to_mfn(pfn), entry_mfn(ENTRY_IDENTITY_OF(pfn)));
}

/*
 * Beyond the table the file says BUG to anything but INVALID, and in an auto-translated
 * guest to anything but pfn and INVALID: no caller does that. So the answer is given for it.
 */
static bool is_beyond(p2m_word pfn, p2m_word entry, bool *answer)
{
    if (entry == INVALID_P2M_ENTRY || linux_file.linear)
        return false;
    *answer = run.c->boot.auto_translated;
    return run.c->boot.auto_translated ? pfn != entry : pfn >= MAX_P2M_PFN;
}

static bool set(p2m_word pfn, p2m_word entry)
{
    bool answer;

    if (is_beyond(pfn, entry, &answer))
        return answer;
    return linux_file.set(pfn, entry);
}

static bool set_noalloc(p2m_word pfn, p2m_word entry)
{
    bool answer;

    if (is_beyond(pfn, entry, &answer))
        return answer;
    return linux_file.set_noalloc(pfn, entry);
}

static p2m_word range(p2m_word start, p2m_word end)
{
    return (p2m_word)linux_file.range(start, end);
}

static uint64_t grant_map(p2m_word pfn, unsigned count, p2m_word mfn)
{
    return linux_file.grant_map(pfn, count, mfn);
}

static uint64_t grant_unmap(p2m_word pfn, unsigned count)
{
    return linux_file.grant_unmap(pfn, count);
}

static void add_range(void *ctx, p2m_word start, p2m_word end)
{
    *(p2m_word *)ctx += range(start, end);
}

/* Kernels walk the E820 map elsewhere (setup.c): the walk is ours. */
static p2m_word set_identity(const struct p2m_e820_entry *map, unsigned count, bool domu)
{
    p2m_word sum = 0;

    p2m_e820_identity_ranges(map, count, domu, add_range, &sum);
    return sum;
}

/* No kernel gives its p2m back. */
static void destroy(void)
{
    for (unsigned i = 0; i < host.taken; i++) {
        unsigned index = host_nth_page(i);

        if (host.state[index] == HOST_LIVE)
            host_page_free(host_page_at(index));
    }
}

static void view(struct subject_view *out)
{
    struct linux_view own;

    linux_file.look(&own);
    *out = (struct subject_view){.top = own.top,
                                 .missing = host_shared.missing,
                                 .identity = host_shared.identity,
                                 .mid_missing = host_shared.mid_missing,
                                 .mid_identity = host_shared.mid_identity,
                                 .synthetic_view = own.synthetic_view,
                                 .top_mfn = own.top_mfn,
                                 .top_mfn_p = own.top_mfn_p,
                                 .mid_missing_mfn = own.mid_missing_mfn,
                                 .roots = own.roots};
    if (own.missing) {
        out->missing = own.missing;
        out->identity = own.identity;
        out->mid_missing = own.mid_missing;
        out->mid_identity = own.mid_identity;
    }
}

/* ---- the place of a violation ---- */

struct kernel_place {
    FILE *out;
    const char *how;
    bool found;
};

/* Only the innermost function of the kernel's file. */
static void print_kernel_place(void *ctx, const struct source_line *place)
{
    struct kernel_place *kernel = ctx;
    bool file = strstr(place->file, "/kernel/p2m.c"),
         header = strstr(place->file, "/kernel/page.h");

    if (kernel->found || !(file || header))
        return;
    kernel->found = true;
    fprintf(kernel->out, "p2mcheck:   %s %s, line %u of the kernel's %s\n", kernel->how,
            place->function, place->line, file ? "p2m.c" : "page.h");
}

static bool print_place(FILE *out, const char *how, uintptr_t address)
{
    struct kernel_place kernel = {out, how, false};

    source_lines_find(&address, 1, print_kernel_place, &kernel);
    return kernel.found;
}

static const void *kernel_function(const struct op *op)
{
    if (!op)
        return linux_file.kernel_boot;
    switch ((enum op_kind)op->kind) {
    case OP_GET:
    case OP_PFN_TO_MFN:
        return linux_file.kernel_get;
    case OP_SET:
        return linux_file.kernel_set;
    case OP_SET_NOALLOC:
        return linux_file.kernel_set_noalloc;
    case OP_RANGE:
    case OP_XEN_SET_IDENTITY:
        return linux_file.kernel_range;
    case OP_RESUME:
        return linux_file.kernel_resume;
    case OP_E820:
    case OP_GRANT_MAP:
        return linux_file.kernel_grant_map;
    case OP_GRANT_UNMAP:
        return linux_file.kernel_grant_unmap;
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_LIST:
    case OP_MFN_BASE:
    case OP_IDENTITY_RANGES:
        break;
    }
    return linux_file.kernel_boot;
}

static void explain(FILE *out, const struct op *op, uintptr_t store)
{
    if (!store || !print_place(out, "the store is in", store))
        print_place(out, "the call was of", (uintptr_t)kernel_function(op));
}

static bool boot_range(unsigned n, p2m_word *start, p2m_word *end)
{
    unsigned long first, last;

    if (!linux_file.boot_range || !linux_file.boot_range(n, &first, &last))
        return false;
    *start = (p2m_word)first;
    *end = (p2m_word)last;
    return true;
}

static struct subject subject = {
    .build = build,
    .publish = publish,
    .get = get,
    .pfn_to_mfn = to_mfn,
    .set = set,
    .set_noalloc = set_noalloc,
    .range = range,
    .xen_set_identity = set_identity,
    .destroy = destroy,
    .view = view,
    .custom_layout = true,
    .alternates = true,
    .locks = true,
    .point = linux_call_point,
    .refresh_info = copy_info,
    .boot_range = boot_range,
    .skips = skips,
    .serializes = close_windows,
    .waives = waives,
    .explain = explain,
};

const struct subject *subject_under_test = &subject;

/* The properties of the linked version. */
__attribute__((constructor)) static void describe(void)
{
    host_fault_elsewhere = on_fault;
    sync_limit = 16 * SYNC_LIMIT; /* each access is a point */
    subject.name = linux_file.name;
    subject.mode = linux_file.mode;
    generate_points = 4 * OP_AT_MAX;
    subject.no_ranges = linux_file.no_identity;
    subject.ranges_first = linux_file.ranges_first;
    subject.never_auto_translated = linux_file.linear;
    subject.grant_map = linux_file.grant_map ? grant_map : NULL;
    subject.grant_unmap = linux_file.grant_map ? grant_unmap : NULL;
    subject.unmap_restores = linux_file.unmap_restores;
    linux_tools4_describe(&subject);
    linux_views_describe(&subject);
    linux_early_describe(&subject);
    linux_nvs_describe(&subject);
    linux_copies_describe(&subject);
}

UNINSTRUMENTED_END
