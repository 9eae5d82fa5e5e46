/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files in and out. Everything that goes wrong is one line on stderr that names the
 * program, the file and the reason, and a false.
 */
#ifndef PROPS_BASE_FILES_H
#define PROPS_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FILES_MOST ((size_t)64 << 20) /* bytes of a file that is read */

/* The whole of a regular file, in memory of its own with a NUL behind it. */
bool files_read(const char *name, char **data, size_t *size);

/*
 * Writes to a temporary name beside `name` and renames: all of it or nothing. What
 * is not a regular file (a device, a pipe) is written to as it is; a link stays one.
 */
bool files_write(const char *name, const void *data, size_t size);

/* The same with what `print` prints. */
bool files_print(const char *name, void (*print)(FILE *file, const void *ctx), const void *ctx);

/*
 * Calls `visit` with each regular file in `path`, recursively and in the order of
 * names (`reverse`: backwards); with `path` itself if it is a file. Left out are
 * names that start with a dot, and documents (*.md). False if anything could not
 * be read, if a folder has nothing in it, or if a visit was false; it goes on all
 * the same.
 */
bool files_each(const char *path, bool reverse, bool (*visit)(const char *name, void *ctx),
                void *ctx);

#endif
