// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c tests/host/replay-core.c mm/check/*.c
// clang-format on
// granules: 12 14 16
/*
 * The checker over the real mm/, from vmalloc() down, all rules on: random programs of
 * vmalloc, vmap, ioremap and set_memory_*, on which it has to be silent. What it saw is written as
 * a trace, replayed, and replayed with lines left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/areas/set_memory.h"
#include "mm/areas/vmalloc.h"
#include "mm/check/trace.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/mmu-model.h"
#include "tests/host/replay.h"
#include "tests/host/tap.h"

#define RAM_START (4 * ARENA_BLOCK)
#define RAM_END	  (16 * ARENA_BLOCK)

/* Two devices: no frame is mapped by two calls as two types. */
#define DEVICE	(1UL << 40)
#define NC_AREA (1UL << 41)

#define OBJECTS	    64
#define CALLS	    (30000u >> (PAGE_SHIFT - 12))
#define TRACE_CALLS 300

struct object {
	enum { EMPTY, VMALLOC, VMAP, IOREMAP } kind;
	void *addr;
};

static unsigned long long seed = 4;
static struct object objects[OBJECTS];
static struct page *shared; /* 1 << SHARED_ORDER pages that vmap() maps again and again */
#define SHARED_ORDER 9

static uint64_t pick(uint64_t below)
{
	return tap_random(&seed) % below;
}

/* Mostly few pages; now and then as many as a PMD entry or a group maps, and more. */
static uint64_t pick_pages(void)
{
	const uint64_t large = MIN(2 * PTRS_PER_TABLE, 2048UL);

	return pick(32) ? 1 + pick(2 * CONT_PTES) : 1 + pick(large);
}

static void *map_shared(void)
{
	struct page *pages[1 << SHARED_ORDER];
	uint64_t n = 1 + pick(ARRAY_SIZE(pages)), from = pick(ARRAY_SIZE(pages) - n + 1);

	n = pick(16) ? MIN(n, 40UL) : n;
	for (uint64_t i = 0; i < n; i++)
		pages[i] = shared + (pick(64) ? from + i : pick(ARRAY_SIZE(pages)));
	return vmap(pages, n, VM_MAP, pick(2) ? PAGE_KERNEL : PAGE_KERNEL_RO);
}

static void *map_device(void)
{
	uint64_t bytes = pick_pages() * PAGE_SIZE, offset = pick(1 << 14) * PAGE_SIZE;

	offset = pick(2) ? ALIGN_DOWN(offset, PMD_SIZE) : offset;
	return pick(2) ? ioremap(DEVICE + offset, bytes) : ioremap_wc(NC_AREA + offset, bytes);
}

static void make(struct object *o)
{
	o->kind = 1 + pick(3);
	if (o->kind == VMAP)
		o->addr = map_shared();
	else if (o->kind == IOREMAP)
		o->addr = map_device();
	else
		o->addr = pick(2) ? vmalloc(pick_pages() * PAGE_SIZE)
				  : vmalloc_huge(pick_pages() * PAGE_SIZE, GFP_KERNEL);
	if (!o->addr)
		o->kind = EMPTY;
}

static void unmake(struct object *o)
{
	if (o->kind == VMALLOC)
		vfree(o->addr);
	else if (o->kind == VMAP)
		vunmap(o->addr);
	else
		iounmap(o->addr);
	o->kind = EMPTY;
}

/* Some pages of an object; that W^X refuses some of it is fine. */
static void change(const struct object *o)
{
	const struct vm_struct *area = find_vm_area(o->addr);
	uint64_t pages = get_vm_area_size(area) >> PAGE_SHIFT, first = pick(pages);
	uint64_t va = (uint64_t)area->addr + (first << PAGE_SHIFT);
	int n = 1 + (int)pick(pick(2) ? pages - first : MIN(pages - first, 3UL)), error;

	switch (pick(8)) {
	case 0:
	case 1:
		error = set_memory_ro(va, n);
		break;
	case 2:
		error = set_memory_rw(va, n);
		break;
	case 3:
		error = set_memory_x(va, n);
		break;
	case 4:
		error = set_memory_nx(va, n);
		break;
	case 5:
		error = set_memory_merge(va, n);
		break;
	default:
		error = set_memory_valid(va, n, (int)pick(2));
	}
	mmu_model.violations += error && error != -EINVAL;
}

