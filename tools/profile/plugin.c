// SPDX-License-Identifier: MIT
/*
 * QEMU plugin: counts each instruction, load and store between two marks of the guest, and the
 * cache lines that each function touches. What a count means is tools/runner/profile.py's
 * business; that file also writes the plan that this reads. Changes nothing in the guest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

#define LINE_SHIFT    6	      /* 64 bytes: Cortex-A55, A76 and nearly all others */
#define ALL_FUNCTIONS 0x7fffu /* one more function: the union of all but the marks' */
#define NO_FUNCTION   0x7ffeu

QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/* One instruction of the guest's text. */
struct count {
	uint64_t executed, loads, loaded_bytes, stores, stored_bytes;
	uint64_t last; /* address that it accessed last */
	unsigned function;
};

/* A line that one function touches, in an open hash table. */
struct line {
	uint64_t key; /* 0: free */
	bool loaded, stored;
};

/* Addresses are the guest's virtual ones. */
static struct {
	uint64_t text, text_end;
	uint64_t start, stop;	       /* marks: instructions in between are counted, and stop */
	uint64_t samples, samples_end; /* the array whose slot says which sample it was */
	uint64_t *functions;	       /* where each begins, ascending */
	unsigned nr_functions, marks_function;
	FILE *out;
} plan;

static struct count *counts; /* one an instruction of text */
static uint64_t elsewhere;   /* instructions executed outside of it */

static struct line *lines;
static size_t nr_slots, nr_lines;

static enum { OUTSIDE, INSIDE, AWAITING_SAMPLE } state;
static unsigned measuring_cpu;

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p) {
		fprintf(stderr, "profile plugin: no memory\n");
		exit(1);
	}
	return p;
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct line *find_slot(uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u) >> 20 & (nr_slots - 1);

	while (lines[i].key && lines[i].key != key)
		i = (i + 1) & (nr_slots - 1);
	return &lines[i];
}

static void grow(void)
{
	struct line *old = lines;
	size_t n = nr_slots;

	nr_slots = n ? 2 * n : 4096;
	lines = allocate(nr_slots, sizeof(*lines));
	for (size_t i = 0; i < n; i++)
		if (old[i].key)
			*find_slot(old[i].key) = old[i];
	free(old);
}

/* The function is in the high bits: a line of a 48-bit VA needs 43, its sign included. */
static void touch(unsigned function, uint64_t vaddr, bool store)
{
	uint64_t line = vaddr >> LINE_SHIFT & ((1ul << 48) - 1);
	struct line *slot;

	if (2 * nr_lines >= nr_slots)
		grow();
	slot = find_slot((uint64_t)(function + 1) << 48 | line);
	nr_lines += !slot->key;
	slot->key = (uint64_t)(function + 1) << 48 | line;
	if (store)
		slot->stored = true;
	else
		slot->loaded = true;
}

/* --- while the guest runs --------------------------------------------------------------------- */

static void begin_pass(unsigned cpu)
{
	for (uint64_t i = 0; i < (plan.text_end - plan.text) / 4; i++)
		counts[i] = (struct count){ .function = counts[i].function };
	memset(lines, 0, nr_slots * sizeof(*lines));
	nr_lines = elsewhere = 0;
	measuring_cpu = cpu;
	state = INSIDE;
}

/* By function: lines loaded, stored, touched. */
static void write_lines(void)
{
	unsigned n = ALL_FUNCTIONS + 1;
	uint64_t(*sums)[3] = allocate(n, sizeof(*sums));

	for (size_t i = 0; i < nr_slots; i++) {
		const struct line *line = &lines[i];

		if (!line->key)
			continue;
		sums[(line->key >> 48) - 1][0] += line->loaded;
		sums[(line->key >> 48) - 1][1] += line->stored;
		sums[(line->key >> 48) - 1][2]++;
	}
	for (unsigned i = 0; i < n; i++)
		if (sums[i][2])
			fprintf(plan.out, "lines %d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				i == ALL_FUNCTIONS ? -1 : (int)i, sums[i][0], sums[i][1],
				sums[i][2]);
	free(sums);
}

static void end_pass(uint64_t sample)
{
	fprintf(plan.out, "pass %" PRIu64 " %" PRIu64 "\n", sample, elsewhere);
	for (uint64_t i = 0; i < (plan.text_end - plan.text) / 4; i++) {
		const struct count *c = &counts[i];

		if (c->executed)
			fprintf(plan.out,
				"insn %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
				" %" PRIu64 " %" PRIx64 "\n",
				plan.text + 4 * i, c->executed, c->loads, c->loaded_bytes,
				c->stores, c->stored_bytes, c->last);
	}
	write_lines();
	fprintf(plan.out, "end\n");
	fflush(plan.out);
	state = OUTSIDE;
}

