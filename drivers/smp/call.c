// SPDX-License-Identifier: MIT
/*
 * Calls by SGI, and stopping by SGI. In both a CPU that asks waits for CPUs that may be asking
 * themselves: whoever waits here looks at what is asked of it, so that no two wait for each
 * other. All of it runs in interrupts too: no libc, no log.
 */
#include "drivers/smp/call.h"

#include <errno.h>

#include "drivers/irq/irq.h"
#include "drivers/smp/smp-internal.h"
#include "lib/arm64/barrier.h"
#include "lib/exit.h"

/* Whoever was parked has only to look at a word. */
#define RESUME_MS 10000
#define HALT_MS	  50

enum call_state { CALL_NONE, CALL_POSTED, CALL_RUNNING };

/* A cache line for what others write to a CPU. */
static struct {
	enum call_state call;
	bool posted;	      /* the asker's note: its call came through */
	uint64_t stopped_for; /* the turn for which it is parked, 0: it is not */
	bool halted;	      /* for good: the run is over */
	smp_call_fn *fn;      /* its own copy: a late CPU may read it when others are called */
	void *arg;
} __attribute__((aligned(64))) mail[NR_CPUS];

/* One at a time may ask. */
static bool asking;

/* Parked CPUs wait while it stays odd. Alone in its line: they look at nothing else. */
static uint64_t stop_turn __attribute__((aligned(64)));
static uint64_t stop_irq;

