// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shrinks over geometries: first where the case was found, then in the smallest tree
 * in which the rest still fails in the same way. See minimize.h.
 */
#include "minimize.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "geometry.h"
#include "props/base/files.h"

/* One geometry's result, in memory. */
struct result {
    const struct geometry *geometry;
    struct shrunk shrunk;
    char *text, *code, *aside;
    size_t text_size, code_size, aside_size;
};

static bool shrink_in(const struct geometry *geometry, const struct input *input, const char *want,
                      struct result *result)
{
    bool fine;

    memset(result, 0, sizeof(*result));
    result->geometry = geometry;
    result->shrunk.text = open_memstream(&result->text, &result->text_size);
    result->shrunk.code = open_memstream(&result->code, &result->code_size);
    result->shrunk.aside = open_memstream(&result->aside, &result->aside_size);
    if (!result->shrunk.text || !result->shrunk.code || !result->shrunk.aside) {
        perror("p2m-case: shrink");
        exit(1);
    }
    fine = geometry->shrink(input, want, &result->shrunk);
    fclose(result->shrunk.text);
    fclose(result->shrunk.code);
    fclose(result->shrunk.aside);
    return fine;
}

static void drop(struct result *result)
{
    free(result->text);
    free(result->code);
    free(result->aside);
}

/* The result of `input` once more, as an input. */
static struct input as_input(const struct result *result, const struct input *input)
{
    return (struct input){.name = "shrunk.txt",
                          .data = result->text,
                          .size = result->text_size,
                          .target = input->target,
                          .apart = input->apart};
}

/* True if a geometry is smaller than the one where the case was found. */
static void try_smaller(struct result *best, const struct input *found, const char *want,
                        uint64_t *tried)
{
    for (unsigned i = 0; i < GEOMETRIES && all_geometries[i] != best->geometry; i++) {
        struct input input = as_input(best, found);
        struct result smaller;

        if (!all_geometries[i] || !all_geometries[i]->has_target(found->target))
            continue;
        if (!shrink_in(all_geometries[i], &input, want, &smaller)) {
            drop(&smaller);
            continue;
        }
        *tried += smaller.shrunk.tried;
        drop(best);
        *best = smaller;
        return;
    }
}

/* Writes each other violation (`# NAME`) to a file of its own. */
static bool write_asides(const char *out, const char *aside)
{
    char name[4096];
    bool fine = true;

    for (const char *at = aside; at && *at;) {
        const char *next = strstr(at, "\n# ");
        const char *end = strchr(at, '\n');
        size_t size = next ? (size_t)(next + 1 - at) : strlen(at);

        snprintf(name, sizeof(name), "%s.aside-%.*s.txt", out, (int)(end - at - 2), at + 2);
        fine = fine && files_write(name, end + 1, size - (size_t)(end + 1 - at));
        at = next ? next + 1 : NULL;
    }
    return fine;
}

static bool write_all(const char *out, const struct result *best, const struct input *found)
{
    struct input input = as_input(best, found);
    uint8_t bytes[GEOMETRY_BYTES];
    char name[4096];
    size_t size;
    bool fine;

    fine = best->geometry->encode(&input, bytes, &size) && files_write(out, bytes, size);
    snprintf(name, sizeof(name), "%s.txt", out);
    fine = fine && files_write(name, best->text, best->text_size);
    snprintf(name, sizeof(name), "%s.c", out);
    fine = fine && files_write(name, best->code, best->code_size);
    return fine && write_asides(out, best->aside);
}

static bool shrink_input(const struct geometry *geometry, const struct input *input,
                         const char *want, const char *out)
{
    struct result best;
    char found[64];
    unsigned before;
    uint64_t tried;
    bool fine = true;

    if (!geometry->failure(input, found))
        return false;
    if (!found[0] || (want && strcmp(want, found))) {
        fprintf(stderr, "p2m-case: %s: geometry %s: expected %s, got %s; nothing to shrink\n",
                input->name, geometry->geometry, want ? want : "a failure",
                found[0] ? found : "no violation");
        return false;
    }
    if (!shrink_in(geometry, input, found, &best)) {
        fprintf(stderr, "p2m-case: %s: %s is not reproducible in one process\n", input->name,
                found);
        return false;
    }
    if (input->assumed && !geometry->is_text(input))
        printf("# target %s, by default; --target=NAME chooses another\n", input->target);
    before = best.shrunk.ops_before;
    tried = best.shrunk.tried;
    try_smaller(&best, input, found, &tried);
    if (out)
        fine = write_all(out, &best, input);
    else
        fwrite(best.text, 1, best.text_size, stdout);
    printf("%s%s: %u ops in %s -> %u ops in %s, %" PRIu64 " candidates\n", out ? "" : "# ", found,
           before, geometry->geometry, best.shrunk.ops_after, best.geometry->geometry, tried);
    drop(&best);
    return fine;
}

/*
 * All candidates are run in one child, which is fast. If one of them ends it, each candidate of a
 * second attempt has a process of its own. The child returns to main, which checks its output.
 */
static bool shrink_safely(const struct geometry *geometry, struct input *input, const char *want,
                          const char *out)
{
    int done[2], status = 0;
    char byte = 0;
    bool fine;
    pid_t pid;

    fflush(NULL);
    if (pipe(done) || (pid = fork()) < 0) {
        perror("p2m-case: shrink");
        return false;
    }
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fine = shrink_input(geometry, input, want, out);
        return write(done[1], &byte, 1) == 1 && fine;
    }
    close(done[1]);
    fine = read(done[0], &byte, 1) == 1;
    close(done[0]);
    waitpid(pid, &status, 0);
    if (fine)
        return !status;
    fprintf(stderr, "p2m-case: %s: a candidate ended the program; now each has its own process\n",
            input->name);
    input->apart = true;
    return shrink_input(geometry, input, want, out);
}

bool shrink_file(const char *name, const char *geometry_name, const char *target, const char *want,
                 const char *out)
{
    const struct geometry *geometry;
    struct input input;
    char *data;
    bool fine;

    if (!input_open(name, &input, &data))
        return false;
    geometry = geometry_for(&input, geometry_name, target);
    fine = geometry && geometry->is_ours(&input) && shrink_safely(geometry, &input, want, out);
    free(data);
    return fine;
}
