// SPDX-License-Identifier: GPL-2.0-only
/* p2m-case, the tool for single cases, and the replay driver: see help(). */
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
#include "files.h"
#include "replay.h"
#include "shrink.h"
#include "tool.h"

static const char help_text[] =
    "p2m-case: looks at, carries over and runs cases of p2mcheck\n"
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
    "                                    geometry; ends with what was done\n"
    "  p2m-case cells PATH...            runs them in one geometry (tiny): which calls met\n"
    "                                    which states, where, and what came of it; a cell\n"
    "                                    that was not reached is a failure\n"
    "  p2m-case e820 FILE...             reads the memory map in a boot log of Linux\n"
    "                                    or Xen: the table, the identity ranges, the\n"
    "                                    pages they cost, the tree\n"
    "  p2m-case geometries               the names that --geometry takes\n"
    "\n"
    "  --geometry=NAME   run in this one. Without it: the one that a text names, or\n"
    "                    the name of the file (ops_tiny-...); for replay all, a list\n"
    "                    with commas being allowed; for e820 x86_64\n"
    "  --target=NAME     ops, e820, case or canary: whose byte codec to use, and whose subject;\n"
    "                    without it by the name of the file, else ops\n"
    "  --check=every     run, replay: check everything after every op, in the big\n"
    "                    geometries too\n"
    "  --reverse         replay: the last file first\n"
    "  --faults          replay: each case once more for each page that it asks for, with\n"
    "                    that page refused\n"
    "  --junit=FILE      replay: write the results as JUnit XML, too\n"
    "  --hashes          replay: print `HASH GEOMETRY FILE` for each case\n"
    "  --domu            e820: the map of an unprivileged domain (from 1 MiB on)\n"
    "  --ranges          e820: only the identity ranges, `0xSTART 0xEND` in PFNs, end\n"
    "                    exclusive, ascending\n"
    "  --cost            e820: only what the map costs, a line a file\n"
    "  --verify          e820: hold the ranges against a classification of each page\n"
    "  --want=NAME       shrink: the failure to keep; another one is an error\n"
    "  --all             cells: a line for each cell, too\n"
    "  --svg             show: as an SVG, laid out by graphviz; bounded in size, counts what\n"
    "                    it leaves out\n"
    "  --dot             show: as the graph that --svg gives to graphviz, in DOT\n"
    "  -o OUT            encode, decode, shrink, e820, show --svg and --dot: write here (e820:\n"
    "                    the map as a case)\n"
    "  -h, --help        this text\n"
    "\n"
    "A file is text if its name ends in .txt or its first line begins with p2m-case;\n"
    "any other file is bytes. Exit: 0 all is well; 1 a violated invariant, or bad\n"
    "input, said in one line; 2 bad usage.\n";

const char *tool_running;
void (*tool_running_op)(FILE *out);

static struct {
    const char *geometry, *target, *out, *want, *junit;
    bool every, reverse, faults, hashes, domu, ranges, cost, verify, dot, svg, all, help;
} options;

static int usage(const char *why, const char *what)
{
    fprintf(stderr, "p2m-case: %s%s%s; see p2m-case --help\n", why, what ? ": " : "",
            what ? what : "");
    return 2;
}

/* ---- output ---- */

/* What was printed into memory goes to -o, or to standard output. */
static bool deliver(const char *data, size_t size)
{
    if (options.out)
        return files_write(options.out, data, size);
    return fwrite(data, 1, size, stdout) == size;
}

/* ---- commands on one case ---- */

enum command { DECODE, ENCODE, RUN, REPRO, SHOW };

static bool decode(const struct tool *tool, const struct input *input)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory && tool->print(input, memory);

    if (memory)
        fclose(memory);
    fine = fine && deliver(text, size);
    free(text);
    return fine;
}

