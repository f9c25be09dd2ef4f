// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/area.c mm/areas/vmalloc.c mm/areas/vmap.c mm/areas/ioremap.c mm/map/map.c mm/map/plan.c mm/map/source.c mm/map/unmap.c mm/map/walk.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/ranges.c mm/phys/buddy.c mm/phys/blocks.c mm/phys/hot.c mm/phys/kmalloc.c tests/host/arena.c tests/host/hostile-memory.c tests/host/hostile-tlb.c tests/host/hostile-oracle.c tests/host/hostile-calls.c
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages
// granules: 12 14 16
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/host/hostile-calls.h"
#include "tests/host/hostile.h"
int main(int argc, char **argv)
{
	struct timespec a, b;
	uint64_t calls = argc > 1 ? atol(argv[1]) : 10000;
	calls_init();
	calls_start();
	hostile_start(argc > 2 ? atol(argv[2]) : 1, argc > 3 ? atol(argv[3]) : 4, argc > 4 ? atol(argv[4]) : 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (hostile.calls < calls && !hostile.failed)
		calls_step();
	clock_gettime(CLOCK_MONOTONIC, &b);
	double s = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%lu calls %.0f/s steps %lu events %lu choices %lu walks %lu fills %lu late %lu acc %lu digest %lx\n", hostile.calls, hostile.calls / s, hostile_steps(), hostile.now, hostile.choices, hostile.walks, hostile.fills, hostile.late_stores, hostile.accesses, hostile.digest);
	printf("%s\n", hostile.failed ? hostile.failure : "ok");
	return 0;
}
