/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upgrades folders of collected inputs from version 1 of the byte format to version 2.
 * Programs of version 1 read any bytes as version 1; now byte 0 gives the version. A folder
 * is therefore marked: its file FORMAT has the text 2.
 */
#ifndef FUZZ_P2M_CASE_UPGRADE_H
#define FUZZ_P2M_CASE_UPGRADE_H

#include <stdbool.h>

#define UPGRADE_MARK "FORMAT"

/*
 * Reads all byte files of `folder` as version 1, whatever byte 0 is, and replaces each by the
 * same case in version 2; a name that is a hash becomes the new one. Texts stay unchanged. Can
 * be killed at any time and run again; a marked folder is not changed. Geometry and target
 * may be NULL: see geometry_for. False: an error is printed.
 */
bool upgrade_folder(const char *folder, const char *geometry, const char *target);

/* True if an engine collected the input (TARGET_GEOMETRY/HASH) and its folder is not
   marked. Prints this once for a folder. */
bool upgrade_is_due(const char *file);

#endif
