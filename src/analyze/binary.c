/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executables and shared libraries: each reader below looks for its own marks. What one cannot read
 * is told as partial and does not keep the others from looking; only a file whose ELF headers make
 * no sense at all is damage as a whole. Relocatable files (objects, kernel modules) and core dumps
 * are no programs and are passed over.
 */
#include "analyze/binary.h"

#include "analyze/metadata.h"

int binary_note(const struct elf *elf, struct analyze_sink *sink, struct err *err)
{
	/* systemd.io/PACKAGE_METADATA_FOR_EXECUTABLE_FILES */
	static const uint32_t type = 0xcafe1a7eU;
	AUTO_JSON json_t *root = NULL;
	struct str text;
	if (!elf_note(elf, STR("FDO"), type, &text))
		return 0;
	while (text.n && !text.p[text.n - 1])
		text.n--;
	int r = metadata_json(text, &root, err);
	if (r < 0)
		return err_wrap(err, r, "its package note");
	struct package package = {
		.type = PACKAGE_GENERIC,
		.name = json_str(root, "name"),
		.version = json_str(root, "version"),
		.arch = json_str(root, "architecture"),
	};
	enum package_type named;
	if (package_type_parse(json_str(root, "type"), &named))
		package.type = named;
	r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_binary(struct str text, struct analyze_sink *sink, struct err *err)
{
	static binary_fn *const readers[] = { binary_note, binary_go, binary_cargo, binary_text };
	struct elf elf;
	int r = elf_open(text, &elf, err);
	if (r < 0)
		return err_trace(err, r);
	if (elf.type != ELF_TYPE_EXECUTABLE && elf.type != ELF_TYPE_SHARED)
		return 0;
	if (r == ELF_NO_SECTIONS)
		analyze_partial(sink, STR("its ELF section headers lie outside of it"));
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		struct err why = ERR_INIT;
		r = readers[i](&elf, sink, &why);
		if (r < 0 && arena_exceeded(sink->arena)) {
			if (err)
				*err = why;
			return err_trace(err, r);
		}
		if (r < 0)
			analyze_partial(sink, str_from(err_text(&why)));
	}
	return 0;
}
