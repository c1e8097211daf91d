/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: YAML of two levels, section and key, every value a scalar. The schema
 * for libcyaml is built from the setting table at the first use of each call: every key is an
 * optional text, so that types and ranges are checked in one place (config.c) with the same words
 * for all sources. libcyaml refuses unknown keys; its message, the field and the line are taken
 * from its log. Aliases are off: they have no use in a file of two levels, and can be nested
 * without end.
 */
#include "cmd/config_private.h"

#include <cyaml/cyaml.h>

#include <stdio.h>

struct yaml_values { /* what libcyaml fills: malloc'ed texts, NULL where a key is absent */
	char *text[SETTING_COUNT];
};

enum { SECTIONS_MAX = SETTING_COUNT };

struct yaml_schema {
	cyaml_schema_field_t sections[SECTIONS_MAX + 1];
	cyaml_schema_field_t keys[SETTING_COUNT + SECTIONS_MAX]; /* NULL key after each section */
	cyaml_schema_value_t top;
};

/* The first complaint is the cause, what follows is libcyaml's trace; the line stands there. */
struct complaint {
	char text[200];
	char field[80];
	char line[24];
};

/* " 'server' (line: …" or ": server" of the trace. */
static void keep_field(struct complaint *complaint, struct str text)
{
	struct str field = str_trim(text);
	if (field.n && field.p[0] == ':')
		field = str_trim(str_skip(field, 1));
	else if (field.n && field.p[0] == '\'') {
		text = str_skip(field, 1);
		str_cut(&text, '\'', &field);
	}
	snprintf(complaint->field, sizeof(complaint->field), STR_FMT, STR_ARG(field));
}

static void keep_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void keep_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
{
	(void)level;
	struct complaint *complaint = context;
	char text[sizeof(complaint->text)];
	vsnprintf(text, sizeof(text), format, args);
	struct str words = str_trim(str_from(text));
	if (str_starts(words, STR("Load: ")))
		words = str_skip(words, 6);
	if (!complaint->text[0]) {
		snprintf(complaint->text, sizeof(complaint->text), STR_FMT, STR_ARG(words));
		return;
	}
	const char *at = strstr(text, "in mapping field");
	if (!complaint->field[0] && at)
		keep_field(complaint, str_from(at + strlen("in mapping field")));
	at = strstr(text, "(line: ");
	if (!complaint->line[0] && at) {
		struct str line = str_from(at + strlen("(line: "));
		size_t end = str_find(line, ',');
		if (end != STR_NONE && end < sizeof(complaint->line))
			snprintf(complaint->line, sizeof(complaint->line), STR_FMT,
				STR_ARG(str_sub(line, 0, end)));
	}
}

static void schema_build(struct yaml_schema *schema)
{
	*schema = (struct yaml_schema){ 0 };
	size_t sections = 0;
	size_t keys = 0;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (i == 0 || !str_eq(str_from(row->section), str_from(row[-1].section))) {
			if (i)
				keys++; /* the zeroed entry that ends the section before */
			schema->sections[sections++] = (cyaml_schema_field_t){
				.key = row->section,
				.value = {
					.type = CYAML_MAPPING,
					.flags = CYAML_FLAG_OPTIONAL,
					.data_size = sizeof(struct yaml_values),
					.mapping = { .fields = &schema->keys[keys] },
				},
			};
		}
		schema->keys[keys++] = (cyaml_schema_field_t){
			.key = row->key,
			.data_offset = (uint32_t)(offsetof(struct yaml_values, text) +
						  i * sizeof(char *)),
			.value = {
				.type = CYAML_STRING,
				.flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				.data_size = sizeof(char),
				.string = { .min = 0, .max = UINT32_MAX },
			},
		};
	}
	schema->top = (cyaml_schema_value_t){
		.type = CYAML_MAPPING,
		.flags = CYAML_FLAG_POINTER,
		.data_size = sizeof(struct yaml_values),
		.mapping = { .fields = schema->sections },
	};
}

/* A file of comments only is a configuration without settings; libcyaml calls some of them broken,
 * and of others makes no values at all. */
static bool has_content(struct str text)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		line = str_trim(line);
		if (line.n && line.p[0] != '#' && !str_eq(line, STR("---")))
			return true;
	}
	return false;
}

static int assign_all(struct arena *arena, const struct yaml_values *values, const char *name,
	struct config *config, struct err *err)
{
	for (size_t i = 0; values && i < SETTING_COUNT; i++) {
		if (!values->text[i])
			continue;
		int r = setting_assign(arena, config, (enum setting)i, str_from(values->text[i]),
			SETTING_FILE, name, err);
		if (r)
			return err_trace(err, r);
	}
	return 0;
}

int config_read_yaml(struct arena *arena, struct str text, const char *name, struct config *config,
	struct err *err)
{
	if (!has_content(text))
		return 0;
	struct yaml_schema schema;
	schema_build(&schema);
	struct complaint complaint = { 0 };
	cyaml_config_t settings = {
		.log_fn = keep_complaint,
		.log_ctx = &complaint,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_WARNING,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	struct yaml_values *values = NULL;
	cyaml_err_t code = cyaml_load_data((const uint8_t *)text.p, text.n, &settings, &schema.top,
		(cyaml_data_t **)&values, NULL);
	if (code != CYAML_OK)
		return err_set(err, EINVAL, "%s%s%s: %s%s%s (%s)", name,
			complaint.line[0] ? ":" : "", complaint.line, complaint.field,
			complaint.field[0] ? ": " : "",
			complaint.text[0] ? complaint.text : "not YAML", cyaml_strerror(code));
	int r = complaint.text[0] ? /* a warning: a part of the file would be passed over */
			err_set(err, EINVAL, "%s: %s", name, complaint.text)
				  : assign_all(arena, values, name, config, err);
	cyaml_free(&settings, &schema.top, values, 0);
	return r ? err_trace(err, r) : 0;
}
