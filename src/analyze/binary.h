/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file may say about itself; one reader per row of binary.c. Inside analyze/ only. */
#ifndef ANALYZE_BINARY_H
#define ANALYZE_BINARY_H

#include "analyze/analyzer.h"
#include "analyze/elf.h"

/* Adds what it finds; nothing to find is 0. */
typedef int binary_fn(const struct elf *elf, struct analyze_sink *sink, struct err *err);

binary_fn binary_note;	/* .note.package */
binary_fn binary_go;	/* build information of the Go linker */
binary_fn binary_cargo; /* cargo auditable */
binary_fn binary_text;	/* versions in texts of well-known programs */

#endif
