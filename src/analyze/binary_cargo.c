/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust programs built with "cargo auditable" (its PARSING.md): the section .dep-v0 holds, packed
 * with zlib, a JSON list of the crates. Those that only the build needed are not in the program.
 */
#include "analyze/binary.h"

#include "analyze/metadata.h"
#include "base/limits.h"
#include "codec/inflate.h"

int binary_cargo(const struct elf *elf, struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_METADATA_BYTES);
	AUTO_JSON json_t *root = NULL;
	struct str packed;
	if (!elf_section(elf, STR(".dep-v0"), &packed))
		return 0;
	int r = inflate_bytes(INFLATE_ZLIB, packed, &text, err);
	if (r == 0)
		r = metadata_json(strbuf_view(&text), &root, err);
	if (r < 0)
		return err_wrap(err, r, "its list of crates");
	const json_t *list = json_list(root, "packages");
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *crate = json_array_get(list, i);
		if (str_eq(json_str(crate, "kind"), STR("build")))
			continue;
		const struct package package = {
			.type = PACKAGE_CARGO,
			.name = json_str(crate, "name"),
			.version = json_str(crate, "version"),
		};
		r = metadata_add(sink, &package, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}
