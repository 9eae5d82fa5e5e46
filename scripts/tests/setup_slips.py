# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips in the text of setup.c: each is one changed token. A slip is what it does, a pattern of identifiers, what stands
there instead of its first occurrence, and the invariant that names it.
"""

SLIPS = (
    ("extra memory keeps the start of what is filled", r"\.start_pfn \+= n_pfns", ".start_pfn += 0",
     "SETUP_RAM_HAS_FRAME"),
    ("extra memory keeps its length", r"\.n_pfns -= n_pfns", ".n_pfns -= 0", "SETUP_EXTRA_IS_EMPTY"),
    ("what is filled stays reserved", r"memblock_phys_free\(PFN_PHYS\(start_pfn\), PFN_PHYS\(n_pfns\)\)", "(void)0",
     "SETUP_EXTRA_IS_EMPTY"),
    ("RAM for remapping ends a page too late", r"e_pfn = PFN_DOWN", "e_pfn = PFN_UP", "CORE_BUG"),
    ("a release is not counted", r"xen_released_pages\+\+", "xen_released_pages += 0", "SETUP_FRAMES_ACCOUNTED"),
    ("the last page is not released", r"min\(end_pfn(?=, (ini_)?nr_pages\);)", "min(end_pfn - 1",
     "SETUP_FRAMES_ACCOUNTED"),
    ("the machine has another PFN", r"\.val = pfn\b", ".val = pfn + 1", "SETUP_FRAMES_ACCOUNTED"),
    ("the last frame of an area is lost", r"\.size = chunk", ".size = chunk - 1", "SETUP_FRAMES_ACCOUNTED"),
    ("an area goes one page too far", r"\.target_pfn = remap_pfn_iter", ".target_pfn = remap_pfn_iter + 1",
     "CORE_BUG"),
    ("an area is one frame, again and again", r"pfn_to_mfn\(ident_pfn_iter \+ i\)", "pfn_to_mfn(ident_pfn_iter)",
     "SETUP_FRAMES_ACCOUNTED"),
    ("the last page of an area is not identity", r"ident_pfn_iter \+ chunk\)", "ident_pfn_iter + chunk - 1)",
     "SETUP_FRAMES_ACCOUNTED"),
    ("areas overlap", r"remap_pfn \+= size", "remap_pfn += size - 1", "CORE_BUG"),
    ("the first area begins in the list", r"remap_pfn = (?=(ini_)?nr_pages)", "remap_pfn = -1 + ",
     "SETUP_FRAMES_ACCOUNTED"),
    ("a hole begins with the page behind", r"start_pfn = PFN_DOWN\(start\)", "start_pfn = PFN_UP(start)",
     "SETUP_HOLES_ARE_IDENTITY"),
    ("only the first area is remapped", r"= xen_remap_buf\.next_area_mfn", "= INVALID_P2M_ENTRY",
     "SETUP_FRAMES_ACCOUNTED"),
    ("the buffer is on the next frame", r"set_pte_mfn\(buf, mfn, PAGE_KERNEL\)", "set_pte_mfn(buf, mfn + 1, PAGE_KERNEL)",
     "CORE_BUG"),
    ("RAM ends inside a page", r"end &= ~\(\(phys_addr_t\)PAGE_SIZE - 1\)", "end &= ~0ull", "SETUP_RAM_ALIGNED"),
    ("unusable memory is firmware", r"entry->type = E820_TYPE_RAM;", "entry->type = E820_TYPE_RESERVED;",
     "SETUP_UNUSABLE_IS_RAM"),
    ("a page of RAM is enough", r"entry->size\) >= end\)", "entry->size) > start)", "SETUP_IMAGE_STAYS"),
    ("the list ends where extra memory begins", r"xen_max_p2m_pfn = pfn_s \+ n_pfns", "xen_max_p2m_pfn = pfn_s",
     "SETUP_RAM_HAS_FRAME"),
    ("RAM goes on behind the list", r"min\(size, mem_end - addr\)", "size", "SETUP_RAM_HAS_FRAME"),
    ("extra memory lacks its last page", r"xen_add_extra_mem\(pfn_s, n_pfns\)", "xen_add_extra_mem(pfn_s, n_pfns - 1)",
     "SETUP_RAM_HAS_FRAME"),
    ("the initrd is not copied", r"memcpy\(to, from, len\)", "(void)0", "SETUP_IMAGE_STAYS"),
    ("the kernel is not looked at", r"__pa_symbol\(_end\) - __pa_symbol\(_text\)", "0", "SETUP_IMAGE_STAYS"),
    ("holes are identity, and keep their frames",
     r"xen_foreach_remap_area\((max_pfn, )?xen_set_identity_and_remap_chunk\)", "(void)0", "SETUP_HOLES_ARE_IDENTITY"),
    ("RAM begins inside a page", r"start = PAGE_ALIGN\(start\)", "start += 0", "SETUP_RAM_ALIGNED"),
    ("a page that is RAM in part keeps its frame", r"end_pfn = PFN_UP\(entry->addr\)", "end_pfn = PFN_DOWN(entry->addr)",
     "SETUP_HOLES_ARE_IDENTITY"),
)

# In kernels that move firmware: from 6.12 on.
MOVES = (
    ("firmware goes to what stays RAM", r"entry->type = swap_entry->type", "entry->type = E820_TYPE_RAM",
     "SETUP_HOLES_ARE_IDENTITY"),
)
