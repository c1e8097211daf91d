/* SPDX-License-Identifier: Apache-2.0 */
/* Packages of conda environments. */
#include "language.h"

FUZZ_LANGUAGE(analyze_conda, "opt/conda/conda-meta/x-1.0-0.json")
