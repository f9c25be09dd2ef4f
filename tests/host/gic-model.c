// SPDX-License-Identifier: MIT
/*
 * The model's registers. Physical address plus MAPPED is what the driver gets to see.
 */
#include "tests/host/gic-model.h"

#include <stdio.h>
#include <string.h>

#include "lib/arm64/barrier.h"
#include "lib/arm64/sysreg.h"
#include "lib/mmio.h"

#define MAPPED	(1UL << 45)
#define WINDOWS 4
#define CONFIRM 3 /* reads of a busy bit before it clears */
#define RWP_D	(1u << 31)
#define RWP_R	(1u << 3)

struct model model;
unsigned model_maps_left;

static struct {
	uint64_t pa, size;
} windows[WINDOWS];
static unsigned window_count;

static void breaks(const char *rule, uint64_t at)
{
	if (!model.broken) {
		model.broken = rule;
		model.broken_at = at;
	}
}

static void event(const char *word)
{
	size_t used = strlen(model.events);

	snprintf(model.events + used, sizeof(model.events) - used, "%s ", word);
}

bool model_events(const char *events)
{
	bool same = !strcmp(model.events, events);

	if (!same)
		printf("# events: %s\n", model.events);
	model.events[0] = '\0';
	return same;
}

void model_reset(unsigned version)
{
	memset(&model, 0, sizeof(model));
	model.version = version;
	model.acknowledge = 1023;
	model.cntfrq = 1000000000;
	model.redistributors = MODEL_CPUS;
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		/* As on RK3588: the affinity is in Aff1, and MPIDR has bits besides. */
		model.mpidr[i] = 0x81000000 | i << 8;
		model.redistributor[i].affinity = i << 8;
		model.redistributor[i].base = MODEL_REGION + i * 2 * MODEL_FRAME;
		model.redistributor[i].last = i == MODEL_CPUS - 1;
		model.redistributor[i].waker = 6;
		model.redistributor[i].enabled = 0xff000000;
		model.banked_enabled[i] = 0xff000000;
	}
	for (unsigned i = 0; i < 32; i++)
		model.dist_enabled[i] = 0x80000001;
	window_count = 0;
	model_maps_left = UINT32_MAX;
}

void *model_map(uint64_t pa, uint64_t size)
{
	if (!model_maps_left)
		return NULL;
	model_maps_left--;
	if (window_count == WINDOWS)
		return NULL;
	windows[window_count].pa = pa;
	windows[window_count++].size = size;
	return (void *)(pa + MAPPED);
}

/* @address as a physical one, if it was mapped and is aligned. */
static uint64_t to_pa(uintptr_t address, unsigned bytes)
{
	uint64_t pa = address - MAPPED;

	if (pa % bytes)
		breaks("misaligned access", pa);
	for (unsigned i = 0; i < window_count; i++)
		if (pa >= windows[i].pa && pa + bytes <= windows[i].pa + windows[i].size)
			return pa;
	breaks("access to what is not mapped", pa);
	return 0;
}

static bool in(uint64_t pa, uint64_t base, uint64_t size)
{
	return pa >= base && pa < base + size;
}

/* The redistributor at @pa; *@offset in its two frames. */
static struct model_redistributor *redistributor_at(uint64_t pa, uint64_t *offset)
{
	for (unsigned i = 0; model.version == 3 && i < model.redistributors; i++) {
		*offset = pa - model.redistributor[i].base;
		if (pa >= model.redistributor[i].base && *offset < 2 * MODEL_FRAME)
			return &model.redistributor[i];
	}
	return NULL;
}

/* The set and clear registers of 32 interrupts at @offset, which is theirs. */
static bool is_local(uint64_t offset)
{
	return offset == 0x80 || offset == 0x100 || offset == 0x180 || offset == 0x280 ||
	       offset == 0x380 || in(offset, 0x400, 0x20) || offset == 0xd00;
}

static void write_local(uint32_t *enabled, uint64_t offset, uint32_t value)
{
	if (offset == 0x100)
		*enabled |= value & ~model.secure;
	if (offset == 0x180)
		*enabled &= ~value;
}

