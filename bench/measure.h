// SPDX-License-Identifier: MIT
/*
 * What a bench is, and the loop that measures one: each file of benches registers its
 * rows; everything else (rungs, samples, checks, records) is done for them.
 */
#pragma once

#include "bench/rungs/rung.h"
#include "lib/registry.h"
#include "mm/arm64/door.h"
#include "mm/areas/area.h"
#include "mm/map/view/census.h"
#include "mm/map/view/walk.h"

/* Samples take turns over so many physical ranges or page arrays. */
#define BENCH_TURNS 4

enum bench_rung { RUNG_PAGES, RUNG_LINUX, RUNG_SERIES, RUNG_TLBED, RUNG_COUNT };
#define RUNGS_ALL   ((1u << RUNG_COUNT) - 1)
#define RUNGS_TLBED (1u << RUNG_TLBED)
/* The series' question: before, after, and ours. */
#define RUNGS_BEFORE_AFTER_OURS (1u << RUNG_LINUX | 1u << RUNG_SERIES | 1u << RUNG_TLBED)

#define RUNGS_SERIES (1u << RUNG_SERIES)

extern const char *const rung_names[RUNG_COUNT];

struct bench;
struct bench_points;

/* Of the struct pages that a row of HVO is about, what check() found the last time. */
struct vmemmap_use {
	bool known;	       /* there was something to look at */
	uint64_t own_bytes;    /* of leaves that map memory of their own */
	uint64_t shared_bytes; /* of leaves that map the shared page of tails */
	uint64_t table_bytes;  /* of leaf tables */
};

/* What the steps of a bench share: set up by the loop, the rest is the bench's own. */
struct pass {
	const struct bench *bench;
	const struct rung *rung; /* NULL for tlbed */
	unsigned turn;		 /* 0 to BENCH_TURNS - 1 */
	bool checked;		 /* this sample is one that check() sees */
	uint64_t bytes;		 /* of the bench, rounded up to pages */

	void *va; /* mapped by body() or before(); NULL: nothing is */
	uint64_t pa;
	struct vm_struct *area;
	struct page *page, **pages;
	int error; /* of body(); 0 is good */

	/* Pages that check() found at another frame than the array's, where it goes on after one.
	 */
	unsigned long mismapped;

	struct vmemmap_use structs; /* of check(), where struct pages are what the row is about */

	void (*prepare)(void); /* right before the timed body: caches and TLB; NULL: as they are */

	const char *why; /* set with an error: what went wrong, or why this cannot run here */
};

/* In bench.patches: this row's rung `series` has just @set (enum series_patch), and no option's. */
#define SERIES_EXACTLY(set) (1u << 31 | (set))

/*
 * One row, measured on each of its rungs. Steps may be NULL but body; those that return
 * an int give 0 or a negative error, which ends the rung as failed; check() gives -EOPNOTSUPP
 * for what the rung is known to do wrong, which ends it as skipped.
 */
struct bench {
	const char *name;      /* less the rung */
	unsigned rungs;	       /* mask of 1 << enum bench_rung */
	uint64_t bytes;	       /* what one call maps, unmaps or allocates */
	unsigned order;	       /* of the blocks behind it */
	unsigned kind;	       /* the file's own */
	const void *data;      /* the file's own */
	bool only_named;       /* no row of a table: runs if `bench=` selects it, not by default */
	bool ladder;	       /* one record for each of ladder_steps[], in a table of their own */
	unsigned patches;      /* SERIES_EXACTLY(), or 0: what `series=` says */
	bool counts_mismapped; /* check() goes on after a page that is mapped wrong */
	bool alone;	       /* without the live areas that all others find in the region */
	unsigned keeps;	       /* pages that each pass keeps for good, as tables that stay */

	const struct bench_points *points; /* a bench of many points; NULL: it is one itself */
	const struct bench *of;		   /* of a point: the bench that was registered */
	unsigned point;			   /* of a point: which */

	int (*prepare)(struct pass *pass);    /* once, before the first rung; error: skipped */
	int (*before)(struct pass *pass);     /* each sample, untimed */
	void (*body)(struct pass *pass);      /* timed: one public call */
	void (*rung_body)(struct pass *pass); /* the same on the other rungs */
	int (*check)(struct pass *pass);      /* first and last sample, untimed: the read-back */
	int (*after)(struct pass *pass);      /* each sample, untimed */
	void (*finish)(struct pass *pass); /* once, after the last rung, or after prepare failed */
};

