// SPDX-License-Identifier: MIT
/*
 * Lines of the trace (trace.h), both ways.
 */
#include "mm/check/trace.h"

#include <stdio.h>
#include <string.h>

#include "mm/check/check-internal.h"

static const char *const names[EVENT_KINDS] = {
	[EVENT_STORE] = "store",
	[EVENT_DMB_ISHST] = "dmb_ishst",
	[EVENT_DSB_ISHST] = "dsb_ishst",
	[EVENT_DSB_ISH] = "dsb_ish",
	[EVENT_ISB] = "isb",
	[EVENT_TLBI_VAALE1IS] = "tlbi_vaale1is",
	[EVENT_TLBI_VAAE1IS] = "tlbi_vaae1is",
	[EVENT_TLBI_VMALLE1IS] = "tlbi_vmalle1is",
	[EVENT_TABLE_ALLOC] = "table_alloc",
	[EVENT_TABLE_FREE] = "table_free",
	[EVENT_LOCK] = "lock",
	[EVENT_UNLOCK] = "unlock",
	[EVENT_TTBR1] = "ttbr1",
	[EVENT_TCR] = "tcr",
	[EVENT_SCTLR] = "sctlr",
	[EVENT_FREE] = "free",
	[EVENT_REUSE] = "reuse",
	[EVENT_TLBI_RVAALE1IS] = "tlbi_rvaale1is",
	[EVENT_TLBI_RVAAE1IS] = "tlbi_rvaae1is",
	[EVENT_LAZY] = "lazy",
	[EVENT_CAS] = "cas",
	[EVENT_BBM] = "bbm",
};

/* --- writing ------------------------------------------------------------------------------- */

void trace_format(char *line, size_t size, uint64_t number, const struct mm_event *e)
{
	const char *name = e->kind < EVENT_KINDS && names[e->kind] ? names[e->kind] : "?";

	snprintf(line, size, "@ %lu %s cpu%u %lx %lx %lx %lx", number, name, e->cpu, e->address,
		 e->old, e->new, e->site);
}

struct writer {
	const struct checker *checker;
	void (*write)(void *context, const char *line);
	void *context;
};

static void write_table(void *context, const struct checker_table *t)
{
	const struct writer *w = context;
	const struct checker_config *config = &w->checker->config;
	const desc_t *slots = config->table_at(config->context, t->pa);
	char line[TRACE_LINE_MAX];

	snprintf(line, sizeof(line), "@ table %lx %lx %d", t->pa, t->va, t->level);
	w->write(w->context, line);
	for (uint64_t i = 0; slots && i < PTRS_PER_TABLE; i++) {
		if (!(slots[i] & DESC_VALID))
			continue;
		snprintf(line, sizeof(line), "@ slot %lx %lx", t->pa + i * sizeof(desc_t),
			 slots[i]);
		w->write(w->context, line);
	}
}

void trace_begin(const struct checker *checker, uint64_t root_pa,
		 void (*write)(void *context, const char *line), void *context)
{
	struct writer w = { checker, write, context };
	char line[TRACE_LINE_MAX];

	write(context, TRACE_BEGIN_LINE);
	snprintf(line, sizeof(line), "@ trace %d granule %d root %lx frames_end %lx", TRACE_VERSION,
		 PAGE_SHIFT, root_pa, checker->config.frames_end);
	write(context, line);
	checker_each_table(checker, write_table, &w);
}

/* --- reading ------------------------------------------------------------------------------- */

/* What is left of a line. */
struct reader {
	const char *at, *end;
};

static bool next_word(struct reader *r, struct reader *word)
{
	while (r->at < r->end && *r->at == ' ')
		r->at++;
	word->at = r->at;
	while (r->at < r->end && *r->at != ' ')
		r->at++;
	word->end = r->at;
	return word->at < word->end;
}

static bool word_is(const struct reader *word, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(word->end - word->at) == n && !memcmp(word->at, text, n);
}

