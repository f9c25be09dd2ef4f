// SPDX-License-Identifier: MIT
/*
 * Probes. The access itself is in boot/vectors.S; the handler sends a fault of an armed
 * probe to probe_landing with the stack pointer that the probe began with.
 */
#include "lib/arm64/probe.h"

#include "lib/arm64/probe-internal.h"
#include "lib/percpu.h"

enum probe_op { PROBE_LOAD, PROBE_STORE, PROBE_CALL };

struct probe_state {
	uint64_t sp; /* 0: no probe is armed */
	struct fault fault;
};

static DEFINE_PER_CPU(struct probe_state, probe_state);

int probe_try(enum probe_op op, void *addr, uint64_t *value, uint64_t *sp);
void probe_landing(void);

static int level_of(uint64_t esr)
{
	/* Only these classes carry a level in the low bits of the status. */
	return fault_class(esr) <= FAULT_ADDRESS_SIZE ? (int)(esr & 3) : -1;
}

bool probe_take_fault(struct exception_frame *frame)
{
	struct probe_state *state = &this_cpu(probe_state);
	uint64_t esr = frame->esr;

	if (!state->sp)
		return false;
	state->fault = (struct fault){
		.class = fault_class(esr),
		.exec = esr_class(esr) == ESR_EC_INSTRUCTION_ABORT,
		.write = esr_class(esr) == ESR_EC_DATA_ABORT && esr & ESR_WNR,
		.level = level_of(esr),
		.far = frame->far,
		.esr = esr,
	};
	frame->elr = (uint64_t)probe_landing;
	frame->sp = state->sp;
	return true;
}

static struct fault probe(enum probe_op op, const void *addr, uint64_t *value)
{
	struct probe_state *state = &this_cpu(probe_state);
	struct fault none = { .class = FAULT_NONE, .level = -1 };
	int faulted = probe_try(op, (void *)addr, value, &state->sp);

	state->sp = 0;
	return faulted ? state->fault : none;
}

struct fault probe_read(const void *addr, uint64_t *value)
{
	return probe(PROBE_LOAD, addr, value);
}

struct fault probe_write(void *addr, uint64_t value)
{
	return probe(PROBE_STORE, addr, &value);
}

struct fault probe_exec(const void *addr)
{
	return probe(PROBE_CALL, addr, NULL);
}
