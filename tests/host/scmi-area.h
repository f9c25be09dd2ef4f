// SPDX-License-Identifier: MIT
/*
 * SCMI's shared memory for host tests: what lies in it, who may touch it in which order, and a
 * status that takes its time. Exactly the area's bytes are there.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "drivers/scmi/channel.h"
#include "lib/arm64/barrier.h"
#include "lib/mmio.h"
#include "tests/machine/scmi-firmware.h"

#define AREA_BYTES 0x100
#define AREA_BASE  0x10f000UL

static uint32_t area_words[AREA_BYTES / 4];
static const char *area_broken; /* an access that is not allowed, or not ordered */
static unsigned late;		/* polls until the status is seen as it is */
static unsigned late_after;	/* the same after a call */
static unsigned polls;
static bool firmware_runs, written, answered;

static uint32_t *area_word(uintptr_t address)
{
	static uint32_t nowhere;

	if (address >= AREA_BASE && address < AREA_BASE + AREA_BYTES && address % 4 == 0)
		return &area_words[(address - AREA_BASE) / 4];
	area_broken = "an access outside the area";
	return &nowhere;
}

uint32_t mmio_read32(uintptr_t address)
{
	uint32_t value = *area_word(address);

	if (firmware_runs)
		return value;
	if (address == AREA_BASE + 4) {
		polls++;
		if (late) {
			late--;
			return 0;
		}
	} else if (answered) {
		area_broken = "an answer that is read before its barrier";
	}
	return value;
}

uint64_t mmio_read64(uintptr_t address)
{
	(void)address;
	area_broken = "a 64-bit access";
	return 0;
}

void mmio_write32(uintptr_t address, uint32_t value)
{
	if (!firmware_runs)
		written = true;
	*area_word(address) = value;
}

void host_barrier(const char *name)
{
	if (!strcmp(name, "dsb"))
		written = false;
	if (strcmp(name, "isb"))
		answered = false;
}

/* The call, which firmware sees; what was written before it has to be complete. */
int64_t scmi_smc(uint32_t function)
{
	int64_t result;

	if (written)
		area_broken = "a call before what was written is complete";
	firmware_runs = true;
	result = firmware_call(function);
	firmware_runs = false;
	answered = true;
	late = late_after;
	return result;
}

static const struct scmi_channel area_channel = {
	.area = AREA_BASE, .size = AREA_BYTES, .function = FIRMWARE_SMC_ID, .call = scmi_smc
};

/* All as at hand-over, garbage where nobody has written yet. */
static void area_reset(void)
{
	memset(area_words, 0xa5, sizeof(area_words));
	area_broken = NULL;
	late = late_after = polls = 0;
	written = answered = false;
	firmware_runs = true;
	firmware_reset(AREA_BASE);
	firmware_runs = false;
}
