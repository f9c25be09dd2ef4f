// SPDX-License-Identifier: MIT
/*
 * Misuse that must end by panic(): each case runs in a child, of which the message is read.
 */
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/tap.h"

struct misuse {
	const char *name;
	void (*run)(void);
	const char *message; /* what panic() has to say, or a part of it */
};

/* Starts @run in a child, its standard error at the pipe's end that is returned. */
static int misuse_start(void (*run)(void), pid_t *child)
{
	int fds[2];

	fflush(NULL);
	if (pipe(fds) || (*child = fork()) < 0)
		abort();
	if (!*child) {
		dup2(fds[1], STDERR_FILENO);
		run();
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/*
 * Whether @run ends by panic() with a message that contains @message; says on stderr what
 * happened if not.
 */
static bool panics_with(void (*run)(void), const char *message)
{
	char text[4096] = "";
	size_t length = 0;
	ssize_t got;
	int fd, status;
	pid_t child;

	fd = misuse_start(run, &child);
	while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += got;
	close(fd);
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, message))
		return true;
	fprintf(stderr, "expected \"%s\", got status %#x and \"%s\"\n", message, status, text);
	return false;
}

/* One test point a case, whose name begins with @what. */
__attribute__((unused)) static void each_panics(const struct misuse *cases, unsigned n,
						const char *what)
{
	for (unsigned i = 0; i < n; i++)
		ok(panics_with(cases[i].run, cases[i].message), "%s: %s", what, cases[i].name);
}
