// SPDX-License-Identifier: MIT
/*
 * Suite cpus: every CPU runs code on its own stack with its own data, comes and goes, answers
 * calls, and can be held still; and what is said of one that does not.
 */
#include <errno.h>

#include "drivers/irq/irq.h"
#include "drivers/psci.h"
#include "drivers/smp/call.h"
#include "drivers/smp/hang.h"
#include "drivers/smp/cpus.h"
#include "lib/arm64/probe.h"
#include "lib/arm64/stack.h"
#include "lib/arm64/sysreg.h"
#include "lib/lock.h"
#include "lib/sections.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "tests/support.h"

#define ROUNDS	  100
#define SHORT_MS  20
#define BAD_MPIDR 0x7f7f7f /* no machine that we know has it */
#define NEED(n)                     \
	if (nr_online_cpus() < (n)) \
	SKIP("%u CPUs online, %u needed", nr_online_cpus(), (unsigned)(n))

void overflow_stack(void); /* asm.S */

static unsigned some_other_cpu(void)
{
	for (unsigned i = nr_cpus; i-- > 0;)
		if (i != smp_processor_id() && cpu_online(i))
			return i;
	return smp_processor_id();
}

/* --- running ------------------------------------------------------------------------------ */

static bool ran[NR_CPUS];

TEST_ON_EACH_CPU(cpus_run, "cpus/every-one-runs-code")
{
	uint64_t here = (uint64_t)__builtin_frame_address(0), top = this_cpu(stack_top);
	const struct cpu *self = &cpus[smp_processor_id()];

	CHECK_EQ(read_sysreg(mpidr_el1) & IRQ_AFFINITY, self->mpidr);
	CHECK_EQ(self->number, smp_processor_id());
	CHECK_EQ(top, self->stack_top);
	CHECK(here < top && here > top - STACK_BYTES);
	__atomic_store_n(&ran[smp_processor_id()], true, __ATOMIC_RELAXED);
}

TEST(cpus_all_ran, "cpus/every-one-ran")
{
	unsigned usable = 0;

	work_on_each_cpu(each_cpu_cpus_run, NULL);
	for (unsigned i = 0; i < nr_cpus; i++) {
		usable += !cpus[i].unusable;
		CHECK_EQ(__atomic_load_n(&ran[i], __ATOMIC_RELAXED), cpu_online(i));
	}
	/* All that can be started are: a machine with fewer than it says is not tested. */
	CHECK_EQ(nr_online_cpus(), usable);
	ktap_note("%u CPUs in the tree, %u online", nr_cpus, nr_online_cpus());
}

static DEFINE_PER_CPU(uint64_t, private_word);

TEST_ON_EACH_CPU(cpus_percpu, "cpus/per-cpu-data-is-private")
{
	uint64_t value = 0x1234567 * (smp_processor_id() + 1), lost = 0;

	for (unsigned i = 0; i < ROUNDS * 100; i++) {
		this_cpu(private_word) = value + i;
		cpu_relax();
		lost += READ_ONCE(this_cpu(private_word)) != value + i;
	}
	CHECK_EQ(lost, 0);
	for (unsigned i = 0; i < nr_cpus; i++)
		CHECK(i == smp_processor_id() || !cpu_online(i) ||
		      cpus[i].percpu_offset != this_cpu_offset());
}

TEST_ON_EACH_CPU(cpus_guards, "cpus/stacks-have-guards")
{
	const uint64_t tops[] = { this_cpu(stack_top), this_cpu(emergency_top) };
	uint64_t value;

	for (unsigned i = 0; i < ARRAY_SIZE(tops); i++) {
		uint64_t bottom = tops[i] - STACK_BYTES;

		CHECK_EQ(tops[i] % STACK_PAIR_BYTES, 0);
		CHECK_EQ(probe_read((void *)bottom, &value).class, FAULT_NONE);
		for (uint64_t va = bottom - STACK_BYTES; va < bottom; va += PAGE_SIZE)
			CHECK_EQ(probe_read((void *)va, &value).class, FAULT_TRANSLATION);
		CHECK_EQ(probe_read((void *)(bottom - 8), &value).class, FAULT_TRANSLATION);
	}
}

TEST_ON_EACH_CPU(cpus_overflow, "cpus/stack-overflow-is-survived")
{
	struct fault f = probe_exec((void *)overflow_stack);

	CHECK_EQ(f.class, FAULT_TRANSLATION);
	CHECK_EQ(f.far, this_cpu(stack_top) - STACK_BYTES - 16);
}