static unsigned run(unsigned calls)
{
	unsigned done = 0;

	for (; done < calls && !mmu_model.violations; done++) {
		struct object *o = &objects[pick(OBJECTS)];

		if (o->kind == EMPTY)
			make(o);
		else if (pick(3))
			change(o);
		else
			unmake(o);
		if (done % 16 == 0)
			mmu_model_clean();
	}
	return done;
}

static void unmake_all(void)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].kind != EMPTY)
			unmake(&objects[i]);
}

/* Every policy: what it leaves for later is excused, what it may not leave is not. */
static void test_policy(enum flush_policy policy, bool twice)
{
	enum flush_policy before;
	unsigned calls;

	flush_has_ranges = true;
	before = flush_set_policy(policy);
	door_tlbi_twice = twice;
	calls = run(CALLS / 4);
	ok(calls == CALLS / 4 && mmu_model_clean(), "flush=%s%s: silent on %u calls",
	   flush_policy_names[policy], twice ? " tlbi=twice" : "", CALLS / 4);
	unmake_all();
	vm_unmap_aliases();
	door_tlbi_twice = false;
	flush_set_policy(before); /* from here on nothing is excused */
	ok(mmu_model_clean() && !mmu_model.mapped_bytes && !nr_lazy_pages(),
	   "and when all is unmapped, and purged");
}

static void test_silence(void)
{
	struct timespec from, to;
	unsigned calls;
	double seconds;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	calls = run(CALLS);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
	printf("# %u public calls, %.0f a second of CPU time, with sanitizers\n", calls,
	       calls / seconds);
	ok(calls == CALLS && mmu_model_clean(), "silent on %u calls", CALLS);
	unmake_all();
	ok(mmu_model_clean() && !mmu_model.mapped_bytes, "and when all is unmapped");
}

/* --- the trace ---------------------------------------------------------------------------- */

static struct text {
	char *bytes;
	size_t len, room;
} trace;
static uint64_t recorded;

static void add_line(struct text *t, const char *line)
{
	size_t n = strlen(line);

	if (t->len + n + 1 > t->room)
		t->bytes = realloc(t->bytes, t->room = 2 * t->room + n + 4096);
	memcpy(t->bytes + t->len, line, n);
	t->bytes[t->len + n] = '\n';
	t->len += n + 1;
}

static void write_line(void *context, const char *line)
{
	add_line(context, line);
}

static void record(const struct mm_event *event)
{
	char line[TRACE_LINE_MAX];

	trace_format(line, sizeof(line), 7 + recorded++, event);
	add_line(&trace, line);
}

static void test_round_trip(void)
{
	const uint64_t far = VMALLOC_END - PMD_SIZE;
	struct replayed result;

	run(100); /* something is linked already */
	mmu_model_clean();
	mmu_model_trace_begin(write_line, &trace);
	mmu_model_recorder = record;
	run(TRACE_CALLS);
	/* A table comes and goes, whatever the granule. */
	if (map_range(far, far + PAGE_SIZE, DEVICE, PROT_DEVICE_nGnRE, MAP_SHIFT_ANY))
		mmu_model.violations++;
	unmap_range(far, far + PAGE_SIZE);
	mmu_model_recorder = NULL;
	add_line(&trace, "another line on the console");
	add_line(&trace, TRACE_END_LINE);
	result = replay("trace", trace.bytes, trace.len, false, PHYS_END);
	ok(!result.error[0] && result.events == recorded && recorded > TRACE_CALLS,
	   "all of %lu events are replayed %s", recorded, result.error);
	ok(!result.reports && !mmu_model.violations, "the replay is silent too %s", result.first);
}

/* The trace without each @nth line that has @word, the others numbered anew. */
static struct replayed replay_without(const char *word, unsigned nth)
{
	struct text t = { 0 };
	struct replayed result;
	uint64_t number = 0;
	unsigned seen = 0;

	for (char *at = trace.bytes, *next; at < trace.bytes + trace.len; at = next) {
		char line[TRACE_LINE_MAX] = "";
		struct trace_line parsed;

		next = memchr(at, '\n', (size_t)(trace.bytes + trace.len - at)) + 1;
		parsed = trace_parse(at, (size_t)(next - at));
		snprintf(line, sizeof(line), "%.*s", (int)(next - at - 1), at);
		if (parsed.kind == TRACE_EVENT) {
			if (strstr(line, word) && ++seen % nth == 0)
				continue;
			trace_format(line, sizeof(line), number++, &parsed.event);
		}
		add_line(&t, line);
	}
	result = replay("cut", t.bytes, t.len, false, PHYS_END);
	free(t.bytes);
	return result;
}

