/* SPDX-License-Identifier: Apache-2.0 */
/* Specifications of RubyGems. */
#include "language.h"

FUZZ_LANGUAGE(analyze_gem, "usr/lib/ruby/gems/specifications/x-1.0.gemspec")
