// SPDX-License-Identifier: MIT
/*
 * Between the one door and the checker, in Image.check. All but the start runs under the
 * events' lock (mm/arm64/event.c), so that nothing here needs one of its own.
 */
#include "mm/check/live.h"

#ifdef CHECKED

#include "lib/arm64/backtrace.h"
#include "lib/arm64/sysreg.h"
#include "lib/exit.h"
#include "lib/log.h"
#include "mm/check/trace.h"

static struct {
	struct checker *checker;
	struct checker_config config;
	struct mm_event last[LIVE_EVENTS]; /* event n at n % LIVE_EVENTS */
	uint64_t events;		   /* heard so far */
	uint32_t allowed;		   /* rules, a bit each */
	check_complaint_fn *complaint;
	bool tracing;
} live;

static_assert(RULE_COUNT <= 32, "a bit each");

/* One line of the trace format, and who did it where that is known. */
static void print_event(uint64_t number, const struct mm_event *event)
{
	char line[TRACE_LINE_MAX];
	uint64_t offset;
	const char *name = event->site ? find_symbol(event->site, &offset) : NULL;

	trace_format(line, sizeof(line), number, event);
	if (name)
		log_printf("  %s %s+0x%lx\n", line, name, offset);
	else
		log_printf("  %s\n", line);
}

static void print_report(const struct check_report *report)
{
	const struct check_rule_text *rule = &check_rules[report->rule];
	uint64_t first = live.events > LIVE_EVENTS ? live.events - LIVE_EVENTS : 0;

	log_printf("\ncheck: the last %lu of %lu events:\n", live.events - first, live.events);
	for (uint64_t n = first; n < live.events; n++)
		print_event(n, &live.last[n % LIVE_EVENTS]);
	log_printf("check: rule     %s (%s)\n", rule->name, rule->section);
	log_printf("check: what     %s\n", report->text);
	if (report->va)
		log_printf("check: where    VA %016lx, level %d\n", report->va, report->level);
	log_printf("check: event\n");
	print_event(live.events - 1, &report->event);
}

static void complain(void *context, const struct check_report *report)
{
	(void)context;
	if (live.allowed & 1U << report->rule)
		return;
	if (live.complaint) {
		live.complaint(report);
		return;
	}
	/* Another CPU may be in the middle of its own report: then this one stays there. */
	if (!begin_last_words()) {
		live_check_end();
		print_report(report);
	}
	panic("check: %s: %s", check_rules[report->rule].name, report->text);
}

static void hear(const struct mm_event *event)
{
	char line[TRACE_LINE_MAX];

	live.last[live.events % LIVE_EVENTS] = *event;
	if (live.tracing) {
		trace_format(line, sizeof(line), live.events, event);
		log_printf("%s\n", line);
	}
	live.events++;
	checker_event(live.checker, event);
}

static void print_line(void *context, const char *line)
{
	(void)context;
	log_printf("%s\n", line);
}

/* What boot did before anybody listened, and what the CPUs can do: the boot CPU for all. */
static void tell_registers(void)
{
	MM_EVENT(EVENT_BBM, 0, 0, field(read_sysreg(id_aa64mmfr2_el1), 55, 52));
	MM_EVENT(EVENT_TCR, 0, 0, read_sysreg(tcr_el1));
	MM_EVENT(EVENT_TTBR1, 0, 0, read_sysreg(ttbr1_el1));
	MM_EVENT(EVENT_SCTLR, 0, 0, read_sysreg(sctlr_el1));
	MM_EVENT(EVENT_ISB, 0, 0, 0);
}

bool live_check_start(const struct checker_config *config, void *memory, uint64_t bytes,
		      uint64_t root_pa, bool trace)
{
	live.config = *config;
	live.config.report = complain;
	live.checker = checker_init(&live.config, memory, bytes);
	if (!live.checker)
		return false;
	checker_adopt(live.checker, root_pa);
	live.tracing = trace;
	if (trace)
		trace_begin(live.checker, root_pa, print_line, NULL);
	mm_event_listen(hear);
	tell_registers();
	return true;
}

void live_check_end(void)
{
	if (live.tracing)
		log_printf(TRACE_END_LINE "\n");
	live.tracing = false;
}

bool live_check_quiet(void)
{
	uint64_t irq = mm_events_begin();
	bool quiet = !live.checker || checker_quiet(live.checker);

	mm_events_end(irq);
	return quiet;
}

void live_check_take(check_complaint_fn *complaint)
{
	uint64_t irq = mm_events_begin();

	live.complaint = complaint;
	mm_events_end(irq);
}

void live_check_allow(uint32_t rules)
{
	uint64_t irq = mm_events_begin();

	live.allowed = rules;
	mm_events_end(irq);
}

#endif