static void test_wrong_traces(void)
{
	const struct {
		const char *word;
		unsigned nth;
		enum check_rule rule;
	} cases[] = {
		{ " dmb_ishst ", 1, RULE_LINK_ORDER }, { " dsb_ishst ", 3, RULE_TLBI_EARLY },
		{ " dsb_ish ", 3, RULE_NO_DSB },       { " isb ", 3, RULE_NO_ISB },
		{ " tlbi_", 3, RULE_TLBI_SCOPE },      { " table_alloc ", 1, RULE_LINK_USED }
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct replayed result = replay_without(cases[i].word, cases[i].nth);
		/* A TLBI that is missing shows where its frame is freed or its address used again.
		 */
		bool scope = cases[i].rule == RULE_TLBI_SCOPE &&
			     (result.rules[RULE_MAP_COUNT] || result.rules[RULE_VA_REUSED]);

		ok(!result.error[0] && (result.rules[cases[i].rule] || scope),
		   "%s%sevents left out: %u reports", cases[i].nth == 1 ? "all" : "a third of the",
		   cases[i].word, result.reports);
	}
}

static bool has_error(const char *text, size_t len, const char *words)
{
	struct replayed result = replay("bad", text, len, false, PHYS_END);

	if (strstr(result.error, words) && !strchr(result.error, '\n'))
		return true;
	printf("# got: %s\n", result.error);
	return false;
}

static bool line_error(const char *line, const char *words)
{
	struct text t = { 0 };
	bool good;

	mmu_model_trace_begin(write_line, &t);
	add_line(&t, line);
	good = has_error(t.bytes, t.len, words);
	free(t.bytes);
	return good;
}

static void test_bad_traces(void)
{
	bool good = true;

	ok(has_error("", 0, "no `--- BEGIN"), "an empty file");
	for (unsigned i = 0; i < 20; i++)
		good &= has_error(trace.bytes, trace.len - 20 - pick(trace.len / 2), "bad:");
	ok(good, "cut anywhere: one line of error");
	ok(line_error("@", "alone"), "no words");
	ok(line_error("@ 5 stor cpu0 0 0 0 0", "no event has"), "an unknown kind");
	ok(line_error("@ 5 store 0 0 0 0", "cpuN"), "no CPU");
	ok(line_error("@ 5 store cpu99999 0 0 0 0", "no such CPU"), "no such CPU");
	ok(line_error("@ 5 store cpu0 0 0 0", "hexadecimal"), "a number is missing");
	ok(line_error("@ 5 store cpu0 0 0 0 0 0", "hexadecimal"), "a number too many");
	ok(line_error("@ 5 store cpu0 10000000000000000 0 0 0", "hexadecimal"), "past 64 bits");
	ok(line_error("@ slot 123456 1", "slot"), "a misaligned slot");
	ok(line_error("@ trace 2 granule 12 root 0 frames_end 0", "version"), "a later version");
	ok(line_error("@ trace 1 granule 13 root 0 frames_end 0", "granule"), "no granule");
	ok(line_error("@ 5 isb cpu0 0 0 0 0\n@ 7 isb cpu0 0 0 0 0", "lines are missing"),
	   "a line is missing");
	ok(line_error("@ 5 isb cpu0 0 0 0 0\n@ table 1000 0 0", "after the first event"),
	   "a table too late");
	ok(has_error(TRACE_BEGIN_LINE "\n@ 1 isb cpu0 0 0 0 0\n", 42, "header"), "no header");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_add_ram(RAM_START, RAM_END - RAM_START);
	buddy_init();
	mmu_model.frames_judged = true;
	shared = alloc_pages(GFP_KERNEL, SHARED_ORDER);
	test_silence();
	test_policy(FLUSH_RANGE, false);
	test_policy(FLUSH_FULL, false);
	test_policy(FLUSH_LAZY, false);
	test_policy(FLUSH_EACH, true);
	test_round_trip();
	test_wrong_traces();
	test_bad_traces();
	return tap_done();
}
