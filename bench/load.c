/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-load: the client of the benchmarks. Each command makes one kind of load and prints one line
 * of JSON. Blobs are files made beforehand (see registry.py), read before the clock starts.
 */
#include "load.h"

#include "base/str.h"

#include <pthread.h>
#include <unistd.h>

struct command {
	const char *name;
	int arguments; /* behind HOST:PORT */
	void (*run)(const struct address *address, char **argv);
	const char *words;
};

static const struct command commands[] = {
	{ "push", 4, load_push, "DIR REPOSITORY THREADS keep|close   each image of DIR/list once" },
	{ "upload", 4, load_upload, "FILE DIGEST REPOSITORY keep|close   one blob" },
	{ "get", 5, load_get, "PATH BYTES THREADS SECONDS keep|close" },
	{ "probe", 5, load_probe,
		"PATH BYTES THREADS SECONDS PAUSE_MS   on kept connections, a pause before each" },
	{ "repush", 5, load_repush, "DIR REPOSITORY THREADS SECONDS keep|close" },
	{ "uploads", 4, load_uploads,
		"FILE REPOSITORY THREADS SECONDS   uploads that are never closed, again and "
		"again" },
	{ "idle", 1, load_idle, "COUNT   holds connections until standard input ends" },
	{ "burst", 2, load_burst, "COUNT SECONDS   so many requests at once, a connection each" },
	{ "slow", 3, load_slow, "head|body COUNT SECONDS   a byte a second on each connection" },
};

double parse_seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);
	if (*end || end == text || !(value > 0) || value > 3600)
		fail("%s is not a number of seconds", text);
	return value;
}

uint64_t parse_count(const char *text)
{
	uint64_t value;
	if (!str_parse_u64(str_from(text), &value))
		fail("%s is not a number", text);
	return value;
}

struct runner {
	struct work *work;
	uint64_t *next; /* shared, atomic */
	int64_t until_us;
	uint32_t *took_us;
	size_t n, capacity;
	int64_t ended_us;
	pthread_t thread;
};

static void note(struct runner *runner, int64_t took_us)
{
	if (runner->n == runner->capacity) {
		runner->capacity = runner->capacity ? 2 * runner->capacity : 4096;
		runner->took_us =
			realloc(runner->took_us, runner->capacity * sizeof(*runner->took_us));
		if (!runner->took_us)
			fail("out of memory");
	}
	runner->took_us[runner->n++] = took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)took_us;
}

static void *run_thread(void *argument)
{
	struct runner *runner = argument;
	struct work *work = runner->work;
	struct client *client = malloc(sizeof(*client));
	if (!client)
		fail("out of memory");
	client_init(client, work->address, work->keep);
	for (;;) {
		if (work->pause_us)
			usleep((useconds_t)work->pause_us);
		uint64_t number = __atomic_fetch_add(runner->next, 1, __ATOMIC_RELAXED);
		int64_t began = now_us();
		if (work->count ? number >= work->count : began >= runner->until_us)
			break;
		work->step(work, client, number);
		note(runner, now_us() - began);
	}
	runner->ended_us = now_us();
	client_close(client);
	free(client);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static double quantile_ms(const uint32_t *sorted, size_t n, double share)
{
	size_t at = (size_t)(share * (double)n);
	return sorted[at < n ? at : n - 1] / 1000.0;
}

static void report(const struct work *work, const uint32_t *sorted, size_t n, double seconds)
{
	printf("{\"steps\": %zu, \"seconds\": %.6f, \"rate\": %.3f, \"bytes_per_second\": %.0f, "
	       "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n",
		n, seconds, (double)n / seconds, (double)n * (double)work->bytes_per_step / seconds,
		quantile_ms(sorted, n, 0.5), quantile_ms(sorted, n, 0.99),
		quantile_ms(sorted, n, 0.999), quantile_ms(sorted, n, 1));
}

void work_run(struct work *work)
{
	struct runner *runners = calloc(work->threads, sizeof(*runners));
	if (!runners || !work->threads)
		fail("threads: none or too many");
	uint64_t next = 0;
	int64_t began = now_us();
	for (unsigned i = 0; i < work->threads; i++) {
		runners[i].work = work;
		runners[i].next = &next;
		runners[i].until_us = began + (int64_t)(work->seconds * 1e6);
		if (pthread_create(&runners[i].thread, NULL, run_thread, &runners[i]))
			fail("cannot start a thread");
	}
	size_t total = 0;
	int64_t ended = began;
	for (unsigned i = 0; i < work->threads; i++) {
		pthread_join(runners[i].thread, NULL);
		total += runners[i].n;
		if (runners[i].ended_us > ended)
			ended = runners[i].ended_us;
	}
	uint32_t *all = malloc((total + 1) * sizeof(*all));
	if (!all || !total)
		fail("nothing was done");
	size_t n = 0;
	for (unsigned i = 0; i < work->threads; i++) {
		if (runners[i].n)
			memcpy(all + n, runners[i].took_us, runners[i].n * sizeof(*all));
		n += runners[i].n;
		free(runners[i].took_us);
	}
	free(runners);
	qsort(all, total, sizeof(*all), compare);
	report(work, all, total, (double)(ended - began) / 1e6);
	free(all);
}

static int usage(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "bench-load %s HOST:PORT %s\n", commands[i].name,
			commands[i].words);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return usage();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (argc != commands[i].arguments + 3)
			return usage();
		struct address address;
		address_parse(argv[2], &address);
		commands[i].run(&address, argv + 3);
		return 0;
	}
	return usage();
}
