/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders of collected inputs from version 1 of the byte format to version 2. Programs that
 * wrote version 1 read any bytes so; now byte 0 says which version it is. A folder is marked,
 * therefore: its file FORMAT says 2.
 */
#ifndef FUZZ_P2M_CASE_UPGRADE_H
#define FUZZ_P2M_CASE_UPGRADE_H

#include <stdbool.h>

#define UPGRADE_MARK "FORMAT"

/*
 * Reads all byte files of `folder` as version 1, whatever byte 0 is, and replaces each by what
 * it means in version 2; a name that is a hash becomes the new one. Texts are left alone. Can
 * be killed at any time and run again; a marked folder is not changed. Geometry and target
 * may be NULL: see geometry_for. False, having said why.
 */
bool upgrade_folder(const char *folder, const char *geometry, const char *target);

/* Is it an input that an engine collected (TARGET_GEOMETRY/HASH), in a folder that is not
   marked? Says so, once for a folder. */
bool upgrade_is_due(const char *file);

#endif
