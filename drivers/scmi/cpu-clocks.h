// SPDX-License-Identifier: MIT
/*
 * The CPUs' clocks, where SCMI has them: which there are, what they run at, setting them.
 */
#pragma once

#include "drivers/scmi/channel.h"
#include "drivers/scmi/rates.h"
#include "drivers/smp/cpus.h"

/* An RK3588 has three: one a cluster. */
#define CPU_CLOCKS_MAX 8

struct cpu_clock {
	uint32_t id;		       /* SCMI's */
	const struct cpu_rates *rates; /* NULL: what it takes is not known */
	uint64_t handed_hz;	       /* at hand-over, as firmware said; 0: it did not */
	uint64_t firmware_hz;	       /* the same, now */
	unsigned set_mhz;	       /* what we set last; 0: nothing */
	bool touched;		       /* a RATE_SET was sent that may have been done */
	int error;		       /* of the question at hand-over: SCMI_..., or 0 */
};

struct cpu_clocks {
	struct scmi_channel channel;
	const char *none; /* why there are none; NULL: there are */
	unsigned count;
	struct cpu_clock clocks[CPU_CLOCKS_MAX];
	int8_t of_cpu[NR_CPUS];	       /* by the place in /cpus; -1: none */
	uint64_t measured_hz[NR_CPUS]; /* by drivers/scmi/clk.h; 0: not measured */
};

/* Maps @size bytes at @pa as Device, for good. NULL: cannot. */
typedef void *scmi_map(uint64_t pa, uint64_t size);

/*
 * Finds the channel and the CPUs' clocks in the tree, and asks firmware for each one's rate. What
 * is wrong is in @clocks->none, or in a clock's error; then nothing will be set. @call is used only
 * if the tree has all that it takes. Boot CPU, once for each @clocks.
 */
void cpu_clocks_find(struct cpu_clocks *clocks, const struct fdt *fdt, scmi_map *map,
		     scmi_call *call);

/* Asks for the rates at hand-over. cpu_clocks_find() does. */
void cpu_clocks_read(struct cpu_clocks *clocks);

/* Why firmware's word on any clock is missing, in one line; false: it is not. */
bool cpu_clocks_silent(const struct cpu_clocks *clocks, char *text, size_t size);

/* Why @clock is not set to @mhz; NULL: it may be. @force: whatever voltage that takes. */
const char *cpu_clock_refusal(const struct cpu_clock *clock, unsigned mhz, bool force);

/*
 * Sets every clock that may be; those that are so already are left alone. One line names each that
 * is not set and why; what firmware says then is in firmware_hz. If any clock could not be read at
 * hand-over, none is set. One that fails later leaves the others set: they could not go back to
 * what a boot loader leaves, 24 MHz, and each CPU's own clock is measured. Returns how many were
 * set. Boot CPU.
 */
unsigned cpu_clocks_set(struct cpu_clocks *clocks, unsigned mhz, bool force);

/*
 * Those that were set, or may be, go back to put_back_mhz(), which firmware can be reset from; a
 * line for each that does not. Any context, also the panic's.
 */
void cpu_clocks_put_back(struct cpu_clocks *clocks);

/* "CPUs 0-3", "CPU 4": whose clock @index is. */
#define CLOCK_CPUS_MAX 48
void cpu_clock_cpus(const struct cpu_clocks *clocks, unsigned index, char *text, size_t size);
