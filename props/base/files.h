/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes files. Each error prints one line on stderr with the program, the file
 * and the reason, and answers false.
 */
#ifndef PROPS_BASE_FILES_H
#define PROPS_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FILES_MOST ((size_t)64 << 20) /* bytes of a file that is read */

/* The whole of a regular file, in memory of its own, NUL-terminated. */
bool files_read(const char *name, char **data, size_t *size);

/*
 * Writes to a temporary name beside `name` and renames: all of it or nothing. A device or
 * a pipe is written in place; a link stays a link.
 */
bool files_write(const char *name, const void *data, size_t size);

/* The same with what `print` prints. */
bool files_print(const char *name, void (*print)(FILE *file, const void *ctx), const void *ctx);

/*
 * Calls `visit` with each regular file in `path`, recursively and in the order of
 * names (`reverse`: backwards); with `path` itself if it is a file. Skips names that
 * start with a dot, and documents (*.md). False if anything could not be read, if a
 * folder is empty, if a link leads to a folder that it is in, or if a visit was false; the walk
 * continues in each case.
 */
bool files_each(const char *path, bool reverse, bool (*visit)(const char *name, void *ctx),
                void *ctx);

/* True if both names lead to one regular file. */
bool files_same(const char *a, const char *b);

#endif
