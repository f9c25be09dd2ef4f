// SPDX-License-Identifier: MIT
/*
 * Suite stress: 1 to 8 CPUs allocate, map, touch, unmap and free at the same time, each its
 * own random sequence. What one CPU made another one may free. Nothing here is timed, and no
 * figure says how well it scales: an emulator's CPUs are the host's threads.
 *
 * A CPU's sequence depends on `seed=` and its place among the CPUs of the test alone, not on
 * what the others do nor on addresses: the digest that is printed is the same whenever
 * the test runs again.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/smp/cpus.h"
#include "drivers/smp/hang.h"
#include "lib/cmdline/options.h"
#include "lib/lock.h"
#include "lib/platform.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

#define MAX_CPUS       8
#define LIVE	       24 /* things that a CPU holds at a time, at most */
#define SOME_SHIFT     4  /* log2 of the pages of an area, at most; small ones are the most */
#define HUGE_BYTES     (4 * MiB)
#define MAX_ORDER_HERE 6
/* What a CPU can need at the worst moment: then no call may fail. */
#define BYTES_A_CPU  ((LIVE + MAX_CPUS) * (HUGE_BYTES + MiB))
#define DEVICE_BYTES (16 * MiB)
#define LINE	     64 /* small objects are touched once in so many bytes */

/*
 * Where the emulator's CPUs outnumber the host's, a lock is handed to a CPU whose thread does not
 * run, while the others' threads wait their time slices through: the time goes with the square.
 * Image.check has one lock more, which each of its events takes.
 */
#define SLOWER(cpus)	(IS_CHECKED && (cpus) > 1 ? 4 : 1)
#define CALLS_OF(cpus)	(1600 / ((cpus) * (cpus)) / SLOWER(cpus))
#define CHURNS_OF(cpus) ((cpus) <= 2 ? 64 : 64 / ((cpus) * (cpus)))

static uint64_t stress;
OPTION_UNSIGNED(stress, "stress", &stress, 1, 100000000,
		"=N  calls a CPU makes in stress/ (1600 by the square of the CPUs, Image.check: a "
		"quarter)");

enum kind { PAGES, SMALL, VMALLOC, HUGE, VMAP, DEVICE, NR_KINDS };

struct thing {
	enum kind kind;
	unsigned order;	     /* PAGES */
	uint64_t word;	     /* names the CPU and the call that made it */
	uint64_t size;	     /* bytes that can be touched, or are mapped */
	void *at;	     /* NULL: the call failed */
	struct page *page;   /* PAGES */
	struct page **pages; /* VMAP: the frames, ours */
	uint64_t pa;	     /* DEVICE */
};

struct worker {
	unsigned index;
	uint64_t random, digest;
	struct thing *live[LIVE];
	uint64_t calls, handed, failed, wrong;
	struct lock_stats locks; /* before the run, then what the run added */
	uint64_t kept;		 /* locks still held when it was over */
};

static struct {
	unsigned cpus;
	uint64_t calls; /* that each makes */
	struct worker workers[MAX_CPUS];
	/* From one CPU to another: NULL is room. Written by either, never by a third. */
	struct thing *mail[MAX_CPUS][MAX_CPUS];
	unsigned ready;
} test;

static uint64_t pick(struct worker *w, uint64_t bound)
{
	uint64_t choice = random_below(&w->random, bound);

	/* FNV-1a, a word at a time. */
	w->digest = (w->digest ^ choice) * 0x100000001b3UL;
	return choice;
}

/* --- touching ------------------------------------------------------------------------- */

static uint64_t word_at(const struct thing *t, uint64_t offset)
{
	return t->word ^ offset << 20;
}

static uint64_t stride_of(const struct thing *t)
{
	return t->kind == SMALL ? LINE : PAGE_SIZE;
}

static void write_words(const struct thing *t)
{
	for (uint64_t at = 0; at < t->size; at += stride_of(t))
		*(volatile uint64_t *)((char *)t->at + at) = word_at(t, at);
	*(volatile uint64_t *)((char *)t->at + t->size - 8) = word_at(t, t->size - 8);
}

