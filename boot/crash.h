// SPDX-License-Identifier: MIT
/*
 * Ends on purpose.
 */
#pragma once

/* Does what `crash=` says; returns if it says nothing. After the memory is up, boot CPU. */
void crash_if_asked(void);