static bool to_number(const struct reader *word, unsigned base, uint64_t *value)
{
	*value = 0;
	for (const char *p = word->at; p < word->end; p++) {
		unsigned digit = *p >= '0' && *p <= '9'	  ? (unsigned)(*p - '0')
				 : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a' + 10)
							  : 16;

		if (digit >= base || *value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return word->at < word->end;
}

static bool next_number(struct reader *r, unsigned base, uint64_t *value)
{
	struct reader word;

	return next_word(r, &word) && to_number(&word, base, value);
}

static bool next_is(struct reader *r, const char *text)
{
	struct reader word;

	return next_word(r, &word) && word_is(&word, text);
}

static bool at_end(struct reader *r)
{
	struct reader word;

	return !next_word(r, &word);
}

static struct trace_line bad(const char *error)
{
	return (struct trace_line){ .kind = TRACE_BAD, .error = error };
}

static struct trace_line parse_header(struct reader *r)
{
	struct trace_line line = { .kind = TRACE_HEADER };
	uint64_t version, granule;

	if (!next_number(r, 10, &version))
		return bad("no version number");
	if (version != TRACE_VERSION)
		return bad("a version that this program does not know");
	if (!next_is(r, "granule") || !next_number(r, 10, &granule) ||
	    (granule != 12 && granule != 14 && granule != 16))
		return bad("the granule is not 12, 14 or 16");
	if (!next_is(r, "root") || !next_number(r, 16, &line.root) || !next_is(r, "frames_end") ||
	    !next_number(r, 16, &line.frames_end) || !at_end(r))
		return bad("not `@ trace VERSION granule SHIFT root PA frames_end PA`");
	line.version = (unsigned)version;
	line.granule = (unsigned)granule;
	return line;
}

static struct trace_line parse_table(struct reader *r)
{
	struct trace_line line = { .kind = TRACE_TABLE };
	uint64_t level;

	if (!next_number(r, 16, &line.pa) || !next_number(r, 16, &line.va) ||
	    !next_number(r, 10, &level) || level > LEVEL_PTE || !at_end(r))
		return bad("not `@ table PA VA LEVEL`");
	line.level = (unsigned)level;
	return line;
}

static struct trace_line parse_slot(struct reader *r)
{
	struct trace_line line = { .kind = TRACE_SLOT };

	if (!next_number(r, 16, &line.pa) || !next_number(r, 16, &line.value) || !at_end(r) ||
	    line.pa % sizeof(desc_t))
		return bad("not `@ slot PA VALUE`");
	return line;
}

static struct trace_line parse_event(struct reader *r, const struct reader *number)
{
	struct trace_line line = { .kind = TRACE_EVENT };
	struct reader kind, cpu;
	uint64_t id;

	if (!to_number(number, 10, &line.number))
		return bad("neither an event's number nor `trace`, `table`, `slot`");
	if (!next_word(r, &kind))
		return bad("an event without a kind");
	for (uint8_t i = 1; i < EVENT_KINDS; i++)
		if (word_is(&kind, names[i]))
			line.event.kind = i;
	if (!line.event.kind)
		return bad("no event has such a name");
	if (!next_word(r, &cpu) || cpu.end - cpu.at < 4 || memcmp(cpu.at, "cpu", 3))
		return bad("no `cpuN` after the event's name");
	cpu.at += 3;
	if (!to_number(&cpu, 10, &id) || id >= CHECK_CPUS)
		return bad("no such CPU");
	line.event.cpu = (uint16_t)id;
	if (!next_number(r, 16, &line.event.address) || !next_number(r, 16, &line.event.old) ||
	    !next_number(r, 16, &line.event.new) || !next_number(r, 16, &line.event.site) ||
	    !at_end(r))
		return bad("not address, old and new value and site, in hexadecimal digits");
	return line;
}

struct trace_line trace_parse(const char *text, size_t len)
{
	struct reader r = { text, text + len }, word;

	while (r.end > r.at && (r.end[-1] == '\n' || r.end[-1] == '\r'))
		r.end--;
	if (word_is(&r, TRACE_BEGIN_LINE))
		return (struct trace_line){ .kind = TRACE_BEGIN };
	if (word_is(&r, TRACE_END_LINE))
		return (struct trace_line){ .kind = TRACE_END };
	if (r.end - r.at < 2 || memcmp(r.at, "@ ", 2))
		return (struct trace_line){ .kind = r.end > r.at && *r.at == '@' ? TRACE_BAD
										 : TRACE_OTHER,
					    .error = "`@` alone" };
	r.at += 2;
	if (!next_word(&r, &word))
		return bad("`@` alone");
	if (word_is(&word, "trace"))
		return parse_header(&r);
	if (word_is(&word, "table"))
		return parse_table(&r);
	if (word_is(&word, "slot"))
		return parse_slot(&r);
	return parse_event(&r, &word);
}
