// SPDX-License-Identifier: MIT
/*
 * Per-CPU objects that come and go; variables that are there for good: lib/percpu.h.
 *
 * Linux's names and meanings. All: any CPU, after cpus_init(), not from inside the page
 * allocator. An object has a copy for each possible CPU, [0, nr_cpus), online or not.
 */
#pragma once

#include "drivers/smp/cpus.h"
#include "mm/arm64/layout.h"

/* The most that an object can have, and what one CPU has of each chunk. */
#define PCPU_MIN_UNIT_SIZE ALIGN_UP(32 * KiB, PAGE_SIZE)

/* Sizes are multiples of this, alignments no less. */
#define PCPU_MIN_ALLOC_SIZE 4UL

/*
 * An object of @size bytes, 1 to PCPU_MIN_UNIT_SIZE, each copy at a multiple of @align, a power
 * of two up to PAGE_SIZE (less than 4 is 4), reading zero. What it returns is no address: only
 * per_cpu_ptr() makes it one, anything else that goes there faults. It looks into a few chunks,
 * each in O(objects in it), and into those of which the longest hole is not known exactly, no more
 * than there were calls; into all of them only where it would fail otherwise.
 * NULL: no memory, no addresses; a bad size or alignment, one line in the log.
 */
void *__alloc_percpu(size_t size, size_t align);

/* The same for an object of @type. */
#define alloc_percpu(type) ((type *)__alloc_percpu(sizeof(type), __alignof__(type)))

/*
 * Gives an object back. NULL is a no-op. What __alloc_percpu() did not return, or is given back
 * already, is refused with one line in the log.
 */
void free_percpu(const void *object);

/* The address of the copy of @cpu, less than nr_cpus; that CPU need not be online. */
#define per_cpu_ptr(object, cpu)                                   \
	((__typeof__(object))(VMALLOC_START + (uint64_t)(object) + \
			      (uint64_t)(cpu)*PCPU_MIN_UNIT_SIZE))

/* Of this CPU's copy. The caller stays on it: nothing here moves anybody. */
#define this_cpu_ptr(object) per_cpu_ptr(object, smp_processor_id())
