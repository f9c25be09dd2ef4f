// SPDX-License-Identifier: MIT
/*
 * The few words that C lacks. Nothing here touches the machine.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define noinline	    __attribute__((noinline))
#define __printf_like(f, a) __attribute__((format(printf, f, a)))

#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* @a is a power of two. */
#define ALIGN_UP(x, a)	   (((x) + ((a)-1)) & ~((a)-1))
#define ALIGN_DOWN(x, a)   ((x) & ~((a)-1))
#define IS_ALIGNED(x, a)   (((x) & ((a)-1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define KiB (1UL << 10)
#define MiB (1UL << 20)
#define GiB (1UL << 30)

/* Floor of the binary logarithm; @x is not 0. */
static __always_inline unsigned ilog2(uint64_t x)
{
	return 63 - __builtin_clzll(x);
}

/* A volatile access that the compiler neither repeats, tears nor omits. */
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
