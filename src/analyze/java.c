/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java archives: jar, war, ear and their kin, and those inside them. What is known about an archive
 * comes from, in this order:
 *
 *   META-INF/maven/GROUP/ARTIFACT/pom.properties   one per module; shaded archives have many
 *   META-INF/MANIFEST.MF                           main section (JAR File Specification)
 *   the name of the file                           ARTIFACT-VERSION.jar
 *
 * The last two only where no pom.properties is about the archive itself. The group, without which
 * a name says little, is then taken from the manifest or from the table maven_groups.def.
 *
 * Archives in archives are unpacked into memory under the budgets of the layer; what cannot be read
 * inside an archive is told and does not keep the rest from being read.
 */
#include "analyze/java.h"

#include "analyze/metadata.h"
#include "base/limits.h"
#include "codec/zip.h"

#include <string.h>

/* A manifest or pom.properties; real ones are below 1 MB (signed archives list every class). */
enum { SMALL_BYTES = 8 << 20 };

struct archive {
	struct analyze_sink *sink;
	struct analyze_nested *nested;
	struct str name;   /* of the file, without directories */
	struct str inside; /* "lib/a.jar!b.jar"; empty: the file itself */
	struct zip zip;
	unsigned depth;
	size_t modules;	     /* pom.properties found */
	bool names_itself;   /* one of them is about the archive */
	struct str manifest; /* in the arena */
};

static int read_archive(struct archive *archive, struct str bytes, struct err *err);

static bool is_archive_name(struct str name)
{
	static const struct str endings[] = {
		STR_INIT(".jar"),
		STR_INIT(".war"),
		STR_INIT(".ear"),
		STR_INIT(".par"),
		STR_INIT(".sar"),
		STR_INIT(".nar"),
		STR_INIT(".kar"),
		STR_INIT(".jpi"),
		STR_INIT(".hpi"),
		STR_INIT(".lpkg"),
		STR_INIT(".rar"),
	};
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (name.n > endings[i].n &&
			str_eq_nocase(str_skip(name, name.n - endings[i].n), endings[i]))
			return true;
	return false;
}

static struct str base_name(struct str path)
{
	size_t slash = str_rfind(path, '/');
	return slash == STR_NONE ? path : str_skip(path, slash + 1);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Words that stand inside versions: "1.0-beta-2". */
static bool is_qualifier(struct str word)
{
	static const struct str words[] = { STR_INIT("alpha"), STR_INIT("beta"), STR_INIT("rc"),
		STR_INIT("cr"), STR_INIT("b"), STR_INIT("m"), STR_INIT("sp"), STR_INIT("pre"),
		STR_INIT("ga"), STR_INIT("final"), STR_INIT("release"), STR_INIT("snapshot"),
		STR_INIT("milestone"), STR_INIT("jre"), STR_INIT("android") };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(word, words[i]))
			return true;
	return false;
}

/* Text between two dashes that begins a version, given what stands around it. */
static bool begins_version(struct str before, struct str segment, struct str rest)
{
	struct str after = STR("");
	if (!segment.n || !is_digit(segment.p[0]) || !before.n || is_digit(before.p[0]) ||
		is_qualifier(before))
		return false;
	/* "level-2-jar" is a name; "thing-2", "thing-2.0-jar" and "thing-2-rc1" have versions. */
	str_cut(&rest, '-', &after);
	bool number = str_find(segment, '.') == STR_NONE;
	return !number || !after.n || is_digit(after.p[0]) || is_qualifier(after);
}

void java_split_name(struct str file, struct str *artifact, struct str *version)
{
	size_t dot = str_rfind(file, '.');
	struct str stem = dot == STR_NONE ? file : str_sub(file, 0, dot);
	struct str before = STR("");
	struct str rest = stem;
	struct str segment;
	*artifact = stem;
	*version = STR("");
	/* The last one: "log4j-1.2-api-2.17.1" is version 2.17.1 of log4j-1.2-api. */
	while (str_cut(&rest, '-', &segment)) {
		size_t at = (size_t)(segment.p - stem.p);
		if (begins_version(before, segment, rest)) {
			*artifact = str_sub(stem, 0, at - 1);
			*version = str_skip(stem, at);
		}
		before = segment;
	}
}

struct str java_manifest_value(struct arena *arena, struct str manifest, struct str key)
{
	struct str line;
	struct str found = STR_NULL;
	while (str_cut(&manifest, '\n', &line)) {
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		/* A line that begins with a blank goes on with the one before it. */
		if (found.p && line.n && line.p[0] == ' ' && found.n < LIMIT_PACKAGE_TEXT)
			found = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(found),
				STR_ARG(str_sub(line, 1, LIMIT_PACKAGE_TEXT)));
		else if (found.p || !line.n)
			break;
		else if (line.n > key.n && line.p[key.n] == ':' &&
			 str_eq_nocase(str_sub(line, 0, key.n), key))
			found = str_sub(str_skip(line, key.n + 1), 0, LIMIT_PACKAGE_TEXT);
	}
	return str_trim(found);
}

static struct str manifest_value(const struct archive *archive, struct str key)
{
	return java_manifest_value(archive->sink->arena, archive->manifest, key);
}

