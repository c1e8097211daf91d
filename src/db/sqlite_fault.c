/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Injected faults below SQLite: a file layer ("VFS") that asks os_fault() before open, write and
 * sync and passes everything else to SQLite's own. It is made and used only when faults are asked
 * for, so that normal operation runs on the library's own code.
 *
 * A file of ours is our method table followed, in the same allocation, by the real file; the real
 * layer is told of the extra room by szOsFile.
 */
#include "db/sqlite.h"

#include "os/fault.h"

#include <pthread.h>

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* directly behind this struct */
};

static sqlite3_vfs *real_layer;
static sqlite3_vfs fault_layer;
static pthread_once_t layer_once = PTHREAD_ONCE_INIT;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct fault_file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), bytes, n, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
	int code = os_fault(OS_FAULT_WRITE, (size_t)n);
	if (code)
		return code == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	code = os_fault(OS_FAULT_SHORT_WRITE, (size_t)n);
	if (code) {
		int half = real_of(file)->pMethods->xWrite(real_of(file), bytes, n / 2, offset);
		return half == SQLITE_OK && code == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	return real_of(file)->pMethods->xWrite(real_of(file), bytes, n, offset);
}

static int file_truncate_to(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync_all(sqlite3_file *file, int flags)
{
	if (os_fault(OS_FAULT_FSYNC, 0))
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size_of(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *held)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(
	sqlite3_file *file, int region, int size, int extend, void volatile **address)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, address);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: without memory mapping, so that every access to the file passes here. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate_to,
	.xSync = file_sync_all,
	.xFileSize = file_size_of,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int layer_open(
	sqlite3_vfs *layer, sqlite3_filename name, sqlite3_file *base, int flags, int *got_flags)
{
	(void)layer;
	struct fault_file *file = (struct fault_file *)(void *)base;
	file->base.pMethods = NULL; /* until then SQLite must not close it */
	file->real = (sqlite3_file *)(void *)(file + 1);
	if (os_fault(OS_FAULT_OPEN, 0))
		return SQLITE_CANTOPEN;
	int code = real_layer->xOpen(real_layer, name, file->real, flags, got_flags);
	if (code == SQLITE_OK)
		file->base.pMethods = &methods;
	return code;
}

static void make_layer(void)
{
	real_layer = sqlite3_vfs_find(NULL);
	CHECK(real_layer);
	fault_layer = *real_layer; /* all that concerns names and time is the real one's */
	fault_layer.zName = "lazaret-faults";
	fault_layer.szOsFile = (int)sizeof(struct fault_file) + real_layer->szOsFile;
	fault_layer.pNext = NULL;
	fault_layer.xOpen = layer_open;
	CHECK(sqlite3_vfs_register(&fault_layer, 0) == SQLITE_OK);
}

const char *sqlite_fault_layer(void)
{
	if (!os_fault_armed())
		return NULL;
	pthread_once(&layer_once, make_layer);
	return fault_layer.zName;
}
