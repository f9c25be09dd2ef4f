// SPDX-License-Identifier: MIT
/*
 * What a reader of a log needs to trust its figures.
 */
#pragma once

/* Build, board, CPU and translation regime. After `platform` is filled. */
void print_banner(void);

/* RAM and what was made of it. After boot_memory(). */
void print_memory(void);
