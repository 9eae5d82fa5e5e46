// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's memory and the machine's table, as Xen's toolstack maps them: see xen.h. */
#include <stdarg.h>
#include <sys/mman.h>

#include "props/base/uninstrumented.h"
#include "xen.h"
#undef munmap

UNINSTRUMENTED_BEGIN

/* ---- memory of the toolstack ---- */

/*
 * Mappings follow one another in a window whose bytes are all ones, by a file that is mapped again
 * and again. So p2m_missing, which may be mapped very often, need not be copied.
 */
#define CHUNK ((size_t)(P2M_LEAF < 256 ? 1 << 16 : 1 << 21))
#define WINDOW                                                                                     \
    (((size_t)P2M_TOP * P2M_MID + P2M_TOP + 64) * GUEST_PAGE_BYTES * 2 / CHUNK * CHUNK + CHUNK)

static struct {
    uint8_t *bytes; /* [WINDOW] */
    int file;
    size_t filled, used; /* bytes */
} window;

static xen_pfn_t missing_mfn; /* 0: its page holds something else than ones */

static struct {
    const void *mapping; /* the one that is for writing */
    const xen_pfn_t *mfns;
    int count;
} writing;

static void open_window(void)
{
    window.bytes = host_must_map(
        mmap(NULL, WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    window.file = host_ones_file(CHUNK);
}

/* The next `count` pages of the window, all ones. */
static uint8_t *take(size_t count)
{
    uint8_t *pages = window.bytes + window.used;

    if (count > (WINDOW - window.used) / GUEST_PAGE_BYTES)
        return NULL;
    window.used += count * GUEST_PAGE_BYTES;
    for (; window.filled < window.used; window.filled += CHUNK)
        host_must_map(mmap(window.bytes + window.filled, CHUNK, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, window.file, 0));
    return pages;
}

/* ---- what Xen's code calls ---- */

const uint64_t *guest_tables;
unsigned guest_table_pages;

static void *page_of(xen_pfn_t mfn)
{
    if (mfn - GUEST_TABLES < guest_table_pages)
        return (uint8_t *)guest_tables + (mfn - GUEST_TABLES) * GUEST_PAGE_BYTES;
    return (p2m_word)mfn == mfn ? host_mfn_to_virt((p2m_word)mfn) : NULL;
}

void *xc_map_foreign_pages(xc_interface *xch, uint32_t domain, int rights, const xen_pfn_t *mfns,
                           int count)
{
    uint8_t *pages = take((size_t)count);

    for (int i = 0; pages && i < count; i++) {
        void *page;

        if (mfns[i] && mfns[i] == missing_mfn)
            continue;
        page = page_of(mfns[i]);
        if (page)
            memcpy(pages + (size_t)i * GUEST_PAGE_BYTES, page, GUEST_PAGE_BYTES);
        else
            pages = NULL;
    }
    if (!pages)
        errno = EINVAL;
    if (rights & PROT_WRITE) {
        writing.mapping = pages;
        writing.mfns = mfns;
        writing.count = count;
    }
    return pages;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domain, int bytes, int rights,
                           unsigned long mfn)
{
    return xc_map_foreign_pages(xch, domain, rights, &(xen_pfn_t){mfn}, 1);
}

int guest_unmap(const void *mapping)
{
    for (int i = 0; mapping && mapping == writing.mapping && i < writing.count; i++) {
        const uint8_t *from = (const uint8_t *)mapping + (size_t)i * GUEST_PAGE_BYTES;
        void *page = page_of(writing.mfns[i]);

        if (memcmp(page, from, GUEST_PAGE_BYTES))
            memcpy(page, from, GUEST_PAGE_BYTES);
    }
    if (mapping == writing.mapping)
        writing.mapping = NULL;
    return 0;
}

/* ---- errors ---- */

static char error[256];

void xc_report_error(xc_interface *xch, int code, const char *format, ...)
{
    size_t length = strlen(error);
    va_list list;

    va_start(list, format);
    if (length < sizeof(error) - 3) {
        if (length)
            length += (size_t)sprintf(error + length, "; ");
        vsnprintf(error + length, sizeof(error) - length, format, list);
    }
    va_end(list);
}

void xc_report(xc_interface *xch, xentoollog_logger *log, xentoollog_level level, int code,
               const char *format, ...)
{
}

const char *xc_strerror(xc_interface *xch, int code)
{
    return strerror(code);
}

const char *guest_error(void)
{
    return error[0] ? error : "failed without a message";
}

/* ---- the table MFN -> PFN ---- */

/* All of it is there, as zeros: only the part of the guest's own pages takes memory. */
static xen_pfn_t *m2p;
static struct {
    xen_pfn_t first, count;
} filled;

xen_pfn_t *guest_m2p(void)
{
    const struct host_own *own = &host.own;

    if (!m2p)
        m2p = host_must_map(mmap(NULL, (GUEST_MAX_MFN + 1) * sizeof(*m2p), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    filled.first = own->mfn;
    filled.count = own->count;
    for (unsigned i = 0; i < own->count; i++)
        m2p[own->mfn + i] = own->first + i;
    if (own->stale)
        m2p[own->mfn + own->stale] = 0;
    return m2p;
}

/* A small part is cleared without a system call; of a large one few pages were written to. */
static void clear_window(void)
{
    if (window.used <= 1 << 16)
        memset(window.bytes, 0xff, window.used);
    else
        madvise(window.bytes, window.used, MADV_DONTNEED);
    window.used = 0;
}

void guest_begin(const p2m_word *missing)
{
    bool ones = true;

    for (unsigned i = 0; i < P2M_LEAF; i++)
        ones = ones && missing[i] == INVALID_P2M_ENTRY;
    missing_mfn = ones ? host_virt_to_mfn(missing) : 0;
    if (!window.bytes)
        open_window();
    clear_window();
    guest_table_pages = 0;
    writing.mapping = NULL;
    error[0] = '\0';
}

void guest_end(void)
{
    memset(m2p + filled.first, 0, filled.count * sizeof(*m2p));
}

UNINSTRUMENTED_END