static bool change(enum call_state *state, enum call_state from, enum call_state to)
{
	return __atomic_compare_exchange_n(state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* --- what is asked of this CPU ------------------------------------------------------------ */

static void serve_call(void)
{
	unsigned self = smp_processor_id();

	if (!change(&mail[self].call, CALL_POSTED, CALL_RUNNING))
		return;
	mail[self].fn(mail[self].arg);
	__atomic_store_n(&mail[self].call, CALL_NONE, __ATOMIC_RELEASE);
}

/*
 * Waits for @turn to pass: text of the image, two registers, one word. No stack, no per-CPU
 * data, which may lie in what is being changed. WFE: the change of the word is the event, as
 * the exclusive load watches it. ISB: code or translations may have changed since.
 */
static __always_inline void wait_turn(const uint64_t *word, uint64_t turn)
{
	uint64_t now;

	asm volatile("	sevl\n"
		     "1:	wfe\n"
		     "	ldaxr	%0, %1\n"
		     "	cmp	%0, %2\n"
		     "	b.eq	1b\n"
		     : "=&r"(now)
		     : "Q"(*word), "r"(turn)
		     : "cc", "memory");
	sysreg_sync();
}

/* IRQs masked. */
static void serve_stop(void)
{
	uint64_t *stopped_for = &mail[smp_processor_id()].stopped_for;
	uint64_t turn = __atomic_load_n(&stop_turn, __ATOMIC_ACQUIRE);

	if (turn % 2 == 0) /* withdrawn, or over */
		return;
	__atomic_store_n(stopped_for, turn, __ATOMIC_RELEASE);
	wait_turn(&stop_turn, turn);
	__atomic_store_n(stopped_for, 0, __ATOMIC_RELEASE);
}

static void take_wake(void *arg)
{
	(void)arg; /* it has ended a WFI, which is all that it is for */
}

static void take_call(void *arg)
{
	(void)arg;
	serve_call();
}

static void take_stop(void *arg)
{
	(void)arg;
	serve_stop();
}

static void take_where(void *arg)
{
	(void)arg;
	hang_tell();
}

static void take_halt(void *arg)
{
	(void)arg;
	__atomic_store_n(&mail[smp_processor_id()].halted, true, __ATOMIC_RELEASE);
	for (;;)
		wait_for_interrupt();
}

/* What can be asked of a CPU that waits here, with IRQs masked or not. */
static void serve(void)
{
	uint64_t irq = local_irq_save();

	serve_call();
	serve_stop();
	local_irq_restore(irq);
}

/* --- asking
 * ----------------------------------------------------------------------------------------- */

/* The run is over, so it waits only a little: a CPU may be stuck, or the one that broke. */
static void halt_others(void)
{
	uint64_t deadline = smp_deadline_ms(HALT_MS);

	for (unsigned i = 0; i < nr_cpus; i++)
		if (i != smp_processor_id() && cpu_online(i))
			irq_send_sgi(cpus[i].mpidr, SGI_HALT);
	for (unsigned i = 0; i < nr_cpus; i++)
		while (i != smp_processor_id() && cpu_online(i) &&
		       !__atomic_load_n(&mail[i].halted, __ATOMIC_ACQUIRE) &&
		       !smp_expired(deadline))
			cpu_relax();
}

void smp_init_calls(void)
{
	irq_set_handler(SGI_WAKE, take_wake, NULL);
	irq_set_handler(SGI_CALL, take_call, NULL);
	irq_set_handler(SGI_STOP, take_stop, NULL);
	irq_set_handler(SGI_WHERE, take_where, NULL);
	irq_set_handler(SGI_HALT, take_halt, NULL);
	set_halt_others(halt_others);
}

void smp_send(unsigned cpu, enum smp_sgi sgi)
{
	int error = irq_send_sgi(cpus[cpu].mpidr, sgi);

	panic_unless(!error, "smp_send: SGI %u to CPU %u: error %d", sgi, cpu, error);
}

void smp_begin_asking(void)
{
	while (__atomic_exchange_n(&asking, true, __ATOMIC_ACQUIRE)) {
		serve();
		cpu_relax();
	}
}

void smp_end_asking(void)
{
	__atomic_store_n(&asking, false, __ATOMIC_RELEASE);
}

static bool is_target(unsigned cpu, unsigned only)
{
	return cpu != smp_processor_id() && cpu_online(cpu) && (only == NR_CPUS || cpu == only);
}

static int post(unsigned cpu, smp_call_fn *fn, void *arg)
{
	mail[cpu].posted = __atomic_load_n(&mail[cpu].call, __ATOMIC_ACQUIRE) == CALL_NONE;
	if (!mail[cpu].posted) {
		smp_complain(&cpus[cpu], "is not called: an earlier call did not return", NULL);
		return -ETIMEDOUT;
	}
	mail[cpu].fn = fn;
	mail[cpu].arg = arg;
	__atomic_store_n(&mail[cpu].call, CALL_POSTED, __ATOMIC_RELEASE);
	smp_send(cpu, SGI_CALL);
	return 0;
}

/* Until the call is over; at the deadline one that was not taken is withdrawn. */
static int await_call(unsigned cpu, uint64_t deadline)
{
	enum call_state *call = &mail[cpu].call;

	while (__atomic_load_n(call, __ATOMIC_ACQUIRE) != CALL_NONE) {
		if (smp_expired(deadline)) {
			bool withdrawn = change(call, CALL_POSTED, CALL_NONE);

			smp_complain(&cpus[cpu],
				     withdrawn ? "does not answer" : "does not return from a call",
				     withdrawn ? "it takes no interrupt" : NULL);
			return -ETIMEDOUT;
		}
		cpu_relax();
	}
	return 0;
}

/* Calls @only, or (NR_CPUS) all others. */
static int call(unsigned only, smp_call_fn *fn, void *arg)
{
	int error, first = 0;
	uint64_t deadline;

	smp_begin_asking();
	for (unsigned i = 0; i < nr_cpus; i++) {
		error = is_target(i, only) ? post(i, fn, arg) : 0;
		first = first ?: error;
	}
	deadline = smp_deadline();
	for (unsigned i = 0; i < nr_cpus; i++) {
		error = is_target(i, only) && mail[i].posted ? await_call(i, deadline) : 0;
		first = first ?: error;
	}
	smp_end_asking();
	return first;
}

int smp_call(unsigned cpu, smp_call_fn *fn, void *arg)
{
	uint64_t irq;

	if (cpu >= nr_cpus || !cpu_online(cpu))
		return -EINVAL;
	if (cpu != smp_processor_id())
		return call(cpu, fn, arg);
	irq = local_irq_save();
	fn(arg);
	local_irq_restore(irq);
	return 0;
}

int smp_call_others(smp_call_fn *fn, void *arg)
{
	return call(NR_CPUS, fn, arg);
}

/* The first CPU that is not parked (@parked) or still is (!@parked) at the deadline; NR_CPUS: none.
 */
static unsigned await_parked(bool parked, uint64_t turn, uint64_t deadline)
{
	for (unsigned i = 0; i < nr_cpus; i++)
		while (is_target(i, NR_CPUS) &&
		       (__atomic_load_n(&mail[i].stopped_for, __ATOMIC_ACQUIRE) == turn) !=
			       parked) {
			if (smp_expired(deadline))
				return i;
			cpu_relax();
		}
	return NR_CPUS;
}

static uint64_t next_turn(void)
{
	return __atomic_add_fetch(&stop_turn, 1, __ATOMIC_ACQ_REL);
}

int stop_others(void)
{
	uint64_t irq, turn;
	unsigned missing;

	smp_begin_asking();
	if (!smp_none_lost()) {
		smp_end_asking();
		return -ETIMEDOUT;
	}
	irq = local_irq_save();
	stop_irq = irq;
	turn = next_turn();
	for (unsigned i = 0; i < nr_cpus; i++)
		if (is_target(i, NR_CPUS))
			smp_send(i, SGI_STOP);
	missing = await_parked(true, turn, smp_deadline());
	if (missing == NR_CPUS)
		return 0;
	resume_others();
	smp_complain(&cpus[missing], "does not stop", "it takes no interrupt");
	return -ETIMEDOUT;
}

void resume_others(void)
{
	uint64_t irq = stop_irq, turn = next_turn() - 1;
	/* Until all have gone on: on return nobody is parked. */
	unsigned late = await_parked(false, turn, smp_deadline_ms(RESUME_MS));

	panic_unless(late == NR_CPUS, "resume_others: CPU %u does not go on", late);
	smp_end_asking();
	local_irq_restore(irq);
}
