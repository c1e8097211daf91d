/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of /acr/v1 (contract in acr.h). Azure words attributes positively ("deleteEnabled"), the
 * store keeps what is forbidden; the table below is the one place where that turns round.
 *
 * The client libraries read operating system and architecture as words of a closed list, and fail
 * on others: a member that is not known, or is "unknown" as in attestations, is left out.
 */
#include "api/acr.h"

#include "base/limits.h"
#include "base/timefmt.h"

struct attribute {
	const char *name;
	enum store_lock lock;
};

static const struct attribute attributes[] = {
	{ "deleteEnabled", STORE_LOCK_DELETE },
	{ "writeEnabled", STORE_LOCK_WRITE },
	{ "listEnabled", STORE_LOCK_LIST },
	{ "readEnabled", STORE_LOCK_READ },
};

enum { ATTRIBUTE_COUNT = sizeof(attributes) / sizeof(attributes[0]), CHANGE_BYTES = 64 << 10 };

json_t *acr_head(struct http_exchange *x, struct str repository)
{
	json_t *root = json_object();
	struct str origin = http_origin(x);
	size_t scheme = str_find(origin, ':');
	/* The host as the client named it: that is the login server's name. */
	json_put(root, "registry", str_skip(origin, scheme + 3));
	json_put(root, "imageName", repository);
	return root;
}

static void put_time(json_t *to, const char *member, int64_t us)
{
	char text[TIME_TEXT_MAX];
	time_format(us, 7, text);
	json_put_cstr(to, member, text);
}

static void put_attributes(json_t *to, unsigned locks)
{
	json_t *object = json_put_object(to, "changeableAttributes");
	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
		json_put_bool(object, attributes[i].name, !(locks & attributes[i].lock));
}

void acr_put_repository(json_t *to, const struct store_repository_row *row)
{
	put_time(to, "createdTime", row->created_us);
	put_time(to, "lastUpdateTime", row->updated_us);
	json_put_int(to, "manifestCount", (int64_t)row->manifest_count);
	json_put_int(to, "tagCount", (int64_t)row->tag_count);
	put_attributes(to, row->locks);
}

void acr_put_tag(json_t *to, const struct store_tag_row *row)
{
	json_put(to, "name", row->name);
	json_put(to, "digest", row->digest);
	put_time(to, "createdTime", row->created_us);
	put_time(to, "lastUpdateTime", row->updated_us);
	json_put_bool(to, "signed", false);
	put_attributes(to, row->locks);
}

static void put_platform(json_t *to, struct str os, struct str architecture)
{
	if (architecture.n && !str_eq(architecture, STR("unknown")))
		json_put(to, "architecture", architecture);
	if (os.n && !str_eq(os, STR("unknown")))
		json_put(to, "os", os);
}

void acr_put_manifest(json_t *to, const struct registry_manifest_row *row)
{
	json_put(to, "digest", row->row.digest);
	json_put_int(to, "imageSize", (int64_t)row->row.size);
	put_time(to, "createdTime", row->row.created_us);
	put_time(to, "lastUpdateTime", row->row.updated_us);
	put_platform(to, row->row.os, row->row.architecture);
	json_put(to, "mediaType", row->row.media_type);
	if (row->row.config_media_type.n)
		json_put(to, "configMediaType", row->row.config_media_type);
	json_t *tags = json_put_list(to, "tags");
	for (size_t i = 0; i < row->tag_count; i++)
		json_array_append_new(tags, json_make_string(row->tags[i]));
	put_attributes(to, row->row.locks);
	if (!row->children.n)
		return;
	json_t *references = json_put_list(to, "references");
	for (size_t i = 0; i < row->children.n; i++) {
		const struct store_reference *child = &row->children.items[i];
		json_t *entry = json_add_object(references);
		json_put(entry, "digest", child->digest);
		put_platform(entry, child->os, child->architecture);
	}
}

static const struct attribute *find_attribute(const char *name)
{
	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (!strcmp(attributes[i].name, name))
			return &attributes[i];
	}
	return NULL;
}

bool acr_read_change(struct http_exchange *x, struct registry_change *change)
{
	AUTO_JSON json_t *root = NULL;
	struct err err = ERR_INIT;
	*change = (struct registry_change){ 0 };
	if (json_parse(http_body(x), CHANGE_BYTES, &root, &err) < 0 || !json_is_object(root)) {
		api_reply_error(x, 400, "UNSUPPORTED",
			"the body must be a JSON object of attributes and true or false");
		return false;
	}
	for (void *at = json_object_iter(root); at; at = json_object_iter_next(root, at)) {
		const struct attribute *attribute = find_attribute(json_object_iter_key(at));
		const json_t *value = json_object_iter_value(at);
		/* A member that is silently left out would look like a lock that holds. */
		if (!attribute || !(json_is_boolean(value) || json_is_null(value))) {
			api_reply_error(x, 400, "UNSUPPORTED",
				"%.64s cannot be set so: the attributes are deleteEnabled, "
				"writeEnabled, listEnabled and readEnabled, each true or false",
				json_object_iter_key(at));
			return false;
		}
		if (json_is_true(value))
			change->clear |= attribute->lock;
		else if (json_is_false(value))
			change->set |= attribute->lock;
	}
	return true;
}
