/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory maps out of boot logs, in every form that Linux and Xen have printed
 * them: see e820_log.c.
 */
#ifndef FUZZ_P2M_CASE_E820_LOG_H
#define FUZZ_P2M_CASE_E820_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry.h"

/*
 * Finds the first whole map in `log` (a boot log, or only its map) and puts it
 * into *table. False: `error` says `name:line: reason`.
 */
bool e820_log_parse(const char *name, const char *log, size_t size, struct e820_table *table,
                    char *error, size_t error_size);

/* "usable", "ACPI NVS": what a log says of that type. */
const char *e820_log_type_name(unsigned type);

#endif
