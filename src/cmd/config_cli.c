/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a verb: which file, which flags. The only file of the configuration that
 * knows the command line and the process environment.
 */
#include "cmd/config.h"

#include <stdlib.h>
#include <unistd.h>

/* Flags that are short for one setting. */
static const struct {
	const char *option;
	const char *setting;
} short_flags[] = {
	{ "listen", "server.listen" },
	{ "data", "server.data" },
	{ "server", "client.server" },
};

int config_from_cli(const struct cli *cli, struct config **config, struct err *err)
{
	struct config_override overrides[CLI_VALUES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < cli->value_count; i++) {
		const struct cli_value *value = &cli->values[i];
		if (str_eq(str_from(value->option->name), STR("set")))
			overrides[count++] =
				(struct config_override){ str_from(value->text), "--set" };
		for (size_t f = 0; f < sizeof(short_flags) / sizeof(short_flags[0]); f++) {
			if (!str_eq(str_from(value->option->name), str_from(short_flags[f].option)))
				continue;
			overrides[count++] = (struct config_override){
				arena_printf(
					cli->arena, "%s=%s", short_flags[f].setting, value->text),
				arena_printf(cli->arena, "--%s", short_flags[f].option).p,
			};
		}
	}
	const char *file = cli_option(cli, "config");
	if (!file)
		file = getenv("LAZARET_CONFIG");
	struct config_sources sources = {
		.file = file && *file ? file : NULL,
		.environment = environ,
		.overrides = overrides,
		.override_count = count,
	};
	return config_load(cli->arena, &sources, config, err);
}
