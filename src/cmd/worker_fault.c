/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Misbehaviour on order, so that tests can prove what a lost worker costs. The environment
 * LAZARET_WORKER_FAULT="KIND" or "KIND:PART" makes the worker misbehave on every request, or on
 * those whose name contains PART. Kinds: crash (killed by SIGABRT), hang (never answers), garbage
 * (answers with bytes that are no frame), memory (allocates until it fails), spin (burns processor
 * time). Without the variable this is one branch. It gives nobody power over a worker who does not
 * already choose the environment of the server.
 */
#include "cmd/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void crash(const struct worker *worker)
{
	(void)worker;
	/* Not by a bad access: a sanitizer would make a report and an exit status of it. */
	signal(SIGABRT, SIG_DFL);
	dprintf(STDERR_FILENO, "lazaret-worker: crash on order\n");
	abort();
}

static void hang(const struct worker *worker)
{
	(void)worker;
	for (;;) {
		struct timespec second = { .tv_sec = 1 };
		clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
	}
}

static void garbage(const struct worker *worker)
{
	static const char noise[] = "these bytes are not a frame of the worker protocol at all";
	ssize_t ignored = send(worker->socket, noise, sizeof(noise), MSG_NOSIGNAL);
	(void)ignored;
	hang(worker);
}

static void memory(const struct worker *worker)
{
	enum { PIECE = 16 << 20 };
	(void)worker;
	for (;;) {
		char *piece = malloc(PIECE);
		CHECK(piece);
		memset(piece, 1, PIECE);
	}
}

static void spin(const struct worker *worker)
{
	(void)worker;
	for (volatile uint64_t turns = 0;; turns++)
		;
}

void worker_fault(const struct worker *worker, struct str name)
{
	static const struct {
		struct str kind;
		void (*misbehave)(const struct worker *worker);
	} kinds[] = {
		{ STR_INIT("crash"), crash },
		{ STR_INIT("hang"), hang },
		{ STR_INIT("garbage"), garbage },
		{ STR_INIT("memory"), memory },
		{ STR_INIT("spin"), spin },
	};
	if (!worker->fault_plan)
		return;
	struct str part = str_from(worker->fault_plan);
	struct str kind;
	if (!str_cut(&part, ':', &kind) || (part.p && !str_contains(name, part)))
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kind, kinds[i].kind))
			kinds[i].misbehave(worker);
}
