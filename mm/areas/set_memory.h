// SPDX-License-Identifier: MIT
/*
 * Permissions of pages in the vmalloc region.
 *
 * Linux's names and meanings, for any area (vmalloc, vmalloc_huge, vmap, ioremap) and any of
 * its pages: where @numpages end in the middle of a block or contiguous group, it is split, which
 * Linux refuses (docs/set-memory.md). Other pages of it may be used by any CPU meanwhile, and
 * never fault.
 *
 * All: any CPU, IRQs on, no lock held, not from an interrupt; @addr page aligned; @numpages 0 is
 * fine. The caller keeps the area alive, and two calls about the same pages apart. On return every
 * CPU has the new permissions; until then either may hold. Nothing is changed by an error:
 *	-EINVAL		not all of it pages of one area that are mapped; see below
 *	-EBUSY		the stack that runs lies in the area
 *	-ENOMEM		no page for a table, where something is split
 *	-ETIMEDOUT	a CPU could not be held, where something is split, or executable
 */
#pragma once

#include "lib/compiler.h"

int set_memory_ro(unsigned long addr, int numpages);

/* -EINVAL also: some page is executable (W^X); set_memory_nx() comes first. */
int set_memory_rw(unsigned long addr, int numpages);

/*
 * Executable: what was written there until now is what any CPU fetches on return. -EINVAL also:
 * some page is writable through @addr, is invalid, or is not Normal write-back memory.
 * What is left of W^X: the frames' alias in the linear map, which is never split, stays
 * writable, as Linux's does with rodata=on. Nobody but the frames' owner has it, and whoever
 * writes there calls this again.
 */
int set_memory_x(unsigned long addr, int numpages);
int set_memory_nx(unsigned long addr, int numpages);

/*
 * !@enable: no access goes through; the pages keep address and permissions, which the other
 * calls change as before, and are unmapped like others. @enable: they are back. Who accesses
 * them meanwhile, or calls vmalloc_to_page(), finds nothing there.
 */
int set_memory_valid(unsigned long addr, int numpages, int enable);

/*
 * Undoes splitting: what the pages are part of becomes the largest leaves that alignment and
 * equal permissions allow, in the whole of the area around them, and tables go back. Never done
 * by the others: a change that comes again would split again.
 */
int set_memory_merge(unsigned long addr, int numpages);