static uint32_t read_redistributor(struct model_redistributor *r, uint64_t offset)
{
	switch (offset) {
	case 0:
		return r->busy && r->busy-- ? RWP_R : 0;
	case 0x14:
		if (model.two_states)
			return 0;
		if (!(r->waker & 2) && !model.asleep_for_ever && r->busy && !--r->busy)
			r->waker = 0;
		return r->waker;
	case 0xffe8:
		return 0x3b;
	case MODEL_FRAME + 0x100:
		return r->enabled;
	}
	breaks("read of an odd redistributor register", r->base + offset);
	return 0;
}

static void write_redistributor(struct model_redistributor *r, uint64_t offset, uint32_t value)
{
	if (r->affinity != (model.mpidr[model.cpu] & 0xffffff))
		breaks("write to another CPU's redistributor", r->base + offset);
	if (offset == 0x14) {
		if (!model.two_states)
			r->waker = (value & 2) | (r->waker & 4);
		r->busy = CONFIRM;
		return;
	}
	if (offset < MODEL_FRAME || !is_local(offset - MODEL_FRAME)) {
		breaks("write to an odd redistributor register", r->base + offset);
		return;
	}
	offset -= MODEL_FRAME;
	if (r->waker && !model.two_states)
		breaks("write to a redistributor that sleeps", offset);
	if (offset == 0x100 && r->busy)
		breaks("enabled before all was off", offset);
	if (offset == 0x80)
		r->groups = value;
	if (offset == 0x180)
		r->busy = CONFIRM;
	write_local(&r->enabled, offset, value);
}

static uint32_t read_distributor(uint64_t offset)
{
	switch (offset) {
	case 0:
		if (model.stuck_distributor || (model.dist_busy && model.dist_busy--))
			return model.dist_ctlr | RWP_D;
		return model.dist_ctlr;
	case 4:
		return 2 | (model.range_selector & 1 ? 1u << 26 : 0); /* 96 interrupts */
	case 0x100:
		return model.banked_enabled[model.cpu];
	case 0xffe8:
		return model.version == 3 ? 0x3b : 0x2b;
	}
	if (model.version == 2 && in(offset, 0x800, 0x20)) {
		/* One interrupt that exists is enough to say it, in any byte. */
		if (model.one_interface || offset != 0x814)
			return 0;
		return (1u << (model.cpu + 1)) << 8 * (1 + model.cpu % 3);
	}
	breaks("read of an odd distributor register", offset);
	return 0;
}

static void write_distributor_ctlr(uint32_t value)
{
	uint32_t changed = value ^ model.dist_ctlr;

	if (model.version == 3) {
		if (changed & 0x10 && (model.dist_ctlr | value) & 3)
			breaks("affinity routing changed while a group was enabled", 0);
		if (model.dist_busy)
			breaks("CTLR written before it had confirmed", 0);
		if (value & 3 && !(value & 0x10))
			breaks("a group without affinity routing", 0);
		model.dist_busy = CONFIRM;
	}
	model.dist_ctlr = value;
}

static void write_distributor(uint64_t offset, uint32_t value)
{
	if (offset == 0) {
		write_distributor_ctlr(value);
	} else if (in(offset, 0x184, 2 * 4)) { /* of SPIs, as many as TYPER says */
		if (model.dist_ctlr & 3)
			breaks("SPIs switched off only when the distributor was on", offset);
		model.dist_enabled[(offset - 0x180) / 4] &= ~value;
	} else if (model.version == 2 && is_local(offset)) {
		write_local(&model.banked_enabled[model.cpu], offset, value);
	} else if (model.version == 2 && offset == 0xf00) {
		model.sgir = value;
		event("sgi");
	} else if (model.version != 2 || !in(offset, 0xf10, 0x10)) {
		breaks("write to an odd distributor register", offset);
	}
}

static uint32_t take_acknowledge(void)
{
	uint32_t value = model.acknowledge;

	model.acknowledge = 1023;
	event("acknowledge");
	return value;
}

static void take_end(uint32_t value)
{
	model.ended = value;
	event("end");
}

static uint32_t read_cpuif(uint64_t offset)
{
	if (offset == 0xc)
		return take_acknowledge();
	breaks("read of an odd CPU interface register", offset);
	return 0;
}

