// SPDX-License-Identifier: MIT
/*
 * Suite clk: the whole way of clk= but for the SMC, over memory that is mapped Device as the
 * channel is, to a model of an RK3588's firmware; and what is done last in a run.
 */
#include "drivers/pmu/clock.h"
#include "drivers/scmi/clk.h"
#include "lib/exit.h"
#include "lib/log.h"
#include "mm/areas/ioremap.h"
#include "mm/phys/devmem.h"
#include "tests/machine/scmi-firmware.h"
#include "tests/support.h"

#define MHZ	1000000UL
#define CHANNEL 0x100 /* bytes */

static const uint16_t mhz_of_model[] = { 408, 600, 816, 1008, 1200, 1416, 1608, 1800, 0 };
static const struct cpu_rates rates_of_model = { .mhz = mhz_of_model, .boot_mhz = 1200 };

/* This machine's own, while the model has its place. */
static struct cpu_clocks machine_clocks;

/*
 * The boot CPU's clock is 2, all other CPUs' is 0. False: no memory can be mapped Device here.
 */
static bool install_model(void)
{
	void *area = devmem_size ? ioremap(devmem_base, CHANNEL) : NULL;

	if (!area)
		return false;
	machine_clocks = cpu_clocks;
	firmware_reset((uintptr_t)area);
	cpu_clocks = (struct cpu_clocks){
		.channel = { .area = (uintptr_t)area,
			     .size = CHANNEL,
			     .function = FIRMWARE_SMC_ID,
			     .call = firmware_call },
		.count = 2,
		.clocks = { { .id = 2, .rates = &rates_of_model },
			    { .id = 0, .rates = &rates_of_model } },
	};
	for (unsigned i = 0; i < NR_CPUS; i++)
		cpu_clocks.of_cpu[i] = i >= nr_cpus ? -1 : i == boot_cpu ? 0 : 1;
	cpu_clocks_read(&cpu_clocks);
	return true;
}

static void remove_model(void)
{
	CHECK(!firmware.broken);
	if (firmware.broken)
		ktap_note("%s", firmware.broken);
	cpu_clocks = machine_clocks;
	iounmap((void *)firmware.area);
}

#define NEED_MODEL            \
	if (!install_model()) \
	SKIP("no memory to map Device: devmem is too small")

TEST(clk_set, "clk/set-and-put-back")
{
	NEED_MODEL;
	CHECK_EQ(cpu_clocks.clocks[0].handed_hz, CRYSTAL_HZ);
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 600, false), 2);
	CHECK_EQ(firmware.rates[2], 600 * MHZ);
	CHECK_EQ(firmware.rates[0], 600 * MHZ);
	CHECK_EQ(cpu_clocks.clocks[0].firmware_hz, 600 * MHZ);
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 600, false), 0); /* it is so */
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 1200, false), 2);
	CHECK_EQ(cpu_clocks.clocks[0].firmware_hz, 1488 * MHZ);
	CHECK_EQ(firmware.sets, 4);
	cpu_clocks_put_back(&cpu_clocks);
	CHECK_EQ(firmware.rates[2], 408 * MHZ);
	CHECK_EQ(firmware.rates[0], 408 * MHZ);
	CHECK_EQ(firmware.rates[3], CRYSTAL_HZ); /* nobody's */
	remove_model();
}

TEST(clk_limits, "clk/limits")
{
	NEED_MODEL;
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 1416, false), 0);
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 599, true), 0);
	CHECK_EQ(firmware.sets, 0);
	CHECK_EQ(cpu_clocks_set(&cpu_clocks, 1416, true), 2);
	CHECK_EQ(firmware.rates[2], 1416 * MHZ);
	remove_model();
}

/* Each mood: nothing is set, no wait is for ever. */
TEST(clk_errors, "clk/errors-set-nothing")
{
	NEED_MODEL;
	for (enum firmware_mood mood = FIRMWARE_UNKNOWN; mood <= FIRMWARE_RATE; mood++) {
		firmware_reset(firmware.area);
		firmware.mood = mood;
		firmware.status = -6;
		cpu_clocks.clocks[0].handed_hz = cpu_clocks.clocks[1].handed_hz = 0;
		cpu_clocks_read(&cpu_clocks);
		CHECK(cpu_clocks.clocks[0].error);
		CHECK_EQ(cpu_clocks.clocks[0].handed_hz, 0);
		CHECK_EQ(cpu_clocks_set(&cpu_clocks, 600, false), 0);
		CHECK_EQ(firmware.sets, 0);
		/* Busy only when one is set: the other one is. */
		firmware_reset(firmware.area);
		cpu_clocks.clocks[0].set_mhz = cpu_clocks.clocks[1].set_mhz = 0;
		cpu_clocks_read(&cpu_clocks);
		firmware.mood = FIRMWARE_STATUS;
		firmware.only = RATE_SET;
		firmware.clock = 2;
		firmware.status = -6;
		CHECK_EQ(cpu_clocks_set(&cpu_clocks, 600, false), 1);
		CHECK_EQ(cpu_clocks.clocks[0].set_mhz, 0);
		CHECK_EQ(firmware.rates[2], CRYSTAL_HZ);
		CHECK_EQ(firmware.rates[0], 600 * MHZ);
		cpu_clocks.clocks[1].set_mhz = 0;
	}
	remove_model();
}

/* Emulated: no core has a clock. Silicon: as fast as a core can be, whatever the model says. */
TEST(clk_measured, "clk/measured-on-each-cpu")
{
	unsigned online = nr_online_cpus();

	NEED_MODEL;
	clk_measure();
	for (unsigned i = 0; i < nr_cpus; i++)
		if (cpu_online(i))
			CHECK_EQ(cpu_clocks.measured_hz[i] > 0, clock_forced || !is_emulated());
	CHECK_EQ(nr_online_cpus(), online);
	print_clk();
	remove_model();
}

static void say(void)
{
	log_printf("tests: the last act\n");
}

/* Seen in the console: tests/boards/endings-clk. */
TEST(clk_last_act, "clk/last-act")
{
	if (cpu_clocks.count)
		SKIP("this machine's clocks have to be put back");
	set_last_act(say);
	CHECK(true);
}
