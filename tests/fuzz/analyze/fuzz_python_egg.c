/* SPDX-License-Identifier: Apache-2.0 */
/* Eggs that are zip archives. */
#include "language.h"

FUZZ_LANGUAGE(analyze_python_egg, "srv/x-1.0-py3.11.egg")