static void on_execution(unsigned cpu, void *userdata)
{
	struct count *c = userdata;

	if (state != INSIDE || cpu != measuring_cpu)
		return;
	if (c)
		c->executed++;
	else
		elsewhere++;
}

static void on_start(unsigned cpu, void *userdata)
{
	(void)userdata;
	begin_pass(cpu);
}

static void on_stop(unsigned cpu, void *userdata)
{
	on_execution(cpu, userdata);
	if (state == INSIDE && cpu == measuring_cpu)
		state = AWAITING_SAMPLE;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *userdata)
{
	bool store = qemu_plugin_mem_is_store(info);
	unsigned bytes = 1u << qemu_plugin_mem_size_shift(info);
	struct count *c = userdata;

	if (state == OUTSIDE || cpu != measuring_cpu)
		return;
	if (state == AWAITING_SAMPLE) {
		if (store && vaddr >= plan.samples && vaddr < plan.samples_end)
			end_pass((vaddr - plan.samples) / 8);
		return;
	}
	c->last = vaddr;
	*(store ? &c->stores : &c->loads) += 1;
	*(store ? &c->stored_bytes : &c->loaded_bytes) += bytes;
	/* An access that crosses a line's end touches both. */
	for (uint64_t line = vaddr >> LINE_SHIFT; line <= (vaddr + bytes - 1) >> LINE_SHIFT;
	     line++) {
		touch(c->function, line << LINE_SHIFT, store);
		if (c->function != plan.marks_function)
			touch(ALL_FUNCTIONS, line << LINE_SHIFT, store);
	}
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
	qemu_plugin_exec_t callback = on_execution;
	struct count *c = NULL;

	if (vaddr >= plan.text && vaddr < plan.text_end)
		c = &counts[(vaddr - plan.text) / 4];
	if (vaddr == plan.start)
		callback = on_start;
	else if (vaddr == plan.stop)
		callback = on_stop;
	qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, QEMU_PLUGIN_CB_NO_REGS, c);
	if (c)
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, c);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		instrument(qemu_plugin_tb_get_insn(tb, i));
}

/* --- the plan --------------------------------------------------------------------------------- */

static unsigned function_of(uint64_t vaddr)
{
	unsigned low = 0, high = plan.nr_functions;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (plan.functions[middle] <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : NO_FUNCTION;
}

/* Lines of a word and numbers in hexadecimal, the functions last. */
static bool read_plan(FILE *file)
{
	if (fscanf(file,
		   "text %" SCNx64 " %" SCNx64 " start %" SCNx64 " stop %" SCNx64
		   " samples %" SCNx64 " %" SCNx64 " functions %u",
		   &plan.text, &plan.text_end, &plan.start, &plan.stop, &plan.samples,
		   &plan.samples_end, &plan.nr_functions) != 7)
		return false;
	if (plan.text_end < plan.text || plan.nr_functions >= NO_FUNCTION)
		return false;
	plan.functions = allocate(plan.nr_functions, sizeof(*plan.functions));
	for (unsigned i = 0; i < plan.nr_functions; i++)
		if (fscanf(file, "%" SCNx64, &plan.functions[i]) != 1)
			return false;
	plan.marks_function = function_of(plan.start);
	counts = allocate((plan.text_end - plan.text) / 4 + 1, sizeof(*counts));
	for (uint64_t i = 0; i < (plan.text_end - plan.text) / 4; i++)
		counts[i].function = function_of(plan.text + 4 * i);
	return true;
}

static const char *argument(int argc, char **argv, const char *key)
{
	size_t length = strlen(key);

	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], key, length) && argv[i][length] == '=')
			return argv[i] + length + 1;
	return "";
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
					   int argc, char **argv)
{
	FILE *file = fopen(argument(argc, argv, "plan"), "r");

	(void)info;
	plan.out = fopen(argument(argc, argv, "out"), "w");
	if (!file || !plan.out || !read_plan(file)) {
		fprintf(stderr, "profile plugin: no plan, or no output\n");
		return 1;
	}
	fclose(file);
	grow();
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}

/* QEMU reads the version when the library is loaded, before anything of it is called but this. */
__attribute__((constructor)) static void choose_version(void)
{
	qemu_plugin_version = qemu_plugin_scoreboard_new ? 2 : 1;
}
