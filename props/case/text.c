// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the text format of a case: see text.h. */
#include "text.h"

#include <stdarg.h>
#include <string.h>

#include "props/base/uninstrumented.h"
#include "text_words.h"

UNINSTRUMENTED_BEGIN

typedef unsigned long long hex_t;

#define WORDS 32 /* no line has more */
#define WORD_LENGTH 64

struct parser {
    const char *name;
    unsigned line;
    char *error;
    size_t error_size;
    const struct shape *shape;
    struct test_case *c;
    unsigned version; /* 0: the first line is still to come */
    bool had_boot;
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
        return fail(p, "'%s' is not a number: decimal numbers have no leading 0", word);
    if (!*at)
        return fail(p, "'%s' is not a number", word);
    for (; *at; at++) {
        if (digit(*at) >= base)
            return fail(p, "'%s' is not a number", word);
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

static bool a_pfn(struct parser *p, const char *word, uint64_t *pfn)
{
    return number_up_to(p, word, OP_LAST_PFN(p->shape), "PFN", pfn);
}

static bool from_1(struct parser *p, const char *word, uint64_t most, const char *what,
                   uint64_t *value)
{
    if (!number_up_to(p, word, most, what, value))
        return false;
    return *value || fail(p, "%s counts from 1", what);
}

/* `refuse=3` at the end of the line, optional; *used counts the words of the line. */
static bool a_refusal(struct parser *p, unsigned *used, uint64_t most, uint16_t *refuse)
{
    uint64_t value;

    if (*used >= p->words || strncmp(p->word[*used], "refuse=", 7))
        return true;
    if (!from_1(p, p->word[*used] + 7, most, "refuse", &value))
        return false;
    *refuse = (uint16_t)value;
    ++*used;
    return true;
}

static bool op_refusal(struct parser *p, unsigned *used, struct op *op)
{
    uint16_t refuse = 0;

    if (!a_refusal(p, used, OP_REFUSE_MAX, &refuse))
        return false;
    op->refuse = (uint8_t)refuse;
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
    uint64_t most = FRAME_LAST(p->shape), value = 0;

    for (unsigned i = 0; *used < p->words && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(p->word[*used], kinds[i].name))
            continue;
        ++*used;
        if (kinds[i].has_value && *used >= p->words)
            return fail(p, "'%s' needs a number", kinds[i].name);
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

    for (unsigned i = 0; i < TEXT_E820_NAMES; i++)
        if (!strcmp(word, text_e820_names[i].name)) {
            *type = (uint8_t)text_e820_names[i].type;
            return true;
        }
    if (word[0] < '0' || word[0] > '9')
        return fail(p, "'%s' is not an E820 type", word);
    if (!number_up_to(p, word, OP_TYPE_MAX, "E820 type", &value))
        return false;
    if (value == OP_TYPE_SOFT)
        return fail(p, "E820 type %u is written soft-reserved", OP_TYPE_SOFT);
    *type = (uint8_t)value;
    return true;
}

/* ---- schedules ---- */

/* `~`, `~1`, `~2` behind a switch; it is cut off. */
static bool kept_stores(struct parser *p, char *word, uint8_t *keep)
{
    char *tilde = strchr(word, '~');
    uint64_t value = 0;

    if (!tilde)
        return true;
    *tilde = '\0';
    if (tilde[1] && !from_1(p, tilde + 1, TURN_KEEP_MAX - 1, "the number of stores", &value))
        return false;
    *keep = (uint8_t)(1 + value);
    return true;
}

/* N/D, D a power of two up to 256, as so many of 256. */
static bool a_fraction(struct parser *p, char *word, char *slash, uint64_t *value)
{
    uint64_t parts;

    if (!from_1(p, slash + 1, 256, "the parts of a call", &parts))
        return false;
    if (parts < 2 || (parts & (parts - 1)))
        return fail(p, "'%s': a call has 2, 4, 8 .. 256 parts", word);
    *slash = '\0';
    if (!from_1(p, word, parts - 1, "fraction", value))
        return false;
    *value *= 256 / parts;
    return true;
}

/* One switch: `8`, `-8`, `3/8`, `*`. */
static bool a_turn(struct parser *p, char *word, struct turn *turn)
{
    char *slash = strchr(word, '/');
    uint64_t value = 1;
    bool fine;

    *turn = (struct turn){0};
    if (!kept_stores(p, word, &turn->keep))
        return false;
    if (!strcmp(word, "*")) {
        turn->from = TURN_EVERY;
        fine = true;
    } else if (slash) {
        turn->from = TURN_PART;
        fine = a_fraction(p, word, slash, &value);
    } else {
        turn->from = *word == '-' ? TURN_END : TURN_START;
        fine = from_1(p, word + (*word == '-'), OP_POINT_MAX, "sync point", &value);
    }
    turn->point = (uint16_t)value;
    return fine;
}

/* Switches separated by commas. */
static bool a_schedule(struct parser *p, const char *word, struct op *op)
{
    struct turn turn[OP_TURNS];
    char piece[WORD_LENGTH];
    unsigned turns = 0;

    for (bool more = true; more; word++) {
        size_t length = strcspn(word, ",");

        if (turns == OP_TURNS)
            return fail(p, "a schedule has at most %d switches", OP_TURNS);
        memcpy(piece, word, length);
        piece[length] = '\0';
        if (!a_turn(p, piece, &turn[turns++]))
            return false;
        if (turns > 1 && (turn[0].from == TURN_EVERY || turn[turns - 1].from == TURN_EVERY))
            return fail(p, "'*' is a whole schedule");
        word += length;
        more = *word == ',';
    }
    op->at = turn[0].point;
    op->at_from = turn[0].from;
    op->at_keep = turn[0].keep;
    op->turns = (uint8_t)(turns - 1);
    memcpy(op->turn, turn + 1, (turns - 1) * sizeof(turn[0]));
    return true;
}

/* ---- ops ---- */

/* The required arguments of an op. */
static const struct {
    unsigned words;
    const char *what;
} wanted[OP_KINDS] = {
    [OP_GET] = {1, "a PFN"},
    [OP_PFN_TO_MFN] = {1, "a PFN"},
    [OP_SET] = {1, "a PFN"},
    [OP_SET_NOALLOC] = {1, "a PFN"},
    [OP_RANGE] = {2, "START END"},
    [OP_E820] = {3, "START END TYPE"},
    [OP_GRANT_MAP] = {4, "PFN COUNT mfn MFN"},
    [OP_GRANT_UNMAP] = {2, "PFN COUNT"},
    [OP_LIST] = {1, "a PFN"},
    [OP_MFN_BASE] = {2, "list, pages or leaves, and an MFN"},
};

static bool a_count(struct parser *p, const char *word, struct op *op)
{
    uint64_t count;

    if (!from_1(p, word, OP_GRANTS_MAX, "the number of slots", &count))
        return false;
    op->count = (uint8_t)count;
    return true;
}

/* COUNT mfn MFN, then perhaps slots= and refuse= */
static bool a_grant_map(struct parser *p, unsigned *used, struct op *op)
{
    char(*word)[WORD_LENGTH] = p->word + *used;
    uint64_t slots;

    if (!a_count(p, word[0], op))
        return false;
    if (strcmp(word[1], "mfn"))
        return fail(p, "expected 'mfn', got '%s'", word[1]);
    if (!number_up_to(p, word[2], FRAME_LAST(p->shape), "MFN", &op->arg))
        return false;
    *used += 3;
    if (*used < p->words && !strncmp(p->word[*used], "slots=", 6)) {
        if (!number_up_to(p, p->word[*used] + 6, UINT16_MAX, "slots", &slots))
            return false;
        op->slots = (uint16_t)slots;
        ++*used;
    }
    return op_refusal(p, used, op);
}

static bool an_mfn_base(struct parser *p, unsigned *used, struct op *op)
{
    const char *name = p->word[(*used)++];

    while (op->type < MFN_BASES && strcmp(name, text_mfn_bases[op->type]))
        op->type++;
    if (op->type == MFN_BASES)
        return fail(p, "'%s' has no MFNs: expected list, pages or leaves", name);
    return number_up_to(p, p->word[(*used)++], FRAME_LAST(p->shape), "MFN", &op->arg);
}

/* The arguments of `op`, from word *used on. */
static bool arguments(struct parser *p, unsigned *used, struct op *op)
{
    if (p->words - *used < wanted[op->kind].words)
        return fail(p, "'%s' needs %s", op_names[op->kind], wanted[op->kind].what);
    if (op_names_pfn(op->kind) && !a_pfn(p, p->word[(*used)++], &op->pfn))
        return false;
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        return an_entry(p, used, op) && op_refusal(p, used, op);
    case OP_LIST:
        return an_entry(p, used, op);
    case OP_RANGE:
        return a_pfn(p, p->word[(*used)++], &op->arg) && op_refusal(p, used, op);
    case OP_E820:
        *used += 3;
        return number(p, p->word[*used - 3], &op->start) &&
               number(p, p->word[*used - 2], &op->stop) &&
               e820_type(p, p->word[*used - 1], &op->type);
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
        if (*used < p->words && !strcmp(p->word[*used], "domu")) {
            op->type = 1;
            ++*used;
        }
        return p->version == 1 || op->kind == OP_IDENTITY_RANGES || op_refusal(p, used, op);
    case OP_GRANT_MAP:
        return a_grant_map(p, used, op);
    case OP_GRANT_UNMAP:
        return a_count(p, p->word[(*used)++], op);
    case OP_BUILD:
        return a_refusal(p, used, BUILD_REFUSE_MAX, &op->at);
    case OP_MFN_BASE:
        return an_mfn_base(p, used, op);
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_PUBLISH:
    case OP_DESTROY:
        break;
    }
    return true;
}

/* `at` and its schedule before a call. */
static bool an_at(struct parser *p, unsigned *used, struct op *op)
{
    uint64_t value;

    if (strcmp(p->word[0], "at"))
        return true;
    if (p->words < 3)
        return fail(p, "'at' needs the number of a sync point and a call");
    *used = 2;
    if (p->version > 1)
        return a_schedule(p, p->word[1], op);
    if (!from_1(p, p->word[1], OP_AT_MAX, "sync point", &value))
        return false;
    op->at = (uint16_t)value;
    return true;
}

static bool op_line(struct parser *p)
{
    struct op op = {0};
    unsigned used = 0;

    if (!an_at(p, &used, &op))
        return false;
    while (op.kind < OP_KINDS && strcmp(p->word[used], op_names[op.kind]))
        op.kind++;
    if (op.kind == OP_KINDS)
        return fail(p, "'%s' is not an op", p->word[used]);
    if (op.kind >= OP_GRANT_MAP && p->version == 1)
        return fail(p, "'%s' is an op of 'p2m-case 2' only", p->word[used]);
    if (op.at && !op_has_pfn(op.kind))
        return fail(p, "'%s' cannot run inside another call", op_names[op.kind]);
    used++;
    if (!arguments(p, &used, &op))
        return false;
    if (used < p->words)
        return fail(p, "'%s' is one word too many", p->word[used]);
    if (p->c->count == CASE_OPS)
        return fail(p, "more than %d ops", CASE_OPS);
    p->c->ops[p->c->count++] = op;
    return true;
}

/* ---- boot: each part takes word `at` of the line if it knows it ---- */

static bool boot_flag(struct parser *p, unsigned at, bool *known)
{
    const char *word = p->word[at];

    *known = !strcmp(word, "restore=keep"); /* as it is without it */
    for (unsigned i = 0; i < BOOT_FLAG_KINDS && !*known; i++) {
        if (strcmp(word, text_boot_flags[i]) || (i > BOOT_XEN_RESTORE && p->version == 1))
            continue;
        *known = true;
        if (i == BOOT_AUTO_TRANSLATED)
            p->c->boot.auto_translated = true;
        else if (i == BOOT_XEN_RESTORE)
            p->c->boot.xen_restore = true;
        else
            p->c->boot.flags |= (uint16_t)(1u << i);
    }
    return true;
}

/* Is it `key=...`? */
static bool has_key(const char *word, const char *key)
{
    size_t length = strlen(key);

    return !strncmp(word, key, length) && word[length] == '=';
}

static bool boot_number(struct parser *p, unsigned at, bool *known)
{
    struct boot *boot = &p->c->boot;
    const uint64_t pages = p->version > 1 ? shape_word_mask(p->shape) : boot_max_pages(p->shape);
    const struct {
        const char *key;
        unsigned version; /* since which one */
        uint64_t most;
        uint8_t *byte;
        uint32_t *word;
        uint64_t *number;
    } row[] = {
        {"nr_pages", 1, pages, .number = &boot->nr_pages},
        {"holes", 1, 255, .byte = &boot->holes},
        {"order", 2, BOOT_ORDERS - 1, .byte = &boot->order},
        {"hotplug", 2, OP_LAST_PFN(p->shape), .number = &boot->hotplug_limit},
        {"reservation", 2, ~(uint64_t)0, .number = &boot->setup.max_reservation},
        {"kernel", 2, UINT32_MAX, .word = &boot->setup.kernel},
        {"initrd", 2, UINT32_MAX, .word = &boot->setup.initrd},
        {"page_tables", 2, UINT32_MAX, .word = &boot->setup.page_tables},
        {"list", 2, UINT32_MAX, .word = &boot->setup.list},
    };
    uint64_t value;

    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (!has_key(p->word[at], row[i].key) || p->version < row[i].version)
            continue;
        *known = true;
        if (!number_up_to(p, p->word[at] + strlen(row[i].key) + 1, row[i].most, row[i].key, &value))
            return false;
        if (row[i].byte)
            *row[i].byte = (uint8_t)value;
        else if (row[i].word)
            *row[i].word = (uint32_t)value;
        else if (row[i].number)
            *row[i].number = value;
    }
    return true;
}

