/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package types come from package_types.def. Package URLs follow the package-url specification:
 * each component is percent-encoded by itself, everything but letters, digits and ".-_~" (and ":"
 * where it separates nothing) becomes %XX, qualifiers are sorted by key, and empty ones are left
 * out.
 */
#include "inventory/package.h"

#include "inventory/purl.h"

static const struct {
	struct str name;
	struct str grammar;
	struct str class;
} types[] = {
#define PACKAGE_TYPE(id, name, grammar, class)                                                     \
	[id] = { STR_INIT(name), STR_INIT(grammar), STR_INIT(class) },
#include "inventory/package_types.def"
#undef PACKAGE_TYPE
};

struct str package_type_name(enum package_type type)
{
	CHECK(type < PACKAGE_TYPE_COUNT);
	return types[type].name;
}

bool package_type_parse(struct str name, enum package_type *type)
{
	for (size_t i = 0; i < PACKAGE_TYPE_COUNT; i++) {
		if (str_eq(name, types[i].name)) {
			*type = (enum package_type)i;
			return true;
		}
	}
	return false;
}

struct str package_type_grammar(enum package_type type)
{
	CHECK(type < PACKAGE_TYPE_COUNT);
	return types[type].grammar;
}

struct str package_type_class(enum package_type type)
{
	CHECK(type < PACKAGE_TYPE_COUNT);
	return types[type].class;
}

bool package_same(const struct package *a, const struct package *b)
{
	return a->type == b->type && str_eq(a->name, b->name) && str_eq(a->version, b->version) &&
	       str_eq(a->source_name, b->source_name) &&
	       str_eq(a->source_version, b->source_version) && str_eq(a->arch, b->arch) &&
	       str_eq(a->module, b->module);
}

struct str package_version_epoch(struct str version, struct str *rest)
{
	struct str tail = version;
	struct str epoch;
	uint64_t number;
	if (str_find(version, ':') != STR_NONE && str_cut(&tail, ':', &epoch) &&
		str_parse_u64(epoch, &number)) {
		*rest = tail;
		return epoch;
	}
	*rest = version;
	return STR("");
}

static void add_qualifier(struct strbuf *out, char *separator, const char *key, struct str value)
{
	if (!value.n)
		return;
	strbuf_addf(out, "%c%s=", *separator, key);
	purl_encode(out, value, false);
	*separator = '&';
}

void package_purl(
	const struct package *package, struct str os_id, struct str os_version, struct strbuf *out)
{
	bool os_package = str_eq(package_type_class(package->type), STR("OS"));
	char separator = '?';
	struct str version = package->version;
	struct str epoch = STR("");

	/* The purl type rpm takes the epoch out of the version. */
	if (package->type == PACKAGE_RPM)
		epoch = package_version_epoch(package->version, &version);
	strbuf_add_cstr(out, "pkg:");
	strbuf_add_str(out, package_type_name(package->type));
	strbuf_add_char(out, '/');
	if (os_package && os_id.n) {
		purl_encode(out, os_id, true);
		strbuf_add_char(out, '/');
	}
	/* deb, apk and alpm names are lower case by the specification; rpm's keep their case. */
	if (os_package)
		purl_encode(out, package->name, package->type != PACKAGE_RPM);
	else
		purl_language_name(out, package->type, package->name);
	if (version.n) {
		strbuf_add_char(out, '@');
		purl_encode(out, version, false);
	}
	add_qualifier(out, &separator, purl_arch_key(package->type), package->arch);
	if (os_package && os_id.n && os_version.n) {
		strbuf_addf(out, "%cdistro=", separator);
		purl_encode(out, os_id, true);
		strbuf_add_char(out, '-');
		purl_encode(out, os_version, false);
		separator = '&';
	}
	add_qualifier(out, &separator, "epoch", epoch);
	if (package->type == PACKAGE_RPM)
		add_qualifier(out, &separator, "rpmmod", package->module);
}
