/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way outside JSON enters: size-checked before jansson builds a tree of it, with an error
 * that says where it is broken. Getters never fail: an absent or differently typed member gives the
 * empty value, because readers of open formats must tolerate both. Trees belong to one thread.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>

/* Parses text of at most max_bytes; -EINVAL broken, -E2BIG too large. *root is owned by the caller.
 */
int json_parse(struct str text, size_t max_bytes, json_t **root, struct err *err) MUST_CHECK;
/* As json_parse; the tree is released with the arena. */
int json_parse_arena(struct arena *arena, struct str text, size_t max_bytes, json_t **root,
	struct err *err) MUST_CHECK;
/* As json_parse_arena; an object that has a member twice is -EINVAL, because readers differ in
 * which one they take. */
int json_parse_unique_arena(struct arena *arena, struct str text, size_t max_bytes, json_t **root,
	struct err *err) MUST_CHECK;

/*
 * At least the number of values in the text, without parsing it: a tree takes up to 250 bytes a
 * value, so that 4 MiB of "{},{},…" would become more than 300 MB.
 */
size_t json_values_at_most(struct str text);

struct str json_str(const json_t *object, const char *member); /* borrowed; STR_NULL: absent */
struct str json_text(const json_t *string); /* of a string value; STR_NULL: not one */
int64_t json_int(const json_t *object, const char *member, int64_t otherwise);
const json_t *json_obj(const json_t *object, const char *member);  /* NULL unless an object */
const json_t *json_list(const json_t *object, const char *member); /* NULL unless an array */

/* Setters for building answers; steal nothing, copy text; invalid UTF-8 is replaced, never dropped.
 */
void json_put(json_t *object, const char *member, struct str text); /* STR_NULL puts null */
void json_put_cstr(json_t *object, const char *member, const char *text);
void json_put_int(json_t *object, const char *member, int64_t value);
void json_put_bool(json_t *object, const char *member, bool value);
void json_put_time(json_t *object, const char *member, int64_t us); /* TIME_NONE puts null */
json_t *json_put_object(json_t *object, const char *member);	    /* new, borrowed */
json_t *json_put_list(json_t *object, const char *member);	    /* new, borrowed */
json_t *json_add_object(json_t *list);				    /* new, borrowed */
json_t *json_make_string(struct str text);			    /* new reference */

/* Compact text of a tree, malloc'ed. Never NULL. */
char *json_dump(const json_t *root, bool pretty);

static inline void json_release(json_t **root)
{
	if (*root)
		json_decref(*root);
	*root = NULL;
}
#define AUTO_JSON __attribute__((cleanup(json_release)))

#endif