static bool boot_refusal(struct parser *p, unsigned at, bool *known)
{
    unsigned used = at;
    bool fine =
        a_refusal(p, &used, p->version > 1 ? BUILD_REFUSE_MAX : OP_REFUSE_MAX, &p->c->boot.refuse);

    *known = used > at;
    return fine;
}

/* `PFN+PAGES` */
static bool a_region(struct parser *p, char *word, uint64_t last, uint64_t *pfn, uint32_t *pages)
{
    char *plus = strchr(word, '+');
    uint64_t count;

    if (!plus)
        return fail(p, "'%s' is not a region: expected PFN+PAGES", word);
    *plus = '\0';
    if (!number_up_to(p, word, last, "PFN", pfn) ||
        !from_1(p, plus + 1, UINT32_MAX, "the number of pages", &count))
        return false;
    *pages = (uint32_t)count;
    return true;
}

static bool boot_region(struct parser *p, unsigned at, bool *known)
{
    struct boot *boot = &p->c->boot;
    bool extra = has_key(p->word[at], "extra");
    unsigned most = extra ? BOOT_EXTRAS : BOOT_NVS, i = 0;
    uint32_t pages = 0;
    uint64_t pfn = 0;

    *known = p->version > 1 && (extra || has_key(p->word[at], "nvs"));
    if (!*known)
        return true;
    while (i < most && (extra ? boot->extra[i].pages : boot->setup.nvs[i].pages))
        i++;
    if (i == most)
        return fail(p, "'%s' occurs more than %u times", extra ? "extra" : "nvs", most);
    if (!a_region(p, strchr(p->word[at], '=') + 1, extra ? OP_LAST_PFN(p->shape) : UINT32_MAX, &pfn,
                  &pages))
        return false;
    if (extra) {
        boot->extra[i].pfn = pfn;
        boot->extra[i].pages = pages;
    } else {
        boot->setup.nvs[i].pfn = (uint32_t)pfn;
        boot->setup.nvs[i].pages = pages;
    }
    return true;
}