/* Longest name of a bench, rung included, with its NUL. */
#define BENCH_NAME_MAX 56

struct result;
struct results;

enum point_wish {
	POINT_AS_NAMED, /* nothing: `bench=` selects */
	POINT_WANTED,	/* without `bench=`, only what is wanted so is run */
	POINT_UNWANTED, /* not even if `bench=` names it */
};

/*
 * A bench with a table of parameters: each entry is a point, a bench with a name, sizes and
 * records of its own, made when the benches are indexed. Names begin with the bench's.
 */
struct bench_points {
	unsigned count;
	/*
	 * Makes @bench, which is a copy of the registered one, point @i: its name, bytes and
	 * what else depends on the parameters. False: this granule has no such point.
	 */
	bool (*make)(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i);
	/*
	 * In place of the measuring loop: the @count points that are selected, in the order of
	 * their numbers, all at once. Each result gets its figures, `failed` or `skipped`.
	 */
	void (*run)(struct result *results, unsigned count);
	/* What a word of the command line's own says of @bench. NULL: there is no such word. */
	enum point_wish (*wish)(const struct bench *bench);
	/* After the last of them: gives back what one point left to the next. */
	void (*done)(void);
	/* Their table, after all rows; @results has at least one of them. */
	void (*report)(const struct results *results);
};

REGISTRY(struct bench, benches);

#define BENCH(ident, ...) REGISTER(struct bench, benches, ident) = { __VA_ARGS__ }

struct stat {
	uint64_t median, min, max; /* median: element n/2 of the sorted */
};

struct event_count; /* bench/pmu/events.h */
struct runs;	    /* bench/silicon/runs.h */

struct result {
	const char *name; /* rung included */
	const struct bench *bench;
	enum bench_rung rung;
	const char *skipped, *failed; /* why; else NULL */
	bool wrong;		      /* skipped, because this rung is known to do it wrong */

	unsigned patches; /* enum series_patch; 0 of other rungs */
	unsigned long samples, pages;
	unsigned long mismapped; /* of pages; 0 where check() stops at the first */
	struct vmemmap_use structs;
	struct stat instructions, cycles, ns;
	uint64_t *sample_cycles; /* in the order taken; NULL where cycles mean nothing */
	struct door_counts work;
	struct map_census census;
	bool has_census;		  /* the call left a mapping */
	struct event_count *event_counts; /* one an event of `events=`; NULL: none counted */
	struct runs *runs;		  /* NULL: none, as under an emulator */
	bool drifted;			  /* the core's clock, by more than 0.1 % */
	uint64_t drifted_hz;		  /* what it was then, farthest from the start's */
};

/* The cost of timing a body that does nothing, subtracted from every sample. */
struct overhead {
	uint64_t instructions, cycles, ticks;
};

typedef void body_t(struct pass *pass);

/* Calls @body once, and keeps what it measured as @sample's. */
typedef void timed_t(body_t *body, struct pass *pass, unsigned long sample);

/* Warm-up passes, as sample 0, and samples, of a body that does nothing; @prepare may be NULL. */
void time_null(timed_t *timed, void (*prepare)(void));

/*
 * The same of the bench and rung in @pass, with all their steps; with @check, the first and the
 * last pass are. 0, or the error of a step; pass->why then may say more.
 */
int time_samples(struct pass *pass, timed_t *timed, bool check);

/* Sorts @values, @n of them, after @overhead was subtracted from each. */
struct stat summarize(uint64_t *values, unsigned long n, uint64_t overhead);

/* Measures it, for the counters as they are now. Once, before bench_measure(). */
void bench_measure_overhead(void);
extern struct overhead bench_overhead;

/* The same with @prepare before each pass, to be subtracted from such samples. */
struct overhead bench_overhead_of(void (*prepare)(void));

/*
 * Takes the samples of bench_measure() once more, with pass->prepare before each: what they come
 * to less @overhead goes into @result's figures. 0, or the error of a pass; @pass says why.
 */
int bench_run_again(struct pass *pass, const struct overhead *overhead, struct result *result);

/* Runs the one rung that @result names. @pass: after prepare(). Fills @result. */
void bench_measure(struct pass *pass, struct result *result);

/*
 * In place of all that, where many passes would take too long: @body timed once, @undo, and @body
 * with the door counting. pass->error may say that either failed; @result has no figures then.
 */
void bench_measure_once(body_t *body, body_t *undo, struct pass *pass, struct result *result);

/* Gives back the samples that bench_measure() kept. */
void bench_forget(struct result *result);
