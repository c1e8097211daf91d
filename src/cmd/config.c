/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings from their sources to one checked generation. Every source delivers text; one function,
 * setting_assign(), turns text into a value and checks it against the row, so the file, the
 * environment and the flags have the same grammar and the same words for what is wrong. Sources are
 * applied weakest first. The YAML adapter is in config_yaml.c, output in config_show.c.
 */
#include "cmd/config.h"
#include "cmd/config_private.h"

#include "os/file.h"

const struct setting_row setting_rows[SETTING_COUNT] = {
#define SETTING(id, section, key, type, standard, min, max, unit, reloadable, doc)                 \
	[SETTING_##id] = { section, key, type, standard, min, max, unit, reloadable, doc },
#include "cmd/settings.def"
#undef SETTING
};

enum { CONFIG_FILE_BYTES = 1 << 20 }; /* a configuration is some kB; libyaml holds it whole */

static const char environment_prefix[] = "LAZARET_";

static bool parse_bytes(struct str text, uint64_t *value)
{
	static const struct {
		struct str suffix;
		unsigned shift;
	} units[] = { { STR_INIT("KiB"), 10 }, { STR_INIT("MiB"), 20 }, { STR_INIT("GiB"), 30 } };
	unsigned shift = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_ends(text, units[i].suffix)) {
			shift = units[i].shift;
			text = str_trim(str_sub(text, 0, text.n - units[i].suffix.n));
			break;
		}
	}
	uint64_t number;
	return str_parse_u64(text, &number) &&
	       !__builtin_mul_overflow(number, (uint64_t)1 << shift, value);
}

static bool is_choice(struct str text, const char *choices)
{
	struct str rest = str_from(choices);
	struct str choice;
	while (str_cut(&rest, '|', &choice))
		if (str_eq(text, choice))
			return true;
	return false;
}

static int check_number(const struct setting_row *row, struct str text, uint64_t number,
	const char *origin, struct err *err)
{
	if (number >= row->min && number <= row->max)
		return 0;
	return err_set(err, EINVAL, "%s: %s.%s: " STR_FMT " is out of range (%llu to %llu %s)",
		origin, row->section, row->key, STR_ARG(text), (unsigned long long)row->min,
		(unsigned long long)row->max, row->unit);
}

/* ASCII controls, and the line ends that UTF-8 text can have besides (NEL and the other C1
 * controls, LS, PS): a setting is one line, in a log as in a file. */
static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i);
		unsigned char c = (unsigned char)rest.p[0];
		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && rest.n > 1 && (unsigned char)rest.p[1] < 0xa0)
			return true;
		if (str_starts(rest, STR("\xe2\x80\xa8")) || str_starts(rest, STR("\xe2\x80\xa9")))
			return true;
	}
	return false;
}

static int check_text(
	const struct setting_row *row, struct str text, const char *origin, struct err *err)
{
	if (text.n < row->min || text.n > row->max)
		return err_set(err, EINVAL, "%s: %s.%s: text of %llu to %llu characters expected",
			origin, row->section, row->key, (unsigned long long)row->min,
			(unsigned long long)row->max);
	if (has_control(text))
		return err_set(err, EINVAL, "%s: %s.%s: has a control character", origin,
			row->section, row->key);
	return 0;
}

static int parse_number(const struct setting_row *row, struct str text, const char *origin,
	uint64_t *number, struct err *err)
{
	bool bytes = row->type == SETTING_BYTES;
	if (bytes ? !parse_bytes(text, number) : !str_parse_u64(text, number))
		return err_set(err, EINVAL, "%s: %s.%s: \"" STR_FMT "\" is not a number%s", origin,
			row->section, row->key, STR_ARG(str_sub(text, 0, 60)),
			bytes ? " of bytes (12345, 64KiB, 10MiB, 2GiB)" : "");
	return check_number(row, text, *number, origin, err);
}

int setting_assign(struct arena *arena, struct config *config, enum setting setting,
	struct str text, enum setting_source source, const char *origin, struct err *err)
{
	const struct setting_row *row = &setting_rows[setting];
	uint64_t number = 0;
	int r = 0;
	switch (row->type) {
	case SETTING_TEXT:
		r = check_text(row, text, origin, err);
		break;
	case SETTING_CHOICE:
		if (!is_choice(text, row->unit))
			r = err_set(err, EINVAL, "%s: %s.%s: \"" STR_FMT "\" is none of %s", origin,
				row->section, row->key, STR_ARG(str_sub(text, 0, 60)), row->unit);
		break;
	case SETTING_BOOL:
		number = str_eq(text, STR("true"));
		if (!number && !str_eq(text, STR("false")))
			r = err_set(err, EINVAL,
				"%s: %s.%s: \"" STR_FMT "\" is neither true nor false", origin,
				row->section, row->key, STR_ARG(str_sub(text, 0, 60)));
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
		r = parse_number(row, text, origin, &number, err);
		break;
	}
	if (r)
		return err_trace(err, r);
	config->values[setting] = (struct setting_value){
		.text = arena_str(arena, text),
		.number = number,
		.source = source,
	};
	return 0;
}

