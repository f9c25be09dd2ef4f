// SPDX-License-Identifier: MIT
/*
 * The end of a run.
 */
#pragma once

#include "lib/panic.h"

/*
 * Prints `tlbed: exit status N`, the last line, and does what `exit=` says: power off,
 * reset, halt, or a semihosting exit with N (only when asked for: elsewhere it traps).
 * What cannot be done falls back to waiting for ever.
 */
_Noreturn void exit_run(int status);
