// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer.ko: loads, measures, prints `peer:` lines, and is done. Meant for QEMU with
 * -icount shift=0, where INST_RETIRED is exact (docs: ../README.md).
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/utsname.h>
#include <uapi/linux/sched/types.h>

#include "peer.h"

struct vm_struct *(*peer_get_vm_area)(unsigned long size, unsigned long flags);
int (*peer_vmap_pages_range)(unsigned long addr, unsigned long end, pgprot_t prot,
			     struct page **pages, unsigned int page_shift);
int (*peer_vmap_page_range)(unsigned long addr, unsigned long end, phys_addr_t phys, pgprot_t prot);
void (*peer_vunmap_range)(unsigned long addr, unsigned long end);
void (*peer_vunmap_range_noflush)(unsigned long addr, unsigned long end);

static unsigned long (*lookup)(const char *name);

/* kallsyms_lookup_name() is not exported, but a kprobe finds its address. */
static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int error = register_kprobe(&probe);

	if (error)
		return error;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

void *find_symbol(const char *name)
{
	return (void *)lookup(name);
}

/* The first of two names: functions were renamed, and static ones may be inlined. */
static void *find_either(const char *name, const char *other)
{
	return find_symbol(name) ?: find_symbol(other);
}

static void find_symbols(void)
{
	peer_get_vm_area = find_symbol("get_vm_area");
	peer_vmap_pages_range = find_either("vmap_pages_range", "__vmap_pages_range_noflush");
	peer_vmap_page_range = find_symbol("vmap_page_range");
	peer_vunmap_range = find_symbol("vunmap_range");
	peer_vunmap_range_noflush = find_either("vunmap_range_noflush", "__vunmap_range_noflush");
}

static int __init peer_init(void)
{
	int error = find_lookup();

	pr_info("peer: kernel %s, pages of %lu, %u CPUs\n", utsname()->release, PAGE_SIZE,
		num_possible_cpus());
	if (error) {
		pr_err("peer: no kallsyms_lookup_name (%d): CONFIG_KPROBES and KALLSYMS are "
		       "needed\n",
		       error);
		return error;
	}
	find_symbols();
	sched_set_fifo(current); /* no kworker preempts a sample */
	error = sample_start();
	if (error) {
		pr_err("peer: the counters are not exact: QEMU needs -icount shift=0\n");
		return error;
	}
	error = pages_start();
	if (error)
		return error;
	measure_areas();
	measure_vmap();
	measure_alloc();
	if (IS_ENABLED(CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP))
		measure_hvo();
	pages_stop();
	pr_info("peer: done\n");
	return 0;
}
module_init(peer_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("instructions of Linux's mapping calls, for tlbed");
