// SPDX-License-Identifier: MIT
/*
 * Self-registration: an object names its kind, the linker gathers the kind
 * into one array. Adding a test, a bench, a driver or an option is adding a file.
 *
 * The section's name is a C identifier, so that every linker (GNU ld, lld, the
 * host's) defines __start_KIND and __stop_KIND by itself.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Defines and registers one object:
 *	REGISTER(struct test, tests, probe_null) = { .name = "probe/null", ... };
 * @kind is the section; all its objects have type @type.
 */
#define REGISTER(type, kind, ident) \
	static const type kind##_##ident __attribute__((used, section(#kind), aligned(8)))

#define REGISTRY(type, kind) extern const type __start_##kind[], __stop_##kind[]

#define for_each_registered(p, kind) for (p = __start_##kind; p < __stop_##kind; p++)
