// SPDX-License-Identifier: GPL-2.0-or-later
/* p2m-case, the tool for single cases, and the replay driver: see help_text. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e820_log.h"
#include "geometry.h"
#include "minimize.h"
#include "props/base/files.h"
#include "replay.h"
#include "upgrade.h"

static const char help_text[] =
    "p2m-case: shows, converts and runs cases of p2mcheck\n"
    "\n"
    "  p2m-case decode FILE              the case as text\n"
    "  p2m-case encode FILE -o OUT       the case as bytes\n"
    "  p2m-case run FILE...              each op and its result; the first violated\n"
    "                                    invariant in full\n"
    "  p2m-case repro FILE               the same, and the tree before and after the\n"
    "                                    failing op\n"
    "  p2m-case shrink FILE [-o OUT]     the smallest case that fails in the same way, in\n"
    "                                    the smallest geometry: OUT in bytes, OUT.txt,\n"
    "                                    OUT.c; other failures met: OUT.aside-NAME.txt\n"
    "  p2m-case show [--svg] FILE        draws the tree at the end of the case, as text, or\n"
    "                                    as a picture (-o OUT.svg)\n"
    "  p2m-case replay PATH...           runs files, and all in folders, in every\n"
    "                                    geometry; ends with the counts\n"
    "  p2m-case cells PATH...            runs them in one geometry (tiny): prints which calls\n"
    "                                    reached which states with which result; a cell\n"
    "                                    that was not reached is an error\n"
    "  p2m-case upgrade FOLDER...        rewrites collected inputs, build/corpus/ops_tiny, from\n"
    "                                    the first version of the byte format; marks the folder\n"
    "  p2m-case e820 FILE...             reads the memory map in a boot log of Linux\n"
    "                                    or Xen: the table, the identity ranges, the\n"
    "                                    pages they cost, the tree\n"
    "  p2m-case geometries               the names that --geometry takes\n"
    "  p2m-case facts                    facts for the scripts, as JSON:\n"
    "                                    ops, targets, geometries, the longest input\n"
    "\n"
    "  --geometry=NAME   run in this geometry. Default: the one that the text or the file's\n"
    "                    name (ops_tiny-...) gives; replay: all, or a list with commas;\n"
    "                    e820: x86_64\n"
    "  --target=NAME     ops, e820, case, setup or canary: its byte codec and its subject.\n"
    "                    Default: by the name of the file, else ops\n"
    "  --check=every     run, replay: check everything after every op, also in the big\n"
    "                    geometries\n"
    "  --reverse         replay: the last file first\n"
    "  --faults          replay: for each page that a case allocates, run the case once more\n"
    "                    with that page refused\n"
    "  --junit=FILE      replay: also write the results as JUnit XML\n"
    "  --hashes          replay: print `HASH GEOMETRY FILE` for each case\n"
    "  --toolstacks      replay: print what each toolstack says that saves the guest, and check\n"
    "                    nothing else (XEN=; fuzz/README.md)\n"
    "  --domu            e820: the map of an unprivileged domain (from 1 MiB on)\n"
    "  --ranges          e820: only the identity ranges, `0xSTART 0xEND` in PFNs, end\n"
    "                    exclusive, ascending\n"
    "  --cost            e820: only the cost of the map, one line per file\n"
    "  --verify          e820: compare the ranges with a classification of each page\n"
    "  --map=N           e820: take the Nth map of the log. Default: the first, but not the\n"
    "                    rest of one in front of a map with a heading\n"
    "  --partial         e820: also take a map whose beginning is missing\n"
    "  --linux=TREE      e820: what the setup.c of that kernel (or debian, debian-6.12) does with\n"
    "                    the map: identity, moved frames, extra memory, a violated invariant\n"
    "  --pages=N         with --linux: the pages of the domain. Default: half of the machine\n"
    "  --want=NAME       shrink: the failure to keep; a different failure is an error\n"
    "  --all             cells: also print a line for each cell\n"
    "  --svg             show: as an SVG, laid out by graphviz; bounded in size, counts the\n"
    "                    omitted slots\n"
    "  --dot             show: as the graph that --svg gives to graphviz, in DOT\n"
    "  -o OUT            encode, decode, shrink, e820, show --svg and --dot: write here (e820:\n"
    "                    the map as a case)\n"
    "  -h, --help        this text\n"
    "\n"
    "A file is text if its name ends in .txt or its first line begins with p2m-case;\n"
    "any other file is bytes. Exit: 0 success; 1 a violated invariant, or bad input (one\n"
    "line says why); 2 bad usage.\n";

const char *running_file;
void (*print_running_op)(FILE *out);

static struct {
    const char *geometry, *target, *out, *want, *junit, *check, *map;
    bool every, reverse, faults, hashes, toolstacks, domu, ranges, cost, verify, partial, dot, svg,
        all, help;
    const char *linux_tree, *pages;
    unsigned map_number; /* 0: the default */
} options;

