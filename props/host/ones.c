// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that reads all ones, and takes room only where something is stored: see host.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

void *host_must_map(void *mapping)
{
    if (mapping == MAP_FAILED) {
        perror("p2mcheck: mmap");
        exit(1);
    }
    return mapping;
}

int host_ones_file(size_t bytes)
{
    int file = memfd_create("p2mcheck", 0);
    void *ones;

    if (file < 0 || ftruncate(file, (off_t)bytes)) {
        perror("p2mcheck: memfd");
        exit(1);
    }
    ones = host_must_map(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    memset(ones, 0xff, bytes);
    munmap(ones, bytes);
    return file;
}

UNINSTRUMENTED_END
