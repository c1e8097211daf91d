/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every size an outsider controls has its limit here, with the reason. Going over one is a clear
 * error, never a crash. Limits that operators may want to move are settings (cmd/settings.def)
 * whose defaults come from here.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* The distribution specification asks registries to accept manifests of at least 4 MiB. */
#define LIMIT_MANIFEST_BYTES  ((size_t)4 << 20)
/* A request body that is collected before its handler runs: a manifest is the largest such. */
#define LIMIT_BODY_BYTES      ((size_t)4 << 20)
/* Values in the JSON of a manifest or configuration: an index of 10,000 entries with platforms and
 * annotations has some 200,000, and each value costs up to 250 bytes once it is parsed. */
#define LIMIT_DOCUMENT_VALUES ((size_t)300000)
/* An image configuration is JSON of some kB; more is not an image configuration. */
#define LIMIT_CONFIG_BYTES    ((size_t)8 << 20)
/* Repository name with host must fit in 255 characters for common clients (distribution spec). */
#define LIMIT_REPOSITORY_NAME 255
/* Tag grammar of the distribution specification. */
#define LIMIT_TAG_NAME	      128
/* Tags that one push of a manifest by digest may set; the specification asks for at least 10. */
#define LIMIT_TAGS_PER_PUSH   100
/* Ranges of one request for a blob: clients that fetch single files of a layer ask for some ten;
 * each one costs a read and a head. */
#define LIMIT_RANGES	      32
/* Layers in one image: overlayfs stops at 128 or 500; more only serves to multiply work. */
#define LIMIT_LAYERS	      1000
/* Entries of one index: platforms times attestations; each one is checked in the database. */
#define LIMIT_INDEX_ENTRIES   10000
/* Page size of lists: what one answer may cost. */
#define LIMIT_PAGE	      1000

/* Bytes one layer may inflate to: larger than any real layer seen, and about 30 s of inflating. */
#define LIMIT_LAYER_INFLATED   ((uint64_t)32 << 30)
/* Tar entries of one layer; the largest real layers have some 100,000. */
#define LIMIT_LAYER_ENTRIES    ((uint64_t)4 << 20)
/* One package database or other text file that an analyzer reads whole; real ones are below 20 MB.
 */
#define LIMIT_DATABASE_BYTES   ((size_t)128 << 20)
/* One executable or Java archive, which is read whole because its directory stands at its end; and
 * all archives that are open inside each other. Server jars and browsers are below 200 MB. */
#define LIMIT_SPOOL_BYTES      ((size_t)384 << 20)
/* Archives inside archives: an ear with a war with a jar with a shaded jar is 4. */
#define LIMIT_NESTED_DEPTH     8
/* What archives inside the archives of one layer may unpack to: ten of the largest server jars. */
#define LIMIT_NESTED_BYTES     ((uint64_t)2 << 30)
/* Members of all archives of one layer; the largest application servers have some 300,000. */
#define LIMIT_NESTED_ENTRIES   ((uint64_t)4 << 20)
/* Metadata of one language package: package.json and the like; real ones are below 2 MB. */
#define LIMIT_METADATA_BYTES   ((size_t)16 << 20)
/* A list of all packages of an application: installed.json, deps.json; real ones are below 10 MB.
 */
#define LIMIT_LIST_BYTES       ((size_t)64 << 20)
/* JSON values in such a file, each some 100 bytes while it is read. */
#define LIMIT_METADATA_VALUES  ((size_t)1000000)
/* Packages of one layer; the largest distributions' full installs have some 60,000. */
#define LIMIT_LAYER_PACKAGES   ((size_t)250000)
/* Whiteouts kept of one layer. */
#define LIMIT_LAYER_WHITEOUTS  ((size_t)250000)
/* One field of a package (name, version, maintainer …); real ones are below 300 bytes. */
#define LIMIT_PACKAGE_TEXT     ((size_t)4096)
/* A small text file that is kept whole (os-release, apk repositories): real ones are below 2 kB. */
#define LIMIT_TEXT_FILE_BYTES  ((size_t)64 << 10)
/* Facts (lines of os-release and the like) of one layer. */
#define LIMIT_LAYER_FACTS      ((size_t)10000)
/* Things inside one image archive that its reader hears of: layers, documents and links. */
#define LIMIT_ARCHIVE_ENTRIES  ((size_t)20000)
/* What all answers about one image archive may hold together. */
#define LIMIT_ARCHIVE_BYTES    ((size_t)512 << 20)
/* Files that the package databases of one layer say packages own: a full desktop has some 500,000.
 * Each takes 16 bytes. */
#define LIMIT_OWNED_FILES      ((size_t)4 << 20)
/* Longest path inside a layer: PATH_MAX of Linux, a longer one cannot be extracted anyway. */
#define LIMIT_ENTRY_PATH       ((size_t)4096)
/* What a worker may answer for one layer: 250,000 packages of some 300 bytes. */
#define LIMIT_INVENTORY_BYTES  ((size_t)128 << 20)
/* JSON values in it, each some 100 bytes while it is read: full lists of packages (11 values
 * each), files (8) and hides (3) have 5.5 million. */
#define LIMIT_INVENTORY_VALUES ((size_t)6000000)
/* Memory for putting one image together: the inventories of all its layers and their squash. */
#define LIMIT_IMAGE_SCAN_BYTES ((size_t)1 << 30)
/* Work of putting one image together, counted by the squash; some seconds. A hundred layers that
 * each rewrite a database of 60,000 packages take 7 million steps. */
#define LIMIT_SQUASH_STEPS     ((size_t)16 << 20)
/* Wall clock for one layer: 32 GiB inflated at the slowest rate measured (150 MB/s). */
#define LIMIT_LAYER_SECONDS    300
/* Memory of a worker: inflate windows, one database file, its packages. */
#define LIMIT_WORKER_BYTES     ((uint64_t)1 << 30)

/* One advisory record: the largest published ones are some 3 MB. */
#define LIMIT_ADVISORY_BYTES	((size_t)16 << 20)
/* JSON values in it: 3 MB of real records have some 100,000, and each costs up to 250 bytes. */
#define LIMIT_ADVISORY_VALUES	((size_t)500000)
/* Records that are named one by one in the import report; the rest is only counted. */
#define LIMIT_BAD_RECORDS_NAMED 100

#endif