/* What graphviz makes of the graph. dot reads a file as its standard input, so nothing blocks. */
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
        return false;
    }
    length = getdelim(&svg, &capacity, '\0', dot);
    status = pclose(dot);
    fclose(file);
    if (status || length < 0)
        fprintf(stderr, "p2m-case: --svg: %s\n",
                WEXITSTATUS(status) == 127 ? "dot is not installed; install graphviz, or use --dot"
                                           : "dot failed; --dot shows what it was given");
    status = status || length < 0 || !deliver(svg, (size_t)length);
    free(svg);
    return !status;
}

/* A graph only of a case that violates nothing; a tree as text of whatever there is. */
static bool show(const struct tool *tool, const struct input *input)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory;
    bool fine;

    if (!options.dot && !options.svg)
        return tool->show(input, false, stdout);
    memory = open_memstream(&text, &size);
    fine = memory && tool->show(input, true, memory);
    if (memory)
        fclose(memory);
    fine = fine && (options.svg ? deliver_svg(text, size) : deliver(text, size));
    free(text);
    return fine;
}

static bool encode(const struct tool *tool, const struct input *input)
{
    uint8_t bytes[TOOL_BYTES];
    size_t size;

    return tool->encode(input, bytes, &size) && deliver((const char *)bytes, size);
}

static bool one_geometry(enum command command, const struct tool *tool, const struct input *input)
{
    tool_running = input->name;
    switch (command) {
    case DECODE:
        return decode(tool, input);
    case ENCODE:
        return encode(tool, input);
    case RUN:
        return tool->run(input, options.every, stdout);
    case REPRO:
        return tool->repro(input, stdout);
    default:
        return show(tool, input);
    }
}

/* Nothing tells the geometry of these bytes: repro tries all. */
static bool all_geometries(const struct input *input)
{
    printf("%s: neither the file nor its name tells the geometry; trying all\n", input->name);
    for (unsigned i = 0; i < TOOLS; i++)
        if (all_tools[i] && !all_tools[i]->repro(input, stdout))
            return false;
    return true;
}

/* Neither the bytes nor their name tell a geometry, nor was one told. */
static bool tells_nothing(struct input *input)
{
    return !options.geometry && !any_tool()->is_text(input) && !tool_by_file(input, options.target);
}

static bool one_case(enum command command, const char *name)
{
    const struct tool *tool;
    struct input input;
    char *data;
    bool fine;

    if (!tool_open(name, &input, &data))
        return false;
    if (command == REPRO && tells_nothing(&input)) {
        fine = all_geometries(&input);
    } else {
        tool = tool_for(&input, options.geometry, options.target);
        fine = tool && one_geometry(command, tool, &input);
    }
    free(data);
    return fine;
}

static int cases(enum command command, char **names, int count)
{
    bool fine = true;

    if (!count)
        return usage("a file is wanted", NULL);
    if (count > 1 && command != RUN)
        return usage("one file is wanted, not also", names[1]);
    if (command == ENCODE && !options.out)
        return usage("encode wants -o OUT", NULL);
    for (int i = 0; i < count; i++)
        fine = one_case(command, names[i]) && fine;
    return !fine;
}

/* ---- replay ---- */

static bool replay(char **paths, int count)
{
    struct replay_request request = {options.geometry,
                                     options.target,
                                     options.junit,
                                     options.reverse,
                                     {options.every, options.faults, options.hashes}};

    return replay_paths(paths, count, &request);
}

static int cells(char **paths, int count)
{
    const char *geometry = options.geometry ? options.geometry : "tiny";
    const struct tool *tool = tool_by_name(geometry, strlen(geometry));
    unsigned wrong;

    if (!tool || !count)
        return tool ? usage("a file or a folder is wanted", NULL)
                    : usage("no such geometry", geometry);
    options.geometry = geometry;
    if (!replay(paths, count))
        return 1;
    wrong = tool->cells(options.all, stdout);
    if (wrong)
        fprintf(stderr, "p2m-case: %u cells are not as they should be\n", wrong);
    return wrong > 0;
}

