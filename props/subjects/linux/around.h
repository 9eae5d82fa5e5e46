/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's file finds around it, whatever its era: tables of the hypervisor's. */
struct mm_struct init_mm;
pgd_t swapper_pg_dir[1];
bool shim_auto_translated;
static struct shim_start_info start_info;
struct shim_start_info *xen_start_info = &start_info;
static struct shared_info shared_info;
struct shared_info xen_dummy_shared_info, *HYPERVISOR_shared_info = &shared_info;
static unsigned long no_mapping[1];
unsigned long *machine_to_phys_mapping = no_mapping;
unsigned int machine_to_phys_order;
unsigned long machine_to_phys_nr;
