// SPDX-License-Identifier: MIT
/*
 * Reading back, which Linux's cases do not do: in runs of their own, so that it is in no figure.
 */
#include "bench/cases/case.h"
#include "bench/random.h"
#include "lib/arm64/probe.h"
#include "lib/log.h"
#include "mm/arm64/geometry.h"

uint64_t case_random(struct worker *w, uint64_t bound)
{
	return next_random(&w->random) % bound;
}

/* A worker's are its own: what two of them were given at the same time is found too. */
static uint64_t first_tag(const struct worker *w)
{
	return (uint64_t)(w->number + 1) << 48 | w->tags;
}

uint64_t case_tag(struct worker *w, void *at, uint64_t bytes)
{
	uint64_t tag = first_tag(w);

	if (!w->verify)
		return 0;
	for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
		/* A page that is not there is found when it is read. */
		probe_write((char *)at + offset, first_tag(w));
		w->tags++;
		w->pages++;
	}
	return tag;
}

bool case_tagged(struct worker *w, const void *at, uint64_t bytes, uint64_t tag)
{
	if (!w->verify)
		return true;
	for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE, tag++) {
		const char *va = (const char *)at + offset;
		uint64_t found = 0;

		if (probe_read(va, &found).class == FAULT_NONE && found == tag)
			continue;
		if (!w->why)
			log_printf("test_vmalloc, worker %u: at %p: found %lx, expected %lx\n",
				   w->number, va, found, tag);
		w->why = "a page does not hold what was written to it";
		return false;
	}
	return true;
}
