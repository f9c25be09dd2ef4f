// SPDX-License-Identifier: MIT
/*
 * Per-CPU objects of random sizes and alignments: all are made, then all freed. As in Linux a
 * run is just that, whatever test_loop_count= says.
 */
#include <string.h>

#include "bench/cases/case.h"
#include "bench/random.h"
#include "drivers/smp/call.h"
#include "lib/log.h"
#include "mm/areas/percpu/percpu.h"
#include "mm/areas/area.h"
#include "mm/areas/vmalloc.h"

#define MOST_BYTES   1024
#define ALIGN_SHIFTS 11 /* 2 to 2048 bytes */

struct object {
	char *at; /* NULL: it could not be had */
	uint32_t bytes, align;
};

/* What CPUs look at, each at its own copies. */
struct look {
	const struct object *objects;
	uint64_t n, tags; /* the first object's */
	uint64_t wrong;	  /* copies, of all CPUs */
};

/* No other copy of any object of any worker has the same, but by a chance of one in 2^32. */
static uint32_t tag_of(uint64_t tags, uint64_t i, unsigned cpu)
{
	uint64_t seed = tags + i * NR_CPUS + cpu;

	return (uint32_t)next_random(&seed);
}

/*
 * Whether all of [@p, @p + @bytes) reads @want, which then is @fill. In interrupts too, which
 * may not call libc: the bytes are volatile, so that no loop becomes a call of it.
 */
static bool replaced(char *p, uint64_t bytes, uint32_t want, uint32_t fill)
{
	volatile uint32_t *words = (uint32_t *)p;
	volatile char *rest = p + bytes / sizeof(*words) * sizeof(*words);
	bool good = true;

	for (uint64_t i = 0; i < bytes / sizeof(*words); i++) {
		good = good && words[i] == want;
		words[i] = fill;
	}
	for (uint64_t i = 0; i < bytes % sizeof(*words); i++) {
		good = good && rest[i] == (char)want;
		rest[i] = (char)fill;
	}
	return good;
}

/* Before it is used: each copy is aligned and zero; then each has a tag of its own. */
static void tag_copies(struct worker *w, const struct object *o, uint64_t tags, uint64_t i)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		char *copy = per_cpu_ptr(o->at, cpu);

		if (!IS_ALIGNED((uint64_t)copy, o->align))
			w->why = "a copy has not the alignment that was asked for";
		if (!replaced(copy, o->bytes, 0, tag_of(tags, i, cpu)))
			w->why = "a copy that was to be zero is not";
	}
}

/* What a CPU finds at @cpu's copies; afterwards they are not zero. */
static void look_at(struct look *look, unsigned cpu)
{
	for (uint64_t i = 0; i < look->n; i++) {
		const struct object *o = &look->objects[i];

		if (o->at && !replaced(per_cpu_ptr(o->at, cpu), o->bytes,
				       tag_of(look->tags, i, cpu), UINT32_MAX))
			__atomic_fetch_add(&look->wrong, 1, __ATOMIC_RELAXED);
	}
}

static void look_at_own(void *look)
{
	look_at(look, smp_processor_id());
}

/* Every CPU that is online reads its copies, this one also those of CPUs that are not. */
static void look_at_all(struct worker *w, const struct object *objects, uint64_t n, uint64_t tags)
{
	struct look look = { .objects = objects, .n = n, .tags = tags };

	if (smp_call_others(look_at_own, &look))
		w->why = "a CPU did not answer";
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpu == smp_processor_id() || !cpu_online(cpu))
			look_at(&look, cpu);
	if (!look.wrong)
		return;
	log_printf("test_vmalloc, worker %u: %lu of %lu copies are not what was written\n",
		   w->number, look.wrong, n * nr_cpus);
	w->why = "a per-CPU object does not hold what was written to it";
}

static int free_all(const struct object *objects, uint64_t n)
{
	int error = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (!objects[i].at)
			error = -1;
		free_percpu(objects[i].at);
	}
	return error;
}

int pcpu_alloc(struct worker *w)
{
	uint64_t n = w->params.nr_pcpu_objects, before = w->verify ? vmalloc_nr_pages() : 0;
	uint64_t tags = (uint64_t)(w->number + 1) << 48;
	struct object *objects = vmalloc(n * sizeof(*objects));
	int error;

	if (!objects)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		struct object *o = &objects[i];

		o->bytes = 1 + (uint32_t)case_random(w, MOST_BYTES);
		o->align = 2u << case_random(w, ALIGN_SHIFTS);
		o->at = __alloc_percpu(o->bytes, o->align);
		if (w->verify && o->at)
			tag_copies(w, o, tags, i);
	}
	if (w->verify) {
		w->pages = vmalloc_nr_pages() - before;
		look_at_all(w, objects, n, tags);
	}
	error = free_all(objects, n);
	vfree(objects);
	return w->why ? -1 : error;
}