/* Words that are not as they were written. */
static uint64_t wrong_words(const struct thing *t)
{
	uint64_t wrong = 0, last = t->size - 8;

	for (uint64_t at = 0; at < t->size; at += stride_of(t))
		wrong += at != last && *(volatile uint64_t *)((char *)t->at + at) != word_at(t, at);
	return wrong + (*(volatile uint64_t *)((char *)t->at + last) != word_at(t, last));
}

/* The frames behind a vmap() hold what was written through it. */
static uint64_t wrong_frames(const struct thing *t)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < t->size >> PAGE_SHIFT; i++)
		wrong += *(volatile uint64_t *)page_address(t->pages[i]) !=
			 word_at(t, i << PAGE_SHIFT);
	return wrong;
}

static uint64_t wrong_in(const struct thing *t)
{
	if (t->kind == DEVICE)
		return pages_mistranslated((uint64_t)t->at, t->pa, t->size >> PAGE_SHIFT,
					   PROT_DEVICE_nGnRE, 7);
	return wrong_words(t) + (t->kind == VMAP ? wrong_frames(t) : 0);
}

/* --- making and freeing --------------------------------------------------------------- */

static void free_frames(struct thing *t)
{
	free_pages_bulk(t->pages, t->size >> PAGE_SHIFT);
	kfree(t->pages);
}

/* Frames in any order, and a mapping of them. */
static void make_vmap(struct thing *t)
{
	uint64_t n = t->size >> PAGE_SHIFT;

	t->pages = kzalloc(n * sizeof(*t->pages), GFP_KERNEL);
	if (!t->pages)
		return;
	if (alloc_pages_bulk(GFP_KERNEL, n, t->pages) == n)
		t->at = vmap(t->pages, n, VM_MAP, PAGE_KERNEL);
	if (!t->at)
		free_frames(t);
}

static void make_pages(struct thing *t)
{
	t->page = alloc_pages(GFP_KERNEL, t->order);
	t->at = t->page ? page_address(t->page) : NULL;
}

/* Of sixteen; huge ones are rare: their tables and areas are no different. */
static const enum kind kinds[16] = { PAGES, PAGES, PAGES,   SMALL,   SMALL, SMALL, SMALL,  VMALLOC,
				     HUGE,  VMAP,  VMALLOC, VMALLOC, VMAP,  VMAP,  DEVICE, DEVICE };

/* The choices of one thing. All are made before anything can fail. */
static void choose(struct worker *w, struct thing *t)
{
	uint64_t device = devmem_size >= 2 * DEVICE_BYTES ? devmem_base : EMPTY_PA;

	t->kind = kinds[pick(w, ARRAY_SIZE(kinds))];
	t->order = pick(w, MAX_ORDER_HERE + 1);
	t->pa = device + pick(w, DEVICE_BYTES >> PAGE_SHIFT) * PAGE_SIZE;
	t->size = (1 + pick(w, 1UL << pick(w, SOME_SHIFT + 1))) << PAGE_SHIFT;
	if (t->kind == PAGES)
		t->size = PAGE_SIZE << t->order;
	else if (t->kind == SMALL)
		t->size = ALIGN_UP(1 + pick(w, 1UL << (5 + pick(w, 10))), 8);
	else if (t->kind == HUGE)
		t->size = HUGE_BYTES >> pick(w, 3);
}

static void make(struct thing *t)
{
	switch (t->kind) {
	case PAGES:
		make_pages(t);
		break;
	case SMALL:
		t->at = kmalloc(t->size, GFP_KERNEL);
		break;
	case VMALLOC:
		t->at = vmalloc(t->size);
		break;
	case HUGE:
		t->at = vmalloc_huge(t->size, GFP_KERNEL);
		break;
	case VMAP:
		make_vmap(t);
		break;
	default:
		t->at = ioremap(t->pa, t->size);
	}
}

/*
 * The zone's and the tree's locks again and again, which an emulated TLBI would leave at rest: a
 * block of an order that no hot list keeps, and addresses.
 */
static void churn(struct worker *w, uint64_t word, uint64_t size, uint64_t times)
{
	for (uint64_t i = 0; i < times; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, MAX_ORDER_HERE);
		struct vm_struct *area = get_vm_area(size, VM_MAP);
		volatile uint64_t *at = page ? page_address(page) : NULL;

		if (at)
			*at = word ^ i;
		if (area)
			w->wrong += find_vm_area(area->addr) != area;
		if (at)
			w->wrong += *at != (word ^ i);
		w->failed += !at + !area;
		free_vm_area(area);
		__free_pages(page, MAX_ORDER_HERE);
	}
}

