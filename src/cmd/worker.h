/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lazaret-worker. One thread, plus the hasher's. */
#ifndef CMD_WORKER_H
#define CMD_WORKER_H

#include "analyze/layer.h"
#include "inventory/protocol.h"

struct worker {
	int socket;
	struct hasher *hasher;
	struct arena *arena;	/* of one layer: reset before each */
	struct strbuf text;	/* an encoded inventory */
	struct strbuf payload;	/* a frame that is put together */
	const char *fault_plan; /* NULL: behave */
};

/* Each answers one request; a failure is that of the conversation, and ends the worker. */
int worker_layer(struct worker *worker, const struct worker_request *request, int fd,
	struct err *err) MUST_CHECK;
int worker_follow(struct worker *worker, const struct worker_request *request, int fd,
	struct err *err) MUST_CHECK;
int worker_archive(struct worker *worker, const struct worker_request *request, int fd,
	struct err *err) MUST_CHECK;

/* Analyzes one layer into worker->text, in wire form. */
void worker_inventory(struct worker *worker, const struct worker_request *request,
	const struct analyze_input *input);

/* Misbehaves if the plan says so for this name (tests; see worker_fault.c). */
void worker_fault(const struct worker *worker, struct str name);

#endif