static int usage(const char *why, const char *what)
{
    fprintf(stderr, "p2m-case: %s%s%s; see p2m-case --help\n", why, what ? ": " : "",
            what ? what : "");
    return 2;
}

/* ---- output ---- */

/* Writes the text printed into memory to -o, or to standard output. */
static bool deliver(const char *data, size_t size)
{
    if (options.out)
        return files_write(options.out, data, size);
    return fwrite(data, 1, size, stdout) == size;
}

/* ---- commands on one case ---- */

enum command { DECODE, ENCODE, RUN, REPRO, SHOW };

static bool decode(const struct geometry *geometry, const struct input *input)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory && geometry->print(input, memory);

    if (memory)
        fclose(memory);
    fine = fine && deliver(text, size);
    free(text);
    return fine;
}

/* The graph as drawn by graphviz. dot reads a file as its standard input, so nothing blocks. */
static bool deliver_svg(const char *graph, size_t size)
{
    FILE *file = tmpfile(), *dot = NULL;
    char *svg = NULL;
    size_t capacity = 0;
    ssize_t length;
    int status;

    if (file && fwrite(graph, 1, size, file) == size && !fseek(file, 0, SEEK_SET) &&
        dup2(fileno(file), STDIN_FILENO) == STDIN_FILENO)
        dot = popen("dot -Tsvg 2>/dev/null", "r");
    if (!dot) {
        perror("p2m-case: --svg");
        if (file)
            fclose(file);
        return false;
    }
    length = getdelim(&svg, &capacity, '\0', dot);
    status = pclose(dot);
    fclose(file);
    if (status || length < 0)
        fprintf(stderr, "p2m-case: --svg: %s\n",
                WEXITSTATUS(status) == 127 ? "dot is not installed; install graphviz, or use --dot"
                                           : "dot failed; --dot shows its input");
    status = status || length < 0 || !deliver(svg, (size_t)length);
    free(svg);
    return !status;
}

/* Draws a graph only of a case without a violation; as text any tree. */
static bool show(const struct geometry *geometry, const struct input *input)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory;
    bool fine;

    if (!options.dot && !options.svg)
        return geometry->show(input, false, stdout);
    memory = open_memstream(&text, &size);
    fine = memory && geometry->show(input, true, memory);
    if (memory)
        fclose(memory);
    fine = fine && (options.svg ? deliver_svg(text, size) : deliver(text, size));
    free(text);
    return fine;
}

static bool encode(const struct geometry *geometry, const struct input *input)
{
    uint8_t bytes[GEOMETRY_BYTES];
    size_t size;

    return geometry->encode(input, bytes, &size) && deliver((const char *)bytes, size);
}

static bool one_geometry(enum command command, const struct geometry *geometry,
                         const struct input *input)
{
    running_file = input->name;
    switch (command) {
    case DECODE:
        return decode(geometry, input);
    case ENCODE:
        return encode(geometry, input);
    case RUN:
        return geometry->run(input, options.every, stdout);
    case REPRO:
        return geometry->repro(input, stdout);
    default:
        return show(geometry, input);
    }
}

