/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one layer says: made by lazaret-worker, kept by layer digest, squashed with others into an
 * image inventory. The wire form (JSON, version 2) is what the worker sends and what the database
 * keeps; its reader trusts nothing, because the worker parses hostile bytes.
 *
 * Paths are relative, without leading "/" or "./", as in the tar, with "." and duplicate slashes
 * removed; entries with ".." are never in an inventory.
 */
#ifndef INVENTORY_LAYER_H
#define INVENTORY_LAYER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "inventory/package.h"

enum layer_state {
	LAYER_OK,
	LAYER_NOT_A_LAYER, /* not an archive of a known form (a configuration, an SBOM …); reason
			      says what was seen */
	LAYER_FAILED,	   /* damaged, over a budget, or the worker was lost; reason says which */
};

/* A file an analyzer read, or one that hides such files of lower layers. */
enum layer_file_kind {
	LAYER_FILE_DPKG_STATUS,	  /* var/lib/dpkg/status: the whole database */
	LAYER_FILE_DPKG_STATUS_D, /* var/lib/dpkg/status.d/NAME: one package each (distroless) */
	LAYER_FILE_APK_INSTALLED, /* one of the three apk paths */
	LAYER_FILE_OS_RELEASE,	  /* etc/os-release, usr/lib/os-release */
	LAYER_FILE_APK_REPOSITORIES,
	LAYER_FILE_DEBIAN_VERSION,
	LAYER_FILE_RPM_BDB,	 /* Packages: Berkeley DB hash */
	LAYER_FILE_RPM_NDB,	 /* Packages.db */
	LAYER_FILE_RPM_SQLITE,	 /* rpmdb.sqlite */
	LAYER_FILE_RPM_MANIFEST, /* rpmmanifest/container-manifest-2: text */
	LAYER_FILE_PACMAN_DESC,	 /* var/lib/pacman/local/NAME/desc: one package each */
	LAYER_FILE_CHISEL,	 /* var/lib/chisel/manifest.wall */
	LAYER_FILE_RELEASE_TEXT, /* redhat-release and its kin, for images without os-release */
	LAYER_FILE_CONTENT_SETS, /* Red Hat: which repositories packages come from */
	LAYER_FILE_UBUNTU_PRO,	 /* ubuntu-advantage/status.json */
	/* Read for what they say about other files of their layer; never in an inventory: */
	LAYER_FILE_SQLITE_LOG, /* rpmdb.sqlite-wal */
	LAYER_FILE_OWNED_LIST, /* which files a package owns */
	/* What languages' tools leave behind; more than one package each where they say so. */
	LAYER_FILE_NPM,		 /* package.json of an installed package */
	LAYER_FILE_PYTHON,	 /* METADATA or PKG-INFO */
	LAYER_FILE_PYTHON_EGG,	 /* NAME.egg: a zip archive */
	LAYER_FILE_CONDA,	 /* conda-meta/NAME.json */
	LAYER_FILE_JAVA,	 /* jar, war, ear …, with what is nested inside */
	LAYER_FILE_GEM,		 /* specifications/NAME.gemspec */
	LAYER_FILE_COMPOSER,	 /* vendor/composer/installed.json */
	LAYER_FILE_DOTNET,	 /* NAME.deps.json */
	LAYER_FILE_JAVA_RELEASE, /* the file "release" of a Java runtime */
	LAYER_FILE_BINARY,	 /* an ELF file, known by its first bytes */
	LAYER_FILE_KIND_COUNT
};

/*
 * Files of languages' tools and unpackaged software. A damaged one does not fail the layer, because
 * layers hold broken samples and half-deleted trees; it has the fact LAYER_FACT_PARTIAL instead.
 */
static inline bool layer_file_is_language(enum layer_file_kind kind)
{
	return kind >= LAYER_FILE_NPM && kind <= LAYER_FILE_BINARY;
}

/* Key of the fact that says in words why not everything of a file was read. */
#define LAYER_FACT_PARTIAL STR("partial")

struct layer_file {
	enum layer_file_kind kind;
	struct str path;
	size_t first_package; /* its packages: packages[first_package .. + package_count] */
	size_t package_count;
	size_t first_fact; /* likewise facts: "ID" = "debian"; for text files "text" = content */
	size_t fact_count;
	/* The operating system package that owns this file, "deb:python3-yaml"; empty: none known.
	 */
	struct str owner;
};

struct layer_fact {
	struct str key;
	struct str value;
};

enum layer_hide_kind {
	LAYER_HIDE_WHITEOUT, /* .wh.NAME: the path (file or tree) of lower layers is gone */
	LAYER_HIDE_OPAQUE,   /* .wh..wh..opq: all lower children of this directory are gone */
	LAYER_HIDE_REPLACED, /* a non-directory stands here: the lower tree below it is gone */
};

struct layer_hide {
	enum layer_hide_kind kind;
	struct str path;
};

/* A symbolic link at, or at a parent directory of, a path that analyzers look for. */
struct layer_link {
	struct str path;
	struct str target;
};

struct layer_inventory {
	enum layer_state state;
	struct str reason;    /* one sentence when state != LAYER_OK, else empty */
	struct str digest;    /* of the bytes as stored; empty when the reader did not hash them */
	struct str diff_id;   /* "sha256:…" of the uncompressed tar; empty unless LAYER_OK */
	struct str format;    /* "tar", "tar+gzip", "tar+zstd" */
	struct str analyzers; /* "dpkg=1,apk=1,os-release=1": versions that read it */
	uint64_t compressed_bytes;
	uint64_t inflated_bytes;
	uint64_t entries;
	uint64_t skipped_entries; /* entries with impossible paths ("..", absolute links to nowhere
				     …) */
	VEC(struct layer_file) files;
	VEC(struct package) packages;
	VEC(struct layer_fact) facts;
	VEC(struct layer_hide) hides;
	VEC(struct layer_link) links;
};

/* Wire form, appended to out (whose ceiling is the budget: check strbuf_failed). */
void layer_inventory_encode(const struct layer_inventory *inventory, struct strbuf *out);
/* All text is copied into arena. -EPROTO when the text is not a well-formed inventory. */
int layer_inventory_decode(struct arena *arena, struct str text, struct layer_inventory *inventory,
	struct err *err) MUST_CHECK;

#endif