TEST_ON_EACH_CPU(cpus_faults, "cpus/faults-are-each-ones-own")
{
	uint64_t far = 0x1000 * (smp_processor_id() + 1), value, wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct fault f = probe_read((void *)far, &value);

		wrong += f.class != FAULT_TRANSLATION || f.far != far;
	}
	CHECK_EQ(wrong, 0);
}

/* --- coming and going --------------------------------------------------------------------- */

TEST(cpus_off_on, "cpus/off-and-on-again")
{
	unsigned cpu = some_other_cpu();

	NEED(2);
	for (unsigned i = 0; i < 10; i++) {
		CHECK_EQ(work_on_cpu(cpu, drain_cpu_caches, NULL), 0);
		CHECK_EQ(cpu_down(cpu), 0);
		CHECK(!cpu_online(cpu));
		CHECK_EQ(psci_affinity_info(cpus[cpu].mpidr), PSCI_IS_OFF);
		CHECK_EQ(cpu_down(cpu), 0);
		CHECK_EQ(cpu_start_work(cpu, drain_cpu_caches, NULL), -EINVAL);
		CHECK_EQ(smp_call(cpu, drain_cpu_caches, NULL), -EINVAL);
		CHECK_EQ(cpu_up(cpu), 0);
		CHECK_EQ(cpu_up(cpu), 0);
		CHECK(cpu_online(cpu));
	}
	work_on_each_cpu(each_cpu_cpus_run, NULL);
}

TEST(cpus_refused, "cpus/what-cannot-be-started")
{
	struct cpu *extra = &cpus[nr_cpus];

	CHECK_EQ(cpu_up(nr_cpus), -EINVAL);
	CHECK_EQ(cpu_down(nr_cpus), -EINVAL);
	CHECK_EQ(cpu_down(smp_processor_id()), -EINVAL);
	CHECK_EQ(smp_call(nr_cpus, drain_cpu_caches, NULL), -EINVAL);
	CHECK_EQ(cpu_start_work(nr_cpus, drain_cpu_caches, NULL), -EINVAL);
	if (!psci_method() || nr_cpus == NR_CPUS)
		return;
	/* One more than there is: firmware says no, and the run goes on. */
	*extra = (struct cpu){ .number = nr_cpus, .mpidr = BAD_MPIDR, .stack_top = 1 };
	nr_cpus++;
	CHECK_EQ(cpu_up(nr_cpus - 1), -EIO);
	CHECK_EQ(extra->state, CPU_IS_OFF);
	extra->unusable = "its status is not okay";
	CHECK_EQ(cpu_up(nr_cpus - 1), -ENODEV);
	nr_cpus--;
	*extra = (struct cpu){ 0 };
}

/* However long the host needs to run it. */
static void await_off(unsigned cpu)
{
	while (psci_affinity_info(cpus[cpu].mpidr) != PSCI_IS_OFF)
		cpu_relax();
}

TEST(cpus_stillborn, "cpus/one-that-does-not-come-up")
{
	unsigned cpu = some_other_cpu(), patience = smp_patience_ms;

	NEED(2);
	CHECK_EQ(work_on_cpu(cpu, drain_cpu_caches, NULL), 0);
	CHECK_EQ(cpu_down(cpu), 0);
	smp_patience_ms = SHORT_MS;
	CHECK_EQ(smp_start(cpu, stillborn_start), -ETIMEDOUT);
	CHECK_EQ(cpus[cpu].state, CPU_IS_LOST);
	smp_patience_ms = patience;
	await_off(cpu);
	/* It has switched itself off: firmware says so, and it may be tried again. */
	CHECK_EQ(cpu_up(cpu), 0);
	CHECK(cpu_online(cpu));
}

/* --- calls --------------------------------------------------------------------------------- */

static uint64_t calls[NR_CPUS];

static void count_call(void *arg)
{
	(void)arg;
	calls[smp_processor_id()]++; /* calls come one at a time */
}

TEST(cpus_call, "cpus/sgi-round-trip")
{
	uint64_t handled;

	hang_unwatch(); /* its timer interrupts too */
	handled = irq_counts()->handled;
	for (unsigned i = 0; i < nr_cpus; i++) {
		calls[i] = 0;
		for (unsigned n = 0; cpu_online(i) && n < ROUNDS; n++)
			CHECK_EQ(smp_call(i, count_call, NULL), 0);
		CHECK_EQ(calls[i], cpu_online(i) ? ROUNDS : 0);
	}
	CHECK_EQ(smp_call_others(count_call, NULL), 0);
	for (unsigned i = 0; i < nr_cpus; i++)
		if (cpu_online(i))
			CHECK_EQ(calls[i], ROUNDS + (i != smp_processor_id()));
	/* Nobody has called this CPU by interrupt. */
	CHECK_EQ(irq_counts()->handled, handled);
	hang_watch("cpus/sgi-round-trip");
}

