/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs as files (driver "fs"):
 *   ROOT/blobs/<algorithm>/<first two hex digits>/<hex>    published, never written to again
 *   ROOT/uploads/<upload id>                               on their way in
 *   ROOT/quarantine/<algorithm>-<hex>                      was damaged, or nobody knew it
 *
 * Publishing: fdatasync the upload, link it to its final name, fsync the directory of that name. A
 * link instead of a rename, because it never replaces what another thread has just published, and
 * because the upload keeps its name until the caller discards it: whatever step fails, here or in
 * the caller's own record, the stage can be opened and published again. When the name is taken by a
 * file of the right size, that file's directory is synced too before we call it success (the other
 * publisher may not have come that far); a file of another size is damage, and the verified bytes
 * replace it (by a rename: then the upload has no name any more).
 *
 * So an upload may share its bytes with a published blob. Such a file has more than one name, and
 * it is never written to or cut: the upload gets a copy of its own first (ROOT/uploads/<id>.copy,
 * then renamed).
 *
 * A stage's name is made durable together with its first bytes. All directories are made and synced
 * when the store opens, so publishing never makes one; they are synced at every opening, because a
 * server that was killed may have made them without coming to the sync.
 *
 * Bytes are appended (O_APPEND), whatever position a reader of the stage's descriptor leaves
 * behind.
 */
#include "blob/driver.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/vec.h"
#include "os/crash.h"
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALGORITHMS = 2, NAME_SIZE = 3 + 128 + 1 }; /* "ab/" and the longest hex */

/* Write-back of an upload is started in steps of this size, so that the closing fsync is short. */
static const uint64_t writeback_step = (uint64_t)8 << 20;

static const char *const algorithm_names[ALGORITHMS] = { "sha256", "sha512" };

struct fs_store {
	struct blob_store base;
	int root;
	int uploads;
	int algorithms[ALGORITHMS];
};

struct fs_stage {
	struct blob_stage base;
	int fd;
	uint64_t size;	  /* bytes that were appended completely */
	uint64_t started; /* up to here write-back was started */
	bool broken;
	bool named;    /* the name is durable */
	bool shared;   /* a published blob has the same bytes */
	char name[65]; /* the upload id */
};

enum { COPY_STEP = 256 << 10, COPY_NAME_SIZE = 65 + sizeof(".copy") };

static struct fs_store *store_of(struct blob_store *store)
{
	return (struct fs_store *)(void *)store;
}

static struct fs_stage *stage_of(struct blob_stage *stage)
{
	return (struct fs_stage *)(void *)stage;
}

static void fs_close(struct blob_store *base)
{
	struct fs_store *store = store_of(base);
	if (store->root >= 0)
		close(store->root);
	if (store->uploads >= 0)
		close(store->uploads);
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (store->algorithms[i] >= 0)
			close(store->algorithms[i]);
	free(store);
}

/* Which directory and which name in it ("ab/abcd…") a digest has; it was validated by the front. */
static int locate(struct fs_store *store, struct str digest, char name[NAME_SIZE])
{
	struct str algorithm;
	str_cut(&digest, ':', &algorithm);
	snprintf(name, NAME_SIZE, "%.2s/%.*s", digest.p, (int)digest.n, digest.p);
	return store->algorithms[str_eq(algorithm, STR("sha512")) ? 1 : 0];
}

static void copy_name(const char *name, char out[COPY_NAME_SIZE])
{
	snprintf(out, COPY_NAME_SIZE, "%s.copy", name);
}

static int copy_bytes(int from, int to, uint64_t n, struct err *err)
{
	AUTO_FREE char *buffer = malloc(COPY_STEP);
	CHECK(buffer);
	for (uint64_t at = 0; at < n;) {
		size_t step = n - at < COPY_STEP ? (size_t)(n - at) : COPY_STEP;
		size_t got;
		int result = file_read_at(from, buffer, step, at, &got, err);
		if (result == 0 && got < step)
			result = err_set(err, EIO, "the bytes end at %" PRIu64, at + got);
		if (result == 0)
			result = file_write_all(to, buffer, got, err);
		if (result < 0)
			return err_trace(err, result);
		at += got;
	}
	return 0;
}

