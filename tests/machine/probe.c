// SPDX-License-Identifier: MIT
/*
 * Suite probe: the probes themselves. They let a good access through, lose no register
 * and do not remember.
 */
#include "lib/arm64/probe.h"
#include "lib/arm64/sysreg.h"
#include "lib/sections.h"
#include "tests/support.h"

typedef struct fault (*probe_function)(const void *, uint64_t *);

/* asm.S */
uint64_t registers_lost(probe_function fn, const void *a0, uint64_t *a1, struct fault *result);
uint64_t simd_lost(probe_function fn, const void *a0, uint64_t *a1, struct fault *result);

static uint64_t word = 0x1122334455667788UL;
static unsigned calls;

static void count_call(void)
{
	calls++;
}

static struct fault probe_write_of(const void *addr, uint64_t *value)
{
	return probe_write((void *)addr, *value);
}

static struct fault probe_exec_of(const void *addr, uint64_t *value)
{
	(void)value;
	return probe_exec(addr);
}

static const probe_function probes[] = { probe_read, probe_write_of, probe_exec_of };

TEST(probe_good, "probe/good-memory")
{
	uint64_t value = 0;
	struct fault f = probe_read(&word, &value);

	CHECK_EQ(f.class, FAULT_NONE);
	CHECK_EQ(f.level, -1);
	CHECK_EQ(value, word);
	CHECK_EQ(probe_write(&word, 99).class, FAULT_NONE);
	CHECK_EQ(READ_ONCE(word), 99);
	CHECK_EQ(probe_read(_text, &value).class, FAULT_NONE);
	calls = 0;
	CHECK_EQ(probe_exec((void *)count_call).class, FAULT_NONE);
	CHECK_EQ(READ_ONCE(calls), 1);
}

TEST(probe_value, "probe/value-only-if-it-worked")
{
	uint64_t value = 42;

	CHECK_EQ(probe_read(NULL, &value).class, FAULT_TRANSLATION);
	CHECK_EQ(value, 42);
}

TEST(probe_sequence, "probe/one-after-another")
{
	uint64_t value;

	for (int round = 0; round < 3; round++) {
		CHECK_EQ(probe_write(_text, 0).class, FAULT_PERMISSION);
		CHECK_EQ(probe_read((void *)0x1000, &value).far, 0x1000);
		CHECK_EQ(probe_read(&word, &value).class, FAULT_NONE);
		CHECK(probe_exec((void *)0x2000).exec);
		CHECK_EQ(probe_read((void *)0x2000, &value).class, FAULT_TRANSLATION);
		CHECK(!probe_read((void *)0x2000, &value).exec);
		CHECK_EQ(probe_read(&word, &value).class, FAULT_NONE);
	}
	/* The same address by the same instruction, again and again: never let through. */
	for (int i = 0; i < 10; i++)
		CHECK_EQ(probe_read(_stack_guard, &value).class, FAULT_TRANSLATION);
}

TEST(probe_registers, "probe/keeps-registers")
{
	struct fault f;
	uint64_t value = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		f.class = FAULT_OTHER;
		CHECK_EQ(registers_lost(probes[i], NULL, &value, &f), 0);
		CHECK_EQ(f.class, FAULT_TRANSLATION);
	}
	CHECK_EQ(registers_lost(probe_read, &word, &value, &f), 0);
	CHECK_EQ(f.class, FAULT_NONE);
}

TEST(probe_simd, "probe/keeps-simd-registers")
{
	struct fault f;
	uint64_t value = 0;

	/* AAPCS64 lets a call lose v0-v7 and v16-v31; an exception may lose none. */
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		uint64_t good = simd_lost(probes[i], i == 2 ? (void *)count_call : (void *)&word,
					  &value, &f);

		CHECK_EQ(good & 0xff00, 0);
		CHECK_EQ(simd_lost(probes[i], NULL, &value, &f), good);
		CHECK_EQ(f.class, FAULT_TRANSLATION);
	}
}

TEST(probe_state, "probe/keeps-masks-and-fp-control")
{
	uint64_t daif = read_sysreg(daif), fpcr = read_sysreg(S3_3_C4_C4_0),
		 tls = read_sysreg(tpidr_el0);

	CHECK_EQ(probe_exec(NULL).class, FAULT_TRANSLATION);
	CHECK_EQ(read_sysreg(daif), daif);
	CHECK_EQ(read_sysreg(spsel), 1);
	CHECK_EQ(read_sysreg(S3_3_C4_C4_0), fpcr); /* FPCR: clang has no name for it here */
	CHECK_EQ(read_sysreg(tpidr_el0), tls);
}
