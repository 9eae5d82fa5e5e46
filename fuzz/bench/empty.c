// SPDX-License-Identifier: GPL-2.0-or-later
/* For `make bench` alone: a target that does nothing, which is what others cost least. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile uint8_t seen; /* an engine gives up on a target without any coverage */

    if (size > 16)
        seen = data[16];
    (void)seen;
    return 0;
}