/* Gives the stage a file of its own with the first n bytes; until that is whole and durable the
 * upload's name stays where it is. */
static int unshare(struct fs_stage *stage, uint64_t n, struct err *err)
{
	int uploads = store_of(stage->base.store)->uploads;
	char copy[COPY_NAME_SIZE];
	copy_name(stage->name, copy);
	AUTO_CLOSE int fd = -1;
	int result = file_open_at(
		uploads, copy, O_RDWR | O_APPEND | O_NOFOLLOW | O_CREAT | O_TRUNC, 0600, &fd, err);
	if (result == 0)
		result = copy_bytes(stage->fd, fd, n, err);
	if (result == 0)
		result = file_sync(fd, err);
	if (result == 0)
		result = file_rename_at(uploads, copy, uploads, stage->name, err);
	if (result < 0) {
		int ignored = file_remove_at(uploads, copy, NULL);
		(void)ignored;
		return err_wrap(err, result, "separating upload %s from its blob", stage->name);
	}
	close(stage->fd);
	stage->fd = TAKE_FD(fd);
	stage->shared = false;
	stage->named = false;
	return 0;
}

/* Makes the open file of the stage hold exactly its size. BLOB_LOST: it is shorter. */
static int settle_size(struct fs_stage *stage, struct err *err)
{
	struct stat info;
	if (fstat(stage->fd, &info) != 0)
		return err_sys(err, "asking for an upload's size");
	uint64_t there = (uint64_t)info.st_size;
	if (there < stage->size)
		return BLOB_LOST;
	stage->shared = info.st_nlink > 1;
	if (there == stage->size)
		return 0;
	int result = stage->shared ? unshare(stage, stage->size, err)
				   : file_truncate(stage->fd, stage->size, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int open_upload(struct fs_stage *stage, struct err *err)
{
	/* Where bytes must be, an empty file would only hide that they are not. */
	int create = stage->size ? 0 : O_CREAT;
	int result = file_open_at(store_of(stage->base.store)->uploads, stage->name,
		O_RDWR | O_APPEND | O_NOFOLLOW | create, 0600, &stage->fd, err);
	if (result == -ENOENT && stage->size) /* the kernel's word becomes our outcome here */
		return BLOB_LOST;
	return result < 0 ? err_trace(err, result) : settle_size(stage, err);
}

static int fs_stage_open(struct blob_store *base, struct str upload_id, uint64_t offset,
	struct blob_stage **stage, struct err *err)
{
	struct fs_stage *opened = calloc(1, sizeof(*opened));
	CHECK(opened && upload_id.n < sizeof(opened->name));
	opened->base.store = base;
	opened->fd = -1;
	opened->size = opened->started = offset;
	opened->named = offset > 0; /* the sync that was told to the database made it so */
	memcpy(opened->name, upload_id.p, upload_id.n);
	int result = open_upload(opened, err);
	if (result) {
		if (opened->fd >= 0)
			close(opened->fd);
		result = result < 0 ? err_wrap(err, result, "opening upload %s", opened->name)
				    : result;
		free(opened);
		return result;
	}
	*stage = &opened->base;
	return 0;
}

static int check_whole(const struct fs_stage *stage, struct err *err)
{
	return stage->broken ? err_set(err, EIO, "upload %s failed before", stage->name) : 0;
}

static int fs_stage_append(struct blob_stage *base, const void *bytes, size_t n, struct err *err)
{
	struct fs_stage *stage = stage_of(base);
	int result = check_whole(stage, err);
	if (result == 0 && stage->shared)
		result = unshare(stage, stage->size, err);
	if (result < 0)
		return err_trace(err, result);
	result = file_write_all(stage->fd, bytes, n, err);
	if (result < 0) {
		if (file_truncate(stage->fd, stage->size, NULL) < 0)
			stage->broken = true;
		return err_wrap(err, result, "upload %s", stage->name);
	}
	stage->size += n;
	if (stage->size - stage->started >= writeback_step) {
		file_start_writeback(stage->fd, stage->started, stage->size - stage->started);
		stage->started = stage->size;
	}
	return 0;
}

/* Removes the upload's name; one that cannot be removed is litter that the caller need not know. */
static void drop_upload(const struct fs_stage *stage)
{
	int result = file_remove_at(store_of(stage->base.store)->uploads, stage->name, NULL);
	(void)result;
}

static int sync_bytes(struct fs_stage *stage, struct err *err)
{
	int result = check_whole(stage, err);
	if (result < 0)
		return err_trace(err, result);
	result = file_sync(stage->fd, err);
	if (result < 0) {
		/* The kernel may have dropped the pages: another fsync would succeed without them.
		 */
		stage->broken = true;
		drop_upload(stage);
		return err_wrap(err, result, "upload %s must start again", stage->name);
	}
	return 0;
}

static int fs_stage_sync(struct blob_stage *base, struct err *err)
{
	struct fs_stage *stage = stage_of(base);
	int result = sync_bytes(stage, err);
	if (result == 0 && !stage->named)
		result = file_sync_dir_at(store_of(base->store)->uploads, err);
	if (result < 0)
		return err_trace(err, result);
	stage->named = true;
	return 0;
}

static int fs_stage_fd(struct blob_stage *stage)
{
	return stage_of(stage)->fd;
}

/* By the name, which leads to the same file until the stage is closed, discarded or unshared. */
static int fs_stage_reader(struct blob_stage *base, int *fd, struct err *err)
{
	const struct fs_stage *stage = stage_of(base);
	int result = file_open_at(
		store_of(base->store)->uploads, stage->name, O_RDONLY | O_NOFOLLOW, 0, fd, err);
	return result < 0 ? err_wrap(err, result, "reading upload %s", stage->name) : 0;
}

static void fs_stage_close(struct blob_stage *base)
{
	struct fs_stage *stage = stage_of(base);
	close(stage->fd);
	free(stage);
}

static int fs_stage_discard(struct blob_store *base, struct str upload_id, struct err *err)
{
	char name[65];
	CHECK(upload_id.n < sizeof(name));
	memcpy(name, upload_id.p, upload_id.n);
	name[upload_id.n] = '\0';
	char copy[COPY_NAME_SIZE];
	copy_name(name, copy);
	int result = file_remove_at(store_of(base)->uploads, copy, err);
	if (result == 0)
		result = file_remove_at(store_of(base)->uploads, name, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int fs_stage_list(struct blob_store *base, struct arena *arena, struct str **ids,
	size_t *count, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int result =
		file_open_at(store_of(base)->uploads, ".", O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	DIR *directory = fdopendir(fd);
	if (!directory)
		return err_sys(err, "listing uploads");
	(void)TAKE_FD(fd); /* the directory owns it now */
	VEC(struct str) found = { 0 };
	errno = 0;
	for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
		if (entry->d_name[0] != '.')
			AVEC_PUSH(arena, &found, arena_str(arena, str_from(entry->d_name)));
	}
	if (errno)
		result = err_sys(err, "listing uploads");
	closedir(directory);
	*ids = found.items;
	*count = found.n;
	return result;
}

/* The name is taken: by the same blob, or by a damaged file that the verified bytes replace. */
static int settle_existing(struct fs_store *store, struct fs_stage *stage, int directory,
	const char *name, struct err *err)
{
	struct stat info;
	if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys(err, "looking at blob %s", name);
	if (S_ISREG(info.st_mode) && (uint64_t)info.st_size == stage->size)
		return 0;
	int result = file_rename_at(store->uploads, stage->name, directory, name, err);
	return result < 0 ? err_wrap(err, result, "replacing a damaged blob") : 0;
}

static int sync_directory_of(int algorithm, const char *name, struct err *err)
{
	char prefix[3] = { name[0], name[1], '\0' };
	AUTO_CLOSE int fd = -1;
	int result = file_open_at(algorithm, prefix, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (result == 0)
		result = file_sync_dir_at(fd, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int publish(struct fs_stage *stage, struct str digest, struct err *err)
{
	struct fs_store *store = store_of(stage->base.store);
	char name[NAME_SIZE];
	int directory = locate(store, digest, name);
	int result = sync_bytes(stage, err);
	if (result < 0)
		return err_trace(err, result);
	crash_point(CRASH_PUBLISH_SYNCED);
	result = file_link_at(store->uploads, stage->name, directory, name, err);
	if (result == FILE_EXISTS)
		result = settle_existing(store, stage, directory, name, err);
	if (result == 0)
		crash_point(CRASH_PUBLISH_LINKED);
	if (result == 0)
		result = sync_directory_of(directory, name, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int fs_publish(struct blob_stage *stage, struct str digest, struct err *err)
{
	int result = publish(stage_of(stage), digest, err);
	fs_stage_close(stage);
	return result < 0 ? err_wrap(err, result, "publishing " STR_FMT, STR_ARG(digest)) : 0;
}

static int fs_open(
	struct blob_store *base, struct str digest, int *fd, uint64_t *size, struct err *err)
{
	char name[NAME_SIZE];
	int directory = locate(store_of(base), digest, name);
	AUTO_CLOSE int opened = -1;
	int result = file_open_at(directory, name, O_RDONLY | O_NOFOLLOW, 0, &opened, err);
	if (result == -ENOENT) /* the kernel's word for absent becomes our outcome here */
		return BLOB_ABSENT;
	if (result == 0)
		result = file_size(opened, size, err);
	if (result < 0)
		return err_wrap(err, result, "opening " STR_FMT, STR_ARG(digest));
	*fd = TAKE_FD(opened);
	return 0;
}

static int fs_delete(struct blob_store *base, struct str digest, struct err *err)
{
	char name[NAME_SIZE];
	int directory = locate(store_of(base), digest, name);
	return file_remove_at(directory, name, err);
}

static int fs_delete_sync(struct blob_store *base, struct str digest, struct err *err)
{
	char name[NAME_SIZE];
	int directory = locate(store_of(base), digest, name);
	return sync_directory_of(directory, name, err);
}

static int fs_stage_peek(
	struct blob_store *base, struct str upload_id, bool *shared, int *fd, struct err *err)
{
	char name[65];
	struct stat info;
	CHECK(upload_id.n < sizeof(name));
	snprintf(name, sizeof(name), "%.*s", (int)upload_id.n, upload_id.p);
	int uploads = store_of(base)->uploads;
	if (fstatat(uploads, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : err_sys(err, "looking at upload %s", name);
	if (!S_ISREG(info.st_mode) || info.st_nlink < 2)
		return 0;
	int result = file_open_at(uploads, name, O_RDONLY | O_NOFOLLOW, 0, fd, err);
	if (result == -ENOENT) /* its upload ended between the two looks */
		return 0;
	*shared = result == 0;
	return result < 0 ? err_wrap(err, result, "opening upload %s", name) : 0;
}

/* --- what is there, and out of the way with it */

/* The directory of a part: the algorithm itself (then prefix is ""), or one of its 256. */
static int part_directory(struct fs_store *store, unsigned part, char prefix[3], size_t *algorithm)
{
	*algorithm = part / 257;
	unsigned n = part % 257;
	uint8_t byte = (uint8_t)n;
	prefix[0] = '\0';
	if (n < 256)
		hex_encode(&byte, 1, prefix);
	return store->algorithms[*algorithm];
}

static bool is_prefix(const char *name)
{
	return strlen(name) == 2 && hex_is_lower(str_from(name));
}

/* How an entry counts; false: a directory of ours. */
static bool describe(struct arena *arena, int directory, size_t algorithm, const char *prefix,
	const char *name, struct blob_file *file)
{
	struct stat info = { 0 };
	bool known = fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*prefix && is_prefix(name) && known && S_ISDIR(info.st_mode))
		return false;
	*file = (struct blob_file){
		.path = arena_printf(arena, "%s/%s%s%s", algorithm_names[algorithm], prefix,
			*prefix ? "/" : "", name),
		.shared = known && S_ISREG(info.st_mode) && info.st_nlink > 1,
	};
	if (*prefix && str_starts(str_from(name), str_from(prefix)))
		file->digest = arena_printf(arena, "%s:%s", algorithm_names[algorithm], name);
	return true;
}

static int fs_files(struct blob_store *base, struct arena *arena, unsigned part,
	struct blob_file **files, size_t *count, struct err *err)
{
	char prefix[3];
	size_t algorithm;
	int parent = part_directory(store_of(base), part, prefix, &algorithm);
	AUTO_CLOSE int fd = -1;
	int result = file_open_at(
		parent, *prefix ? prefix : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	DIR *directory = fdopendir(fd);
	if (!directory)
		return err_sys(err, "listing blobs");
	int entries = TAKE_FD(fd); /* the directory owns it now */
	VEC(struct blob_file) found = { 0 };
	errno = 0;
	for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
		struct blob_file file;
		const char *name = entry->d_name;
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (describe(arena, entries, algorithm, prefix, name, &file))
			AVEC_PUSH(arena, &found, file);
	}
	if (errno)
		result = err_sys(err, "listing blobs");
	closedir(directory);
	*files = found.items;
	*count = found.n;
	return result;
}

/* A name in the quarantine that nothing has: path with "-" for "/", and a number where needed. */
static int free_name(
	struct arena *arena, int quarantine, struct str path, struct str *name, struct err *err)
{
	char *flat = arena_cstr(arena, path);
	for (char *c = flat; *c; c++)
		if (*c == '/')
			*c = '-';
	*name = str_from(flat);
	struct stat info;
	for (unsigned n = 1; fstatat(quarantine, name->p, &info, AT_SYMLINK_NOFOLLOW) == 0; n++)
		*name = arena_printf(arena, "%s.%u", flat, n);
	return errno == ENOENT ? 0 : err_sys(err, "looking for a name in the quarantine");
}

static int open_quarantine(const struct fs_store *store, int *fd, struct err *err)
{
	if (mkdirat(store->root, "quarantine", 0700) != 0 && errno != EEXIST)
		return err_sys(err, "making the quarantine");
	int result = file_sync_dir_at(store->root, err);
	if (result == 0)
		result = file_open_at(
			store->root, "quarantine", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, fd, err);
	return result < 0 ? err_trace(err, result) : 0;
}

/* The directory it leaves, after it has left. */
static int sync_parent(const struct fs_store *store, struct str path, struct err *err)
{
	size_t slash = str_rfind(path, '/');
	char name[PATH_MAX];
	snprintf(name, sizeof(name), "blobs/%.*s", (int)slash, path.p);
	AUTO_CLOSE int fd = -1;
	int result = file_open_at(store->root, name, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (result == 0)
		result = file_sync_dir_at(fd, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int fs_quarantine(struct blob_store *base, struct arena *arena, const struct blob_file *file,
	struct str *name, struct err *err)
{
	struct fs_store *store = store_of(base);
	struct str digest = file->digest, path = file->path, wanted = file->path, algorithm;
	if (digest.n) {
		str_cut(&digest, ':', &algorithm);
		path = arena_printf(arena, STR_FMT "/%.2s/" STR_FMT, STR_ARG(algorithm), digest.p,
			STR_ARG(digest));
		wanted = arena_printf(
			arena, STR_FMT "-" STR_FMT, STR_ARG(algorithm), STR_ARG(digest));
	}
	struct str from = arena_printf(arena, "blobs/" STR_FMT, STR_ARG(path));
	struct stat info;
	if (fstatat(store->root, from.p, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? BLOB_ABSENT : err_sys(err, "looking at %s", from.p);
	AUTO_CLOSE int quarantine = -1;
	int result = open_quarantine(store, &quarantine, err);
	if (result == 0)
		result = free_name(arena, quarantine, wanted, name, err);
	if (result == 0)
		result = file_rename_at(store->root, from.p, quarantine, name->p, err);
	if (result == 0)
		result = file_sync_dir_at(quarantine, err);
	if (result == 0)
		result = sync_parent(store, path, err);
	return result < 0 ? err_wrap(err, result, "moving %s to the quarantine", from.p) : 0;
}

static const struct blob_driver driver = {
	.name = "fs",
	.close = fs_close,
	.stage_open = fs_stage_open,
	.stage_append = fs_stage_append,
	.stage_sync = fs_stage_sync,
	.stage_fd = fs_stage_fd,
	.stage_reader = fs_stage_reader,
	.stage_close = fs_stage_close,
	.stage_discard = fs_stage_discard,
	.stage_list = fs_stage_list,
	.publish = fs_publish,
	.open = fs_open,
	.delete = fs_delete,
	.delete_sync = fs_delete_sync,
	.stage_peek = fs_stage_peek,
	.files = fs_files,
	.quarantine = fs_quarantine,
};

static int open_directory(const char *root, const char *name, char *path, int *fd, struct err *err)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", root, name);
	if (n < 0 || n >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%s", root);
	int result = file_make_dirs(path, 0700, err);
	if (result == 0)
		result = file_open(path, O_RDONLY | O_DIRECTORY, 0, fd, err);
	return result < 0 ? err_trace(err, result) : 0;
}

/* The 256 directories of one algorithm, durable. */
static int make_prefixes(int algorithm, const char *path, struct err *err)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		char prefix[3];
		hex_encode(&byte, 1, prefix);
		if (mkdirat(algorithm, prefix, 0700) != 0 && errno != EEXIST)
			return err_sys(err, "making directory %s/%s", path, prefix);
	}
	int result = file_sync_dir_at(algorithm, err);
	return result < 0 ? err_wrap(err, result, "%s", path) : 0;
}

static int open_all(struct fs_store *store, const char *root, struct err *err)
{
	char path[PATH_MAX];
	int result = open_directory(root, "uploads", path, &store->uploads, err);
	if (result == 0)
		result = file_open(root, O_RDONLY | O_DIRECTORY, 0, &store->root, err);
	for (size_t i = 0; i < ALGORITHMS && result == 0; i++) {
		char name[16];
		snprintf(name, sizeof(name), "blobs/%s", algorithm_names[i]);
		result = open_directory(root, name, path, &store->algorithms[i], err);
		if (result == 0)
			result = make_prefixes(store->algorithms[i], path, err);
	}
	snprintf(path, sizeof(path), "%s/blobs", root); /* its length was checked above */
	if (result == 0)
		result = file_sync_dir(path, err);
	if (result == 0)
		result = file_sync_dir(root, err);
	return result < 0 ? err_trace(err, result) : 0;
}

int blob_store_open_fs(const char *root, struct blob_store **store, struct err *err)
{
	struct fs_store *made = malloc(sizeof(*made));
	CHECK(made);
	*made = (struct fs_store){
		.base.driver = &driver, .root = -1, .uploads = -1, .algorithms = { -1, -1 }
	};
	int result = open_all(made, root, err);
	if (result < 0) {
		fs_close(&made->base);
		return err_wrap(err, result, "opening the blob store");
	}
	*store = &made->base;
	return 0;
}
