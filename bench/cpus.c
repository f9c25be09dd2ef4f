// SPDX-License-Identifier: MIT
/*
 * Which CPUs measure. Those that do not are off meanwhile: none is left on that was not before.
 */
#include "bench/cpus.h"

#include <stdio.h>
#include <string.h>

#include "bench/cases/params.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "mm/phys/kmalloc.h"

static bool one_valid(uint64_t number, char *error, size_t size)
{
	if (number < nr_cpus && !cpus[number].unusable)
		return true;
	if (number < nr_cpus)
		snprintf(error, size, "malformed value '%lu': CPU %lu is not started: %s", number,
			 number, cpus[number].unusable);
	else if (nr_cpus == 1)
		snprintf(error, size, "malformed value '%lu': there is only CPU 0", number);
	else
		snprintf(error, size, "malformed value '%lu': there are CPUs 0 to %u", number,
			 nr_cpus - 1);
	return false;
}

bool bench_cpus_valid(char *error, size_t size)
{
	const char *list = options.cpus;
	uint64_t number;

	if (options.cpu != CPU_BOOT && options.cpus[0]) {
		snprintf(error, size, "malformed value '%s': cpu= is given too", options.cpus);
		return false;
	}
	if (options.cpu != CPU_BOOT && !one_valid(options.cpu, error, size))
		return false;
	while (option_next_number(&list, &number))
		if (!one_valid(number, error, size))
			return false;
	return cases_valid(error, size);
}

int bench_cpus_off(void)
{
	int failures = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		if (i != boot_cpu && cpu_online(i) &&
		    (work_on_cpu(i, drain_cpu_caches, NULL) || cpu_down(i)))
			failures++;
	return failures;
}

bool bench_cpus_named(void)
{
	return options.cpu != CPU_BOOT || options.cpus[0];
}

/* Runs on @cpu for a moment, so that its MIDR is known. */
static bool learn(unsigned cpu)
{
	if (cpus[cpu].midr)
		return true;
	return !cpu_up(cpu) && !cpu_down(cpu);
}

static bool is_new_kind(unsigned cpu, const unsigned *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (cpus[list[i]].midr == cpus[cpu].midr)
			return false;
	return true;
}

/* "cpus=all: CPU 0 for CPUs 0 1 2 3, MIDR 414fd0b1" */
static void say_whom_it_stands_for(unsigned cpu)
{
	char text[160];
	size_t len = 0;

	for (unsigned i = 0; i < nr_cpus && len < sizeof(text) - 8; i++)
		if (cpus[i].midr == cpus[cpu].midr)
			len += snprintf(text + len, sizeof(text) - len, " %u", i);
	log_printf("cpus=all: CPU %u for CPUs%s%s, MIDR %08lx\n", cpu, text,
		   len < sizeof(text) - 8 ? "" : " ...", cpus[cpu].midr);
}

static unsigned one_of_each_kind(unsigned *list, int *failures)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		if (cpus[cpu].unusable)
			log_printf("cpus=all: without CPU %u: %s\n", cpu, cpus[cpu].unusable);
		else if (!learn(cpu))
			++*failures;
		else if (is_new_kind(cpu, list, count))
			list[count++] = cpu;
	}
	for (unsigned i = 0; i < count; i++)
		say_whom_it_stands_for(list[i]);
	return count;
}

unsigned bench_cpus_select(unsigned list[NR_CPUS], int *failures)
{
	const char *named = options.cpus;
	unsigned count = 0;
	uint64_t number;

	if (!strcmp(options.cpus, "all"))
		return one_of_each_kind(list, failures);
	while (option_next_number(&named, &number))
		list[count++] = (unsigned)number;
	if (!count)
		list[count++] = options.cpu == CPU_BOOT ? boot_cpu : (unsigned)options.cpu;
	return count;
}
