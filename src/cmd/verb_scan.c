/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret scan`: reads targets with its own workers and judges them by the advisories of a data
 * directory, without a server. Each target is opened here; what it is decides which source reads
 * it. All images are reported before the exit code is formed, so one bad target does not hide the
 * others.
 */
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "cmd/config.h"
#include "cmd/scan_target.h"
#include "cmd/scan_workers.h"
#include "cmd/threshold.h"
#include "cmd/verbs.h"
#include "os/clock.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_BYTES = 256 << 20 };

struct scan_run {
	struct cli *cli;
	struct arena *arena;
	const struct config *config;
	struct worker_pool *pool;
	struct scan_judge judge;
	struct threshold threshold;
	struct str platform; /* --platform; STR_NULL: all */
	enum report_format format;
	json_t *images; /* the reports so far, unless they are printed at once */
	size_t printed;
	enum cli_exit exit;
};

static bool is_stdin(const char *target)
{
	return str_eq(str_from(target), STR("-"));
}

/* --- output */

static void note_target(struct scan_run *run, struct str name, const struct scan_notes *notes)
{
	(void)run;
	for (size_t i = 0; i < notes->items.n; i++)
		cli_note(STR_FMT ": note: " STR_FMT, STR_ARG(name), STR_ARG(notes->items.items[i]));
}

static void emit_json(struct scan_run *run, const char *target, const struct scan_verdict *verdict)
{
	json_t *image = report_findings_json(&verdict->report);
	json_put_cstr(image, "target", target);
	json_t *notes = json_put_list(image, "notes");
	for (size_t i = 0; i < verdict->notes.items.n; i++)
		json_array_append_new(notes, json_make_string(verdict->notes.items.items[i]));
	json_array_append_new(run->images, image);
}

static void emit_document(
	struct scan_run *run, const char *target, const struct scan_verdict *verdict)
{
	struct err err = ERR_INIT;
	json_t *document;
	if (report_document(run->format, &verdict->report, &document, &err))
		run->exit = cli_fail(&err, "%s", target);
	else
		json_array_append_new(run->images, document);
}

static void emit(struct scan_run *run, const char *target, const struct scan_verdict *verdict)
{
	run->exit = threshold_worse(run->exit,
		threshold_exit(&run->threshold, verdict->state, &verdict->report.counts));
	note_target(run, verdict->report.name, &verdict->notes);
	if (run->format == REPORT_JSON) {
		emit_json(run, target, verdict);
		return;
	}
	if (run->format != REPORT_TABLE) {
		emit_document(run, target, verdict);
		return;
	}
	AUTO_STRBUF struct strbuf text = STRBUF(REPORT_BYTES);
	if (run->printed++)
		strbuf_add_char(&text, '\n');
	report_findings_table(&verdict->report, cli_width(), &text);
	if (strbuf_failed(&text))
		run->exit = cli_fail(NULL, "%s: the report is too large", target);
	else
		run->exit = threshold_worse(run->exit, cli_print(strbuf_view(&text)));
}

static struct scan_verdict verdict_for(struct str name)
{
	return (struct scan_verdict){
		.report = {
			.name = name,
			.snapshot_built_us = TIME_NONE,
			.created_us = clock_wall(os_clock()),
		},
	};
}

static void emit_failed(struct scan_run *run, const char *target, struct str reason)
{
	struct scan_verdict verdict = verdict_for(str_from(target));
	scan_verdict_set(&verdict, IMAGE_FAILED, reason);
	emit(run, target, &verdict);
}

/* --- one image */

/* Fetches the layers; false when one is missing (the verdict says which). */
static int gather_layers(struct scan_run *run, const struct scan_source *source,
	const struct target_image *image, const struct layer_inventory **layers,
	struct str *digests, struct scan_verdict *verdict, struct err *err)
{
	for (size_t i = 0; i < image->layers.n; i++) {
		const struct target_layer *layer = &image->layers.items[i];
		int r = source->layer(source->context, layer->path, &layers[i], err);
		if (r < 0)
			return err_trace(err, r);
		if (r == SOURCE_ABSENT) {
			scan_verdict_set(verdict, IMAGE_FAILED,
				arena_printf(run->arena,
					"layer %zu of %zu (" STR_FMT ") is not in the target",
					i + 1, image->layers.n, STR_ARG(layer->path)));
			return SOURCE_ABSENT;
		}
		digests[i] = layer->digest.n ? layer->digest : layers[i]->digest;
		if (layer->digest.n && layers[i]->digest.n &&
			!str_eq(layer->digest, layers[i]->digest)) {
			scan_verdict_set(verdict, IMAGE_FAILED,
				arena_printf(run->arena,
					"layer %zu of %zu: the bytes stored as " STR_FMT
					" have the digest " STR_FMT,
					i + 1, image->layers.n, STR_ARG(layer->digest),
					STR_ARG(layers[i]->digest)));
			return SOURCE_ABSENT;
		}
	}
	return 0;
}

static int scan_image(struct scan_run *run, const char *target, const struct scan_source *source,
	const struct target_image *image, struct err *err)
{
	struct scan_verdict verdict = verdict_for(image->name);
	verdict.report.digest = image->digest;
	if (image->kind == TARGET_BROKEN) {
		scan_verdict_set(&verdict, IMAGE_FAILED, image->why);
		emit(run, target, &verdict);
		return 0;
	}
	size_t n = image->layers.n;
	const struct layer_inventory **layers =
		ARENA_ARRAY(run->arena, n + 1, const struct layer_inventory *);
	struct str *digests = ARENA_ARRAY(run->arena, n + 1, struct str);
	int r = gather_layers(run, source, image, layers, digests, &verdict, err);
	if (r < 0)
		return err_trace(err, r);
	if (r == 0 && str_eq_nocase(image->os, STR("windows"))) {
		scan_verdict_set(
			&verdict, IMAGE_UNSUPPORTED, STR("Windows images are not supported."));
	} else if (r == 0 && n == 0) {
		scan_verdict_set(&verdict, IMAGE_UNSUPPORTED,
			STR("It has no layers, so there is no package database."));
	} else if (r == 0) {
		scan_note_diff_ids(run->arena, image, layers, &verdict.notes);
		r = scan_judge_layers(&run->judge, layers, digests, n, &verdict, err);
		if (r)
			return err_trace(err, r);
	}
	emit(run, target, &verdict);
	return 0;
}

static bool platform_wanted(const struct scan_run *run, const struct target_image *image)
{
	if (!run->platform.p)
		return true;
	struct str full = arena_printf(run->arena, STR_FMT "/" STR_FMT "%s" STR_FMT,
		STR_ARG(image->os), STR_ARG(image->architecture), image->variant.n ? "/" : "",
		STR_ARG(image->variant));
	return str_eq(run->platform, full) ||
	       (str_starts(full, run->platform) && full.n > run->platform.n &&
		       full.p[run->platform.n] == '/');
}

static int scan_images(struct scan_run *run, const char *target, const struct scan_source *source,
	const struct target_images *images, struct err *err)
{
	size_t scanned = 0;
	size_t absent = 0;
	for (size_t i = 0; i < images->items.n; i++) {
		const struct target_image *image = &images->items.items[i];
		if (image->kind == TARGET_ABSENT)
			absent++;
		if (image->kind == TARGET_ARTIFACT)
			cli_note("%s: " STR_FMT ": passed over: " STR_FMT, target,
				STR_ARG(image->digest), STR_ARG(image->why));
		if (image->kind == TARGET_ABSENT || image->kind == TARGET_ARTIFACT ||
			!platform_wanted(run, image))
			continue;
		int r = scan_image(run, target, source, image, err);
		if (r)
			return err_trace(err, r);
		scanned++;
	}
	if (absent)
		cli_note("%s: %zu further image%s named by the index %s not in it", target, absent,
			absent == 1 ? "" : "s", absent == 1 ? "is" : "are");
	if (!scanned)
		emit_failed(run, target,
			run->platform.p ? arena_printf(run->arena,
						  "holds no image for the platform " STR_FMT,
						  STR_ARG(run->platform))
					: STR("holds no image"));
	return 0;
}

/* --- targets */

/* One layer that is the whole: a root directory, or a tar of one. */
static int scan_single(struct scan_run *run, const char *target, struct layer_inventory *layer,
	const struct scan_notes *notes, struct err *err)
{
	struct scan_verdict verdict = verdict_for(str_from(target));
	verdict.notes = *notes;
	const struct layer_inventory *layers[] = { layer };
	struct str digests[] = { layer->digest };
	int r = scan_judge_layers(&run->judge, layers, digests, 1, &verdict, err);
	if (r)
		return err_trace(err, r);
	emit(run, target, &verdict);
	return 0;
}

static void count_note(
	struct arena *arena, struct scan_notes *notes, uint64_t count, const char *words)
{
	if (count)
		AVEC_PUSH(arena, &notes->items,
			arena_printf(arena, "%s: %llu", words, (unsigned long long)count));
}

static int scan_directory(struct scan_run *run, const char *target, struct err *err)
{
	struct layer_inventory *layer = ARENA_NEW(run->arena, struct layer_inventory);
	struct root_notes counted;
	int r = scan_root(run->arena, target, run->pool, layer, &counted, err);
	if (r)
		return err_trace(err, r);
	layer->digest = STR(""); /* of a tar that exists nowhere */
	struct scan_notes notes = { 0 };
	count_note(run->arena, &notes, counted.large_files,
		"files above the limit of a package database, passed over");
	count_note(run->arena, &notes, counted.unreadable, "entries that could not be read");
	count_note(run->arena, &notes, counted.other_mounts, "other file systems, not entered");
	count_note(run->arena, &notes, counted.vanished,
		"files that changed or vanished while they were read");
	return scan_single(run, target, layer, &notes, err);
}

static int scan_layout(struct scan_run *run, const char *target, struct err *err)
{
	struct scan_source source;
	struct target_images images = { 0 };
	int r = scan_layout_source(run->arena, target, run->pool, &source, err);
	if (r)
		return err_trace(err, r);
	r = scan_select(run->arena, &source, &images, err);
	if (r < 0)
		return err_trace(err, r);
	return scan_images(run, target, &source, &images, err);
}

/* An archive without a list of images may be one of a root file system: read it as a layer. */
static int scan_root_archive(struct scan_run *run, const char *target, int fd, struct err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0) {
		emit_failed(run, target,
			STR("the archive holds neither manifest.json nor index.json; an archive of "
			    "a "
			    "root file system must be given as a file"));
		return 0;
	}
	struct layer_inventory *layer = ARENA_NEW(run->arena, struct layer_inventory);
	int r = worker_analyze_layer(run->pool, fd, run->arena, str_from(target), layer, err);
	if (r)
		return err_trace(err, r);
	return scan_single(run, target, layer, &(struct scan_notes){ 0 }, err);
}

static int scan_file(struct scan_run *run, const char *target, int fd, struct err *err)
{
	struct archive_contents contents = { 0 };
	int r = worker_analyze_archive(run->pool, fd, run->arena, str_from(target), &contents, err);
	if (r)
		return err_trace(err, r);
	if (contents.state != LAYER_OK) {
		emit_failed(run, target, contents.reason);
		return 0;
	}
	struct scan_source source;
	struct target_images images = { 0 };
	scan_archive_source(run->arena, &contents, &source);
	r = scan_select(run->arena, &source, &images, err);
	if (r < 0)
		return err_trace(err, r);
	if (r == SOURCE_ABSENT)
		return scan_root_archive(run, target, fd, err);
	return scan_images(run, target, &source, &images, err);
}

static bool has_file(int directory, const char *name)
{
	struct stat st;
	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static int scan_one(struct scan_run *run, const char *target, struct err *err)
{
	if (is_stdin(target))
		return scan_file(run, "standard input", STDIN_FILENO, err);
	AUTO_CLOSE int fd = -1;
	int r = file_open(target, O_RDONLY | O_NOCTTY, 0, &fd, err);
	if (r)
		return err_trace(err, r);
	struct stat st;
	if (fstat(fd, &st))
		return err_sys(err, "looking at %s", target);
	if (!S_ISDIR(st.st_mode))
		return scan_file(run, target, fd, err);
	if (has_file(fd, "index.json") && has_file(fd, "oci-layout"))
		return scan_layout(run, target, err);
	return scan_directory(run, target, err);
}

/* --- the verb */

static enum cli_exit open_advisories(struct scan_run *run)
{
	struct err err = ERR_INIT;
	const char *data = config_cstr(run->config, SETTING_SERVER_DATA);
	run->judge = (struct scan_judge){
		.arena = run->arena,
		.data_dir = data,
		.snapshot_built_us = TIME_NONE,
	};
	int r = snapshot_open_current(data, &run->judge.snapshot, &err);
	if (r < 0)
		return cli_fail(&err, "advisories in %s", data);
	if (r == SNAPSHOT_NONE) {
		run->judge.snapshot = NULL;
		cli_note("no advisories are imported in %s, so nothing can be judged; import them "
			 "with: lazaret advisories import --data %s PATH...",
			data, data);
		return CLI_DONE;
	}
	run->judge.snapshot_built_us = snapshot_built_at(run->judge.snapshot);
	return CLI_DONE;
}

static void scan_all(struct scan_run *run)
{
	for (size_t i = 0; i < run->cli->argument_count; i++) {
		const char *target = run->cli->arguments[i];
		struct err err = ERR_INIT;
		if (scan_one(run, target, &err))
			run->exit = cli_fail(&err, "%s", target);
	}
	if (run->format == REPORT_TABLE)
		return;
	AUTO_JSON json_t *root = NULL;
	if (run->format == REPORT_JSON) {
		root = json_object();
		json_object_set(root, "images", run->images);
	} else if (json_array_size(run->images) == 1) {
		root = json_incref(json_array_get(run->images, 0));
	} else {
		if (json_array_size(run->images))
			run->exit = cli_fail(NULL,
				"--format " STR_FMT " describes one image, and these are %zu: scan "
				"them one by one, or choose with --platform",
				STR_ARG(report_format_name(run->format)),
				json_array_size(run->images));
		return;
	}
	char *text = json_dump(root, true);
	enum cli_exit printed = cli_print(str_from(text));
	if (printed == CLI_DONE)
		printed = cli_print(STR("\n"));
	run->exit = threshold_worse(run->exit, printed);
	free(text);
}

enum cli_exit verb_scan(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config *config;
	struct scan_run run = {
		.cli = cli,
		.arena = cli->arena,
		.platform = str_from(cli_option(cli, "platform")),
	};
	enum cli_exit code = cli_report_format(cli, &run.format);
	if (code == CLI_DONE)
		code = threshold_from_cli(cli, &run.threshold);
	if (code != CLI_DONE)
		return code;
	if (config_from_cli(cli, &config, &err))
		return cli_misuse(NULL, "%s", err_text(&err));
	run.config = config;
	code = open_advisories(&run);
	if (code != CLI_DONE)
		return code;
	struct worker_settings workers = scan_worker_settings(config);
	workers.count = 1; /* one target is read at a time */
	if (worker_pool_start(&workers, &run.pool, &err)) {
		code = cli_fail(
			&err, "starting the layer reader (lazaret-worker must lie beside lazaret)");
	} else {
		AUTO_JSON json_t *images = json_array();
		run.images = images;
		scan_all(&run);
		code = run.exit;
		worker_pool_stop(&run.pool);
	}
	snapshot_close(&run.judge.snapshot);
	return code;
}
