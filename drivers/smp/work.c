// SPDX-License-Identifier: MIT
/*
 * Work for CPUs that wait in WFI. Each CPU has one slot. Who fills it sends an SGI; who has
 * done the work sends one back, so that both may sleep.
 */
#include <errno.h>

#include "drivers/smp/smp-internal.h"
#include "lib/arm64/barrier.h"
#include "lib/lock.h"
#include "lib/panic.h"

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_FULL, SLOT_RUNNING, SLOT_DONE };

struct slot {
	enum slot_state state;
	cpu_work *fn;
	void *arg;
	unsigned from; /* whom to wake */
};

/* By CPU, not per-CPU: others write it. A cache line each. */
static struct {
	struct slot slot;
} __attribute__((aligned(64))) slots[NR_CPUS];

static enum slot_state slot_state(const struct slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static void set_slot(struct slot *slot, enum slot_state state)
{
	__atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
}

/* Does what is in this CPU's slot. False: nothing is. */
static bool serve(struct slot *own)
{
	unsigned from;

	if (slot_state(own) != SLOT_FULL)
		return false;
	from = own->from; /* after the acquire above, or it is the last giver's */
	set_slot(own, SLOT_RUNNING);
	own->fn(own->arg);
	set_slot(own, SLOT_DONE); /* from here on it is @from's */
	if (from != smp_processor_id())
		smp_send(from, SGI_WAKE);
	return true;
}

/*
 * Sleeps until there is work in @own or until @other, which may be NULL, is done; may return
 * early. WFI returns for an interrupt that is masked too: the check with IRQs masked cannot
 * miss the SGI of who changes a slot. Unmasked, the interrupt is then taken.
 */
static void sleep_once(const struct slot *own, const struct slot *other)
{
	uint64_t irq = local_irq_save();

	if (slot_state(own) != SLOT_FULL && (!other || slot_state(other) != SLOT_DONE))
		wait_for_interrupt();
	/* Even where the caller masks IRQs: what is pending would end each WFI at once. */
	local_irq_enable();
	sysreg_sync(); /* taken here, before they may be masked again */
	local_irq_restore(irq);
}

_Noreturn void smp_idle(struct cpu *self)
{
	struct slot *own = &slots[self->number].slot;

	local_irq_enable();
	for (;;) {
		locks_held("in the idle loop");
		if (!serve(own))
			sleep_once(own, NULL);
	}
}

int cpu_start_work(unsigned cpu, cpu_work *fn, void *arg)
{
	enum slot_state free = SLOT_FREE;
	struct slot *slot = &slots[cpu].slot;

	if (cpu >= nr_cpus || !cpu_online(cpu))
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&slot->state, &free, SLOT_CLAIMED, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return -EBUSY;
	slot->fn = fn;
	slot->arg = arg;
	slot->from = smp_processor_id();
	set_slot(slot, SLOT_FULL);
	if (cpu == smp_processor_id())
		serve(slot);
	else
		smp_send(cpu, SGI_WAKE);
	return 0;
}

void cpu_wait(unsigned cpu)
{
	struct slot *own = &slots[smp_processor_id()].slot, *slot = &slots[cpu].slot;

	panic_unless(cpu < nr_cpus && slot_state(slot) != SLOT_FREE &&
			     slot->from == smp_processor_id(),
		     "cpu_wait: CPU %u has no work of ours", cpu);
	while (slot_state(slot) != SLOT_DONE)
		if (!serve(own))
			sleep_once(own, slot);
	set_slot(slot, SLOT_FREE);
}

cpu_work *smp_work_of(unsigned cpu)
{
	enum slot_state state = slot_state(&slots[cpu].slot);

	return state == SLOT_FULL || state == SLOT_RUNNING ? slots[cpu].slot.fn : NULL;
}

void smp_forget_work(unsigned cpu)
{
	set_slot(&slots[cpu].slot, SLOT_FREE);
}

int work_on_cpu(unsigned cpu, cpu_work *fn, void *arg)
{
	int error = cpu_start_work(cpu, fn, arg);

	if (!error)
		cpu_wait(cpu);
	return error;
}

void work_on_each_cpu(cpu_work *fn, void *arg)
{
	unsigned self = smp_processor_id();

	for (unsigned i = 0; i < nr_cpus; i++)
		if (i != self && cpu_online(i))
			panic_unless(!cpu_start_work(i, fn, arg),
				     "work_on_each_cpu: CPU %u has other work", i);
	fn(arg);
	for (unsigned i = 0; i < nr_cpus; i++)
		if (i != self && cpu_online(i))
			cpu_wait(i);
}
