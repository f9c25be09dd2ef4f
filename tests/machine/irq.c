// SPDX-License-Identifier: MIT
/*
 * Suite irq: the interrupt controller and the timer's interrupt, on every CPU.
 */
#include <errno.h>

#include "drivers/irq/irq.h"
#include "drivers/irq/timer-irq.h"
#include "drivers/smp/hang.h"
#include "drivers/timer.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/exception.h"
#include "lib/arm64/sysreg.h"
#include "tests/support.h"

#define SGI_OF_TESTS 7 /* the last that is not the Secure state's; nobody else's */
#define ROUNDS	     20
#define TICKS	     2000
/* Long for an interrupt that is pending; short for one that must not come. */
#define PATIENCE 10000000
#define QUIET	 100000

#define NEED_GIC                    \
	if (!irq_controller_name()) \
	SKIP("there is no interrupt controller")

static struct {
	unsigned count;
	uint64_t ticks; /* when the last one came */
	bool masked, framed;
} __attribute__((aligned(64))) seen[NR_CPUS];

static void see(void)
{
	unsigned self = smp_processor_id();

	seen[self].ticks = timer_ticks();
	seen[self].masked = read_sysreg(daif) >> 7 & 1;
	seen[self].framed = interrupted_frame() != NULL;
	__atomic_fetch_add(&seen[self].count, 1, __ATOMIC_RELEASE);
}

static void see_sgi(void *arg)
{
	(void)arg;
	see();
}

static unsigned count_here(void)
{
	return __atomic_load_n(&seen[smp_processor_id()].count, __ATOMIC_ACQUIRE);
}

static bool comes(unsigned count)
{
	for (unsigned i = 0; i < PATIENCE && count_here() < count; i++)
		cpu_relax();
	return count_here() == count;
}

static bool stays(unsigned count)
{
	for (unsigned i = 0; i < QUIET; i++)
		cpu_relax();
	return count_here() == count;
}

/* --- SGIs ---------------------------------------------------------------------------------- */

static void sgi_to_self(void *arg)
{
	uint64_t self = read_sysreg(mpidr_el1), irq;

	(void)arg;
	seen[smp_processor_id()].count = 0;
	for (unsigned i = 1; i <= ROUNDS; i++) {
		CHECK_EQ(irq_send_sgi(self, SGI_OF_TESTS), 0);
		CHECK(comes(i));
	}
	CHECK(seen[smp_processor_id()].masked && seen[smp_processor_id()].framed);
	CHECK(!interrupted_frame());
	/* Masked it waits; sent twice it is pending once. */
	irq = local_irq_save();
	CHECK_EQ(irq_send_sgi(self, SGI_OF_TESTS), 0);
	CHECK_EQ(irq_send_sgi(self, SGI_OF_TESTS), 0);
	CHECK(stays(ROUNDS));
	local_irq_restore(irq);
	CHECK(comes(ROUNDS + 1) && stays(ROUNDS + 1));
}

TEST(irq_sgi, "irq/sgi-to-self-on-each-cpu")
{
	NEED_GIC;
	CHECK_EQ(irq_set_handler(SGI_OF_TESTS, see_sgi, NULL), 0);
	work_on_each_cpu(sgi_to_self, NULL);
	CHECK_EQ(irq_set_handler(SGI_OF_TESTS, NULL, NULL), 0);
}

TEST(irq_refused, "irq/bad-arguments")
{
	uint64_t self = read_sysreg(mpidr_el1);

	NEED_GIC;
	CHECK_EQ(irq_set_handler(IRQ_LOCAL, see_sgi, NULL), -EINVAL);
	CHECK_EQ(irq_enable(IRQ_LOCAL), -EINVAL);
	CHECK_EQ(irq_disable(IRQ_LOCAL), -EINVAL);
	CHECK_EQ(irq_send_sgi(self, IRQ_SGIS), -EINVAL);
}

TEST(irq_unexpected, "irq/without-a-handler")
{
	uint64_t before = irq_counts()->unexpected;

	NEED_GIC;
	CHECK_EQ(irq_send_sgi(read_sysreg(mpidr_el1), SGI_OF_TESTS), 0);
	for (unsigned i = 0; i < PATIENCE && irq_counts()->unexpected == before; i++)
		cpu_relax();
	CHECK_EQ(irq_counts()->unexpected, before + 1);
	CHECK_EQ(irq_counts()->last_unexpected, SGI_OF_TESTS);
}

/* What is interrupted keeps every register: the loop's sum is right whatever comes between. */
static void count_while_interrupted(void *arg)
{
	uint64_t self = read_sysreg(mpidr_el1), sum = 0, wrong = 0;

	(void)arg;
	seen[smp_processor_id()].count = 0;
	for (uint64_t i = 1; i <= 200; i++) {
		irq_send_sgi(self, SGI_OF_TESTS);
		sum += i;
		wrong += sum != i * (i + 1) / 2;
	}
	CHECK_EQ(wrong, 0);
	CHECK(count_here() > 0);
}

TEST(irq_registers, "irq/registers-survive")
{
	NEED_GIC;
	irq_set_handler(SGI_OF_TESTS, see_sgi, NULL);
	work_on_each_cpu(count_while_interrupted, NULL);
	irq_set_handler(SGI_OF_TESTS, NULL, NULL);
}

/* --- the timer ------------------------------------------------------------------------------ */

/* The hang detector has this timer otherwise: it gets it back after the test. */
static void timer_here(void *arg)
{
	uint64_t start, irq;

	(void)arg;
	seen[smp_processor_id()].count = 0;
	for (unsigned i = 1; i <= 3; i++) {
		start = timer_ticks();
		CHECK_EQ(timer_irq_start(TICKS, see), 0);
		CHECK(comes(i));
		CHECK(seen[smp_processor_id()].ticks - start >= TICKS);
	}
	CHECK(stays(3)); /* once each */
	/* Masked: it may be due before it is stopped, or started anew; then it does not come. */
	irq = local_irq_save();
	CHECK_EQ(timer_irq_start(TICKS, see), 0);
	timer_irq_stop();
	local_irq_restore(irq);
	CHECK(stays(3));
	irq = local_irq_save();
	CHECK_EQ(timer_irq_start(0, see), 0);
	start = timer_ticks();
	CHECK_EQ(timer_irq_start(4 * TICKS, see), 0);
	local_irq_restore(irq);
	CHECK(comes(4));
	CHECK(seen[smp_processor_id()].ticks - start >= 4 * TICKS);
	CHECK_EQ(timer_irq_start(0, see), 0);
	CHECK(comes(5));
}

TEST(irq_timer, "irq/timer-on-each-cpu")
{
	NEED_GIC;
	hang_unwatch();
	work_on_each_cpu(timer_here, NULL);
	hang_watch("irq/timer-on-each-cpu");
}

static void wfi_until_timer(void *arg)
{
	uint64_t start = timer_ticks(), irq;

	(void)arg;
	seen[smp_processor_id()].count = 0;
	irq = local_irq_save();
	CHECK_EQ(timer_irq_start(TICKS, see), 0);
	while (timer_ticks() - start < TICKS)
		asm volatile("wfi"); /* ends though IRQs are masked */
	CHECK_EQ(count_here(), 0);
	local_irq_restore(irq);
	CHECK(comes(1));
}

TEST(irq_wfi, "irq/timer-ends-wfi")
{
	NEED_GIC;
	hang_unwatch();
	work_on_each_cpu(wfi_until_timer, NULL);
	hang_watch("irq/timer-ends-wfi");
}
