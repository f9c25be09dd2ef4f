// SPDX-License-Identifier: MIT
/*
 * From /cpus to running CPUs. A CPU's state is changed by whoever starts it and by the CPU
 * itself, one at a time: STARTING belongs to both, and a compare-and-swap decides whether it
 * came in time.
 */
#include "drivers/smp/cpus.h"

#include <errno.h>
#include <string.h>

#include "drivers/irq/gic.h"
#include "drivers/irq/irq.h"
#include "drivers/irq/timer-irq.h"
#include "drivers/psci.h"
#include "drivers/smp/hang.h"
#include "drivers/smp/smp-internal.h"
#include "lib/arm64/atomic.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/stack.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/sections.h"

struct cpu cpus[NR_CPUS];
unsigned nr_cpus, boot_cpu;
unsigned smp_patience_ms = 5000;

/* Of a node without a sound reg: no CPU's, where 0 would be one's. */
#define NO_MPIDR UINT64_MAX

uint64_t smp_hz;
static cpu_memory *get_memory;
static uint64_t image_offset; /* virtual minus physical address of the image */

static void set_state(struct cpu *cpu, enum cpu_state state)
{
	__atomic_store_n(&cpu->state, state, __ATOMIC_RELEASE);
}

/* False: it was not @from any more. */
static bool change_state(struct cpu *cpu, enum cpu_state from, enum cpu_state to)
{
	return __atomic_compare_exchange_n(&cpu->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static const char *why_unusable(const struct fdt_cpu *node)
{
	if (node->skipped)
		return node->skipped;
	if (node->status != FDT_OKAY)
		return "its status is not okay";
	if (!node->enable_method || strcmp(node->enable_method, "psci"))
		return "its enable-method is not psci";
	if (!psci_method())
		return "there is no PSCI";
	if (!irq_controller_name())
		return "there is no interrupt controller to wake it by";
	return NULL;
}

static bool is_taken(uint64_t mpidr)
{
	for (unsigned i = 0; i < nr_cpus; i++)
		if (cpus[i].mpidr == mpidr)
			return true;
	return false;
}

static void add_cpu(const struct fdt_cpu *node)
{
	struct cpu *cpu = &cpus[nr_cpus];

	cpu->mpidr = node->skipped ? NO_MPIDR : node->mpidr;
	cpu->unusable = why_unusable(node);
	if (!cpu->unusable && is_taken(cpu->mpidr))
		cpu->unusable = "another has its MPIDR";
	cpu->number = nr_cpus++;
}

/* The boot CPU's place; one more after the tree's if the tree forgot it. */
static struct cpu *find_self(void)
{
	uint64_t affinity = read_sysreg(mpidr_el1) & IRQ_AFFINITY;
	struct fdt_cpu self = { .mpidr = affinity, .enable_method = "psci" };

	for (unsigned i = 0; i < nr_cpus; i++)
		if (cpus[i].mpidr == affinity)
			return &cpus[i];
	if (nr_cpus == NR_CPUS)
		nr_cpus--;
	add_cpu(&self);
	return &cpus[nr_cpus - 1];
}

void cpus_init(const struct fdt *fdt, cpu_memory *memory, uint64_t image_pa)
{
	struct fdt_cpu node = { 0 };
	struct cpu *self;

	smp_hz = timer_hz() ?: 1000000000; /* forgotten: later rather than never */
	get_memory = memory;
	image_offset = (uint64_t)_text - image_pa;
	while (fdt_next_cpu(fdt, &node)) {
		if (nr_cpus == NR_CPUS) {
			log_printf("smp: only the first %u CPUs of the tree are used\n", NR_CPUS);
			break;
		}
		add_cpu(&node);
	}
	self = find_self();
	boot_cpu = self->number;
	self->unusable = NULL;
	self->stack_top = this_cpu(stack_top);
	self->emergency_top = this_cpu(emergency_top);
	self->midr = read_sysreg(midr_el1);
	this_cpu(cpu_number) = self->number;
	set_state(self, CPU_IS_ONLINE);
	smp_init_calls();
}

unsigned nr_online_cpus(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		n += cpu_online(i);
	return n;
}

void smp_complain(const struct cpu *cpu, const char *what, const char *why)
{
	log_printf("smp: CPU %u (MPIDR %lx) %s%s%s\n", cpu->number, cpu->mpidr, what,
		   why ? ": " : "", why ? why : "");
}

void (*cpu_starts)(void);
void (*cpu_came_up)(const struct cpu *cpu);

/* --- on the new CPU --------------------------------------------------------------------------- */

/* From boot/head.S, on its own stack: IRQs masked. */
_Noreturn void secondary_main(struct cpu *self);

_Noreturn void secondary_main(struct cpu *self)
{
	this_cpu(cpu_number) = self->number;
	this_cpu(stack_top) = self->stack_top;
	this_cpu(emergency_top) = self->emergency_top;
	self->midr = read_sysreg(midr_el1);
	if (!cpu_has_lse())
		WRITE_ONCE(cpus_have_lse, false);
	local_serror_enable();
	if (READ_ONCE(cpu_starts))
		cpu_starts();
	/* Without interrupts it would never hear of work: it goes, and will be missed. */
	if (!gic_cpu_init() && change_state(self, CPU_IS_STARTING, CPU_IS_ONLINE)) {
		hang_cpu_init();
		smp_idle(self);
	}
	smp_switch_off();
}

_Noreturn void smp_switch_off(void)
{
	local_irq_save();
	timer_irq_stop();
	gic_cpu_exit();
	psci_cpu_off();
	for (;;)
		wait_for_interrupt();
}

/* --- on the CPU that wants it ------------------------------------------------------------- */

/* Until @cpu's state is not @state any more. */
static bool wait_while(const struct cpu *cpu, enum cpu_state state)
{
	uint64_t deadline = smp_deadline();

	while (__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) == state) {
		if (smp_expired(deadline))
			return false;
		cpu_relax();
	}
	return true;
}

/* Until firmware says that @cpu is off: only then may it be started again. */
static bool wait_off(const struct cpu *cpu)
{
	uint64_t deadline = smp_deadline();

	while (psci_affinity_info(cpu->mpidr) != PSCI_IS_OFF) {
		if (smp_expired(deadline))
			return false;
		cpu_relax();
	}
	return true;
}

static int start(struct cpu *cpu, const char *entry)
{
	int error;

	smp_forget_work(cpu->number); /* leave(), however late it went */
	set_state(cpu, CPU_IS_STARTING);
	error = psci_cpu_on(cpu->mpidr, (uint64_t)entry - image_offset,
			    entry == secondary_start ? (uint64_t)cpu : psci_by_smc());
	if (error) {
		set_state(cpu, CPU_IS_OFF);
		smp_complain(cpu, "does not start, PSCI says", psci_error_text(error));
		return -EIO;
	}
	if (wait_while(cpu, CPU_IS_STARTING) || !change_state(cpu, CPU_IS_STARTING, CPU_IS_LOST))
		return 0;
	smp_complain(cpu, "does not come up", NULL);
	return -ETIMEDOUT;
}

/* Of a CPU that did not report: if it is off after all, it may be tried again. */
static bool is_back(struct cpu *cpu)
{
	if (psci_affinity_info(cpu->mpidr) != PSCI_IS_OFF)
		return false;
	set_state(cpu, CPU_IS_OFF);
	return true;
}

bool smp_none_lost(void)
{
	for (unsigned i = 0; i < nr_cpus; i++)
		if (__atomic_load_n(&cpus[i].state, __ATOMIC_ACQUIRE) == CPU_IS_LOST &&
		    !is_back(&cpus[i])) {
			smp_complain(&cpus[i], "may still run",
				     "it did not come up, or not go off");
			return false;
		}
	return true;
}

int smp_start(unsigned number, const char *entry)
{
	struct cpu *cpu = &cpus[number];
	int error;

	if (number >= nr_cpus)
		return -EINVAL;
	if (cpu_online(number))
		return 0;
	if (cpu->unusable || (cpu->state == CPU_IS_LOST && !is_back(cpu))) {
		smp_complain(cpu, "is not started",
			     cpu->unusable ?: "it did not come up, or not go off, before");
		return -ENODEV;
	}
	if (!cpu->stack_top) {
		error = get_memory(cpu);
		if (error) {
			smp_complain(cpu, "is not started", "no memory for its stack");
			return error;
		}
	}
	smp_begin_asking(); /* nobody stops the others while one is neither here nor there */
	error = start(cpu, entry);
	smp_end_asking();
	if (!error && cpu_came_up)
		cpu_came_up(cpu);
	return error;
}

int cpu_up(unsigned cpu)
{
	return smp_start(cpu, secondary_start);
}

unsigned cpus_up(unsigned most)
{
	unsigned online = nr_online_cpus();

	for (unsigned i = 0; i < nr_cpus && online < most; i++)
		if (!cpu_online(i) && !cpu_up(i))
			online++;
	return online;
}

static void leave(void *arg)
{
	(void)arg;
	set_state(&cpus[smp_processor_id()], CPU_IS_OFF);
	smp_switch_off();
}

int cpu_down(unsigned number)
{
	struct cpu *cpu = &cpus[number];
	int error;

	if (number >= nr_cpus || number == smp_processor_id())
		return -EINVAL;
	if (!cpu_online(number))
		return 0;
	if (number == boot_cpu)
		return -EBUSY;
	smp_begin_asking();
	error = cpu_start_work(number, leave, NULL);
	if (!error && !(wait_while(cpu, CPU_IS_ONLINE) && wait_off(cpu)))
		error = -ETIMEDOUT;
	smp_end_asking();
	if (error == -ETIMEDOUT) {
		set_state(cpu, CPU_IS_LOST);
		smp_complain(cpu, "does not switch off", NULL);
	}
	return error;
}
