/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer-packages FILE: reads one layer as the worker does, without its box, and prints what was
 * found, a line each, between tabs:
 *
 *   package  PURL  PATH  INSIDE  LICENCE
 *   partial  PATH  WORDS
 *
 * For system tests that compare with other tools what is in a real tree.
 */
#include "analyze/layer.h"
#include "base/cleanup.h"
#include "base/limits.h"

#include <fcntl.h>
#include <stdio.h>

static void print_file(const struct layer_inventory *inventory, const struct layer_file *file)
{
	for (size_t i = 0; i < file->package_count; i++) {
		const struct package *package = &inventory->packages.items[file->first_package + i];
		AUTO_STRBUF struct strbuf purl = STRBUF(LIMIT_METADATA_BYTES);
		package_purl(package, STR("debian"), STR("12"), &purl);
		printf("package\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\n",
			STR_ARG(strbuf_view(&purl)), STR_ARG(file->path), STR_ARG(package->inside),
			STR_ARG(package->licence));
	}
	for (size_t i = 0; i < file->fact_count; i++) {
		const struct layer_fact *fact = &inventory->facts.items[file->first_fact + i];
		if (str_eq(fact->key, LAYER_FACT_PARTIAL))
			printf("partial\t" STR_FMT "\t" STR_FMT "\n", STR_ARG(file->path),
				STR_ARG(fact->value));
	}
}

int main(int argc, char **argv)
{
	const struct analyze_budget budget = { .inflated_bytes = LIMIT_LAYER_INFLATED,
		.entries = LIMIT_LAYER_ENTRIES,
		.database_bytes = LIMIT_DATABASE_BYTES };
	struct layer_inventory inventory;
	struct hasher *hasher;
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || hasher_start(&hasher, &err) < 0) {
		fprintf(stderr, "usage: layer-packages FILE (one that can be read)\n");
		return 2;
	}
	struct arena *arena = arena_new(0);
	struct analyze_input input = { .fd = fd };
	analyze_layer(arena, hasher, &input, &budget, &inventory);
	if (inventory.state != LAYER_OK)
		fprintf(stderr, "not read: " STR_FMT "\n", STR_ARG(inventory.reason));
	for (size_t i = 0; i < inventory.files.n; i++)
		print_file(&inventory, &inventory.files.items[i]);
	hasher_stop(&hasher);
	int status = inventory.state == LAYER_OK ? 0 : 1;
	arena_free(&arena);
	return status;
}
