// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the text format of a case: see text.h. */
#include "props/base/uninstrumented.h"
#include "text.h"
#include "text_words.h"

UNINSTRUMENTED_BEGIN

typedef unsigned long long hex_t;

const struct text_e820 text_e820_names[TEXT_E820_NAMES] = {
    {1, "usable"}, {2, "reserved"}, {3, "acpi"},
    {4, "nvs"},    {5, "unusable"}, {OP_TYPE_SOFT, "soft-reserved"},
};

const char *text_e820_name(unsigned type)
{
    static char number[16];

    for (unsigned i = 0; i < TEXT_E820_NAMES; i++)
        if (text_e820_names[i].type == type)
            return text_e820_names[i].name;
    snprintf(number, sizeof(number), "%u", type);
    return number;
}

void text_print_entry(char *buffer, size_t size, const struct shape *shape, uint64_t pfn,
                      uint64_t entry)
{
    uint64_t value;

    switch (entry_split(shape, pfn, entry, &value)) {
    case ENTRY_INVALID:
        snprintf(buffer, size, "invalid");
        break;
    case ENTRY_IDENTITY:
        snprintf(buffer, size, "identity");
        break;
    case ENTRY_MFN:
    case ENTRY_MFN_IS_PFN:
        snprintf(buffer, size, "mfn 0x%llx", (hex_t)value);
        break;
    case ENTRY_FOREIGN:
        snprintf(buffer, size, "foreign 0x%llx", (hex_t)value);
        break;
    default:
        snprintf(buffer, size, "raw 0x%llx", (hex_t)entry);
        break;
    }
}

/* Of a schedule the longest has some 40 characters. */
#define SCHEDULE_LENGTH 64

static char *print_turn(char *to, unsigned point, unsigned from, unsigned keep)
{
    switch ((enum turn_from)from) {
    case TURN_START:
        to += sprintf(to, "%u", point);
        break;
    case TURN_END:
        to += sprintf(to, "-%u", point);
        break;
    case TURN_PART: /* reduced */
        to += sprintf(to, "%u/%u", point / (point & -point), 256 / (point & -point));
        break;
    case TURN_EVERY:
        to += sprintf(to, "*");
        break;
    }
    if (keep)
        to += sprintf(to, "~");
    if (keep > 1)
        to += sprintf(to, "%u", keep - 1);
    return to;
}

/* "at 8,16~,-3 ", or nothing. */
static void print_schedule(char *to, const struct op *op)
{
    *to = '\0';
    if (!op->at || !op_has_pfn(op->kind))
        return;
    to += sprintf(to, "at ");
    to = print_turn(to, op->at, op->at_from, op->at_keep);
    for (unsigned i = 0; i < op->turns && i < OP_TURNS - 1; i++) {
        to += sprintf(to, ",");
        to = print_turn(to, op->turn[i].point, op->turn[i].from, op->turn[i].keep);
    }
    sprintf(to, " ");
}

const char *const text_mfn_bases[MFN_BASES] = {
    [MFN_BASE_LIST] = "list", [MFN_BASE_PAGES] = "pages", [MFN_BASE_LEAVES] = "leaves"};

