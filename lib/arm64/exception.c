// SPDX-License-Identifier: MIT
/*
 * The exception handler: a probe's fault goes on, everything else is reported and ends the run.
 */
#include "lib/arm64/exception.h"

#include "lib/arm64/backtrace.h"
#include "lib/arm64/barrier.h"
#include "lib/arm64/probe-internal.h"
#include "lib/arm64/sysreg.h"
#include "lib/log.h"
#include "lib/exit.h"
#include "lib/percpu.h"

/* Stale faults of one CPU within the last millisecond. */
struct stale_window {
	uint64_t start; /* CNTVCT */
	unsigned retries;
};

#define STALE_RETRIES_A_MS 100

uint64_t stale_faults_retried;
static void (*irq_entry)(void);
static DEFINE_PER_CPU(const struct exception_frame *, irq_frame);
static DEFINE_PER_CPU(struct stale_window, stale_window);

enum fault_class fault_class(uint64_t esr)
{
	uint64_t ec = esr_class(esr), status = esr & 0x3f;

	if (ec != ESR_EC_INSTRUCTION_ABORT && ec != ESR_EC_DATA_ABORT)
		return FAULT_OTHER;
	switch (status >> 2) {
	case 0:
		return FAULT_ADDRESS_SIZE;
	case 1:
		return FAULT_TRANSLATION;
	case 2:
		return FAULT_ACCESS_FLAG;
	case 3:
		return FAULT_PERMISSION;
	}
	if (status == 0x21)
		return FAULT_ALIGNMENT;
	if (status == 0x30)
		return FAULT_TLB_CONFLICT;
	return status == 0x10 || (status >= 0x14 && status <= 0x17) ? FAULT_EXTERNAL : FAULT_OTHER;
}

const char *fault_class_name(enum fault_class class)
{
	switch (class) {
	case FAULT_NONE:
		return "no fault";
	case FAULT_TRANSLATION:
		return "translation fault";
	case FAULT_ACCESS_FLAG:
		return "access flag fault";
	case FAULT_PERMISSION:
		return "permission fault";
	case FAULT_ADDRESS_SIZE:
		return "address size fault";
	case FAULT_ALIGNMENT:
		return "alignment fault";
	case FAULT_EXTERNAL:
		return "external abort";
	case FAULT_TLB_CONFLICT:
		return "TLB conflict abort";
	case FAULT_OTHER:
		break;
	}
	return "other fault";
}

/* Exception classes (ESR_EL1.EC). */
static const char *class_name(uint64_t ec)
{
	switch (ec) {
	case 0x00:
		return "unknown reason (undefined instruction)";
	case 0x07:
		return "access to SIMD or floating point that is trapped";
	case 0x0e:
		return "illegal execution state";
	case 0x15:
		return "SVC instruction";
	case 0x16:
		return "HVC instruction";
	case 0x17:
		return "SMC instruction";
	case 0x18:
		return "system register access that is trapped";
	case ESR_EC_INSTRUCTION_ABORT:
		return "instruction abort";
	case 0x22:
		return "misaligned PC";
	case ESR_EC_DATA_ABORT:
		return "data abort";
	case 0x26:
		return "misaligned SP";
	case 0x2f:
		return "SError";
	case 0x3c:
		return "BRK instruction";
	}
	return "exception";
}

/*
 * Without FEAT_ETS a walk may be reported as failed after the descriptor's store
 * completed (without FEAT_ETS). If AT now succeeds, the access may be retried; a
 * CPU that does so a hundred times in a millisecond is stuck, and that is reported.
 */
static bool stale_translation_fault(const struct exception_frame *frame)
{
	struct stale_window *window = &this_cpu(stale_window);
	uint64_t par, now;

	if (fault_class(frame->esr) != FAULT_TRANSLATION || !(frame->far >> 63))
		return false;
	if (frame->esr & ESR_WNR)
		asm volatile("at s1e1w, %0" ::"r"(frame->far) : "memory");
	else
		asm volatile("at s1e1r, %0" ::"r"(frame->far) : "memory");
	sysreg_sync(); /* PAR_EL1 holds AT's result only after it */
	par = read_sysreg(par_el1);
	if (par & 1)
		return false;
	now = read_sysreg(cntvct_el0);
	if (now - window->start > read_sysreg(cntfrq_el0) / 1000) {
		window->start = now;
		window->retries = 0;
	}
	__atomic_fetch_add(&stale_faults_retried, 1, __ATOMIC_RELAXED);
	return window->retries++ < STALE_RETRIES_A_MS;
}

static void print_frame(const struct exception_frame *frame)
{
	for (int i = 0; i < 30; i += 3)
		log_printf("  x%-2d %016lx  x%-2d %016lx  x%-2d %016lx\n", i, frame->x[i], i + 1,
			   frame->x[i + 1], i + 2, frame->x[i + 2]);
	log_printf("  x30 %016lx  sp  %016lx  spsr %lx\n", frame->x[30], frame->sp, frame->spsr);
}

static void print_abort(const struct exception_frame *frame)
{
	uint64_t ec = esr_class(frame->esr);
	enum fault_class class = fault_class(frame->esr);
	const char *access = ec == ESR_EC_INSTRUCTION_ABORT ? "fetching from"
			     : frame->esr & ESR_WNR	    ? "writing to"
							    : "reading from";

	if (class == FAULT_OTHER)
		return;
	log_printf("  %s, %s %016lx", fault_class_name(class), access, frame->far);
	if (class <= FAULT_ADDRESS_SIZE)
		log_printf(", level %lu", frame->esr & 3);
	if (frame->far < 4096)
		log_printf(" (NULL)");
	else if (is_stack_guard(frame->far))
		log_printf(" (stack overflow)");
	log_printf("\n");
}

void set_irq_entry(void (*entry)(void))
{
	irq_entry = entry;
}

const struct exception_frame *interrupted_frame(void)
{
	return this_cpu(irq_frame);
}

static bool take_irq(const struct exception_frame *frame)
{
	if (!irq_entry)
		return false;
	this_cpu(irq_frame) = frame;
	irq_entry();
	this_cpu(irq_frame) = NULL;
	return true;
}

static void __attribute__((noreturn)) die(const struct exception_frame *frame, unsigned vector)
{
	static const char *const kinds[] = { "synchronous exception", "IRQ", "FIQ", "SError" };

	if (begin_last_words()) /* the report itself faulted: the console, most likely */
		end_silently();
	log_printf("\n%s: %s, vector %u, ESR %08lx\n", kinds[vector & 3],
		   class_name(esr_class(frame->esr)), vector, frame->esr);
	print_abort(frame);
	print_frame(frame);
	log_printf("  at ");
	print_symbol(frame->elr);
	log_printf("\n");
	print_backtrace(frame->x[29]);
	panic("unhandled %s", kinds[vector & 3]);
}

void exception(struct exception_frame *frame, unsigned vector)
{
	/* Vectors 4 to 7: this level with its own stack pointer; all else is unexpected. */
	if (vector == 5 && take_irq(frame))
		return;
	if (vector == 4 && stale_translation_fault(frame))
		return;
	if ((vector == 4 || vector == 7) && probe_take_fault(frame))
		return;
	die(frame, vector);
}
