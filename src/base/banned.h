/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that may not be called, as compile errors. Every file is compiled with this header
 * forced in (see meson.build). Reasons: no bound (strcpy, strcat, sprintf, gets), hidden state
 * (strtok, localtime, gmtime, rand), silent failure (atoi and kin). Use str, strbuf, the _r forms
 * and str_parse_*() instead. Only calls are caught, so system headers stay usable.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The headers that declare the names come first: the macros must not meet a declaration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#define strcpy(...) BANNED_strcpy
#undef strcat
#define strcat(...) BANNED_strcat
#undef strncpy
#define strncpy(...) BANNED_strncpy
#undef strncat
#define strncat(...) BANNED_strncat
#undef sprintf
#define sprintf(...) BANNED_sprintf
#undef vsprintf
#define vsprintf(...) BANNED_vsprintf
#undef gets
#define gets(...) BANNED_gets
#undef strtok
#define strtok(...) BANNED_strtok
#undef atoi
#define atoi(...) BANNED_atoi
#undef atol
#define atol(...) BANNED_atol
#undef atoll
#define atoll(...) BANNED_atoll
#undef atof
#define atof(...) BANNED_atof
#undef localtime
#define localtime(...) BANNED_localtime
#undef gmtime
#define gmtime(...) BANNED_gmtime
#undef ctime
#define ctime(...) BANNED_ctime
#undef asctime
#define asctime(...) BANNED_asctime
#undef rand
#define rand(...) BANNED_rand
#undef srand
#define srand(...) BANNED_srand

#endif
