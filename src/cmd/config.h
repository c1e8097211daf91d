/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: one table (settings.def) from which the file's schema, the environment names, the
 * range checks, `lazaret config show` and docs/settings.md come. A struct config is one immutable
 * generation: a reload makes a new one. Sources, strongest first: flags (--set, --listen, --data),
 * environment (LAZARET_SECTION_KEY), the YAML file, the default. An unknown key and a value out of
 * its range are errors that name where they stand. Pure apart from reading the file; any thread may
 * read a finished struct config.
 */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "cmd/cli.h"

enum setting {
#define SETTING(id, section, key, type, standard, min, max, unit, reloadable, doc) SETTING_##id,
#include "cmd/settings.def"
#undef SETTING
	SETTING_COUNT
};

enum setting_type {
	SETTING_TEXT,	/* any text; min and max bound its length */
	SETTING_CHOICE, /* one of the words of unit, separated by "|" */
	SETTING_BOOL,	/* true or false */
	SETTING_NUMBER, /* without unit suffix */
	SETTING_BYTES,	/* a number, or one with KiB, MiB, GiB */
};

struct setting_row {
	const char *section;
	const char *key;
	enum setting_type type;
	const char *standard;
	uint64_t min;
	uint64_t max;
	const char *unit;
	bool reloadable;
	const char *doc;
};
extern const struct setting_row setting_rows[SETTING_COUNT];

enum setting_source { SETTING_DEFAULT, SETTING_FILE, SETTING_ENVIRONMENT, SETTING_FLAG };

struct setting_value {
	struct str text;
	uint64_t number; /* of numbers, bytes and bools (0, 1) */
	enum setting_source source;
};

struct config {
	struct setting_value values[SETTING_COUNT];
};

/* "section.key=value", later ones win. */
struct config_override {
	struct str assignment;
	const char *flag; /* for words: "--set", "--listen" */
};

struct config_sources {
	const char *file;	  /* YAML; NULL: none */
	char *const *environment; /* "NAME=value" … NULL; NULL: none */
	const struct config_override *overrides;
	size_t override_count;
};

/* *config is in the arena. -EINVAL with words that name source and key; -E… of the file. */
int config_load(struct arena *arena, const struct config_sources *sources, struct config **config,
	struct err *err) MUST_CHECK;
/* The same from YAML text; name is for words. Used by config_load and by tests. */
int config_read_yaml(struct arena *arena, struct str text, const char *name, struct config *config,
	struct err *err) MUST_CHECK;
void config_defaults(struct config *config);

/* From --config (or LAZARET_CONFIG), --set, --listen and --data of the command line and environ. */
int config_from_cli(const struct cli *cli, struct config **config, struct err *err) MUST_CHECK;

uint64_t config_number(const struct config *config, enum setting setting);
bool config_bool(const struct config *config, enum setting setting);
struct str config_text(const struct config *config, enum setting setting);
/* NUL-terminated. */
const char *config_cstr(const struct config *config, enum setting setting);

/* YAML with the doc of each key as a comment. */
void config_show(const struct config *config, struct strbuf *out);
/* docs/settings.md. */
void config_show_markdown(struct strbuf *out);

#endif
