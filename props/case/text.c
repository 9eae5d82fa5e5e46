// SPDX-License-Identifier: GPL-2.0-or-later
/* The text format of a case, both directions: see text.h. */
#include "text.h"

#include <stdarg.h>
#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

typedef unsigned long long hex_t;

/* ---- out ---- */

static const struct {
    unsigned type;
    const char *name;
} e820_names[] = {
    {1, "usable"}, {2, "reserved"}, {3, "acpi"},
    {4, "nvs"},    {5, "unusable"}, {OP_TYPE_SOFT, "soft-reserved"},
};

#define E820_NAMES (sizeof(e820_names) / sizeof(e820_names[0]))

const char *text_e820_name(unsigned type)
{
    static char number[16];

    for (unsigned i = 0; i < E820_NAMES; i++)
        if (e820_names[i].type == type)
            return e820_names[i].name;
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

void text_print_op(char *buffer, size_t size, const struct shape *shape, const struct op *op)
{
    char at[16] = "", refuse[16] = "", entry[48];
    const char *name = op_names[op->kind];

    if (op->at && op_has_pfn(op->kind))
        snprintf(at, sizeof(at), "at %u ", op->at);
    if (op->refuse && op_stores(op->kind))
        snprintf(refuse, sizeof(refuse), " refuse=%u", op->refuse);
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
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
        snprintf(buffer, size, "%s%s", name, op->type ? " domu" : "");
        break;
    case OP_RESUME:
        snprintf(buffer, size, "%s", name);
        break;
    }
}

static void print_boot(FILE *out, const struct boot *boot)
{
    fprintf(out, "boot nr_pages=0x%llx", (hex_t)boot->nr_pages);
    if (boot->holes)
        fprintf(out, " holes=0x%x", boot->holes);
    if (boot->auto_translated)
        fprintf(out, " auto_translated");
    if (boot->xen_restore)
        fprintf(out, " restore=xen");
    if (boot->refuse)
        fprintf(out, " refuse=%u", boot->refuse);
    fprintf(out, "\n");
}

void text_print_case(FILE *out, const char *prefix, const struct shape *shape,
                     const struct test_case *c)
{
    char line[128];

    fprintf(out, "%sp2m-case 1\n%sgeometry %s\n%s", prefix, prefix, shape->name, prefix);
    print_boot(out, &c->boot);
    for (unsigned i = 0; i < c->count; i++) {
        text_print_op(line, sizeof(line), shape, &c->ops[i]);
        fprintf(out, "%s%s\n", prefix, line);
    }
}

/* ---- in ---- */

#define WORDS 8 /* no line has more */
#define WORD_LENGTH 64

struct parser {
    const char *name;
    unsigned line;
    char *error;
    size_t error_size;
    const struct shape *shape;
    struct test_case *c;
    bool had_header, had_boot;
    unsigned words;
    char word[WORDS][WORD_LENGTH];
};