static void write_cpuif(uint64_t offset, uint32_t value)
{
	if (offset == 0)
		model.cpuif_ctlr = value;
	else if (offset == 4)
		model.cpuif_pmr = value;
	else if (offset == 0x10)
		take_end(value);
	else if (offset != 8 && offset != 0xd0)
		breaks("write to an odd CPU interface register", offset);
}

uint32_t mmio_read32(uintptr_t address)
{
	uint64_t offset, pa = to_pa(address, 4);
	struct model_redistributor *r = redistributor_at(pa, &offset);

	if (r)
		return read_redistributor(r, offset);
	if (in(pa, MODEL_DIST, MODEL_FRAME))
		return read_distributor(pa - MODEL_DIST);
	if (model.version == 2 && in(pa, MODEL_CPUIF, 0x1000))
		return read_cpuif(pa - MODEL_CPUIF);
	return 0; /* as empty space often reads */
}

uint64_t mmio_read64(uintptr_t address)
{
	uint64_t offset, pa = to_pa(address, 8);
	struct model_redistributor *r = redistributor_at(pa, &offset);

	if (r && offset == 8)
		return (uint64_t)r->affinity << 32 | (r->last ? 0x10 : 0) | (r->vlpis ? 2 : 0);
	breaks("64-bit read of what has none", pa);
	return 0;
}

void mmio_write32(uintptr_t address, uint32_t value)
{
	uint64_t offset, pa = to_pa(address, 4);
	struct model_redistributor *r = redistributor_at(pa, &offset);

	if (r)
		write_redistributor(r, offset, value);
	else if (in(pa, MODEL_DIST, MODEL_FRAME))
		write_distributor(pa - MODEL_DIST, value);
	else if (model.version == 2 && in(pa, MODEL_CPUIF, 0x1000))
		write_cpuif(pa - MODEL_CPUIF, value);
	else
		breaks("write to nothing", pa);
}

void host_barrier(const char *name)
{
	event(name);
}

uint64_t host_read_sysreg(const char *name)
{
	if (!strcmp(name, "mpidr_el1"))
		return model.mpidr[model.cpu];
	if (!strcmp(name, "id_aa64pfr0_el1"))
		return model.no_registers ? 0 : 1UL << 24;
	if (!strcmp(name, "icc_sre_el1"))
		return model.sre;
	if (!strcmp(name, "icc_ctlr_el1"))
		return model.icc_ctlr | (model.range_selector & 2 ? 1UL << 18 : 0);
	if (!strcmp(name, "icc_iar1_el1"))
		return take_acknowledge();
	if (!strcmp(name, "cntv_ctl_el0")) /* ISTATUS is only known while the timer is on */
		return model.cntv_ctl | (model.cntvct >= model.cntv_cval ? 4 : 0);
	if (!strcmp(name, "cntvct_el0"))
		return model.cntvct;
	if (!strcmp(name, "cntfrq_el0"))
		return model.cntfrq;
	breaks(name, 0);
	return 0;
}

void host_write_sysreg(const char *name, uint64_t value)
{
	const struct {
		const char *name;
		uint64_t *at;
	} plain[] = { { "icc_pmr_el1", &model.pmr },
		      { "icc_igrpen1_el1", &model.igrpen1 },
		      { "icc_ctlr_el1", &model.icc_ctlr },
		      { "cntv_cval_el0", &model.cntv_cval },
		      { "cntv_ctl_el0", &model.cntv_ctl },
		      { "icc_bpr1_el1", NULL },
		      { "icc_ap1r0_el1", NULL } };

	if (!strcmp(name, "icc_sre_el1")) {
		model.sre = model.no_sre ? 0 : value | 1;
		return;
	}
	if (!strncmp(name, "icc_", 4) && !(model.sre & 1))
		breaks("system register before SRE", 0);
	if (!strcmp(name, "icc_eoir1_el1")) {
		take_end((uint32_t)value);
	} else if (!strcmp(name, "icc_sgi1r_el1")) {
		model.sgi1r = value;
		event("sgi");
	} else {
		for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
			if (strcmp(name, plain[i].name))
				continue;
			if (plain[i].at)
				*plain[i].at = value;
			return;
		}
		breaks(name, value);
	}
}
