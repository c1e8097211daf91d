/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files with everything that is read from them. */
#include "language.h"

FUZZ_LANGUAGE(analyze_binary, "usr/bin/python3.11")
