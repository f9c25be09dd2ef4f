// SPDX-License-Identifier: MIT
/*
 * `clk=`: what the CPUs shall run at, and what they do.
 */
#pragma once

#include "drivers/scmi/cpu-clocks.h"

/* This machine's; count is 0 until clk_init(). */
extern struct cpu_clocks cpu_clocks;

/* Finds them; @map as for cpu_clocks_find(). After psci_init(). Boot CPU, once. */
void clk_init(const struct fdt *fdt, scmi_map *map);

/*
 * Does what `clk=` says, or its default: CRYSTAL_MHZ on boards whose rates are known, else nothing.
 * What was set is put back before the run ends (lib/exit.h). Boot CPU, after the command line is
 * read, before anything is measured.
 */
void apply_clk(void);

/* `clk=` as given or by default: "600", "force:1800", "keep". */
#define CLK_TEXT_MAX 16
void clk_text(char *text, size_t size);

/*
 * Measures each CPU whose clock is in cpu_clocks, one at a time: it is started for that and
 * switched off again if it was not online. Boot CPU, after boot_memory().
 */
void clk_measure(void);

/* A line for each clock, after clk_measure(); where there are none one that says why. */
void print_clk(void);
