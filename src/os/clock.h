/* SPDX-License-Identifier: Apache-2.0 */
/* The real clock (base/clock.h). The environment LAZARET_CLOCK_OFFSET (seconds) shifts its wall
 * time, for tests. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include "base/clock.h"

const struct clock *os_clock(void);

#endif
