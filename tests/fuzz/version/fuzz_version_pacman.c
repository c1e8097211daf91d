/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "pacman"; see compare.h. */
#define FUZZED GRAMMAR_PACMAN
#include "compare.h"