static bool __attribute__((format(printf, 2, 3))) fail(struct parser *p, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(p->error, p->error_size, "%s:%u: ", p->name, p->line);

    if (length < 0 || (size_t)length >= p->error_size)
        return false;
    va_start(arguments, format);
    vsnprintf(p->error + length, p->error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

bool text_is_text(const char *name, const char *data, size_t size)
{
    size_t length = name ? strlen(name) : 0;

    if (length >= 4 && !strcmp(name + length - 4, ".txt"))
        return true;
    return size >= 8 && !memcmp(data, "p2m-case", 8);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* All of `word` as a number, hexadecimal after 0x. */
static bool number(struct parser *p, const char *word, uint64_t *value)
{
    int base = 10;
    const char *at = word;

    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    }
    *value = 0;
    if (base == 10 && at[0] == '0' && at[1])
        return fail(p, "'%s' is no number: decimal ones start with no 0", word);
    if (!*at)
        return fail(p, "'%s' is no number", word);
    for (; *at; at++) {
        if (digit(*at) >= base)
            return fail(p, "'%s' is no number", word);
        if (*value > (~(uint64_t)0 - (uint64_t)digit(*at)) / (uint64_t)base)
            return fail(p, "'%s' does not fit into 64 bits", word);
        *value = *value * (uint64_t)base + (uint64_t)digit(*at);
    }
    return true;
}

static bool number_up_to(struct parser *p, const char *word, uint64_t most, const char *what,
                         uint64_t *value)
{
    if (!number(p, word, value))
        return false;
    if (*value > most)
        return fail(p, "%s %s is above 0x%llx", what, word, (hex_t)most);
    return true;
}

static bool random_pfn(struct parser *p, const char *word, uint64_t *pfn)
{
    uint64_t last = OP_LAST_PFN(p->shape);

    if (!number_up_to(p, word, last, "PFN", pfn))
        return false;
    if (!place_fits(p->shape, *pfn, last))
        return fail(p, "PFN %s is more than 2^%d from MAX_P2M_PFN and from the end of all PFNs",
                    word, PLACE_PAST_BITS);
    return true;
}

static bool an_address(struct parser *p, const char *word, uint64_t *address)
{
    if (!number(p, word, address))
        return false;
    if (!place_fits(p->shape, *address / 4096, E820_LAST_PFN))
        return fail(p, "address %s is more than 2^%d pages from MAX_P2M_PFN and from 2^64", word,
                    PLACE_PAST_BITS);
    return true;
}

/* `refuse=3` at the end of the line, or nothing; *used counts the words of the line. */
static bool a_refusal(struct parser *p, unsigned *used, uint8_t *refuse)
{
    uint64_t value;

    if (*used >= p->words || strncmp(p->word[*used], "refuse=", 7))
        return true;
    if (!number_up_to(p, p->word[*used] + 7, OP_REFUSE_MAX, "refuse", &value))
        return false;
    if (!value)
        return fail(p, "refuse counts from 1");
    *refuse = (uint8_t)value;
    ++*used;
    return true;
}

/* Words `*used` on are an entry for `op`. */
static bool an_entry(struct parser *p, unsigned *used, struct op *op)
{
    static const struct {
        const char *name;
        bool has_value;
        enum entry_kind kind;
    } kinds[] = {
        {"invalid", false, ENTRY_INVALID}, {"identity", false, ENTRY_IDENTITY},
        {"mfn", true, ENTRY_MFN},          {"foreign", true, ENTRY_FOREIGN},
        {"raw", true, ENTRY_KINDS},
    };
    uint64_t most = shape_word_mask(p->shape) >> 2, value = 0;

    for (unsigned i = 0; *used < p->words && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(p->word[*used], kinds[i].name))
            continue;
        ++*used;
        if (kinds[i].has_value && *used >= p->words)
            return fail(p, "'%s' wants a number", kinds[i].name);
        if (kinds[i].kind == ENTRY_KINDS) /* raw: any word */
            return number_up_to(p, p->word[(*used)++], shape_word_mask(p->shape), "entry",
                                &op->arg);
        if (kinds[i].has_value && !number_up_to(p, p->word[(*used)++], most, "MFN", &value))
            return false;
        op->arg = entry_join(p->shape, op->pfn, kinds[i].kind, value);
        return true;
    }
    return fail(p, "expected an entry: invalid, identity, mfn N, foreign N or raw N");
}

static bool e820_type(struct parser *p, const char *word, uint8_t *type)
{
    uint64_t value;

    for (unsigned i = 0; i < E820_NAMES; i++)
        if (!strcmp(word, e820_names[i].name)) {
            *type = (uint8_t)e820_names[i].type;
            return true;
        }
    if (word[0] < '0' || word[0] > '9')
        return fail(p, "'%s' is no E820 type", word);
    if (!number_up_to(p, word, OP_TYPE_MAX, "E820 type", &value))
        return false;
    if (value == OP_TYPE_SOFT)
        return fail(p, "E820 type %u is written soft-reserved", OP_TYPE_SOFT);
    *type = (uint8_t)value;
    return true;
}

/* The arguments of `op`, from word *used on. */
static bool arguments(struct parser *p, unsigned *used, struct op *op)
{
    unsigned wanted = op->kind == OP_E820 ? 3 : op->kind == OP_RANGE ? 2 : op_has_pfn(op->kind);

    if (p->words - *used < wanted)
        return fail(p, "'%s' wants %s", op_names[op->kind],
                    op->kind == OP_E820    ? "START END TYPE"
                    : op->kind == OP_RANGE ? "START END"
                                           : "a PFN");
    if (op_has_pfn(op->kind) && !random_pfn(p, p->word[(*used)++], &op->pfn))
        return false;
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        return an_entry(p, used, op) && a_refusal(p, used, &op->refuse);
    case OP_RANGE:
        return random_pfn(p, p->word[(*used)++], &op->arg) && a_refusal(p, used, &op->refuse);
    case OP_E820:
        *used += 3;
        return an_address(p, p->word[*used - 3], &op->start) &&
               an_address(p, p->word[*used - 2], &op->stop) &&
               e820_type(p, p->word[*used - 1], &op->type);
    case OP_XEN_SET_IDENTITY:
        if (*used < p->words && !strcmp(p->word[*used], "domu")) {
            op->type = 1;
            ++*used;
        }
        return true;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
        break;
    }
    return true;
}

static bool op_line(struct parser *p)
{
    struct op op = {0};
    unsigned used = 0;
    uint64_t value;

    if (!strcmp(p->word[0], "at")) {
        if (p->words < 3)
            return fail(p, "'at' wants the number of a sync point and a call");
        if (!number_up_to(p, p->word[1], OP_AT_MAX, "sync point", &value))
            return false;
        if (!value)
            return fail(p, "sync points count from 1");
        op.at = (uint8_t)value;
        used = 2;
    }
    while (op.kind < OP_KINDS && strcmp(p->word[used], op_names[op.kind]) != 0)
        op.kind++;
    if (op.kind == OP_KINDS)
        return fail(p, "'%s' is no op", p->word[used]);
    if (op.at && !op_has_pfn(op.kind))
        return fail(p, "'%s' cannot run inside another call", op_names[op.kind]);
    used++;
    if (!arguments(p, &used, &op))
        return false;
    if (used < p->words)
        return fail(p, "'%s' is too much", p->word[used]);
    if (p->c->count == CASE_OPS)
        return fail(p, "more than %d ops", CASE_OPS);
    p->c->ops[p->c->count++] = op;
    return true;
}