static struct thing *make_any(struct worker *w)
{
	struct thing choice = { .word = (uint64_t)(w->index + 1) << 56 | w->calls << 40 };
	struct thing *t;

	choose(w, &choice);
	churn(w, choice.word, choice.size, pick(w, CHURNS_OF(test.cpus)));
	t = kmalloc(sizeof(*t), GFP_KERNEL);
	if (!t) {
		w->failed++;
		return NULL;
	}
	*t = choice;
	make(t);
	if (!t->at)
		w->failed++;
	else if (t->kind != DEVICE)
		write_words(t);
	return t;
}

static void unmake(struct thing *t)
{
	switch (t->kind) {
	case PAGES:
		__free_pages(t->page, t->order);
		break;
	case SMALL:
		kfree(t->at);
		break;
	case VMALLOC:
	case HUGE:
		vfree(t->at);
		break;
	case VMAP:
		vunmap(t->at);
		free_frames(t);
		break;
	default:
		iounmap(t->at);
	}
}

/* Reads it once more, and frees it: on the CPU that made it or on another one. */
static void end(struct worker *w, struct thing *t)
{
	if (t && t->at) {
		w->wrong += wrong_in(t);
		unmake(t);
	}
	kfree(t);
}

/* --- a CPU ---------------------------------------------------------------------------- */

static void read_mail(struct worker *w)
{
	for (unsigned from = 0; from < test.cpus; from++) {
		/* Acquire: what the sender wrote, the thing and through it, is seen. */
		struct thing *t = __atomic_load_n(&test.mail[w->index][from], __ATOMIC_ACQUIRE);

		if (!t)
			continue;
		end(w, t);
		/* Release: the sender's next thing is not mistaken for this one. */
		__atomic_store_n(&test.mail[w->index][from], NULL, __ATOMIC_RELEASE);
	}
}

/* To another CPU, which frees it; if that has not read its last mail, it stays here to free. */
static void hand_over(struct worker *w, struct thing *t, unsigned to)
{
	struct thing **box = &test.mail[to][w->index];

	if (!t || to == w->index || __atomic_load_n(box, __ATOMIC_ACQUIRE)) {
		end(w, t);
		return;
	}
	w->handed++;
	__atomic_store_n(box, t, __ATOMIC_RELEASE);
}

static void one_call(struct worker *w, bool *full)
{
	unsigned i = pick(w, LIVE);
	struct thing *t = w->live[i];

	w->calls++;
	if (!full[i]) {
		w->live[i] = make_any(w);
		full[i] = true;
		return;
	}
	switch (pick(w, 4)) {
	case 0: /* looks at it, and keeps it */
		if (t && t->at)
			w->wrong += wrong_in(t);
		return;
	case 1:
		hand_over(w, t, pick(w, test.cpus));
		break;
	default:
		end(w, t);
	}
	w->live[i] = NULL;
	full[i] = false;
}

/* Turns the counts in @before into what was added since. */
static void since(struct lock_stats *before)
{
	struct lock_stats now;

	get_lock_stats(&now);
	for (unsigned i = 0; i < NR_LOCK_CLASSES; i++) {
		before->of[i].taken = now.of[i].taken - before->of[i].taken;
		before->of[i].waited = now.of[i].waited - before->of[i].waited;
		before->of[i].spins = now.of[i].spins - before->of[i].spins;
	}
}

static void run_worker(void *arg)
{
	struct worker *w = arg;
	bool full[LIVE] = { false };

	/* All begin together, else the first would be done before the last has begun. */
	__atomic_fetch_add(&test.ready, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&test.ready, __ATOMIC_RELAXED) < test.cpus)
		cpu_relax();
	get_lock_stats(&w->locks);
	for (uint64_t n = 0; n < test.calls; n++) {
		one_call(w, full);
		read_mail(w);
		hang_alive();
	}
	for (unsigned i = 0; i < LIVE; i++)
		end(w, w->live[i]);
	since(&w->locks);
	w->kept = locks_held("after stress");
}