/* ---- E820 ---- */

static void print_table(const char *name, const struct e820_table *table)
{
    printf("%s: %u entries\n", name, table->count);
    for (unsigned i = 0; i < table->count; i++)
        printf("  %016" PRIx64 " - %016" PRIx64 "  %s\n", table->entry[i].start,
               table->entry[i].end, e820_log_type_name(table->entry[i].type));
}

/* What e820_show prints, or (--cost) only its last line. */
static bool show_map(const struct tool *tool, const char *name, const struct e820_table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory && tool->e820_show(table, options.domu, memory);

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

static bool write_map(const struct tool *tool, const struct e820_table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory != NULL;

    if (memory) {
        tool->e820_case(table, options.domu, memory);
        fclose(memory);
    }
    fine = fine && files_write(options.out, text, size);
    free(text);
    return fine;
}

static bool one_map(const struct tool *tool, const char *name)
{
    struct e820_table table;
    char *data, error[256];
    size_t size;
    bool fine;

    if (!files_read(name, &data, &size))
        return false;
    fine = e820_log_parse(name, data, size, &table, error, sizeof(error));
    free(data);
    if (!fine) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    if (options.out)
        return write_map(tool, &table);
    if (options.ranges) {
        tool->e820_ranges(&table, options.domu, stdout);
        return true;
    }
    if (options.verify) {
        fine = tool->e820_verify(&table, options.domu, stdout);
        printf("%s: %s\n", name, fine ? "ranges and classification agree" : "they differ");
        return fine;
    }
    if (options.cost)
        return show_map(tool, name, &table);
    print_table(name, &table);
    printf("identity ranges of a %s, in PFNs of %s:\n", options.domu ? "domU" : "dom0",
           tool->geometry);
    tool->e820_ranges(&table, options.domu, stdout);
    return show_map(tool, name, &table);
}

static int e820(char **names, int count)
{
    const char *geometry = options.geometry ? options.geometry : "x86_64";
    const struct tool *tool = tool_by_name(geometry, strlen(geometry));
    bool fine = true;

    if (!tool)
        return usage("no such geometry", geometry);
    if (!count)
        return usage("a boot log is wanted", NULL);
    if (options.out && count > 1)
        return usage("-o takes one boot log, not also", names[1]);
    for (int i = 0; i < count; i++)
        fine = one_map(tool, names[i]) && fine;
    return !fine;
}

/* ---- main ---- */

/* A crash in the middle of ten thousand files is not to be anonymous. */
static void name_the_case(void)
{
    if (!tool_running)
        return;
    fprintf(stderr, "p2m-case: this happened while running %s", tool_running);
    if (tool_running_op) {
        fprintf(stderr, ", ");
        tool_running_op(stderr);
    }
    fprintf(stderr, "\n");
    tool_running = NULL;
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

static bool parse_options(int argc, char **argv)
{
    enum {
        GEOMETRY = 256,
        TARGET,
        CHECK,
        REVERSE,
        HASHES,
        DOMU,
        RANGES,
        COST,
        VERIFY,
        DOT,
        SVG,
        ALL,
        WANT,
        FAULTS,
        JUNIT
    };
    static const struct option long_options[] = {
        {"geometry", required_argument, NULL, GEOMETRY},
        {"target", required_argument, NULL, TARGET},
        {"check", required_argument, NULL, CHECK},
        {"reverse", no_argument, NULL, REVERSE},
        {"faults", no_argument, NULL, FAULTS},
        {"junit", required_argument, NULL, JUNIT},
        {"hashes", no_argument, NULL, HASHES},
        {"domu", no_argument, NULL, DOMU},
        {"ranges", no_argument, NULL, RANGES},
        {"cost", no_argument, NULL, COST},
        {"verify", no_argument, NULL, VERIFY},
        {"dot", no_argument, NULL, DOT},
        {"svg", no_argument, NULL, SVG},
        {"all", no_argument, NULL, ALL},
        {"want", required_argument, NULL, WANT},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
        switch (option) {
        case GEOMETRY:
            options.geometry = optarg;
            break;
        case TARGET:
            if (!strstr(" ops e820 case canary ", optarg) || strchr(optarg, ' '))
                exit(usage("no such target", optarg));
            options.target = optarg;
            break;
        case CHECK:
            if (strcmp(optarg, "every") && strcmp(optarg, "quick"))
                exit(usage("--check is every or quick, not", optarg));
            options.every = !strcmp(optarg, "every");
            break;
        case REVERSE:
            options.reverse = true;
            break;
        case JUNIT:
            options.junit = optarg;
            break;
        case FAULTS:
            options.faults = true;
            break;
        case WANT:
            options.want = optarg;
            break;
        case HASHES:
            options.hashes = true;
            break;
        case DOMU:
            options.domu = true;
            break;
        case RANGES:
            options.ranges = true;
            break;
        case COST:
            options.cost = true;
            break;
        case VERIFY:
            options.verify = true;
            break;
        case ALL:
            options.all = true;
            break;
        case DOT:
            options.dot = true;
            break;
        case SVG:
            options.svg = true;
            break;
        case 'o':
            options.out = optarg;
            break;
        case 'h':
            options.help = true;
            break;
        default: /* getopt has said what is wrong */
            return false;
        }
    }
    return true;
}

static int geometries(void)
{
    for (unsigned i = 0; i < TOOLS; i++)
        if (all_tools[i])
            printf("%s\n", all_tools[i]->geometry);
    return 0;
}

static int dispatch(int argc, char **argv)
{
    static const char *const commands[] = {"decode", "encode", "run", "repro", "show"};
    const char *command = optind < argc ? argv[optind++] : NULL;
    int outputs = options.ranges + options.cost + options.verify + (options.out != NULL);
    char **rest = argv + optind;
    int count = argc - optind;

    if (options.help) {
        fputs(help_text, stdout);
        return 0;
    }
    if (!command)
        return usage("a command is wanted", NULL);
    if (strcmp(command, "e820") && (outputs > (options.out != NULL) || options.domu))
        return usage("only e820 takes --domu, --ranges, --cost and --verify, not", command);
    if ((options.dot || options.svg) && strcmp(command, "show"))
        return usage(options.svg ? "--svg is not valid with" : "--dot is not valid with", command);
    if (options.dot && options.svg)
        return usage("choose one of --dot and --svg", NULL);
    if (options.all && strcmp(command, "cells"))
        return usage("--all is of no use to", command);
    if (options.out && !options.dot && !options.svg && strcmp(command, "e820") &&
        strcmp(command, "encode") && strcmp(command, "decode") && strcmp(command, "shrink"))
        return usage("-o is of no use to", command);
    if (outputs > 1)
        return usage("one of --ranges, --cost, --verify and -o is enough", NULL);
    if (!strcmp(command, "geometries"))
        return geometries();
    if (strcmp(command, "replay") && options.geometry &&
        !tool_by_name(options.geometry, strlen(options.geometry)))
        return usage("no such geometry", options.geometry);
    if (!replay_knows(options.geometry))
        return usage("no such geometry", options.geometry);
    if (options.want && strcmp(command, "shrink"))
        return usage("--want is of no use to", command);
    if (!strcmp(command, "replay"))
        return count ? !replay(rest, count) : usage("a file or a folder is wanted", NULL);
    if (!strcmp(command, "shrink"))
        return count == 1 ? !shrink_file(rest[0], options.geometry, options.target, options.want,
                                         options.out)
                          : usage("one case is wanted", NULL);
    if (!strcmp(command, "cells"))
        return cells(rest, count);
    if (!strcmp(command, "e820"))
        return e820(rest, count);
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(command, commands[i]))
            return cases((enum command)i, rest, count);
    return usage("no such command", command);
}

int main(int argc, char **argv)
{
    int status;

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
