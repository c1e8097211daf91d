/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers named by verbs.def, one file verb_*.c for each noun. Contract: cli.h. */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

#include "cmd/cli.h"

#define VERB(id, name, options, arguments, least, most, hidden, doc, help)                         \
	enum cli_exit verb_##id(struct cli *cli);
#include "cmd/verbs.def"
#undef VERB

#endif
