// SPDX-License-Identifier: MIT
/*
 * The CPUs' clocks in the context of the results.
 */
#pragma once

#include "drivers/scmi/clk.h"
#include "lib/json.h"

/*
 * What `clk=` was and, where SCMI has the clocks, an array of them: what each was at hand-over and
 * is by firmware's word, what it was set to, and what each CPU of it measured in boot.
 */
void json_clocks(struct json *json);