/* `0x` and two digits for each answer. */
static bool boot_answers(struct parser *p, unsigned at, bool *known)
{
    const char *digits = p->word[at] + strlen("answers=0x");

    *known = p->version > 1 && has_key(p->word[at], "answers");
    if (!*known)
        return true;
    if (strncmp(p->word[at], "answers=0x", strlen("answers=0x")) ||
        strspn(digits, "0123456789abcdefABCDEF") != 2 * BOOT_ANSWERS || digits[2 * BOOT_ANSWERS])
        return fail(p, "'answers' needs 0x and %d digits", 2 * BOOT_ANSWERS);
    for (unsigned i = 0; i < BOOT_ANSWERS; i++)
        p->c->boot.setup.answer[i] =
            (uint8_t)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    return true;
}

static bool boot_word(struct parser *p, unsigned at)
{
    static bool (*const parts[])(struct parser *p, unsigned at, bool *known) = {
        boot_flag, boot_number, boot_refusal, boot_region, boot_answers};
    bool known = false;

    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]) && !known; i++)
        if (!parts[i](p, at, &known))
            return false;
    return known || fail(p, "'%s' is not a word of 'boot'", p->word[at]);
}

static bool boot_line(struct parser *p)
{
    if (p->had_boot || p->c->count)
        return fail(p, "'boot' occurs once, before all ops");
    p->had_boot = true;
    for (unsigned i = 1; i < p->words; i++) {
        const char *word = p->word[i];
        size_t key = strcspn(word, "=");

        for (unsigned k = 1; k < i && !has_key(word, "extra") && !has_key(word, "nvs"); k++)
            if (strcspn(p->word[k], "=") == key && !strncmp(p->word[k], word, key))
                return fail(p, "'%.*s' occurs twice", (int)key, word);
        if (!boot_word(p, i))
            return false;
    }
    return true;
}

