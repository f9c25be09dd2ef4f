// SPDX-License-Identifier: MIT
/*
 * The CPUs of the machine: which there are, starting one, giving it work, switching it off.
 *
 * A CPU has its place in the order of /cpus (`cpu=N`). The boot CPU is online; any other is
 * off until cpu_up(), then waits in WFI for work, and is off again after cpu_down(). PSCI
 * (DEN 0022) does both. What a CPU needs in memory is made at its first start and kept.
 */
#pragma once

#include "drivers/smp/cpu-offsets.h"
#include "lib/fdt/fdt.h"
#include "lib/percpu.h"

#define NR_CPUS 512

enum cpu_state {
	CPU_IS_OFF,
	CPU_IS_STARTING, /* CPU_ON was called, the CPU has not reported yet */
	CPU_IS_ONLINE,
	CPU_IS_LOST, /* did not report in time: if it comes later, it switches itself off */
};

struct cpu {
	uint64_t stack_top;	/* boot/head.S reads these two; 0: never started */
	uint64_t percpu_offset; /* what TPIDR_EL1 holds while it runs */
	uint64_t emergency_top;
	uint64_t mpidr;	 /* affinity fields, as PSCI and the GIC name it */
	uint64_t midr;	 /* 0 until it ran for the first time */
	unsigned number; /* its place in cpus[] */
	enum cpu_state state;
	const char *unusable; /* not NULL: why it is never started ("status is not okay") */
};

static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "boot/head.S");
static_assert(offsetof(struct cpu, percpu_offset) == CPU_PERCPU_OFFSET, "boot/head.S");

/* [0, nr_cpus): filled by cpus_init(), never fewer than one. */
extern struct cpu cpus[NR_CPUS];
extern unsigned nr_cpus, boot_cpu;

/*
 * Gives @cpu, at its first start, what it needs for ever: percpu_offset (a zeroed copy of the
 * per-CPU section), stack_top and emergency_top (lib/arm64/stack.h). -ENOMEM: nothing is kept.
 */
typedef int cpu_memory(struct cpu *cpu);

/*
 * Reads /cpus and says which of them this is; @memory is boot's, @image_pa where the image was
 * loaded. After psci_init() and the GIC, before anything else here. Boot CPU, once.
 */
void cpus_init(const struct fdt *fdt, cpu_memory *memory, uint64_t image_pa);

/* This CPU's place in cpus[]. Any context. */
static __always_inline unsigned smp_processor_id(void)
{
	return this_cpu(cpu_number);
}

static __always_inline bool cpu_online(unsigned cpu)
{
	return __atomic_load_n(&cpus[cpu].state, __ATOMIC_ACQUIRE) == CPU_IS_ONLINE;
}

unsigned nr_online_cpus(void);

/*
 * Called on each CPU that starts, before it is online: IRQs masked, on its own stack. NULL: nothing
 * has to be done. Whoever sets it does the same on those that are online.
 */
extern void (*cpu_starts)(void);

/*
 * Called by cpu_up() for each CPU that came up, on the CPU that wanted it; its midr is known by
 * then. NULL: nobody wants to know. Once, at boot.
 */
extern void (*cpu_came_up)(const struct cpu *cpu);

/* "Cortex-A76": the core that calls itself @midr (MIDR_EL1). */
const char *core_name(uint64_t midr);

/* "Cortex-A76 r4p1, MIDR 414fd0b1, MPIDR 80000000": the CPU that calls. */
#define CORE_TEXT_MAX 80
void core_text(char *text, size_t size);

/*
 * Starts @cpu and waits until it reports; online already is fine. On an error one line names
 * the CPU and what is wrong, and the rest of the machine goes on:
 *	-EINVAL		there is no such CPU
 *	-ENODEV		it cannot be started: its status, its enable-method, no PSCI, no GIC
 *	-ENOMEM		no memory for its stack
 *	-EIO		firmware refused
 *	-ETIMEDOUT	it did not report within smp_patience_ms
 * Not from an interrupt. CPUs come and go by one caller at a time (boot, benches, tests), which
 * alone gives work then: cpu_up() and cpu_down() both.
 */
int cpu_up(unsigned cpu);

/* cpu_up() with @entry in place of secondary_start: stillborn_start, whose CPU never reports. */
int smp_start(unsigned cpu, const char *entry);

/* cpu_up() of as many as there are, at most @most with this one. Returns how many are online. */
unsigned cpus_up(unsigned most);

/*
 * Switches an idle @cpu off and waits until firmware says so; off already is fine.
 * -EINVAL: no such CPU, or the one that calls; -EBUSY: it has work, or it is the boot
 * CPU, which is never idle; -ETIMEDOUT: it is still on.
 * Its caches of free memory (hot lists, small objects) are the caller's to empty before.
 */
int cpu_down(unsigned cpu);

/*
 * Work: @fn(@arg) in @cpu's idle loop, with its own stack, IRQs unmasked: it may do what main()
 * may (allocate, map, print, call libc). cpu_wait() returns when it is done; this CPU waits in
 * WFI meanwhile, so that under icount it adds no instructions, and does work that it is given
 * itself. Work for the CPU that calls is done at once. No lock held.
 * -EINVAL: not online; -EBUSY: the CPU has work already.
 */
typedef void cpu_work(void *arg);
int cpu_start_work(unsigned cpu, cpu_work *fn, void *arg);
void cpu_wait(unsigned cpu);

/* Both: 0, or what cpu_start_work() returned. */
int work_on_cpu(unsigned cpu, cpu_work *fn, void *arg);

/* The same on all online CPUs at the same time, this one too. */
void work_on_each_cpu(cpu_work *fn, void *arg);

/* How long others may take to answer, in ms of the generic timer (5000). Tests shorten it. */
extern unsigned smp_patience_ms;