/* "key=value" of java.util.Properties, as far as Maven writes it. */
static struct str property(struct str text, struct str key)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		struct str value = str_trim(line);
		struct str name;
		if (str_find(value, '=') == STR_NONE || !str_cut(&value, '=', &name))
			continue;
		if (str_eq(str_trim(name), key))
			return str_trim(value);
	}
	return STR_NULL;
}

static int add(const struct archive *archive, struct str group, struct str artifact,
	struct str version, struct err *err)
{
	struct arena *arena = archive->sink->arena;
	struct str own_artifact;
	struct str own_version;
	java_split_name(archive->name, &own_artifact, &own_version);
	/* The manifest speaks of the archive, not of what was shaded into it. */
	bool own = str_eq(artifact, own_artifact);
	struct str supplier = STR("");
	if (own)
		supplier = manifest_value(archive, STR("Implementation-Vendor"));
	if (own && !supplier.n)
		supplier = manifest_value(archive, STR("Bundle-Vendor"));
	const struct package package = {
		.type = PACKAGE_MAVEN,
		.name = group.n ? arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(group),
					  STR_ARG(artifact))
				: artifact,
		.version = version,
		.inside = archive->inside,
		.licence = own ? manifest_value(archive, STR("Bundle-License")) : STR(""),
		.supplier = supplier,
	};
	int r = metadata_add(archive->sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- the archive itself, without a pom.properties of its own */

static bool is_group(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && !(c && strchr("._-", c)))
			return false;
	}
	return text.n > 0;
}

struct str java_known_group(struct str artifact)
{
	static const struct {
		struct str artifact;
		struct str group;
	} rows[] = {
#define MAVEN_GROUP(artifact, group) { STR_INIT(artifact), STR_INIT(group) },
#include "analyze/maven_groups.def"
#undef MAVEN_GROUP
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str name = rows[i].artifact;
		bool prefix = name.p[name.n - 1] == '*';
		if (prefix ? str_starts(artifact, str_sub(name, 0, name.n - 1))
			   : str_eq(artifact, name))
			return rows[i].group;
	}
	return STR("");
}

/* "org.example.thing;singleton:=true" about "thing": org.example. */
static struct str group_of_symbolic_name(struct str name, struct str artifact)
{
	size_t end = str_find(name, ';');
	name = str_trim(end == STR_NONE ? name : str_sub(name, 0, end));
	if (name.n > artifact.n + 1 && str_ends(name, artifact) &&
		name.p[name.n - artifact.n - 1] == '.')
		return str_sub(name, 0, name.n - artifact.n - 1);
	return STR("");
}

static struct str find_group(const struct archive *archive, struct str artifact)
{
	struct str group = java_known_group(artifact);
	if (!group.n)
		group = group_of_symbolic_name(
			manifest_value(archive, STR("Bundle-SymbolicName")), artifact);
	if (!group.n)
		group = manifest_value(archive, STR("Implementation-Vendor-Id"));
	return is_group(group) ? group : STR("");
}

/* A version, not a word like "unspecified" or "${project.version}". */
static bool is_version(struct str text)
{
	return text.n && text.p[0] >= '0' && text.p[0] <= '9' && analyze_is_word(text);
}