/* ---- the head ---- */

/* `subject NAME`, `mode as-written`: to `to`, which has room for `size`. */
static bool name_line(struct parser *p, char *to, size_t size)
{
    if (*to || p->had_boot || p->c->count)
        return fail(p, "'%s' occurs once, before the boot and all ops", p->word[0]);
    if (p->words != 2 || strlen(p->word[1]) >= size)
        return fail(p, "'%s' needs one word of at most %zu characters", p->word[0], size - 1);
    if (to == p->c->mode && strcmp(p->word[1], "as-written") && strcmp(p->word[1], "as-optimised"))
        return fail(p, "'%s' is not a mode: expected as-written or as-optimised", p->word[1]);
    strcpy(to, p->word[1]);
    return true;
}

static bool geometry_line(struct parser *p)
{
    if (p->words != 2 || strcmp(p->word[0], "geometry"))
        return fail(p, "expected 'geometry NAME'");
    p->shape = shape_by_name(p->word[1], (unsigned)strlen(p->word[1]));
    if (!p->shape)
        return fail(p, "'%s' is not a geometry", p->word[1]);
    return true;
}

static bool header_line(struct parser *p)
{
    if (p->words < 1 || strcmp(p->word[0], "p2m-case"))
        return fail(p, "expected 'p2m-case 2'");
    if (p->words != 2 || (strcmp(p->word[1], "1") && strcmp(p->word[1], "2")))
        return fail(p, "unknown version of the case format: expected 'p2m-case 2' "
                       "or 'p2m-case 1'");
    p->version = p->word[1][0] == '1' ? 1 : 2;
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
    if (p->line == 1 || (!p->words && !p->version))
        return header_line(p);
    if (!p->words)
        return true;
    if (!p->shape)
        return geometry_line(p);
    if (!strcmp(p->word[0], "boot"))
        return boot_line(p);
    if (!strcmp(p->word[0], "subject") && p->version > 1)
        return name_line(p, p->c->subject, sizeof(p->c->subject));
    if (!strcmp(p->word[0], "mode") && p->version > 1)
        return name_line(p, p->c->mode, sizeof(p->c->mode));
    return op_line(p);
}

bool text_parse(const char *name, const char *data, size_t size, struct test_case *c,
                const struct shape **shape, char *error, size_t error_size)
{
    struct parser p = {.name = name, .error = error, .error_size = error_size, .c = c};

    c->count = 0;
    c->boot = (struct boot){0};
    c->subject[0] = c->mode[0] = '\0';
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
        return fail(&p, "expected '%s', got the end of the file",
                    p.version ? "geometry NAME" : "p2m-case 2");
    }
    *shape = p.shape;
    return true;
}

UNINSTRUMENTED_END
