/* SPDX-License-Identifier: Apache-2.0 */
/* The worker pool as the settings want it, for the server and for `lazaret scan`. */
#ifndef CMD_SCAN_WORKERS_H
#define CMD_SCAN_WORKERS_H

#include "cmd/config.h"
#include "scan/worker_pool.h"

struct worker_settings scan_worker_settings(const struct config *config);

#endif