/*
 * If the geometry of the bytes cannot be determined, repro tries all, and explains the first one
 * that fails. The same bytes may fail for another reason in each.
 */
static bool repro_everywhere(const struct input *input)
{
    const struct geometry *failing = NULL;
    char name[64];

    printf("%s: cannot determine the geometry; trying all\n", input->name);
    for (unsigned i = 0; i < GEOMETRIES; i++) {
        if (!all_geometries[i] || !all_geometries[i]->has_target(input->target) ||
            !all_geometries[i]->failure(input, name))
            continue;
        printf("  in %-7s %s\n", all_geometries[i]->geometry,
               name[0] ? name : "no invariant violated");
        if (name[0] && !failing)
            failing = all_geometries[i];
    }
    if (failing)
        printf("explained: %s; --geometry=NAME explains another one\n", failing->geometry);
    for (unsigned i = 0; i < GEOMETRIES; i++)
        if (all_geometries[i] && all_geometries[i]->has_target(input->target) &&
            (!failing || all_geometries[i] == failing) && !all_geometries[i]->repro(input, stdout))
            return false;
    return true;
}

/* True if neither the file, its name nor an option gives a geometry. */
static bool tells_nothing(struct input *input)
{
    return !options.geometry && !any_geometry()->is_text(input) &&
           !geometry_by_file(input, options.target);
}

static bool one_case(enum command command, const char *name)
{
    const struct geometry *geometry;
    struct input input;
    char *data;
    bool fine;

    if (!input_open(name, &input, &data))
        return false;
    if ((command == RUN || command == REPRO) && !any_geometry()->is_ours(&input)) {
        fine = false;
    } else if (command == REPRO && tells_nothing(&input)) {
        fine = repro_everywhere(&input);
    } else {
        geometry = geometry_for(&input, options.geometry, options.target);
        fine = geometry && one_geometry(command, geometry, &input);
    }
    running_file = NULL;
    free(data);
    return fine;
}

static int cases(enum command command, char **names, int count)
{
    bool fine = true;

    if (!count)
        return usage("missing FILE", NULL);
    if (count > 1 && command != RUN)
        return usage("takes one FILE; unexpected argument", names[1]);
    if (command == ENCODE && !options.out)
        return usage("encode needs -o OUT", NULL);
    for (int i = 0; i < count; i++)
        fine = one_case(command, names[i]) && fine;
    return !fine;
}

/* ---- replay ---- */

static bool replay_all(char **paths, int count)
{
    struct replay_request request = {
        options.geometry,
        options.target,
        options.junit,
        options.reverse,
        {options.every, options.faults, options.hashes, options.toolstacks, stderr}};

    return replay_paths(paths, count, &request);
}

static int replay(char **paths, int count)
{
    return count ? !replay_all(paths, count) : usage("missing PATH", NULL);
}

static int cells(char **paths, int count)
{
    unsigned wrong;

    if (!count)
        return usage("missing PATH", NULL);
    if (!options.geometry)
        options.geometry = "tiny";
    if (!replay_all(paths, count))
        return 1;
    wrong = geometry_by_name(options.geometry, strlen(options.geometry))
                ->cells(options.target, options.all, stdout);
    if (wrong)
        fprintf(stderr, "p2m-case: %u cells are not reached, or wrongly called impossible\n",
                wrong);
    return wrong > 0;
}

/* ---- facts ---- */

static void print_words(const char *key, const char *words)
{
    const char *comma = "";

    printf(", \"%s\": [", key);
    for (; *words; words += strspn(words, " ")) {
        size_t length = strcspn(words, " ");

        printf("%s\"%.*s\"", comma, (int)length, words);
        words += length;
        comma = ", ";
    }
    printf("]");
}

