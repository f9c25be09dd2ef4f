// SPDX-License-Identifier: MIT
/*
 * Cases that allocate and free at once: fixed and random sizes, alignments, vrealloc().
 */
#include "bench/cases/case.h"
#include "lib/arm64/cpu.h"
#include "mm/areas/vmalloc.h"

#define MOST_PAGES 100 /* of random_size_alloc */

/* Twice THREAD_ALIGN of Linux for arm64: 16K stacks, a page at least, aligned to twice that. */
#define STACK_BYTES  MAX(16 * KiB, PAGE_SIZE)
#define THREAD_ALIGN (2 * STACK_BYTES)

/* What every loop of these ends with. */
static int use_and_free(struct worker *w, void *p, uint64_t bytes)
{
	int error = case_readback(w, p, bytes) ? 0 : -1;

	vfree(p);
	return error;
}

int fix_size_alloc(struct worker *w)
{
	uint64_t bytes = w->params.nr_pages * PAGE_SIZE;

	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		char *p = w->params.use_huge ? vmalloc_huge(bytes, GFP_KERNEL) : vmalloc(bytes);

		if (!p)
			return -1;
		*(volatile char *)p = 0;
		if (use_and_free(w, p, bytes))
			return -1;
	}
	return 0;
}

int random_size_alloc(struct worker *w)
{
	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		uint64_t bytes = (1 + case_random(w, MOST_PAGES)) * PAGE_SIZE;
		char *p = vmalloc(bytes);

		if (!p)
			return -1;
		*(volatile char *)p = 1;
		if (use_and_free(w, p, bytes))
			return -1;
	}
	return 0;
}

/* Zeroed, somewhere in the region, at a multiple of @align. */
static void *aligned(uint64_t bytes, uint64_t align)
{
	return __vmalloc_range(bytes, align, VMALLOC_START, VMALLOC_END, GFP_KERNEL | __GFP_ZERO,
			       PAGE_KERNEL, 0);
}

/* A verifying run looks at what was promised too. */
static int use_aligned(struct worker *w, const uint64_t *p, uint64_t bytes, uint64_t align)
{
	if (w->verify && !IS_ALIGNED((uint64_t)p, align))
		w->why = "the address has not the alignment that was asked for";
	for (uint64_t i = 0; w->verify && i < bytes / sizeof(*p); i++)
		if (p[i])
			w->why = "memory that was to be zero is not";
	return use_and_free(w, (void *)p, bytes) || w->why ? -1 : 0;
}

int fix_align_alloc(struct worker *w)
{
	const uint64_t bytes = 5 * PAGE_SIZE;

	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		void *p = aligned(bytes, 2 * THREAD_ALIGN);

		if (!p || use_aligned(w, p, bytes, 2 * THREAD_ALIGN))
			return -1;
	}
	return 0;
}

int random_size_align_alloc(struct worker *w)
{
	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		uint64_t random = case_random(w, 256);
		uint64_t align = 1UL << random % 23, bytes = (random % 10 + 1) * PAGE_SIZE;
		void *p = aligned(bytes, align);

		if (!p || use_aligned(w, p, bytes, align))
			return -1;
	}
	return 0;
}

/* No region has room for the larger ones of these: it has to fail. */
int align_shift_alloc(struct worker *w)
{
	for (unsigned shift = 0; shift < 64; shift++) {
		void *p = aligned(PAGE_SIZE, 1UL << shift);

		if (!p || use_aligned(w, p, PAGE_SIZE, 1UL << shift))
			return -1;
	}
	return 0;
}

/*
 * Linux's asks with GFP_ATOMIC and GFP_NOWAIT, preemption off. Nothing here sleeps, whatever the
 * flags, and nothing preempts but interrupts: those are masked.
 */
int no_block_alloc(struct worker *w)
{
	uint64_t bytes = w->params.nr_pages * PAGE_SIZE;

	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		uint64_t irq = local_irq_save();
		char *p = __vmalloc(bytes, GFP_KERNEL);

		local_irq_restore(irq);
		if (!p)
			return -1;
		*(volatile char *)p = 0;
		if (use_and_free(w, p, bytes))
			return -1;
	}
	return 0;
}

/* To @bytes; frees @p if that fails. The first byte is to be kept. */
static char *resized(struct worker *w, char *p, uint64_t bytes)
{
	char *to = vrealloc(p, bytes, GFP_KERNEL);

	if (!to) {
		vfree(p);
		return NULL;
	}
	if (*(volatile char *)to == 'a')
		return to;
	w->why = "vrealloc() lost the first byte";
	vfree(to);
	return NULL;
}

int vrealloc_sizes(struct worker *w)
{
	static const uint64_t sizes[] = { 4 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE / 2, PAGE_SIZE };

	for (uint64_t i = 0; i < w->params.test_loop_count; i++) {
		char *p = vmalloc(PAGE_SIZE);

		if (!p)
			return -1;
		for (unsigned step = 0; p && step < ARRAY_SIZE(sizes); step++) {
			if (!case_readback(w, p, step ? sizes[step - 1] : PAGE_SIZE)) {
				vfree(p);
				return -1;
			}
			*(volatile char *)p = 'a';
			p = resized(w, p, sizes[step]);
		}
		if (!p)
			return -1;
		vfree(p);
	}
	return 0;
}
