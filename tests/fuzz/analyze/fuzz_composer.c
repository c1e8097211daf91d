/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of packages that Composer installed. */
#include "language.h"

FUZZ_LANGUAGE(analyze_composer, "app/vendor/composer/installed.json")
