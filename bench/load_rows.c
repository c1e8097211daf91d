/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands behind the rows of registry.py: pushes, uploads, gets.
 *
 * An image set is a directory with a file `list`; each of its lines names one image:
 * CONFIG LAYER MANIFEST, each the hex of a sha256 and the name of a file. Image n is pushed under
 * the tag "nN".
 */
#include "load.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char manifest_type[] = "application/vnd.oci.image.manifest.v1+json";
static const char blob_type[] = "application/octet-stream";

struct file {
	char digest[80]; /* "sha256:…" */
	void *bytes;
	uint64_t n;
};

struct image {
	struct file config, layer, manifest;
};

struct push {
	const char *repository;
	struct image *images;
	uint64_t count;
};

static bool parse_keep(const char *text)
{
	if (strcmp(text, "keep") == 0)
		return true;
	if (strcmp(text, "close") != 0)
		fail("%s is neither keep nor close", text);
	return false;
}

static unsigned parse_threads(const char *text)
{
	uint64_t n = parse_count(text);
	if (!n || n > 4096)
		fail("%s is not a number of threads", text);
	return (unsigned)n;
}

static int open_file(const char *path, uint64_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0)
		fail("%s: %s", path, strerror(errno));
	*n = (uint64_t)info.st_size;
	return fd;
}

