// SPDX-License-Identifier: GPL-2.0-or-later
/* Files in and out: see files.h. */
#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *name, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, name, why);
    return false;
}

static bool read_all(int fd, const char *name, char *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return complain(name, strerror(errno));
        if (got == 0)
            return complain(name, "ended while being read");
        done += (size_t)got;
    }
    return true;
}

bool files_read(const char *name, char **data, size_t *size)
{
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    bool fine;

    *data = NULL;
    if (fd < 0)
        return complain(name, strerror(errno));
    if (fstat(fd, &st))
        fine = complain(name, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        fine = complain(name, "is a directory");
    else if (!S_ISREG(st.st_mode))
        fine = complain(name, "is not a regular file");
    else if (st.st_size > (off_t)FILES_MOST)
        fine = complain(name, "is larger than 64 MiB");
    else
        fine = true;
    if (fine) {
        *size = (size_t)st.st_size;
        *data = malloc(*size + 1);
        if (!*data)
            fine = complain(name, "out of memory");
    }
    if (fine) {
        (*data)[*size] = '\0';
        fine = read_all(fd, name, *data, *size);
    }
    close(fd);
    if (!fine) {
        free(*data);
        *data = NULL;
    }
    return fine;
}

static bool put(FILE *file, const void *data, size_t size)
{
    bool fine = file && fwrite(data, 1, size, file) == size && !fflush(file);

    if (fine && fsync(fileno(file)) && errno != EINVAL && errno != EROFS)
        fine = false;
    return fine;
}

/* A device or a pipe cannot be replaced. */
static bool write_special(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");
    bool fine = put(file, data, size);

    if (file && fclose(file))
        fine = false;
    return fine || complain(name, strerror(errno));
}

bool files_write(const char *name, const void *data, size_t size)
{
    char *temporary = NULL, *real;
    struct stat st;
    bool exists, fine;
    FILE *file;

    if (!stat(name, &st) && S_ISDIR(st.st_mode))
        return complain(name, "is a directory");
    exists = !stat(name, &st);
    if (exists && !S_ISREG(st.st_mode))
        return write_special(name, data, size);
    real = exists ? realpath(name, NULL) : strdup(name); /* a link stays a link */
    if (!real || asprintf(&temporary, "%s.%ld.tmp", real, (long)getpid()) < 0) {
        free(real);
        return complain(name, "out of memory");
    }
    file = fopen(temporary, "wb");
    fine = put(file, data, size);
    if (fine && exists)
        fine = !fchmod(fileno(file), st.st_mode & 07777);
    if (file && fclose(file))
        fine = false;
    if (fine)
        fine = !rename(temporary, real);
    if (!fine) {
        complain(name, strerror(errno));
        if (file)
            unlink(temporary);
    }
    free(temporary);
    free(real);
    return fine;
}

bool files_print(const char *name, void (*print)(FILE *file, const void *ctx), const void *ctx)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = memory != NULL;

    if (memory) {
        print(memory, ctx);
        fine = !fclose(memory);
    }
    fine = fine ? files_write(name, text, size) : complain(name, "out of memory");
    free(text);
    return fine;
}

static int is_wanted(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    if (entry->d_name[0] == '.')
        return 0;
    return length < 3 || strcmp(entry->d_name + length - 3, ".md");
}

/* A folder that is walked, and the one that it is in. A link may lead back to one of them. */
struct walk {
    const struct walk *above;
    dev_t device;
    ino_t inode;
    bool reverse;
    bool (*visit)(const char *name, void *ctx);
    void *ctx;
};

static bool each_below(const char *path, const struct walk *above);

static bool each_in_folder(const char *path, const struct walk *walk)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_wanted, alphasort);
    bool fine = true;

    if (count < 0)
        return complain(path, strerror(errno));
    if (count == 0)
        fine = complain(path, "is an empty folder");
    for (int i = 0; i < count; i++) {
        struct dirent *entry = entries[walk->reverse ? count - 1 - i : i];
        char *name = NULL;

        if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
            name = NULL;
        fine = name && each_below(name, walk) && fine;
        free(name);
    }
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return fine;
}

static bool each_below(const char *path, const struct walk *above)
{
    struct walk walk = *above;
    struct stat st;

    if (stat(path, &st))
        return complain(path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return above->visit(path, above->ctx);
    for (const struct walk *at = above; at; at = at->above)
        if (at->device == st.st_dev && at->inode == st.st_ino)
            return complain(path, "is a link to a folder that it is in");
    walk.above = above;
    walk.device = st.st_dev;
    walk.inode = st.st_ino;
    return each_in_folder(path, &walk);
}

bool files_each(const char *path, bool reverse, bool (*visit)(const char *name, void *ctx),
                void *ctx)
{
    struct walk top = {.reverse = reverse, .visit = visit, .ctx = ctx}; /* inode 0: no folder */

    return each_below(path, &top);
}

bool files_same(const char *a, const char *b)
{
    struct stat one, other;

    return !stat(a, &one) && !stat(b, &other) && S_ISREG(one.st_mode) &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
