// SPDX-License-Identifier: MIT
/*
 * The PL011's registers, for the driver and for boot's last words before the MMU is on.
 * Source: Arm PrimeCell UART (PL011) TRM, DDI 0183.
 */
#pragma once

#include "lib/compiler.h"

#define PL011_DR      0x00
#define PL011_FR      0x18
#define PL011_FR_TXFF (1u << 5)
#define PL011_FR_RXFE (1u << 4)
#define PL011_FR_BUSY (1u << 3)

/* A full FIFO of 32 bytes at 115200 baud drains in 3 ms; a dead one must not hang the run. */
#define PL011_SPIN_LIMIT (1u << 24)

/* Device accesses: volatile, 32 bits, in order among themselves. */
static __always_inline uint32_t pl011_read(uintptr_t regs, unsigned offset)
{
	return *(volatile uint32_t *)(regs + offset);
}

/* Whether @bit of FR goes away in time. */
static __always_inline bool pl011_wait_clear(uintptr_t regs, uint32_t bit)
{
	for (unsigned spins = 0; pl011_read(regs, PL011_FR) & bit; spins++)
		if (spins == PL011_SPIN_LIMIT)
			return false;
	return true;
}

/* Sends one byte; drops it if the FIFO stays full. MMU on or off, polled. */
static __always_inline void pl011_send(uintptr_t regs, char c)
{
	if (pl011_wait_clear(regs, PL011_FR_TXFF))
		*(volatile uint32_t *)(regs + PL011_DR) = (unsigned char)c;
}
