/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * At the end of the one source file that includes the kernel's: where its variables
 * are. objcopy renames .data and .bss of the object to sections of these names, one
 * pair a geometry, and the linker says where they begin and end.
 */
#define STATE_SYMBOL_(what, section, token) what##section##_##token
#define STATE_SYMBOL(what, section, token) STATE_SYMBOL_(what, section, token)
#define STATE_BEGIN(section) STATE_SYMBOL(__start_, section, P2M_GEOMETRY_TOKEN)
#define STATE_END(section) STATE_SYMBOL(__stop_, section, P2M_GEOMETRY_TOKEN)

extern char STATE_BEGIN(linux_data)[] __attribute__((weak));
extern char STATE_END(linux_data)[] __attribute__((weak));
extern char STATE_BEGIN(linux_bss)[] __attribute__((weak));
extern char STATE_END(linux_bss)[] __attribute__((weak));

void linux_state(char **data, size_t *data_bytes, char **bss, size_t *bss_bytes)
{
    *data = STATE_BEGIN(linux_data);
    *data_bytes = (size_t)(STATE_END(linux_data) - STATE_BEGIN(linux_data));
    *bss = STATE_BEGIN(linux_bss);
    *bss_bytes = (size_t)(STATE_END(linux_bss) - STATE_BEGIN(linux_bss));
}
