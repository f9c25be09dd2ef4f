// SPDX-License-Identifier: MIT
/*
 * The log: what is said before the console, CR LF, cutting, the lock and its end.
 * Each case runs in a child of its own, since the log starts only once.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/capture.h"
#include "tests/host/misuse.h"

/* The byte-wise expectations are on capture_raw(). */
static bool got(const char *want)
{
	const char *text = capture_raw();

	if (strcmp(text, want))
		fprintf(stderr, "--- got\n%s\n--- want\n%s\n---\n", text, want);
	return !strcmp(text, want);
}

/* Runs @good on a log that has not started yet. */
static void fresh(bool (*good)(void), const char *what)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		_exit(good() ? 0 : 1);
	ok(child > 0 && waitpid(child, &status, 0) == child && status == 0, "%s", what);
}

static bool early_text(void)
{
	log_printf("first %d\n", 1);
	log_write("second\nthird", 12);
	if (captured_bytes)
		return false;
	log_set_console(&capture_console);
	if (!got("first 1\r\nsecond\r\nthird"))
		return false;
	log_printf(" part\n");
	return got(" part\r\n");
}

static bool nothing_early(void)
{
	log_set_console(&capture_console);
	return got("");
}

/* 4 KiB are kept exactly; 4096 of these 4,199 bytes. */
static bool early_overflow(void)
{
	char want[8192];

	for (int i = 0; i < 4000; i++)
		log_write("x", 1);
	log_printf("%0199d", 0);
	memset(want, 'x', 4000);
	memset(want + 4000, '0', 96);
	strcpy(want + 4096, "\r\n[103 bytes logged before the console were lost]\r\n");
	log_set_console(&capture_console);
	return got(want);
}

static bool early_full(void)
{
	for (int i = 0; i < 4096; i++)
		log_write("y", 1);
	log_set_console(&capture_console);
	return captured_bytes == 4096 && captured[4095] == 'y';
}

static bool newlines(void)
{
	log_set_console(&capture_console);
	log_write("\n\na\n\nb", 6);
	log_write("", 0);
	log_write("nul\0inside\n", 11);
	return captured_bytes == 22 && !memcmp(captured, "\r\n\r\na\r\n\r\nbnul\0inside\r\n", 22);
}

static bool cutting(void)
{
	char want[600];

	log_set_console(&capture_console);
	log_printf("%0510d\n", 0);
	memset(want, '0', 510);
	strcpy(want + 510, "\r\n");
	if (!got(want))
		return false;
	log_printf("%0511d\n", 0);
	strcpy(want + 504, " [cut]\r\n");
	return got(want);
}

static bool long_write(void)
{
	static char text[20001];

	memset(text, 'z', 20000);
	log_set_console(&capture_console);
	log_write(text, 20000);
	return got(text);
}

/* Every call of the driver happens under the lock with IRQs masked; both end with the call. */
static bool locked_inside;

static void look_at_lock(const char *bytes, size_t len)
{
	locked_inside = locked_inside && log_lock.arch.tickets == 1 && host_irq_depth == 1 && len;
	capture_write(bytes, len);
}

static bool locking(void)
{
	static const struct console console = { .write = look_at_lock };

	locked_inside = true;
	log_printf("early\n");
	log_set_console(&console);
	log_printf("a\n\nb\n");
	log_write("c\n", 2);
	log_write("", 0);
	return locked_inside && !log_lock.arch.tickets && !host_irq_depth &&
	       got("early\r\na\r\n\r\nb\r\nc\r\n");
}

static unsigned drains;

static void count_drain(void)
{
	drains += log_lock.arch.tickets == 1 && host_irq_depth == 1;
}

static bool draining(void)
{
	static const struct console console = { .write = capture_write, .drain = count_drain };

	log_drain();
	log_set_console(&console);
	log_printf("a\n");
	log_drain();
	if (drains != 1 || log_lock.arch.tickets || host_irq_depth)
		return false;
	log_set_console(&capture_console);
	log_drain();
	return drains == 1;
}

/* A driver that dies in the middle of a line, as a fault in it would. */
static bool break_lock;

static void dying_write(const char *bytes, size_t len)
{
	static bool dead;

	if (dead) {
		capture_write(bytes, len);
		return;
	}
	dead = true;
	if (break_lock)
		log_break_lock();
	log_printf("panic: died\n");
	_exit(got("panic: died\r\n") && log_lock.arch.tickets == 1 ? 0 : 1);
}

static const struct console dying_console = { .write = dying_write };

static bool lock_broken(void)
{
	break_lock = true;
	log_set_console(&dying_console);
	log_printf("never ends\n");
	return false;
}

static void lock_not_broken(void)
{
	log_set_console(&dying_console);
	log_printf("never ends\n");
}

static bool broken_for_good(void)
{
	log_set_console(&capture_console);
	log_break_lock();
	log_printf("a\n");
	log_printf("b\n");
	return got("a\r\nb\r\n") && !log_lock.arch.tickets && !host_irq_depth;
}

int main(void)
{
	fresh(early_text, "what comes before the console is printed with it, in order");
	fresh(nothing_early, "nothing early, nothing printed");
	fresh(early_overflow, "the first 4 KiB are kept, the rest is counted");
	fresh(early_full, "4 KiB sharp lose nothing");
	fresh(newlines, "newlines become CR LF, all else stays");
	fresh(cutting, "511 bytes are printed whole, 512 are cut");
	fresh(long_write, "log_write() takes any length");
	fresh(locking, "drivers are called under the lock, which is then free");
	fresh(draining, "log_drain() asks the driver, if it can, under the lock");
	fresh(lock_broken, "log_break_lock() lets a dying driver's CPU print");
	ok(panics_with(lock_not_broken, ""), "without it, that is a deadlock");
	fresh(broken_for_good, "a broken lock stays unused");
	return tap_done();
}