void config_defaults(struct config *config)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		struct str text = str_from(setting_rows[i].standard);
		uint64_t number = 0;
		if (setting_rows[i].type == SETTING_BOOL)
			number = str_eq(text, STR("true"));
		else if (setting_rows[i].type >= SETTING_NUMBER)
			CHECK(parse_bytes(text, &number));
		config->values[i] = (struct setting_value){ .text = text, .number = number };
	}
}

/* "SERVER_LISTEN" against section and key; section_only: the section matches, the key need not. */
static bool environment_names(const struct setting_row *row, struct str name, bool section_only)
{
	struct str section = str_from(row->section);
	struct str key = str_from(row->key);
	if (name.n <= section.n || name.p[section.n] != '_')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'a' && name.p[i] <= 'z')
			return false;
	return str_eq_nocase(str_sub(name, 0, section.n), section) &&
	       (section_only || str_eq_nocase(str_skip(name, section.n + 1), key));
}

static int apply_variable(
	struct arena *arena, struct config *config, struct str variable, struct err *err)
{
	struct str prefix = str_from(environment_prefix);
	struct str value = variable;
	struct str name;
	if (!str_starts(variable, prefix) || !str_cut(&value, '=', &name))
		return 0;
	struct str rest = str_skip(name, prefix.n);
	const struct setting_row *section = NULL;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (environment_names(&setting_rows[i], rest, true))
			section = &setting_rows[i];
		if (environment_names(&setting_rows[i], rest, false)) {
			const char *origin =
				arena_printf(arena, "environment " STR_FMT, STR_ARG(name)).p;
			return setting_assign(arena, config, (enum setting)i, value,
				SETTING_ENVIRONMENT, origin, err);
		}
	}
	if (section)
		return err_set(err, EINVAL, "environment " STR_FMT ": section %s has no such key",
			STR_ARG(name), section->section);
	return 0;
}

static int apply_override(struct arena *arena, struct config *config,
	const struct config_override *override, struct err *err)
{
	struct str value = override->assignment;
	struct str name;
	if (str_find(value, '=') == STR_NONE || !str_cut(&value, '=', &name))
		return err_set(err, EINVAL, "%s \"" STR_FMT "\": section.key=value expected",
			override->flag, STR_ARG(str_sub(override->assignment, 0, 80)));
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		struct str key = name;
		struct str section;
		str_cut(&key, '.', &section);
		if (str_eq(section, str_from(setting_rows[i].section)) &&
			str_eq(key, str_from(setting_rows[i].key)))
			return setting_assign(arena, config, (enum setting)i, value, SETTING_FLAG,
				override->flag, err);
	}
	return err_set(err, EINVAL,
		"%s: there is no setting \"" STR_FMT "\" (lazaret config show lists them)",
		override->flag, STR_ARG(str_sub(name, 0, 80)));
}

int config_load(struct arena *arena, const struct config_sources *sources, struct config **out,
	struct err *err)
{
	struct config *config = ARENA_NEW(arena, struct config);
	config_defaults(config);
	int r;
	if (sources->file) {
		struct str text;
		r = file_slurp(arena, sources->file, CONFIG_FILE_BYTES, &text, err);
		if (r)
			return err_wrap(err, r, "configuration %s", sources->file);
		r = config_read_yaml(arena, text, sources->file, config, err);
		if (r)
			return err_trace(err, r);
	}
	for (char *const *variable = sources->environment; variable && *variable; variable++) {
		r = apply_variable(arena, config, str_from(*variable), err);
		if (r)
			return err_trace(err, r);
	}
	for (size_t i = 0; i < sources->override_count; i++) {
		r = apply_override(arena, config, &sources->overrides[i], err);
		if (r)
			return err_trace(err, r);
	}
	*out = config;
	return 0;
}

uint64_t config_number(const struct config *config, enum setting setting)
{
	CHECK(setting_rows[setting].type >= SETTING_NUMBER);
	return config->values[setting].number;
}

bool config_bool(const struct config *config, enum setting setting)
{
	CHECK(setting_rows[setting].type == SETTING_BOOL);
	return config->values[setting].number != 0;
}

struct str config_text(const struct config *config, enum setting setting)
{
	return config->values[setting].text;
}

const char *config_cstr(const struct config *config, enum setting setting)
{
	return config->values[setting].text.p;
}
