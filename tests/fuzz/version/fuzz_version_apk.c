/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "apk"; see compare.h. */
#define FUZZED GRAMMAR_APK
#include "compare.h"
