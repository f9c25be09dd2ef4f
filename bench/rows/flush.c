// SPDX-License-Identifier: MIT
/*
 * The policies of flushing side by side: these rows put their policy in force themselves, whatever
 * `flush=` says. Unmapping calls, whole; the sizes around the full flush; with lazy freeing, the
 * calls that purge beside those that do not.
 */
#include <errno.h>

#include "bench/rows/arrays.h"
#include "bench/rows/readback.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"

static enum flush_policy before;

static int begin(struct pass *pass, enum flush_policy policy)
{
	vm_unmap_aliases();
	before = flush_set_policy(policy);
	if (flush_policy == policy)
		return 0;
	pass->why = "needs FEAT_TLBIRANGE";
	return -ENODEV;
}

static void finish(struct pass *pass)
{
	(void)pass;
	vm_unmap_aliases();
	flush_set_policy(before);
	arrays_free();
}

/* --- calls --------------------------------------------------------------------------------- */

static int io_before(struct pass *pass)
{
	pass->va = pass->bytes <= devmem_size ? ioremap(devmem_base, pass->bytes) : NULL;
	return pass->va ? 0 : -ENOMEM;
}

static void io_body(struct pass *pass)
{
	iounmap(pass->va);
}

static int map_before(struct pass *pass)
{
	struct page **pages = array_pages(pass->turn);

	pass->va = vmap(pages, pass->bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
	if (!pass->va)
		return -ENOMEM;
	/* Also so that the TLB holds what the call has to get rid of. */
	return pass->checked ? check_pages(pass, pages) : 0;
}

static void map_body(struct pass *pass)
{
	vunmap(pass->va);
}

static int alloc_before(struct pass *pass)
{
	pass->va = vmalloc(pass->bytes);
	if (!pass->va)
		return -ENOMEM;
	return pass->checked ? check_writable(pass) : 0;
}

static int huge_before(struct pass *pass)
{
	pass->va = vmalloc_huge(pass->bytes, GFP_KERNEL);
	if (!pass->va)
		return -ENOMEM;
	return pass->checked ? check_writable(pass) : 0;
}

static void alloc_body(struct pass *pass)
{
	vfree(pass->va);
}

static int gone(struct pass *pass)
{
	return check_unmapped(pass, (uint64_t)pass->va);
}

static int after(struct pass *pass)
{
	pass->va = NULL;
	return 0;
}

/* --- each call, each policy ---------------------------------------------------------------- */

#define ROW(ident, label, size, ...)                                                         \
	BENCH(ident, .name = label, .rungs = RUNGS_TLBED, .bytes = size, .only_named = true, \
	      .check = gone, .after = after, .finish = finish, __VA_ARGS__)

/* What 100M of it take, as the table's rows do. */
#define CALLS(policy)                                                                              \
	ROW(policy##_io, "flush/" #policy "/iounmap/1M", 1 * MiB, .prepare = policy##_prepare,     \
	    .before = io_before, .body = io_body);                                                 \
	ROW(policy##_map, "flush/" #policy "/vunmap/100M/order0-scattered", 100 * MiB,             \
	    .kind = ARRAY_SCATTERED, .prepare = policy##_arrays, .before = map_before,             \
	    .body = map_body);                                                                     \
	ROW(policy##_map9, "flush/" #policy "/vunmap/100M/order9-apart", 100 * MiB, .order = 9,    \
	    .kind = ARRAY_APART, .prepare = policy##_arrays, .before = map_before,                 \
	    .body = map_body);                                                                     \
	ROW(policy##_map1, "flush/" #policy "/vunmap/1M/order0", 1 * MiB, .kind = ARRAY_SCATTERED, \
	    .prepare = policy##_arrays, .before = map_before, .body = map_body);                   \
	ROW(policy##_free, "flush/" #policy "/vfree/1M", 1 * MiB, .prepare = policy##_prepare,     \
	    .before = alloc_before, .body = alloc_body);                                           \
	ROW(policy##_free100, "flush/" #policy "/vfree/100M", 100 * MiB,                           \
	    .prepare = policy##_prepare, .before = alloc_before, .body = alloc_body);              \
	ROW(policy##_huge, "flush/" #policy "/vfree/100M/huge", 100 * MiB,                         \
	    .prepare = policy##_prepare, .before = huge_before, .body = alloc_body)

/* --- the cliff: one page more, and everything is forgotten --------------------------------- */

/* @label: @n with as many digits as all have, so that a list of names is in order. */
#define CLIFF(policy, n, label)                                                        \
	ROW(policy##_cliff_##n, "flush/" #policy "/cliff/" label, n *PAGE_SIZE,        \
	    .kind = ARRAY_SCATTERED, .prepare = policy##_arrays, .before = map_before, \
	    .body = map_body)

#define CLIFFS(policy)              \
	CLIFF(policy, 1, "0001");   \
	CLIFF(policy, 2, "0002");   \
	CLIFF(policy, 4, "0004");   \
	CLIFF(policy, 16, "0016");  \
	CLIFF(policy, 64, "0064");  \
	CLIFF(policy, 128, "0128"); \
	CLIFF(policy, 256, "0256"); \
	CLIFF(policy, 384, "0384"); \
	CLIFF(policy, 448, "0448"); \
	CLIFF(policy, 504, "0504"); \
	CLIFF(policy, 511, "0511"); \
	CLIFF(policy, 512, "0512"); \
	CLIFF(policy, 513, "0513"); \
	CLIFF(policy, 520, "0520"); \
	CLIFF(policy, 640, "0640"); \
	CLIFF(policy, 768, "0768"); \
	CLIFF(policy, 1024, "1024")

#define POLICY(ident, value)                                    \
	static int ident##_prepare(struct pass *pass)           \
	{                                                       \
		return begin(pass, value);                      \
	}                                                       \
	static int ident##_arrays(struct pass *pass)            \
	{                                                       \
		return begin(pass, value) ?: arrays_make(pass); \
	}                                                       \
	CALLS(ident)

POLICY(each, FLUSH_EACH);
POLICY(range, FLUSH_RANGE);
POLICY(full, FLUSH_FULL);
POLICY(lazy, FLUSH_LAZY);
CLIFFS(each);
CLIFFS(range);
CLIFFS(full);

/* --- the purge ----------------------------------------------------------------------------- */

/* The list is empty: this call adds to it, and that is all. */
static int rest_before(struct pass *pass)
{
	vm_unmap_aliases();
	return alloc_before(pass);
}

/* The list is full of areas like this one: this call purges them all. */
static int purge_before(struct pass *pass)
{
	uint64_t own = (pass->bytes >> PAGE_SHIFT) + 1;

	vm_unmap_aliases();
	while (nr_lazy_pages() + own <= lazy_max_pages()) {
		void *addr = vmalloc(pass->bytes);

		if (!addr)
			return -ENOMEM;
		vfree(addr);
	}
	return alloc_before(pass);
}

#define PURGE(ident, label, size)                                                               \
	ROW(rest_##ident, "flush/lazy/latency/" label "/rest", size, .prepare = lazy_prepare,   \
	    .before = rest_before, .body = alloc_body);                                         \
	ROW(purge_##ident, "flush/lazy/latency/" label "/purge", size, .prepare = lazy_prepare, \
	    .before = purge_before, .body = alloc_body)

PURGE(page, "1-page", PAGE_SIZE);
PURGE(k64, "16-pages", 16 * PAGE_SIZE);
PURGE(m1, "256-pages", 256 * PAGE_SIZE);
