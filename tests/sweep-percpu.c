// SPDX-License-Identifier: MIT
/*
 * The calls that are swept: per-CPU objects.
 */
#include "mm/areas/percpu/percpu.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "tests/sweep-internal.h"

#if HAVE_FAIL_NTH
static char *object;

static bool has_room(const struct sweep_call *c)
{
	(void)c;
	return sweep_has_room(nr_cpus * PCPU_MIN_UNIT_SIZE);
}

/* c->order: log2 of the alignment. */
static bool call_percpu(const struct sweep_call *c)
{
	return (object = __alloc_percpu(c->bytes, 1UL << c->order));
}

/* Each CPU has zeros there, in pages that nobody else has. */
static bool right_percpu(const struct sweep_call *c)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		uint64_t va = (uint64_t)per_cpu_ptr(object, cpu), end = va + c->bytes;

		for (uint64_t some; va < end; va += some) {
			struct page *page = vmalloc_to_page((void *)va);

			some = MIN(end - va, PAGE_SIZE - va % PAGE_SIZE);
			if (!page || page->refcount != 1 ||
			    !sweep_is_zero((char *)page_address(page) + va % PAGE_SIZE, some) ||
			    !sweep_sees(ALIGN_DOWN(va, PAGE_SIZE), page_to_phys(page), c->prot,
					true))
				return false;
		}
	}
	return IS_ALIGNED((uint64_t)per_cpu_ptr(object, 0), 1UL << c->order);
}

static void undo_percpu(const struct sweep_call *c)
{
	(void)c;
	free_percpu(object);
}

const struct sweep_kind sweep_by_percpu = { has_room, call_percpu, right_percpu, undo_percpu,
					    NULL };
#endif