void text_print_op(char *buffer, size_t size, const struct shape *shape, const struct op *op)
{
    char at[SCHEDULE_LENGTH], refuse[16] = "", slots[16] = "", entry[48];
    const char *name = op_names[op->kind];
    unsigned refused = op->kind == OP_BUILD ? op->at : op_may_be_refused(op->kind) ? op->refuse : 0;

    print_schedule(at, op);
    if (refused)
        snprintf(refuse, sizeof(refuse), " refuse=%u", refused);
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_LIST:
        text_print_entry(entry, sizeof(entry), shape, op->pfn, op->arg);
        snprintf(buffer, size, "%s%s 0x%llx %s%s", at, name, (hex_t)op->pfn, entry, refuse);
        break;
    case OP_RANGE:
        snprintf(buffer, size, "%s%s 0x%llx 0x%llx%s", at, name, (hex_t)op->pfn, (hex_t)op->arg,
                 refuse);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
        snprintf(buffer, size, "%s%s 0x%llx", at, name, (hex_t)op->pfn);
        break;
    case OP_E820:
        snprintf(buffer, size, "%s 0x%llx 0x%llx %s", name, (hex_t)op->start, (hex_t)op->stop,
                 text_e820_name(op->type));
        break;
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
        snprintf(buffer, size, "%s%s%s", name, op->type ? " domu" : "", refuse);
        break;
    case OP_GRANT_MAP:
        if (op->slots)
            snprintf(slots, sizeof(slots), " slots=0x%x", op->slots);
        snprintf(buffer, size, "%s 0x%llx %u mfn 0x%llx%s%s", name, (hex_t)op->pfn, op->count,
                 (hex_t)op->arg, slots, refuse);
        break;
    case OP_GRANT_UNMAP:
        snprintf(buffer, size, "%s 0x%llx %u", name, (hex_t)op->pfn, op->count);
        break;
    case OP_MFN_BASE:
        snprintf(buffer, size, "%s %s 0x%llx", name, text_mfn_bases[op->type % MFN_BASES],
                 (hex_t)op->arg);
        break;
    case OP_BUILD:
    case OP_RESUME:
    case OP_PUBLISH:
    case OP_DESTROY:
        snprintf(buffer, size, "%s%s", name, refuse);
        break;
    }
}

const char *const text_boot_flags[BOOT_FLAG_KINDS] = {
#define X(name, word) [BOOT_##name] = word,
    BOOT_FLAGS(X)
#undef X
};

static void print_number(FILE *out, const char *name, uint64_t value)
{
    if (value)
        fprintf(out, " %s=0x%llx", name, (hex_t)value);
}

static void print_setup(FILE *out, const struct boot *boot)
{
    bool answers = false;

    print_number(out, "reservation", boot->setup.max_reservation);
    print_number(out, "kernel", boot->setup.kernel);
    print_number(out, "initrd", boot->setup.initrd);
    print_number(out, "page_tables", boot->setup.page_tables);
    print_number(out, "list", boot->setup.list);
    for (unsigned i = 0; i < BOOT_NVS; i++)
        if (boot->setup.nvs[i].pages)
            fprintf(out, " nvs=0x%x+0x%x", boot->setup.nvs[i].pfn, boot->setup.nvs[i].pages);
    for (unsigned i = 0; i < BOOT_ANSWERS; i++)
        answers |= boot->setup.answer[i];
    for (unsigned i = 0; answers && i < BOOT_ANSWERS; i++)
        fprintf(out, "%s%02x", i ? "" : " answers=0x", boot->setup.answer[i]);
}

static void print_boot(FILE *out, const struct boot *boot)
{
    fprintf(out, "boot nr_pages=0x%llx", (hex_t)boot->nr_pages);
    print_number(out, "holes", boot->holes);
    print_number(out, "order", boot->order);
    if (boot->auto_translated)
        fprintf(out, " auto_translated");
    if (boot->xen_restore)
        fprintf(out, " restore=xen");
    if (boot->refuse)
        fprintf(out, " refuse=%u", boot->refuse);
    for (unsigned i = 0; i < BOOT_FLAG_KINDS; i++)
        if (boot->flags >> i & 1)
            fprintf(out, " %s", text_boot_flags[i]);
    print_number(out, "hotplug", boot->hotplug_limit);
    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        if (boot->extra[i].pages)
            fprintf(out, " extra=0x%llx+0x%x", (hex_t)boot->extra[i].pfn, boot->extra[i].pages);
    print_setup(out, boot);
    fprintf(out, "\n");
}

void text_print_case(FILE *out, const char *prefix, const struct shape *shape,
                     const struct test_case *c)
{
    char line[128];

    fprintf(out, "%sp2m-case 2\n%sgeometry %s\n", prefix, prefix, shape->name);
    if (c->subject[0])
        fprintf(out, "%ssubject %s\n", prefix, c->subject);
    if (c->mode[0])
        fprintf(out, "%smode %s\n", prefix, c->mode);
    fprintf(out, "%s", prefix);
    print_boot(out, &c->boot);
    for (unsigned i = 0; i < c->count; i++) {
        text_print_op(line, sizeof(line), shape, &c->ops[i]);
        fprintf(out, "%s%s\n", prefix, line);
    }
}

UNINSTRUMENTED_END
