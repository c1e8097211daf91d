/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() for fuzz targets without a fuzzing engine: runs the target once over every file given, or
 * below every directory given, so that seeds and old crashes are ordinary tests under any compiler.
 * An empty set of inputs is a failure: a test that ran nothing must not pass.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static unsigned inputs;

static int run_file(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)walk;
	if (type != FTW_F)
		return 0;
	FILE *file = fopen(path, "rbe");
	if (!file) {
		perror(path);
		return 1;
	}
	size_t size = (size_t)st->st_size;
	uint8_t *bytes = malloc(size ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size) {
		perror(path);
		fclose(file);
		free(bytes);
		return 1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	inputs++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], run_file, 16, FTW_PHYS)) {
			fprintf(stderr, "%s: cannot replay\n", argv[i]);
			return 1;
		}
	}
	printf("replayed %u inputs\n", inputs);
	return inputs ? 0 : 1;
}
