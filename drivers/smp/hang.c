// SPDX-License-Identifier: MIT
/*
 * Timers that only look, and the report. The report runs in an interrupt and prints all the
 * same: nothing returns from it.
 */
#include "drivers/smp/hang.h"

#include "drivers/irq/irq.h"
#include "drivers/irq/timer-irq.h"
#include "drivers/pmu/pmu.h"
#include "drivers/smp/call.h"
#include "drivers/smp/smp-internal.h"
#include "lib/arm64/backtrace.h"
#include "lib/arm64/exception.h"
#include "lib/cmdline/cmdline.h"
#include "lib/exit.h"
#include "lib/log.h"
#include "lib/platform.h"

/* How long a CPU may take to say where it is; half the limit if that is less. */
#define TELL_MS 1000

#define BY_ITSELF UINT64_MAX
/* Image.check runs hundreds of instructions for each descriptor. */
#define DEFAULT_MS	   (IS_CHECKED ? 30000 : 10000)
#define DEFAULT_VIRTUAL_MS (IS_CHECKED ? 10000 : 500)

static uint64_t hang_seconds = BY_ITSELF;

OPTION_UNSIGNED(hang, "hang", &hang_seconds, 0, 3600,
		"=S  end the run after S seconds in one step, 0: never (10; icount: 0.5; "
		"Image.check: 30, 10)");

static uint64_t deadline; /* CNTVCT, 0: nothing is watched */
static uint64_t limit;	  /* ticks, by the boot CPU's CNTFRQ: another's firmware may have left 0 */
static const char *watched;
static bool reporting;
static bool told[NR_CPUS];

/*
 * A spin loop that yields turns a second of virtual time into minutes of the user's, and no
 * test needs a tenth of one: under icount (an emulator that counts instructions) less will do.
 */
static uint64_t limit_ms(void)
{
	if (hang_seconds != BY_ITSELF)
		return hang_seconds * 1000;
	return pmu_is_emulated() && pmu_has_event(PMU_INST_RETIRED) ? DEFAULT_VIRTUAL_MS
								    : DEFAULT_MS;
}

static uint64_t limit_ticks(void)
{
	return smp_hz * limit_ms() / 1000;
}

/* Where the interrupt came, on this CPU. */
static void print_place(void)
{
	const struct exception_frame *frame = interrupted_frame();

	log_printf("CPU %u at ", smp_processor_id());
	print_symbol(frame->elr);
	log_printf("\n");
	print_backtrace(frame->x[29]);
}

_Noreturn void hang_tell(void)
{
	print_place();
	__atomic_store_n(&told[smp_processor_id()], true, __ATOMIC_RELEASE);
	for (;;)
		wait_for_interrupt();
}

static void ask(unsigned cpu)
{
	uint64_t end = smp_deadline_ms(MIN(limit_ms() / 2, TELL_MS));

	irq_send_sgi(cpus[cpu].mpidr, SGI_WHERE);
	while (!__atomic_load_n(&told[cpu], __ATOMIC_ACQUIRE) && timer_ticks() < end)
		cpu_relax();
	if (told[cpu])
		return;
	log_printf("CPU %u does not answer; ", cpu);
	if (smp_work_of(cpu)) {
		log_printf("its work is ");
		print_symbol((uint64_t)smp_work_of(cpu));
		log_printf("\n");
	} else {
		log_printf("%s\n", cpu == boot_cpu ? "it runs what is watched" : "it has no work");
	}
}

_Noreturn static void report(void)
{
	log_break_lock(); /* its holder may be the one that hangs */
	log_printf("\ntlbed: hang: %s takes longer than %lu ms\n", watched, limit_ms());
	print_place();
	for (unsigned i = 0; i < nr_cpus; i++)
		if (i != smp_processor_id() && cpu_online(i))
			ask(i);
	exit_run(EXIT_PANIC);
}

static void start_timer(void);

static void look(void)
{
	uint64_t end = __atomic_load_n(&deadline, __ATOMIC_ACQUIRE);

	if (!end)
		return;
	if (timer_ticks() > end && !__atomic_exchange_n(&reporting, true, __ATOMIC_ACQ_REL))
		report();
	start_timer();
}

static void start_timer(void)
{
	timer_irq_start(limit / 4, look);
}

static void start_call(void *arg)
{
	(void)arg;
	start_timer();
}

static void stop_call(void *arg)
{
	(void)arg;
	timer_irq_stop();
}

static void set_deadline(void)
{
	__atomic_store_n(&deadline, timer_ticks() + limit, __ATOMIC_RELEASE);
}

void hang_watch(const char *what)
{
	bool running = deadline;

	limit = limit_ticks();
	if (!limit)
		return;
	watched = what;
	set_deadline();
	if (running)
		return;
	start_timer();
	smp_call_others(start_call, NULL);
}

void hang_alive(void)
{
	if (__atomic_load_n(&deadline, __ATOMIC_ACQUIRE))
		set_deadline();
}

void hang_unwatch(void)
{
	if (!deadline)
		return;
	__atomic_store_n(&deadline, 0, __ATOMIC_RELEASE);
	timer_irq_stop();
	smp_call_others(stop_call, NULL);
}

void hang_cpu_init(void)
{
	if (__atomic_load_n(&deadline, __ATOMIC_ACQUIRE))
		start_timer();
}