static void load_file(const char *directory, struct str name, struct file *file)
{
	char path[4096];
	if (name.n != 64)
		fail("%s/list: a name is not the hex of a digest", directory);
	snprintf(path, sizeof(path), "%s/%.*s", directory, (int)name.n, name.p);
	snprintf(file->digest, sizeof(file->digest), "sha256:%.*s", (int)name.n, name.p);
	int fd = open_file(path, &file->n);
	/* Populated, so that the clock does not measure page faults. */
	file->bytes = mmap(NULL, file->n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (file->bytes == MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

static void load_images(const char *directory, struct push *push)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/list", directory);
	FILE *list = fopen(path, "re");
	if (!list)
		fail("%s: %s", path, strerror(errno));
	char line[512];
	size_t capacity = 0;
	while (fgets(line, sizeof(line), list)) {
		if (push->count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			push->images = realloc(push->images, capacity * sizeof(*push->images));
			if (!push->images)
				fail("out of memory");
		}
		struct image *image = &push->images[push->count++];
		struct str rest = str_trim(str_from(line));
		struct file *files[] = { &image->config, &image->layer, &image->manifest };
		struct str name;
		for (size_t i = 0; i < 3; i++) {
			if (!str_cut(&rest, ' ', &name))
				fail("%s: a line has not three names", path);
			load_file(directory, name, files[i]);
		}
	}
	fclose(list);
	if (!push->count)
		fail("%s: no images", path);
}

/* The place of the upload with the digest asked for; the Location may have a query already. */
static void put_blob(struct client *client, const struct file *file, int fd)
{
	char target[1200];
	const char *mark = strchr(client->location, '?') ? "&" : "?";
	snprintf(target, sizeof(target), "%s%sdigest=%s", client->location, mark, file->digest);
	struct body body = { blob_type, file->bytes, fd, file->n };
	client_expect(client, 201, "PUT", target, &body);
}

static void start_upload(struct client *client, const char *repository)
{
	char target[512];
	snprintf(target, sizeof(target), "/v2/%s/blobs/uploads/", repository);
	client_expect(client, 202, "POST", target, NULL);
}

static void put_manifest(struct client *client, const struct push *push, uint64_t number)
{
	const struct file *manifest = &push->images[number].manifest;
	char target[512];
	snprintf(target, sizeof(target), "/v2/%s/manifests/n%llu", push->repository,
		(unsigned long long)number);
	struct body body = { manifest_type, manifest->bytes, -1, manifest->n };
	client_expect(client, 201, "PUT", target, &body);
}

static void push_step(struct work *work, struct client *client, uint64_t number)
{
	const struct push *push = work->argument;
	const struct image *image = &push->images[number];
	start_upload(client, push->repository);
	put_blob(client, &image->layer, -1);
	start_upload(client, push->repository);
	put_blob(client, &image->config, -1);
	put_manifest(client, push, number);
}

void load_push(const struct address *address, char **argv)
{
	struct push push = { .repository = argv[1] };
	load_images(argv[0], &push);
	struct work work = {
		.address = address,
		.keep = parse_keep(argv[3]),
		.threads = parse_threads(argv[2]),
		.count = push.count,
		.bytes_per_step = push.images[0].layer.n,
		.step = push_step,
		.argument = &push,
	};
	work_run(&work);
}

static void repush_step(struct work *work, struct client *client, uint64_t number)
{
	const struct push *push = work->argument;
	uint64_t n = number % push->count;
	const struct image *image = &push->images[n];
	const struct file *blobs[] = { &image->layer, &image->config };
	char target[512];
	for (size_t i = 0; i < 2; i++) {
		snprintf(target, sizeof(target), "/v2/%s/blobs/%s", push->repository,
			blobs[i]->digest);
		client_expect(client, 200, "HEAD", target, NULL);
	}
	put_manifest(client, push, n);
}

void load_repush(const struct address *address, char **argv)
{
	struct push push = { .repository = argv[1] };
	load_images(argv[0], &push);
	struct work work = {
		.address = address,
		.keep = parse_keep(argv[4]),
		.threads = parse_threads(argv[2]),
		.seconds = parse_seconds(argv[3]),
		.step = repush_step,
		.argument = &push,
	};
	work_run(&work);
}

struct upload {
	const char *repository;
	struct file file;
	int fd;
};

static void upload_step(struct work *work, struct client *client, uint64_t number)
{
	(void)number;
	const struct upload *upload = work->argument;
	start_upload(client, upload->repository);
	put_blob(client, &upload->file, upload->fd);
}

void load_upload(const struct address *address, char **argv)
{
	struct upload upload = { .repository = argv[2] };
	snprintf(upload.file.digest, sizeof(upload.file.digest), "%s", argv[1]);
	upload.fd = open_file(argv[0], &upload.file.n);
	struct work work = {
		.address = address,
		.keep = parse_keep(argv[3]),
		.threads = 1,
		.count = 1,
		.bytes_per_step = upload.file.n,
		.step = upload_step,
		.argument = &upload,
	};
	work_run(&work);
	close(upload.fd);
}

/* Bytes arrive and are given up again: load without an end that fills the disk. */
static void stream_step(struct work *work, struct client *client, uint64_t number)
{
	(void)number;
	const struct upload *upload = work->argument;
	start_upload(client, upload->repository);
	struct body body = { blob_type, NULL, upload->fd, upload->file.n };
	client_expect(client, 202, "PATCH", client->location, &body);
	client_expect(client, 204, "DELETE", client->location, NULL);
}

void load_uploads(const struct address *address, char **argv)
{
	struct upload upload = { .repository = argv[1] };
	upload.fd = open_file(argv[0], &upload.file.n);
	struct work work = {
		.address = address,
		.keep = true,
		.threads = parse_threads(argv[2]),
		.seconds = parse_seconds(argv[3]),
		.bytes_per_step = upload.file.n,
		.step = stream_step,
		.argument = &upload,
	};
	work_run(&work);
	close(upload.fd);
}

struct get {
	const char *path;
	uint64_t bytes;
};

static void get_step(struct work *work, struct client *client, uint64_t number)
{
	(void)number;
	const struct get *get = work->argument;
	client_expect(client, 200, "GET", get->path, NULL);
	if (client->length != get->bytes)
		fail("GET %s: %llu bytes instead of %llu", get->path,
			(unsigned long long)client->length, (unsigned long long)get->bytes);
}

void load_get(const struct address *address, char **argv)
{
	struct get get = { .path = argv[0], .bytes = parse_count(argv[1]) };
	struct work work = {
		.address = address,
		.keep = parse_keep(argv[4]),
		.threads = parse_threads(argv[2]),
		.seconds = parse_seconds(argv[3]),
		.bytes_per_step = get.bytes,
		.step = get_step,
		.argument = &get,
	};
	work_run(&work);
}

void load_probe(const struct address *address, char **argv)
{
	struct get get = { .path = argv[0], .bytes = parse_count(argv[1]) };
	struct work work = {
		.address = address,
		.keep = true,
		.threads = parse_threads(argv[2]),
		.seconds = parse_seconds(argv[3]),
		.pause_us = (int64_t)parse_count(argv[4]) * 1000,
		.bytes_per_step = get.bytes,
		.step = get_step,
		.argument = &get,
	};
	work_run(&work);
}
