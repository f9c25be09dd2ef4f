// SPDX-License-Identifier: MIT
/*
 * The only program of the initramfs: loads /peer.ko, which measures, and says how it went. Without
 * a C library, which few have for arm64: raw system calls (Linux's asm-generic/unistd.h).
 */

enum { SYS_OPENAT = 56, SYS_WRITE = 64, SYS_PPOLL = 73, SYS_SYSLOG = 116, SYS_FINIT_MODULE = 273 };

#define AT_FDCWD		    (-100)
#define SYSLOG_ACTION_CONSOLE_LEVEL 8

static long call(long number, long a, long b, long c, long d)
{
	register long x8 asm("x8") = number;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;

	asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(SYS_WRITE, 1, (long)text, length, 0);
}

/* The kernel may print in the background: what it has to say must be out before the last line. */
static void wait_for_console(void)
{
	long second[2] = { 1, 0 };

	call(SYS_PPOLL, 0, 0, (long)second, 0);
}

static long load(const char *path)
{
	long file = call(SYS_OPENAT, AT_FDCWD, (long)path, 0, 0);

	return file < 0 ? file : call(SYS_FINIT_MODULE, file, (long)"", 0, 0);
}

/*
 * The exit line is tlbed's own, so that its runner judges and ends QEMU. Nothing may follow it: no
 * power-off, which the kernel announces whatever the console's level is.
 */
void _start(void)
{
	long error = load("/peer.ko");

	wait_for_console();
	call(SYS_SYSLOG, SYSLOG_ACTION_CONSOLE_LEVEL, 0, 1, 0);
	say(error ? "tlbed: exit status 1\n" : "tlbed: exit status 0\n");
	for (;;)
		call(SYS_PPOLL, 0, 0, 0, 0); /* for ever */
}