/* Without icount each call takes as long as the emulator needs to run all of them in turn. */
#define CROWD_ROUNDS 2

static void call_everyone(void *arg)
{
	(void)arg;
	for (unsigned n = 0; n < CROWD_ROUNDS; n++, hang_alive())
		for (unsigned i = 0; i < nr_cpus; i++)
			if (cpu_online(i))
				CHECK_EQ(smp_call(i, count_call, NULL), 0);
}

TEST(cpus_call_all, "cpus/everyone-calls-everyone")
{
	for (unsigned i = 0; i < nr_cpus; i++)
		calls[i] = 0;
	work_on_each_cpu(call_everyone, NULL);
	for (unsigned i = 0; i < nr_cpus; i++)
		if (cpu_online(i) && i != smp_processor_id())
			CHECK(calls[i] >= CROWD_ROUNDS);
}

static void count_here(void *arg)
{
	calls[smp_processor_id()]++;
	/* Its own slot is in use: by this very work. */
	CHECK_EQ(cpu_start_work(*(unsigned *)arg, count_here, arg), -EBUSY);
}

static void give_back(void *arg)
{
	unsigned giver = *(unsigned *)arg, self = smp_processor_id();

	CHECK_EQ(work_on_cpu(giver, count_here, &self), 0);
	CHECK_EQ(cpu_down(boot_cpu), -EBUSY);
}

TEST(cpus_nested, "cpus/who-waits-can-be-given-work")
{
	unsigned self = smp_processor_id();

	NEED(2);
	calls[self] = 0;
	CHECK_EQ(work_on_cpu(some_other_cpu(), give_back, &self), 0);
	CHECK_EQ(calls[self], 1);
}

#define GIVERS_ROUNDS 200

static unsigned receiver;

static void count_receipt(void *arg)
{
	__atomic_fetch_add((uint64_t *)arg, 1, __ATOMIC_RELEASE);
}

/* The boot CPU gives the even ones, another the odd ones. */
static void give_in_turns(void *arg)
{
	const uint64_t *received = arg;

	for (uint64_t i = smp_processor_id() != boot_cpu; i < GIVERS_ROUNDS; i += 2) {
		while (__atomic_load_n(received, __ATOMIC_ACQUIRE) != i)
			cpu_relax();
		while (work_on_cpu(receiver, count_receipt, arg))
			cpu_relax();
	}
}

TEST(cpus_givers, "cpus/who-gave-the-work-is-woken")
{
	uint64_t received = 0;
	unsigned giver;

	NEED(3);
	receiver = some_other_cpu();
	for (giver = receiver; giver-- > 0;)
		if (giver != smp_processor_id() && cpu_online(giver))
			break;
	hang_unwatch(); /* its timers would wake who was forgotten */
	CHECK_EQ(cpu_start_work(giver, give_in_turns, &received), 0);
	give_in_turns(&received);
	cpu_wait(giver);
	CHECK_EQ(received, GIVERS_ROUNDS);
}

static bool linger_on, lingers;

static void linger(void *arg)
{
	(void)arg;
	__atomic_store_n(&lingers, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&linger_on, __ATOMIC_ACQUIRE))
		cpu_relax();
}

TEST(cpus_late, "cpus/one-that-goes-off-late")
{
	unsigned cpu = some_other_cpu(), patience = smp_patience_ms;

	NEED(2);
	CHECK_EQ(work_on_cpu(cpu, drain_cpu_caches, NULL), 0);
	linger_on = true;
	lingers = false;
	smp_patience_ms = SHORT_MS;
	do { /* an emulated CPU may not have run at all in that time */
		CHECK_EQ(smp_call(cpu, linger, NULL), -ETIMEDOUT);
	} while (!__atomic_load_n(&lingers, __ATOMIC_ACQUIRE));
	CHECK_EQ(cpu_down(cpu), -ETIMEDOUT);
	CHECK(!cpu_online(cpu));
	CHECK_EQ(cpu_up(cpu), -ENODEV);
	smp_patience_ms = patience;
	__atomic_store_n(&linger_on, false, __ATOMIC_RELEASE);
	await_off(cpu);
	/* It did go, and is as good as new. */
	CHECK_EQ(cpu_up(cpu), 0);
	CHECK_EQ(work_on_cpu(cpu, drain_cpu_caches, NULL), 0);
	CHECK_EQ(smp_call(cpu, count_call, NULL), 0);
}

