// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What xen_set_identity must do, page by page and straight from its definition:
 * a page becomes identity if each of its bytes does. Shares nothing with
 * core/e820.c. The class of a byte can only change where an entry starts or ends,
 * so of each page only its first byte and those are asked; and of all pages only
 * those in which something starts or ends, since a page without any is as the one
 * before it.
 */
#include "oracle.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* The entries that are not empty, each once; of a map that is longer than that of a case, all. */
struct table {
    struct p2m_e820_entry once[ORACLE_E820];
    const struct p2m_e820_entry *entry;
    unsigned count;
    uint64_t low, end;
};

/* Unusable if any unusable entry covers it, else identity if any other non-RAM does or none. */
static bool byte_is_identity(const struct table *table, uint64_t byte)
{
    bool ram = false, other = false;

    if (byte < table->low || byte >= table->end)
        return false;
    for (unsigned i = 0; i < table->count; i++) {
        const struct p2m_e820_entry *entry = &table->entry[i];

        if (byte < entry->start || byte >= entry->end)
            continue;
        if (entry->type == 5)
            return false;
        if (entry->type == 1)
            ram = true;
        else
            other = true;
    }
    return other || !ram;
}

/* Behind the first byte of the page: what starts there is asked for anyway. */
static bool inside_page(uint64_t byte, uint64_t page)
{
    return byte / 4096 == page && byte % 4096;
}

static bool page_is_identity(const struct table *table, uint64_t page)
{
    if (!byte_is_identity(table, page * 4096))
        return false;
    for (unsigned i = 0; i < table->count; i++) {
        const struct p2m_e820_entry *entry = &table->entry[i];

        if (inside_page(entry->start, page) && !byte_is_identity(table, entry->start))
            return false;
        if (inside_page(entry->end, page) && !byte_is_identity(table, entry->end))
            return false;
    }
    return true;
}

/* The lowest page above `page` that may differ from it (of those below `limit`). */
static uint64_t next_page(const struct table *table, uint64_t page, uint64_t limit)
{
    uint64_t next = limit, bounds[4];

    for (unsigned i = 0; i < table->count; i++) {
        bounds[0] = table->entry[i].start / 4096;
        bounds[1] = bounds[0] + 1;
        bounds[2] = table->entry[i].end / 4096;
        bounds[3] = bounds[2] + 1;
        for (unsigned k = 0; k < 4; k++)
            if (bounds[k] > page && bounds[k] < next)
                next = bounds[k];
    }
    if (table->low / 4096 > page && table->low / 4096 < next)
        next = table->low / 4096;
    return next;
}

static bool has_entry(const struct table *table, const struct p2m_e820_entry *entry)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->entry[i].start == entry->start && table->entry[i].end == entry->end &&
            table->entry[i].type == entry->type)
            return true;
    return false;
}

static const struct table *make_table(const struct p2m_e820_entry *map, unsigned count, bool domu)
{
    static struct table table;

    table.entry = count > ORACLE_E820 ? map : table.once;
    table.count = count > ORACLE_E820 ? count : 0;
    table.low = domu ? 1u << 20 : 0;
    table.end = 0;
    for (unsigned i = 0; i < count; i++) {
        if (map[i].end <= map[i].start)
            continue;
        if (map[i].end > table.end)
            table.end = map[i].end;
        if (count <= ORACLE_E820 && !has_entry(&table, &map[i]))
            table.once[table.count++] = map[i];
    }
    return &table;
}

bool oracle_page_is_identity(const struct p2m_e820_entry *map, unsigned count, bool domu,
                             uint64_t page, uint64_t *same_until)
{
    const struct table *table = make_table(map, count, domu);

    *same_until = next_page(table, page, ~(uint64_t)0);
    return page_is_identity(table, page);
}

void oracle_identity_runs(const struct oracle *oracle, bool domu,
                          void (*fn)(void *ctx, p2m_word start, p2m_word end), void *ctx)
{
    const struct table *table = make_table(oracle->e820, oracle->e820_count, domu);
    uint64_t start = 0, limit = table->end / 4096 < MAX_P2M_PFN ? table->end / 4096 : MAX_P2M_PFN;
    bool in_run = false;

    for (uint64_t page = 0; page <= limit; page = next_page(table, page, limit)) {
        bool identity = page < limit && page_is_identity(table, page);

        if (identity && !in_run)
            start = page;
        if (!identity && in_run)
            fn(ctx, (p2m_word)start, (p2m_word)page);
        in_run = identity;
        if (page == limit)
            break;
    }
}

/* What becomes of each run: all of it, a part, or nothing, if it needs the refused page. */
struct making {
    struct oracle *oracle;
    p2m_word start, end; /* only PFNs of these */
    unsigned refuse;     /* pages until the refused one; 0: none is refused any more */
    uint64_t sum;
};

static bool loses_its_page(struct making *making, p2m_word start, p2m_word end)
{
    unsigned cost = making->refuse ? oracle_range_cost(making->oracle, start, end) : 0;
    bool loses = making->refuse && cost >= making->refuse;

    making->refuse = loses ? 0 : making->refuse - (making->refuse ? cost : 0);
    return loses;
}

static void make_run(void *ctx, p2m_word start, p2m_word end)
{
    struct making *making = ctx;

    start = start > making->start ? start : making->start;
    end = end < making->end ? end : making->end;
    if (start >= end || loses_its_page(making, start, end))
        return;
    making->sum += end - start;
    if (making->oracle->model.builder->boot.auto_translated)
        return;
    model_change(&making->oracle->model, (struct change){CHANGE_IDENTITY, start, end, 0});
    slot_kinds_range(&making->oracle->kinds, start, end);
}

static uint64_t make_runs(struct making making, bool domu)
{
    oracle_identity_runs(making.oracle, domu, make_run, &making);
    return making.sum;
}

uint64_t oracle_xen_set_identity(struct oracle *oracle, bool domu)
{
    return make_runs((struct making){oracle, 0, MAX_P2M_PFN, 0, 0}, domu);
}

uint64_t oracle_identity_refused(struct oracle *oracle, const struct op *op)
{
    return make_runs((struct making){oracle, 0, MAX_P2M_PFN, op->refuse, 0}, op->type);
}

uint64_t oracle_identity_between(struct oracle *oracle, bool domu, p2m_word start, p2m_word end)
{
    return make_runs((struct making){oracle, start, end, 0, 0}, domu);
}

UNINSTRUMENTED_END
