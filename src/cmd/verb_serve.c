/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret serve`: checks what must hold before anything is opened, starts the server, then waits
 * for signals until it is told to stop.
 *
 * Signals are blocked in every thread and taken with sigwait() on the main thread, so no code ever
 * runs inside a signal handler. After the first SIGTERM or SIGINT their default action comes back:
 * a second one ends the process at once, which loses nothing, because what was answered is durable.
 */
#include "api/api.h"
#include "base/log.h"
#include "cmd/serve.h"
#include "cmd/verbs.h"
#include "os/clock.h"
#include "os/process.h"

#include <signal.h>
#include <stdio.h>

enum { URL_MAX = 128 };

/* Descriptors that are not connections and their files: database, workers, advisories, log. */
enum { FILES_BESIDES = 100 };

static enum log_level level_of(const struct config *config)
{
	enum log_level level = LOG_INFO;
	CHECK(log_level_parse(config_text(config, SETTING_LOG_LEVEL), &level));
	return level;
}

static void set_up_log(const struct config *config)
{
	struct log_settings settings = {
		.level = level_of(config),
		.json = str_eq(config_text(config, SETTING_LOG_FORMAT), STR("json")),
		.fd = STDERR_FILENO,
	};
	log_setup(&settings);
}

static sigset_t block_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	return set;
}

/* From here on a further SIGTERM or SIGINT ends the process. */
static void allow_abrupt_end(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	CHECK(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
}

/* All URLs, as people write a list. */
static void list_urls(const struct serve *serve, const struct serve_http *http, struct strbuf *urls)
{
	for (size_t i = 0; i < http->listen.n; i++) {
		char url[URL_MAX];
		listen_url(&http->listen.items[i], serve_port(serve, i), url, sizeof(url));
		strbuf_addf(urls, "%s%s", i ? ", " : "", url);
	}
}

static void tell_start(
	const struct serve *serve, const struct config *config, const struct serve_http *http)
{
	AUTO_STRBUF struct strbuf urls = STRBUF(LISTEN_LIST_MAX * URL_MAX);
	char snapshot[65] = "";
	const char *data = config_cstr(config, SETTING_SERVER_DATA);
	list_urls(serve, http, &urls);
	const char *url = strbuf_cstr(&urls);
	serve_snapshot(serve, snapshot);
	log_event(EV_SERVER_START, F_CSTR("version", LAZARET_VERSION), F_CSTR("url", url),
		F_CSTR("data", data), F_CSTR("snapshot", snapshot),
		F_STR("sandbox", serve_sandbox(serve)));
	if (!str_contains(serve_sandbox(serve), STR("landlock")))
		log_event(EV_SANDBOX_DEGRADED, F_STR("sandbox", serve_sandbox(serve)),
			F_CSTR("missing", "landlock"));
	if (snapshot[0])
		cli_note(LAZARET_VERSION " listens on %s (data %s, advisories %.12s)", url, data,
			snapshot);
	else
		cli_note(LAZARET_VERSION
			" listens on %s (data %s, no advisories yet: lazaret advisories "
			"import --data %s PATH...)",
			url, data, data);
}

/* Settings that changed but cannot be taken over while running, comma separated. */
static void list_waiting(
	const struct config *now, const struct config *wanted, struct strbuf *names)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (setting_rows[i].reloadable ||
			str_eq(now->values[i].text, wanted->values[i].text))
			continue;
		strbuf_addf(names, "%s%s.%s", names->n ? "," : "", setting_rows[i].section,
			setting_rows[i].key);
	}
}

/* The generation before stays in force when the new one is not valid. */
static const struct config *reload(
	struct cli *cli, struct serve_http *http, const struct config *now)
{
	struct err err = ERR_INIT;
	struct config *wanted;
	if (config_from_cli(cli, &wanted, &err)) {
		log_event(EV_CONFIG_REFUSED, F_ERR(&err));
		return now;
	}
	AUTO_STRBUF struct strbuf waiting = STRBUF(4096);
	list_waiting(now, wanted, &waiting);
	log_set_level(level_of(wanted));
	serve_http_reload(http, wanted);
	log_event(EV_CONFIG_RELOAD, F_STR("level", config_text(wanted, SETTING_LOG_LEVEL)),
		F_STR("needs_restart", strbuf_view(&waiting)));
	return wanted;
}

/* Returns the configuration in force when a stop was asked for. */
static const struct config *wait_for_stop(
	struct cli *cli, const sigset_t *set, struct serve_http *http, const struct config *config)
{
	for (;;) {
		int number = 0;
		CHECK(sigwait(set, &number) == 0);
		if (number != SIGHUP) {
			log_event(EV_SERVER_DRAIN, F_CSTR("signal", strsignal(number)));
			return config;
		}
		config = reload(cli, http, config);
	}
}

/* A connection needs a descriptor, and one more while it sends a blob. */
static void check_file_limit(const struct config *config, uint64_t files)
{
	uint64_t connections = config_number(config, SETTING_SERVER_CONNECTIONS);
	uint64_t needed = 2 * connections + FILES_BESIDES;
	if (needed <= files)
		return;
	log_event(EV_FILE_LIMIT, F_U64("files", files), F_U64("needed", needed),
		F_U64("connections", connections),
		F_CSTR("advice",
			"raise the hard limit of open files (ulimit -Hn, LimitNOFILE=) or lower "
			"server.connections: requests will fail when descriptors run out"));
}

enum cli_exit verb_serve(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config *config;
	if (config_from_cli(cli, &config, &err))
		return cli_misuse(NULL, "%s", err_text(&err));
	struct serve_http http;
	if (serve_http_read(cli->arena, config, &http, &err)) {
		(void)cli_fail(&err, "the server cannot start");
		return CLI_USAGE;
	}
	set_up_log(config);
	if (serve_http_open(&http, config, &err)) {
		(void)cli_fail(&err, "the server cannot start");
		return CLI_USAGE;
	}
	sigset_t set = block_signals();
	check_file_limit(config, process_raise_file_limit());
	api_metrics_start(os_clock());
	struct serve *serve;
	if (serve_start(config, &http, &serve, &err)) {
		serve_http_close(&http);
		return cli_fail(&err, "the server cannot start");
	}
	tell_start(serve, config, &http);
	const struct config *last = wait_for_stop(cli, &set, &http, config);
	allow_abrupt_end();
	serve_stop(&serve, (unsigned)config_number(last, SETTING_SERVER_DRAIN_SECONDS));
	serve_http_close(&http);
	log_event(EV_SERVER_STOP, F_CSTR("version", LAZARET_VERSION));
	return CLI_DONE;
}