static bool boot_line(struct parser *p)
{
    struct boot *boot = &p->c->boot;
    uint64_t value;

    if (p->had_boot || p->c->count)
        return fail(p, "'boot' stands once, before all ops");
    p->had_boot = true;
    for (unsigned i = 1; i < p->words; i++) {
        const char *word = p->word[i];
        size_t key = strcspn(word, "=");
        unsigned used = i;

        for (unsigned k = 1; k < i; k++)
            if (strcspn(p->word[k], "=") == key && !strncmp(p->word[k], word, key))
                return fail(p, "'%.*s' stands twice", (int)key, word);
        if (!strncmp(word, "nr_pages=", 9)) {
            if (!number_up_to(p, word + 9, boot_max_pages(p->shape), "nr_pages", &boot->nr_pages))
                return false;
        } else if (!strncmp(word, "holes=", 6)) {
            if (!number_up_to(p, word + 6, 255, "holes", &value))
                return false;
            boot->holes = (uint8_t)value;
        } else if (!strcmp(word, "auto_translated")) {
            boot->auto_translated = true;
        } else if (!strcmp(word, "restore=xen")) {
            boot->xen_restore = true;
        } else if (!strcmp(word, "restore=keep")) {
            boot->xen_restore = false;
        } else if (!a_refusal(p, &used, &boot->refuse)) {
            return false;
        } else if (used == i) {
            return fail(p, "'%s' is not known of 'boot'", word);
        }
    }
    return true;
}

static bool geometry_line(struct parser *p)
{
    if (p->words != 2 || strcmp(p->word[0], "geometry"))
        return fail(p, "expected 'geometry NAME'");
    p->shape = shape_by_name(p->word[1], (unsigned)strlen(p->word[1]));
    if (!p->shape)
        return fail(p, "'%s' is no geometry", p->word[1]);
    return true;
}

static bool header_line(struct parser *p)
{
    if (p->words < 1 || strcmp(p->word[0], "p2m-case"))
        return fail(p, "expected 'p2m-case 1'");
    if (p->words != 2 || strcmp(p->word[1], "1"))
        return fail(p,
                    "this is no version of the case format that is known: expected 'p2m-case 1'");
    p->had_header = true;
    return true;
}

/* Splits a line into words, the comment left out. */
static bool split(struct parser *p, const char *line, size_t length)
{
    size_t i = 0;

    p->words = 0;
    while (i < length && line[i] != '#') {
        size_t start;

        if (line[i] == ' ' || line[i] == '\t' || (line[i] == '\r' && i + 1 == length)) {
            i++;
            continue;
        }
        for (start = i; i < length && line[i] && !strchr(" \t#", line[i]); i++) {
            if (line[i] == '\r' && i + 1 == length)
                break;
            if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
                return fail(p, "character 0x%02x", (unsigned char)line[i]);
        }
        if (i < length && !line[i])
            return fail(p, "character 0x00");
        if (i - start >= WORD_LENGTH)
            return fail(p, "a word of %zu characters", i - start);
        if (p->words == WORDS)
            return fail(p, "too many words");
        memcpy(p->word[p->words], line + start, i - start);
        p->word[p->words++][i - start] = '\0';
    }
    return true;
}

static bool one_line(struct parser *p, const char *line, size_t length)
{
    if (!split(p, line, length))
        return false;
    if (p->line == 1 || (!p->words && !p->had_header))
        return header_line(p);
    if (!p->words)
        return true;
    if (!p->shape)
        return geometry_line(p);
    return strcmp(p->word[0], "boot") ? op_line(p) : boot_line(p);
}

bool text_parse(const char *name, const char *data, size_t size, struct test_case *c,
                const struct shape **shape, char *error, size_t error_size)
{
    struct parser p = {.name = name, .error = error, .error_size = error_size, .c = c};

    c->count = 0;
    c->boot = (struct boot){0};
    for (size_t at = 0; at < size;) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t length = (end ? (size_t)(end - data) : size) - at;

        p.line++;
        if (!one_line(&p, data + at, length))
            return false;
        at += length + 1;
    }
    if (!p.shape) {
        p.line += !p.line;
        return p.had_header ? fail(&p, "expected 'geometry NAME', got the end of the file")
                            : fail(&p, "expected 'p2m-case 1', got the end of the file");
    }
    *shape = p.shape;
    return true;
}

UNINSTRUMENTED_END
