// SPDX-License-Identifier: MIT
/*
 * Freeing later, when no CPU can still be looking: Linux's kvfree_rcu(). There is no RCU here.
 * A reader is whoever has IRQs masked, as in Linux without preemption; once every other CPU
 * has taken an interrupt since, none that began before is left. Objects wait for that in
 * batches, and what is left at the end of a run is waited for too: all of it is in the figure.
 */
#include <stddef.h>

#include "bench/cases/case.h"
#include "drivers/smp/call.h"
#include "mm/areas/vmalloc.h"

/* Linux gathers as many pointers as a page has room for. */
#define BATCH (PAGE_SIZE / sizeof(void *))

struct object {
	struct object *next; /* with two arguments the link is in the object: no memory needed */
	unsigned char array[20];
};

static void note_quiet(void *unused)
{
	(void)unused;
}

/* Returns when every other CPU has been seen outside of any reader. False: one did not answer. */
static bool wait_for_readers(struct worker *w)
{
	if (!smp_call_others(note_quiet, NULL))
		return true;
	w->why = "a CPU did not answer: what waits to be freed stays";
	return false;
}

static struct object *make(struct worker *w)
{
	struct object *p = vmalloc(PAGE_SIZE);

	if (!p)
		return NULL;
	if (!case_readback(w, p, PAGE_SIZE)) {
		vfree(p);
		return NULL;
	}
	*(volatile unsigned char *)p->array = 'a';
	return p;
}

/* Whether readers could have used it until now; and frees it. */
static void free_kept(struct worker *w, struct object *p)
{
	if (w->verify && p->array[0] != 'a')
		w->why = "an object that waited to be freed changed";
	vfree(p);
}

static bool free_all(struct worker *w, struct object *const *waiting, uint64_t n)
{
	if (n && !wait_for_readers(w))
		return false;
	for (uint64_t i = 0; i < n; i++)
		free_kept(w, waiting[i]);
	return true;
}

static bool free_list(struct worker *w, struct object *first)
{
	if (first && !wait_for_readers(w))
		return false;
	while (first) {
		struct object *next = first->next;

		free_kept(w, first);
		first = next;
	}
	return true;
}

/* kvfree_rcu(p): somebody has to keep a list. */
int kvfree_rcu_1_arg(struct worker *w)
{
	struct object **waiting = vmalloc(BATCH * sizeof(*waiting)), *p;
	uint64_t n = 0, i;
	bool good = waiting;

	for (i = 0; good && i < w->params.test_loop_count; i++) {
		p = make(w);
		good = p;
		if (p)
			waiting[n++] = p;
		if (n == BATCH) {
			good = free_all(w, waiting, n) && good;
			n = 0;
		}
	}
	good = free_all(w, waiting, n) && good;
	vfree(waiting);
	return good && !w->why ? 0 : -1;
}

/* kvfree_rcu(p, next): the object is its own place in the list. */
int kvfree_rcu_2_arg(struct worker *w)
{
	struct object *first = NULL, *p;
	bool good = true;

	for (uint64_t i = 0; good && i < w->params.test_loop_count; i++) {
		p = make(w);
		good = p;
		if (p) {
			p->next = first;
			first = p;
		}
		if (i % BATCH == BATCH - 1) {
			good = free_list(w, first) && good;
			first = NULL;
		}
	}
	good = free_list(w, first) && good;
	return good && !w->why ? 0 : -1;
}
