// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See upgrade.h. The new files wait in a hidden folder until the last old one is removed, so
 * that no version 2 file is read as version 1. The mark is written last.
 */
#define _GNU_SOURCE
#include "upgrade.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geometry.h"
#include "props/base/files.h"
#include "sha1.h"

#define WAITING ".format-2" /* the folder in the folder */

static struct {
    const char *folder, *geometry, *target;
    unsigned upgraded, texts;
} job;

static bool complain(const char *path, const char *why)
{
    fprintf(stderr, "p2m-case: %s: %s\n", path, why);
    return false;
}

static void join(char *path, const char *folder, const char *name)
{
    if ((size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        path[0] = '\0'; /* no such file */
}

static bool exists(const char *folder, const char *name)
{
    char path[PATH_MAX];

    join(path, folder, name);
    return !access(path, F_OK);
}

static bool is_marked(const char *folder)
{
    return exists(folder, UPGRADE_MARK) && !exists(folder, WAITING);
}

/* True unless the name is hidden, the mark, or a partly written file. */
static int is_input(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && strcmp(entry->d_name, UPGRADE_MARK) != 0 &&
           (length < 4 || strcmp(entry->d_name + length - 4, ".tmp") != 0);
}

static bool is_hash(const char *name)
{
    return strlen(name) == SHA1_DIGITS && strspn(name, "0123456789abcdef") == SHA1_DIGITS;
}

/* Calls `visit` with the name of each input of a folder until one answers false. */
static bool each(const char *folder, bool (*visit)(const char *folder, const char *name))
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_input, alphasort);
    bool fine = count >= 0 || complain(folder, strerror(errno));

    for (int i = 0; i < count; i++) {
        fine = fine && visit(folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return fine;
}

/* Before anything is changed. */
static bool no_folder(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    join(path, folder, name);
    if (stat(path, &st))
        return complain(path, strerror(errno));
    return !S_ISDIR(st.st_mode) ||
           complain(path, "is a folder; upgrade takes it as an argument of its own");
}

static bool write_new(const char *name, const struct input *input)
{
    const struct geometry *geometry;
    uint8_t bytes[GEOMETRY_BYTES];
    char hash[SHA1_DIGITS + 1], waiting[PATH_MAX], path[PATH_MAX];
    struct input copy = *input;
    size_t size;

    geometry = geometry_for(&copy, job.geometry, job.target);
    if (!geometry)
        return false;
    geometry->upgrade(&copy, bytes, &size);
    sha1(bytes, size, hash);
    join(waiting, job.folder, WAITING);
    join(path, waiting, is_hash(name) ? hash : name);
    return files_write(path, bytes, size);
}

static bool upgrade_file(const char *folder, const char *name)
{
    char path[PATH_MAX], *data;
    struct input input;
    bool fine;

    join(path, folder, name);
    if (!input_open(path, &input, &data))
        return false;
    if (any_geometry()->is_text(&input)) {
        job.texts++;
        fine = true;
    } else {
        job.upgraded++;
        fine = write_new(name, &input) && (!unlink(path) || complain(path, strerror(errno)));
    }
    free(data);
    return fine;
}

static bool bring_in(const char *waiting, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];

    join(from, waiting, name);
    join(to, job.folder, name);
    return !rename(from, to) || complain(from, strerror(errno));
}

/* A partly written file of a killed run. */
static void remove_rest(const char *waiting)
{
    struct dirent *entry;
    DIR *folder = opendir(waiting);
    char path[PATH_MAX];

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && !is_input(entry)) {
            join(path, waiting, entry->d_name);
            unlink(path);
        }
    if (folder)
        closedir(folder);
}

static bool upgrade_inputs(const char *waiting)
{
    char mark[PATH_MAX];

    join(mark, job.folder, UPGRADE_MARK);
    if (!exists(job.folder, UPGRADE_MARK) &&
        !(each(job.folder, no_folder) &&
          (!mkdir(waiting, 0777) || errno == EEXIST || complain(waiting, strerror(errno))) &&
          each(job.folder, upgrade_file) && files_write(mark, "2\n", 2)))
        return false;
    if (!each(waiting, bring_in))
        return false;
    remove_rest(waiting);
    return !rmdir(waiting) || complain(waiting, strerror(errno));
}

bool upgrade_folder(const char *folder, const char *geometry, const char *target)
{
    char waiting[PATH_MAX];
    struct stat st;

    memset(&job, 0, sizeof(job));
    job.folder = folder;
    job.geometry = geometry;
    job.target = target;
    if (stat(folder, &st))
        return complain(folder, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return complain(folder, "is not a folder");
    if (is_marked(folder)) {
        printf("%s: is in format 2; nothing was changed\n", folder);
        return true;
    }
    join(waiting, folder, WAITING);
    if (!upgrade_inputs(waiting))
        return false;
    printf("%s: %u inputs upgraded to format 2, %u texts unchanged\n", folder, job.upgraded,
           job.texts);
    return true;
}

bool upgrade_is_due(const char *file)
{
    static char said[PATH_MAX];
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    struct input input = {.name = folder};

    if (!slash || !is_hash(slash + 1))
        return false;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file);
    if (is_marked(folder) || !geometry_by_file(&input, NULL) || !strchr(base_name(folder), '_'))
        return false;
    if (strcmp(said, folder) != 0)
        fprintf(stderr, "p2m-case: %s: is not marked as format 2; run p2m-case upgrade %s\n",
                folder, folder);
    strcpy(said, folder);
    return true;
}
