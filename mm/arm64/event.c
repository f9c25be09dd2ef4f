// SPDX-License-Identifier: MIT
/*
 * Image.check: tells what passes the one door, one event at a time on all CPUs.
 */
#include "mm/arm64/event.h"

#ifdef CHECKED

#include "lib/lock.h"
#include "lib/percpu.h"
#include "lib/platform.h"
#include "mm/arm64/at.h"

/* What mm_events_begin() returns when there is nothing to end: bit 63 is not one of DAIF. */
#define NOTHING_TO_END (1UL << 63)

static mm_event_listener *listener;
static spinlock_t lock = SPINLOCK(LOCK_EVENTS);
static unsigned owner; /* number of the CPU with the lock, + 1; 0: none */

void mm_event_listen(mm_event_listener *l)
{
	listener = l;
}

uint64_t mm_events_begin(void)
{
	uint64_t irq;

	/* With the MMU off too: there was nobody to call mm_event_listen() yet. */
	if (!listener)
		return NOTHING_TO_END;
	irq = local_irq_save();
	/* Only this CPU writes its own number there, and takes it away. */
	if (READ_ONCE(owner) == this_cpu(cpu_number) + 1) {
		local_irq_restore(irq);
		return NOTHING_TO_END;
	}
	raw_spin_lock(&lock);
	WRITE_ONCE(owner, this_cpu(cpu_number) + 1);
	return irq;
}

void mm_events_end(uint64_t irq)
{
	if (irq == NOTHING_TO_END)
		return;
	WRITE_ONCE(owner, 0);
	spin_unlock_irqrestore(&lock, irq);
}

void mm_event(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new, uint64_t site)
{
	uint64_t irq;

	if (!listener)
		return;
	irq = mm_events_begin();
	listener(&(struct mm_event){ .kind = kind,
				     .cpu = this_cpu(cpu_number),
				     .address = address,
				     .old = old,
				     .new = new,
				     .site = site });
	mm_events_end(irq);
}

uint64_t mm_event_address(const desc_t *slot)
{
	uint64_t va = (uint64_t)slot;

	if (va < KIMAGE_VADDR)
		return virt_to_phys(slot);
	if (va - KIMAGE_VADDR < KIMAGE_SIZE)
		return va - KIMAGE_VADDR + platform.image_pa;
	/* A buffer on a stack, or another alias. */
	return PAR_ADDR(at_s1e1r(va)) | va % 4096;
}

#endif
