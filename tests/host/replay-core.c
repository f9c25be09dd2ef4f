// SPDX-License-Identifier: MIT
/*
 * The replayer's core (replay.h): pages come into being as the trace names them, and hold
 * what it says was stored.
 */
#define _GNU_SOURCE
#include "tests/host/replay.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/check/trace.h"

#define TABLES	(1u << 25 >> PAGE_SHIFT)
#define REGIONS (1u << 20)

/* A page that the trace names. */
struct page_copy {
	uint64_t pa;
	desc_t slots[PTRS_PER_TABLE];
};

static struct {
	const char *name;
	struct replayed *result;
	bool print;
	void *pages; /* a tree by pa */
	struct checker *checker;
	struct trace_line header;
	uint64_t next; /* number of the event that has to follow */
	bool begun, adopted, ended;
} r;

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = ((const struct page_copy *)a)->pa, y = ((const struct page_copy *)b)->pa;

	return x < y ? -1 : x > y;
}

static struct page_copy *find_page(uint64_t pa)
{
	struct page_copy *key = (struct page_copy *)&(uint64_t){ ALIGN_DOWN(pa, PAGE_SIZE) };
	void *const *node = tfind(key, &r.pages, compare_pages);

	return node ? *node : NULL;
}

static struct page_copy *make_page(uint64_t pa)
{
	struct page_copy *page = find_page(pa);

	if (page)
		return page;
	page = calloc(1, sizeof(*page));
	if (!page ||
	    (page->pa = ALIGN_DOWN(pa, PAGE_SIZE), !tsearch(page, &r.pages, compare_pages)))
		abort();
	return page;
}

static const desc_t *table_at(void *context, uint64_t pa)
{
	const struct page_copy *page = find_page(pa);

	(void)context;
	return page ? page->slots : NULL;
}

static void reported(void *context, const struct check_report *report)
{
	const struct check_rule_text *rule = &check_rules[report->rule];
	struct replayed *result = r.result;

	(void)context;
	result->rules[report->rule]++;
	if (!result->reports++)
		snprintf(result->first, sizeof(result->first), "%s:%lu: %s", r.name, result->line,
			 report->text);
	if (r.print)
		printf("%s:%lu: %s\n    %s (%s)\n", r.name, result->line, report->text, rule->name,
		       rule->section);
}

__attribute__((format(printf, 1, 2))) static bool wrong(const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(r.result->error, sizeof(r.result->error), "%.32s:%lu: %s", r.name, r.result->line,
		 what);
	return false;
}

/* --- lines --------------------------------------------------------------------------------- */

static bool on_header(const struct trace_line *line, uint64_t frames_most)
{
	if (r.header.version)
		return wrong("a second header");
	if (line->granule != PAGE_SHIFT)
		return wrong("granule %u, this replayer is for %u", line->granule, PAGE_SHIFT);
	if (line->frames_end > frames_most)
		return wrong("frames_end %lx is past %lx", line->frames_end, frames_most);
	r.header = *line;
	return true;
}

static bool on_slot(const struct trace_line *line)
{
	struct page_copy *page = find_page(line->pa);

	if (!page)
		return wrong("slot %lx of no `@ table`", line->pa);
	page->slots[line->pa % PAGE_SIZE / sizeof(desc_t)] = line->value;
	return true;
}

static bool on_event(const struct trace_line *line)
{
	const struct mm_event *e = &line->event;

	if (!r.adopted) {
		if (!find_page(r.header.root))
			return wrong("no `@ table` for the root %lx", r.header.root);
		checker_adopt(r.checker, r.header.root);
		r.adopted = true;
		r.next = line->number;
	}
	if (line->number != r.next)
		return wrong("event %lu where %lu has to follow: lines are missing", line->number,
			     r.next);
	r.next++;
	if (e->kind == EVENT_TABLE_ALLOC)
		make_page(e->address);
	if (e->kind == EVENT_STORE) {
		struct page_copy *page = find_page(e->address);

		if (page && e->address % sizeof(desc_t) == 0)
			page->slots[e->address % PAGE_SIZE / sizeof(desc_t)] = e->new;
	}
	checker_event(r.checker, e);
	r.result->events++;
	return true;
}

static bool on_line(const struct trace_line *line, uint64_t frames_most)
{
	if (line->kind == TRACE_OTHER || (!r.begun && line->kind != TRACE_BEGIN))
		return true;
	if (line->kind == TRACE_BAD)
		return wrong("%s", line->error);
	if (line->kind == TRACE_BEGIN)
		return r.begun ? wrong("a second `" TRACE_BEGIN_LINE "`") : (r.begun = true);
	if (line->kind == TRACE_HEADER)
		return on_header(line, frames_most);
	if (!r.header.version)
		return wrong("no header before it");
	if (line->kind == TRACE_EVENT)
		return on_event(line);
	if (line->kind == TRACE_END)
		return r.ended = true;
	if (r.adopted)
		return wrong("a table's contents after the first event");
	if (line->kind == TRACE_SLOT)
		return on_slot(line);
	make_page(line->pa);
	return true;
}

/* --- all of it ----------------------------------------------------------------------------- */

static uint64_t frames_wanted(const char *text, size_t len)
{
	static const char word[] = "@ trace ";
	const char *at = memmem(text, len, word, sizeof(word) - 1);
	const char *end = at ? memchr(at, '\n', (size_t)(text + len - at)) : NULL;
	struct trace_line line = { 0 };

	if (end)
		line = trace_parse(at, (size_t)(end - at));
	return line.kind == TRACE_HEADER ? line.frames_end : 0;
}

static void read_lines(const char *text, size_t len, uint64_t frames_most)
{
	const char *end = text + len, *next;

	for (const char *at = text; at < end && !r.ended; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct trace_line line;

		next = newline ? newline + 1 : end;
		r.result->line++;
		line = trace_parse(at, (size_t)(next - at));
		if (!on_line(&line, frames_most))
			return;
	}
	if (!r.begun)
		wrong("no `" TRACE_BEGIN_LINE "` in it");
	else if (!r.ended)
		wrong("the trace is cut short: no `" TRACE_END_LINE "`");
	else if (r.adopted)
		checker_quiet(r.checker);
}

struct replayed replay(const char *name, const char *text, size_t len, bool print,
		       uint64_t frames_most)
{
	struct replayed result = { 0 };
	struct checker_config config = { .table_at = table_at,
					 .report = reported,
					 .regions = REGIONS,
					 .frames_end = MIN(frames_wanted(text, len), frames_most) };
	uint64_t bytes = checker_memory(&config, TABLES);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(&r, 0, sizeof(r));
	r.name = name;
	r.result = &result;
	r.print = print;
	if (memory == MAP_FAILED || !(r.checker = checker_init(&config, memory, bytes)))
		abort();
	read_lines(text, len, frames_most);
	tdestroy(r.pages, free);
	munmap(memory, bytes);
	return result;
}
