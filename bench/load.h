/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of the load generator share: work that several threads do side by side, each
 * with a connection of its own, and the times of its steps. Not thread safe except where it says.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "client.h"

struct work;
/* One step on the thread's own client; number counts the steps of all threads from 0. */
typedef void (*step_fn)(struct work *work, struct client *client, uint64_t number);

struct work {
	const struct address *address;
	bool keep;
	unsigned threads;
	uint64_t count; /* steps in all; 0: until seconds have passed */
	double seconds;
	int64_t pause_us;	 /* before each step, not measured */
	uint64_t bytes_per_step; /* for the report only */
	step_fn step;
	void *argument;
};

/* Runs it and prints one line of JSON: steps, seconds, rate and times in milliseconds. */
void work_run(struct work *work);

double parse_seconds(const char *text);
uint64_t parse_count(const char *text);

/* The commands; argv[0] is the first word behind HOST:PORT. The table with their words: load.c. */
void load_push(const struct address *address, char **argv);
void load_upload(const struct address *address, char **argv);
void load_get(const struct address *address, char **argv);
void load_probe(const struct address *address, char **argv);
void load_repush(const struct address *address, char **argv);
void load_uploads(const struct address *address, char **argv);
void load_idle(const struct address *address, char **argv);
void load_burst(const struct address *address, char **argv);
void load_slow(const struct address *address, char **argv);

#endif
