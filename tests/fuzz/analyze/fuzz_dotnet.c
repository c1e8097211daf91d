/* SPDX-License-Identifier: Apache-2.0 */
/* Dependencies of .NET applications. */
#include "language.h"

FUZZ_LANGUAGE(analyze_dotnet, "app/app.deps.json")