static int add_itself(const struct archive *archive, struct err *err)
{
	static const struct str keys[] = {
		STR_INIT("Implementation-Version"),
		STR_INIT("Bundle-Version"),
		STR_INIT("Specification-Version"),
	};
	struct str artifact;
	struct str version;
	java_split_name(archive->name, &artifact, &version);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !is_version(version); i++)
		version = manifest_value(archive, keys[i]);
	if (!is_version(version))
		return 0;
	int r = add(archive, find_group(archive, artifact), artifact, version, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- members */

static void tell(const struct archive *archive, struct str member, const struct err *why)
{
	AUTO_STRBUF struct strbuf words = STRBUF(LIMIT_PACKAGE_TEXT);
	if (archive->inside.n)
		strbuf_addf(&words, STR_FMT "!", STR_ARG(archive->inside));
	strbuf_addf(&words, STR_FMT ": %s", STR_ARG(str_sub(member, 0, 200)), err_text(why));
	analyze_partial(archive->sink, strbuf_view(&words));
}

static int take_module(struct archive *archive, struct str text, struct err *err)
{
	struct str artifact = property(text, STR("artifactId"));
	struct str own_artifact;
	struct str own_version;
	java_split_name(archive->name, &own_artifact, &own_version);
	archive->modules++;
	if (str_eq(own_artifact, artifact))
		archive->names_itself = true;
	int r = add(archive, property(text, STR("groupId")), artifact,
		property(text, STR("version")), err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_inner(
	struct archive *archive, const struct zip_member *member, struct str bytes, struct err *err)
{
	struct arena *arena = archive->sink->arena;
	struct archive inner = {
		.sink = archive->sink,
		.nested = archive->nested,
		.name = base_name(member->name),
		.depth = archive->depth + 1,
		.inside = archive->inside.n
				  ? arena_printf(arena, STR_FMT "!" STR_FMT,
					    STR_ARG(archive->inside), STR_ARG(member->name))
				  : arena_str(arena, member->name),
	};
	if (inner.depth > archive->nested->depth)
		return err_set(err, E2BIG, "archives are nested more than %u deep",
			archive->nested->depth);
	int r = read_archive(&inner, bytes, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Content under the budgets; *room holds it and is charged until the caller gives it back. */
static int unpack(struct archive *archive, const struct zip_member *member, uint64_t most,
	struct strbuf *room, struct str *content, struct err *err)
{
	const struct analyze_nested *nested = archive->nested;
	uint64_t max = most < nested->bytes ? most : nested->bytes;
	max = max < nested->memory ? max : nested->memory;
	*room = STRBUF((size_t)max);
	int r = zip_read(&archive->zip, member, room, content, err);
	archive->nested->bytes -= room->n;
	archive->nested->memory -= room->n;
	return r < 0 ? err_trace(err, r) : 0;
}

static bool is_module_file(struct str name)
{
	return str_starts(name, STR("META-INF/maven/")) && str_ends(name, STR("/pom.properties"));
}

static bool is_manifest(struct str name)
{
	return str_eq_nocase(name, STR("META-INF/MANIFEST.MF"));
}

static int take_member(struct archive *archive, const struct zip_member *member, struct str content,
	struct err *err)
{
	if (is_manifest(member->name)) {
		archive->manifest = arena_str(archive->sink->arena, content);
		return 0;
	}
	int r = is_module_file(member->name) ? take_module(archive, content, err)
					     : read_inner(archive, member, content, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* > 0 never. A failure is of the budgets of the layer only; what is wrong inside is told. */
static int look_at(struct archive *archive, const struct zip_member *member, struct err *err)
{
	bool inner = is_archive_name(member->name) && member->packed_bytes;
	struct strbuf room;
	struct str content;
	struct err why = ERR_INIT;
	if (!inner && !is_module_file(member->name) && !is_manifest(member->name))
		return 0;
	int r = unpack(
		archive, member, inner ? LIMIT_SPOOL_BYTES : SMALL_BYTES, &room, &content, &why);
	if (r == 0)
		r = take_member(archive, member, content, &why);
	archive->nested->memory += room.n;
	strbuf_free(&room);
	if (r < 0 && arena_exceeded(archive->sink->arena)) {
		if (err)
			*err = why;
		return err_trace(err, r);
	}
	if (r < 0)
		tell(archive, member->name, &why);
	return 0;
}

/* One pass over the directory; only members that want or do not want the manifest first. */
static int pass(struct archive *archive, bool manifest, struct err *err)
{
	struct zip_member member;
	int r;
	archive->zip.next = archive->zip.directory;
	while ((r = zip_next(&archive->zip, &member, err)) == 0) {
		if (!manifest && !archive->nested->entries)
			return err_set(
				err, E2BIG, "the archives of the layer have too many members");
		archive->nested->entries -= !manifest;
		if (is_manifest(member.name) == manifest)
			r = look_at(archive, &member, err);
		if (r < 0 || (manifest && archive->manifest.p))
			break;
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_archive(struct archive *archive, struct str bytes, struct err *err)
{
	int r = zip_open(bytes, &archive->zip, err);
	if (r == 0)
		r = pass(archive, true, err);
	if (r == 0)
		r = pass(archive, false, err);
	if (r == 0 && !archive->names_itself && archive->modules != 1)
		r = add_itself(archive, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_java(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct analyze_nested alone = { .bytes = LIMIT_NESTED_BYTES,
		.entries = LIMIT_NESTED_ENTRIES,
		.memory = LIMIT_SPOOL_BYTES,
		.depth = LIMIT_NESTED_DEPTH };
	struct archive archive = {
		.sink = sink,
		.nested = sink->nested ? sink->nested : &alone,
		.name = base_name(sink->path),
	};
	if (!text.n) /* a placeholder */
		return 0;
	/* The file itself is in memory, too. */
	uint64_t held = text.n < archive.nested->memory ? text.n : archive.nested->memory;
	archive.nested->memory -= held;
	int r = read_archive(&archive, text, err);
	archive.nested->memory += held;
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- runtimes */

/* NAME="value" in the file "release" at the root of a Java runtime. */
static struct str release_value(struct str text, struct str key)
{
	struct str value = property(text, key);
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		return str_sub(value, 1, value.n - 2);
	return value;
}

int analyze_java_release(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str full = release_value(text, STR("JAVA_RUNTIME_VERSION"));
	struct str version = release_value(text, STR("JAVA_VERSION"));
	/* Other software has files of this name. */
	if (!version.n)
		return 0;
	struct str implementor = release_value(text, STR("IMPLEMENTOR"));
	bool oracle = str_contains(implementor, STR("Oracle")) ||
		      str_contains(release_value(text, STR("BUILD_TYPE")), STR("commercial"));
	const struct package package = {
		.type = PACKAGE_GENERIC,
		.name = oracle ? STR("oracle-java") : STR("openjdk"),
		.version = full.n ? full : version,
		.supplier = implementor,
	};
	int r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}
