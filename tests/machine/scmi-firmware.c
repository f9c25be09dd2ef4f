// SPDX-License-Identifier: MIT
/*
 * The model (scmi-firmware.h), after what TF-A's rk3588 port does: rates are compared with a table,
 * those of a ring oscillator are read back as measured, 24 MHz is what nobody has changed.
 */
#include "tests/machine/scmi-firmware.h"

#include "lib/mmio.h"

#define MHZ 1000000UL

struct scmi_firmware firmware;

static uint32_t read(unsigned offset)
{
	return mmio_read32(firmware.area + offset);
}

static void write(unsigned offset, uint32_t value)
{
	mmio_write32(firmware.area + offset, value);
}

void firmware_reset(uintptr_t area)
{
	firmware = (struct scmi_firmware){ .area = area };
	for (unsigned i = 0; i < FIRMWARE_CLOCKS; i++)
		firmware.rates[i] = CRYSTAL_HZ;
	write(4, 1);
}

static bool has_rate(uint32_t clock, uint64_t hz)
{
	static const uint16_t both[] = { 408, 600, 816, 1008, 1200, 1416, 1608, 1800 };
	static const uint16_t big[] = { 2016, 2112, 2208, 2256, 2304, 2352, 2400 };

	for (unsigned i = 0; i < ARRAY_SIZE(both); i++)
		if (hz == both[i] * MHZ)
			return true;
	for (unsigned i = 0; i < ARRAY_SIZE(big); i++)
		if (hz == big[i] * MHZ)
			return clock > 1;
	return hz == 1704 * MHZ && clock <= 1;
}

static int32_t set_rate(uint32_t clock, uint64_t hz)
{
	if (clock >= FIRMWARE_CLOCKS)
		return -4; /* not found */
	if (!has_rate(clock, hz))
		return -2; /* invalid parameters */
	firmware.sets++;
	firmware.rates[clock] = hz;
	if (!clock)
		firmware.rates[1] = hz; /* the DSU follows the A55 cores */
	return 0;
}

/* A ring oscillator at 0.8 V is faster than its table says, by this much on one board. */
static uint64_t get_rate(uint32_t clock)
{
	uint64_t hz = firmware.rates[clock];

	return hz < 816 * MHZ ? hz : hz / 100 * 124;
}

static void answer(uint32_t length, int32_t status, uint64_t value)
{
	write(0x14, length);
	write(0x1c, (uint32_t)status);
	if (length >= 12)
		write(0x20, (uint32_t)value);
	if (length >= 16)
		write(0x24, (uint32_t)(value >> 32));
}

static void serve(unsigned message)
{
	uint32_t clock;

	if (message == GET_VERSION || message == GET_ATTRIBUTES) {
		answer(12, 0, message == GET_VERSION ? 0x10000 : FIRMWARE_CLOCKS);
		return;
	}
	if (message == RATE_GET) {
		clock = read(0x1c);
		if (clock < FIRMWARE_CLOCKS)
			answer(16, 0, get_rate(clock));
		else
			answer(8, -4, 0);
		return;
	}
	clock = read(0x20);
	answer(8, set_rate(clock, read(0x24) | (uint64_t)read(0x28) << 32), 0);
}

/* What the length of each message has to say; 0: no message that is known. */
static uint32_t length_of(unsigned message)
{
	switch (message) {
	case GET_VERSION:
	case GET_ATTRIBUTES:
		return 4;
	case RATE_SET:
		return 20;
	case RATE_GET:
		return 8;
	}
	return 0;
}

static void check_request(unsigned message, uint32_t function)
{
	if (function != FIRMWARE_SMC_ID)
		firmware.broken = "the call's number";
	if (read(0x4))
		firmware.broken = "the channel was not taken";
	if (read(0x10))
		firmware.broken = "flags";
	if (read(0x18) != (message | 0x14 << 10) || !length_of(message))
		firmware.broken = "header";
	if (read(0x14) != length_of(message))
		firmware.broken = "length";
	if (message == RATE_SET && read(0x1c))
		firmware.broken = "flags of RATE_SET";
}

static bool mood_is_for(unsigned message)
{
	if (!firmware.only)
		return true;
	return message == firmware.only &&
	       read(message == RATE_GET ? 0x1c : 0x20) == firmware.clock;
}

int64_t firmware_call(uint32_t function)
{
	unsigned message = read(0x18) & 0xff;
	enum firmware_mood mood = mood_is_for(message) ? firmware.mood : FIRMWARE_WELL;

	firmware.calls++;
	check_request(message, function);
	if (mood == FIRMWARE_UNKNOWN)
		return -1;
	if (mood == FIRMWARE_STATUS)
		answer(8, firmware.status, 0);
	else if (mood != FIRMWARE_SILENT && mood != FIRMWARE_ERROR)
		serve(message);
	if (mood == FIRMWARE_RATE && message == RATE_GET)
		answer(16, 0, firmware.rate);
	if (mood == FIRMWARE_LENGTH)
		write(0x14, firmware.length);
	if (mood == FIRMWARE_OTHER)
		write(0x18, 0x4006);
	if (mood != FIRMWARE_SILENT)
		write(4, mood == FIRMWARE_ERROR ? 3 : 1);
	return 0;
}