static void run_last_mail(void *arg)
{
	read_mail(arg);
}

/* On each CPU of the test at the same time; the boot CPU is the first. */
static void run_on_all(cpu_work *fn)
{
	unsigned places[MAX_CPUS] = { smp_processor_id() }, n = 1;

	for (unsigned cpu = 0; cpu < nr_cpus && n < test.cpus; cpu++) {
		if (!cpu_online(cpu) || cpu == places[0])
			continue;
		if (CHECK_EQ(cpu_start_work(cpu, fn, &test.workers[n]), 0))
			places[n++] = cpu;
		else
			test.cpus--; /* before anybody counts on it: the test has failed */
	}
	fn(&test.workers[0]);
	for (unsigned i = 1; i < n; i++)
		cpu_wait(places[i]);
}

/* --- the report ----------------------------------------------------------------------- */

/* How often in a call, with two decimals. */
#define A_CALL(n, calls) (n) / (calls), (n)*100 / (calls) % 100

static void note_locks(void)
{
	uint64_t calls = test.calls * test.cpus;

	for (unsigned class = 0; class < NR_LOCK_CLASSES; class ++) {
		struct lock_counts sum = { 0 };

		for (unsigned i = 0; i < test.cpus; i++) {
			sum.taken += test.workers[i].locks.of[class].taken;
			sum.waited += test.workers[i].locks.of[class].waited;
			sum.spins += test.workers[i].locks.of[class].spins;
		}
		if (IS_CHECKED && sum.taken)
			ktap_note(
				"%s lock: %lu.%02lu acquisitions a call, %lu.%02lu of them waited "
				"for, %lu.%02lu spins",
				lock_class_names[class], A_CALL(sum.taken, calls),
				A_CALL(sum.waited, calls), A_CALL(sum.spins, calls));
		else if (!IS_CHECKED && class == LOCK_UNNAMED)
			ktap_note(
				"locks: %lu.%02lu acquisitions a call waited for, %lu.%02lu spins",
				A_CALL(sum.waited, calls), A_CALL(sum.spins, calls));
	}
}

static void report(void)
{
	uint64_t handed = 0, failed = 0, wrong = 0, kept = 0;

	for (unsigned i = 0; i < test.cpus; i++) {
		const struct worker *w = &test.workers[i];

		ktap_note("CPU %u of %u: %lu calls, digest %016lx", i, test.cpus, w->calls,
			  w->digest);
		CHECK_EQ(w->calls, test.calls);
		handed += w->handed;
		failed += w->failed;
		wrong += w->wrong;
		kept += w->kept;
	}
	ktap_note("again: test=stress/%u-cpus seed=%lu stress=%lu; %lu things freed by another CPU",
		  test.cpus, options.seed, test.calls, handed);
	note_locks();
	CHECK_EQ(wrong, 0);
	CHECK_EQ(kept, 0);
	if (failed)
		ktap_note("%lu calls had no memory", failed);
	if (nr_free_pages() * PAGE_SIZE > test.cpus * BYTES_A_CPU)
		CHECK_EQ(failed, 0);
}

static void run_stress(unsigned cpus)
{
	unsigned online = cpus_up(cpus);
	uint64_t state = random_seed();
	struct totals before;

	if (online < cpus)
		SKIP("%u of %u CPUs are online", online, cpus);
	before = count_totals();
	memset(&test, 0, sizeof(test));
	test.cpus = cpus;
	test.calls = stress ?: CALLS_OF(cpus);
	for (unsigned i = 0; i < cpus; i++)
		test.workers[i] = (struct worker){
			.index = i,
			.random = random_below(&state, UINT64_MAX),
			.digest = 0xcbf29ce484222325UL,
		};
	run_on_all(run_worker);
	run_on_all(run_last_mail);
	report();
	CHECK_NOTHING_LOST(before);
}

TEST(stress_1, "stress/1-cpus")
{
	run_stress(1);
}

TEST(stress_2, "stress/2-cpus")
{
	run_stress(2);
}

TEST(stress_4, "stress/4-cpus")
{
	run_stress(4);
}

TEST(stress_8, "stress/8-cpus")
{
	run_stress(8);
}