static int facts(char **names, int count)
{
    if (count)
        return usage("facts takes no argument; unexpected", names[0]);
    printf("{\n  \"format\": 1,\n");
    any_geometry()->facts(stdout);
    printf("  \"geometries\": [");
#define GEOMETRY(name, top, mid, leaf, bits)                                                       \
    printf(                                                                                        \
        "%s\n    {\"name\": \"%s\", \"top\": %d, \"mid\": %d, \"leaf\": %d, \"word_bits\": %d}",   \
        GEOMETRY_##name ? "," : "", #name, top, mid, leaf, bits);
#define EXPLORED(name, ...)
#include "props/case/geometries.def"
#undef GEOMETRY
#undef EXPLORED
    printf("],\n  \"targets\": [");
    for (unsigned t = 0; t < TARGETS; t++) {
        const struct target_info *info = &target_infos[t];

        printf("%s\n    {\"name\": \"%s\", \"codec\": \"%s\", \"sees\": \"%s\"", t ? "," : "",
               info->name, info->codec, info->sees);
        print_words("geometries", info->geometries);
        print_words("geometries_32", info->geometries_32);
        printf(", \"service\": %s}", info->service ? "true" : "false");
    }
    printf("]\n}\n");
    return 0;
}

/* ---- E820 ---- */

static void print_table(const struct e820_table *table)
{
    for (unsigned i = 0; i < table->count; i++)
        printf("  %016" PRIx64 " - %016" PRIx64 "  %s\n", table->entry[i].start,
               table->entry[i].end, e820_type_name(table->entry[i].type));
}

/* True unless an option needs the map as a case, which does not hold it. */
static bool fits_case(const char *name, const struct e820_table *table)
{
    if (table->count <= GEOMETRY_E820_MOST || (!options.out && !options.cost))
        return true;
    fprintf(stderr, "%s: %s needs a case, which holds %u entries; this map has %u\n", name,
            options.out ? "-o" : "--cost", GEOMETRY_E820_MOST, table->count);
    return false;
}

/* What e820_show prints, or (--cost) only its last line. */
static bool show_map(const struct geometry *geometry, const char *name,
                     const struct e820_table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory && geometry->e820_show(table, options.domu, memory);

    if (memory)
        fclose(memory);
    if (fine && options.cost) {
        const char *last = strstr(text, "tree pages:");

        printf("%s: %s", base_name(name), last ? last : "?\n");
    } else if (fine) {
        printf("the tree with nothing else in it:\n%s", text);
    }
    free(text);
    return fine;
}

static bool verify_map(const struct geometry *geometry, const char *name,
                       const struct e820_table *table)
{
    bool fine = geometry->e820_verify(table, options.domu, stdout);

    printf("%s: %s\n", name,
           fine ? "ranges and classification agree" : "ranges and classification differ");
    return fine;
}

static bool write_map(const struct geometry *geometry, const struct e820_table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory != NULL;

    if (memory) {
        geometry->e820_case(table, options.domu, memory);
        fclose(memory);
    }
    fine = fine && files_write(options.out, text, size);
    free(text);
    return fine;
}

/* Table, ranges, cost and tree; of a map that no case holds, a verification in place of a run. */
static bool print_map(const struct geometry *geometry, const char *name,
                      const struct e820_table *table)
{
    print_table(table);
    printf("identity ranges of a %s, in PFNs of %s:\n", options.domu ? "domU" : "dom0",
           geometry->geometry);
    geometry->e820_ranges(table, options.domu, stdout);
    if (table->count <= GEOMETRY_E820_MOST)
        return show_map(geometry, name, table);
    printf("judged without a case, which holds %u entries; no cost and no tree\n",
           GEOMETRY_E820_MOST);
    return verify_map(geometry, name, table);
}

/* The program with that kernel does it; it is this one, or the command builds it. */
static bool boot_kernel(const struct geometry *geometry, const struct e820_table *table)
{
    if (!geometry->has_target("setup")) {
        fprintf(stderr, "p2m-case: the kernel %s has no setup.c that can be used here\n",
                options.linux_tree);
        return false;
    }
    return geometry->e820_boot(table, options.domu,
                               strtoull(options.pages ? options.pages : "0", NULL, 0), stdout);
}

static bool judge_map(const struct geometry *geometry, const char *name,
                      const struct e820_table *table)
{
    if (options.linux_tree)
        return boot_kernel(geometry, table);
    if (options.out)
        return write_map(geometry, table);
    if (options.cost)
        return show_map(geometry, name, table);
    if (options.verify)
        return verify_map(geometry, name, table);
    if (!options.ranges)
        return print_map(geometry, name, table);
    geometry->e820_ranges(table, options.domu, stdout);
    return true;
}

/* What was taken is said on stderr if an option chooses what stdout has: --ranges prints ranges. */
static FILE *says(void)
{
    return options.ranges || options.cost || options.verify || options.out ? stderr : stdout;
}

static bool one_map(const struct geometry *geometry, const char *name)
{
    const struct e820_map *map = NULL;
    struct e820_log log;
    char *data, error[4096];
    size_t size;
    bool fine;

    if (!files_read(name, &data, &size))
        return false;
    fine = e820_log_read(name, data, size, &log);
    free(data);
    if (fine) {
        map = e820_log_choose(&log, options.map_number, options.partial, error, sizeof(error));
        if (!map)
            fprintf(stderr, "%s\n", error);
    }
    if (map) {
        struct e820_table table = {log.entry + map->first, map->count};

        fine = fits_case(name, &table);
        if (fine) {
            e820_log_say(&log, map, says());
            fine = judge_map(geometry, name, &table);
        }
    }
    e820_log_free(&log);
    return map && fine;
}

#define KERNEL_TREE "P2MCHECK_LINUX_TREE" /* a variable that names it, for the other program */
static char **own_argv;

/* Another program, in place of this one: with the kernel that --linux names. Returns only if not.
 */
static void become_kernel(void)
{
    char path[4096];
    FILE *pipe;

    setenv(KERNEL_TREE, options.linux_tree, 1);
    pipe = popen("scripts/linux --tool --linux=\"$" KERNEL_TREE "\"", "r");
    if (!pipe || !fgets(path, sizeof(path), pipe) || pclose(pipe)) {
        fprintf(stderr, "p2m-case: --linux=%s: cannot build it; is this the top folder?\n",
                options.linux_tree);
        exit(1);
    }
    path[strcspn(path, "\n")] = '\0';
    execv(path, own_argv);
    perror(path);
    exit(1);
}

static int e820(char **names, int count)
{
    const char *name = options.geometry ? options.geometry : "x86_64";
    const struct geometry *geometry = geometry_by_name(name, strlen(name));
    bool fine = true;

    if (!geometry) /* the default is not in each build */
        return usage("no such geometry", name);
    if (!count)
        return usage("missing FILE, a boot log", NULL);
    if (options.linux_tree && !geometry->has_target("setup") && !getenv(KERNEL_TREE))
        become_kernel();
    if (options.out && count > 1)
        return usage("-o takes one boot log; unexpected argument", names[1]);
    for (int i = 0; i < count; i++)
        fine = one_map(geometry, names[i]) && fine;
    return !fine;
}

/* ---- a crash ---- */

/* After a crash, names the file that was running. */
static void name_the_case(void)
{
    if (!running_file)
        return;
    fprintf(stderr, "p2m-case: crashed while running %s", running_file);
    if (print_running_op) {
        fprintf(stderr, ", ");
        print_running_op(stderr);
    }
    fprintf(stderr, "\n");
    running_file = NULL;
}

static void on_crash(int number)
{
    name_the_case();
    signal(number, SIG_DFL);
    raise(number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_crashes(void)
{
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(name_the_case);
        return;
    }
    signal(SIGSEGV, on_crash);
    signal(SIGBUS, on_crash);
    signal(SIGABRT, on_crash);
}

/* ---- options ---- */

/* Each command that an option is for; NULL: all. */
static const struct option_row {
    const char *name;
    bool *flag;         /* set by an option without a value */
    const char **value; /* or the value goes here */
    const char *commands;
} rows[] = {
    {"geometry", NULL, &options.geometry, NULL},
    {"target", NULL, &options.target, NULL},
    {"check", NULL, &options.check, "run replay cells repro decode encode show shrink"},
    {"reverse", &options.reverse, NULL, "replay cells"},
    {"faults", &options.faults, NULL, "replay cells"},
    {"junit", NULL, &options.junit, "replay cells"},
    {"hashes", &options.hashes, NULL, "replay cells"},
    {"toolstacks", &options.toolstacks, NULL, "replay"},
    {"domu", &options.domu, NULL, "e820"},
    {"ranges", &options.ranges, NULL, "e820"},
    {"cost", &options.cost, NULL, "e820"},
    {"verify", &options.verify, NULL, "e820"},
    {"map", NULL, &options.map, "e820"},
    {"partial", &options.partial, NULL, "e820"},
    {"linux", NULL, &options.linux_tree, "e820"},
    {"pages", NULL, &options.pages, "e820"},
    {"svg", &options.svg, NULL, "show"},
    {"dot", &options.dot, NULL, "show"},
    {"all", &options.all, NULL, "cells"},
    {"want", NULL, &options.want, "shrink"},
    {"out", NULL, &options.out, "encode decode shrink e820 show"}, /* -o */
    {"help", &options.help, NULL, NULL},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (; *words; words += strspn(words, " ")) {
        size_t next = strcspn(words, " ");

        if (next == length && !memcmp(words, word, length))
            return true;
        words += next;
    }
    return false;
}

static bool parse_options(int argc, char **argv)
{
    struct option long_options[ROWS + 1] = {{NULL, 0, NULL, 0}};
    int option, index;

    for (unsigned i = 0; i < ROWS; i++)
        long_options[i] =
            (struct option){rows[i].name, rows[i].value ? required_argument : no_argument, NULL, 0};
    while ((option = getopt_long(argc, argv, "ho:", long_options, &index)) != -1) {
        if (option == '?') /* getopt has printed the error */
            return false;
        for (unsigned i = 0; option && i < ROWS; i++) /* a short one is the long one's letter */
            if (rows[i].name[0] == option && strchr("ho", option))
                index = (int)i;
        if (rows[index].flag)
            *rows[index].flag = true;
        else
            *rows[index].value = optarg;
    }
    return true;
}

static bool read_map_number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    options.map_number = (unsigned)number;
    return *text >= '0' && *text <= '9' && !*end && number && number < 1000000000;
}

static bool is_number(const char *text)
{
    char *end;

    strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end;
}

/* Checks the options of `command`: 0, or the result of usage(). */
static int check_options(const char *command)
{
    for (unsigned i = 0; i < ROWS; i++) {
        bool given = rows[i].flag ? *rows[i].flag : *rows[i].value != NULL;

        if (given && rows[i].commands && !has_word(rows[i].commands, command)) {
            fprintf(stderr, "p2m-case: %s%s is not valid with %s; see p2m-case --help\n",
                    !strcmp(rows[i].name, "out") ? "-" : "--",
                    !strcmp(rows[i].name, "out") ? "o" : rows[i].name, command);
            return 2;
        }
    }
    if (options.check && strcmp(options.check, "every") && strcmp(options.check, "quick"))
        return usage("choose --check=every or --check=quick; unexpected", options.check);
    if (options.target && !target_by_name(options.target))
        return usage("no such target", options.target);
    if (options.dot && options.svg)
        return usage("choose one of --dot and --svg", NULL);
    if (options.map && !read_map_number(options.map))
        return usage("choose a number from 1 for --map; unexpected", options.map);
    if (options.out && !strcmp(command, "show") && !options.svg && !options.dot)
        return usage("-o is valid with show only together with --svg or --dot", NULL);
    if (options.ranges + options.cost + options.verify + (options.linux_tree != NULL) +
            (!strcmp(command, "e820") && options.out) >
        1)
        return usage("choose one of --ranges, --cost, --verify, --linux and -o", NULL);
    if (options.pages && !is_number(options.pages))
        return usage("choose a number for --pages; unexpected", options.pages);
    if (!replay_knows(options.geometry) ||
        (options.geometry && strcmp(command, "replay") &&
         !geometry_by_name(options.geometry, strlen(options.geometry))))
        return usage("no such geometry", options.geometry);
    options.every = options.check && !strcmp(options.check, "every");
    return 0;
}

/* ---- commands ---- */

/* True, with a line on stderr, if `out` is one of the files that are read. */
static bool is_read(const char *option, const char *out, const char *end, char **names, int count)
{
    char name[4096];

    if (!out)
        return false;
    snprintf(name, sizeof(name), "%s%s", out, end);
    for (int i = 0; i < count; i++)
        if (files_same(name, names[i])) {
            fprintf(stderr, "p2m-case: %s would overwrite the input: %s; see p2m-case --help\n",
                    option, names[i]);
            return true;
        }
    return false;
}

static bool overwrites(const char *command, char **names, int count)
{
    return is_read("-o", options.out, "", names, count) ||
           is_read("--junit", options.junit, "", names, count) ||
           (!strcmp(command, "shrink") && (is_read("-o", options.out, ".txt", names, count) ||
                                           is_read("-o", options.out, ".c", names, count)));
}

static int print_names(char **names, int count)
{
    (void)names;
    if (count)
        return usage("geometries takes no argument; unexpected", names[0]);
    for (unsigned i = 0; i < GEOMETRIES; i++)
        if (all_geometries[i])
            printf("%s\n", all_geometries[i]->geometry);
    return 0;
}

static int shrink(char **names, int count)
{
    if (count != 1)
        return usage("missing FILE: shrink takes one case", NULL);
    return !shrink_file(names[0], options.geometry, options.target, options.want, options.out);
}

static int upgrade(char **folders, int count)
{
    bool fine = true;

    if (!count)
        return usage("missing FOLDER", NULL);
    for (int i = 0; i < count; i++)
        fine = upgrade_folder(folders[i], options.geometry, options.target) && fine;
    return !fine;
}

static int run_cases(char **names, int count)
{
    return cases(RUN, names, count);
}

static int run_decode(char **names, int count)
{
    return cases(DECODE, names, count);
}

static int run_encode(char **names, int count)
{
    return cases(ENCODE, names, count);
}

static int run_repro(char **names, int count)
{
    return cases(REPRO, names, count);
}

static int run_show(char **names, int count)
{
    return cases(SHOW, names, count);
}

static const struct command_row {
    const char *name;
    int (*run)(char **arguments, int count);
} commands[] = {
    {"decode", run_decode}, {"encode", run_encode}, {"run", run_cases}, {"repro", run_repro},
    {"show", run_show},     {"replay", replay},     {"shrink", shrink}, {"cells", cells},
    {"upgrade", upgrade},   {"e820", e820},         {"facts", facts},   {"geometries", print_names},
};

static int dispatch(int argc, char **argv)
{
    const char *name = optind < argc ? argv[optind++] : NULL;

    if (options.help) {
        fputs(help_text, stdout);
        return 0;
    }
    if (!name)
        return usage("missing COMMAND", NULL);
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(name, commands[i].name)) {
            int wrong = check_options(name);

            if (!wrong && overwrites(name, argv + optind, argc - optind))
                wrong = 2;
            return wrong ? wrong : commands[i].run(argv + optind, argc - optind);
        }
    return usage("no such command", name);
}

int main(int argc, char **argv)
{
    int status;

    own_argv = argv;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_crashes();
    if (!parse_options(argc, argv))
        return 2;
    status = dispatch(argc, argv);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "p2m-case: standard output: %s\n", strerror(errno));
        return 1;
    }
    return status;
}
