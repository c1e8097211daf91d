/* SPDX-License-Identifier: Apache-2.0 */
/* METADATA and PKG-INFO of Python distributions. */
#include "language.h"

FUZZ_LANGUAGE(analyze_python, "usr/lib/python3/dist-packages/x.egg-info")