/* --- holding still --------------------------------------------------------------------------- */

static bool load_on;
static struct {
	uint64_t count;
} __attribute__((aligned(64))) load[NR_CPUS];

/* Allocates, frees, maps nothing: takes locks all the time. */
static void run_load(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&load_on, __ATOMIC_ACQUIRE)) {
		struct page *page = alloc_pages(GFP_KERNEL, MAX_ORDER);

		if (page)
			__free_pages(page, MAX_ORDER);
		__atomic_fetch_add(&load[smp_processor_id()].count, 1, __ATOMIC_RELEASE);
		cpu_relax();
	}
}

#define STOPS 25

static uint64_t total_load(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		sum += __atomic_load_n(&load[i].count, __ATOMIC_ACQUIRE);
	return sum;
}

static void set_load(bool on)
{
	__atomic_store_n(&load_on, on, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < nr_cpus; i++) {
		if (i == smp_processor_id() || !cpu_online(i))
			continue;
		if (on)
			CHECK_EQ(cpu_start_work(i, run_load, NULL), 0);
		else
			cpu_wait(i);
	}
}

static bool load_moves(unsigned rounds)
{
	uint64_t before = total_load();

	while (rounds-- && total_load() == before)
		cpu_relax();
	return total_load() != before;
}

TEST(cpus_stop, "cpus/stop-and-resume-under-load")
{
	NEED(2);
	set_load(true);
	for (unsigned i = 0; i < STOPS; i++, hang_alive()) {
		uint64_t daif = read_sysreg(daif);

		CHECK(load_moves(1000000));
		if (!CHECK_EQ(stop_others(), 0))
			break;
		CHECK(read_sysreg(daif) & 1 << 7);
		CHECK(!load_moves(1000));
		resume_others();
		CHECK_EQ(read_sysreg(daif), daif);
	}
	set_load(false);
}

static uint64_t unprotected; /* but by holding all others */

static void stop_in_turns(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < CROWD_ROUNDS; i++, hang_alive()) {
		uint64_t value;

		CHECK_EQ(stop_others(), 0);
		value = READ_ONCE(unprotected);
		for (unsigned n = 0; n < 50; n++)
			cpu_relax();
		WRITE_ONCE(unprotected, value + 1);
		resume_others();
	}
}

TEST(cpus_stop_all, "cpus/everyone-stops-everyone")
{
	unprotected = 0;
	work_on_each_cpu(stop_in_turns, NULL);
	CHECK_EQ(unprotected, CROWD_ROUNDS * nr_online_cpus());
}

static bool deaf;

static void be_deaf(void *arg)
{
	uint64_t irq = local_irq_save();

	(void)arg;
	__atomic_store_n(&deaf, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&deaf, __ATOMIC_ACQUIRE))
		cpu_relax();
	local_irq_restore(irq);
}

TEST(cpus_deaf, "cpus/one-that-does-not-answer")
{
	unsigned cpu = some_other_cpu(), patience = smp_patience_ms;

	NEED(2);
	CHECK_EQ(cpu_start_work(cpu, be_deaf, NULL), 0);
	while (!__atomic_load_n(&deaf, __ATOMIC_ACQUIRE))
		cpu_relax();
	smp_patience_ms = SHORT_MS;
	calls[cpu] = 0;
	CHECK_EQ(stop_others(), -ETIMEDOUT);
	CHECK(!(read_sysreg(daif) & 1 << 7));
	CHECK_EQ(smp_call(cpu, count_call, NULL), -ETIMEDOUT);
	CHECK_EQ(cpu_down(cpu), -EBUSY);
	smp_patience_ms = patience;
	__atomic_store_n(&deaf, false, __ATOMIC_RELEASE);
	cpu_wait(cpu);
	/* What was withdrawn is not done later, and nothing is left in the way. */
	CHECK_EQ(calls[cpu], 0);
	CHECK_EQ(smp_call(cpu, count_call, NULL), 0);
	CHECK_EQ(calls[cpu], 1);
	CHECK_EQ(stop_others(), 0);
	resume_others();
}
